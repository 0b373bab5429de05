//! The disks of a machine: opened and given, taken and closed.

use super::{
    Progress, Step, Wish,
    progress::{DiskTrack, Lane},
};
use agent_proto::{
    machine::{Backing, Disk, Power},
    volume::VolumeState,
};
use model::Timestamp;

impl Progress {
    /// What is to be done for the disks of a machine that runs, or waits for them.
    pub(super) fn disk_steps(&self, wish: &Wish, now: Timestamp) -> Vec<Step> {
        let new = wish.machine.disks.iter().filter(|disk| !self.disks.contains_key(&disk.device));
        let opened = new.filter(|disk| is_ready(wish, disk)).map(|disk| Step::Open(disk.clone()));
        let known = self.disks.values().filter_map(|track| self.disk_step(wish, track));
        let steps = opened.chain(known);
        steps.filter(|step| self.is_free(&super::next::lane(step), now)).collect()
    }

    fn disk_step(&self, wish: &Wish, track: &DiskTrack) -> Option<Step> {
        let device = track.disk.device.clone();
        let is_wanted = wish.machine.disks.contains(&track.disk);
        match (&track.device, track.attached && self.is_running()) {
            (None, _) if is_wanted => is_ready(wish, &track.disk).then(|| Step::Open(track.disk.clone())),
            (Some(_), false) if is_wanted => self.is_running().then_some(Step::Attach(device)),
            (Some((_, size)), true) if is_wanted => {
                let grown = bytes(wish, &track.disk).filter(|bytes| bytes > size);
                grown.map(|bytes| Step::Grow(device, bytes))
            }
            (_, true) => Some(Step::Detach { force: wish.machine.forced_out.contains(&device), device }),
            (_, false) => Some(Step::Close(device)),
        }
    }

    /// The disks of a machine that has ended are closed, those too that may be open or not.
    pub(super) fn closing(&self, wish: &Wish, now: Timestamp) -> Vec<Step> {
        let goes =
            |(device, track): &(&String, &DiskTrack)| self.is_free(&Lane::Disk((*device).clone()), now) && !stays(wish, track);
        self.disks.iter().filter(goes).map(|(device, _)| Step::Close(device.clone())).collect()
    }

    /// Whether these disks are open, and no others.
    pub(super) fn has_exactly(&self, disks: &[Disk]) -> bool {
        let has = |disk: &Disk| {
            let track = self.disks.get(&disk.device);
            track.is_some_and(|track| track.disk == *disk && track.device.is_some())
        };
        self.disks.len() == disks.len() && disks.iter().all(has)
    }

    /// Notes a disk that may be open from now on.
    pub(super) fn track(&mut self, disk: &Disk) {
        let new = DiskTrack { disk: disk.clone(), device: None, attached: false, fault: None };
        self.disks.entry(disk.device.clone()).or_insert(new);
    }
}

/// Whether a disk stays open though its machine has ended: an instance store, if the machine comes back as after a reboot.
pub(super) fn stays(wish: &Wish, track: &DiskTrack) -> bool {
    let is_store = matches!(track.disk.backing, Backing::InstanceStore(_));
    let comes_back = matches!(wish.machine.power, Power::Pause { .. }) && !wish.vanish;
    is_store && comes_back && track.device.is_some() && wish.machine.disks.contains(&track.disk)
}

/// Why the machine can't have a disk that it is to boot with, if that is so.
pub(super) fn broken(wish: &Wish) -> Option<String> {
    wish.machine.disks.iter().find_map(|disk| match (&disk.backing, volume(wish, disk)) {
        (Backing::Volume(id), Some(VolumeState::Failed(reason))) => Some(format!("{id}: {reason}")),
        _ => None,
    })
}

fn is_ready(wish: &Wish, disk: &Disk) -> bool {
    match disk.backing {
        Backing::Volume(_) => volume(wish, disk) == Some(&VolumeState::Ready),
        Backing::InstanceStore(_) => true,
    }
}

fn volume<'a>(wish: &'a Wish, disk: &Disk) -> Option<&'a VolumeState> {
    match &disk.backing {
        Backing::Volume(id) => wish.volumes.get(id).map(|status| &status.state),
        Backing::InstanceStore(_) => None,
    }
}

/// The bytes of a disk's volume, as far as they are known.
fn bytes(wish: &Wish, disk: &Disk) -> Option<u64> {
    match &disk.backing {
        Backing::Volume(id) => wish.volumes.get(id).map(|status| u64::from(status.size_gib) << 30),
        Backing::InstanceStore(_) => None,
    }
}
