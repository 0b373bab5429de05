//! Snapshots of volumes: create, of one or of all of an instance's, and delete.

use crate::{
    errors::{dry_run, invalid_value},
    images::image_of,
    quotas,
    records::{find, key, place},
    resource::Resource,
    tags,
    volumes::{
        errors::{incorrect_state, not_built},
        load::row,
        views,
    },
};
use api::ec2::{
    CopyTagsFromSource, CreateSnapshotRequest, CreateSnapshotsRequest, CreateSnapshotsResult, DeleteSnapshotRequest,
    Snapshot as Shown, SnapshotLocationEnum,
};
use front::{Answer, Cx};
use logic::ebs::{SnapshotState, VolumeState, attachments, snapshot_state, volume_state};
use model::ec2::{Instance, InstanceState, Snapshot, SnapshotOrigin, SnapshotPlan, SnapshotSpec, Tags, Volume, VolumeSpec};
use spine::{Read, Scope, Tx};
use wire::Fault;

/// A description has at most so many characters.
const LONGEST: usize = 255;

/// `CreateSnapshot`.
pub fn create(cx: &Cx, tx: &mut Tx, input: &CreateSnapshotRequest) -> Answer<Shown> {
    dry_run(input.dry_run)?;
    refuse("CreateSnapshot", input.outpost_arn.is_some(), input.location)?;
    let tags = tags::on_create(input.tag_specifications.as_deref(), Resource::SNAPSHOT)?;
    let (id, spec) = of_volume(cx, tx, &input.volume_id, input.description.as_deref(), tags)?;
    Ok(views::snapshot(place(cx), &id, &spec, &SnapshotPlan::default(), cx.now))
}

fn refuse(operation: &str, outpost: bool, location: Option<SnapshotLocationEnum>) -> Answer<()> {
    if outpost {
        return Err(not_built("OutpostArn", operation));
    }
    // What isn't in a Local Zone is regional.
    if location == Some(SnapshotLocationEnum::Local) { Err(not_built("Location=local", operation)) } else { Ok(()) }
}

/// `CreateSnapshots`: of the volumes of an instance, all at one moment.
pub fn create_many(cx: &Cx, tx: &mut Tx, input: &CreateSnapshotsRequest) -> Answer<CreateSnapshotsResult> {
    dry_run(input.dry_run)?;
    refuse("CreateSnapshots", input.outpost_arn.is_some(), input.location)?;
    let asked = &input.instance_specification;
    let instance = row::<Instance>(cx, tx, &asked.instance_id)?;
    if !matches!(instance.plan.state, InstanceState::Running | InstanceState::Stopping | InstanceState::Stopped) {
        return Err(incorrect_state(format!("The instance '{}' has no volumes to make snapshots of.", asked.instance_id)));
    }
    let excluded = asked.exclude_data_volume_ids.as_deref().unwrap_or_default();
    let mut left: Vec<&String> = excluded.iter().collect();
    let tags = tags::on_create(input.tag_specifications.as_deref(), Resource::SNAPSHOT)?;
    let mut made = Vec::new();
    for id in &instance.spec.volumes {
        let Some(volume) = tx.get(&key::<Volume>(cx, id))? else { continue };
        let here = attachments(&volume.spec, &volume.plan).find(|(it, _)| it.instance == asked.instance_id);
        let Some((attachment, _)) = here else { continue };
        let boot = attachment.device == instance.spec.boot.root_device;
        if boot && excluded.contains(id) {
            return Err(invalid_value(format!("The volume '{id}' is the boot volume. Use ExcludeBootVolume to exclude it.")));
        }
        left.retain(|excluded| *excluded != id);
        if boot && asked.exclude_boot_volume == Some(true) || excluded.contains(id) {
            continue;
        }
        let copied = copied(&volume.spec, input.copy_tags_from_source, &tags);
        let (id, spec) = of_volume(cx, tx, id, input.description.as_deref(), copied)?;
        made.push(views::snapshot_info(place(cx), &id, &spec));
    }
    match (left.first(), made.is_empty()) {
        (Some(id), _) => {
            Err(invalid_value(format!("The volume '{id}' is not attached to the instance '{}'.", asked.instance_id)))
        }
        (None, true) => Err(invalid_value("All volumes of the instance are excluded.")),
        (None, false) => Ok(CreateSnapshotsResult { snapshots: Some(made) }),
    }
}

/// The tags of a snapshot: those of the request before those of its volume.
fn copied(volume: &VolumeSpec, copy: Option<CopyTagsFromSource>, tags: &Tags) -> Tags {
    let mut all = if copy.is_some() { volume.tags.clone() } else { Tags::new() };
    all.retain(|key, _| !key.starts_with("aws:"));
    all.extend(tags.clone());
    all
}

/// Makes the record of a snapshot of a volume.
pub fn of_volume(cx: &Cx, tx: &mut Tx, volume: &str, description: Option<&str>, tags: Tags) -> Answer<(String, SnapshotSpec)> {
    let source = row::<Volume>(cx, tx, volume)?;
    match volume_state(&source.spec, &source.plan) {
        VolumeState::Available | VolumeState::InUse => {}
        VolumeState::Deleting => return Err(Resource::VOLUME.not_found(volume)),
        state => return Err(incorrect_state(format!("The volume '{volume}' is '{}'.", state.name()))),
    }
    check_quota(cx, volume, &source.spec)?;
    let id = format!("snap-{}", cx.env.hex(17));
    let spec = SnapshotSpec {
        description: checked(description)?,
        encryption: source.spec.encryption.clone(),
        tags,
        ..SnapshotSpec::new(volume, source.spec.size, SnapshotOrigin::Volume, cx.now)
    };
    tx.create(&key::<Snapshot>(cx, &id), &spec)?;
    Ok((id, spec))
}

/// Counts the snapshots of a volume that aren't complete.
fn check_quota(cx: &Cx, volume: &str, spec: &VolumeSpec) -> Answer<()> {
    let quota = match &*spec.performance.volume_type {
        "st1" | "sc1" => &quotas::CONCURRENT_SNAPSHOTS_OF_HDD,
        _ => &quotas::CONCURRENT_SNAPSHOTS,
    };
    let all = cx.snapshot().list::<Snapshot>(Scope::Region(&cx.account, &cx.region))?;
    let of_it = all.iter().filter(|(_, row)| row.spec.volume == volume);
    let pending = of_it.filter(|(_, row)| snapshot_state(&row.plan) == SnapshotState::Pending);
    quota.check(pending.count() as u64, 1)
}

/// A description that isn't too long.
pub fn checked(description: Option<&str>) -> Answer<String> {
    let description = description.unwrap_or_default();
    if description.chars().count() > LONGEST {
        return Err(invalid_value(format!(
            "Value ({description}) for parameter description is invalid. It has more than 255 characters."
        )));
    }
    Ok(description.to_owned())
}

/// `DeleteSnapshot`. Volumes that were made of it keep what they need of it.
pub fn delete(cx: &Cx, tx: &mut Tx, input: &DeleteSnapshotRequest) -> Answer<()> {
    dry_run(input.dry_run)?;
    let id = &input.snapshot_id;
    find::<Snapshot>(cx, tx, id)?;
    if let Some(image) = image_of(cx, tx, id)? {
        let message = format!("The snapshot {id} is currently in use by {image}");
        return Err(Fault::client("InvalidSnapshot.InUse", message));
    }
    Ok(tx.delete(&key::<Snapshot>(cx, id))?)
}
