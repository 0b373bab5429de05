//! What the boot and its scripts print: on the machine's console, and in the file where people look for it on EC2.
//!
//! A process of its own holds both and reads from a pipe. So what a script leaves running in the background may go on printing when the boot is over.

pub use crate::console::say;
use nix::unistd::{dup2_stderr, dup2_stdout};
use std::{
    fmt::Display,
    fs::{File, OpenOptions, create_dir_all},
    io::{self, Read, Write},
    os::fd::OwnedFd,
    path::Path,
};

/// Where cloud-init writes what user data print.
const FILE: &str = "/var/log/cloud-init-output.log";

/// Copies what comes to the console and the file, until nobody is left who could say anything. The result is the process's exit code.
pub fn copy(from: OwnedFd) -> i32 {
    let _ = create_dir_all(Path::new(FILE).parent().unwrap_or(Path::new("/")));
    // A machine whose disk is full still has its console.
    let mut file = OpenOptions::new().create(true).append(true).open(FILE).ok();
    let mut from = File::from(from);
    let mut buffer = [0; 8 << 10];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return 0,
            Ok(count) => write(&mut file, &buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return 1,
        }
    }
}

fn write(file: &mut Option<File>, bytes: &[u8]) {
    let mut console = io::stdout().lock();
    let _ = console.write_all(bytes).and_then(|()| console.flush());
    if let Some(file) = file {
        let _ = file.write_all(bytes);
    }
}

/// Makes the end of the pipe this process's standard output and error, and so its children's.
pub fn speak_into(output: OwnedFd) {
    let _ = dup2_stdout(&output).and_then(|()| dup2_stderr(&output));
}

/// A line for what did not work, if it didn't.
pub fn note<T, E: Display>(what: &str, result: Result<T, E>) -> Option<T> {
    result.map_err(|error| say(format!("{what}: {error}"))).ok()
}
