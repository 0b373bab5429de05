//! From images' records to what the API shows, and by what they are found. Pure.

use super::load::Loaded;
use crate::{
    describe::{Described, Field, Text, each, nothing},
    resource::Resource,
    tags,
};
use api::ec2::{
    ArchitectureValues, BlockDeviceMapping, BootModeValues, DeviceType, EbsBlockDevice, HypervisorType, Image, ImageState,
    ImageTypeValues, ImdsSupportValues, StateReason, Tag, TpmSupportValues, VirtualizationType, VolumeType,
};
use model::{
    Timestamp,
    ec2::{BlockDevice, BlockDeviceKind, EbsDevice, ImagePlan, ImageSpec},
};
use wire::Time;

/// An image.
pub fn image(loaded: &Loaded, encrypted: impl Fn(&str) -> bool) -> Image {
    let (spec, plan) = (&*loaded.spec, &*loaded.plan);
    let (source_image_id, source_image_region) = spec.source_image.clone().unzip();
    Image {
        platform_details: Some(spec.platform_details.clone()),
        usage_operation: Some("RunInstances".into()),
        block_device_mappings: Some(spec.block_devices.iter().map(|device| mapping(device, &encrypted)).collect()),
        description: spec.description.clone(),
        ena_support: Some(spec.ena_support),
        hypervisor: Some(HypervisorType::Xen),
        image_owner_alias: spec.owner_alias.clone(),
        name: Some(spec.name.clone()),
        root_device_name: Some(spec.root_device.clone()),
        root_device_type: Some(DeviceType::Ebs),
        sriov_net_support: Some("simple".into()),
        state_reason: state_reason(plan),
        tags: tags::view_if_any(&spec.tags),
        virtualization_type: Some(VirtualizationType::Hvm),
        boot_mode: spec.boot_mode.as_deref().and_then(BootModeValues::parse),
        tpm_support: spec.tpm.then_some(TpmSupportValues::V20),
        deprecation_time: spec.deprecated_at.map(moment),
        imds_support: spec.imds_v2.then_some(ImdsSupportValues::V20),
        source_instance_id: spec.source_instance.clone(),
        deregistration_protection: Some(if spec.deregistration_protection { "enabled" } else { "disabled" }.into()),
        image_allowed: Some(true),
        source_image_id,
        source_image_region,
        free_tier_eligible: Some(false),
        image_id: Some(loaded.key.id.clone()),
        image_location: Some(location(loaded)),
        state: Some(state(spec, plan)),
        owner_id: Some(loaded.key.account.to_string()),
        creation_date: Some(moment(spec.created_at)),
        public: Some(spec.public),
        architecture: ArchitectureValues::parse(&spec.architecture),
        image_type: Some(ImageTypeValues::Machine),
        ..Image::default()
    }
}

/// `owner/name`, with the alias where the owner has one.
fn location(loaded: &Loaded) -> String {
    let owner = loaded.spec.owner_alias.clone().unwrap_or_else(|| loaded.key.account.to_string());
    format!("{owner}/{}", loaded.spec.name)
}

fn state(spec: &ImageSpec, plan: &ImagePlan) -> ImageState {
    match plan {
        _ if spec.disabled => ImageState::Disabled,
        ImagePlan { failure: Some(_), .. } => ImageState::Failed,
        ImagePlan { available_at: Some(_), .. } => ImageState::Available,
        _ => ImageState::Pending,
    }
}

fn state_reason(plan: &ImagePlan) -> Option<StateReason> {
    let (code, message) = plan.failure.clone()?;
    Some(StateReason { code: Some(code), message: Some(message) })
}

/// As DescribeImages writes moments, which are texts there.
pub fn moment(at: Timestamp) -> String {
    Time(at.0).to_the_millisecond()
}

/// A disk of an image. `encrypted` says it of a snapshot.
pub fn mapping(device: &BlockDevice, encrypted: impl Fn(&str) -> bool) -> BlockDeviceMapping {
    let mapping = BlockDeviceMapping { device_name: Some(device.device.clone()), ..BlockDeviceMapping::default() };
    match &device.kind {
        BlockDeviceKind::Ebs(ebs) => {
            let encrypted = ebs.encrypted.or_else(|| ebs.snapshot.as_deref().map(encrypted)).unwrap_or(false);
            BlockDeviceMapping { ebs: Some(disk(ebs, encrypted)), ..mapping }
        }
        BlockDeviceKind::Ephemeral(name) => BlockDeviceMapping { virtual_name: Some(name.clone()), ..mapping },
        BlockDeviceKind::NoDevice => BlockDeviceMapping { no_device: Some(String::new()), ..mapping },
    }
}

fn disk(ebs: &EbsDevice, encrypted: bool) -> EbsBlockDevice {
    let number = |number: Option<u32>| number.and_then(|number| i32::try_from(number).ok());
    EbsBlockDevice {
        delete_on_termination: Some(ebs.delete_on_termination),
        iops: number(ebs.iops),
        snapshot_id: ebs.snapshot.clone(),
        volume_size: number(ebs.size),
        volume_type: VolumeType::parse(&ebs.volume_type),
        throughput: number(ebs.throughput),
        encrypted: Some(encrypted),
        kms_key_id: ebs.kms_key.clone(),
        ..EbsBlockDevice::default()
    }
}

fn ebs(it: &Image, of: fn(&EbsBlockDevice) -> Vec<String>) -> Vec<String> {
    it.block_device_mappings.iter().flatten().filter_map(|mapping| mapping.ebs.as_ref()).flat_map(of).collect()
}

fn word<T>(value: &Option<T>, text: fn(&T) -> &'static str) -> Vec<String> {
    value.iter().map(|value| text(value).to_owned()).collect()
}

/// EC2 API reference, "DescribeImages", filters.
impl Described for Image {
    const RESOURCE: Resource = Resource::IMAGE;
    const IDS: &'static str = "ImageIds";
    const FIELDS: &'static [Field<Self>] = &[
        ("architecture", |it| word(&it.architecture, |it| it.as_str())),
        ("block-device-mapping.delete-on-termination", |it| ebs(it, |ebs| ebs.delete_on_termination.texts())),
        ("block-device-mapping.device-name", |it| each(&it.block_device_mappings, |mapping| &mapping.device_name)),
        ("block-device-mapping.encrypted", |it| ebs(it, |ebs| ebs.encrypted.texts())),
        ("block-device-mapping.snapshot-id", |it| ebs(it, |ebs| ebs.snapshot_id.texts())),
        ("block-device-mapping.volume-size", |it| ebs(it, |ebs| ebs.volume_size.texts())),
        ("block-device-mapping.volume-type", |it| ebs(it, |ebs| word(&ebs.volume_type, |it| it.as_str()))),
        ("boot-mode", |it| word(&it.boot_mode, |it| it.as_str())),
        ("creation-date", |it| it.creation_date.texts()),
        ("description", |it| it.description.texts()),
        ("ena-support", |it| it.ena_support.texts()),
        ("free-tier-eligible", |it| it.free_tier_eligible.texts()),
        ("hypervisor", |it| word(&it.hypervisor, |it| it.as_str())),
        ("image-allowed", |it| it.image_allowed.texts()),
        ("image-id", |it| it.image_id.texts()),
        ("image-type", |it| word(&it.image_type, |it| it.as_str())),
        ("image-watermark.source-image-creation-time", nothing),
        ("image-watermark.source-image-id", nothing),
        ("image-watermark.source-image-region", nothing),
        ("image-watermark.watermark-creation-time", nothing),
        ("image-watermark.watermark-key", nothing),
        ("instance-type-specification.supported-instance-type", nothing),
        ("instance-type-specification.unsupported-instance-type", nothing),
        ("is-public", |it| it.public.texts()),
        ("kernel-id", |it| it.kernel_id.texts()),
        ("manifest-location", |it| it.image_location.texts()),
        ("name", |it| it.name.texts()),
        ("owner-alias", |it| it.image_owner_alias.texts()),
        ("owner-id", |it| it.owner_id.texts()),
        ("platform", |it| word(&it.platform, |it| it.as_str())),
        ("platform-details", |it| it.platform_details.texts()),
        ("product-code", nothing),
        ("product-code.type", nothing),
        ("public-ssm-parameter-name", |it| it.public_ssm_parameter_name.texts()),
        ("ramdisk-id", |it| it.ramdisk_id.texts()),
        ("root-device-name", |it| it.root_device_name.texts()),
        ("root-device-type", |it| word(&it.root_device_type, |it| it.as_str())),
        ("scan-result.critical-fix-available-since", nothing),
        ("scan-result.finding-scan-date", nothing),
        ("scan-result.high-fix-available-since", nothing),
        ("scan-result.highest-finding-severity-label", nothing),
        ("scan-result.informational-fix-available-since", nothing),
        ("scan-result.low-fix-available-since", nothing),
        ("scan-result.medium-fix-available-since", nothing),
        ("source-image-id", |it| it.source_image_id.texts()),
        ("source-image-region", |it| it.source_image_region.texts()),
        ("source-instance-id", |it| it.source_instance_id.texts()),
        ("state", |it| word(&it.state, |it| it.as_str())),
        ("state-reason-code", |it| it.state_reason.iter().flat_map(|reason| reason.code.texts()).collect()),
        ("state-reason-message", |it| it.state_reason.iter().flat_map(|reason| reason.message.texts()).collect()),
        ("sriov-net-support", |it| it.sriov_net_support.texts()),
        ("virtualization-type", |it| word(&it.virtualization_type, |it| it.as_str())),
    ];
    fn id(&self) -> &str {
        self.image_id.as_deref().unwrap_or_default()
    }
    fn tags(&self) -> &[Tag] {
        self.tags.as_deref().unwrap_or_default()
    }
}
