//! The volumes of this host, where those who open them and those who look after them meet.
//!
//! Who has a volume open is noted here, and kept by those who have: a machine that is taken over says again which volumes it holds.

use super::{Device, VolumeDriver};
use agent_proto::volume::{IoLimits, Volume};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::{MutexGuard, watch};

/// All volumes of a host.
pub struct Volumes {
    driver: Arc<dyn VolumeDriver>,
    slots: Mutex<BTreeMap<String, Arc<Slot>>>,
}

/// One volume.
pub(crate) struct Slot {
    id: String,
    /// Held for each call of the driver about this volume, but for `store`.
    alone: tokio::sync::Mutex<()>,
    /// What is wished of it, and who has it.
    pub(crate) situation: watch::Sender<Situation>,
}

/// What is wished of a volume, and who has it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Situation {
    /// As it is desired; `None` when it isn't.
    pub(crate) wish: Option<Volume>,
    /// The machines that have it open, or may.
    pub(crate) users: BTreeSet<String>,
}

impl Volumes {
    /// None yet.
    pub fn new(driver: Arc<dyn VolumeDriver>) -> Self {
        Self { driver, slots: Mutex::default() }
    }

    /// What keeps them.
    pub fn driver(&self) -> &Arc<dyn VolumeDriver> {
        &self.driver
    }

    /// A machine holds a volume open, as it has said before.
    pub fn adopt(&self, volume: &str, machine: &str) {
        self.slot(volume).note(|users| users.insert(machine.to_owned()));
    }

    /// Opens a volume for a machine.
    pub async fn open(&self, volume: &str, machine: &str) -> Result<Device, String> {
        let slot = self.slot(volume);
        let _alone = slot.alone().await;
        let wish = slot.situation.borrow().wish.clone();
        let wish = wish.ok_or_else(|| format!("{volume} is not on this host"))?;
        slot.note(|users| users.insert(machine.to_owned()));
        self.driver.open(&wish).await
    }

    /// Closes a volume that a machine has, or may have, unless others have it too.
    pub async fn close(&self, volume: &str, machine: &str) -> Result<(), String> {
        let slot = self.slot(volume);
        let _alone = slot.alone().await;
        let is_last = slot.situation.borrow().users.iter().all(|user| user == machine);
        if is_last {
            self.driver.close(volume).await?;
        }
        slot.note(|users| users.remove(machine));
        Ok(())
    }

    /// Makes an empty instance store of a machine; what was on it is lost.
    pub async fn open_store(&self, machine: &str, device: &str, size_gib: u32) -> Result<Device, String> {
        self.close_store(machine, device).await?;
        let (id, limits) = (store_id(machine, device), IoLimits::default());
        let store = Volume { id, size_gib, source: None, key: None, limits, snapshots: BTreeMap::new() };
        self.driver.ensure(&store).await?;
        self.driver.open(&store).await
    }

    /// Deletes an instance store. One that isn't there is no error.
    pub async fn close_store(&self, machine: &str, device: &str) -> Result<(), String> {
        let id = store_id(machine, device);
        self.driver.close(&id).await?;
        self.driver.delete(&id).await
    }

    pub(crate) fn slot(&self, id: &str) -> Arc<Slot> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Slot { id: id.to_owned(), alone: Default::default(), situation: Default::default() };
        slots.entry(id.to_owned()).or_insert_with(|| Arc::new(new())).clone()
    }

    /// Forgets a volume that is deleted.
    pub(crate) fn remove(&self, id: &str) {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }

    /// Deletes a volume, unless somebody has it.
    pub(crate) async fn delete(&self, slot: &Slot) -> Result<(), String> {
        let _alone = slot.alone().await;
        if !slot.situation.borrow().users.is_empty() {
            return Err(format!("{} is in use", slot.id));
        }
        self.driver.delete(&slot.id).await
    }
}

impl Slot {
    pub(crate) async fn alone(&self) -> MutexGuard<'_, ()> {
        self.alone.lock().await
    }

    /// Changes who has it, and says so if that was a change.
    fn note(&self, change: impl FnOnce(&mut BTreeSet<String>) -> bool) {
        self.situation.send_if_modified(|situation| change(&mut situation.users));
    }
}

/// What a machine's instance store is called among the volumes: the machine's id, and the disk's name without slashes. No volume has a `_`.
fn store_id(machine: &str, device: &str) -> String {
    let name = device.trim_start_matches("/dev/").replace(|letter: char| !letter.is_ascii_alphanumeric(), "-");
    format!("{machine}_{name}")
}

/// The machine whose instance store has this name; `None` for a volume.
pub(crate) fn store_of(id: &str) -> Option<&str> {
    id.split_once('_').map(|(machine, _)| machine)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instance_stores_are_told_from_volumes() {
        assert_eq!(store_id("i-1", "/dev/sdb"), "i-1_sdb");
        assert_eq!(store_id("i-1", "/dev/../x"), "i-1_---x");
        assert_eq!(store_of("i-1_sdb"), Some("i-1"));
        assert_eq!(store_of("vol-1"), None);
    }
}
