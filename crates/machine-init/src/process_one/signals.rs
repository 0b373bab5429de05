//! The signals by which process 1 is spoken to: systemd's (`systemd(1)`, "Signals"), those of containers' runtimes, and busybox' own.

use super::Event;
use nix::{
    errno::Errno,
    libc,
    sys::{
        signal::SigSet,
        signalfd::{SfdFlags, SignalFd},
        wait::{WaitPidFlag, WaitStatus, waitpid},
    },
    unistd::Pid,
};
use std::{
    io,
    os::fd::{AsFd, BorrowedFd},
};

/// How the machine is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Off, until somebody starts it again.
    PowerOff,
    /// Off and on.
    Reboot,
}

impl Wish {
    /// The signal that asks process 1 for it, as an offset from `SIGRTMIN`: what systemd's own commands send.
    fn offset(self) -> i32 {
        match self {
            Wish::PowerOff => 4,
            Wish::Reboot => 5,
        }
    }
}

/// What a signal asks for. `SIGTERM` is how the host ends a machine, and how busybox' `reboot` asks from inside.
fn wish(signal: i32, from_outside: bool) -> Option<Wish> {
    match signal - libc::SIGRTMIN() {
        3 | 4 | 13 | 14 => return Some(Wish::PowerOff),
        5 | 15 => return Some(Wish::Reboot),
        _ => {}
    }
    match signal {
        libc::SIGTERM if from_outside => Some(Wish::PowerOff),
        libc::SIGTERM | libc::SIGINT => Some(Wish::Reboot),
        libc::SIGPWR | libc::SIGUSR1 | libc::SIGUSR2 => Some(Wish::PowerOff),
        _ => None,
    }
}

/// Asks a process 1 for an end.
pub fn send(pid: Pid, wish: Wish) -> nix::Result<()> {
    // SAFETY: the call takes plain numbers. (`nix` knows no real-time signals.)
    Errno::result(unsafe { libc::kill(pid.as_raw(), libc::SIGRTMIN() + wish.offset()) }).map(drop)
}

/// All signals to this process, as something that can be polled.
pub struct Signals(SignalFd);

impl Signals {
    /// Holds every signal back from the calling thread, to be read here.
    pub fn take() -> io::Result<Self> {
        let all = SigSet::all();
        all.thread_block()?;
        Ok(Signals(SignalFd::with_flags(&all, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?))
    }

    /// What the next signal means.
    pub(super) fn next(&mut self) -> io::Result<Event> {
        let Some(info) = self.0.read_signal()? else { return Ok(Event::Woken) };
        let signal = info.ssi_signo as i32;
        if signal == libc::SIGCHLD {
            return Ok(Event::Ended(reap()));
        }
        // A sender outside the machine's process namespace has no number in it.
        Ok(wish(signal, info.ssi_pid == 0).map_or(Event::Woken, Event::Asked))
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Takes leave of every process that has ended.
pub(super) fn reap() -> Vec<Pid> {
    let mut ended = Vec::new();
    loop {
        match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::StillAlive) | Err(_) => return ended,
            Ok(status) => ended.extend(status.pid()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_convention_is_understood() {
        let min = libc::SIGRTMIN();
        assert_eq!(wish(libc::SIGTERM, true), Some(Wish::PowerOff));
        assert_eq!(wish(libc::SIGTERM, false), Some(Wish::Reboot));
        assert_eq!(wish(libc::SIGPWR, true), Some(Wish::PowerOff));
        assert_eq!(wish(libc::SIGINT, true), Some(Wish::Reboot));
        assert_eq!(wish(min + 3, true), Some(Wish::PowerOff));
        for asked in [Wish::PowerOff, Wish::Reboot] {
            assert_eq!(wish(min + asked.offset(), false), Some(asked));
        }
        for other in [libc::SIGHUP, libc::SIGWINCH, libc::SIGPIPE, min + 1] {
            assert_eq!(wish(other, true), None);
        }
    }
}
