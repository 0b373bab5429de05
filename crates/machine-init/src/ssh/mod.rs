//! The SSH server of machines whose image has none: public keys only, shells with terminals, commands, files, forwarded ports.
//!
//! One process with one thread serves all connections; what people run are processes of their own, in their names. What it does and doesn't is OpenSSH's way, in
//! whose client it is meant to look like any other server.

mod agent;
mod authorize;
mod connection;
mod forward;
mod inbox;
mod keys;
mod login;
mod relay;
mod server;
pub mod sftp;
mod terminal;

use crate::{console::say, layout::QUICK_START};
use std::{os::unix::process::CommandExt, path::Path, process::Command};

/// The image's own server.
const OPENSSH: &str = "/usr/sbin/sshd";

/// Becomes the SSH server: the image's own where it has one, this one otherwise, and always in a quick start, so that those are the same on every host. The
/// result is the process's exit code.
pub fn start() -> i32 {
    if Path::new(OPENSSH).exists() && !Path::new("/").join(QUICK_START).exists() {
        let error = Command::new(OPENSSH).args(["-D", "-e"]).exec();
        say(format!("sshd: {OPENSSH} can't be started: {error}"));
        return 1;
    }
    server::serve()
}
