//! `poweroff`, `halt`, `reboot` and `shutdown`: each asks process 1 by a signal. And the links to this program by which a quick start finds its commands.

use crate::{
    layout::{COMMANDS, PROGRAM, QUICK_START},
    process_one::signals::{self, Wish},
    sudo,
};
use nix::{errno::Errno, unistd::Pid};
use std::{fs, io, os::unix::fs::symlink, path::Path, process::ExitCode};

/// Those that every quick start gets.
const NAMES: [&str; 5] = ["cloud-init", "halt", "poweroff", "reboot", "shutdown"];

/// Lays links to this program for what a quick start would miss. Other roots have their own, or another C library.
pub fn lay() -> io::Result<()> {
    if !Path::new("/").join(QUICK_START).exists() {
        return Ok(());
    }
    fs::create_dir_all(COMMANDS)?;
    let names = NAMES.into_iter().chain(sudo::is_missing().then_some("sudo"));
    for name in names {
        let _ = fs::remove_file(Path::new(COMMANDS).join(name));
        symlink(PROGRAM, Path::new(COMMANDS).join(name))?;
    }
    Ok(())
}

/// One of the commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// `poweroff`, `halt`: a machine has no state in which it is halted but on.
    PowerOff,
    /// `reboot`.
    Reboot,
    /// `shutdown`, whose options say which.
    Shutdown,
}

/// The command of a name.
pub fn find(name: &str) -> Option<Command> {
    match name {
        "poweroff" | "halt" => Some(Command::PowerOff),
        "reboot" => Some(Command::Reboot),
        "shutdown" => Some(Command::Shutdown),
        _ => None,
    }
}

/// Runs one with its arguments.
pub fn run(command: Command, args: &[String]) -> ExitCode {
    match wish(command, args).and_then(ask) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// What is asked for. Times other than now, and messages to users, aren't built.
fn wish(command: Command, args: &[String]) -> Result<Wish, String> {
    let mut wish = match command {
        Command::Reboot => Wish::Reboot,
        Command::PowerOff | Command::Shutdown => Wish::PowerOff,
    };
    for arg in args {
        match (command, arg.as_str()) {
            (Command::Shutdown, "-r" | "--reboot") => wish = Wish::Reboot,
            (Command::Shutdown, "-h" | "-P" | "-H" | "--poweroff" | "--halt" | "now" | "+0") => {}
            (Command::PowerOff | Command::Reboot, "-f" | "--force" | "-p" | "--poweroff") => {}
            (Command::Shutdown, other) => return Err(format!("shutdown: {other} is not built: the only time is \"now\"")),
            (_, other) => return Err(format!("{other} is not built")),
        }
    }
    match (command, args.iter().any(|arg| arg == "now" || arg == "+0")) {
        (Command::Shutdown, false) => Err("shutdown: say \"now\": later times are not built".into()),
        _ => Ok(wish),
    }
}

fn ask(wish: Wish) -> Result<(), String> {
    match signals::send(Pid::from_raw(1), wish) {
        Err(Errno::EPERM) => Err("must be superuser (try sudo)".into()),
        other => other.map_err(|error| error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> Result<Wish, String> {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        wish(find(&words[0]).unwrap(), &words[1..])
    }

    #[test]
    fn the_usual_lines_are_understood() {
        assert_eq!(of("poweroff"), Ok(Wish::PowerOff));
        assert_eq!(of("reboot"), Ok(Wish::Reboot));
        assert_eq!(of("shutdown -h now"), Ok(Wish::PowerOff));
        assert_eq!(of("shutdown -r now"), Ok(Wish::Reboot));
        assert_eq!(of("shutdown +0"), Ok(Wish::PowerOff));
    }

    #[test]
    fn what_is_not_built_is_refused() {
        for line in ["shutdown", "shutdown +5", "shutdown -c", "poweroff --no-wtmp", "shutdown -h now bye"] {
            assert!(of(line).is_err(), "{line}");
        }
        assert_eq!(find("init"), None);
    }
}
