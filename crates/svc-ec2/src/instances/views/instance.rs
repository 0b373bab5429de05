//! Instances as the API shows them.

use super::{block_devices, interface, time};
use crate::{
    instances::{
        defaults::credits_text,
        load::{Belongings, Disk, Loaded},
    },
    tags,
    views::{Place, interface_groups as groups},
};
use api::ec2::{
    ArchitectureValues, BootModeValues, CapacityReservationPreference, CapacityReservationSpecificationResponse, CpuOptions,
    DeviceType, EbsInstanceBlockDevice, EnclaveOptions, HibernationOptions, HostnameType, HttpTokensState, HypervisorType,
    IamInstanceProfile, Instance, InstanceAutoRecoveryState, InstanceBandwidthWeighting, InstanceBlockDeviceMapping,
    InstanceBootModeValues, InstanceCreditSpecification, InstanceLifecycleType, InstanceMaintenanceOptions,
    InstanceMetadataEndpointState, InstanceMetadataOptionsResponse, InstanceMetadataOptionsState, InstanceMetadataProtocolState,
    InstanceMetadataTagsState, InstanceNetworkPerformanceOptions, InstanceRebootMigrationState, InstanceState as Shown,
    InstanceStateChange, InstanceStateName, Monitoring, MonitoringState, OperatorResponse, Placement as ShownPlacement,
    PrivateDnsNameOptionsResponse, Reservation, StateReason as ShownReason, Tenancy, VirtualizationType,
};
use logic::{
    ebs::AttachmentState,
    instance::{state_code, state_name, state_reason, state_transition},
    instance_type,
    vpc::instance_dns_name,
};
use model::ec2::{
    Boot, InstanceSpec, InstanceState, MetadataOptions, Placement, PrivateDnsOptions, ProfileAssociation, VolumeAttachment,
};

/// An instance with what belongs to it. One that has ended has nothing any more.
pub fn instance(place: Place<'_>, loaded: &Loaded, belongings: &Belongings) -> Instance {
    let (spec, plan) = (&loaded.spec, &loaded.plan);
    let state_now = loaded.state();
    let gone = state_now == InstanceState::Terminated;
    let primary = belongings.interfaces.first().map(|(_, interface)| &**interface);
    let shown = belongings.interfaces.iter().map(|(id, it)| interface(place, id, it, &belongings.groups));
    Instance {
        architecture: ArchitectureValues::parse(&spec.boot.architecture),
        block_device_mappings: Some(block_devices(&loaded.id, &belongings.volumes)),
        network_interfaces: Some(shown.collect()),
        security_groups: Some(primary.map(|it| groups(it, &belongings.groups)).unwrap_or_default()),
        source_dest_check: primary.map(|it| it.source_dest_check),
        state_reason: state_reason(spec, plan).map(|it| ShownReason { code: Some(it.code), message: Some(it.message) }),
        state_transition_reason: Some(state_transition(spec, plan)),
        tags: tags::view_if_any(&spec.tags),
        instance_id: Some(loaded.id.clone()),
        image_id: Some(spec.image.clone()),
        state: Some(state(state_now)),
        private_dns_name: Some(
            primary.map(|it| instance_dns_name(&spec.private_dns, &loaded.id, it.address, place.region)).unwrap_or_default(),
        ),
        // There is no public name server in which it could have a name.
        public_dns_name: Some(String::new()),
        ami_launch_index: Some(spec.launch.index),
        launch_time: Some(time(spec.launch.at)),
        placement: Some(placement(&spec.placement)),
        subnet_id: Some(spec.subnet.clone()).filter(|_| !gone),
        vpc_id: Some(spec.vpc.clone()).filter(|_| !gone),
        ipv6_address: primary.and_then(|it| it.ipv6.first()).map(ToString::to_string),
        private_ip_address: primary.map(|it| it.address.to_string()),
        public_ip_address: primary.and_then(|it| it.public_address).map(|address| address.to_string()),
        instance_type: Some(spec.instance_type.clone()),
        product_codes: Some(Vec::new()),
        iam_instance_profile: spec.profile.as_ref().filter(|_| !gone).map(profile),
        key_name: spec.key.as_ref().map(|key| key.name.clone()),
        client_token: Some(spec.launch.client_token.clone().unwrap_or_default()),
        ..with_options(spec)
    }
}

/// What an instance was launched with and what can be changed of it.
fn with_options(spec: &InstanceSpec) -> Instance {
    let attributes = &spec.attributes;
    Instance {
        ebs_optimized: Some(attributes.ebs_optimized),
        ena_support: Some(attributes.ena_support),
        hypervisor: Some(HypervisorType::Xen),
        virtualization_type: Some(VirtualizationType::Hvm),
        root_device_name: Some(spec.boot.root_device.clone()),
        root_device_type: Some(DeviceType::Ebs),
        boot_mode: spec.boot.boot_mode.as_deref().and_then(BootModeValues::parse),
        current_instance_boot_mode: Some(boot_mode(&spec.boot, &spec.instance_type)),
        platform_details: Some(spec.boot.platform_details.clone()),
        instance_lifecycle: spec.purchase.life_cycle().and_then(InstanceLifecycleType::parse),
        usage_operation: Some("RunInstances".into()),
        usage_operation_update_time: Some(time(spec.launch.at)),
        monitoring: Some(monitoring(attributes.detailed_monitoring)),
        cpu_options: cpu_options(spec),
        capacity_reservation_specification: Some(CapacityReservationSpecificationResponse {
            capacity_reservation_preference: Some(CapacityReservationPreference::Open),
            ..CapacityReservationSpecificationResponse::default()
        }),
        hibernation_options: Some(HibernationOptions { configured: Some(attributes.hibernation) }),
        metadata_options: Some(metadata(&spec.metadata)),
        enclave_options: Some(EnclaveOptions { enabled: Some(false) }),
        private_dns_name_options: Some(private_dns(&spec.private_dns)),
        maintenance_options: Some(InstanceMaintenanceOptions {
            auto_recovery: InstanceAutoRecoveryState::parse(&attributes.auto_recovery),
            reboot_migration: Some(InstanceRebootMigrationState::Default),
        }),
        network_performance_options: Some(InstanceNetworkPerformanceOptions {
            bandwidth_weighting: Some(InstanceBandwidthWeighting::Default),
        }),
        operator: Some(OperatorResponse { managed: Some(false), ..OperatorResponse::default() }),
        ..Instance::default()
    }
}

/// A state with its number.
pub fn state(state: InstanceState) -> Shown {
    Shown { code: Some(state_code(state)), name: InstanceStateName::parse(state_name(state)) }
}

/// A change of state.
pub fn state_change(id: &str, before: InstanceState, after: InstanceState) -> InstanceStateChange {
    InstanceStateChange { instance_id: Some(id.into()), current_state: Some(state(after)), previous_state: Some(state(before)) }
}

/// Instances of one request.
pub fn reservation(place: Place<'_>, id: &str, instances: Vec<Instance>) -> Reservation {
    Reservation {
        reservation_id: Some(id.into()),
        owner_id: Some(place.account.to_string()),
        groups: Some(Vec::new()),
        instances: Some(instances),
        ..Reservation::default()
    }
}

/// Where it is to run.
fn placement(spec: &Placement) -> ShownPlacement {
    ShownPlacement {
        availability_zone: Some(spec.zone.clone()),
        group_name: Some(spec.group.clone().unwrap_or_default()),
        partition_number: spec.partition,
        tenancy: Tenancy::parse(&spec.tenancy),
        ..ShownPlacement::default()
    }
}

/// Its instance profile.
pub fn profile(association: &ProfileAssociation) -> IamInstanceProfile {
    IamInstanceProfile { arn: Some(association.arn.clone()), id: Some(association.profile_id.clone()) }
}

/// Whether it is monitored in detail.
fn monitoring(detailed: bool) -> Monitoring {
    let state = if detailed { MonitoringState::Enabled } else { MonitoringState::Disabled };
    Monitoring { state: Some(state), ..Monitoring::default() }
}

/// As which firmware it boots now: UEFI where its image prefers that and its type has it.
fn boot_mode(boot: &Boot, name: &str) -> InstanceBootModeValues {
    let can_uefi = instance_type::named(name).is_some_and(|kind| kind.boot_modes.iter().any(|mode| mode == "uefi"));
    match boot.boot_mode.as_deref() {
        Some("uefi") => InstanceBootModeValues::Uefi,
        Some("uefi-preferred") if can_uefi => InstanceBootModeValues::Uefi,
        None if boot.architecture == "arm64" => InstanceBootModeValues::Uefi,
        _ => InstanceBootModeValues::LegacyBios,
    }
}

fn cpu_options(spec: &InstanceSpec) -> Option<CpuOptions> {
    let of_type = instance_type::named(&spec.instance_type).map(|kind| (kind.cores, kind.threads));
    let (cores, threads) = spec.attributes.cpu_options.or(of_type)?;
    Some(CpuOptions { core_count: Some(cores), threads_per_core: Some(threads), ..CpuOptions::default() })
}

/// How its metadata service answers.
pub fn metadata(options: &MetadataOptions) -> InstanceMetadataOptionsResponse {
    let (on, off) = (InstanceMetadataEndpointState::Enabled, InstanceMetadataEndpointState::Disabled);
    let (tagged, untagged) = (InstanceMetadataTagsState::Enabled, InstanceMetadataTagsState::Disabled);
    let (required, optional) = (HttpTokensState::Required, HttpTokensState::Optional);
    InstanceMetadataOptionsResponse {
        state: Some(InstanceMetadataOptionsState::Applied),
        http_tokens: Some(if options.tokens_required { required } else { optional }),
        http_put_response_hop_limit: Some(options.hop_limit),
        http_endpoint: Some(if options.enabled { on } else { off }),
        http_protocol_ipv6: Some(InstanceMetadataProtocolState::Disabled),
        instance_metadata_tags: Some(if options.tags { tagged } else { untagged }),
    }
}

/// What its host name is made of.
fn private_dns(options: &PrivateDnsOptions) -> PrivateDnsNameOptionsResponse {
    PrivateDnsNameOptionsResponse {
        hostname_type: Some(if options.resource_name { HostnameType::ResourceName } else { HostnameType::IpName }),
        enable_resource_name_dns_a_record: Some(options.a_record),
        enable_resource_name_dns_aaaa_record: Some(options.aaaa_record),
    }
}

/// One of its volumes.
pub(super) fn block_device(disk: &Disk, attachment: &VolumeAttachment, state: AttachmentState) -> InstanceBlockDeviceMapping {
    let status = match state {
        AttachmentState::Attaching => "attaching",
        AttachmentState::Attached => "attached",
        AttachmentState::Busy | AttachmentState::Detaching => "detaching",
    };
    InstanceBlockDeviceMapping {
        device_name: Some(attachment.device.clone()),
        ebs: Some(EbsInstanceBlockDevice {
            attach_time: Some(time(attachment.at)),
            delete_on_termination: Some(attachment.delete_on_termination),
            status: Some(status.into()),
            volume_id: Some(disk.id.clone()),
            ..EbsInstanceBlockDevice::default()
        }),
    }
}

/// How its CPU credits are spent.
pub fn credits(loaded: &Loaded) -> InstanceCreditSpecification {
    let cpu_credits = Some(credits_text(loaded.spec.attributes.unlimited_credits).into());
    InstanceCreditSpecification { instance_id: Some(loaded.id.clone()), cpu_credits }
}
