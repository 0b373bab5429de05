//! Secondary private addresses of interfaces.

use super::{
    check_address_count,
    create::{address, count},
    everything, no_address, own,
};
use crate::{
    errors::{invalid_combination, invalid_value, missing_parameter, refuse},
    records::{find, key},
    vpc::addresses::release_from,
};
use api::ec2::{
    AssignPrivateIpAddressesRequest, AssignPrivateIpAddressesResult, AssignedPrivateIpAddress, UnassignPrivateIpAddressesRequest,
};
use front::Cx;
use logic::vpc::{NoAddress, Taken};
use model::ec2::{NetworkInterface, NetworkInterfaceSpec, PrivateAddress, Subnet};
use spine::Tx;
use std::net::Ipv4Addr;
use wire::Fault;

/// `AssignPrivateIpAddresses`.
pub fn assign(cx: &Cx, tx: &mut Tx, input: &AssignPrivateIpAddressesRequest) -> Result<AssignPrivateIpAddressesResult, Fault> {
    refuse(&[
        ("Ipv4Prefixes", input.ipv4_prefixes.as_ref().is_some_and(|it| !it.is_empty())),
        ("Ipv4PrefixCount", input.ipv4_prefix_count.is_some_and(|it| it > 0)),
    ])?;
    let id = &input.network_interface_id;
    let named = input.private_ip_addresses.as_deref().unwrap_or_default();
    let more = count(input.secondary_private_ip_address_count)?;
    match (named.is_empty(), more) {
        (true, 0) => return Err(missing_parameter("privateIpAddresses or secondaryPrivateIpAddressCount")),
        (false, 1..) => {
            return Err(invalid_combination(
                "The parameter privateIpAddresses may not be used together with secondaryPrivateIpAddressCount",
            ));
        }
        _ => {}
    }
    let named: Vec<Ipv4Addr> = named.iter().map(|text| address(text)).collect::<Result<_, _>>()?;
    let spec = own(cx, tx, id)?;
    // Those that the interface has already are no change.
    let named: Vec<Ipv4Addr> = named.into_iter().filter(|it| !spec.addresses().any(|has| has.address == *it)).collect();
    if input.allow_reassignment == Some(true) {
        take_away(cx, tx, id, &spec, &named)?;
    }
    let assigned = choose(cx, tx, id, &spec, named, more)?;
    let mut spec = NetworkInterfaceSpec::clone(&spec);
    spec.secondary.extend(assigned.iter().map(|address| PrivateAddress { address: *address, public_address: None }));
    check_address_count(cx, tx, &spec)?;
    tx.put_spec(&key::<NetworkInterface>(cx, id), &spec)?;
    let shown = assigned.iter().map(|it| AssignedPrivateIpAddress { private_ip_address: Some(it.to_string()) });
    Ok(AssignPrivateIpAddressesResult {
        network_interface_id: Some(id.clone()),
        assigned_private_ip_addresses: Some(shown.collect()),
        assigned_ipv4_prefixes: None,
    })
}

fn choose(
    cx: &Cx,
    tx: &Tx,
    id: &str,
    spec: &NetworkInterfaceSpec,
    named: Vec<Ipv4Addr>,
    more: usize,
) -> Result<Vec<Ipv4Addr>, Fault> {
    let subnet = find::<Subnet>(cx, tx, &spec.subnet)?;
    let existing = everything(cx, tx)?;
    let mut taken = Taken::of(&spec.subnet, existing.iter().map(|it| &**it));
    for address in &named {
        taken.take(&subnet, *address).map_err(|why| match why {
            NoAddress::InUse(address) => invalid_value(format!("[{address}] assigned, but move is not allowed.")),
            why => no_address(&why),
        })?;
    }
    let chosen = taken.choose_many(&subnet, id, more).map_err(|why| no_address(&why))?;
    Ok(named.into_iter().chain(chosen).collect())
}

/// Takes secondary addresses of the subnet from other interfaces.
fn take_away(cx: &Cx, tx: &mut Tx, id: &str, spec: &NetworkInterfaceSpec, addresses: &[Ipv4Addr]) -> Result<(), Fault> {
    let others = crate::records::all::<NetworkInterface>(cx, tx)?;
    for (other, held) in others.iter().filter(|(other, held)| other != id && held.subnet == spec.subnet) {
        let gone: Vec<_> = held.secondary.iter().map(|it| it.address).filter(|it| addresses.contains(it)).collect();
        if !gone.is_empty() {
            own(cx, tx, other)?;
            remove(cx, tx, other, &gone)?;
        }
    }
    Ok(())
}

/// `UnassignPrivateIpAddresses`.
pub fn unassign(cx: &Cx, tx: &mut Tx, input: &UnassignPrivateIpAddressesRequest) -> Result<(), Fault> {
    refuse(&[("Ipv4Prefixes", input.ipv4_prefixes.as_ref().is_some_and(|it| !it.is_empty()))])?;
    let id = &input.network_interface_id;
    let texts = input.private_ip_addresses.as_deref().filter(|it| !it.is_empty());
    let texts = texts.ok_or_else(|| missing_parameter("privateIpAddresses"))?;
    let gone: Vec<Ipv4Addr> = texts.iter().map(|text| address(text)).collect::<Result<_, _>>()?;
    let spec = own(cx, tx, id)?;
    if gone.iter().any(|address| !spec.secondary.iter().any(|it| it.address == *address)) {
        return Err(invalid_value(format!("Some of [{}] are not assigned to interface {id}", texts.join(", "))));
    }
    remove(cx, tx, id, &gone)
}

/// Removes secondary addresses; Elastic IP addresses that led to them lead nowhere.
fn remove(cx: &Cx, tx: &mut Tx, id: &str, gone: &[Ipv4Addr]) -> Result<(), Fault> {
    release_from(tx, &key::<NetworkInterface>(cx, id), |address| gone.contains(&address))?;
    Ok(tx.update_spec(&key::<NetworkInterface>(cx, id), |it| it.secondary.retain(|it| !gone.contains(&it.address)))?)
}
