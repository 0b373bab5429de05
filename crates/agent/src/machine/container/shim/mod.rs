//! The shim of a machine: a small process with one thread that outlives the server.
//!
//! It boots the machine, and again when the machine reboots; it holds its console and `/dev`, answers its calls of mount(2) and the agent's orders, waits for
//! its end and leaves the reason in a file. It knows the machine's folder and nothing else. The machine ends with it.

mod devices;
mod enter;
pub mod filter;
pub(crate) mod inside;
mod power;
mod resolver;
mod start;
mod tree;
pub(crate) mod wire;

pub use devices::{CHARACTER, Devices};

use super::{
    block, bounds,
    door::Door,
    intercept::{self, Gate},
    job::Job,
    order::Order,
};
use crate::{
    cgroup::Cgroups,
    machine::shimmed::{
        bounds::enter as enter_group,
        console::Console,
        control::{self, Answer},
        record::{CONSOLE_SOCKET, CONTROL_SOCKET, Ended, State},
        text,
    },
    process::{PidFd, ProcessId},
    shim::{Clock, Failure, Moving},
};
use agent_proto::machine::OffCause;
use model::Timestamp;
use nix::{
    errno::Errno,
    poll::{PollFd, PollFlags, PollTimeout, poll},
    sys::wait::waitpid,
    unistd::{Pid, setgroups},
};
use power::{Ask, Next};
use std::{
    fs,
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::net::UnixListener,
    },
    path::Path,
};

/// The subcommand of the second stage.
pub const DETACHED: &str = "machine-detached";

/// The first stage: leaves the server's process group and mount table, then becomes the second.
pub fn detach(folder: &Path) -> Result<(), Failure> {
    let job = load(folder)?;
    crate::shim::detach(&job.runtime, DETACHED, folder)
}

/// The second stage: boots the machine, says so, and stays to its end.
pub fn run(folder: &Path) -> Result<(), Failure> {
    let job = load(folder)?;
    let cgroups = Cgroups::detect()?;
    let moving = Moving::begin(&cgroups, &job.shim_cgroup)?;
    setgroups(&[])?;
    crate::shim::ignore_signals()?;
    let door = Door::open(&job.runtime)?;
    let clock = Clock::moved_by(job.clock_offset_ms);
    let booted = Machine::boot(job.clone(), door, &cgroups, &clock);
    let mut machine = match booted.and_then(|machine| moving.end().map(|()| machine)) {
        Ok(machine) => machine,
        Err(error) => {
            clean_up(&job, &cgroups);
            return Err(error);
        }
    };
    machine.state.save(&job.folder)?;
    crate::shim::say_ok()?;
    // The kernel shall sooner end what the user runs than what watches it.
    let _ = fs::write("/proc/self/oom_score_adj", "-500");
    let cause = machine.supervise(&cgroups, &clock);
    let mut state = machine.state.clone();
    drop(machine);
    clean_up(&job, &cgroups);
    state.ended = Some(Ended { at: clock.now(), cause });
    Ok(state.save(&job.folder)?)
}

fn load(folder: &Path) -> Result<Job, Failure> {
    Ok(Job::load(folder)?.ok_or("there is no machine in the folder")?)
}

/// A machine that runs.
struct Machine {
    job: Job,
    door: Door,
    state: State,
    process: PidFd,
    pid: Pid,
    ours: bool,
    devices: Devices,
    console: Console,
    /// So that the console doesn't end when nobody in the machine has it.
    _terminal: OwnedFd,
    gate: Gate,
    control: UnixListener,
    /// The number of the reboot that it was told to make.
    reboot: Option<u32>,
    /// It was told to end.
    halt: bool,
}

/// Where the calls' listener stands in what is polled.
const CALLS: usize = 2;

/// What woke the shim.
#[derive(Default)]
struct Woken {
    ended: bool,
    ordered: bool,
    called: bool,
}

impl Machine {
    fn boot(job: Job, door: Door, cgroups: &Cgroups, clock: &Clock) -> Result<Self, Failure> {
        let mut console = Console::open(&job.folder, &job.runtime)?;
        let control = control::listen(&job.runtime)?;
        let (started, devices) = start(&job, &door, cgroups)?;
        console.connect(started.terminal)?;
        let shim = ProcessId::of(std::process::id())?;
        let state = State { boot: job.boot, reboots: job.reboots, shim, init: started.init, since: clock.now(), ended: None };
        Ok(Self {
            process: state.init.open().ok_or("process 1 has ended at once")?,
            gate: Gate::new(started.listener, door.user.try_clone()?, job.runtime.clone()),
            pid: started.pid,
            ours: started.ours,
            _terminal: started.console,
            reboot: None,
            halt: false,
            job,
            door,
            state,
            devices,
            console,
            control,
        })
    }

    /// Stays with the machine until it is off, and says why it is.
    fn supervise(&mut self, cgroups: &Cgroups, clock: &Clock) -> OffCause {
        loop {
            let woken = match self.wait() {
                Ok(woken) => woken,
                Err(error) => return OffCause::Died(format!("its shim failed: {error}")),
            };
            self.console.tend();
            self.gate.tend();
            if woken.called {
                self.gate.called(&self.devices);
            }
            if woken.ordered {
                self.take_order(cgroups);
            }
            if !woken.ended {
                continue;
            }
            match self.end(cgroups) {
                Next::Off(cause) => return cause,
                Next::Boot => {
                    if let Err(error) = self.boot_again(cgroups, clock.now()) {
                        return OffCause::Died(format!("it could not boot again: {error}"));
                    }
                }
            }
        }
    }

    fn wait(&self) -> nix::Result<Woken> {
        let gate = self.gate.fds();
        let console = self.console.fds();
        let fds = [self.process.fd().as_fd(), self.control.as_fd()].into_iter().chain(gate).chain(console);
        let mut polled: Vec<PollFd> = fds.map(|fd: BorrowedFd| PollFd::new(fd, PollFlags::POLLIN)).collect();
        if !self.gate.has_room() {
            polled[CALLS].set_events(PollFlags::empty());
        }
        match poll(&mut polled, PollTimeout::NONE) {
            Err(Errno::EINTR) => return Ok(Woken::default()),
            other => other?,
        };
        let ready = |at: usize| polled[at].revents().is_some_and(|events| events.contains(PollFlags::POLLIN));
        Ok(Woken { ended: ready(0), ordered: ready(1), called: ready(CALLS) && self.gate.has_room() })
    }

    fn take_order(&mut self, cgroups: &Cgroups) {
        let control = self.control.try_clone();
        // Who orders something and goes away will ask again.
        let _ = control.and_then(|control| control::take(&control, |order| self.carry_out(order, cgroups)));
    }

    fn carry_out(&mut self, order: Order, cgroups: &Cgroups) -> Answer {
        match order {
            Order::Halt { force } => {
                self.halt = true;
                self.reboot = None;
                self.ask(Ask::PowerOff, force)
            }
            Order::Reboot { number, .. } if self.state.reboots >= number => Ok(()),
            Order::Reboot { number, force } => {
                self.reboot = Some(number);
                self.ask(Ask::Reboot, force)
            }
            Order::Attach(disk) => {
                let allowed =
                    block::number(&disk.device).and_then(|number| bounds::allow_disk(cgroups, &self.job.cgroup, number, true));
                allowed.and_then(|()| self.devices.add(&disk)).map_err(text)?;
                self.job.disks.retain(|other| other.name != disk.name);
                self.job.disks.push(disk);
                self.job.save().map_err(text)
            }
            Order::Detach { name, force } => self.take_disk(&name, force, cgroups),
        }
    }

    fn ask(&self, ask: Ask, force: bool) -> Answer {
        let program = fs::read_link(format!("/proc/{}/exe", self.pid)).unwrap_or_default();
        let signal = if force { libc::SIGKILL } else { power::signal(&program.to_string_lossy(), self.ours, ask) };
        self.process.signal_number(signal).map_err(text)
    }

    fn take_disk(&mut self, name: &str, force: bool, cgroups: &Cgroups) -> Answer {
        let Some(device) = self.devices.device(name).map(ToOwned::to_owned) else { return Ok(()) };
        let number = block::number(&device).map_err(text)?;
        if force {
            intercept::unmount_everywhere(&cgroups.processes(&self.job.cgroup), number).map_err(text)?;
        } else if block::in_use(&device) {
            return Err(format!("{name} is mounted in the machine"));
        }
        self.devices.remove(name).map_err(text)?;
        self.job.disks.retain(|disk| disk.name != name);
        self.job.save().map_err(text)?;
        bounds::allow_disk(cgroups, &self.job.cgroup, number, false).map_err(text)
    }

    /// Process 1 has ended, and everything in the machine with it.
    fn end(&mut self, cgroups: &Cgroups) -> Next {
        let starved = cgroups.oom_kills(&self.job.cgroup) > 0;
        let Ok(status) = waitpid(self.pid, None) else {
            return Next::Off(OffCause::Died("process 1 of the machine was lost".into()));
        };
        self.console.tend();
        power::next(status, starved, self.reboot.is_some(), self.halt)
    }

    fn boot_again(&mut self, cgroups: &Cgroups, now: Timestamp) -> Result<(), Failure> {
        cgroups.kill(&self.job.cgroup);
        wait_for_disks(&self.job);
        let (started, devices) = start(&self.job, &self.door, cgroups)?;
        self.state.init = started.init;
        self.state.since = now;
        self.state.reboots = self.reboot.take().unwrap_or(self.state.reboots);
        self.process = self.state.init.open().ok_or("process 1 has ended at once")?;
        self.pid = started.pid;
        self.ours = started.ours;
        self.devices = devices;
        self.gate = Gate::new(started.listener, self.door.user.try_clone()?, self.job.runtime.clone());
        self.console.connect(started.terminal)?;
        self._terminal = started.console;
        Ok(self.state.save(&self.job.folder)?)
    }
}

/// Starts the machine in its control groups, with its disks in `/dev`.
fn start(job: &Job, door: &Door, cgroups: &Cgroups) -> Result<(start::Started, Devices), Failure> {
    let mut devices = None;
    let started = start::start(job, door, |pid, folder| {
        let mut nodes = Devices::new(folder.try_clone()?, job.base);
        for disk in &job.disks {
            bounds::allow_disk(cgroups, &job.cgroup, block::number(&disk.device)?, true)?;
            nodes.add(disk)?;
        }
        devices = Some(nodes);
        enter_group(cgroups, &job.cgroup, pid)
    })?;
    Ok((started, devices.ok_or("the machine has no /dev")?))
}

/// What the machine wrote has reached its disks when nothing has them mounted any more. The kernel may still be about that when process 1 is gone.
fn wait_for_disks(job: &Job) {
    for _ in 0..2000 {
        if !job.disks.iter().any(|disk| block::in_use(&disk.device)) {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

/// Everything that was made for a boot; the namespaces are for the next one, too.
fn clean_up(job: &Job, cgroups: &Cgroups) {
    crate::shim::remove_group(cgroups, &job.cgroup);
    wait_for_disks(job);
    for name in [CONTROL_SOCKET, CONSOLE_SOCKET] {
        let _ = fs::remove_file(job.runtime.join(name));
    }
    for name in ["root", "usr", "incoming", "program"] {
        let _ = crate::disk::remove_all(&job.runtime.join(name));
    }
}
