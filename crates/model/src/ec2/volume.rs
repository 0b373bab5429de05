//! EBS: volumes, and the snapshots that they are made of and that are made of them.

use super::Tags;
use crate::{Record, Timestamp};
use serde::{Deserialize, Serialize};

/// A disk, under `vol-…`.
///
/// `Spec` is written by EC2's handlers, `Plan` by the reconciler of volumes. What the host sees of it stands in its hosted volume,
/// under the same key.
pub enum Volume {}

impl Record for Volume {
    const KIND: &'static str = "ec2/volume";
    type Spec = VolumeSpec;
    type Plan = VolumePlan;
    type Observed = ();
}

/// What a [`Volume`] is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VolumeSpec {
    /// In GiB, as it is wanted now.
    pub size: u32,
    /// Its type and what that gives, as it is wanted now.
    pub performance: Performance,
    /// The Availability Zone's name.
    pub zone: String,
    /// The snapshot that it begins as: `snap-…`.
    pub snapshot: Option<String>,
    /// How it is encrypted; `None`: it isn't.
    pub encryption: Option<Encryption>,
    /// It may be attached to several instances at a time (io1 and io2).
    pub multi_attach: bool,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// The instances that it is attached to, or is to be.
    pub attachments: Vec<VolumeAttachment>,
    /// Changes of size and type, the last one last.
    pub modifications: Vec<VolumeModification>,
    /// `autoEnableIO`.
    pub auto_enable_io: bool,
    /// What makes a repeated request the same.
    pub client_token: Option<String>,
    /// Deletion was asked for.
    pub deleted_at: Option<Timestamp>,
    /// Its tags.
    pub tags: Tags,
}

/// A type of volumes with what it gives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Performance {
    /// `gp2`, `gp3`, `io1`, `io2`, `st1`, `sc1` or `standard`.
    pub volume_type: String,
    /// I/O operations a second.
    pub iops: Option<u32>,
    /// In MiB a second.
    pub throughput: Option<u32>,
}

/// How data at rest is encrypted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Encryption {
    /// The KMS key's ARN.
    pub key_arn: String,
    /// The data key, sealed as the store seals secrets.
    pub data_key: String,
}

/// A volume on an instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VolumeAttachment {
    /// `i-…`.
    pub instance: String,
    /// Such as `/dev/sdf`.
    pub device: String,
    /// It is deleted when the instance is terminated.
    pub delete_on_termination: bool,
    /// When it was asked for.
    pub at: Timestamp,
    /// When, and whether by force, it was asked to be detached.
    pub detach: Option<Detach>,
}

/// A detachment that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detach {
    /// When.
    pub at: Timestamp,
    /// Without waiting for the instance's system.
    pub force: bool,
}

/// A change of a volume's size or type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VolumeModification {
    /// When it was asked for.
    pub at: Timestamp,
    /// In GiB, before it.
    pub from_size: u32,
    /// Before it.
    pub from: Performance,
    /// In GiB, after it.
    pub to_size: u32,
    /// After it.
    pub to: Performance,
}

/// What the reconciler of volumes has decided.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct VolumePlan {
    /// It is ready for use.
    pub ready_at: Option<Timestamp>,
    /// Why it can't be made: it is in `error`.
    pub failure: Option<String>,
    /// The instances that have it now, with the moment since which they do.
    pub attached: Vec<(String, Timestamp)>,
    /// How far the last modification is: when each state was entered.
    pub optimizing_at: Option<Timestamp>,
    /// See `optimizing_at`.
    pub modified_at: Option<Timestamp>,
}

/// A snapshot, under `snap-…`. `Spec` is written by handlers, `Plan` by the reconciler of snapshots.
pub enum Snapshot {}

impl Record for Snapshot {
    const KIND: &'static str = "ec2/snapshot";
    type Spec = SnapshotSpec;
    type Plan = SnapshotPlan;
    type Observed = ();
}

/// What a [`Snapshot`] is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SnapshotSpec {
    /// The volume that it was made of; `vol-ffffffff` where it was made of none.
    pub volume: String,
    /// In GiB.
    pub size: u32,
    /// What people wrote.
    pub description: String,
    /// When it was asked for.
    pub started_at: Timestamp,
    /// How it is encrypted.
    pub encryption: Option<Encryption>,
    /// How its blocks come.
    pub origin: SnapshotOrigin,
    /// Accounts that may make volumes of it.
    pub shared_with: Vec<String>,
    /// Everybody may make volumes of it.
    pub public: bool,
    /// `standard` or `archive`.
    pub tier: String,
    /// The zones in which fast restore is enabled, and since when.
    pub fast_restore: Vec<(String, Timestamp)>,
    /// Its tags.
    pub tags: Tags,
}

/// Where a snapshot's blocks come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SnapshotOrigin {
    /// The volume, at the moment at which it was asked for.
    Volume,
    /// Another snapshot: its account, region and id.
    Copy(String, String, String),
    /// The direct APIs (`StartSnapshot`), on top of a parent.
    Direct(Option<String>),
    /// The cloud itself: an imported image. Its blocks were there before its record.
    Imported,
}

/// What the reconciler of snapshots has noted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SnapshotPlan {
    /// 0 to 100.
    pub progress: u8,
    /// When it was complete.
    pub completed_at: Option<Timestamp>,
    /// Why it isn't.
    pub failure: Option<String>,
    /// Bytes that were newly stored for it.
    pub stored_bytes: u64,
    /// Bytes of all its blocks.
    pub full_bytes: u64,
}
