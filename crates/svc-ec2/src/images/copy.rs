//! `CopyImage`, within a region and from another.

use super::load::{Loaded, check_name, image_in};
use crate::{
    errors::{dry_run, refuse},
    records::key,
    resource::Resource,
    tagged::anywhere,
    tags,
    volumes::{WantedEncryption, copied_encryption, token},
};
use api::ec2::{CopyImageRequest, CopyImageResult};
use front::{Answer, Cx};
use model::{
    Region,
    ec2::{BlockDevice, BlockDeviceKind, Image, ImageSpec, Snapshot, SnapshotOrigin, SnapshotSpec, Tags},
};
use spine::{Read, Tx};
use wire::Fault;

/// `CopyImage`. Its snapshots are copied; launch permissions are not, and tags only if that is asked for.
pub fn copy(cx: &Cx, tx: &mut Tx, input: &CopyImageRequest) -> Answer<CopyImageResult> {
    dry_run(input.dry_run)?;
    unbuilt(input)?;
    let client_token = token::read(input.client_token.as_deref(), &CopyImageRequest { dry_run: None, ..input.clone() })?;
    let id = token::id(cx, "ami", client_token.as_ref());
    if let Some(made) = tx.spec(&key::<Image>(cx, &id))? {
        token::same(made.client_token.as_ref(), client_token.as_ref())?;
        return Ok(CopyImageResult { image_id: Some(id) });
    }
    check_name(cx, tx, &input.name)?;
    let from = source(cx, tx, input)?;
    if from.plan.available_at.is_none() || from.spec.disabled {
        return Err(super::errors::unavailable(&input.source_image_id));
    }
    let mut block_devices = Vec::new();
    for device in &from.spec.block_devices {
        block_devices.push(copied(cx, tx, input, &from, device)?);
    }
    let mut given = tags::on_create(input.tag_specifications.as_deref(), Resource::IMAGE)?;
    if input.copy_image_tags == Some(true) {
        let own = from.spec.tags.iter().filter(|(key, _)| !key.starts_with("aws:"));
        let missing: Tags = own.filter(|(key, _)| !given.contains_key(*key)).map(|(k, v)| (k.clone(), v.clone())).collect();
        given.extend(missing);
    }
    let spec = ImageSpec {
        name: input.name.clone(),
        description: input.description.clone().or_else(|| from.spec.description.clone()),
        owner_alias: None,
        block_devices,
        source_instance: None,
        source_image: Some((input.source_image_id.clone(), input.source_region.clone())),
        created_at: cx.now,
        public: false,
        launch_permissions: Vec::new(),
        deprecated_at: None,
        deregistration_protection: false,
        client_token,
        tags: given,
        ..ImageSpec::clone(&from.spec)
    };
    tx.create(&key::<Image>(cx, &id), &spec)?;
    Ok(CopyImageResult { image_id: Some(id) })
}

fn unbuilt(input: &CopyImageRequest) -> Answer<()> {
    refuse(&[
        ("DestinationOutpostArn", input.destination_outpost_arn.is_some()),
        ("DestinationAvailabilityZone", input.destination_availability_zone.is_some()),
        ("DestinationAvailabilityZoneId", input.destination_availability_zone_id.is_some()),
        ("SnapshotCopyCompletionDurationMinutes", input.snapshot_copy_completion_duration_minutes.is_some()),
    ])
}

/// The image in its own region, which the caller may launch.
fn source(cx: &Cx, tx: &Tx, input: &CopyImageRequest) -> Answer<Loaded> {
    let id = &input.source_image_id;
    Resource::IMAGE.check(id)?;
    let region = Region::parse(&input.source_region)
        .map_err(|_| Fault::client("InvalidRegion", format!("Invalid source region {}", input.source_region)))?;
    image_in(cx, tx, &region, id)
}

/// A disk, with a copy of its snapshot.
fn copied(cx: &Cx, tx: &mut Tx, input: &CopyImageRequest, from: &Loaded, device: &BlockDevice) -> Answer<BlockDevice> {
    let BlockDeviceKind::Ebs(ebs) = &device.kind else { return Ok(device.clone()) };
    let Some(old) = &ebs.snapshot else { return Ok(device.clone()) };
    let (at, spec) =
        anywhere::<Snapshot>(tx, &from.key.account, &from.key.region, old)?.ok_or_else(|| Resource::SNAPSHOT.not_found(old))?;
    let wanted = WantedEncryption { encrypted: input.encrypted.filter(|it| *it), kms_key: input.kms_key_id.as_deref() };
    let encryption = copied_encryption(cx, tx, wanted, spec.encryption.as_ref())?;
    let new = format!("snap-{}", cx.env.hex(17));
    let origin = SnapshotOrigin::Copy(at.account.to_string(), at.region.to_string(), old.clone());
    let copy = SnapshotSpec {
        description: format!("Copied for DestinationAmi from SourceAmi {} for SourceSnapshot {old}.", from.key.id),
        encryption,
        ..SnapshotSpec::new(&spec.volume, spec.size, origin, cx.now)
    };
    tx.create(&key::<Snapshot>(cx, &new), &copy)?;
    let mut ebs = ebs.clone();
    ebs.snapshot = Some(new);
    Ok(BlockDevice { kind: BlockDeviceKind::Ebs(ebs), ..device.clone() })
}
