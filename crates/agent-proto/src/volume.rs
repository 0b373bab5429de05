//! Volumes: disks that a host keeps, for machines that come and go.

use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

/// A volume that a host is to have. One that is absent is deleted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Volume {
    /// `vol-…`.
    pub id: String,
    /// In GiB; it grows while it is in use.
    pub size_gib: u32,
    /// The snapshot that it begins as; `None`: zeros.
    pub source: Option<Source>,
    /// What encrypts it at rest.
    pub key: Option<DataKey>,
    /// What it gives.
    pub limits: IoLimits,
    /// The snapshots that are to be taken of it, by id, each as it is at the moment at which the host first hears of it. One stays here until
    /// its end has been noted.
    pub snapshots: BTreeMap<String, Option<DataKey>>,
}

/// A snapshot that a volume begins as.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Source {
    /// `snap-…`: the name of its manifest in the block store.
    pub snapshot: String,
    /// What its blocks are encrypted with.
    pub key: Option<DataKey>,
}

/// What encrypts blocks: 32 bytes in hexadecimal digits.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataKey(pub String);

impl fmt::Debug for DataKey {
    /// Without the key, which has no business in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey")
    }
}

/// What a volume gives; `None` is no bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IoLimits {
    /// I/O operations a second.
    pub iops: Option<u32>,
    /// MiB a second.
    pub throughput_mib: Option<u32>,
}

/// How a volume is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct VolumeStatus {
    /// Where it is on its way.
    pub state: VolumeState,
    /// In GiB, as it is; smaller than asked for while it grows.
    pub size_gib: u32,
    /// What it gives, as it is.
    pub limits: IoLimits,
    /// The machines that have it open.
    pub used_by: BTreeSet<String>,
    /// The snapshots of [`Volume::snapshots`].
    pub snapshots: BTreeMap<String, SnapshotStatus>,
}

/// A volume's way.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VolumeState {
    /// It is being made.
    #[default]
    Creating,
    /// It can be used.
    Ready,
    /// It can't be made, or is broken: a sentence for people.
    Failed(String),
}

/// How far a snapshot is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SnapshotStatus {
    /// Its moment is fixed; so much of it is in the block store, in percent.
    Pending(u8),
    /// It is whole in the block store.
    Completed {
        /// Bytes that were newly stored for it.
        stored_bytes: u64,
        /// Bytes of all its blocks.
        full_bytes: u64,
    },
    /// It can't be made: a sentence for people.
    Failed(String),
}
