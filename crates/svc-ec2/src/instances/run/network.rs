//! The interfaces that a request asks for: one in a subnet, or each as it is described.

use crate::{
    errors::{invalid_combination, invalid_value, missing_parameter},
    instances::errors::not_built,
    quotas,
    records::{all, default_vpc, find, group_named},
    vpc::interfaces,
};
use api::ec2::{InstanceIpv6Address, InstanceNetworkInterfaceSpecification as Asked, RunInstancesRequest};
use front::{Answer, Cx};
use logic::{
    instance_type::InstanceType,
    vpc::{WantedAddresses, WantedIpv6, ZONE_LETTERS, zone_id, zone_name},
};
use model::ec2::{NetworkInterface, NetworkInterfaceSpec, PrivateDnsOptions, SecurityGroup, Subnet, SubnetSpec};
use spine::Tx;
use std::{collections::BTreeSet, net::Ipv4Addr, sync::Arc};
use wire::Fault;

/// The interfaces of each instance.
pub struct WantedNetwork {
    /// The VPC's id.
    pub vpc: String,
    /// The id of the primary interface's subnet.
    pub subnet: String,
    /// The name of its zone.
    pub zone: String,
    /// The id of its zone.
    pub zone_id: String,
    /// What its subnet says of host names.
    pub private_dns: PrivateDnsOptions,
    /// The primary one first.
    pub interfaces: Vec<WantedInterface>,
}

/// An interface of each instance.
pub struct WantedInterface {
    /// Its place; 0 is the primary one's.
    pub device_index: i32,
    /// It goes with the instance.
    pub delete_on_termination: bool,
    /// Which one.
    pub source: Source,
}

/// Where an interface comes from.
pub enum Source {
    /// It is there already.
    Existing(String, Arc<NetworkInterfaceSpec>),
    /// It is made.
    New(Box<NewOne>),
}

/// Refuses so many instances where there would be too many interfaces with theirs.
pub fn check_quota(cx: &Cx, wanted: &WantedNetwork, instances: u32) -> Answer<()> {
    let new = wanted.interfaces.iter().filter(|one| matches!(one.source, Source::New(_))).count() as u64;
    quotas::NETWORK_INTERFACES.check_some::<NetworkInterface>(cx, new.saturating_mul(instances.into()), |_| true)
}

/// An interface that is made.
pub struct NewOne {
    /// The id of its subnet.
    pub subnet_id: String,
    /// Its subnet.
    pub subnet: Arc<SubnetSpec>,
    /// The ids of its security groups.
    pub groups: Vec<String>,
    /// For people.
    pub description: String,
    /// Its private addresses.
    pub addresses: WantedAddresses,
    /// Its addresses of IPv6.
    pub ipv6: WantedIpv6,
    /// It gets a public address.
    pub public: bool,
}

/// Reads what a request for at most so many instances says of their network.
pub fn read(cx: &Cx, tx: &Tx, input: &RunInstancesRequest, kind: &InstanceType, most: u32) -> Answer<WantedNetwork> {
    let asked = input.network_interfaces.as_deref().unwrap_or_default();
    let interfaces = if asked.is_empty() { vec![plain(cx, tx, input, most)?] } else { described(cx, tx, input, asked, most)? };
    let limit = usize::try_from(kind.network.interfaces).unwrap_or_default();
    if interfaces.len() > limit {
        let message = format!("Interface count {} exceeds the limit for {}", interfaces.len(), kind.name);
        return Err(Fault::client("AttachmentLimitExceeded", message));
    }
    interfaces.iter().try_for_each(|one| check_addresses(kind, one))?;
    let (vpc, subnet, zone) = place_of(&interfaces[0]);
    if let Some(stranger) = interfaces.iter().map(place_of).find(|(_, _, other)| *other != zone) {
        let message = format!("All interfaces of an instance have to be in one Availability Zone: {zone} is not {}", stranger.2);
        return Err(invalid_combination(message));
    }
    let subnet_spec = find::<Subnet>(cx, tx, &subnet)?;
    let (zone_id, private_dns) = (subnet_spec.zone_id.clone(), subnet_spec.private_dns.clone());
    Ok(WantedNetwork { vpc, subnet, zone, zone_id, private_dns, interfaces })
}

fn check_addresses(kind: &InstanceType, interface: &WantedInterface) -> Answer<()> {
    match &interface.source {
        Source::Existing(_, spec) => interfaces::check_addresses_of(kind, spec.addresses().count(), spec.ipv6.len()),
        Source::New(new) => {
            let (ipv4, ipv6) = (&new.addresses, &new.ipv6);
            interfaces::check_addresses_of(kind, 1 + ipv4.secondary.len() + ipv4.more, ipv6.named.len() + ipv6.more)
        }
    }
}

/// VPC, subnet and zone.
fn place_of(interface: &WantedInterface) -> (String, String, String) {
    match &interface.source {
        Source::Existing(_, spec) => (spec.vpc.clone(), spec.subnet.clone(), spec.zone.clone()),
        Source::New(new) => (new.subnet.vpc.clone(), new.subnet_id.clone(), new.subnet.zone.clone()),
    }
}

/// The one interface of a request that describes none.
fn plain(cx: &Cx, tx: &Tx, input: &RunInstancesRequest, most: u32) -> Answer<WantedInterface> {
    let (subnet_id, subnet) = subnet(cx, tx, input)?;
    if input.subnet_id.is_some() && input.security_groups.as_ref().is_some_and(|names| !names.is_empty()) {
        return Err(invalid_combination("The parameter groupName cannot be used with the parameter subnet"));
    }
    let address = address(input.private_ip_address.as_deref(), most)?;
    let new = NewOne {
        groups: groups(cx, tx, &subnet_id, &subnet.vpc, input)?,
        description: String::new(),
        addresses: WantedAddresses { primary: address, ..WantedAddresses::default() },
        ipv6: ipv6(input.ipv6_addresses.as_deref(), input.ipv6_address_count, &subnet, most)?,
        public: subnet.map_public_ip,
        subnet_id,
        subnet,
    };
    Ok(WantedInterface { device_index: 0, delete_on_termination: true, source: Source::New(Box::new(new)) })
}

/// The subnet that is named, or the default one of the zone that is, or of the first zone.
fn subnet(cx: &Cx, tx: &Tx, input: &RunInstancesRequest) -> Answer<(String, Arc<SubnetSpec>)> {
    if let Some(id) = &input.subnet_id {
        return Ok((id.clone(), find::<Subnet>(cx, tx, id)?));
    }
    let placement = input.placement.as_ref();
    let zone = zone(
        cx,
        placement.and_then(|it| it.availability_zone.as_deref()),
        placement.and_then(|it| it.availability_zone_id.as_deref()),
    )?;
    let Some((vpc, _)) = default_vpc(cx, tx)? else {
        let message = "No default VPC for this user. GroupName is only supported for EC2-Classic and default VPC.";
        return Err(Fault::client("VPCIdNotSpecified", message));
    };
    let mut subnets = all::<Subnet>(cx, tx)?;
    subnets.retain(|(_, subnet)| {
        subnet.vpc == vpc && subnet.default_for_zone && zone.as_ref().is_none_or(|zone| subnet.zone == *zone)
    });
    let first = subnets.into_iter().min_by(|(_, one), (_, other)| one.zone.cmp(&other.zone));
    first.ok_or_else(|| {
        let place =
            zone.map_or_else(|| format!("for the default VPC '{vpc}'"), |zone| format!("in the Availability Zone '{zone}'"));
        Fault::client("MissingInput", format!("No default subnet found {place}. Please specify a subnet."))
    })
}

/// The name of the zone that is asked for by its name or its id.
fn zone(cx: &Cx, name: Option<&str>, id: Option<&str>) -> Answer<Option<String>> {
    let known = |index: &usize| match (name, id) {
        (Some(name), _) => zone_name(&cx.region, *index) == name,
        (None, id) => Some(zone_id(&cx.region, *index).as_str()) == id,
    };
    let Some(asked) = name.or(id) else { return Ok(None) };
    let found = (0..ZONE_LETTERS.len()).find(known);
    let found = found.ok_or_else(|| invalid_value(format!("Invalid availability zone: [{asked}]")))?;
    Ok(Some(zone_name(&cx.region, found)))
}

/// The groups of the request: by id, by name in the default VPC, or the VPC's default group.
fn groups(cx: &Cx, tx: &Tx, subnet: &str, vpc: &str, input: &RunInstancesRequest) -> Answer<Vec<String>> {
    let (ids, names) =
        (input.security_group_ids.as_deref().unwrap_or_default(), input.security_groups.as_deref().unwrap_or_default());
    let mut groups = checked_groups(cx, tx, subnet, vpc, ids)?;
    for name in names {
        let absent = || {
            let message = format!("The security group '{name}' does not exist in default VPC '{vpc}'");
            Fault::client("InvalidGroup.NotFound", message)
        };
        let (id, _) = group_named(cx, tx, vpc, name)?.ok_or_else(absent)?;
        groups.push(id);
    }
    or_default(cx, tx, vpc, groups)
}

fn or_default(cx: &Cx, tx: &Tx, vpc: &str, groups: Vec<String>) -> Answer<Vec<String>> {
    if !groups.is_empty() {
        let mut seen = BTreeSet::new();
        return Ok(groups.into_iter().filter(|id| seen.insert(id.clone())).collect());
    }
    Ok(group_named(cx, tx, vpc, "default")?.into_iter().map(|(id, _)| id).collect())
}

/// Groups by id, all of the subnet's VPC.
fn checked_groups(cx: &Cx, tx: &Tx, subnet: &str, vpc: &str, ids: &[String]) -> Answer<Vec<String>> {
    for id in ids {
        if find::<SecurityGroup>(cx, tx, id)?.vpc != vpc {
            let message = format!("Security group {id} and subnet {subnet} belong to different networks.");
            return Err(Fault::client("InvalidParameter", message));
        }
    }
    Ok(ids.to_vec())
}

fn address(text: Option<&str>, most: u32) -> Answer<Option<Ipv4Addr>> {
    let Some(text) = text else { return Ok(None) };
    if most > 1 {
        return Err(invalid_combination("The parameter privateIpAddress cannot be used when launching more than one instance"));
    }
    let parsed = text.parse().map_err(|_| invalid_value(format!("Value ({text}) for parameter privateIpAddress is invalid.")))?;
    Ok(Some(parsed))
}

/// The interfaces that a request describes, the primary one first.
fn described(cx: &Cx, tx: &Tx, input: &RunInstancesRequest, asked: &[Asked], most: u32) -> Answer<Vec<WantedInterface>> {
    let some = |list: &Option<Vec<String>>| list.as_ref().is_some_and(|list| !list.is_empty());
    for (given, what) in [
        (input.subnet_id.is_some(), "subnet ID"),
        (some(&input.security_group_ids) || some(&input.security_groups), "security groups"),
        (input.private_ip_address.is_some(), "private address"),
        (input.ipv6_address_count.is_some_and(|count| count != 0), "number of IPv6 addresses"),
        (input.ipv6_addresses.as_ref().is_some_and(|list| !list.is_empty()), "IPv6 address"),
    ] {
        if given {
            let message = format!("Network interfaces and an instance-level {what} may not be specified on the same request");
            return Err(invalid_combination(message));
        }
    }
    if asked.len() > 1 && asked.iter().any(|one| one.associate_public_ip_address == Some(true)) {
        let message = "The associatePublicIPAddress parameter can only be specified for a single network interface with the device index \
                       0 when launching an instance.";
        return Err(invalid_combination(message));
    }
    let mut found = asked.iter().map(|one| one_of(cx, tx, input, one, most)).collect::<Answer<Vec<_>>>()?;
    found.sort_by_key(|one| one.device_index);
    let distinct: BTreeSet<_> = found.iter().map(|one| one.device_index).collect();
    if distinct.len() != found.len() {
        return Err(invalid_value("Each network interface requires a device index of its own."));
    }
    if !distinct.contains(&0) {
        return Err(invalid_value("The primary network interface, with the device index 0, has to be specified."));
    }
    Ok(found)
}

fn one_of(cx: &Cx, tx: &Tx, input: &RunInstancesRequest, asked: &Asked, most: u32) -> Answer<WantedInterface> {
    refuse_unbuilt(asked)?;
    let device_index = asked.device_index.ok_or_else(|| invalid_value("Each network interface requires a device index."))?;
    match &asked.network_interface_id {
        Some(id) => existing(cx, tx, asked, id, device_index, most),
        None => {
            let source = Source::New(Box::new(new(cx, tx, input, asked, most, device_index)?));
            Ok(WantedInterface { device_index, delete_on_termination: asked.delete_on_termination.unwrap_or(true), source })
        }
    }
}

fn refuse_unbuilt(asked: &Asked) -> Answer<()> {
    let kind = asked.interface_type.as_deref().is_some_and(|kind| kind != "interface");
    let prefixes = asked.ipv4_prefixes.as_ref().is_some_and(|list| !list.is_empty());
    for (given, parameter) in [
        (asked.ipv6_prefix_count.is_some_and(|count| count != 0), "NetworkInterface.Ipv6PrefixCount"),
        (asked.ipv6_prefixes.as_ref().is_some_and(|list| !list.is_empty()), "NetworkInterface.Ipv6Prefixes"),
        (asked.primary_ipv6 == Some(true), "NetworkInterface.PrimaryIpv6"),
        (asked.ipv4_prefix_count.is_some_and(|count| count != 0) || prefixes, "NetworkInterface.Ipv4Prefixes"),
        (asked.associate_carrier_ip_address == Some(true), "NetworkInterface.AssociateCarrierIpAddress"),
        (asked.network_card_index.is_some_and(|card| card != 0), "NetworkInterface.NetworkCardIndex"),
        (asked.ena_srd_specification.is_some(), "NetworkInterface.EnaSrdSpecification"),
        (asked.connection_tracking_specification.is_some(), "NetworkInterface.ConnectionTrackingSpecification"),
        (asked.ena_queue_count.is_some(), "NetworkInterface.EnaQueueCount"),
        (kind, "NetworkInterface.InterfaceType"),
    ] {
        if given {
            return Err(not_built(parameter));
        }
    }
    Ok(())
}

/// An interface that is there, and free.
fn existing(cx: &Cx, tx: &Tx, asked: &Asked, id: &str, device_index: i32, most: u32) -> Answer<WantedInterface> {
    if most > 1 {
        return Err(invalid_combination("A network interface ID cannot be specified when launching more than one instance."));
    }
    let described = asked.subnet_id.is_some()
        || asked.groups.as_ref().is_some_and(|groups| !groups.is_empty())
        || asked.private_ip_address.is_some()
        || asked.private_ip_addresses.as_ref().is_some_and(|list| !list.is_empty())
        || asked.secondary_private_ip_address_count.is_some()
        || asked.ipv6_address_count.is_some_and(|count| count != 0)
        || asked.ipv6_addresses.as_ref().is_some_and(|list| !list.is_empty())
        || asked.associate_public_ip_address.is_some()
        || asked.description.is_some();
    if described {
        let message =
            "A network interface may not specify both a network interface ID and a subnet, groups, addresses or a description.";
        return Err(invalid_combination(message));
    }
    let spec = find::<NetworkInterface>(cx, tx, id)?;
    if spec.attachment.is_some() {
        return Err(Fault::client("InvalidNetworkInterface.InUse", format!("The network interface '{id}' is in use.")));
    }
    let delete_on_termination = asked.delete_on_termination.unwrap_or(false);
    Ok(WantedInterface { device_index, delete_on_termination, source: Source::Existing(id.into(), spec) })
}

fn new(cx: &Cx, tx: &Tx, input: &RunInstancesRequest, asked: &Asked, most: u32, device_index: i32) -> Answer<NewOne> {
    let (subnet_id, subnet) = match &asked.subnet_id {
        Some(id) => (id.clone(), find::<Subnet>(cx, tx, id)?),
        None => subnet(cx, tx, input)?,
    };
    let groups = checked_groups(cx, tx, &subnet_id, &subnet.vpc, asked.groups.as_deref().unwrap_or_default())?;
    let public = asked.associate_public_ip_address.unwrap_or(subnet.map_public_ip && device_index == 0);
    if public && device_index != 0 {
        let message =
            "The associatePublicIPAddress parameter can only be specified for the network interface with the device index 0.";
        return Err(invalid_combination(message));
    }
    Ok(NewOne {
        groups: or_default(cx, tx, &subnet.vpc, groups)?,
        description: asked.description.clone().unwrap_or_default(),
        addresses: addresses(asked, most)?,
        ipv6: ipv6(asked.ipv6_addresses.as_deref(), asked.ipv6_address_count, &subnet, most)?,
        public,
        subnet_id,
        subnet,
    })
}

/// Its addresses of IPv6: those that are named, so many, or one if the subnet says so.
fn ipv6(named: Option<&[InstanceIpv6Address]>, count: Option<i32>, subnet: &SubnetSpec, most: u32) -> Answer<WantedIpv6> {
    let named: Vec<String> = named.unwrap_or_default().iter().filter_map(|one| one.ipv6_address.clone()).collect();
    if most > 1 && !named.is_empty() {
        return Err(invalid_combination("The parameter ipv6Addresses cannot be used when launching more than one instance"));
    }
    interfaces::ipv6::wanted(&named, count, Some(subnet))
}

/// The addresses that an interface is to have: one of those that are listed may be the primary one.
fn addresses(asked: &Asked, most: u32) -> Answer<WantedAddresses> {
    let mut wanted =
        WantedAddresses { primary: address(asked.private_ip_address.as_deref(), most)?, ..WantedAddresses::default() };
    for one in asked.private_ip_addresses.as_deref().unwrap_or_default() {
        let text = one.private_ip_address.as_deref().ok_or_else(|| missing_parameter("PrivateIpAddress"))?;
        let Some(address) = address(Some(text), most)? else { continue };
        match (one.primary == Some(true), wanted.primary) {
            (true, Some(other)) if other != address => {
                return Err(invalid_combination("Only one primary private IP address can be specified."));
            }
            (true, _) => wanted.primary = Some(address),
            (false, _) => wanted.secondary.push(address),
        }
    }
    let more = asked.secondary_private_ip_address_count.unwrap_or_default();
    if more != 0 && !wanted.secondary.is_empty() {
        let message = "Secondary private IP addresses and a count of them may not be specified on the same interface.";
        return Err(invalid_combination(message));
    }
    wanted.more = usize::try_from(more)
        .map_err(|_| invalid_value(format!("Value ({more}) for parameter secondaryPrivateIpAddressCount is invalid.")))?;
    Ok(wanted)
}
