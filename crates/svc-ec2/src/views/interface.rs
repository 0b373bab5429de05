//! Network interfaces as the API shows them.

use super::Place;
use crate::{
    describe::{Described, Field, Text, each, nothing},
    resource::Resource,
    tags,
};
use api::ec2::{
    GroupIdentifier, NetworkInterface, NetworkInterfaceAssociation, NetworkInterfaceAttachment, NetworkInterfaceIpv6Address,
    NetworkInterfacePrivateIpAddress, NetworkInterfaceStatus, NetworkInterfaceType, OperatorResponse, Tag,
};
use logic::vpc::private_dns_name;
use model::{
    Timestamp,
    ec2::{AttachedTo, Attachment, InterfaceKind, NetworkInterfaceSpec, PrivateAddress},
};
use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, Ipv6Addr},
};
use wire::Time;

/// What an interface's record doesn't say of what is shown of it.
#[derive(Debug, Default)]
pub struct Known {
    /// The names of security groups, by id.
    pub groups: BTreeMap<String, String>,
    /// The Elastic IP addresses that lead somewhere: allocation and association.
    pub elastic: BTreeMap<Ipv4Addr, (String, String)>,
    /// The ids of the Availability Zones of subnets, by the subnets' ids.
    pub zones: BTreeMap<String, String>,
}

/// An interface.
pub fn interface(place: Place<'_>, id: &str, spec: &NetworkInterfaceSpec, known: &Known) -> NetworkInterface {
    let addresses: Vec<_> = spec.addresses().map(|it| private_address(place, spec, it, known)).collect();
    let status = if spec.attachment.is_some() { NetworkInterfaceStatus::InUse } else { NetworkInterfaceStatus::Available };
    NetworkInterface {
        association: addresses.first().and_then(|primary| primary.association.clone()),
        attachment: spec.attachment.as_ref().map(attachment),
        availability_zone: Some(spec.zone.clone()),
        availability_zone_id: known.zones.get(&spec.subnet).cloned(),
        description: Some(spec.description.clone()),
        groups: Some(groups(spec, &known.groups)),
        interface_type: Some(match spec.kind {
            InterfaceKind::Interface => NetworkInterfaceType::Interface,
            InterfaceKind::NatGateway => NetworkInterfaceType::NatGateway,
            InterfaceKind::VpcEndpoint => NetworkInterfaceType::VpcEndpoint,
        }),
        ipv6_address: spec.ipv6.first().map(ToString::to_string),
        ipv6_addresses: Some(spec.ipv6.iter().map(ipv6_address).collect()),
        mac_address: Some(spec.mac.clone()),
        network_interface_id: Some(id.into()),
        owner_id: place.owner(),
        private_dns_name: Some(private_dns_name(spec.address, place.region)),
        private_ip_address: Some(spec.address.to_string()),
        private_ip_addresses: Some(addresses),
        requester_id: Some(spec.requester.clone()),
        requester_managed: Some(spec.requester_managed),
        source_dest_check: Some(spec.source_dest_check),
        status: Some(status),
        subnet_id: Some(spec.subnet.clone()),
        tag_set: Some(tags::view(&spec.tags)),
        vpc_id: Some(spec.vpc.clone()),
        operator: Some(OperatorResponse { managed: Some(false), ..OperatorResponse::default() }),
        ..NetworkInterface::default()
    }
}

fn private_address(
    place: Place<'_>,
    spec: &NetworkInterfaceSpec,
    it: PrivateAddress,
    known: &Known,
) -> NetworkInterfacePrivateIpAddress {
    NetworkInterfacePrivateIpAddress {
        association: it.public_address.map(|public| association(place, public, known)),
        primary: Some(it.address == spec.address),
        private_dns_name: Some(private_dns_name(it.address, place.region)),
        private_ip_address: Some(it.address.to_string()),
    }
}

fn association(place: Place<'_>, address: Ipv4Addr, known: &Known) -> NetworkInterfaceAssociation {
    let elastic = known.elastic.get(&address);
    NetworkInterfaceAssociation {
        allocation_id: elastic.map(|(allocation, _)| allocation.clone()),
        association_id: elastic.map(|(_, association)| association.clone()),
        // A public address that nobody allocated belongs to the cloud.
        ip_owner_id: if elastic.is_some() { place.owner() } else { Some("amazon".into()) },
        // There is no public name server in which it could have a name.
        public_dns_name: Some(String::new()),
        public_ip: Some(address.to_string()),
        ..NetworkInterfaceAssociation::default()
    }
}

fn ipv6_address(address: &Ipv6Addr) -> NetworkInterfaceIpv6Address {
    NetworkInterfaceIpv6Address {
        ipv6_address: Some(address.to_string()),
        is_primary_ipv6: Some(false),
        ..NetworkInterfaceIpv6Address::default()
    }
}

/// What an interface is plugged into.
pub fn attachment(attachment: &Attachment) -> NetworkInterfaceAttachment {
    let instance_id = match &attachment.to {
        AttachedTo::Instance(id) | AttachedTo::ContainerHost(id) => Some(id.clone()),
        AttachedTo::Workload(_) | AttachedTo::Edge | AttachedTo::NatGateway(_) => None,
    };
    NetworkInterfaceAttachment {
        attach_time: Some(Time(attachment.at.0)),
        attachment_id: Some(attachment.id.clone()),
        delete_on_termination: Some(attachment.delete_on_termination),
        device_index: Some(attachment.device_index),
        network_card_index: Some(0),
        instance_id,
        instance_owner_id: Some(attachment.owner.clone()),
        status: Some("attached".into()),
        ..NetworkInterfaceAttachment::default()
    }
}

/// For how long an interface is found by the attachment that it has lost.
const DETACHED_SHOWN_MS: i64 = 60 * 1000;

/// What an interface was plugged into until a moment ago, which is how clients that ask for an attachment by its id see that it has ended.
pub fn detached(spec: &NetworkInterfaceSpec, now: Timestamp) -> Option<NetworkInterfaceAttachment> {
    let past = spec.detached.as_ref().filter(|it| spec.attachment.is_none() && now.0 - it.at.0 < DETACHED_SHOWN_MS)?;
    Some(NetworkInterfaceAttachment { status: Some("detached".into()), ..attachment(&past.from) })
}

/// The groups that an interface is in.
pub fn groups(spec: &NetworkInterfaceSpec, names: &BTreeMap<String, String>) -> Vec<GroupIdentifier> {
    let group = |id: &String| GroupIdentifier { group_id: Some(id.clone()), group_name: names.get(id).cloned() };
    spec.groups.iter().map(group).collect()
}

fn attached(it: &NetworkInterface, of: fn(&NetworkInterfaceAttachment) -> Vec<String>) -> Vec<String> {
    it.attachment.iter().flat_map(of).collect()
}

fn associated(it: &NetworkInterface, of: fn(&NetworkInterfaceAssociation) -> Vec<String>) -> Vec<String> {
    it.association.iter().flat_map(of).collect()
}

impl Described for NetworkInterface {
    const RESOURCE: Resource = Resource::NETWORK_INTERFACE;
    const IDS: &'static str = "NetworkInterfaceIds";
    const FIELDS: &'static [Field<Self>] = &[
        ("association.allocation-id", |it| associated(it, |one| one.allocation_id.texts())),
        ("association.association-id", |it| associated(it, |one| one.association_id.texts())),
        ("addresses.association.owner-id", |it| associated(it, |one| one.ip_owner_id.texts())),
        ("addresses.association.public-ip", |it| associated(it, |one| one.public_ip.texts())),
        ("addresses.primary", |it| each(&it.private_ip_addresses, |one| &one.primary)),
        ("addresses.private-ip-address", |it| each(&it.private_ip_addresses, |one| &one.private_ip_address)),
        ("association.ip-owner-id", |it| associated(it, |one| one.ip_owner_id.texts())),
        ("association.public-ip", |it| associated(it, |one| one.public_ip.texts())),
        ("association.public-dns-name", |it| associated(it, |one| one.public_dns_name.texts())),
        ("attachment.attach-time", |it| attached(it, |one| one.attach_time.texts())),
        ("attachment.attachment-id", |it| attached(it, |one| one.attachment_id.texts())),
        ("attachment.delete-on-termination", |it| attached(it, |one| one.delete_on_termination.texts())),
        ("attachment.device-index", |it| attached(it, |one| one.device_index.texts())),
        ("attachment.instance-id", |it| attached(it, |one| one.instance_id.texts())),
        ("attachment.instance-owner-id", |it| attached(it, |one| one.instance_owner_id.texts())),
        ("attachment.status", |it| attached(it, |one| one.status.texts())),
        ("availability-zone", |it| it.availability_zone.texts()),
        ("availability-zone-id", |it| it.availability_zone_id.texts()),
        ("description", |it| it.description.texts()),
        ("group-id", |it| each(&it.groups, |one| &one.group_id)),
        ("group-name", |it| each(&it.groups, |one| &one.group_name)),
        ("interface-type", |it| it.interface_type.iter().map(|kind| kind.as_str().into()).collect()),
        ("ipv6-addresses.ipv6-address", |it| each(&it.ipv6_addresses, |one| &one.ipv6_address)),
        ("mac-address", |it| it.mac_address.texts()),
        ("network-interface-id", |it| it.network_interface_id.texts()),
        ("operator.managed", |it| it.operator.iter().flat_map(|one| one.managed.texts()).collect()),
        ("operator.principal", nothing),
        ("owner-id", |it| it.owner_id.texts()),
        ("private-dns-name", |it| it.private_dns_name.texts()),
        ("private-ip-address", |it| it.private_ip_address.texts()),
        ("requester-id", |it| it.requester_id.texts()),
        ("requester-managed", |it| it.requester_managed.texts()),
        ("source-dest-check", |it| it.source_dest_check.texts()),
        ("status", |it| it.status.iter().map(|status| status.as_str().into()).collect()),
        ("subnet-id", |it| it.subnet_id.texts()),
        ("vpc-id", |it| it.vpc_id.texts()),
    ];

    fn id(&self) -> &str {
        self.network_interface_id.as_deref().unwrap_or_default()
    }

    fn tags(&self) -> &[Tag] {
        self.tag_set.as_deref().unwrap_or_default()
    }
}
