//! `RegisterImage`: an image of snapshots that are there.

use super::{devices, errors::invalid_mapping, load::check_name};
use crate::{
    errors::{dry_run, invalid_value, missing_parameter, refuse},
    records::key,
    resource::Resource,
    tags,
};
use api::ec2::{ArchitectureValues, RegisterImageRequest, RegisterImageResult};
use front::{Answer, Cx};
use model::ec2::{BlockDevice, BlockDeviceKind, Image, ImageSpec, MachineKind};
use spine::Tx;

/// `RegisterImage`. What its root disk holds is found out by the reconciler of images: one with something to boot makes a virtual machine, one
/// with a file system alone a system container.
pub fn register(cx: &Cx, tx: &mut Tx, input: &RegisterImageRequest) -> Answer<RegisterImageResult> {
    dry_run(input.dry_run)?;
    unbuilt(input)?;
    check_name(cx, tx, &input.name)?;
    let root_device = input.root_device_name.clone().ok_or_else(|| missing_parameter("rootDeviceName"))?;
    let block_devices = devices::parse(cx, tx, input.block_device_mappings.as_deref().unwrap_or_default())?;
    let root = block_devices.iter().find(|device| device.device == root_device);
    if !root.is_some_and(has_snapshot) {
        return Err(invalid_mapping(format!("No snapshot is given for the root device {root_device}")));
    }
    let id = format!("ami-{}", cx.env.hex(17));
    let spec = ImageSpec {
        description: input.description.clone(),
        boot_mode: input.boot_mode.map(|mode| mode.as_str().into()),
        block_devices,
        ena_support: input.ena_support.unwrap_or(false),
        imds_v2: input.imds_support.is_some(),
        tags: tags::on_create(input.tag_specifications.as_deref(), Resource::IMAGE)?,
        ..ImageSpec::new(&input.name, architecture(input)?, machine(input), &root_device, cx.now)
    };
    tx.create(&key::<Image>(cx, &id), &spec)?;
    Ok(RegisterImageResult { image_id: Some(id) })
}

/// A virtual machine where a boot mode says that there is something to boot; otherwise a system container, unless the disk shows something else.
fn machine(input: &RegisterImageRequest) -> MachineKind {
    if input.boot_mode.is_some() { MachineKind::Guest } else { MachineKind::SystemContainer }
}

fn has_snapshot(device: &BlockDevice) -> bool {
    matches!(&device.kind, BlockDeviceKind::Ebs(ebs) if ebs.snapshot.is_some())
}

fn architecture(input: &RegisterImageRequest) -> Answer<&'static str> {
    let asked = input.architecture.unwrap_or(ArchitectureValues::I386);
    match asked {
        ArchitectureValues::X8664 | ArchitectureValues::Arm64 => Ok(asked.as_str()),
        other => Err(invalid_value(format!("Invalid value '{}' for architecture: it is not supported here", other.as_str()))),
    }
}

fn unbuilt(input: &RegisterImageRequest) -> Answer<()> {
    refuse(&[
        ("ImageLocation", input.image_location.as_deref().is_some_and(|it| !it.is_empty())),
        ("BillingProducts", input.billing_products.is_some()),
        ("TpmSupport", input.tpm_support.is_some()),
        ("UefiData", input.uefi_data.is_some()),
        ("KernelId", input.kernel_id.is_some()),
        ("RamdiskId", input.ramdisk_id.is_some()),
        ("SriovNetSupport", input.sriov_net_support.as_deref().is_some_and(|it| it != "simple")),
        ("VirtualizationType", input.virtualization_type.as_deref().is_some_and(|kind| kind != "hvm")),
    ])
}
