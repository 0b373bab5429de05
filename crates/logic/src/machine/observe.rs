//! What can happen to a machine, and what that means for it.

use super::{
    Gain, Life, Progress, Seen, Stage, Step, next,
    progress::{Order, Pulse},
};
use agent_proto::machine::{Halt, OffCause};
use model::Timestamp;
use std::time::Duration;

/// Before something that failed is tried again.
const RETRY: Duration = Duration::from_secs(1);
/// The same for what waits for somebody inside the machine, or for an administrator.
const RETRY_DISK: Duration = Duration::from_secs(5);

impl Progress {
    /// Takes in how a step has ended.
    pub fn done(&mut self, step: Step, result: Result<Gain, String>, now: Timestamp) {
        let lane = next::lane(&step);
        self.busy.remove(&lane);
        self.retry.remove(&lane);
        match result {
            Ok(gain) => self.succeed(step, gain, now),
            Err(reason) => {
                let wait = self.fail(step, reason, now);
                if let Some(wait) = wait {
                    self.retry.insert(lane, now + wait);
                }
            }
        }
    }

    fn succeed(&mut self, step: Step, gain: Gain, now: Timestamp) {
        match (step, gain) {
            (Step::Open(disk), Gain::Device(path, size)) => self.with_disk(&disk.device, |track| {
                (track.device, track.fault) = (Some((path, size)), None);
            }),
            (Step::Attach(device), _) => self.with_disk(&device, |track| (track.attached, track.fault) = (true, None)),
            (Step::Grow(device, bytes), _) => self.with_disk(&device, |track| {
                if let Some((_, size)) = &mut track.device {
                    *size = bytes;
                }
            }),
            (Step::Detach { device, .. }, _) => self.with_disk(&device, |track| (track.attached, track.fault) = (false, None)),
            (Step::Close(device), _) => drop(self.disks.remove(&device)),
            (Step::Prepare, _) => self.prepared = true,
            (Step::Plug(interface, is), _) => {
                if let Some(plug) = self.plugs.get_mut(&interface.device).filter(|plug| plug.interface == interface) {
                    (plug.plugged, plug.current) = (true, Some(is));
                }
            }
            (Step::Unplug(interface), _) => drop(self.plugs.remove(&interface.device)),
            (Step::Start { .. }, Gain::Seen(seen)) => self.started(seen, now),
            (Step::Halt(how), _) => self.halted(how),
            (Step::Reboot { number, force }, _) => self.told_to_reboot(number, force),
            (Step::Limit(quota), _) => self.cpu_quota = quota,
            (Step::Survey, Gain::Pulse { reachable, cpu_ms }) => self.pulse = Pulse { at: Some(now), reachable, cpu_ms },
            (Step::Release, _) => self.released(),
            (Step::Forget, _) => self.forgotten = true,
            // A step without its gain has done nothing.
            (Step::Open(_) | Step::Start { .. } | Step::Survey, _) => {}
        }
    }

    /// Gives the time after which it is tried again, if it is.
    fn fail(&mut self, step: Step, reason: String, now: Timestamp) -> Option<Duration> {
        match (&self.stage, step) {
            (Stage::Waiting, Step::Open(_) | Step::Prepare | Step::Plug(..)) | (_, Step::Start { .. }) => {
                self.end(OffCause::NotStarted(reason), now);
                None
            }
            (_, Step::Open(disk)) => self.disk_fault(&disk.device, reason),
            (_, Step::Attach(device) | Step::Detach { device, .. }) => self.disk_fault(&device, reason),
            (_, Step::Grow(..)) => Some(RETRY_DISK),
            // What can't be asked is made to.
            (_, Step::Halt(Halt::Hibernate)) => self.tell_instead(Halt::Ask, now),
            (_, Step::Halt(Halt::Ask)) => self.tell_instead(Halt::Force, now),
            (_, Step::Reboot { force: false, .. }) => {
                self.force_reboot(now);
                None
            }
            (_, Step::Survey) => {
                self.pulse.at = Some(now);
                None
            }
            _ => Some(RETRY),
        }
    }

    fn disk_fault(&mut self, device: &str, reason: String) -> Option<Duration> {
        self.with_disk(device, |track| track.fault = Some(reason));
        Some(RETRY_DISK)
    }

    fn tell_instead(&mut self, how: Halt, now: Timestamp) -> Option<Duration> {
        // A stronger word may have come meanwhile.
        if self.told.is_some_and(|told| told.what != Halt::Force) {
            self.told = Some(Order { what: how, at: now, given: false });
        }
        None
    }

    fn halted(&mut self, how: Halt) {
        if let Some(told) = self.told.as_mut().filter(|told| told.what == how) {
            told.given = true;
        }
    }

    fn told_to_reboot(&mut self, number: u32, force: bool) {
        match &mut self.rebooting {
            Some((awaited, order)) if *awaited == number && order.what == force => order.given = true,
            _ => {}
        }
    }

    fn started(&mut self, seen: Option<Seen>, now: Timestamp) {
        match seen {
            Some(seen) => self.see(Some(seen), now),
            None => self.end(OffCause::Died("it has ended as soon as it was started".into()), now),
        }
    }

    fn released(&mut self) {
        if let Stage::Ended { at, cause } = &self.stage {
            self.stage = Stage::Off { at: *at, cause: cause.clone() };
        }
        self.prepared = false;
        self.plugs.clear();
        (self.told, self.rebooting) = (None, None);
    }

    /// Takes in how the machine was seen to be; `None`: there is nothing of it.
    pub fn see(&mut self, seen: Option<Seen>, now: Timestamp) {
        if !matches!(self.stage, Stage::Waiting | Stage::Starting | Stage::Running { .. }) {
            return;
        }
        match seen {
            None => self.ended(now, OffCause::Died("it is gone, as after a loss of power of its host".into())),
            Some(seen) => {
                // What runs is what runs, whatever was noted.
                self.boot = seen.boot;
                match seen.life {
                    Life::Running { since } => self.runs(since, seen.reboots),
                    Life::Ended { at, cause } => self.ended(at, cause),
                }
            }
        }
    }

    fn runs(&mut self, since: Timestamp, reboots: u32) {
        let anew = self.stage != Stage::Running { since };
        if !self.is_running() {
            self.disks.values_mut().for_each(|track| track.attached = track.device.is_some());
        }
        self.stage = Stage::Running { since };
        self.prepared = true;
        self.hibernated = false;
        self.reboots = reboots;
        self.rebooting = self.rebooting.filter(|(number, _)| *number > reboots);
        if anew {
            self.pulse = Pulse::default();
        }
    }

    fn ended(&mut self, at: Timestamp, cause: OffCause) {
        self.hibernated = cause == OffCause::Hibernated;
        let told = self.told.is_some() && !self.hibernated;
        self.end(if told { OffCause::Told } else { cause }, at);
    }

    fn with_disk(&mut self, device: &str, change: impl FnOnce(&mut super::DiskTrack)) {
        if let Some(track) = self.disks.get_mut(device) {
            change(track);
        }
    }
}
