//! Endpoints that are interfaces: addresses in a VPC at which the cloud's API is reached, and the names that lead there.
//!
//! The edge listens at them and passes connections on to the door for workloads, at which nobody is taken for the owner, so that requests
//! are signed as everywhere. It speaks HTTP: there is nobody whose certificates for these names would be believed.

use super::{gateway, service_name};
use crate::{
    errors::{given, invalid_value, missing_parameter, refuse},
    records::{all, find, key},
    vpc::{interfaces, remove_interface},
};
use agent_proto::edge::{EndpointDoor, GatewayDoor};
use api::ec2::{CreateVpcEndpointRequest, DnsEntry, ModifyVpcEndpointRequest, SubnetConfiguration};
use front::Cx;
use logic::vpc::{NewInterface, WantedAddresses, fingerprint, new_interface};
use model::{
    Region,
    ec2::{AttachedTo, EndpointInterfaces, InterfaceKind, NetworkInterface, Subnet, Vpc, VpcEndpoint, VpcEndpointSpec},
};
use spine::{Read, Scope, StoreError, Tx};
use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddrV4},
};
use wire::Fault;

/// Where the edge listens at an endpoint's addresses.
const PORT: u16 = 80;

/// The services that have such endpoints, and what their names begin with: a registry has a name for each account.
pub const SERVICES: [(&str, &str); 15] = [
    ("cloudtrail", "cloudtrail"),
    ("ebs", "ebs"),
    ("ec2", "ec2"),
    ("ecr.api", "api.ecr"),
    ("ecr.dkr", "*.dkr.ecr"),
    ("ecs", "ecs"),
    ("elasticloadbalancing", "elasticloadbalancing"),
    ("events", "events"),
    ("kms", "kms"),
    ("lambda", "lambda"),
    ("logs", "logs"),
    ("scheduler", "scheduler"),
    ("sqs", "sqs"),
    ("ssm", "ssm"),
    ("sts", "sts"),
];

/// The name of a service in its region, if it has interface endpoints: `sts.eu-west-1.amazonaws.com`.
pub fn private_name(region: &Region, service: &str) -> Option<String> {
    let (_, host) = SERVICES.into_iter().find(|(name, _)| service_name(region, name) == service)?;
    Some(format!("{host}.{region}.amazonaws.com"))
}

/// The name that leads to one endpoint.
fn own_name(id: &str, region: &Region, service: &str) -> Option<String> {
    let host = private_name(region, service)?;
    let host = host.trim_start_matches("*.").strip_suffix(".amazonaws.com")?;
    Some(format!("{id}-{}.{host}.vpce.amazonaws.com", fingerprint(id, 8)))
}

/// The names of an endpoint as the API shows them.
pub fn dns_entries(id: &str, region: &Region, spec: &VpcEndpointSpec, own: &EndpointInterfaces) -> Vec<DnsEntry> {
    let zone = |name: &str| Some(format!("Z{}", fingerprint(name, 13).to_ascii_uppercase()));
    let entry = |name: String| DnsEntry { hosted_zone_id: zone(&name), dns_name: Some(name) };
    let private = private_name(region, &spec.service).filter(|_| own.private_dns);
    own_name(id, region, &spec.service).into_iter().chain(private).map(entry).collect()
}

/// What a request for an endpoint of interfaces makes: they are written here.
pub fn create(
    cx: &Cx,
    tx: &mut Tx,
    id: &str,
    service: &str,
    input: &CreateVpcEndpointRequest,
) -> Result<EndpointInterfaces, Fault> {
    refuse(&[("RouteTableIds of an interface endpoint", given(&input.route_table_ids))])?;
    let subnets = input.subnet_ids.as_deref().unwrap_or_default();
    let addresses = addresses(input.subnet_configurations.as_deref(), subnets)?;
    let groups = groups(cx, tx, &input.vpc_id, input.security_group_ids.as_deref())?;
    let private_dns = input.private_dns_enabled.unwrap_or(true);
    if private_dns {
        check_private_dns(cx, tx, id, &input.vpc_id, service)?;
    }
    let mut own = EndpointInterfaces { places: Vec::new(), groups, private_dns };
    for subnet in subnets {
        add(cx, tx, (id, &input.vpc_id), &mut own, (subnet, addresses.get(subnet).copied()))?;
    }
    Ok(own)
}

fn groups(cx: &Cx, tx: &Tx, vpc: &str, named: Option<&[String]>) -> Result<Vec<String>, Fault> {
    interfaces::groups(cx, tx, vpc, &format!("of {vpc}"), named)
}

/// A service's own name can lead to one endpoint alone, and only where names are answered.
fn check_private_dns(cx: &Cx, tx: &Tx, id: &str, vpc: &str, service: &str) -> Result<(), Fault> {
    let spec = find::<Vpc>(cx, tx, vpc)?;
    if !spec.dns_support || !spec.dns_hostnames {
        let message = format!(
            "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true for {vpc}"
        );
        return Err(Fault::client("InvalidParameter", message));
    }
    let named = |it: &VpcEndpointSpec| it.interfaces.as_ref().is_some_and(|own| own.private_dns);
    let mut others = all::<VpcEndpoint>(cx, tx)?.into_iter().filter(|(other, _)| other != id);
    if others.any(|(_, it)| it.vpc == vpc && it.service == service && named(&it)) {
        let name = private_name(&cx.region, service).unwrap_or_default();
        let message = format!(
            "private-dns-enabled cannot be set because there is already a conflicting DNS domain for {name} in the VPC {vpc}"
        );
        return Err(Fault::client("InvalidParameter", message));
    }
    Ok(())
}

/// The addresses that an endpoint is to have, by subnet, where one is named (`SubnetConfigurations`).
fn addresses(asked: Option<&[SubnetConfiguration]>, subnets: &[String]) -> Result<BTreeMap<String, Ipv4Addr>, Fault> {
    let mut named = BTreeMap::new();
    for asked in asked.unwrap_or_default() {
        refuse(&[("SubnetConfigurations.Ipv6", asked.ipv6.is_some())])?;
        let subnet = asked.subnet_id.clone().ok_or_else(|| missing_parameter("SubnetConfiguration.SubnetId"))?;
        if !subnets.contains(&subnet) {
            let message = format!("The subnet configuration of '{subnet}' is of no subnet of the endpoint");
            return Err(Fault::client("InvalidParameter", message));
        }
        if let Some(text) = &asked.ipv4 {
            named.insert(subnet, interfaces::address(text)?);
        }
    }
    Ok(named)
}

/// Gives the endpoint of that id and VPC an interface in a subnet, with the address that is named or any.
fn add(
    cx: &Cx,
    tx: &mut Tx,
    (id, vpc): (&str, &str),
    own: &mut EndpointInterfaces,
    (subnet_id, address): (&str, Option<Ipv4Addr>),
) -> Result<(), Fault> {
    let subnet = find::<Subnet>(cx, tx, subnet_id)?;
    if subnet.vpc != vpc {
        return Err(invalid_value(format!("The subnet ID '{subnet_id}' is not of the VPC '{vpc}'")));
    }
    for (other, _) in &own.places {
        if find::<Subnet>(cx, tx, other)?.zone == subnet.zone {
            let message = "Found another VPC endpoint subnet in the availability zone of";
            return Err(Fault::client("DuplicateSubnetsInSameZone", format!("{message} {subnet_id}")));
        }
    }
    let interface = format!("eni-{}", cx.env.hex(17));
    let new = NewInterface {
        id: &interface,
        subnet_id,
        subnet: &subnet,
        kind: InterfaceKind::VpcEndpoint,
        addresses: WantedAddresses { primary: address, ..WantedAddresses::default() },
        ipv6: Vec::new(),
        groups: own.groups.clone(),
        description: format!("VPC Endpoint Interface {id}"),
        requester_managed: true,
        requester: cx.account.to_string(),
        attachment: Some(interfaces::held_by_us(cx, AttachedTo::Edge)),
        public: false,
        now: cx.now,
    };
    let existing = tx.specs::<NetworkInterface>(Scope::Region(&cx.account, &cx.region))?;
    let made = new_interface(new, existing.iter().map(|(_, it)| &**it)).map_err(|why| interfaces::no_address(&why))?;
    tx.create(&key::<NetworkInterface>(cx, &interface), &made)?;
    own.places.push((subnet_id.into(), interface));
    Ok(())
}

/// `ModifyVpcEndpoint` of an endpoint of interfaces.
pub fn modify(cx: &Cx, tx: &mut Tx, spec: &mut VpcEndpointSpec, input: &ModifyVpcEndpointRequest) -> Result<(), Fault> {
    let Some(mut own) = spec.interfaces.clone() else { return Ok(()) };
    refuse(&[
        ("AddRouteTableIds of an interface endpoint", given(&input.add_route_table_ids)),
        ("RemoveRouteTableIds of an interface endpoint", given(&input.remove_route_table_ids)),
    ])?;
    let id = &input.vpc_endpoint_id;
    if let Some(value) = input.private_dns_enabled {
        if value {
            check_private_dns(cx, tx, id, &spec.vpc, &spec.service)?;
        }
        own.private_dns = value;
    }
    change_groups(cx, tx, spec, &mut own, input)?;
    change_subnets(cx, tx, &spec.vpc, &mut own, input)?;
    spec.interfaces = Some(own);
    Ok(())
}

/// Takes interfaces away and makes others: in the subnets that are added, and where it is to have another address than it has.
fn change_subnets(
    cx: &Cx,
    tx: &mut Tx,
    vpc: &str,
    own: &mut EndpointInterfaces,
    input: &ModifyVpcEndpointRequest,
) -> Result<(), Fault> {
    let id = &input.vpc_endpoint_id;
    for subnet in input.remove_subnet_ids.iter().flatten() {
        take(cx, tx, id, own, subnet)?;
    }
    let mut added = input.add_subnet_ids.clone().unwrap_or_default();
    let subnets: Vec<String> = own.places.iter().map(|(subnet, _)| subnet.clone()).chain(added.iter().cloned()).collect();
    let addresses = addresses(input.subnet_configurations.as_deref(), &subnets)?;
    for (subnet, interface) in own.places.clone() {
        let has = find::<NetworkInterface>(cx, tx, &interface)?.address;
        if addresses.get(&subnet).is_some_and(|wanted| *wanted != has) {
            take(cx, tx, id, own, &subnet)?;
            added.push(subnet);
        }
    }
    added.iter().try_for_each(|subnet| add(cx, tx, (id, vpc), own, (subnet, addresses.get(subnet).copied())))
}

/// Takes the endpoint's interface in a subnet away.
fn take(cx: &Cx, tx: &mut Tx, id: &str, own: &mut EndpointInterfaces, subnet: &str) -> Result<(), Fault> {
    let place = own.places.iter().position(|(held, _)| held == subnet);
    let place = place.ok_or_else(|| invalid_value(format!("The endpoint '{id}' has no interface in '{subnet}'")))?;
    let (_, interface) = own.places.remove(place);
    Ok(remove_interface(tx, &key::<NetworkInterface>(cx, &interface))?)
}

fn change_groups(
    cx: &Cx,
    tx: &mut Tx,
    spec: &VpcEndpointSpec,
    own: &mut EndpointInterfaces,
    input: &ModifyVpcEndpointRequest,
) -> Result<(), Fault> {
    if !given(&input.add_security_group_ids) && !given(&input.remove_security_group_ids) {
        return Ok(());
    }
    let removed = input.remove_security_group_ids.as_deref().unwrap_or_default();
    own.groups.retain(|group| !removed.contains(group));
    own.groups.extend(input.add_security_group_ids.iter().flatten().cloned());
    if own.groups.is_empty() {
        return Err(missing_parameter("SecurityGroupIds"));
    }
    own.groups = groups(cx, tx, &spec.vpc, Some(&own.groups))?;
    for (_, interface) in &own.places {
        tx.update_spec(&key::<NetworkInterface>(cx, interface), |it| it.groups.clone_from(&own.groups))?;
    }
    Ok(())
}

/// Removes the interfaces of an endpoint.
pub fn remove(cx: &Cx, tx: &mut Tx, own: &EndpointInterfaces) -> Result<(), StoreError> {
    own.places.iter().try_for_each(|(_, interface)| remove_interface(tx, &key::<NetworkInterface>(cx, interface)))
}

/// What the edge has to know of the endpoints of a VPC.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EndpointTable {
    /// Where connections are taken that go to the cloud's API.
    pub doors: Vec<EndpointDoor>,
    /// Names, and the addresses that they lead to.
    pub names: BTreeMap<String, Vec<Ipv4Addr>>,
    /// Where connections are taken that have come by its gateway endpoints.
    pub gateway: Option<GatewayDoor>,
}

/// The endpoints of all VPCs, by the VPC's id.
pub fn tables(read: &impl Read) -> Result<BTreeMap<String, EndpointTable>, StoreError> {
    let mut found = BTreeMap::<String, EndpointTable>::new();
    for (at, spec) in read.specs::<VpcEndpoint>(Scope::All)? {
        let Some(own) = &spec.interfaces else { continue };
        let mut addresses = Vec::new();
        for (_, interface) in &own.places {
            let interface = model::Key::<NetworkInterface>::new(&at.account, &at.region, interface.clone());
            addresses.extend(read.spec(&interface)?.map(|it| it.address));
        }
        if addresses.is_empty() {
            continue;
        }
        let table = found.entry(spec.vpc.clone()).or_default();
        let door = |address: &Ipv4Addr| EndpointDoor { address: SocketAddrV4::new(*address, PORT), endpoint: at.id.clone() };
        table.doors.extend(addresses.iter().map(door));
        let private = private_name(&at.region, &spec.service).filter(|_| own.private_dns);
        for name in own_name(&at.id, &at.region, &spec.service).into_iter().chain(private) {
            table.names.insert(name, addresses.clone());
        }
    }
    gateway::add(read, &mut found)?;
    Ok(found)
}
