//! The machine's end.

use super::signals::{Signals, Wish, reap};
use crate::console::say;
use model::Env;
use nix::{
    poll::{PollFd, PollFlags, PollTimeout, poll},
    sys::{
        reboot::{RebootMode, reboot},
        signal::{Signal, kill},
        wait::{WaitPidFlag, WaitStatus, waitpid},
    },
    unistd::{Pid, sync},
};
use std::{convert::Infallible, os::fd::AsFd, process::ExitCode, time::Duration};

/// What processes have to end by themselves.
const GRACE: Duration = Duration::from_secs(10);

/// All processes of the machine but this one.
const EVERYBODY: Pid = Pid::from_raw(-1);

/// Exit code of a machine that wants to be started again, where `reboot(2)` is refused.
const REBOOT: u8 = 133;

/// Asks every process to end, ends those that don't, writes the disks and ends the machine by `reboot(2)`: in a process namespace, process 1 is then
/// killed by `SIGINT` (power off) or `SIGHUP` (reboot). Comes back only where the kernel refuses that: with 0 for power off, 133 for reboot.
pub fn end(env: &Env, signals: &mut Signals, wish: Wish) -> ExitCode {
    let (word, mode, code) = match wish {
        Wish::PowerOff => ("powers off", RebootMode::RB_POWER_OFF, ExitCode::SUCCESS),
        Wish::Reboot => ("reboots", RebootMode::RB_AUTOBOOT, ExitCode::from(REBOOT)),
    };
    say(format!("init: the machine {word}"));
    // Interactive shells ignore SIGTERM and end by SIGHUP; what is stopped hears neither.
    for signal in [Signal::SIGTERM, Signal::SIGHUP, Signal::SIGCONT] {
        let _ = kill(EVERYBODY, signal);
    }
    if !all_ended(env, signals) {
        let _ = kill(EVERYBODY, Signal::SIGKILL);
        all_ended(env, signals);
    }
    sync();
    let Err(refusal): Result<Infallible, _> = reboot(mode);
    say(format!("init: reboot(2) is refused ({refusal}), so the exit code tells"));
    code
}

/// Waits for the end of all processes; false if some are left after the grace.
fn all_ended(env: &Env, signals: &mut Signals) -> bool {
    let deadline = env.now() + GRACE;
    loop {
        reap();
        match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::StillAlive) => {}
            Ok(_) => continue,
            Err(_) => return true,
        }
        let left = deadline.since(env.now());
        if left.is_zero() {
            return false;
        }
        let left = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
        let _ = poll(&mut [PollFd::new(signals.as_fd(), PollFlags::POLLIN)], left);
        // Read only so that the next wait is one: further wishes come too late.
        let _ = signals.next();
    }
}
