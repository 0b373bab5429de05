//! The shim: one small process with one thread for each container, which outlives the server.
//!
//! It makes the container with the runtime library, holds its standard streams, writes its output down, waits for its end and
//! leaves the exit status in a file. It knows the container's folder and nothing else: the agent finds it again by the process in
//! [`State::shim`], ends the container by a signal to process 1, and learns of the end when the shim's own process ends.
//!
//! The runtime library must only ever be called here: it clones the calling process, and a copy of a process with several threads
//! may wait for ever for a lock that none of its own threads holds.

mod exec;
mod executor;
mod init;
pub mod job;
mod launch;
mod rootfs;
mod run;
pub(crate) mod seccomp;
mod spec;
mod supervise;
mod user;

pub use exec::{ExecRequest, ExecResult};
pub use job::{Exit, JOB, Job, OUTPUT, STATE, State};

// What shims of all kinds do alike.
pub(crate) use executor::reset_signals;
pub(crate) use launch::Launcher;
pub(crate) use rootfs::release_namespaces;
pub(crate) use run::{Clock, Failure, Moving, close_rest, detach, ignore_signals, remove_group, say_ok};

use crate::{
    function::shim as function,
    machine::{container::shim as machine, guest::shim as guest},
};
use std::{ffi::OsString, path::Path, process::ExitCode};

/// The `shim` subcommand, which only the agent calls:
///
/// * `run FOLDER`: starts the container of a folder. Standard output stays open until that has succeeded (`ok`) or failed (why).
/// * `exec FOLDER`: runs the command that an [`ExecRequest`] on standard input names, and answers with an [`ExecResult`].
/// * `machine FOLDER`: boots the system container of a folder, and speaks as `run` does.
/// * `guest FOLDER`: starts the virtual machine of a folder, and speaks as `run` does.
/// * `function FOLDER`: makes an environment for a function, which is nobody's yet, and speaks as `run` does.
/// * `try-kvm`: ends well if KVM runs guests here.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    let words: Vec<&str> = args.iter().map(|word| word.to_str().unwrap_or_default()).collect();
    let result = match words[..] {
        ["run", folder] => run::detach_container(Path::new(folder)),
        [run::DETACHED, folder] => run::run(Path::new(folder)),
        ["machine", folder] => machine::detach(Path::new(folder)),
        [machine::DETACHED, folder] => machine::run(Path::new(folder)),
        ["guest", folder] => guest::detach(Path::new(folder)),
        [guest::DETACHED, folder] => guest::run(Path::new(folder)),
        ["function", folder] => function::detach(Path::new(folder)),
        [function::DETACHED, folder] => function::run(Path::new(folder)),
        [guest::TRY_KVM] => guest::try_kvm(),
        ["exec", folder] => exec::exec(Path::new(folder)),
        _ => Err("the shim is started by the agent only".into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("{error}");
            ExitCode::FAILURE
        }
    }
}
