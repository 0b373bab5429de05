//! The small init of machines: process 1 of a system container whose image has none of its own, and the quick start image, which is made of the host.
//!
//! One program plays all the parts, named by its first argument: `init` is process 1; it forks the boot (names, keys, user data) and the
//! SSH server, and `sftp` is started by the latter in a user's name. Called as `poweroff`, `reboot`, `halt`, `shutdown`, `sudo` or `cloud-init`,
//! it is that command.
//!
//! What lays the machine's file systems, networks and namespaces is somewhere else: see [`layout`] for what is expected of it.
//! Nothing here runs on the host but [`quick_start`] and [`layout`].

mod accounts;
mod boot;
mod commands;
mod console;
pub mod layout;
mod process_one;
pub mod quick_start;
mod ssh;
mod sudo;
mod switch;

use std::{ffi::OsString, path::Path, process::ExitCode};

/// The `init` subcommand: `init` alone is process 1 of a machine, `init sftp` serves files on its standard streams.
///
/// Call it while the process has one thread: process 1 forks.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    let words: Vec<&str> = args.iter().map(|word| word.to_str().unwrap_or_default()).collect();
    match words[..] {
        [] => process_one::run(),
        ["sftp"] => ssh::sftp::serve_standard_streams(),
        _ => {
            eprintln!("init is started by the cloud, as process 1 of a machine");
            ExitCode::FAILURE
        }
    }
}

/// The command that the program was called as: `poweroff`, `reboot`, `halt`, `shutdown`, `sudo` or `cloud-init`, which machines find as links to it. `None` for any other
/// name.
pub fn called_as(name: Option<OsString>, args: impl IntoIterator<Item = OsString>) -> Option<ExitCode> {
    let name = name?;
    let name = Path::new(&name).file_name()?.to_str()?;
    let args: Vec<String> = args.into_iter().map(|word| word.to_string_lossy().into_owned()).collect();
    match name {
        "sudo" => Some(sudo::client(&args)),
        "cloud-init" => Some(boot::status::command(&args)),
        _ => commands::find(name).map(|command| commands::run(command, &args)),
    }
}
