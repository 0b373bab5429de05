//! Who a function's processes are: a user without any capability in a user namespace in which there is nobody else.

use crate::shim::Failure;
use caps::CapSet;
use nix::{
    errno::Errno,
    sched::{CloneFlags, setns},
    sys::{signal::Signal, wait::waitpid},
    unistd::{Pid, setgroups, setresgid, setresuid},
};
use std::{
    fs::{self, File},
    io,
};

/// As in Lambda: `sbx_user1051`.
pub const UID: u32 = 993;
/// Its group.
pub const GID: u32 = 990;

/// The user namespace of an environment.
pub struct Users(File);

impl Users {
    /// Makes it; on the host its only user and group have the number `user`.
    pub fn make(user: u32) -> Result<Self, Failure> {
        // SAFETY: the copy makes one system call and nothing else.
        let pid = unsafe {
            let pid = libc::syscall(libc::SYS_clone, libc::CLONE_NEWUSER | libc::SIGCHLD, 0, 0, 0, 0);
            if pid == 0 {
                loop {
                    libc::syscall(libc::SYS_pause);
                }
            }
            Errno::result(pid)? as i32
        };
        let made = map(pid, user);
        let _ = nix::sys::signal::kill(Pid::from_raw(pid), Signal::SIGKILL);
        waitpid(Pid::from_raw(pid), None)?;
        Ok(Self(made?))
    }

    /// The calling process, which has one thread and is the host's root, becomes the namespace's user for good.
    pub fn become_user(&self) -> io::Result<()> {
        setns(&self.0, CloneFlags::CLONE_NEWUSER)?;
        // A new user namespace gives all of them anew; those that the kernel doesn't know can't be had anyway.
        for capability in caps::all() {
            let _ = caps::drop(None, CapSet::Bounding, capability);
        }
        setgroups(&[GID.into()])?;
        setresgid(GID.into(), GID.into(), GID.into())?;
        Ok(setresuid(UID.into(), UID.into(), UID.into())?)
    }
}

fn map(pid: i32, user: u32) -> io::Result<File> {
    fs::write(format!("/proc/{pid}/uid_map"), format!("{UID} {user} 1"))?;
    fs::write(format!("/proc/{pid}/gid_map"), format!("{GID} {user} 1"))?;
    File::open(format!("/proc/{pid}/ns/user"))
}
