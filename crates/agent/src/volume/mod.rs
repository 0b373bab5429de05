//! Volumes of this host: disks that machines have open for a while.
//!
//! [`VolumeDriver`] is the seam to what keeps them: the block engine, or the memory of a test. A driver decides nothing about when a volume is
//! made, opened, frozen or deleted: that is [`live`]'s and the machines' business, who meet in [`Volumes`]. The same contract suite
//! (`tests/volume.rs`) runs on every driver.

pub mod blocks;
pub mod fake;
pub(crate) mod hub;
pub(crate) mod live;

pub use blocks::{BlockPlaces, BlockVolumes};
pub use fake::FakeVolumes;
pub use hub::Volumes;

use agent_proto::{
    Missing,
    volume::{IoLimits, Volume},
};
use std::{collections::BTreeSet, path::PathBuf};
use tokio::sync::watch;

/// A volume that is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// A block device of the host, such as `/dev/loop7`: the same until the volume is closed.
    pub path: PathBuf,
    /// In bytes.
    pub size: u64,
}

/// A volume that is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Made {
    /// In GiB; it may be smaller than asked for.
    pub size_gib: u32,
    /// The snapshots for which something is kept: see [`VolumeDriver::forget_snapshot`].
    pub snapshots: BTreeSet<String>,
}

/// What a finished snapshot has taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotBytes {
    /// Newly stored for it.
    pub stored: u64,
    /// Of all its blocks.
    pub full: u64,
}

/// Keeps volumes. Errors are sentences for people.
///
/// What serves an open volume outlives this process. Every method may be called again after it has failed or after the process was killed in
/// it, with the same result. Calls for different volumes come at the same time; those for one volume one after another, but for
/// [`store`](Self::store), which takes its time beside the others. A volume's keys are never written down: they are in what is given.
#[async_trait::async_trait]
pub trait VolumeDriver: Send + Sync {
    /// What this host lacks, found by trying.
    fn probe(&self) -> Vec<Missing>;

    /// Called once, before anything else: finds the volumes that an earlier process has left, open or closed, and gives their ids.
    async fn recover(&self) -> Result<BTreeSet<String>, String>;

    /// Makes a volume, or finds that it is there. One that begins as a snapshot fetches its blocks when they are needed.
    async fn ensure(&self, volume: &Volume) -> Result<Made, String>;

    /// Makes a block device of a volume, or finds the one that there is.
    async fn open(&self, volume: &Volume) -> Result<Device, String>;

    /// Where the memory of a machine that boots from an open volume is kept while it sleeps ([`blocks::MemoryPlace`]). `None`: nowhere.
    fn memory(&self, id: &str) -> Option<PathBuf> {
        let _ = id;
        None
    }

    /// Ends a volume's block device, when everything written to it is on the disk. One that isn't open is no error.
    async fn close(&self, id: &str) -> Result<(), String>;

    /// Makes a volume as large as it says, open or not; a smaller wish is no error and has no effect.
    async fn grow(&self, volume: &Volume) -> Result<(), String>;

    /// Sets what a volume gives, open or not.
    async fn limit(&self, id: &str, limits: IoLimits) -> Result<(), String>;

    /// Fixes the moment of a snapshot, for good: what was written (and, in an open volume, flushed) before is in it, what is written after isn't.
    /// Nothing happens if it is fixed already.
    async fn freeze(&self, volume: &Volume, snapshot: &str) -> Result<(), String>;

    /// Puts a snapshot whose moment is fixed into the block store, encrypted as [`Volume::snapshots`] says; `percent` is told how far it is. One that
    /// is whole already gives the same answer again.
    async fn store(&self, volume: &Volume, snapshot: &str, percent: &watch::Sender<u8>) -> Result<SnapshotBytes, String>;

    /// The end of a snapshot has been noted, or it isn't wanted any more: what is kept for it here is removed. What is in the block store stays.
    async fn forget_snapshot(&self, id: &str, snapshot: &str) -> Result<(), String>;

    /// Deletes a volume that isn't open. One that doesn't exist is no error.
    async fn delete(&self, id: &str) -> Result<(), String>;

    /// Closes every volume and removes every trace outside the data folder.
    async fn teardown(&self) -> Result<(), String>;
}
