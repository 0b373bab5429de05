//! EBS: volumes, and the snapshots that they are made of and that are made of them.

use super::Tags;
use crate::{Record, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

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
    /// How that snapshot is encrypted; kept, since the snapshot may go while its blocks are still needed.
    pub snapshot_encryption: Option<Encryption>,
    /// The snapshot was enabled for fast restore in the zone.
    pub fast_restored: bool,
    /// How it is encrypted; `None`: it isn't.
    pub encryption: Option<Encryption>,
    /// It may be attached to several instances at a time (io1 and io2).
    pub multi_attach: bool,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// The instances that it is attached to, or is to be. One that is over stays until the next is made; which are over,
    /// [`VolumePlan::attachments`] tells.
    pub attachments: Vec<VolumeAttachment>,
    /// How many attachments there have been.
    pub attachments_made: u32,
    /// Changes of size and type, the last one last.
    pub modifications: Vec<VolumeModification>,
    /// What makes a repeated request the same.
    pub client_token: Option<RequestToken>,
    /// Deletion was asked for.
    pub deleted_at: Option<Timestamp>,
    /// Its tags.
    pub tags: Tags,
}

/// A `ClientToken` with the request that it came with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestToken {
    /// The token.
    pub token: String,
    /// A digest of all that the request said.
    pub request: String,
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
    /// The data key, sealed by the KMS key, in hexadecimal digits.
    pub data_key: String,
}

/// A volume on an instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VolumeAttachment {
    /// Its number among the volume's attachments, from 1: the one that is made by a new instance's launch has 1.
    pub number: u32,
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
    /// Its number among the volume's modifications, from 1.
    pub number: u32,
    /// When it was asked for.
    pub at: Timestamp,
    /// In GiB, before it.
    pub from_size: u32,
    /// Before it.
    pub from: Performance,
    /// Whether it could be attached to several instances, before it.
    pub from_multi_attach: bool,
    /// In GiB, after it.
    pub to_size: u32,
    /// After it.
    pub to: Performance,
    /// After it.
    pub to_multi_attach: bool,
}

/// What the reconciler of volumes has decided.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct VolumePlan {
    /// It is ready for use.
    pub ready_at: Option<Timestamp>,
    /// Why it can't be made: it is in `error`.
    pub failure: Option<String>,
    /// How far its attachments are, by their numbers.
    pub attachments: BTreeMap<u32, AttachmentPlan>,
    /// The number of the modification that the following are about.
    pub modification: u32,
    /// Since when the host gives what that modification asked for.
    pub optimizing_at: Option<Timestamp>,
}

/// How far an attachment is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttachmentPlan {
    /// Since when the instance has it.
    pub attached_at: Option<Timestamp>,
    /// It is to be detached, but the instance's system uses it.
    pub busy: bool,
    /// It is over.
    pub detached: bool,
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
    /// The alias of its owner, `amazon`, for snapshots that the cloud brings.
    pub owner_alias: Option<String>,
    /// When it was asked for.
    pub started_at: Timestamp,
    /// How it is encrypted.
    pub encryption: Option<Encryption>,
    /// How its blocks come.
    pub origin: SnapshotOrigin,
    /// It is of the moment at which an instance's interlude has come: the instance, and the interlude's id.
    #[serde(default)]
    pub interlude: Option<(String, String)>,
    /// Accounts that may make volumes of it.
    pub shared_with: Vec<String>,
    /// Everybody may make volumes of it.
    pub public: bool,
    /// When it was archived and restored.
    pub tiering: Tiering,
    /// The zones in which fast restore is or was enabled.
    pub fast_restore: Vec<FastRestore>,
    /// `CompletionDurationMinutes` of a time-based copy.
    pub completion_minutes: Option<u32>,
    /// Its tags.
    pub tags: Tags,
}

impl SnapshotSpec {
    /// A snapshot that is neither described, encrypted, shared nor tagged.
    pub fn new(volume: &str, size: u32, origin: SnapshotOrigin, now: Timestamp) -> Self {
        Self {
            volume: volume.into(),
            size,
            description: String::new(),
            owner_alias: None,
            started_at: now,
            encryption: None,
            origin,
            interlude: None,
            shared_with: Vec::new(),
            public: false,
            tiering: Tiering::default(),
            fast_restore: Vec::new(),
            completion_minutes: None,
            tags: Tags::new(),
        }
    }
}

/// Where a snapshot's blocks come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SnapshotOrigin {
    /// The volume, at the moment at which it was asked for.
    Volume,
    /// Another snapshot: its account, region and id.
    Copy(String, String, String),
    /// The direct APIs (`StartSnapshot`).
    Direct(DirectUpload),
    /// The cloud itself: an imported image. Its blocks were there before its record.
    Imported,
}

/// A snapshot that is written block by block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DirectUpload {
    /// The snapshot whose blocks it has where none is put.
    pub parent: Option<String>,
    /// What makes a repeated request the same.
    pub client_token: Option<RequestToken>,
    /// Minutes after the last block after which it is given up.
    pub timeout: u32,
    /// When the last block was put, or it was started.
    pub active_at: Timestamp,
    /// `Progress`, as it was said with the last block.
    pub progress: u8,
    /// `CompleteSnapshot` was called.
    pub completed_at: Option<Timestamp>,
}

/// When a snapshot was moved between tiers; what is last counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tiering {
    /// It was to go to the archive.
    pub archived_at: Option<Timestamp>,
    /// It was to come back.
    pub restored_at: Option<Timestamp>,
    /// For so many days; `None`: for good.
    pub restored_days: Option<u32>,
}

/// Fast restore of a snapshot in a zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FastRestore {
    /// The Availability Zone's name.
    pub zone: String,
    /// Who has enabled it.
    pub account: String,
    /// When.
    pub enabled_at: Timestamp,
    /// When it was disabled.
    pub disabled_at: Option<Timestamp>,
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

/// A block that was put into a snapshot which is written block by block, under `snap-…/<index in eight hexadecimal digits>`.
pub enum PutBlock {}

impl Record for PutBlock {
    const KIND: &'static str = "ec2/put-block";
    type Spec = PutBlockSpec;
    type Plan = ();
    type Observed = ();
}

/// What a [`PutBlock`] is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PutBlockSpec {
    /// The name of its content in the block store; `None` is zeros.
    pub content: Option<String>,
    /// The SHA-256 of its data, in base64.
    pub checksum: String,
}

records! {
    /// A stretch of time for which a volume is paid, under `vol-…/` with the number of the modification that it began with (0: its
    /// creation) in ten digits. Written by the reconciler of volumes, and kept when the volume is gone: what bills are made of.
    VolumeUsage(VolumeUsageSpec) = "ec2/volume-usage";
    /// What an account has set for volumes and snapshots in a region, under `settings`; absent until something was set.
    EbsSettings(EbsSettingsSpec) = "ec2/ebs-settings";
}

/// What a [`VolumeUsage`] is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VolumeUsageSpec {
    /// `vol-…`.
    pub volume: String,
    /// The Availability Zone's name.
    pub zone: String,
    /// In GiB.
    pub size: u32,
    /// Its type, and what was provisioned.
    pub performance: Performance,
    /// When it could be used so.
    pub from: Timestamp,
    /// When it ceased to be so; `None`: it is.
    pub to: Option<Timestamp>,
}

/// What [`EbsSettings`] are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EbsSettingsSpec {
    /// New volumes and copies of snapshots are encrypted.
    pub encryption_by_default: bool,
    /// The ARN of the KMS key that is used where none is named.
    pub default_key: Option<String>,
    /// What may be shared with everybody.
    pub public_access: SnapshotSharing,
}

/// Whether snapshots may be shared with everybody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SnapshotSharing {
    /// Yes.
    #[default]
    Unblocked,
    /// None besides those that are.
    BlockNewSharing,
    /// Not even those that are.
    BlockAllSharing,
}
