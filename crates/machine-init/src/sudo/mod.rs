//! `sudo` for quick starts on hosts that have none, or whose own can't work in a machine: without it nobody but root could do anything in a machine, and root can't log in.
//!
//! No program here is set-user-id. The command asks a service of process 1 over a socket, which knows by the kernel who asks, looks at the machine's `sudoers`, and
//! runs the program as a child of its own: on the caller's streams, or, if those are a terminal, on a new one that the caller passes on to its own.
//! It knows rules of the kind that cloud-init writes, and no passwords.

mod command;
mod passage;
mod policy;
mod server;
mod wire;

pub use command::run as client;
pub use server::serve;

use crate::layout::COMMANDS;
use nix::sys::statvfs::{FsFlags, statvfs};
use std::{fs, os::unix::fs::MetadataExt, path::Path};

/// The host's own.
const OTHER: &str = "/usr/bin/sudo";

/// Whether the machine has no other that could work: one that isn't set-user-id for the machine's own root does nothing for anybody.
pub fn is_missing() -> bool {
    let works = fs::metadata(OTHER).is_ok_and(|found| found.uid() == 0 && found.mode() & 0o4000 != 0);
    !works || statvfs(OTHER).is_ok_and(|found| found.flags().contains(FsFlags::ST_NOSUID))
}

/// Whether this one was laid.
pub fn is_there() -> bool {
    Path::new(COMMANDS).join("sudo").symlink_metadata().is_ok()
}
