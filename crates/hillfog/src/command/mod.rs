//! The commands, a file each: what they take, what they do, what they print.

pub mod doctor;
pub mod down;
pub mod env;
pub mod iam;
pub mod image;
pub mod instance;
pub mod key;
pub mod reset;
pub mod status;
pub mod up;

use std::{ffi::OsString, process::ExitCode};

/// The process that holds one container.
pub fn shim(args: Vec<OsString>) -> ExitCode {
    agent::shim::main(args)
}

/// The process that makes a block device of one volume.
pub fn volume(args: Vec<OsString>) -> ExitCode {
    blocks::serve::main(args)
}

/// The process that reads one disk image, and can do nothing else.
pub fn disk_reader() -> ExitCode {
    disk_image::jail::main()
}

/// The process that serves load balancers and names.
pub fn edge(args: Vec<OsString>) -> ExitCode {
    edge::main(args)
}

/// The small init of machines.
pub fn init(args: Vec<OsString>) -> ExitCode {
    machine_init::main(args)
}
