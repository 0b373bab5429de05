//! Copies of snapshots: within a region or from another, encrypted or with another key. The blocks are copied by a reconciler.

use super::create::checked;
use crate::{
    errors::{dry_run, invalid_value},
    records::key,
    resource::Resource,
    tagged::anywhere,
    tags,
    volumes::{
        encryption::{self, Wanted},
        errors::{incorrect_state, not_built},
        load::may_restore,
        new::positive,
    },
};
use api::ec2::{CopySnapshotRequest, CopySnapshotResult};
use front::{Answer, Cx};
use logic::ebs::{SnapshotState, snapshot_state, tier};
use model::{
    Key, Region,
    ec2::{Encryption, Snapshot, SnapshotOrigin, SnapshotSpec},
};
use spine::{Read, Row, Tx};
use wire::Fault;

/// So many copies may be under way to a region (EBS quotas, "Concurrent snapshot copies per destination Region").
const MOST: usize = 20;

/// `CopySnapshot`. `DestinationRegion` and `PresignedUrl` are not needed any more, and change nothing.
pub fn copy(cx: &Cx, tx: &mut Tx, input: &CopySnapshotRequest) -> Answer<CopySnapshotResult> {
    dry_run(input.dry_run)?;
    for (given, parameter) in [
        (input.destination_outpost_arn.is_some(), "DestinationOutpostArn"),
        (input.destination_availability_zone.is_some(), "DestinationAvailabilityZone"),
    ] {
        if given {
            return Err(not_built(parameter, "CopySnapshot"));
        }
    }
    let (from, source) = source(cx, tx, input)?;
    let completion_minutes = minutes(input)?;
    check_room(cx, tx)?;
    let tags = tags::on_create(input.tag_specifications.as_deref(), Resource::SNAPSHOT)?;
    if input.encrypted == Some(false) {
        return Err(invalid_value("Value (false) for parameter encrypted is invalid. It cannot be set to false."));
    }
    let wanted = Wanted { encrypted: input.encrypted, kms_key: input.kms_key_id.as_deref() };
    let encryption = copied_encryption(cx, tx, wanted, source.spec.encryption.as_ref())?;
    let id = format!("snap-{}", cx.env.hex(17));
    let origin = SnapshotOrigin::Copy(from.account.to_string(), from.region.to_string(), from.id.clone());
    let spec = SnapshotSpec {
        description: checked(input.description.as_deref())?,
        encryption,
        completion_minutes,
        tags,
        // A copy has no volume of its own (API reference, `Snapshot`).
        ..SnapshotSpec::new("vol-ffffffff", source.spec.size, origin, cx.now)
    };
    tx.create(&key::<Snapshot>(cx, &id), &spec)?;
    Ok(CopySnapshotResult { tags: tags::view_if_any(&spec.tags), snapshot_id: Some(id) })
}

fn source(cx: &Cx, read: &impl Read, input: &CopySnapshotRequest) -> Answer<(Key<Snapshot>, Row<Snapshot>)> {
    let id = &input.source_snapshot_id;
    let region = Region::parse(&input.source_region)
        .map_err(|_| Fault::client("InvalidRegion", format!("Invalid source region: {}", input.source_region)))?;
    let absent = || Resource::SNAPSHOT.absent(id);
    let (key, spec) = anywhere::<Snapshot>(read, &cx.account, &region, id)?.ok_or_else(absent)?;
    if !may_restore(read, &key, &spec, cx.account.as_str())? {
        return Err(absent());
    }
    let row = read.get(&key)?.ok_or_else(absent)?;
    match snapshot_state(&row.plan) {
        SnapshotState::Completed if tier(&row.spec.tiering, cx.now).archived => {
            Err(incorrect_state(format!("The snapshot '{id}' is archived; restore it before you copy it.")))
        }
        SnapshotState::Completed => Ok((key, row)),
        state => Err(incorrect_state(format!("Snapshot is in invalid state - {}", state.name()))),
    }
}

/// How a copy is encrypted: one of what is encrypted is. Its key is a key of its own region, and of its own account.
pub fn copied_encryption(cx: &Cx, tx: &mut Tx, wanted: Wanted<'_>, source: Option<&Encryption>) -> Answer<Option<Encryption>> {
    let encrypted = wanted.encrypted.or(source.map(|_| true));
    encryption::decide(cx, tx, Wanted { encrypted, ..wanted }, source)
}

fn minutes(input: &CopySnapshotRequest) -> Answer<Option<u32>> {
    match positive("completionDurationMinutes", input.completion_duration_minutes)? {
        Some(minutes) if !minutes.is_multiple_of(15) || !(15..=2880).contains(&minutes) => {
            let message = "must be between 15 and 2880, in increments of 15";
            Err(invalid_value(format!("Value ({minutes}) for parameter completionDurationMinutes {message}.")))
        }
        minutes => Ok(minutes),
    }
}

fn check_room(cx: &Cx, read: &impl Read) -> Answer<()> {
    let all = read.list::<Snapshot>(spine::Scope::Region(&cx.account, &cx.region))?;
    let copies = all.iter().filter(|(_, row)| matches!(row.spec.origin, SnapshotOrigin::Copy(..)));
    if copies.filter(|(_, row)| snapshot_state(&row.plan) == SnapshotState::Pending).count() < MOST {
        return Ok(());
    }
    let message = format!("Too many snapshot copies in progress. The limit is {MOST} for this destination region.");
    Err(Fault::client("ResourceLimitExceeded", message))
}
