//! Addresses of IPv6 of interfaces.

use super::{check_address_count, everything, own};
use crate::{
    errors::{invalid_combination, invalid_value, missing_parameter, refuse},
    records::{find, key},
};
use api::ec2::{
    AssignIpv6AddressesRequest, AssignIpv6AddressesResult, UnassignIpv6AddressesRequest, UnassignIpv6AddressesResult,
};
use front::Cx;
use logic::vpc::{NoIpv6Address, WantedIpv6, ipv6_addresses};
use model::ec2::{NetworkInterface, NetworkInterfaceSpec, Subnet, SubnetSpec};
use spine::Tx;
use std::net::Ipv6Addr;
use wire::Fault;

/// What a request wants: addresses by name, or so many. An interface that is made without a word about them gets one if its subnet says so.
pub fn wanted(named: &[String], count: Option<i32>, subnet: Option<&SubnetSpec>) -> Result<WantedIpv6, Fault> {
    if !named.is_empty() && count.is_some_and(|count| count != 0) {
        return Err(invalid_combination("The parameter ipv6Addresses may not be used together with ipv6AddressCount"));
    }
    let more = match count {
        None if named.is_empty() => usize::from(subnet.is_some_and(|it| it.assign_ipv6 && it.ipv6.is_some())),
        None => 0,
        Some(count) => usize::try_from(count)
            .map_err(|_| invalid_value(format!("Value ({count}) for parameter ipv6AddressCount is invalid.")))?,
    };
    Ok(WantedIpv6 { named: named.iter().map(|text| address(text)).collect::<Result<_, _>>()?, more })
}

fn address(text: &str) -> Result<Ipv6Addr, Fault> {
    text.parse().map_err(|_| invalid_value(format!("Value ({text}) for parameter ipv6Address is invalid. Invalid IPv6 address")))
}

/// The addresses of a subnet that an interface gets.
pub fn chosen<'a>(
    wanted: &WantedIpv6,
    id: &str,
    (subnet_id, subnet): (&str, &SubnetSpec),
    existing: impl IntoIterator<Item = &'a NetworkInterfaceSpec>,
) -> Result<Vec<Ipv6Addr>, Fault> {
    let blocks: Vec<_> = subnet.ipv6.iter().map(|own| own.cidr).collect();
    ipv6_addresses(wanted, id, &blocks, existing).map_err(|why| match why {
        NoIpv6Address::None => {
            invalid_value(format!("The subnet '{subnet_id}' does not have an IPv6 CIDR block associated with it"))
        }
        NoIpv6Address::Outside(_) => invalid_value("Address does not fall within the subnet's address range"),
        NoIpv6Address::InUse(address) => Fault::client("InvalidIPAddress.InUse", format!("Address {address} is in use.")),
    })
}

/// `AssignIpv6Addresses`.
pub fn assign(cx: &Cx, tx: &mut Tx, input: &AssignIpv6AddressesRequest) -> Result<AssignIpv6AddressesResult, Fault> {
    refuse(&[
        ("Ipv6PrefixCount", input.ipv6_prefix_count.is_some_and(|it| it > 0)),
        ("Ipv6Prefixes", input.ipv6_prefixes.as_ref().is_some_and(|it| !it.is_empty())),
    ])?;
    let id = &input.network_interface_id;
    let wanted = wanted(input.ipv6_addresses.as_deref().unwrap_or_default(), input.ipv6_address_count, None)?;
    if wanted == WantedIpv6::default() {
        return Err(missing_parameter("ipv6Addresses or ipv6AddressCount"));
    }
    let mut spec = NetworkInterfaceSpec::clone(&*own(cx, tx, id)?);
    let subnet = find::<Subnet>(cx, tx, &spec.subnet)?;
    let existing = everything(cx, tx)?;
    let seed = format!("{id} {}", spec.ipv6.len());
    let assigned = chosen(&wanted, &seed, (&spec.subnet, &subnet), existing.iter().map(|it| &**it))?;
    spec.ipv6.extend(&assigned);
    check_address_count(cx, tx, &spec)?;
    tx.put_spec(&key::<NetworkInterface>(cx, id), &spec)?;
    Ok(AssignIpv6AddressesResult {
        assigned_ipv6_addresses: Some(assigned.iter().map(ToString::to_string).collect()),
        assigned_ipv6_prefixes: None,
        network_interface_id: Some(id.clone()),
    })
}

/// `UnassignIpv6Addresses`.
pub fn unassign(cx: &Cx, tx: &mut Tx, input: &UnassignIpv6AddressesRequest) -> Result<UnassignIpv6AddressesResult, Fault> {
    refuse(&[("Ipv6Prefixes", input.ipv6_prefixes.as_ref().is_some_and(|it| !it.is_empty()))])?;
    let id = &input.network_interface_id;
    let texts = input.ipv6_addresses.as_deref().filter(|it| !it.is_empty());
    let texts = texts.ok_or_else(|| missing_parameter("ipv6Addresses"))?;
    let gone: Vec<Ipv6Addr> = texts.iter().map(|text| address(text)).collect::<Result<_, _>>()?;
    let spec = own(cx, tx, id)?;
    if gone.iter().any(|address| !spec.ipv6.contains(address)) {
        return Err(invalid_value(format!("Some of [{}] are not assigned to interface {id}", texts.join(", "))));
    }
    tx.update_spec(&key::<NetworkInterface>(cx, id), |it| it.ipv6.retain(|it| !gone.contains(it)))?;
    Ok(UnassignIpv6AddressesResult {
        network_interface_id: Some(id.clone()),
        unassigned_ipv6_addresses: Some(gone.iter().map(ToString::to_string).collect()),
        unassigned_ipv6_prefixes: None,
    })
}
