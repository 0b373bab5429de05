//! `CreateReplaceRootVolumeTask`.

use super::describe::view;
use crate::{
    errors::{dry_run, invalid_combination, invalid_value, refuse},
    instances::{errors::incorrect_state, load},
    records::{all, find, key},
    resource::Resource,
    tags,
    volumes::{NewVolume, WantedEncryption, new_volume, token},
};
use api::ec2::{CreateReplaceRootVolumeTaskRequest, CreateReplaceRootVolumeTaskResult};
use front::{Answer, Cx};
use model::ec2::{
    BlockDeviceKind, Instance, InstanceState, Interlude, InterludeWork, RootReplacement, RootReplacementPlan,
    RootReplacementSpec, RootReplacementState, Snapshot, Tags, Volume, VolumeSpec,
};
use spine::{Read, Tx};
use std::sync::Arc;

/// The root volume of an instance.
struct Root {
    id: String,
    spec: Arc<VolumeSpec>,
}

/// What the new root volume begins as.
struct Source {
    snapshot: String,
    /// The caller may use it because it may use the image, or has the instance.
    lent: bool,
}

/// `CreateReplaceRootVolumeTask`: the new volume is made at once, and takes its place in an interlude of the instance.
pub fn create(cx: &Cx, tx: &mut Tx, input: &CreateReplaceRootVolumeTaskRequest) -> Answer<CreateReplaceRootVolumeTaskResult> {
    refuse(&[("VolumeId", input.volume_id.is_some())])?;
    if input.snapshot_id.is_some() && input.image_id.is_some() {
        return Err(invalid_combination("The parameters SnapshotId and ImageId cannot be used together"));
    }
    refuse(&[("VolumeInitializationRate", input.volume_initialization_rate.is_some())])?;
    let token = token::read(input.client_token.as_deref(), input)?;
    let id = token::id(cx, Resource::REPLACE_ROOT_VOLUME_TASK.prefix, token.as_ref());
    if let Some(row) = tx.get(&key::<RootReplacement>(cx, &id))? {
        token::same(row.spec.client_token.as_ref(), token.as_ref())?;
        return Ok(CreateReplaceRootVolumeTaskResult { replace_root_volume_task: Some(view(&id, &row.spec, &row.plan)) });
    }
    let instance = load::instance(cx, tx, &input.instance_id)?;
    if instance.state() != InstanceState::Running {
        return Err(incorrect_state(format!("The instance '{}' is not in the 'running' state.", instance.id)));
    }
    let earlier = earlier(cx, tx, &instance.id)?;
    if let Some((under_way, _)) = earlier.iter().find(|(_, (_, plan))| plan.completed_at.is_none()) {
        return Err(incorrect_state(format!("The root volume of '{}' is being replaced already, by {under_way}.", instance.id)));
    }
    let root = root(cx, tx, &instance)?;
    let origin = earlier.iter().find_map(|(_, (spec, _))| spec.origin.clone()).or_else(|| root.spec.snapshot.clone());
    let source = source(cx, tx, input, &instance, &root, origin.as_deref(), &earlier)?;
    let volume = volume(cx, tx, input, &root, source)?;
    dry_run(input.dry_run)?;
    let spec = RootReplacementSpec {
        instance: instance.id.clone(),
        volume: format!("vol-{}", cx.env.hex(17)),
        replaced: root.id,
        origin,
        snapshot: input.snapshot_id.clone(),
        image: input.image_id.clone(),
        delete_replaced: input.delete_replaced_root_volume == Some(true),
        started_at: cx.now,
        client_token: token,
        tags: tags_of(input, Resource::REPLACE_ROOT_VOLUME_TASK)?,
    };
    tx.create(&key::<Volume>(cx, &spec.volume), &volume)?;
    tx.create(&key::<RootReplacement>(cx, &id), &spec)?;
    let plan = instance.plan.clone();
    tx.update_spec(&key::<Instance>(cx, &instance.id), |instance| {
        // It is the instance's once it is attached; who looks for its volumes looks at those.
        instance.volumes.push(spec.volume.clone());
        instance.interludes.retain(|it| !plan.interludes_done.contains(&it.id));
        instance.interludes.push(Interlude { id: id.clone(), work: InterludeWork::ReplaceRoot });
    })?;
    Ok(CreateReplaceRootVolumeTaskResult { replace_root_volume_task: Some(view(&id, &spec, &RootReplacementPlan::default())) })
}

type Earlier = Vec<(String, (Arc<RootReplacementSpec>, RootReplacementPlan))>;

/// The replacements that were asked for before, the first one first.
fn earlier(cx: &Cx, tx: &Tx, instance: &str) -> Answer<Earlier> {
    let mut found = Vec::new();
    for (id, spec) in all::<RootReplacement>(cx, tx)?.into_iter().filter(|(_, spec)| spec.instance == instance) {
        let plan = tx.get(&key::<RootReplacement>(cx, &id))?.map(|row| *row.plan).unwrap_or_default();
        found.push((id, (spec, plan)));
    }
    found.sort_by_key(|(_, (spec, _))| spec.started_at);
    Ok(found)
}

fn root(cx: &Cx, tx: &Tx, instance: &load::Loaded) -> Answer<Root> {
    let disks = load::disks(tx, &key::<Instance>(cx, &instance.id), &instance.spec)?;
    let is_root = |disk: &load::Disk| {
        disk.attachment(&instance.id).is_some_and(|(it, _)| it.detach.is_none() && it.device == instance.spec.boot.root_device)
    };
    let found = disks.into_iter().find(is_root);
    let found = found.ok_or_else(|| incorrect_state(format!("The instance '{}' has no root volume.", instance.id)))?;
    Ok(Root { id: found.id, spec: found.spec })
}

fn source(
    cx: &Cx,
    tx: &Tx,
    input: &CreateReplaceRootVolumeTaskRequest,
    instance: &load::Loaded,
    root: &Root,
    origin: Option<&str>,
    earlier: &Earlier,
) -> Answer<Source> {
    if let Some(id) = &input.image_id {
        return of_image(cx, tx, id, instance);
    }
    let Some(id) = &input.snapshot_id else {
        let origin =
            origin.ok_or_else(|| invalid_value(format!("The root volume of '{}' was made of no snapshot", instance.id)))?;
        return Ok(Source { snapshot: origin.into(), lent: true });
    };
    let snapshot = find::<Snapshot>(cx, tx, id)?;
    let was_root = earlier.iter().any(|(_, (spec, _))| spec.replaced == snapshot.volume || spec.volume == snapshot.volume);
    if snapshot.volume == root.id || was_root || origin == Some(id) {
        return Ok(Source { snapshot: id.clone(), lent: false });
    }
    let message =
        format!("Snapshot {id} does not belong to the same lineage as the root volume of the instance '{}'", instance.id);
    Err(invalid_value(message))
}

/// An image that the instance could have been launched from.
fn of_image(cx: &Cx, tx: &Tx, id: &str, instance: &load::Loaded) -> Answer<Source> {
    let image = crate::instances::run::launchable(cx, tx, id)?;
    let boot = &instance.spec.boot;
    let same = image.spec.architecture == boot.architecture
        && image.spec.machine == boot.machine
        && image.spec.boot_mode == boot.boot_mode
        && image.spec.platform_details == boot.platform_details;
    if !same {
        let message = format!("The image {id} and the instance '{}' differ in architecture, boot mode or platform", instance.id);
        return Err(invalid_value(message));
    }
    let device = image.spec.block_devices.iter().find(|device| device.device == image.spec.root_device);
    match device.map(|device| &device.kind) {
        Some(BlockDeviceKind::Ebs(ebs)) if ebs.snapshot.is_some() => {
            Ok(Source { snapshot: ebs.snapshot.clone().unwrap_or_default(), lent: true })
        }
        _ => Err(invalid_value(format!("The image {id} has no root snapshot"))),
    }
}

/// As the volume that it replaces: of its size, type and encryption.
fn volume(cx: &Cx, tx: &mut Tx, input: &CreateReplaceRootVolumeTaskRequest, root: &Root, source: Source) -> Answer<VolumeSpec> {
    let number = |value: u32| i32::try_from(value).unwrap_or(i32::MAX);
    let needed = crate::tagged::anywhere::<Snapshot>(tx, &cx.account, &cx.region, &source.snapshot)?.map_or(0, |(_, it)| it.size);
    let key = root.spec.encryption.as_ref().map(|encryption| encryption.key_arn.as_str());
    let new = NewVolume {
        zone: &root.spec.zone,
        size: Some(number(root.spec.size.max(needed))),
        volume_type: Some(&root.spec.performance.volume_type),
        iops: root.spec.performance.iops.filter(|_| has_own_iops(&root.spec)).map(number),
        throughput: root.spec.performance.throughput.filter(|_| root.spec.performance.volume_type == "gp3").map(number),
        snapshot: Some(&source.snapshot),
        snapshot_by_image: source.lent,
        encryption: WantedEncryption { encrypted: key.map(|_| true), kms_key: key },
        tags: tags_of(input, Resource::VOLUME)?,
        ..NewVolume::default()
    };
    new_volume(cx, tx, new)
}

/// Types whose operations a second are asked for; those of others follow from their size.
fn has_own_iops(spec: &VolumeSpec) -> bool {
    matches!(spec.performance.volume_type.as_str(), "gp3" | "io1" | "io2")
}

/// The tags for tasks, or those for volumes.
fn tags_of(input: &CreateReplaceRootVolumeTaskRequest, kind: Resource) -> Answer<Tags> {
    let asked = input.tag_specifications.as_deref().unwrap_or_default();
    let own: Vec<_> =
        asked.iter().filter(|it| it.resource_type.is_none_or(|named| named.as_str() == kind.name)).cloned().collect();
    tags::on_create(Some(&own), kind)
}

/// Whether a replacement has come to its end.
pub fn is_over(state: RootReplacementState) -> bool {
    matches!(state, RootReplacementState::Succeeded | RootReplacementState::Failed)
}
