//! Which way packets go: route tables as functions, and the numbers by which the router's kernel knows the ways out.
//!
//! The filter decides the way (in its `route-…` chains) and marks the packet with the way's number; the kernel has a table of that number
//! with a single route. A packet without a mark goes to the interface that has its address.

use super::{INTERNET_LINK, Interface, Link, Route, Subnet, Vpc, Way};
use model::IpCidr;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// The number of the way to the internet.
pub const INTERNET_EXIT: u16 = 1;

/// The first number of the other ways; the kernel's own tables have lower ones.
const FIRST_EXIT: u16 = 0x100;
/// How many numbers there are for them.
const EXITS: u16 = 0x7000;

/// The ways out of the VPC's subnets: the router's network interfaces, each with its number. A number depends on the interface's name
/// rather than on its place among the others, so that a new way leaves the others as they are.
pub fn exits(vpc: &Vpc) -> BTreeMap<String, u16> {
    let mut exits = BTreeMap::new();
    let mut taken = BTreeSet::new();
    let links: BTreeSet<_> = vpc.subnets.iter().flat_map(|subnet| routes(vpc, subnet)).filter_map(link).collect();
    for link in links {
        let number = if link == INTERNET_LINK { INTERNET_EXIT } else { free(&taken, &link) };
        taken.insert(number);
        exits.insert(link, number);
    }
    exits
}

fn link(route: Route) -> Option<String> {
    match route.way {
        Way::Link(link) => Some(link),
        Way::Local | Way::Nowhere => None,
    }
}

fn free(taken: &BTreeSet<u16>, link: &str) -> u16 {
    let hash = link.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    let first = (hash % u32::from(EXITS)) as u16;
    let mut candidates = (0..EXITS).map(|step| FIRST_EXIT + (first + step) % EXITS);
    candidates.find(|number| !taken.contains(number)).unwrap_or(FIRST_EXIT)
}

/// The subnet's routes, the most specific first: with those to the VPC's own addresses, and with ways that lead nowhere as such. A
/// packet that stays in the subnet takes none of them.
pub(super) fn routes(vpc: &Vpc, subnet: &Subnet) -> Vec<Route> {
    let place = |cidr: IpCidr| (Reverse(cidr.prefix()), cidr.network());
    let mut table: BTreeMap<_, Way> = vpc.cidrs.iter().map(|cidr| (place(*cidr), Way::Local)).collect();
    for route in &subnet.routes {
        let way = if leads(vpc, &route.way) { route.way.clone() } else { Way::Nowhere };
        table.insert(place(route.destination), way);
    }
    table.into_iter().map(|((_, destination), way)| Route { destination, way }).collect()
}

/// The way of a packet from the subnet to an address.
pub(super) fn way(vpc: &Vpc, subnet: &Subnet, to: IpAddr) -> Way {
    if subnet.cidrs.iter().any(|own| own.contains(to)) {
        return Way::Local;
    }
    let chosen = routes(vpc, subnet).into_iter().find(|route| route.destination.contains(to));
    chosen.map_or(Way::Nowhere, |route| route.way)
}

/// An interface that checks destinations takes nothing that is not its own, so a route to it leads nowhere.
fn leads(vpc: &Vpc, way: &Way) -> bool {
    let Way::Link(link) = way else { return true };
    let takes = |it: &&Interface| it.link == Link::Port(link.clone());
    link == INTERNET_LINK
        || vpc.neighbours.iter().any(|it| it.link == *link)
        || vpc.interfaces.iter().find(takes).is_some_and(|it| !it.checked)
}
