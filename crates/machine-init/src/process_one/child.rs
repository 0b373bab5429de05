//! Forks of process 1 that go on with other work of this program.

use nix::{
    sys::{prctl, signal::SigSet},
    unistd::{self, ForkResult, Pid, setsid},
};
use std::{
    ffi::CString,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
};

/// Does `work` in a process of its own, which ends with the code that it returns. The process has a session, a name and a free signal mask.
pub fn fork(name: &str, work: impl FnOnce() -> i32) -> io::Result<Pid> {
    // SAFETY: process 1 has one thread, so its copy is whole.
    match unsafe { unistd::fork() }? {
        ForkResult::Parent { child } => Ok(child),
        ForkResult::Child => {
            let _ = setsid();
            let _ = prctl::set_name(&CString::new(name).unwrap_or_default());
            let _ = SigSet::empty().thread_set_mask();
            let code = catch_unwind(AssertUnwindSafe(work)).unwrap_or(101);
            std::process::exit(code)
        }
    }
}
