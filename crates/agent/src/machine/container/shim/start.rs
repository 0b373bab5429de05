//! From the shim to process 1: a process in between leaves the host step by step, has process 1 for its sibling, and ends.
//!
//! ```text
//! shim ──fork──► stage: mounts (tree) ─► user namespace ─► the other namespaces ──clone──► process 1, a child of the shim
//!  ▲ ◄─────────── its process id, the console, /dev ───────┘                                   │
//!  ├── control groups, then "go" ─────────────────────────────────────────────────────────────►│ finishes its mounts, changes its root
//!  └◄───────────── the filter's listener, or why it could not be started ──────────────────────┘ executes the machine's init
//! ```

use super::{enter, tree, wire::Wire};
use crate::{
    machine::container::{door::Door, job::Job},
    process::ProcessId,
};
use nix::{
    errno::Errno,
    sched::{CloneFlags, setns, unshare},
    sys::wait::waitpid,
    unistd::{ForkResult, Pid, chdir, fork, setgroups, setresgid, setresuid},
};
use std::{fs, io, os::fd::OwnedFd};

/// A machine whose process 1 runs.
pub struct Started {
    /// Process 1.
    pub pid: Pid,
    /// Likewise.
    pub init: ProcessId,
    /// What process 1 executes is our own program.
    pub ours: bool,
    /// The other end of its console.
    pub terminal: OwnedFd,
    /// The console, held open so that it doesn't end when nobody in the machine has it.
    pub console: OwnedFd,
    /// Where calls of `mount(2)` are asked for.
    pub listener: OwnedFd,
}

/// Starts a machine. `place` is called with process 1 before it goes on: it puts the process where it belongs, and its disks into `/dev`.
pub fn start(job: &Job, door: &Door, place: impl FnOnce(Pid, &OwnedFd) -> io::Result<()>) -> io::Result<Started> {
    let (here, there) = Wire::pair()?;
    // SAFETY: the process has one thread.
    let stage = match unsafe { fork() }? {
        ForkResult::Parent { child } => child,
        ForkResult::Child => {
            drop(here);
            if let Err(error) = stage(job, door, &there) {
                let _ = there.fail(&error);
            }
            std::process::exit(0)
        }
    };
    drop(there);
    let made = here.receive();
    waitpid(stage, None)?;
    let (text, fds) = made?;
    let pid = Pid::from_raw(text.parse().map_err(io::Error::other)?);
    let [devices, terminal, console] = <[OwnedFd; 3]>::try_from(fds).map_err(|_| io::Error::other("descriptors are missing"))?;
    let entered = place(pid, &devices).and_then(|()| enter(&here));
    match entered {
        Ok((ours, listener)) => {
            let init = ProcessId::of(pid.as_raw() as u32)?;
            Ok(Started { pid, init, ours, terminal, console, listener })
        }
        Err(error) => {
            let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL);
            waitpid(pid, None)?;
            Err(error)
        }
    }
}

/// Lets process 1 go on, and waits until it runs the machine's init.
fn enter(here: &Wire) -> io::Result<(bool, OwnedFd)> {
    here.send("go", &[])?;
    let (text, fds) = here.receive()?;
    let listener = fds.into_iter().next().ok_or_else(|| io::Error::other("process 1 sent no listener"))?;
    here.send("go", &[])?;
    // It ends by the execution of its program.
    here.closed()?;
    Ok((text == enter::OURS, listener))
}

/// The process in between.
fn stage(job: &Job, door: &Door, wire: &Wire) -> io::Result<()> {
    // The shim's own is low; this process' children are the user's.
    fs::write("/proc/self/oom_score_adj", "0")?;
    let tree = tree::build(job, &door.user)?;
    // By its name, only the host's root finds it.
    chdir(&tree::root_path(job))?;
    setns(&door.user, CloneFlags::CLONE_NEWUSER)?;
    setgroups(&[])?;
    setresgid(0.into(), 0.into(), 0.into())?;
    setresuid(0.into(), 0.into(), 0.into())?;
    setns(&door.net, CloneFlags::CLONE_NEWNET)?;
    unshare(CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWIPC | CloneFlags::CLONE_NEWUTS | CloneFlags::CLONE_NEWPID)?;
    match sibling()? {
        Some(pid) => wire.send(&pid.to_string(), &[&tree.devices, &tree.terminal, &tree.console]),
        None => {
            let error = enter::run(job, wire, &tree);
            let _ = wire.fail(&error);
            std::process::exit(1)
        }
    }
}

/// A copy of this process that is a child of its parent; `None` in the copy.
fn sibling() -> io::Result<Option<Pid>> {
    // SAFETY: the process has one thread, and the copy has a stack of its own.
    let pid = unsafe { libc::syscall(libc::SYS_clone, libc::CLONE_PARENT | libc::SIGCHLD, 0, 0, 0, 0) };
    let pid = Errno::result(pid)?;
    Ok((pid != 0).then(|| Pid::from_raw(pid as i32)))
}
