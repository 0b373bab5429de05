//! The process that makes a block device of a volume, for as long as it is attached. It outlives the server.
//!
//! ```text
//!  guest, file system ──► /dev/loopN ──► FUSE: one file ──► this process ──► Volume ──► the host's disk
//! ```
//!
//! The file system is never attached to a folder: nobody but the loop device sees the file. Two processes belong to a volume. The
//! **server** answers the kernel's requests and opens neither the file nor the device, ever: a process that waits for an answer of its
//! own can't be killed. The **keeper** handles the device for it, has no other descriptor of the server's, and frees the device when
//! the server is gone, whatever ended it.
//!
//! The server is known to the kernel as one that writes out dirty pages (`PR_SET_IO_FLUSHER`): while it serves a write it doesn't wait
//! for memory that only comes free after that write. A flush of the device becomes FUSE's `fsync` and [`Volume::flush`](crate::Volume::flush).

mod control;
mod fs;
mod keeper;
pub(crate) mod loopdev;
pub mod protocol;
mod run;
mod throttle;
mod uploads;

use crate::Result;
use nix::{
    fcntl::OFlag,
    unistd::{ForkResult, fork, pipe2, setsid},
};
use protocol::{Answer, Attached, Job};
pub use run::file_name;
pub(crate) use run::start_time;
use std::{
    ffi::OsString,
    fs::File,
    io::{self, Read, Write},
    process::ExitCode,
};

/// The `volume` subcommand, which only [`Client`](crate::Client) calls: `serve`, with a [`Job`] on standard input, answers with an
/// [`Attached`] on standard output and goes on in the background.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    if args != ["serve"] {
        eprintln!("volumes are served by the agent's order only");
        return ExitCode::FAILURE;
    }
    match launch() {
        Ok(answer) => {
            let told = io::stdout().write_all(&answer);
            if told.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            println!("{}", protocol::line(&Answer::<Attached>::from(Err(error))));
            ExitCode::FAILURE
        }
    }
}

/// Starts the server, in a session of its own, and waits for what it has to say.
fn launch() -> Result<Vec<u8>> {
    let mut job = String::new();
    io::stdin().read_to_string(&mut job)?;
    let job: Job = protocol::read(&job)?;
    let (reader, writer) = pipe2(OFlag::O_CLOEXEC)?;
    // SAFETY: the process has one thread.
    if let ForkResult::Child = unsafe { fork() }? {
        drop(reader);
        let _ = setsid();
        run::run(&job, File::from(writer));
        std::process::exit(0);
    }
    drop(writer);
    let mut answer = Vec::new();
    File::from(reader).read_to_end(&mut answer)?;
    Ok(answer)
}
