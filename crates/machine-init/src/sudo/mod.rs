//! `sudo` for quick starts on hosts that have none: without it nobody but root could do anything in a machine, and root can't log in.
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

use crate::layout::PROGRAM;
use std::fs::read_link;

/// Where a quick start has this one, if its host has no other.
pub const LINK: &str = "/usr/local/bin/sudo";

/// Whether the machine has this one.
pub fn is_there() -> bool {
    read_link(LINK).is_ok_and(|target| target.as_os_str() == PROGRAM)
}
