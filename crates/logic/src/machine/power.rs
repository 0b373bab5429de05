//! Boots, reboots and ends: what a machine is told, and what follows when it takes no notice.

use super::{
    Progress, Stage, Step, Wish, disks,
    progress::{Order, Pulse},
};
use agent_proto::machine::{Halt, OffCause, Power};
use model::Timestamp;
use std::time::Duration;

/// How long a system that was asked to end may take ([`Halt::Ask`]).
const END: Duration = Duration::from_secs(120);
/// How long one may take that was asked to reboot. EC2 forces it after "a few minutes"; it is known to be four ("Reboot your
/// instance" speaks of no number).
const REBOOT: Duration = Duration::from_secs(240);
/// How long the memory of a machine may take to get to its root disk. (EC2 user guide, "Troubleshoot hibernation": a stop that takes longer
/// than about twenty minutes has failed.)
const HIBERNATION: Duration = Duration::from_secs(20 * 60);

impl Progress {
    /// Goes from one stage to another where the wish alone decides it.
    pub(super) fn turn(&mut self, wish: &Wish, now: Timestamp) {
        let power = match wish.vanish {
            true => Power::Off { boot: self.boot, how: Halt::Force },
            false => match wish.machine.power {
                Power::Pause { boot } => Power::Off { boot, how: Halt::Ask },
                power => power,
            },
        };
        match (&self.stage, power) {
            (Stage::Idle | Stage::Off { .. }, Power::On { boot }) if boot > self.boot => self.begin_boot(wish, boot),
            (Stage::Off { .. }, Power::Off { boot, .. }) if boot > self.boot => self.never_boot(boot, now),
            (Stage::Idle, Power::Off { boot, .. }) if !wish.vanish => self.never_boot(boot, now),
            (Stage::Waiting, Power::On { boot }) => self.boot = self.boot.max(boot),
            (Stage::Waiting, Power::Off { boot, .. }) => {
                self.boot = self.boot.max(boot);
                self.end(OffCause::Told, now);
            }
            (Stage::Running { .. }, Power::Off { how, .. }) => self.tell(how, now),
            (Stage::Running { .. }, Power::On { boot }) if boot > self.boot => self.tell(Halt::Ask, now),
            _ => {}
        }
        if let (Stage::Waiting, Some(reason)) = (&self.stage, disks::broken(wish)) {
            self.end(OffCause::NotStarted(reason), now);
        }
    }

    fn begin_boot(&mut self, wish: &Wish, boot: u32) {
        self.boot = boot;
        self.stage = Stage::Waiting;
        self.reboots = wish.machine.reboots;
        (self.told, self.rebooting) = (None, None);
        self.pulse = Pulse::default();
        // What has stayed open is opened again: who asks for what is there is given the same, and after a loss of power it isn't there.
        self.disks.values_mut().for_each(|track| (track.device, track.attached) = (None, false));
    }

    /// A boot that was to end before it was heard of.
    fn never_boot(&mut self, boot: u32, now: Timestamp) {
        self.boot = self.boot.max(boot);
        self.stage = Stage::Off { at: now, cause: OffCause::Told };
    }

    /// Notes the end of the machine; its disks are closed next.
    pub(super) fn end(&mut self, cause: OffCause, at: Timestamp) {
        self.rebooting = None;
        self.stage = Stage::Ended { at, cause };
    }

    /// Notes what it is told, unless it was told so, or something stronger.
    fn tell(&mut self, how: Halt, now: Timestamp) {
        let stronger = match (self.told.map(|told| told.what), how) {
            (None, _) => true,
            (Some(Halt::Force), _) => false,
            (Some(_), Halt::Force) => true,
            (Some(_), _) => false,
        };
        if stronger {
            self.told = Some(Order { what: how, at: now, given: false });
        }
    }

    /// Tells it to end, and ends it by force when it has taken too long.
    pub(super) fn halts(&mut self, now: Timestamp) -> Vec<Step> {
        if self.halt_due().is_some_and(|due| due <= now) {
            self.tell(Halt::Force, now);
        }
        let open = self.told.filter(|told| !told.given);
        open.map(|told| Step::Halt(told.what)).into_iter().collect()
    }

    /// When it will have taken too long to end.
    pub(super) fn halt_due(&self) -> Option<Timestamp> {
        let told = self.told.filter(|_| self.is_running())?;
        match told.what {
            Halt::Ask => Some(told.at + END),
            Halt::Hibernate => Some(told.at + HIBERNATION),
            Halt::Force => None,
        }
    }

    /// Tells it to reboot, and reboots it by force when it has taken too long.
    pub(super) fn reboots(&mut self, wish: &Wish, now: Timestamp) -> Vec<Step> {
        let number = wish.machine.reboots;
        if number <= self.reboots {
            return Vec::new();
        }
        if self.rebooting.is_none_or(|(told, _)| told < number) {
            self.rebooting = Some((number, Order { what: false, at: now, given: false }));
        }
        if self.reboot_due().is_some_and(|due| due <= now) {
            self.force_reboot(now);
        }
        let open = self.rebooting.filter(|(_, order)| !order.given);
        open.map(|(number, order)| Step::Reboot { number, force: order.what }).into_iter().collect()
    }

    pub(super) fn force_reboot(&mut self, now: Timestamp) {
        if let Some((_, order)) = &mut self.rebooting {
            *order = Order { what: true, at: now, given: false };
        }
    }

    /// When it will have taken too long to reboot.
    pub(super) fn reboot_due(&self) -> Option<Timestamp> {
        let (_, order) = self.rebooting.filter(|(_, order)| !order.what && self.is_running())?;
        Some(order.at + REBOOT)
    }
}
