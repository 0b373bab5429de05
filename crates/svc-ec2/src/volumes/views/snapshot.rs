//! Snapshots.

use super::{number, time};
use crate::{
    describe::{Described, Field, Text},
    resource::Resource,
    tags,
    views::Place,
};
use api::ec2::{Snapshot, SnapshotInfo, SnapshotState, StorageTier, Tag, TransferType};
use logic::ebs::{snapshot_state, tier};
use model::{
    Timestamp,
    ec2::{SnapshotOrigin, SnapshotPlan, SnapshotSpec},
};

/// A snapshot, in its owner's place.
pub fn snapshot(place: Place<'_>, id: &str, spec: &SnapshotSpec, plan: &SnapshotPlan, now: Timestamp) -> Snapshot {
    let tier = tier(&spec.tiering, now);
    let transfer = if spec.completion_minutes.is_some() { TransferType::TimeBased } else { TransferType::Standard };
    Snapshot {
        snapshot_id: Some(id.into()),
        owner_id: Some(place.account.to_string()),
        owner_alias: spec.owner_alias.clone(),
        volume_id: Some(spec.volume.clone()),
        volume_size: number(spec.size),
        state: SnapshotState::parse(snapshot_state(plan).name()),
        state_message: plan.failure.clone(),
        start_time: time(spec.started_at),
        progress: Some(format!("{}%", plan.progress)),
        description: Some(spec.description.clone()),
        encrypted: Some(spec.encryption.is_some()),
        kms_key_id: spec.encryption.as_ref().map(|it| it.key_arn.clone()),
        storage_tier: Some(if tier.archived { StorageTier::Archive } else { StorageTier::Standard }),
        restore_expiry_time: tier.expires_at.and_then(time),
        transfer_type: matches!(spec.origin, SnapshotOrigin::Copy(..)).then_some(transfer),
        completion_duration_minutes: spec.completion_minutes.and_then(number),
        completion_time: plan.completed_at.and_then(time),
        full_snapshot_size_in_bytes: plan.completed_at.map(|_| i64::try_from(plan.full_bytes).unwrap_or(i64::MAX)),
        tags: tags::view_if_any(&spec.tags),
        ..Snapshot::default()
    }
}

/// A snapshot that was made together with others.
pub fn snapshot_info(place: Place<'_>, id: &str, spec: &SnapshotSpec) -> SnapshotInfo {
    SnapshotInfo {
        description: Some(spec.description.clone()),
        tags: tags::view_if_any(&spec.tags),
        encrypted: Some(spec.encryption.is_some()),
        volume_id: Some(spec.volume.clone()),
        state: Some(SnapshotState::Pending),
        volume_size: number(spec.size),
        start_time: time(spec.started_at),
        progress: Some("0%".into()),
        owner_id: Some(place.account.to_string()),
        snapshot_id: Some(id.into()),
        ..SnapshotInfo::default()
    }
}

impl Described for Snapshot {
    const RESOURCE: Resource = Resource::SNAPSHOT;
    const IDS: &'static str = "SnapshotIds";
    const FIELDS: &'static [Field<Self>] = &[
        ("description", |it| it.description.texts()),
        ("encrypted", |it| it.encrypted.texts()),
        ("owner-alias", |it| it.owner_alias.texts()),
        ("owner-id", |it| it.owner_id.texts()),
        ("progress", |it| it.progress.texts()),
        ("snapshot-id", |it| it.snapshot_id.texts()),
        ("start-time", |it| it.start_time.texts()),
        ("status", |it| it.state.iter().map(|state| state.as_str().into()).collect()),
        ("storage-tier", |it| it.storage_tier.iter().map(|tier| tier.as_str().into()).collect()),
        ("transfer-type", |it| it.transfer_type.iter().map(|kind| kind.as_str().into()).collect()),
        ("volume-id", |it| it.volume_id.texts()),
        ("volume-size", |it| it.volume_size.texts()),
    ];

    fn id(&self) -> &str {
        self.snapshot_id.as_deref().unwrap_or_default()
    }

    fn tags(&self) -> &[Tag] {
        self.tags.as_deref().unwrap_or_default()
    }
}
