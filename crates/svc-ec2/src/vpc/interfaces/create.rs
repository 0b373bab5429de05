//! Interfaces come and go.

use super::{everything, ipv6, no_address};
use crate::{
    errors::{dry_run, given, invalid_combination, invalid_value, refuse},
    ops::describe::known_of_interfaces,
    quotas,
    records::{all, find, key, place},
    resource::Resource,
    tags, views,
    vpc::{
        remove_interface,
        tokens::{Asked, asked},
    },
};
use api::ec2::{CreateNetworkInterfaceRequest, CreateNetworkInterfaceResult, DeleteNetworkInterfaceRequest};
use front::Cx;
use logic::vpc::{NewInterface, WantedAddresses, new_interface};
use model::ec2::{InterfaceKind, NetworkInterface, NetworkInterfaceSpec, SecurityGroup, Subnet};
use spine::Tx;
use std::{net::Ipv4Addr, sync::Arc};
use wire::Fault;

/// How many security groups an interface can be in (VPC user guide, "Amazon VPC quotas").
const MOST_GROUPS: usize = 5;

/// `CreateNetworkInterface`.
pub fn create(cx: &Cx, tx: &mut Tx, input: &CreateNetworkInterfaceRequest) -> Result<CreateNetworkInterfaceResult, Fault> {
    dry_run(input.dry_run)?;
    refuse(&[
        ("Ipv4Prefixes", given(&input.ipv4_prefixes)),
        ("Ipv4PrefixCount", input.ipv4_prefix_count.is_some_and(|it| it > 0)),
        ("Ipv6Prefixes", given(&input.ipv6_prefixes)),
        ("Ipv6PrefixCount", input.ipv6_prefix_count.is_some_and(|it| it > 0)),
        ("InterfaceType", input.interface_type.is_some_and(|it| it.as_str() != "interface")),
        ("EnablePrimaryIpv6", input.enable_primary_ipv6 == Some(true)),
        ("ConnectionTrackingSpecification", input.connection_tracking_specification.is_some()),
        ("Operator", input.operator.is_some()),
    ])?;
    let tags = tags::on_create(input.tag_specifications.as_deref(), Resource::NETWORK_INTERFACE)?;
    let subnet = find::<Subnet>(cx, tx, &input.subnet_id)?;
    let token = input.client_token.as_deref();
    let client_token = match asked::<NetworkInterface>(cx, tx, token, input, |it| it.client_token.as_ref())? {
        Asked::Before((id, spec)) => return answer(cx, tx, input, &id, &spec),
        Asked::New(token) => token,
    };
    quotas::NETWORK_INTERFACES.check_one::<NetworkInterface>(cx, |_| true)?;
    let id = format!("eni-{}", cx.env.hex(17));
    let named: Vec<String> = input.ipv6_addresses.iter().flatten().filter_map(|one| one.ipv6_address.clone()).collect();
    let ipv6 = ipv6::wanted(&named, input.ipv6_address_count, Some(&subnet))?;
    let existing = everything(cx, tx)?;
    let new = NewInterface {
        id: &id,
        subnet_id: &input.subnet_id,
        subnet: &subnet,
        kind: InterfaceKind::Interface,
        addresses: wanted(input)?,
        ipv6: ipv6::chosen(&ipv6, &id, (&input.subnet_id, &subnet), existing.iter().map(|it| &**it))?,
        groups: groups(cx, tx, &subnet.vpc, &input.subnet_id, input.groups.as_deref())?,
        description: input.description.clone().unwrap_or_default(),
        requester_managed: false,
        requester: cx.account.to_string(),
        attachment: None,
        public: false,
        now: cx.now,
    };
    let made = new_interface(new, existing.iter().map(|it| &**it)).map_err(|why| no_address(&why))?;
    let spec = NetworkInterfaceSpec { client_token, tags, ..made };
    tx.create(&key::<NetworkInterface>(cx, &id), &spec)?;
    answer(cx, tx, input, &id, &spec)
}

fn answer(
    cx: &Cx,
    tx: &Tx,
    input: &CreateNetworkInterfaceRequest,
    id: &str,
    spec: &NetworkInterfaceSpec,
) -> Result<CreateNetworkInterfaceResult, Fault> {
    let known = known_of_interfaces(cx, tx, &[(id.to_owned(), Arc::new(spec.clone()))])?;
    Ok(CreateNetworkInterfaceResult {
        network_interface: Some(views::interface(place(cx), id, spec, &known)),
        client_token: input.client_token.clone(),
    })
}

/// The private addresses that a request asks for: by one parameter, by a list of which one may be the primary one, or by a count.
fn wanted(input: &CreateNetworkInterfaceRequest) -> Result<WantedAddresses, Fault> {
    let mut wanted = WantedAddresses {
        primary: input.private_ip_address.as_deref().map(address).transpose()?,
        secondary: Vec::new(),
        more: count(input.secondary_private_ip_address_count)?,
    };
    for one in input.private_ip_addresses.iter().flatten() {
        let address = address(one.private_ip_address.as_deref().unwrap_or_default())?;
        match one.primary {
            Some(true) if wanted.primary.is_some_and(|primary| primary != address) => {
                return Err(invalid_combination("Only one primary private IP address can be specified"));
            }
            Some(true) => wanted.primary = Some(address),
            _ if wanted.primary == Some(address) => {}
            _ => wanted.secondary.push(address),
        }
    }
    if wanted.more > 0 && !wanted.secondary.is_empty() {
        return Err(invalid_combination(
            "The parameter secondaryPrivateIpAddressCount may not be used together with secondary private IP addresses",
        ));
    }
    Ok(wanted)
}

/// A private address as a request names it.
pub fn address(text: &str) -> Result<Ipv4Addr, Fault> {
    text.parse()
        .map_err(|_| invalid_value(format!("Value ({text}) for parameter privateIpAddress is invalid. Invalid IPv4 address")))
}

/// How many addresses are to be chosen.
pub fn count(given: Option<i32>) -> Result<usize, Fault> {
    let given = given.unwrap_or_default();
    usize::try_from(given)
        .map_err(|_| invalid_value(format!("Value ({given}) for parameter secondaryPrivateIpAddressCount is invalid.")))
}

/// The security groups of an interface: those that are named, or the VPC's default one.
pub fn groups(cx: &Cx, tx: &Tx, vpc: &str, subnet: &str, named: Option<&[String]>) -> Result<Vec<String>, Fault> {
    let Some(named) = named.filter(|named| !named.is_empty()) else {
        let default = all::<SecurityGroup>(cx, tx)?.into_iter().find(|(_, it)| it.vpc == vpc && it.name == "default");
        return Ok(default.map(|(id, _)| id).into_iter().collect());
    };
    let mut groups: Vec<String> = Vec::new();
    for id in named {
        if find::<SecurityGroup>(cx, tx, id)?.vpc != vpc {
            let message = format!("Security group {id} and subnet {subnet} belong to different networks.");
            return Err(Fault::client("InvalidParameter", message));
        }
        if !groups.contains(id) {
            groups.push(id.clone());
        }
    }
    if groups.len() > MOST_GROUPS {
        return Err(Fault::client(
            "SecurityGroupsPerInterfaceLimitExceeded",
            "The maximum number of security groups per interface has been reached.",
        ));
    }
    Ok(groups)
}

/// `DeleteNetworkInterface`: of one that is attached to nothing.
pub fn delete(cx: &Cx, tx: &mut Tx, input: &DeleteNetworkInterfaceRequest) -> Result<(), Fault> {
    dry_run(input.dry_run)?;
    let id = &input.network_interface_id;
    if find::<NetworkInterface>(cx, tx, id)?.attachment.is_some() {
        let message = format!("Network interface '{id}' is currently in use.");
        return Err(Fault::client("InvalidNetworkInterface.InUse", message));
    }
    Ok(remove_interface(tx, &key::<NetworkInterface>(cx, id))?)
}
