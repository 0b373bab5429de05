//! Process 1 of an environment: a copy of the shim in namespaces of its own, which starts the function's processes, takes leave of every
//! orphan, and ends all of them when the shim says so. Everything in the environment ends with it.
//!
//! ```text
//! shim ──clone──► process 1 ──fork──► runtime, extensions
//!   │  one word, one answer  │             │
//!   └───────────────────────►┘             └ their ends are seen by descriptors that process 1 hands over
//! ```
//!
//! It is of the host's root, and nobody inside can trace or signal it: the function's processes are of a user namespace in which they are
//! somebody without any capability.

use super::{command, enter, root, users::Users};
use crate::{
    function::job::{JOB, Job, Place, load},
    machine::container::shim::wire::Wire,
    shim::Failure,
};
use nix::{
    errno::Errno,
    poll::{PollFd, PollFlags, PollTimeout, poll},
    sched::{CloneFlags, unshare},
    sys::{
        prctl,
        signal::{SigSet, Signal, kill},
        signalfd::{SfdFlags, SignalFd},
        wait::{Id, WaitPidFlag, WaitStatus, waitid, waitpid},
    },
    unistd::Pid,
};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    fs, io,
    os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd},
    path::PathBuf,
};
use tokio::io::{Interest, unix::AsyncFd};

/// What the shim asks process 1 for.
#[derive(Debug, Serialize, Deserialize)]
enum Word {
    /// Mount the root file system of the job and make it the root.
    Enter,
    /// Start a process, whose output goes into the descriptor that comes along.
    Start(Task),
    /// How a process has ended that has ended.
    Ending(i32),
    /// End all processes.
    Clear,
}

/// A process of an environment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Task {
    /// The runtime.
    Runtime,
    /// The extension of this name, in `/opt/extensions`.
    Extension(String),
}

/// How a process has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ending {
    /// By itself, with a code.
    Exited(i32),
    /// By a signal.
    Killed(i32),
}

/// The shim's end.
pub struct Keeper {
    pid: Pid,
    wire: Wire,
}

/// A process that was started.
pub struct Started {
    pid: i32,
    end: AsyncFd<OwnedFd>,
}

impl Started {
    /// Waits for its end.
    pub async fn ended(&self) {
        // An error would be one of the event loop's: then nothing is ever heard, and the time-out ends it.
        let _ = self.end.readable().await.map(|mut guard| guard.retain_ready());
    }

    /// Sends it a signal. One that has ended is no error.
    pub fn signal(&self, signal: Signal) -> io::Result<()> {
        // SAFETY: pidfd_send_signal(2) with no siginfo reads nothing but its numbers.
        let sent = unsafe {
            let (fd, nothing) = (self.end.as_raw_fd(), std::ptr::null::<libc::siginfo_t>());
            libc::syscall(libc::SYS_pidfd_send_signal, fd, signal as i32, nothing, 0)
        };
        match Errno::result(sent) {
            Ok(_) | Err(Errno::ESRCH) => Ok(()),
            Err(errno) => Err(errno.into()),
        }
    }
}

impl Keeper {
    /// Makes process 1. `placed` is called with it before it goes on.
    pub fn start(place: &Place, users: &Users, placed: impl FnOnce(Pid) -> io::Result<()>) -> Result<Self, Failure> {
        let filters = crate::shim::seccomp::programs(&[], std::env::consts::ARCH)?;
        let (here, there) = Wire::pair()?;
        let flags = libc::CLONE_NEWPID | libc::CLONE_NEWNS | libc::CLONE_NEWIPC | libc::CLONE_NEWUTS | libc::SIGCHLD;
        // SAFETY: the process has one thread, and the copy has a stack of its own.
        let pid = Errno::result(unsafe { libc::syscall(libc::SYS_clone, flags, 0, 0, 0, 0) })?;
        if pid == 0 {
            drop(here);
            let done =
                Inside { place, users, filters, wire: there, job: None, endings: BTreeMap::new(), running: Vec::new() }.run();
            std::process::exit(i32::from(done.is_err()))
        }
        drop(there);
        let keeper = Self { pid: Pid::from_raw(pid as i32), wire: here };
        placed(keeper.pid)?;
        keeper.wire.send("go", &[])?;
        keeper.wire.receive()?;
        Ok(keeper)
    }

    /// Its number on the host.
    pub fn pid(&self) -> i32 {
        self.pid.as_raw()
    }

    /// Its root folder, seen from the host.
    pub fn root(&self) -> PathBuf {
        PathBuf::from(format!("/proc/{}/root", self.pid))
    }

    /// Its root file system becomes the job's.
    pub fn enter(&self) -> io::Result<()> {
        self.ask(&Word::Enter, &[]).map(drop)
    }

    /// Starts a process.
    pub fn run(&self, task: Task, output: &OwnedFd) -> io::Result<Started> {
        let (pid, fds) = self.ask(&Word::Start(task), &[output])?;
        let fd = fds.into_iter().next().ok_or_else(|| io::Error::other("process 1 sent no descriptor"))?;
        // SAFETY: the descriptor is owned by what is registered and closed after it.
        let end = unsafe { AsyncFd::register_with_interest(fd, Interest::READABLE) }?;
        Ok(Started { pid: pid.parse().map_err(io::Error::other)?, end })
    }

    /// How a process that has ended did.
    pub fn ending(&self, process: &Started) -> io::Result<Ending> {
        let (text, _) = self.ask(&Word::Ending(process.pid), &[])?;
        serde_json::from_str(&text).map_err(io::Error::other)
    }

    /// Ends all processes but process 1, and waits until they are gone.
    pub fn clear(&self) -> io::Result<()> {
        self.ask(&Word::Clear, &[]).map(drop)
    }

    fn ask(&self, word: &Word, fds: &[&OwnedFd]) -> io::Result<(String, Vec<OwnedFd>)> {
        self.wire.send(&serde_json::to_string(word).map_err(io::Error::other)?, fds)?;
        self.wire.receive()
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        let _ = kill(self.pid, Signal::SIGKILL);
        let _ = waitpid(self.pid, None);
    }
}

/// Process 1 itself.
struct Inside<'a> {
    place: &'a Place,
    users: &'a Users,
    filters: Vec<crate::shim::seccomp::Program>,
    wire: Wire,
    job: Option<Job>,
    endings: BTreeMap<i32, Ending>,
    running: Vec<i32>,
}

impl Inside<'_> {
    fn run(mut self) -> io::Result<()> {
        prctl::set_pdeathsig(Signal::SIGKILL)?;
        prctl::set_dumpable(false)?;
        // Whoever has started the shim reads it to its end.
        nix::unistd::dup2_stdout(fs::File::options().write(true).open("/dev/null")?)?;
        let mut children = SigSet::empty();
        children.add(Signal::SIGCHLD);
        children.thread_block()?;
        let signals = SignalFd::with_flags(&children, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?;
        self.wire.receive()?;
        // Only now: the group that it is in becomes the environment's root of all groups.
        unshare(CloneFlags::CLONE_NEWCGROUP)?;
        // It is small: what the function has is to be ended before.
        let _ = fs::write("/proc/self/oom_score_adj", "-900");
        nix::unistd::sethostname("localhost")?;
        self.wire.send("ready", &[])?;
        loop {
            let mut polled = [PollFd::new(self.wire.as_fd(), PollFlags::POLLIN), PollFd::new(signals.as_fd(), PollFlags::POLLIN)];
            match poll(&mut polled, PollTimeout::NONE) {
                Err(Errno::EINTR) => continue,
                ready => ready?,
            };
            let asked = polled[0].any().unwrap_or(false);
            while let Ok(Some(_)) = signals.read_signal() {}
            self.reap();
            if asked {
                self.answer()?;
            }
        }
    }

    fn answer(&mut self) -> io::Result<()> {
        let (text, mut fds) = self.wire.receive()?;
        let word: Word = serde_json::from_str(&text).map_err(io::Error::other)?;
        let done = match word {
            Word::Enter => self.enter().map(|()| ("done".to_owned(), None)),
            Word::Start(task) => match fds.pop() {
                Some(output) => self.start(&task, &output).map(|(pid, fd)| (pid.to_string(), Some(fd))),
                None => Err(io::Error::other("no output was named")),
            },
            Word::Ending(pid) => self.ending(pid).map(|text| (text, None)),
            Word::Clear => self.clear().map(|()| ("done".to_owned(), None)),
        };
        match done {
            Ok((text, fd)) => self.wire.send(&text, &fd.iter().collect::<Vec<_>>()),
            Err(error) => self.wire.fail(&error),
        }
    }

    /// The job is read while the host's files are in sight.
    fn enter(&mut self) -> io::Result<()> {
        let job: Job = load(&self.place.folder, JOB)?.ok_or_else(|| io::Error::other("there is no job in the folder"))?;
        root::enter(self.place, &job)?;
        self.job = Some(job);
        Ok(())
    }

    fn start(&mut self, task: &Task, output: &OwnedFd) -> io::Result<(i32, OwnedFd)> {
        let job = self.job.as_ref().ok_or_else(|| io::Error::other("it is nobody's environment yet"))?;
        let pid = enter::start(&command::of(job, task)?, output, self.users, &self.filters)?;
        self.running.push(pid);
        // SAFETY: pidfd_open(2) takes two numbers and gives a new descriptor or -1.
        let fd = Errno::result(unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) })?;
        // SAFETY: the descriptor is new and nobody else's.
        Ok((pid, unsafe { OwnedFd::from_raw_fd(fd as i32) }))
    }

    /// Remembers how those have ended that somebody may ask about; they are taken leave of when that is asked, or all are ended.
    fn reap(&mut self) {
        let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
        while let Ok(status) = waitid(Id::All, flags) {
            let Some(pid) = status.pid() else { return };
            let _ = waitpid(pid, None);
            if let (true, Some(ending)) = (self.running.contains(&pid.as_raw()), ending_of(&status)) {
                self.endings.insert(pid.as_raw(), ending);
            }
        }
    }

    fn ending(&mut self, pid: i32) -> io::Result<String> {
        self.reap();
        let ending = self.endings.get(&pid).ok_or_else(|| io::Error::other("it has not ended"))?;
        serde_json::to_string(ending).map_err(io::Error::other)
    }

    fn clear(&mut self) -> io::Result<()> {
        loop {
            // To everybody but process 1, which is the one that sends it (kill(2)).
            match kill(Pid::from_raw(-1), Signal::SIGKILL) {
                Ok(()) | Err(Errno::ESRCH) => {}
                Err(errno) => return Err(errno.into()),
            }
            match waitpid(None, None) {
                Ok(_) | Err(Errno::EINTR) => {}
                Err(Errno::ECHILD) => break,
                Err(errno) => return Err(errno.into()),
            }
        }
        self.running.clear();
        self.endings.clear();
        Ok(())
    }
}

fn ending_of(status: &WaitStatus) -> Option<Ending> {
    match status {
        WaitStatus::Exited(_, code) => Some(Ending::Exited(*code)),
        WaitStatus::Signaled(_, signal, _) => Some(Ending::Killed(*signal as i32)),
        _ => None,
    }
}
