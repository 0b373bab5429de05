//! The volumes that a request asks for, over those that its image has.

use super::{image::Launchable, wanted::Wanted};
use crate::{
    errors::{invalid_value, missing_parameter},
    instances::errors::not_built,
    resource::Resource,
    tagged::anywhere,
};
use api::ec2::{BlockDeviceMapping, EbsBlockDevice, RunInstancesRequest};
use front::{Answer, Cx};
use logic::instance_type::{InstanceType, Support};
use model::ec2::{
    BlockDeviceKind, EbsDevice, ImageSpec, Performance, Snapshot, SnapshotSpec, VolumeAttachment, VolumeSpec,
};
use spine::Tx;
use std::sync::Arc;
use wire::Fault;

/// A volume of each instance.
pub struct WantedDisk {
    /// Such as `/dev/xvda`.
    pub device: String,
    /// In GiB.
    pub size: u32,
    /// Its type and what that gives.
    pub performance: Performance,
    /// The snapshot that it begins as.
    pub snapshot: Option<String>,
    /// It goes with the instance.
    pub delete_on_termination: bool,
}

/// The volumes of a request: those of the image, changed by what the request says of the same devices, and the request's own.
pub fn read(cx: &Cx, tx: &Tx, input: &RunInstancesRequest, image: &Launchable, kind: &InstanceType) -> Answer<Vec<WantedDisk>> {
    let mappings = input.block_device_mappings.as_deref().unwrap_or_default();
    let mut devices: Vec<(String, EbsDevice)> = Vec::new();
    for device in &image.spec.block_devices {
        if let BlockDeviceKind::Ebs(ebs) = &device.kind {
            devices.push((device.device.clone(), ebs.clone()));
        }
    }
    for mapping in mappings {
        overlay(&mut devices, mapping, &image.spec)?;
    }
    let limit = usize::try_from(kind.ebs.attachments).unwrap_or_default();
    if devices.len() > limit {
        let message = format!("Volume count {} exceeds the limit for {}", devices.len(), kind.name);
        return Err(Fault::client("AttachmentLimitExceeded", message));
    }
    devices.into_iter().map(|(device, ebs)| disk(cx, tx, image, device, ebs)).collect()
}

fn overlay(devices: &mut Vec<(String, EbsDevice)>, mapping: &BlockDeviceMapping, image: &ImageSpec) -> Answer<()> {
    let name = mapping.device_name.as_deref().ok_or_else(|| missing_parameter("BlockDeviceMapping.DeviceName"))?;
    if !name.starts_with("/dev/") && !name.starts_with("sd") && !name.starts_with("xvd") {
        return Err(invalid_mapping(format!("Invalid device name {name}")));
    }
    let root = name == image.root_device;
    match (&mapping.ebs, &mapping.no_device, &mapping.virtual_name) {
        (_, Some(_), _) if root => Err(invalid_mapping(format!("The root device {name} cannot be left out"))),
        (_, Some(_), _) => {
            devices.retain(|(device, _)| device != name);
            Ok(())
        }
        (Some(ebs), None, None) => {
            let before = devices.iter().position(|(device, _)| device == name);
            let of_image = before.map(|place| devices.remove(place).1);
            if root && ebs.snapshot_id.is_some() && ebs.snapshot_id != of_image.as_ref().and_then(|it| it.snapshot.clone()) {
                return Err(invalid_mapping("snapshotId cannot be modified on root device"));
            }
            let merged = merge(of_image, ebs)?;
            devices.insert(before.unwrap_or(devices.len()), (name.into(), merged));
            Ok(())
        }
        (None, None, Some(_)) => {
            devices.retain(|(device, _)| device != name);
            Ok(())
        }
        (Some(_), None, Some(_)) => Err(invalid_mapping(format!("The device {name} is both a volume and an instance store volume"))),
        (None, None, None) => Err(missing_parameter("BlockDeviceMapping.Ebs")),
    }
}

fn merge(of_image: Option<EbsDevice>, asked: &EbsBlockDevice) -> Answer<EbsDevice> {
    for (given, parameter) in [
        (asked.outpost_arn.is_some(), "BlockDeviceMapping.Ebs.OutpostArn"),
        (asked.volume_initialization_rate.is_some(), "BlockDeviceMapping.Ebs.VolumeInitializationRate"),
        (asked.ebs_card_index.is_some_and(|card| card != 0), "BlockDeviceMapping.Ebs.EbsCardIndex"),
        (asked.encrypted == Some(true), "BlockDeviceMapping.Ebs.Encrypted"),
        (asked.kms_key_id.is_some(), "BlockDeviceMapping.Ebs.KmsKeyId"),
    ] {
        if given {
            return Err(not_built(parameter));
        }
    }
    let base = of_image.unwrap_or_else(|| EbsDevice {
        snapshot: None,
        size: None,
        volume_type: "gp2".into(),
        iops: None,
        throughput: None,
        delete_on_termination: true,
        encrypted: None,
        kms_key: None,
    });
    let number = |given: Option<i32>, name: &str| {
        let read = |value: i32| u32::try_from(value).map_err(|_| invalid_value(format!("Value ({value}) for parameter {name} is invalid.")));
        given.map(read).transpose()
    };
    let (size, iops, throughput) =
        (number(asked.volume_size, "volumeSize")?, number(asked.iops, "iops")?, number(asked.throughput, "throughput")?);
    let retyped = asked.volume_type.is_some_and(|kind| kind.as_str() != base.volume_type);
    Ok(EbsDevice {
        snapshot: asked.snapshot_id.clone().or(base.snapshot),
        size: size.or(base.size),
        iops: iops.or(base.iops.filter(|_| !retyped)),
        throughput: throughput.or(base.throughput.filter(|_| !retyped)),
        volume_type: asked.volume_type.map_or(base.volume_type, |kind| kind.as_str().into()),
        delete_on_termination: asked.delete_on_termination.unwrap_or(base.delete_on_termination),
        encrypted: asked.encrypted.or(base.encrypted),
        kms_key: base.kms_key,
    })
}

/// The volume, with a size that holds its snapshot.
fn disk(cx: &Cx, tx: &Tx, image: &Launchable, device: String, ebs: EbsDevice) -> Answer<WantedDisk> {
    let snapshot = ebs.snapshot.as_deref().map(|id| snapshot(cx, tx, image, id)).transpose()?;
    let least = snapshot.as_ref().map(|snapshot| snapshot.size);
    let size = ebs.size.or(least).ok_or_else(|| missing_parameter("size or snapshotId"))?;
    if let (Some(id), Some(least)) = (&ebs.snapshot, least.filter(|least| size < *least)) {
        let message = format!("Volume of size {size}GB is smaller than snapshot '{id}', expect size>= {least}GB");
        return Err(invalid_mapping(message));
    }
    let performance = Performance { volume_type: ebs.volume_type, iops: ebs.iops, throughput: ebs.throughput };
    Ok(WantedDisk { device, size, performance, snapshot: ebs.snapshot, delete_on_termination: ebs.delete_on_termination })
}

/// A snapshot that the caller may use: the image's own, or one that is shared.
fn snapshot(cx: &Cx, tx: &Tx, image: &Launchable, id: &str) -> Answer<Arc<SnapshotSpec>> {
    let (key, spec) = anywhere::<Snapshot>(tx, &cx.account, &cx.region, id)?.ok_or_else(|| Resource::SNAPSHOT.absent(id))?;
    let of_image = image.spec.block_devices.iter().any(|it| matches!(&it.kind, BlockDeviceKind::Ebs(ebs) if ebs.snapshot.as_deref() == Some(id)));
    let shared = spec.public || spec.shared_with.iter().any(|account| account == cx.account.as_str());
    let may = key.account == cx.account || shared || of_image && key.account == image.owner;
    may.then_some(spec).ok_or_else(|| Resource::SNAPSHOT.absent(id))
}

fn invalid_mapping(message: impl Into<String>) -> Fault {
    Fault::client("InvalidBlockDeviceMapping", message)
}

/// The instance store volumes that a request maps, as names and virtual names.
pub fn ephemeral(input: &RunInstancesRequest, image: &ImageSpec) -> Vec<(String, String)> {
    let of_image = image.block_devices.iter().filter_map(|device| match &device.kind {
        BlockDeviceKind::Ephemeral(name) => Some((device.device.clone(), name.clone())),
        _ => None,
    });
    let mut found: Vec<(String, String)> = of_image.collect();
    for mapping in input.block_device_mappings.as_deref().unwrap_or_default() {
        let Some(device) = &mapping.device_name else { continue };
        found.retain(|(known, _)| known != device);
        if let Some(name) = mapping.virtual_name.as_ref().filter(|_| mapping.no_device.is_none()) {
            found.push((device.clone(), name.clone()));
        }
    }
    found
}

/// The instance store volumes that a type has, as names and GiB: NVMe ones are all there, others where they are mapped (EC2 user guide,
/// "Add instance store volumes").
pub fn instance_store(kind: &InstanceType, mapped: &[(String, String)]) -> Vec<(String, u32)> {
    let Some(storage) = &kind.storage else { return Vec::new() };
    let (count, size) = (usize::try_from(storage.count).unwrap_or_default(), gib(storage.gb));
    if storage.nvme == Support::Required {
        return (1..=count).map(|n| (format!("/dev/nvme{n}n1"), size)).collect();
    }
    let place = |name: &str| name.strip_prefix("ephemeral").and_then(|number| number.parse::<usize>().ok());
    mapped.iter().filter(|(_, name)| place(name).is_some_and(|place| place < count)).map(|(device, _)| (device.clone(), size)).collect()
}

/// From the GB of the data sheets.
fn gib(gb: i64) -> u32 {
    u32::try_from(gb.saturating_mul(1_000_000_000) >> 30).unwrap_or(u32::MAX)
}

/// The record of a volume that is made for an instance.
pub fn volume(cx: &Cx, wanted: &Wanted, disk: &WantedDisk, instance: &str) -> VolumeSpec {
    VolumeSpec {
        size: disk.size,
        performance: disk.performance.clone(),
        zone: wanted.placement.zone.clone(),
        snapshot: disk.snapshot.clone(),
        encryption: None,
        multi_attach: false,
        created_at: cx.now,
        attachments: vec![VolumeAttachment {
            instance: instance.into(),
            device: disk.device.clone(),
            delete_on_termination: disk.delete_on_termination,
            at: cx.now,
            detach: None,
        }],
        modifications: Vec::new(),
        auto_enable_io: false,
        client_token: None,
        deleted_at: None,
        tags: wanted.tags.volume.clone(),
    }
}
