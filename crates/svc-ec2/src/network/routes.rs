//! Routes as hosts have them: one for each block of addresses.

use crate::vpc::targets::led;
use agent_proto::network;
use model::{
    IpCidr, Key,
    ec2::{Destination, PrefixList, Route, RouteTableSpec, RouteTarget, Vpc},
};
use spine::{Read, Specs, StoreError};

/// The routes of a VPC's table. A gateway endpoint has none: no host has a way to what is behind it but those that packets find anyway.
pub fn routes(
    read: &impl Read,
    vpc: &Key<Vpc>,
    table: &RouteTableSpec,
    lists: &Specs<PrefixList>,
) -> Result<Vec<network::Route>, StoreError> {
    let mut found = Vec::new();
    for route in &table.routes {
        let Some(target) = target(&route.target) else { continue };
        let leads = led(read, (&vpc.account, &vpc.region), &vpc.id, &route.target)?.anywhere;
        let target = if leads { target } else { network::Target::Blackhole };
        found.extend(blocks(route, lists).map(|destination| network::Route { destination, target: target.clone() }));
    }
    Ok(found)
}

fn target(target: &RouteTarget) -> Option<network::Target> {
    Some(match target {
        RouteTarget::InternetGateway(_) => network::Target::InternetGateway,
        RouteTarget::EgressOnlyInternetGateway(_) => network::Target::EgressOnlyInternetGateway,
        RouteTarget::NatGateway(id) => network::Target::NatGateway(id.clone()),
        RouteTarget::Interface(id) => network::Target::Interface(id.clone()),
        RouteTarget::Peering(id) => network::Target::Peering(id.clone()),
        RouteTarget::Endpoint(_) => return None,
    })
}

fn blocks(route: &Route, lists: &Specs<PrefixList>) -> impl Iterator<Item = IpCidr> {
    let (one, list) = match &route.destination {
        Destination::Ipv4(cidr) => (Some((*cidr).into()), None),
        Destination::Ipv6(cidr) => (Some((*cidr).into()), None),
        Destination::PrefixList(id) => (None, lists.iter().find(|(key, _)| key.id == *id)),
    };
    one.into_iter().chain(list.into_iter().flat_map(|(_, list)| list.entries().iter().map(|entry| entry.cidr.into())))
}
