//! The disks of images, as requests say them.

use super::errors::invalid_mapping;
use crate::{
    errors::{missing_parameter, refuse},
    records::find,
    volumes::positive,
};
use api::ec2::{BlockDeviceMapping, EbsBlockDevice};
use front::{Answer, Cx};
use model::ec2::{BlockDevice, BlockDeviceKind, EbsDevice, Snapshot, SnapshotPlan};
use spine::{Read, Tx};
use wire::Fault;

/// The type of volumes of which nobody says another.
const USUAL_TYPE: &str = "gp2";

/// The disks that mappings say. A snapshot has to be the caller's, and complete.
pub fn parse(cx: &Cx, tx: &Tx, mappings: &[BlockDeviceMapping]) -> Answer<Vec<BlockDevice>> {
    let mut devices: Vec<BlockDevice> = Vec::new();
    for mapping in mappings {
        let device = mapping.device_name.clone().ok_or_else(|| missing_parameter("BlockDeviceMapping.DeviceName"))?;
        if devices.iter().any(|other| other.device == device) {
            return Err(invalid_mapping(format!("The device {device} is used in more than one block-device mapping")));
        }
        devices.push(BlockDevice { kind: kind(cx, tx, mapping)?, device });
    }
    Ok(devices)
}

fn kind(cx: &Cx, tx: &Tx, mapping: &BlockDeviceMapping) -> Answer<BlockDeviceKind> {
    match (&mapping.ebs, &mapping.virtual_name, &mapping.no_device) {
        (Some(ebs), None, None) => volume(cx, tx, ebs).map(BlockDeviceKind::Ebs),
        (None, Some(name), None) => Ok(BlockDeviceKind::Ephemeral(name.clone())),
        (None, None, Some(_)) => Ok(BlockDeviceKind::NoDevice),
        _ => Err(invalid_mapping("A block-device mapping names exactly one of Ebs, VirtualName and NoDevice")),
    }
}

fn volume(cx: &Cx, tx: &Tx, asked: &EbsBlockDevice) -> Answer<EbsDevice> {
    refuse(&[
        ("BlockDeviceMapping.Ebs.OutpostArn", asked.outpost_arn.is_some()),
        ("BlockDeviceMapping.Ebs.VolumeInitializationRate", asked.volume_initialization_rate.is_some()),
        ("BlockDeviceMapping.Ebs.AvailabilityZone", asked.availability_zone.is_some()),
    ])?;
    let of_snapshot = match &asked.snapshot_id {
        Some(id) => Some(complete(cx, tx, id)?),
        None => None,
    };
    let size = match (positive("volumeSize", asked.volume_size)?, of_snapshot) {
        (Some(size), Some(least)) if size < least => {
            return Err(invalid_mapping(format!("Volume of size {size}GB is smaller than snapshot, expect size >= {least}GB")));
        }
        (size, least) => size.or(least),
    };
    if size.is_none() {
        return Err(missing_parameter("BlockDeviceMapping.Ebs.VolumeSize"));
    }
    Ok(EbsDevice {
        snapshot: asked.snapshot_id.clone(),
        size,
        volume_type: asked.volume_type.map_or(USUAL_TYPE, |kind| kind.as_str()).into(),
        iops: positive("iops", asked.iops)?,
        throughput: positive("throughput", asked.throughput)?,
        delete_on_termination: asked.delete_on_termination.unwrap_or(true),
        encrypted: asked.encrypted,
        kms_key: asked.kms_key_id.clone(),
    })
}

/// The size of a snapshot of the caller's that is complete.
fn complete(cx: &Cx, tx: &Tx, id: &str) -> Answer<u32> {
    let spec = find::<Snapshot>(cx, tx, id)?;
    let plan = tx.get(&crate::records::key::<Snapshot>(cx, id))?.map(|row| row.plan);
    match plan.as_deref() {
        Some(SnapshotPlan { completed_at: Some(_), .. }) => Ok(spec.size),
        _ => Err(Fault::client("IncorrectState", format!("Snapshot is in invalid state - pending: {id}"))),
    }
}
