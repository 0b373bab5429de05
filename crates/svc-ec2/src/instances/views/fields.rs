//! By what instances are found: every documented filter of `DescribeInstances` (EC2 API reference).

use super::time;
use crate::{
    describe::{Described, Field, Sought, Text, each, nothing},
    instances::load::{Belongings, Loaded},
    resource::Resource,
};
use api::ec2::{
    EbsInstanceBlockDevice, IamInstanceProfileAssociation, Instance, InstanceImageMetadata, InstanceIpv6Address,
    InstanceMetadataOptionsResponse, InstanceNetworkInterface, InstanceNetworkInterfaceAssociation,
    InstanceNetworkInterfaceAttachment, InstancePrivateIpAddress, InstanceTopology, Tag,
};
use logic::instance::{state_code, state_name};
use model::ec2::{InstanceSpec, InstanceState, NetworkInterfaceSpec, Tags};

/// An instance as it is shown, with what is not shown of it but found by.
pub struct Shown {
    /// As it is shown.
    pub instance: Instance,
    /// `r-…`.
    pub reservation: String,
    /// Who owns it.
    pub owner: String,
    /// The id of its zone.
    pub zone_id: String,
    /// Its interfaces' records.
    pub belongings: Belongings,
}

impl Described for Shown {
    const RESOURCE: Resource = Resource::INSTANCE;
    const IDS: &'static str = "instancesSet";
    const FIELDS: &'static [Field<Self>] = FIELDS;

    fn id(&self) -> &str {
        self.instance.instance_id.as_deref().unwrap_or_default()
    }

    fn tags(&self) -> &[Tag] {
        self.instance.tags.as_deref().unwrap_or_default()
    }
}

impl Sought for Shown {
    type Glance = Loaded;
    const GLANCES: &'static [Field<Loaded>] = GLANCES;
    const TAGGED: bool = true;

    fn id_of(loaded: &Loaded) -> &str {
        &loaded.id
    }

    fn tags_of(loaded: &Loaded) -> &Tags {
        &loaded.spec.tags
    }
}

/// What an instance has until it is gone.
fn while_there(it: &Loaded, of: fn(&InstanceSpec) -> &String) -> Vec<String> {
    if it.state() == InstanceState::Terminated { Vec::new() } else { vec![of(&it.spec).clone()] }
}

/// What the record of an instance says.
const GLANCES: &[Field<Loaded>] = &[
    ("architecture", |it| vec![it.spec.boot.architecture.clone()]),
    ("availability-zone", |it| vec![it.spec.placement.zone.clone()]),
    ("client-token", |it| vec![it.spec.launch.client_token.clone().unwrap_or_default()]),
    ("image-id", |it| vec![it.spec.image.clone()]),
    ("instance-id", |it| vec![it.id.clone()]),
    ("instance-state-code", |it| vec![state_code(it.state()).to_string()]),
    ("instance-state-name", |it| vec![state_name(it.state()).to_owned()]),
    ("instance-type", |it| vec![it.spec.instance_type.clone()]),
    ("key-name", |it| it.spec.key.iter().map(|key| key.name.clone()).collect()),
    ("launch-index", |it| vec![it.spec.launch.index.to_string()]),
    ("launch-time", |it| vec![time(it.spec.launch.at).to_the_millisecond()]),
    ("placement-group-name", |it| it.spec.placement.group.iter().cloned().collect()),
    ("reservation-id", |it| vec![it.spec.launch.reservation.clone()]),
    ("root-device-name", |it| vec![it.spec.boot.root_device.clone()]),
    ("subnet-id", |it| while_there(it, |spec| &spec.subnet)),
    ("vpc-id", |it| while_there(it, |spec| &spec.vpc)),
];

/// The text of an enumeration's value.
macro_rules! word {
    ($value:expr) => {
        $value.iter().map(|value| value.as_str().to_owned()).collect::<Vec<_>>()
    };
}

/// What a member of a member says.
macro_rules! within {
    ($outer:expr, |$one:ident| $inner:expr) => {
        $outer.iter().flat_map(|$one| $inner).collect()
    };
}

fn disks(it: &Shown, of: fn(&EbsInstanceBlockDevice) -> Vec<String>) -> Vec<String> {
    it.instance.block_device_mappings.iter().flatten().filter_map(|mapping| mapping.ebs.as_ref()).flat_map(of).collect()
}

fn interfaces(it: &Shown, of: fn(&InstanceNetworkInterface) -> Vec<String>) -> Vec<String> {
    it.instance.network_interfaces.iter().flatten().flat_map(of).collect()
}

fn records(it: &Shown, of: fn(&NetworkInterfaceSpec) -> Vec<String>) -> Vec<String> {
    it.belongings.interfaces.iter().flat_map(|(_, interface)| of(interface)).collect()
}

fn addresses(it: &Shown, of: fn(&InstancePrivateIpAddress) -> Vec<String>) -> Vec<String> {
    let interfaces = it.instance.network_interfaces.iter().flatten();
    interfaces.flat_map(|interface| interface.private_ip_addresses.iter().flatten()).flat_map(of).collect()
}

fn ipv6_addresses(it: &Shown, of: fn(&InstanceIpv6Address) -> Vec<String>) -> Vec<String> {
    let interfaces = it.instance.network_interfaces.iter().flatten();
    interfaces.flat_map(|interface| interface.ipv6_addresses.iter().flatten()).flat_map(of).collect()
}

fn translated(it: &Shown, of: fn(&InstanceNetworkInterfaceAssociation) -> Vec<String>) -> Vec<String> {
    let interfaces = it.instance.network_interfaces.iter().flatten();
    let addresses = interfaces.flat_map(|interface| interface.private_ip_addresses.iter().flatten());
    addresses.filter_map(|address| address.association.as_ref()).flat_map(of).collect()
}

fn associated(it: &Shown, of: fn(&InstanceNetworkInterfaceAssociation) -> Vec<String>) -> Vec<String> {
    let interfaces = it.instance.network_interfaces.iter().flatten();
    interfaces.filter_map(|interface| interface.association.as_ref()).flat_map(of).collect()
}

fn attached(it: &Shown, of: fn(&InstanceNetworkInterfaceAttachment) -> Vec<String>) -> Vec<String> {
    let interfaces = it.instance.network_interfaces.iter().flatten();
    interfaces.filter_map(|interface| interface.attachment.as_ref()).flat_map(of).collect()
}

fn metadata(it: &Shown, of: fn(&InstanceMetadataOptionsResponse) -> Vec<String>) -> Vec<String> {
    it.instance.metadata_options.iter().flat_map(of).collect()
}

const FIELDS: &[Field<Shown>] = &[
    ("affinity", nothing),
    ("availability-zone-id", |it| vec![it.zone_id.clone()]),
    ("block-device-mapping.attach-time", |it| disks(it, |one| one.attach_time.texts())),
    ("block-device-mapping.delete-on-termination", |it| disks(it, |one| one.delete_on_termination.texts())),
    ("block-device-mapping.device-name", |it| each(&it.instance.block_device_mappings, |one| &one.device_name)),
    ("block-device-mapping.status", |it| disks(it, |one| word!(one.status))),
    ("block-device-mapping.volume-id", |it| disks(it, |one| one.volume_id.texts())),
    ("boot-mode", |it| word!(it.instance.boot_mode)),
    ("capacity-reservation-id", nothing),
    ("capacity-reservation-specification.capacity-reservation-preference", |it| {
        within!(it.instance.capacity_reservation_specification, |one| { word!(one.capacity_reservation_preference) })
    }),
    ("capacity-reservation-specification.capacity-reservation-target.capacity-reservation-id", nothing),
    ("capacity-reservation-specification.capacity-reservation-target.capacity-reservation-resource-group-arn", nothing),
    ("current-instance-boot-mode", |it| word!(it.instance.current_instance_boot_mode)),
    ("dns-name", |it| it.instance.public_dns_name.texts()),
    ("ebs-optimized", |it| it.instance.ebs_optimized.texts()),
    ("ena-support", |it| it.instance.ena_support.texts()),
    ("enclave-options.enabled", |it| within!(it.instance.enclave_options, |one| one.enabled.texts())),
    ("hibernation-options.configured", |it| within!(it.instance.hibernation_options, |one| one.configured.texts())),
    ("host-id", nothing),
    ("hypervisor", |it| word!(it.instance.hypervisor)),
    ("iam-instance-profile.arn", |it| within!(it.instance.iam_instance_profile, |one| one.arn.texts())),
    ("iam-instance-profile.id", |it| within!(it.instance.iam_instance_profile, |one| one.id.texts())),
    ("instance-lifecycle", |it| word!(it.instance.instance_lifecycle)),
    ("instance.group-id", |it| each(&it.instance.security_groups, |one| &one.group_id)),
    ("instance.group-name", |it| each(&it.instance.security_groups, |one| &one.group_name)),
    ("ip-address", |it| it.instance.public_ip_address.texts()),
    ("ipv6-address", |it| it.instance.ipv6_address.texts()),
    ("kernel-id", nothing),
    ("maintenance-options.auto-recovery", |it| within!(it.instance.maintenance_options, |one| { word!(one.auto_recovery) })),
    ("metadata-options.http-endpoint", |it| metadata(it, |one| word!(one.http_endpoint))),
    ("metadata-options.http-protocol-ipv4", |it| metadata(it, |one| word!(one.http_endpoint))),
    ("metadata-options.http-protocol-ipv6", |it| metadata(it, |one| word!(one.http_protocol_ipv6))),
    ("metadata-options.http-put-response-hop-limit", |it| metadata(it, |one| one.http_put_response_hop_limit.texts())),
    ("metadata-options.http-tokens", |it| metadata(it, |one| word!(one.http_tokens))),
    ("metadata-options.instance-metadata-tags", |it| metadata(it, |one| word!(one.instance_metadata_tags))),
    ("metadata-options.state", |it| metadata(it, |one| word!(one.state))),
    ("monitoring-state", |it| within!(it.instance.monitoring, |one| word!(one.state))),
    ("network-interface.addresses.association.allocation-id", nothing),
    ("network-interface.addresses.association.association-id", nothing),
    ("network-interface.addresses.association.carrier-ip", nothing),
    ("network-interface.addresses.association.customer-owned-ip", nothing),
    ("network-interface.addresses.association.ip-owner-id", |it| translated(it, |one| one.ip_owner_id.texts())),
    ("network-interface.addresses.association.public-dns-name", |it| translated(it, |one| one.public_dns_name.texts())),
    ("network-interface.addresses.association.public-ip", |it| translated(it, |one| one.public_ip.texts())),
    ("network-interface.addresses.primary", |it| addresses(it, |one| one.primary.texts())),
    ("network-interface.addresses.private-dns-name", |it| addresses(it, |one| one.private_dns_name.texts())),
    ("network-interface.addresses.private-ip-address", |it| addresses(it, |one| one.private_ip_address.texts())),
    ("network-interface.association.allocation-id", nothing),
    ("network-interface.association.association-id", nothing),
    ("network-interface.association.carrier-ip", nothing),
    ("network-interface.association.customer-owned-ip", nothing),
    ("network-interface.association.ip-owner-id", |it| associated(it, |one| one.ip_owner_id.texts())),
    ("network-interface.association.public-dns-name", |it| associated(it, |one| one.public_dns_name.texts())),
    ("network-interface.association.public-ip", |it| associated(it, |one| one.public_ip.texts())),
    ("network-interface.attachment.attach-time", |it| attached(it, |one| one.attach_time.texts())),
    ("network-interface.attachment.attachment-id", |it| attached(it, |one| one.attachment_id.texts())),
    ("network-interface.attachment.delete-on-termination", |it| attached(it, |one| one.delete_on_termination.texts())),
    ("network-interface.attachment.device-index", |it| attached(it, |one| one.device_index.texts())),
    ("network-interface.attachment.instance-id", |it| it.instance.instance_id.texts()),
    ("network-interface.attachment.instance-owner-id", |it| vec![it.owner.clone()]),
    ("network-interface.attachment.network-card-index", |it| attached(it, |one| one.network_card_index.texts())),
    ("network-interface.attachment.status", |it| attached(it, |one| word!(one.status))),
    ("network-interface.availability-zone", |it| records(it, |one| vec![one.zone.clone()])),
    ("network-interface.deny-all-igw-traffic", nothing),
    ("network-interface.description", |it| interfaces(it, |one| one.description.texts())),
    ("network-interface.group-id", |it| interfaces(it, |one| each(&one.groups, |group| &group.group_id))),
    ("network-interface.group-name", |it| interfaces(it, |one| each(&one.groups, |group| &group.group_name))),
    ("network-interface.ipv4-prefixes.ipv4-prefix", nothing),
    ("network-interface.ipv6-address", |it| ipv6_addresses(it, |one| one.ipv6_address.texts())),
    ("network-interface.ipv6-addresses.ipv6-address", |it| ipv6_addresses(it, |one| one.ipv6_address.texts())),
    ("network-interface.ipv6-addresses.is-primary-ipv6", |it| ipv6_addresses(it, |one| one.is_primary_ipv6.texts())),
    ("network-interface.ipv6-native", nothing),
    ("network-interface.ipv6-prefixes.ipv6-prefix", nothing),
    ("network-interface.mac-address", |it| interfaces(it, |one| one.mac_address.texts())),
    ("network-interface.network-interface-id", |it| interfaces(it, |one| one.network_interface_id.texts())),
    ("network-interface.operator.managed", |it| interfaces(it, |one| within!(one.operator, |operator| operator.managed.texts()))),
    ("network-interface.operator.principal", nothing),
    ("network-interface.outpost-arn", nothing),
    ("network-interface.owner-id", |it| interfaces(it, |one| one.owner_id.texts())),
    ("network-interface.private-dns-name", |it| interfaces(it, |one| one.private_dns_name.texts())),
    ("network-interface.private-ip-address", |it| interfaces(it, |one| one.private_ip_address.texts())),
    ("network-interface.public-dns-name", |it| associated(it, |one| one.public_dns_name.texts())),
    ("network-interface.requester-id", |it| records(it, |one| vec![one.requester.clone()])),
    ("network-interface.requester-managed", |it| records(it, |one| vec![one.requester_managed.to_string()])),
    ("network-interface.source-dest-check", |it| interfaces(it, |one| one.source_dest_check.texts())),
    ("network-interface.status", |it| interfaces(it, |one| word!(one.status))),
    ("network-interface.subnet-id", |it| interfaces(it, |one| one.subnet_id.texts())),
    ("network-interface.tag-key", |it| records(it, |one| one.tags.keys().cloned().collect())),
    ("network-interface.tag-value", |it| records(it, |one| one.tags.values().cloned().collect())),
    ("network-interface.vpc-id", |it| interfaces(it, |one| one.vpc_id.texts())),
    ("network-performance-options.bandwidth-weighting", |it| {
        within!(it.instance.network_performance_options, |one| { word!(one.bandwidth_weighting) })
    }),
    ("operator.managed", |it| within!(it.instance.operator, |one| one.managed.texts())),
    ("operator.principal", nothing),
    ("outpost-arn", nothing),
    ("owner-id", |it| vec![it.owner.clone()]),
    ("placement-partition-number", |it| within!(it.instance.placement, |one| one.partition_number.texts())),
    ("platform", |it| word!(it.instance.platform)),
    ("platform-details", |it| it.instance.platform_details.texts()),
    ("private-dns-name", |it| it.instance.private_dns_name.texts()),
    ("private-dns-name-options.enable-resource-name-dns-a-record", |it| {
        within!(it.instance.private_dns_name_options, |one| one.enable_resource_name_dns_a_record.texts())
    }),
    ("private-dns-name-options.enable-resource-name-dns-aaaa-record", |it| {
        within!(it.instance.private_dns_name_options, |one| one.enable_resource_name_dns_aaaa_record.texts())
    }),
    ("private-dns-name-options.hostname-type", |it| {
        within!(it.instance.private_dns_name_options, |one| { word!(one.hostname_type) })
    }),
    ("private-ip-address", |it| it.instance.private_ip_address.texts()),
    ("product-code", nothing),
    ("product-code.type", nothing),
    ("ramdisk-id", nothing),
    ("reason", |it| it.instance.state_transition_reason.texts()),
    ("requester-id", nothing),
    ("root-device-type", |it| word!(it.instance.root_device_type)),
    ("source-dest-check", |it| it.instance.source_dest_check.texts()),
    ("spot-instance-request-id", nothing),
    ("state-reason-code", |it| within!(it.instance.state_reason, |one| one.code.texts())),
    ("state-reason-message", |it| within!(it.instance.state_reason, |one| one.message.texts())),
    ("tenancy", |it| within!(it.instance.placement, |one| word!(one.tenancy))),
    ("tpm-support", |it| it.instance.tpm_support.texts()),
    ("usage-operation", |it| it.instance.usage_operation.texts()),
    ("usage-operation-update-time", |it| it.instance.usage_operation_update_time.texts()),
    ("virtualization-type", |it| word!(it.instance.virtualization_type)),
];

/// Of `DescribeIamInstanceProfileAssociations`.
pub const PROFILE_FIELDS: &[Field<IamInstanceProfileAssociation>] =
    &[("instance-id", |it| it.instance_id.texts()), ("state", |it| word!(it.state))];

/// Of `DescribeInstanceTopology`.
pub const TOPOLOGY_FIELDS: &[Field<InstanceTopology>] = &[
    ("availability-zone", |it| it.availability_zone.texts()),
    ("instance-type", |it| it.instance_type.texts()),
    ("zone-id", |it| it.zone_id.texts()),
];

/// Of `DescribeInstanceImageMetadata`.
pub const IMAGE_METADATA_FIELDS: &[Field<InstanceImageMetadata>] = &[
    ("availability-zone", |it| it.availability_zone.texts()),
    ("image-allowed", |it| within!(it.image_metadata, |one| one.image_allowed.texts())),
    ("instance-id", |it| it.instance_id.texts()),
    ("instance-state-name", |it| within!(it.state, |one| word!(one.name))),
    ("instance-type", |it| it.instance_type.texts()),
    ("launch-time", |it| it.launch_time.texts()),
    ("owner-alias", |it| within!(it.image_metadata, |one| one.image_owner_alias.texts())),
    ("owner-id", |it| it.owner_id.texts()),
    ("zone-id", |it| it.zone_id.texts()),
];
