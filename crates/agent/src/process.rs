//! Processes that outlive their parent: told from others that got the same number later.

use nix::{errno::Errno, sys::signal::Signal};
use serde::{Deserialize, Serialize};
use std::{
    fs, io,
    os::fd::{AsRawFd, FromRawFd, OwnedFd},
};

/// A process, by its number and the moment of its start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessId {
    /// In the host's numbering.
    pub pid: u32,
    /// Clock ticks since the machine's start (proc(5), `/proc/pid/stat`, field 22).
    pub start: u64,
    /// Which start of the machine.
    pub boot: String,
}

impl ProcessId {
    /// A process that exists now.
    pub fn of(pid: u32) -> io::Result<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
        let start = start_of(&stat).ok_or_else(|| io::Error::other("/proc/pid/stat has an unknown form"))?;
        Ok(Self { pid, start, boot: boot()? })
    }

    /// Opens the process, if it is still the same one. A descriptor can't come to mean another process.
    pub fn open(&self) -> Option<PidFd> {
        // SAFETY: pidfd_open(2) takes two numbers and gives a new descriptor or -1.
        let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, self.pid as libc::pid_t, 0) };
        let fd = Errno::result(fd).ok()?;
        // SAFETY: the descriptor is new and nobody else's.
        let fd = unsafe { OwnedFd::from_raw_fd(fd as i32) };
        (Self::of(self.pid).ok()? == *self).then_some(PidFd(fd))
    }

    /// Whether it runs; a zombie doesn't.
    pub fn is_alive(&self) -> bool {
        self.open().is_some_and(|process| !process.has_ended())
    }
}

fn start_of(stat: &str) -> Option<u64> {
    // The second field is the program's name in parentheses and may hold anything, spaces and parentheses included.
    stat.rsplit_once(')')?.1.split_whitespace().nth(19)?.parse().ok()
}

/// The identifier of this start of the machine.
pub fn boot() -> io::Result<String> {
    Ok(fs::read_to_string("/proc/sys/kernel/random/boot_id")?.trim().to_owned())
}

/// An open process.
pub struct PidFd(OwnedFd);

impl PidFd {
    /// Sends a signal. A process that has ended is no error.
    pub fn signal(&self, signal: Signal) -> io::Result<()> {
        self.signal_number(signal as i32)
    }

    /// Likewise, by a number: real-time signals have no names.
    pub fn signal_number(&self, signal: i32) -> io::Result<()> {
        // SAFETY: pidfd_send_signal(2) with no siginfo reads nothing but its numbers.
        let sent = unsafe {
            libc::syscall(libc::SYS_pidfd_send_signal, self.0.as_raw_fd(), signal, std::ptr::null::<libc::siginfo_t>(), 0)
        };
        match Errno::result(sent) {
            Ok(_) | Err(Errno::ESRCH) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether it has ended.
    pub fn has_ended(&self) -> bool {
        let mut poll = libc::pollfd { fd: self.0.as_raw_fd(), events: libc::POLLIN, revents: 0 };
        // SAFETY: one pollfd is given and said to be one.
        unsafe { libc::poll(&mut poll, 1, 0) > 0 }
    }

    /// Kills it, and waits for its end.
    pub async fn kill(self) -> io::Result<()> {
        self.signal(Signal::SIGKILL)?;
        self.ended().await
    }

    /// Waits for its end.
    pub async fn ended(self) -> io::Result<()> {
        // SAFETY: the descriptor is owned by what is registered and closed after it.
        let fd = unsafe { tokio::io::unix::AsyncFd::register_with_interest(self.0, tokio::io::Interest::READABLE) }?;
        fd.readable().await.map(drop)
    }

    /// The descriptor, to poll it.
    pub fn fd(&self) -> &OwnedFd {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_start_is_found_behind_a_hostile_name() {
        let stat = "17 (a) b) 1 () S 1 17 17 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 1 0 4242 0 0";
        assert_eq!(start_of(stat), Some(4242));
    }

    #[test]
    fn a_process_with_the_same_number_is_not_the_same() {
        let own = ProcessId::of(std::process::id()).unwrap();
        assert!(own.is_alive());
        assert!(!ProcessId { start: own.start + 1, ..own.clone() }.is_alive());
        assert!(!ProcessId { boot: "another".into(), ..own }.is_alive());
    }
}
