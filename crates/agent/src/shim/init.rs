//! A small init for containers whose program isn't made to be process 1: it reaps orphans and passes signals on.

use nix::{
    sys::{
        signal::{SigSet, Signal, kill},
        wait::{WaitPidFlag, WaitStatus, waitpid},
    },
    unistd::{ForkResult, Pid, close, fork},
};
use std::os::fd::RawFd;

/// Splits the calling process in two: returns in the child, which becomes the program; the parent never returns and ends when the
/// child has, with its exit code.
///
/// The parent stays a copy of the shim's process that can't be traced or written to from inside: it isn't dumpable.
pub fn split(report: RawFd) -> Result<(), String> {
    let watched = SigSet::all();
    watched.thread_block().map_err(|error| error.to_string())?;
    // SAFETY: the process has one thread.
    match unsafe { fork() }.map_err(|error| error.to_string())? {
        ForkResult::Child => watched.thread_unblock().map_err(|error| error.to_string()),
        ForkResult::Parent { child } => {
            // The child's end is the one that says whether the program runs.
            let _ = close(report);
            std::process::exit(watch(child, &watched))
        }
    }
}

fn watch(child: Pid, signals: &SigSet) -> i32 {
    loop {
        match signals.wait() {
            Ok(Signal::SIGCHLD) => {
                if let Some(code) = reap(child) {
                    return code;
                }
            }
            Ok(signal) => {
                let _ = kill(child, signal);
            }
            Err(_) => {}
        }
    }
}

/// Takes leave of every process that has ended; the exit code if the child was among them.
fn reap(child: Pid) -> Option<i32> {
    let mut code = None;
    loop {
        match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::Exited(pid, status)) if pid == child => code = Some(status),
            Ok(WaitStatus::Signaled(pid, signal, _)) if pid == child => code = Some(128 + signal as i32),
            Ok(WaitStatus::StillAlive) | Err(_) => return code,
            Ok(_) => {}
        }
    }
}
