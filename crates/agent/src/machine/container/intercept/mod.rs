//! Calls of mount(2) that are asked for: how root in a machine mounts the file systems of its own disks, which the kernel lets nobody do who isn't the
//! host's root.
//!
//! This is the border to whoever runs the machine. The rules:
//!
//! * What isn't about an `ext4` or `xfs` file system goes on to the kernel, which judges it as it always does: nothing is granted here.
//! * Arguments are copied once and judged as copied; the caller's root, working folder and namespaces are held as descriptors, and the kernel is asked
//!   afterwards whether the call still waits, so that they are the caller's and not those of a process that got its number later.
//! * The caller has `CAP_SYS_ADMIN` in the machine's own user namespace, the source is a node of one of the machine's own disks, flags and options are
//!   on a list.
//! * Names are looked up in the caller's root and can't leave it.
//! * The file system is mounted by a process of its own, so that a slow disk keeps nobody but the caller waiting, without device nodes, its ids
//!   mapped, and in a way that the machine can't take that back.
//!
//! What remains is the kernel's reading of an image that the machine can write as it likes: a mistake in `ext4` or `xfs` is a way into the host. Machines
//! of strangers belong into virtual machines ([`agent_proto::machine::Kind::Guest`]). `btrfs` is left out: it knows file systems by an id in the image,
//! for the whole host, and an image may have another's.

mod caller;
mod judge;
mod perform;

use super::shim::Devices;
use crate::process::{PidFd, ProcessId};
use caller::Call;
use judge::Judgement;
use nix::{
    errno::Errno,
    sys::wait::{WaitStatus, waitpid},
    unistd::Pid,
};
use std::{
    fs::File,
    io,
    os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd},
    path::PathBuf,
};

/// Answers the calls of one boot.
pub struct Gate {
    listener: OwnedFd,
    user: File,
    runtime: PathBuf,
    helpers: Vec<Helper>,
}

/// A mount on its way.
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

    /// A call waits.
    pub fn called(&mut self, devices: &Devices) {
        // A caller that has been killed in the meantime is none.
        let Ok(call) = caller::next(&self.listener) else { return };
        match self.judge(&call, devices) {
            Ok(Judgement::Kernel) => self.answer(call.id, Answer::Continue),
            Ok(Judgement::Mount(plan)) => match perform::begin(&plan, &self.user, &self.runtime) {
                Ok(pid) => self.watch(call.id, pid),
                Err(_) => self.answer(call.id, Answer::Refuse(Errno::EAGAIN)),
            },
            Err(errno) => self.answer(call.id, Answer::Refuse(errno)),
        }
    }

    fn judge(&self, call: &Call, devices: &Devices) -> Result<Judgement, Errno> {
        let request = call.read(&self.listener)?;
        judge::judge(request, &self.user, |number| devices.disk(number).map(ToOwned::to_owned))
    }

    fn watch(&mut self, call: u64, pid: Pid) {
        match ProcessId::of(pid.as_raw() as u32).ok().and_then(|id| id.open()) {
            Some(process) => self.helpers.push(Helper { call, pid, process }),
            None => self.end(call, pid),
        }
    }

    /// Answers those whose mounts are done.
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
    /// It is mounted.
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

/// Whether a mount namespace has a device mounted: of the machine's processes, those that differ in it.
pub fn unmount_everywhere(processes: &[i32], number: libc::dev_t) -> io::Result<()> {
    perform::unmount_everywhere(processes, number)
}
