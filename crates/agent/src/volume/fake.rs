//! Volumes that exist in memory only, with nothing on them.

use super::{Device, Made, SnapshotBytes, VolumeDriver};
use agent_proto::{
    Missing,
    volume::{IoLimits, Volume},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::watch;

/// Keeps nothing. Clones share one host: a clone is what a restarted server has.
#[derive(Clone, Default)]
pub struct FakeVolumes {
    shelf: Arc<Mutex<Shelf>>,
    changed: watch::Sender<()>,
}

#[derive(Default)]
struct Shelf {
    volumes: BTreeMap<String, FakeVolume>,
    /// The next call about the volume fails so, until it is said otherwise.
    faults: BTreeMap<String, String>,
    /// Snapshots stop half-way.
    held: bool,
}

/// A volume in memory.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FakeVolume {
    /// In GiB.
    pub size_gib: u32,
    /// A machine has it.
    pub open: bool,
    /// What it gives.
    pub limits: IoLimits,
    /// Its snapshots whose moment is fixed.
    pub snapshots: BTreeSet<String>,
}

impl FakeVolumes {
    /// From now on, calls about the volume fail so.
    pub fn fail(&self, id: &str, reason: Option<&str>) {
        match reason {
            Some(reason) => drop(self.shelf().faults.insert(id.to_owned(), reason.to_owned())),
            None => drop(self.shelf().faults.remove(id)),
        }
    }

    /// From now on, snapshots stop half-way, or go on.
    pub fn hold_snapshots(&self, held: bool) {
        self.shelf().held = held;
        self.changed.send_replace(());
    }

    /// The host has lost its power: nothing is open.
    pub fn lose_power(&self) {
        self.shelf().volumes.values_mut().for_each(|volume| volume.open = false);
    }

    /// A volume as it is.
    pub fn volume(&self, id: &str) -> Option<FakeVolume> {
        self.shelf().volumes.get(id).cloned()
    }

    /// The volumes that are open.
    pub fn open(&self) -> Vec<String> {
        self.shelf().volumes.iter().filter(|(_, volume)| volume.open).map(|(id, _)| id.clone()).collect()
    }

    /// All volumes.
    pub fn all(&self) -> Vec<String> {
        self.shelf().volumes.keys().cloned().collect()
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(&self, id: &str, act: impl FnOnce(&mut FakeVolume) -> T) -> Result<T, String> {
        let mut shelf = self.shelf();
        if let Some(reason) = shelf.faults.get(id) {
            return Err(reason.clone());
        }
        shelf.volumes.get_mut(id).map(act).ok_or_else(|| format!("there is no {id}"))
    }
}

#[async_trait::async_trait]
impl VolumeDriver for FakeVolumes {
    fn probe(&self) -> Vec<Missing> {
        Vec::new()
    }

    async fn recover(&self) -> Result<BTreeSet<String>, String> {
        Ok(self.shelf().volumes.keys().cloned().collect())
    }

    async fn ensure(&self, volume: &Volume) -> Result<Made, String> {
        let new = FakeVolume { size_gib: volume.size_gib, ..FakeVolume::default() };
        if !self.shelf().faults.contains_key(&volume.id) {
            self.shelf().volumes.entry(volume.id.clone()).or_insert(new);
        }
        self.with(&volume.id, |it| Made { size_gib: it.size_gib, snapshots: it.snapshots.clone() })
    }

    async fn open(&self, volume: &Volume) -> Result<Device, String> {
        self.with(&volume.id, |it| {
            it.open = true;
            Device { path: format!("/dev/fake/{}", volume.id).into(), size: u64::from(it.size_gib) << 30 }
        })
    }

    async fn close(&self, id: &str) -> Result<(), String> {
        match self.volume(id) {
            Some(_) => self.with(id, |it| it.open = false),
            None => Ok(()),
        }
    }

    async fn grow(&self, volume: &Volume) -> Result<(), String> {
        self.with(&volume.id, |it| it.size_gib = it.size_gib.max(volume.size_gib))
    }

    async fn limit(&self, id: &str, limits: IoLimits) -> Result<(), String> {
        self.with(id, |it| it.limits = limits)
    }

    async fn freeze(&self, volume: &Volume, snapshot: &str) -> Result<(), String> {
        self.with(&volume.id, |it| it.snapshots.insert(snapshot.to_owned())).map(|_| ())
    }

    async fn store(&self, volume: &Volume, snapshot: &str, percent: &watch::Sender<u8>) -> Result<SnapshotBytes, String> {
        let mut changed = self.changed.subscribe();
        let size = self.with(&volume.id, |it| it.snapshots.contains(snapshot).then_some(u64::from(it.size_gib) << 30))?;
        let full = size.ok_or_else(|| format!("the moment of {snapshot} isn't fixed"))?;
        percent.send_replace(50);
        while self.shelf().held {
            // It is asked by a reference to what sends.
            let _ = changed.changed().await;
        }
        self.with(&volume.id, |_| SnapshotBytes { stored: full, full })
    }

    async fn forget_snapshot(&self, id: &str, snapshot: &str) -> Result<(), String> {
        self.with(id, |it| it.snapshots.remove(snapshot)).map(|_| ())
    }

    async fn delete(&self, id: &str) -> Result<(), String> {
        let mut shelf = self.shelf();
        match shelf.volumes.get(id).is_some_and(|volume| volume.open) {
            true => Err(format!("{id} is open")),
            false => {
                shelf.volumes.remove(id);
                Ok(())
            }
        }
    }

    async fn teardown(&self) -> Result<(), String> {
        self.lose_power();
        Ok(())
    }
}
