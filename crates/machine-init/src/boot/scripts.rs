//! Runs what user data say, as root, with output on the console and in the log. Paths are cloud-init's, since scripts wait for them.

use super::{cloud_config::Line, log::say, user_data::Part};
use crate::layout::PATH;
use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::{OpenOptionsExt, symlink},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

const FOLDER: &str = "/var/lib/cloud";

/// What scripts of user data may count on.
const ENVIRONMENT: [(&str, &str); 6] =
    [("PATH", PATH), ("HOME", "/root"), ("USER", "root"), ("LOGNAME", "root"), ("SHELL", "/bin/sh"), ("LANG", "C.UTF-8")];

/// Keeps the user data where people look for them, readable by root only.
pub fn keep(instance: &str, user_data: &[u8]) -> io::Result<()> {
    let folder = folder(instance);
    fs::create_dir_all(folder.join("scripts"))?;
    let link = Path::new(FOLDER).join("instance");
    if fs::read_link(&link).is_ok_and(|target| target == folder) {
        return Ok(());
    }
    let _ = fs::remove_file(&link);
    symlink(&folder, link)?;
    let mut options = OpenOptions::new();
    options.create(true).write(true).truncate(true).mode(0o600).open(folder.join("user-data.txt"))?.write_all(user_data)
}

/// What tells that all is done.
pub fn finished(instance: &str) -> io::Result<()> {
    fs::write(folder(instance).join("boot-finished"), "by Hillfog's small init\n")
}

/// Runs commands one after another, whatever becomes of each. The failures.
pub fn run_lines(what: &str, lines: &[Line]) -> Vec<String> {
    let run_line = |line: &Line| {
        let mut command = match line {
            Line::Shell(text) => {
                let mut shell = Command::new("/bin/sh");
                shell.arg("-c").arg(text);
                shell
            }
            Line::Words(words) => {
                let mut command = Command::new(&words[0]);
                command.args(&words[1..]);
                command
            }
        };
        run(what, &mut command)
    };
    lines.iter().filter_map(run_line).collect()
}

/// Runs the scripts among the parts. The failures.
pub fn run_all(instance: &str, parts: &[Part]) -> Vec<String> {
    let scripts = parts.iter().filter_map(|part| match part {
        Part::Script(bytes) => Some(bytes),
        _ => None,
    });
    let run_script = |(number, bytes): (usize, &Vec<u8>)| {
        let name = format!("part-{number:03}");
        let path = folder(instance).join("scripts").join(&name);
        match write(&path, bytes) {
            Ok(()) => run(&name, &mut Command::new(path)),
            Err(error) => told(format!("{name} can't be written: {error}")),
        }
    };
    (1..).zip(scripts).filter_map(run_script).collect()
}

fn folder(instance: &str) -> PathBuf {
    Path::new(FOLDER).join("instances").join(instance)
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let _ = fs::remove_file(path);
    OpenOptions::new().write(true).create_new(true).mode(0o700).open(path)?.write_all(bytes)
}

/// Runs a command to its end; what went wrong.
fn run(what: &str, command: &mut Command) -> Option<String> {
    let started = command.env_clear().envs(ENVIRONMENT).current_dir("/").stdin(Stdio::null()).status();
    match started {
        Ok(status) if status.success() => None,
        Ok(status) => told(format!("{what} failed: {status}")),
        Err(error) => told(format!("{what} can't be run: {error}")),
    }
}

fn told(failure: String) -> Option<String> {
    say(format!("user data: {failure}"));
    Some(failure)
}
