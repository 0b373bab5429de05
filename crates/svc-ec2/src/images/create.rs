//! `CreateImage`: an image of an instance, by snapshots of its volumes.

use super::{devices, load::check_name};
use crate::{
    errors::{dry_run, refuse},
    records::{find, key},
    resource::Resource,
    tags,
    volumes::of_volume,
};
use api::ec2::{CreateImageRequest, CreateImageResult, SnapshotLocationEnum};
use front::{Answer, Cx};
use model::ec2::{
    BlockDevice, BlockDeviceKind, EbsDevice, Image, ImagePlan, ImageSpec, Instance, InstanceSpec, InstanceState, Interlude,
    InterludeWork, Snapshot, Tags, Volume, VolumeSpec,
};
use spine::{Read, Tx};
use wire::Fault;

/// `CreateImage`. Unless it is told not to, an instance that runs reboots, and its snapshots are of the time at which it is down; else they are of
/// the moment of the call.
pub fn create(cx: &Cx, tx: &mut Tx, input: &CreateImageRequest) -> Answer<CreateImageResult> {
    dry_run(input.dry_run)?;
    unbuilt(input)?;
    check_name(cx, tx, &input.name)?;
    let instance = find::<Instance>(cx, tx, &input.instance_id)?;
    let state = state_of(cx, tx, &input.instance_id)?;
    if !matches!(state, InstanceState::Running | InstanceState::Stopped) {
        let message = format!(
            "The instance '{}' is not in a valid state for this operation: it must be running or stopped.",
            input.instance_id
        );
        return Err(Fault::client("IncorrectInstanceState", message));
    }
    let id = format!("ami-{}", cx.env.hex(17));
    let interlude = (state == InstanceState::Running && input.no_reboot != Some(true)).then_some(&*id);
    let spec = ImageSpec {
        description: input.description.clone(),
        block_devices: disks(cx, tx, input, &instance, (&id, interlude))?,
        tags: tags_of(input, Resource::IMAGE)?,
        ..of_instance(cx, tx, input, &instance)?
    };
    tx.create(&key::<Image>(cx, &id), &spec)?;
    tx.put_plan(&key::<Image>(cx, &id), &ImagePlan::default())?;
    if interlude.is_some() {
        reboot(cx, tx, &input.instance_id, &id)?;
    }
    Ok(CreateImageResult { image_id: Some(id) })
}

/// The instance's snapshots for an image are begun in the middle of a reboot.
fn reboot(cx: &Cx, tx: &mut Tx, instance: &str, image: &str) -> Answer<()> {
    let at = key::<Instance>(cx, instance);
    let done = tx.get(&at)?.map(|row| row.plan.interludes_done.clone()).unwrap_or_default();
    Ok(tx.update_spec(&at, |spec| {
        spec.interludes.retain(|it| !done.contains(&it.id));
        spec.interludes.push(Interlude { id: image.into(), work: InterludeWork::Snapshots });
    })?)
}

fn state_of(cx: &Cx, tx: &Tx, id: &str) -> Answer<InstanceState> {
    Ok(tx.get(&key::<Instance>(cx, id))?.map(|row| row.plan.state).unwrap_or_default())
}

fn unbuilt(input: &CreateImageRequest) -> Answer<()> {
    refuse(&[
        ("BootModeOverride", input.boot_mode_override.is_some()),
        ("SnapshotLocation", input.snapshot_location.is_some_and(|place| place != SnapshotLocationEnum::Regional)),
    ])
}

/// What an image takes over from the instance, and from the image that was made of.
fn of_instance(cx: &Cx, tx: &Tx, input: &CreateImageRequest, instance: &InstanceSpec) -> Answer<ImageSpec> {
    let first = crate::tagged::anywhere::<Image>(tx, &cx.account, &cx.region, &instance.image)?.map(|(_, spec)| spec);
    let boot = &instance.boot;
    let mut spec = ImageSpec {
        boot_mode: boot.boot_mode.clone(),
        platform_details: boot.platform_details.clone(),
        ena_support: instance.attributes.ena_support,
        source_instance: Some(input.instance_id.clone()),
        source_image: Some((instance.image.clone(), cx.region.to_string())),
        ..ImageSpec::new(&input.name, &boot.architecture, boot.machine, &boot.root_device, cx.now)
    };
    if let Some(first) = first {
        spec.imds_v2 = first.imds_v2;
        spec.default_user.clone_from(&first.default_user);
    }
    Ok(spec)
}

/// The instance's volumes, each with a snapshot, but those that the request leaves out, and what it adds.
fn disks(
    cx: &Cx,
    tx: &mut Tx,
    input: &CreateImageRequest,
    instance: &InstanceSpec,
    (image, interlude): (&str, Option<&str>),
) -> Answer<Vec<BlockDevice>> {
    let asked = devices::parse(cx, tx, input.block_device_mappings.as_deref().unwrap_or_default())?;
    let mut disks = Vec::new();
    for id in &instance.volumes {
        let volume = find::<Volume>(cx, tx, id)?;
        let own = volume.attachments.iter().find(|attachment| attachment.instance == input.instance_id);
        let Some(attachment) = own else { continue };
        let over = asked.iter().find(|device| device.device == attachment.device).map(|device| &device.kind);
        if matches!(over, Some(BlockDeviceKind::NoDevice)) && attachment.device != instance.boot.root_device {
            continue;
        }
        let description = format!("Created by CreateImage({}) for {image}", input.instance_id);
        let (snapshot, _) = of_volume(cx, tx, id, Some(&description), tags_of(input, Resource::SNAPSHOT)?)?;
        if let Some(interlude) = interlude {
            let of = (input.instance_id.clone(), interlude.to_owned());
            tx.update_spec(&key::<Snapshot>(cx, &snapshot), |spec| spec.interlude = Some(of))?;
        }
        let kept = match over {
            Some(BlockDeviceKind::Ebs(ebs)) => EbsDevice { snapshot: Some(snapshot), ..ebs.clone() },
            _ => device_of(&volume, snapshot, attachment.delete_on_termination),
        };
        disks.push(BlockDevice { device: attachment.device.clone(), kind: BlockDeviceKind::Ebs(kept) });
    }
    let new = asked.into_iter().filter(|device| !matches!(device.kind, BlockDeviceKind::NoDevice));
    let new: Vec<_> = new.filter(|device| !disks.iter().any(|disk| disk.device == device.device)).collect();
    disks.extend(new);
    Ok(disks)
}

fn device_of(volume: &VolumeSpec, snapshot: String, delete_on_termination: bool) -> EbsDevice {
    EbsDevice {
        snapshot: Some(snapshot),
        size: Some(volume.size),
        volume_type: volume.performance.volume_type.clone(),
        iops: volume.performance.iops,
        throughput: volume.performance.throughput,
        delete_on_termination,
        encrypted: Some(volume.encryption.is_some()),
        kms_key: volume.encryption.as_ref().map(|encryption| encryption.key_arn.clone()),
    }
}

/// The tags for images, or those for snapshots.
fn tags_of(input: &CreateImageRequest, kind: Resource) -> Answer<Tags> {
    let all = input.tag_specifications.as_deref().unwrap_or_default();
    let own: Vec<_> = all.iter().filter(|it| it.resource_type.is_none_or(|named| named.as_str() == kind.name)).cloned().collect();
    tags::on_create(Some(&own), kind)
}
