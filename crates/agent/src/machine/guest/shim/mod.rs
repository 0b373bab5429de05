//! The shim of a guest: a small process with one thread that outlives the server.
//!
//! It starts the monitor, holds the guest's serial port, carries out the agent's orders, waits for the guest's end and leaves the reason in a file. It knows the
//! guest's folder and nothing else. The guest ends with it.

mod arguments;
mod qmp;
mod sleep;
mod slots;
mod start;

use super::{
    job::{Job, JobDisk, SCREEN},
    order::{Order, Progress},
};
use crate::{
    cgroup::Cgroups,
    machine::shimmed::{
        console::Console,
        control::{self, Answer},
        record::{CONSOLE_SOCKET, CONTROL_SOCKET, Ended, State},
        text,
    },
    process::{PidFd, ProcessId},
    shim::{Clock, Failure},
};
use agent_proto::machine::OffCause;
use nix::{
    errno::Errno,
    mount::{MntFlags, umount2},
    poll::{PollFd, PollFlags, PollTimeout, poll},
    sys::{
        signal::Signal,
        wait::{WaitStatus, waitpid},
    },
    unistd::{Pid, setgroups},
};
use qmp::{Event, Qmp};
use serde_json::json;
use sleep::{Moved, Sleep};
use slots::Leaving;
use std::{
    fs::{self, File},
    os::{
        fd::{AsFd, BorrowedFd},
        unix::{fs::OpenOptionsExt, net::UnixListener},
    },
    path::Path,
    time::Duration,
};

/// The subcommand of the second stage.
pub const DETACHED: &str = "guest-detached";

/// The descriptor set by which a picture of the screen is written.
const SCREEN_SET: u32 = 1001;

/// A system that has begun anew doesn't do so again within this time; its firmware may.
const ONCE_MORE: Duration = Duration::from_secs(1);

/// The first stage: leaves the server's process group and mount table, then becomes the second.
pub fn detach(folder: &Path) -> Result<(), Failure> {
    let job = load(folder)?;
    crate::shim::detach(&job.runtime, DETACHED, folder)
}

/// The second stage: starts the guest, says so, and stays to its end.
pub fn run(folder: &Path) -> Result<(), Failure> {
    let job = load(folder)?;
    // The mount goes on for as long as the process; its place can be removed.
    umount2(&job.runtime.join("program"), MntFlags::MNT_DETACH)?;
    let cgroups = Cgroups::detect()?;
    cgroups.enter(&job.shim_cgroup, std::process::id())?;
    setgroups(&[])?;
    crate::shim::ignore_signals()?;
    let clock = Clock::moved_by(job.clock_offset_ms);
    let mut guest = match Guest::start(job.clone(), &cgroups, &clock) {
        Ok(guest) => guest,
        Err(error) => {
            clean_up(&job, &cgroups);
            return Err(error);
        }
    };
    guest.state.save(&job.folder)?;
    crate::shim::say_ok()?;
    // The kernel shall sooner end what the user runs than what watches it.
    let _ = fs::write("/proc/self/oom_score_adj", "-500");
    let cause = guest.supervise(&clock, &cgroups);
    let mut state = guest.state.clone();
    drop(guest);
    clean_up(&job, &cgroups);
    state.ended = Some(Ended { at: clock.now(), cause });
    Ok(state.save(&job.folder)?)
}

/// Tries whether KVM runs guests ([`super::kvm`]). Where it doesn't, this process may never leave its guest by itself: it ends with who wants to
/// know, and after a second in any case.
pub fn try_kvm() -> Result<(), Failure> {
    nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGKILL)?;
    nix::unistd::alarm::set(1);
    Ok(super::kvm::run_guest()?)
}

/// The subcommand of that.
pub const TRY_KVM: &str = super::probe::TRY_KVM;

fn load(folder: &Path) -> Result<Job, Failure> {
    Ok(Job::load(folder)?.ok_or("there is no guest in the folder")?)
}

/// A guest that runs.
struct Guest {
    job: Job,
    state: State,
    pid: Pid,
    monitor: PidFd,
    qmp: Qmp,
    console: Console,
    control: UnixListener,
    leaving: Leaving,
    sleep: Option<Sleep>,
    /// Why it could not fall asleep, until somebody asks.
    awake: Option<String>,
    /// The number of the reboot that it was told to make.
    reboot: Option<u32>,
    /// Why the monitor is about to end.
    end: Option<OffCause>,
}

/// What woke the shim.
#[derive(Default)]
struct Woken {
    ended: bool,
    ordered: bool,
}

impl Guest {
    fn start(job: Job, cgroups: &Cgroups, clock: &Clock) -> Result<Self, Failure> {
        let mut console = Console::open(&job.folder, &job.runtime)?;
        let control = control::listen(&job.runtime)?;
        let started = start::start(&job, cgroups)?;
        console.connect(started.serial)?;
        let state = State {
            boot: job.boot,
            reboots: job.reboots,
            shim: ProcessId::of(std::process::id())?,
            init: started.process,
            since: clock.now(),
            ended: None,
        };
        Ok(Self {
            monitor: state.init.open().ok_or("the monitor has ended at once")?,
            pid: started.pid,
            qmp: started.qmp,
            job,
            state,
            console,
            control,
            leaving: Leaving::default(),
            sleep: None,
            awake: None,
            reboot: None,
            end: None,
        })
    }

    /// Stays with the guest until it is off, and says why it is.
    fn supervise(&mut self, clock: &Clock, cgroups: &Cgroups) -> OffCause {
        loop {
            let woken = match self.wait() {
                Ok(woken) => woken,
                Err(error) => return OffCause::Died(format!("its shim failed: {error}")),
            };
            self.console.tend();
            if woken.ordered {
                let control = self.control.try_clone();
                // Who orders something and goes away will ask again.
                let _ = control.and_then(|control| control::take(&control, |order| self.carry_out(order)));
            }
            // What is said to the monitor makes other things happen.
            while let Some(event) = self.qmp.next_event() {
                self.happened(&event, clock);
            }
            if woken.ended {
                return self.ended(cgroups);
            }
        }
    }

    fn wait(&self) -> nix::Result<Woken> {
        let own = [self.monitor.fd().as_fd(), self.control.as_fd()].into_iter();
        // A monitor that has closed its connection is about to end: it would be heard of for ever.
        let qmp = self.end.is_none().then(|| self.qmp.fd());
        let fds = own.chain(self.console.fds()).chain(qmp);
        let mut polled: Vec<PollFd> = fds.map(|fd: BorrowedFd| PollFd::new(fd, PollFlags::POLLIN)).collect();
        match poll(&mut polled, PollTimeout::NONE) {
            Err(Errno::EINTR) => return Ok(Woken::default()),
            other => other?,
        };
        let ready = |at: usize| polled[at].revents().is_some_and(|events| events.contains(PollFlags::POLLIN));
        Ok(Woken { ended: ready(0), ordered: ready(1) })
    }

    fn carry_out(&mut self, order: Order) -> Answer<Progress> {
        match order {
            Order::Halt { force: true } => self.monitor.signal(Signal::SIGKILL).map_err(text)?,
            Order::Halt { force: false } => {
                self.reboot = None;
                self.press_power_button()?;
            }
            Order::Hibernate => return self.hibernate(),
            Order::Reboot { number, .. } if self.state.reboots >= number => {}
            Order::Reboot { number, force } => {
                self.reboot = Some(number);
                match force {
                    true => drop(self.qmp.run("system_reset", json!({}))?),
                    false => self.press_power_button()?,
                }
            }
            Order::Attach(disk) => self.attach(disk)?,
            Order::Detach { name, force } => return self.detach(&name, force),
            Order::Grow { name, size } => self.grow(&name, size)?,
            Order::Network(interfaces) => {
                self.leaving.set_interfaces(&mut self.job, &mut self.qmp, interfaces)?;
                self.job.save().map_err(text)?;
            }
            Order::Look => self.look()?,
        }
        Ok(Progress::Done)
    }

    fn press_power_button(&mut self) -> Result<(), String> {
        self.qmp.run("system_powerdown", json!({})).map(drop)
    }

    fn hibernate(&mut self) -> Answer<Progress> {
        if let Some(why) = self.awake.take() {
            return Err(why);
        }
        if self.sleep.is_none() && self.end.is_none() {
            self.sleep = Some(Sleep::begin(&self.job, &mut self.qmp)?);
        }
        Ok(Progress::Pending)
    }

    fn attach(&mut self, disk: JobDisk) -> Result<(), String> {
        if self.job.disks.iter().any(|has| has.name == disk.name) {
            return Ok(());
        }
        self.leaving.attach(&mut self.job, &mut self.qmp, disk)?;
        self.job.save().map_err(text)
    }

    fn detach(&mut self, name: &str, force: bool) -> Answer<Progress> {
        let Some(disk) = self.job.disks.iter().find(|disk| disk.name == name).cloned() else { return Ok(Progress::Done) };
        self.leaving.detach(&mut self.job, &mut self.qmp, &disk, force)?;
        self.job.save().map_err(text)?;
        Ok(if force { Progress::Done } else { Progress::Pending })
    }

    fn grow(&mut self, name: &str, size: u64) -> Result<(), String> {
        let disk = self.job.disks.iter().find(|disk| disk.name == name).ok_or_else(|| format!("it has no {name}"))?;
        self.qmp.run("block_resize", json!({"node-name": format!("disk{}", disk.port), "size": size})).map(drop)
    }

    fn look(&mut self) -> Result<(), String> {
        let path = self.job.folder.join(SCREEN);
        let file = File::options().write(true).create(true).truncate(true).mode(0o600).open(path).map_err(text)?;
        self.qmp.give("add-fd", json!({"fdset-id": SCREEN_SET}), file.as_fd())?;
        let looked = self.qmp.run("screendump", json!({"filename": format!("/dev/fdset/{SCREEN_SET}")}));
        let _ = self.qmp.run("remove-fd", json!({"fdset-id": SCREEN_SET}));
        looked.map(drop)
    }

    fn happened(&mut self, event: &Event, clock: &Clock) {
        if let (Some(moved), Some(sleep)) = (sleep::moved(event), self.sleep.take_if(|_| sleep::moved(event).is_some())) {
            return self.fell_asleep(&moved, sleep);
        }
        match &*event.name {
            "SHUTDOWN" if event.data["guest"] == true => self.shut_down(),
            "RESET" => self.began_anew(clock),
            "DEVICE_DELETED" => {
                let device = event.data["device"].as_str().unwrap_or_default();
                if self.leaving.let_go(&mut self.job, &mut self.qmp, device) {
                    let _ = self.job.save();
                }
            }
            _ => {}
        }
    }

    /// The guest's system has switched it off; or it was told to reboot, and this is half of it.
    fn shut_down(&mut self) {
        match self.reboot {
            Some(_) => drop(self.qmp.run("system_reset", json!({}))),
            None => self.finish(OffCause::Itself),
        }
    }

    fn began_anew(&mut self, clock: &Clock) {
        let now = clock.now();
        // A firmware that finds itself in memory resets the machine once more, to be rid of it.
        if self.reboot.is_none() && now.since(self.state.since) < ONCE_MORE {
            return;
        }
        if let Some(number) = self.reboot.take() {
            self.state.reboots = number;
            // After it has switched itself off it stands still.
            let _ = self.qmp.run("cont", json!({}));
        }
        self.state.since = now;
        let _ = self.state.save(&self.job.folder);
    }

    fn fell_asleep(&mut self, moved: &Moved, sleep: Sleep) {
        let kept = match moved {
            Moved::Whole => sleep.keep(&self.job),
            Moved::Failed => {
                drop(sleep);
                Err(sleep::reason(&mut self.qmp))
            }
        };
        match kept {
            Ok(()) => self.finish(OffCause::Hibernated),
            Err(why) => self.awake = Some(sleep::give_up(&self.job, &mut self.qmp, &why)),
        }
    }

    fn finish(&mut self, cause: OffCause) {
        self.end = Some(cause);
        if self.qmp.run("quit", json!({})).is_err() {
            let _ = self.monitor.signal(Signal::SIGKILL);
        }
    }

    fn ended(&mut self, cgroups: &Cgroups) -> OffCause {
        let starved = cgroups.oom_kills(&self.job.cgroup) > 0;
        let status = waitpid(self.pid, None);
        self.console.tend();
        match (self.end.take(), status) {
            (Some(cause), _) => cause,
            (None, Ok(WaitStatus::Signaled(_, Signal::SIGKILL, _))) if starved => {
                OffCause::Died("its monitor was killed for want of memory".into())
            }
            (None, Ok(WaitStatus::Signaled(_, signal, _))) => OffCause::Died(format!("its monitor was killed by {signal}")),
            (None, _) => {
                let words = start::last_words(&self.job.folder);
                OffCause::Died(words.map_or("its monitor has ended".into(), |words| format!("its monitor has ended: {words}")))
            }
        }
    }
}

/// Everything that was made for a boot.
fn clean_up(job: &Job, cgroups: &Cgroups) {
    crate::shim::remove_group(cgroups, &job.cgroup);
    for name in [CONTROL_SOCKET, CONSOLE_SOCKET, "program"] {
        let _ = crate::disk::remove_all(&job.runtime.join(name));
    }
}
