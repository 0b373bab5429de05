//! Calls of mount(2) and ioctl(2) that are asked for: how root in a machine makes, mounts, remounts and grows the file systems of its own disks, which the
//! kernel lets nobody do who isn't the host's root.
//!
//! This is the border to whoever runs the machine. The rules:
//!
//! * What isn't about an `ext4` or `xfs` file system goes on to the kernel, which judges it as it always does: nothing is granted here.
//! * Arguments are copied once and judged as copied; the caller's root, working folder and namespaces are held as descriptors, and the kernel is asked
//!   afterwards whether the call still waits, so that they are the caller's and not those of a process that got its number later.
//! * The caller has `CAP_SYS_ADMIN` in the machine's own user namespace, the source is a node of one of the machine's own disks, flags and options are
//!   on a list.
//! * Names are looked up in the caller's root and can't leave it.
//! * Each call is read, judged and carried out by a process of its own: slow disks, memory and folders that a program of the machine serves (FUSE) hold up nobody
//!   but the caller.
//! * A file system is mounted without device nodes, its ids mapped, and in a way that the machine can't take that back.
//!
//! What remains is the kernel's reading of an image that the machine can write as it likes: a mistake in `ext4` or `xfs` is a way into the host. Machines
//! of strangers belong into virtual machines ([`agent_proto::machine::Kind::Guest`]). `btrfs` is left out: it knows file systems by an id in the image,
//! for the whole host, and an image may have another's.

mod caller;
mod judge;
mod lookup;
mod options;
mod perform;

use super::{mounts::errno_of, shim::Devices};
use crate::process::{PidFd, ProcessId};
use caller::Call;
use judge::Judgement;
use nix::{
    errno::Errno,
    sys::wait::{WaitStatus, waitpid},
    unistd::{ForkResult, Pid, fork},
};
use std::{
    fs::File,
    io,
    os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd},
    path::PathBuf,
};

/// Calls that are carried out at the same time; the others wait.
const MOST: usize = 8;
/// The exit code of a process that leaves its call to the kernel; others are numbers of errors, or 0.
const KERNEL: i32 = 255;

/// Answers the calls of one boot.
pub struct Gate {
    listener: OwnedFd,
    user: File,
    runtime: PathBuf,
    helpers: Vec<Helper>,
}

/// A call that is being carried out.
struct Helper {
    call: u64,
    pid: Pid,
    process: PidFd,
}

impl Gate {
    /// Of a machine with its user namespace and its runtime folder.
    pub fn new(listener: OwnedFd, user: File, runtime: PathBuf) -> Self {
        Self { listener, user, runtime, helpers: Vec::new() }
    }

    /// What is to be polled: the listener, then the helpers.
    pub fn fds(&self) -> Vec<BorrowedFd<'_>> {
        std::iter::once(self.listener.as_fd()).chain(self.helpers.iter().map(|helper| helper.process.fd().as_fd())).collect()
    }

    /// Whether another call can be taken.
    pub fn has_room(&self) -> bool {
        self.helpers.len() < MOST
    }

    /// A call waits.
    pub fn called(&mut self, devices: &Devices) {
        // A caller that has been killed in the meantime is none.
        let Ok(call) = caller::next(&self.listener) else { return };
        // SAFETY: the process has one thread.
        match unsafe { fork() } {
            Ok(ForkResult::Parent { child }) => self.watch(call.id, child),
            Ok(ForkResult::Child) => std::process::exit(self.carry_out(&call, devices)),
            Err(_) => self.answer(call.id, Answer::Refuse(Errno::ENOMEM)),
        }
    }

    fn carry_out(&self, call: &Call, devices: &Devices) -> i32 {
        let judged = call.read(&self.listener).and_then(|request| {
            let disk = |number| devices.disk(number).map(ToOwned::to_owned);
            judge::judge(request, &self.user, disk)
        });
        let done = match judged {
            Ok(Judgement::Kernel) => return KERNEL,
            Ok(Judgement::Mount(plan)) => perform::mount(&plan, &self.user, &self.runtime),
            Ok(Judgement::Change(plan)) => perform::change(&plan),
            Ok(Judgement::Grow(plan)) => perform::grow(&plan),
            Ok(Judgement::Disk(asked)) => perform::disk(&asked),
            Err(errno) => Err(errno.into()),
        };
        done.map_or_else(|error| errno_of(&error) as i32, |()| 0)
    }

    fn watch(&mut self, call: u64, pid: Pid) {
        match ProcessId::of(pid.as_raw() as u32).ok().and_then(|id| id.open()) {
            Some(process) => self.helpers.push(Helper { call, pid, process }),
            None => self.end(call, pid),
        }
    }

    /// Answers those whose calls are carried out.
    pub fn tend(&mut self) {
        let (done, waiting) = std::mem::take(&mut self.helpers).into_iter().partition(|helper| helper.process.has_ended());
        self.helpers = waiting;
        let done: Vec<Helper> = done;
        for helper in done {
            self.end(helper.call, helper.pid);
        }
    }

    fn end(&self, call: u64, pid: Pid) {
        let errno = match waitpid(pid, None) {
            Ok(WaitStatus::Exited(_, 0)) => return self.answer(call, Answer::Done),
            Ok(WaitStatus::Exited(_, KERNEL)) => return self.answer(call, Answer::Continue),
            Ok(WaitStatus::Exited(_, errno)) => Errno::from_raw(errno),
            _ => Errno::EIO,
        };
        self.answer(call, Answer::Refuse(errno));
    }

    fn answer(&self, call: u64, answer: Answer) {
        let flags = if matches!(answer, Answer::Continue) { libc::SECCOMP_USER_NOTIF_FLAG_CONTINUE as u32 } else { 0 };
        let error = if let Answer::Refuse(errno) = answer { -(errno as i32) } else { 0 };
        let mut response = libc::seccomp_notif_resp { id: call, val: 0, error, flags };
        // SAFETY: the request reads one such record. A caller that is gone needs no answer.
        unsafe { libc::ioctl(self.listener.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_SEND, &raw mut response) };
    }
}

/// What a caller hears.
enum Answer {
    /// The kernel decides.
    Continue,
    /// It is done.
    Done,
    /// It isn't.
    Refuse(Errno),
}

impl Drop for Gate {
    /// The machine has ended: nobody waits any more.
    fn drop(&mut self) {
        for helper in &self.helpers {
            let _ = helper.process.signal(nix::sys::signal::Signal::SIGKILL);
            let _ = waitpid(helper.pid, None);
        }
    }
}

/// Takes the mounts of a device out of every mount namespace that these processes, all of them the machine's, are in.
pub fn unmount_everywhere(processes: &[i32], number: libc::dev_t) -> io::Result<()> {
    perform::unmount_everywhere(processes, number)
}
