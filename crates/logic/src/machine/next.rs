//! What is to be done now, and when to look again.

use super::{
    Progress, Stage, Step, Wish,
    disks::stays,
    progress::{Lane, PlugTrack},
};
use agent_proto::machine::Interface;
use model::Timestamp;
use std::time::Duration;

/// Between two looks at a machine that answers. Credits of burstable types are spent by them.
const SURVEY: Duration = Duration::from_secs(60);
/// Between two looks at one that doesn't answer yet, in its first minute and after it.
const SURVEY_FIRST: Duration = Duration::from_secs(1);
const SURVEY_LATER: Duration = Duration::from_secs(10);

impl Progress {
    /// The steps to be carried out now, noted as begun. There is nothing more to do until one has ended, something was seen, the wish has
    /// changed, or [`Self::wake`] has come.
    pub fn next(&mut self, wish: &Wish, now: Timestamp) -> Vec<Step> {
        self.turn(wish, now);
        let mut steps = match &self.stage {
            Stage::Idle | Stage::Off { .. } => [self.closing(wish, now), self.farewell(wish)].concat(),
            Stage::Waiting => match [self.disk_steps(wish, now), self.plugging(wish, now)].concat() {
                missing if missing.is_empty() => self.start(wish),
                missing => missing,
            },
            Stage::Starting => Vec::new(),
            Stage::Running { .. } if self.told.is_some() => self.halts(now),
            Stage::Running { .. } => {
                let live = [self.reboots(wish, now), self.limit(wish), self.survey(now)];
                [self.disk_steps(wish, now), self.plugging(wish, now), live.concat()].concat()
            }
            Stage::Ended { .. } => [self.closing(wish, now), self.release(wish)].concat(),
        };
        // Of each lane, one at a time.
        steps.retain(|step| {
            let free = self.is_free(&lane(step), now);
            if free {
                self.begin(step, wish);
            }
            free
        });
        steps
    }

    /// The next moment at which time alone calls for a step. `now` is the moment for which [`Self::next`] had nothing more to do: what has become
    /// due since then is not passed over.
    pub fn wake(&self, now: Timestamp) -> Option<Timestamp> {
        let orders = [self.halt_due(), self.reboot_due(), self.survey_due().filter(|_| self.is_free(&Lane::Survey, now))];
        orders.into_iter().flatten().chain(self.retry.values().copied()).filter(|moment| *moment > now).min()
    }

    fn begin(&mut self, step: &Step, wish: &Wish) {
        match step {
            Step::Open(disk) => self.track(disk),
            Step::Plug(interface, _) => {
                let new = PlugTrack { interface: interface.clone(), plugged: false, current: None };
                self.plugs.entry(interface.device).or_insert(new);
            }
            Step::Start { .. } => {
                self.stage = Stage::Starting;
                self.cpu_quota = wish.machine.hardware.cpu_quota;
            }
            _ => {}
        }
        self.busy.insert(lane(step));
    }

    /// Makes what it is plugged in by, takes out what is not wanted any more, and plugs in what is or has changed.
    fn plugging(&self, wish: &Wish, now: Timestamp) -> Vec<Step> {
        if !self.is_free(&Lane::Network, now) {
            return Vec::new();
        }
        if !self.prepared {
            return vec![Step::Prepare];
        }
        let wanted = &wish.machine.interfaces;
        let extra = self.plugs.values().find(|plug| !wanted.contains(&plug.interface));
        let unplug = extra.map(|plug| Step::Unplug(plug.interface.clone()));
        let stale = wanted.iter().find_map(|interface| {
            let is = wish.interfaces.get(&interface.interface)?;
            let plug = self.plugs.get(&interface.device);
            let current = plug.is_some_and(|plug| plug.interface == *interface && plug.current.as_ref() == Some(is));
            (!current).then(|| Step::Plug(interface.clone(), is.clone()))
        });
        unplug.or(stale).into_iter().collect()
    }

    fn start(&self, wish: &Wish) -> Vec<Step> {
        let machine = &wish.machine;
        let is_plugged =
            |interface: &Interface| self.plugs.values().any(|plug| plug.interface == *interface && plug.current.is_some());
        let has_network = self.prepared && machine.interfaces.iter().all(is_plugged);
        let ready = self.busy.is_empty() && self.has_exactly(&machine.disks) && has_network;
        ready.then_some(Step::Start { boot: self.boot, resume: self.hibernated }).into_iter().collect()
    }

    fn limit(&self, wish: &Wish) -> Vec<Step> {
        let quota = wish.machine.hardware.cpu_quota;
        (quota != self.cpu_quota).then_some(Step::Limit(quota)).into_iter().collect()
    }

    fn survey(&self, now: Timestamp) -> Vec<Step> {
        self.survey_due().filter(|due| *due <= now).map(|_| Step::Survey).into_iter().collect()
    }

    fn survey_due(&self) -> Option<Timestamp> {
        let Stage::Running { since } = self.stage else { return None };
        if self.told.is_some() {
            return None;
        }
        let Some(at) = self.pulse.at else { return Some(since) };
        Some(match self.pulse.reachable {
            true => at + SURVEY,
            false if at.since(since) < SURVEY => at + SURVEY_FIRST,
            false => at + SURVEY_LATER,
        })
    }

    fn release(&self, wish: &Wish) -> Vec<Step> {
        (self.disks.values().all(|track| stays(wish, track)) && self.busy.is_empty())
            .then_some(Step::Release)
            .into_iter()
            .collect()
    }

    fn farewell(&self, wish: &Wish) -> Vec<Step> {
        (wish.vanish && !self.forgotten && self.disks.is_empty() && self.busy.is_empty())
            .then_some(Step::Forget)
            .into_iter()
            .collect()
    }
}

pub(super) fn lane(step: &Step) -> Lane {
    match step {
        Step::Open(disk) => Lane::Disk(disk.device.clone()),
        Step::Attach(device) | Step::Grow(device, _) | Step::Close(device) | Step::Detach { device, .. } => {
            Lane::Disk(device.clone())
        }
        Step::Prepare | Step::Plug(..) | Step::Unplug(_) => Lane::Network,
        Step::Halt(_) => Lane::Halt,
        Step::Survey => Lane::Survey,
        Step::Start { .. } | Step::Reboot { .. } | Step::Limit(_) | Step::Release | Step::Forget => Lane::Power,
    }
}
