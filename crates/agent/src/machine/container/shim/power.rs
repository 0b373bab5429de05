//! How a machine's init is asked to end, and what its end means. Pure.

use agent_proto::machine::OffCause;
use nix::sys::{signal::Signal, wait::WaitStatus};

/// What is asked of a machine's system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// To shut down.
    PowerOff,
    /// To boot again.
    Reboot,
}

/// The signal by which an init is asked. `program` is the file that process 1 executes; `ours` says that it is our small init.
///
/// systemd(1), "Signals"; openrc-init(8); busybox' init; sysvinit's init(8), which acts on these by its `inittab` (`powerfail`, `ctrlaltdel`), as LXC
/// expects it to.
pub fn signal(program: &str, ours: bool, ask: Ask) -> i32 {
    let name = program.trim_end_matches(" (deleted)").rsplit('/').next().unwrap_or_default();
    match (name, ask) {
        (_, Ask::PowerOff) if ours => libc::SIGRTMIN() + 4,
        (_, Ask::Reboot) if ours => libc::SIGRTMIN() + 5,
        ("systemd", Ask::PowerOff) => libc::SIGRTMIN() + 4,
        ("systemd", Ask::Reboot) => libc::SIGRTMIN() + 5,
        ("busybox", Ask::PowerOff) => libc::SIGUSR2,
        ("busybox" | "openrc-init", Ask::Reboot) => libc::SIGTERM,
        (_, Ask::PowerOff) => libc::SIGPWR,
        (_, Ask::Reboot) => libc::SIGINT,
    }
}

/// What is next when process 1 has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// The machine boots again.
    Boot,
    /// It is off.
    Off(OffCause),
}

/// Exit code by which our small init asks to be started again, where `reboot(2)` is refused; systemd's in containers.
const REBOOT: i32 = 133;

/// What an end means. `reboot(2)` in a process namespace kills process 1 by SIGHUP (restart) or SIGINT (power off, halt); from inside, no other signal can
/// kill it. `starved`: the kernel has killed something for want of memory. `reboot` and `halt`: it was told so.
pub fn next(status: WaitStatus, starved: bool, reboot: bool, halt: bool) -> Next {
    let off = match status {
        _ if reboot => return Next::Boot,
        WaitStatus::Signaled(_, Signal::SIGHUP, _) | WaitStatus::Exited(_, REBOOT) if !halt => return Next::Boot,
        WaitStatus::Signaled(_, Signal::SIGINT | Signal::SIGHUP, _) | WaitStatus::Exited(_, 0 | REBOOT) => OffCause::Itself,
        WaitStatus::Exited(_, code) => OffCause::Died(format!("process 1 of the machine has ended with exit code {code}")),
        WaitStatus::Signaled(_, Signal::SIGKILL, _) if starved => {
            OffCause::Died("process 1 of the machine was killed for want of memory".into())
        }
        WaitStatus::Signaled(_, signal, _) => OffCause::Died(format!("process 1 of the machine was killed by {signal}")),
        _ => OffCause::Died("process 1 of the machine was lost".into()),
    };
    Next::Off(off)
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::unistd::Pid;

    #[test]
    fn each_init_is_asked_in_its_own_way() {
        let rt = libc::SIGRTMIN();
        assert_eq!(signal("/usr/lib/systemd/systemd", false, Ask::PowerOff), rt + 4);
        assert_eq!(signal("/usr/lib/systemd/systemd (deleted)", false, Ask::Reboot), rt + 5);
        assert_eq!(signal("/run/hillfog/lib/ld-linux-x86-64.so.2", true, Ask::PowerOff), rt + 4);
        assert_eq!(signal("/bin/busybox", false, Ask::PowerOff), libc::SIGUSR2);
        assert_eq!(signal("/sbin/init", false, Ask::PowerOff), libc::SIGPWR);
        assert_eq!(signal("/sbin/init", false, Ask::Reboot), libc::SIGINT);
    }

    #[test]
    fn an_end_is_told_by_its_signal() {
        let killed = |signal| WaitStatus::Signaled(Pid::from_raw(7), signal, false);
        let ended = |code| WaitStatus::Exited(Pid::from_raw(7), code);
        assert_eq!(next(killed(Signal::SIGHUP), false, false, false), Next::Boot);
        assert_eq!(next(ended(REBOOT), false, false, false), Next::Boot);
        assert_eq!(next(killed(Signal::SIGHUP), false, false, true), Next::Off(OffCause::Itself), "it was told to halt");
        assert_eq!(next(killed(Signal::SIGINT), false, false, false), Next::Off(OffCause::Itself));
        assert_eq!(next(ended(0), false, false, false), Next::Off(OffCause::Itself));
        for (status, starved) in [(killed(Signal::SIGKILL), true), (killed(Signal::SIGSEGV), false), (ended(1), false)] {
            assert!(matches!(next(status, starved, false, false), Next::Off(OffCause::Died(_))));
            assert_eq!(next(status, starved, true, false), Next::Boot, "it was told to reboot");
        }
    }
}
