//! The volumes that a request asks for, over those that its image has.

use super::{image::Launchable, wanted::Wanted};
use crate::{
    errors::missing_parameter,
    instances::{errors::not_built, hibernation},
    quotas,
    tagged::anywhere,
    volumes::{NewVolume, WantedEncryption, may_attach, new_volume, positive},
};
use api::ec2::{BlockDeviceMapping, EbsBlockDevice, RunInstancesRequest};
use front::{Answer, Cx};
use logic::{
    ebs::next_attachment,
    instance_type::{InstanceType, Support},
};
use model::ec2::{BlockDevice, BlockDeviceKind, EbsDevice, ImageSpec, Snapshot, VolumePlan, VolumeSpec};
use spine::Tx;
use wire::Fault;

/// A volume of each instance.
pub struct WantedDisk {
    /// Such as `/dev/xvda`.
    device: String,
    /// What it is.
    ebs: EbsDevice,
    /// Its snapshot is one of the image's, which the caller may use because it may use the image.
    of_image: bool,
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
        (Some(_), None, Some(_)) => {
            Err(invalid_mapping(format!("The device {name} is both a volume and an instance store volume")))
        }
        (None, None, None) => Err(missing_parameter("BlockDeviceMapping.Ebs")),
    }
}

fn merge(of_image: Option<EbsDevice>, asked: &EbsBlockDevice) -> Answer<EbsDevice> {
    for (given, parameter) in [
        (asked.outpost_arn.is_some(), "BlockDeviceMapping.Ebs.OutpostArn"),
        (asked.volume_initialization_rate.is_some(), "BlockDeviceMapping.Ebs.VolumeInitializationRate"),
        (asked.ebs_card_index.is_some_and(|card| card != 0), "BlockDeviceMapping.Ebs.EbsCardIndex"),
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
    let (size, iops, throughput) =
        (positive("volumeSize", asked.volume_size)?, positive("iops", asked.iops)?, positive("throughput", asked.throughput)?);
    let retyped = asked.volume_type.is_some_and(|kind| kind.as_str() != base.volume_type);
    Ok(EbsDevice {
        snapshot: asked.snapshot_id.clone().or(base.snapshot),
        size: size.or(base.size),
        iops: iops.or(base.iops.filter(|_| !retyped)),
        throughput: throughput.or(base.throughput.filter(|_| !retyped)),
        volume_type: asked.volume_type.map_or(base.volume_type, |kind| kind.as_str().into()),
        delete_on_termination: asked.delete_on_termination.unwrap_or(base.delete_on_termination),
        encrypted: asked.encrypted.or(base.encrypted),
        kms_key: asked.kms_key_id.clone().or(base.kms_key),
    })
}

/// The volume, with a size that holds its snapshot.
fn disk(cx: &Cx, tx: &Tx, image: &Launchable, device: String, ebs: EbsDevice) -> Answer<WantedDisk> {
    let snapshot = match &ebs.snapshot {
        Some(id) => anywhere::<Snapshot>(tx, &cx.account, &cx.region, id)?,
        None => None,
    };
    if device == image.spec.root_device && matches!(&*ebs.volume_type, "st1" | "sc1") {
        let message = format!("The volume type '{}' cannot be used as a boot volume", ebs.volume_type);
        return Err(Fault::client("BootForVolumeTypeUnsupported", message));
    }
    if let (Some(size), Some((key, snapshot))) = (ebs.size, &snapshot)
        && size < snapshot.size
    {
        let message = format!("Volume of size {size}GB is smaller than snapshot '{}', expect size>= {}GB", key.id, snapshot.size);
        return Err(invalid_mapping(message));
    }
    let named = |device: &BlockDevice| matches!(&device.kind, BlockDeviceKind::Ebs(it) if it.snapshot == ebs.snapshot);
    let of_image = snapshot.is_some_and(|(key, _)| key.account == image.owner) && image.spec.block_devices.iter().any(named);
    Ok(WantedDisk { device, ebs, of_image })
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
    mapped
        .iter()
        .filter(|(_, name)| place(name).is_some_and(|place| place < count))
        .map(|(device, _)| (device.clone(), size))
        .collect()
}

/// From the GB of the data sheets.
fn gib(gb: i64) -> u32 {
    u32::try_from(gb.saturating_mul(1_000_000_000) >> 30).unwrap_or(u32::MAX)
}

/// Refuses volumes that can't be: of each one is made, as it would be.
pub fn check(cx: &Cx, tx: &mut Tx, wanted: &Wanted, instances: u64) -> Answer<()> {
    wanted.disks.iter().try_for_each(|disk| {
        let made = volume(cx, tx, wanted, disk, "i-00000000")?;
        quotas::check_volumes(cx, made.size, &made.performance, instances)?;
        if wanted.attributes.hibernation && disk.device == wanted.image.spec.root_device {
            hibernation::check_root(&made, wanted.kind.memory_mib)?;
        }
        may_attach(cx, tx, made.encryption.as_ref())
    })
}

/// The record of a volume that is made for an instance, with a data key of its own if it is encrypted.
pub fn volume(cx: &Cx, tx: &mut Tx, wanted: &Wanted, disk: &WantedDisk, instance: &str) -> Answer<VolumeSpec> {
    let number = |value: Option<u32>| value.map(|value| i32::try_from(value).unwrap_or(i32::MAX));
    let ebs = &disk.ebs;
    let new = NewVolume {
        zone: &wanted.placement.zone,
        size: number(ebs.size),
        volume_type: Some(&ebs.volume_type),
        iops: number(ebs.iops),
        throughput: number(ebs.throughput),
        snapshot: ebs.snapshot.as_deref(),
        snapshot_by_image: disk.of_image,
        encryption: WantedEncryption { encrypted: ebs.encrypted, kms_key: ebs.kms_key.as_deref() },
        tags: wanted.tags.volume.clone(),
        ..NewVolume::default()
    };
    let mut spec = new_volume(cx, tx, new)?;
    let at = (instance, disk.device.as_str());
    next_attachment(&mut spec, &VolumePlan::default(), at, ebs.delete_on_termination, cx.now);
    Ok(spec)
}
