//! Routes as hosts have them: one for each block of addresses.

use crate::vpc::{Lists, targets::led};
use agent_proto::network;
use model::{
    IpCidr, Key,
    ec2::{Destination, Route, RouteTableSpec, RouteTarget, Vpc},
};
use spine::{Read, StoreError};

/// The routes of a VPC's table. What is behind a gateway endpoint is at the VPC's router.
pub fn routes(
    read: &impl Read,
    vpc: &Key<Vpc>,
    table: &RouteTableSpec,
    lists: Lists<'_>,
) -> Result<Vec<network::Route>, StoreError> {
    let mut found = Vec::new();
    for route in &table.routes {
        let target = target(&route.target);
        let leads = led(read, (&vpc.account, &vpc.region), &vpc.id, &route.target)?.anywhere;
        let target = if leads { target } else { network::Target::Blackhole };
        found.extend(blocks(route, lists).into_iter().map(|destination| network::Route { destination, target: target.clone() }));
    }
    Ok(found)
}

fn target(target: &RouteTarget) -> network::Target {
    match target {
        RouteTarget::InternetGateway(_) => network::Target::InternetGateway,
        RouteTarget::EgressOnlyInternetGateway(_) => network::Target::EgressOnlyInternetGateway,
        RouteTarget::NatGateway(id) => network::Target::NatGateway(id.clone()),
        RouteTarget::Interface(id) => network::Target::Interface(id.clone()),
        RouteTarget::Peering(id) => network::Target::Peering(id.clone()),
        RouteTarget::Endpoint(_) => network::Target::Local,
    }
}

fn blocks(route: &Route, lists: Lists<'_>) -> Vec<IpCidr> {
    match &route.destination {
        Destination::Ipv4(cidr) => vec![(*cidr).into()],
        Destination::Ipv6(cidr) => vec![(*cidr).into()],
        Destination::PrefixList(id) => lists.blocks(id).into_iter().map(IpCidr::from).collect(),
    }
}
