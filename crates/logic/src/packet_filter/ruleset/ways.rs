//! Route tables: each subnet's chain marks a packet with the number of the way that it goes; see [`super::super::routes`].

use super::super::routes::{exits, routes};
use super::super::{Route, Subnet, Way};
use super::plan::Plan;
use super::text::{Family, address, chain, networks, safe, set};
use std::collections::BTreeMap;

/// A chain for each subnet, and whose packets go by which.
pub(super) fn chains(text: &mut String, plan: &Plan<'_>) {
    let exits = exits(plan.vpc);
    for (id, subnet) in &plan.subnets {
        let stays = plan.families().filter_map(|family| stays(subnet, family));
        let ways =
            routes(plan.vpc, subnet).into_iter().filter(|route| plan.speaks(route.destination)).map(|route| line(&route, &exits));
        chain(text, &format!("route-{}", safe(id)), stays.chain(ways).chain(["drop".into()]));
    }
    let known = |id: &str| plan.subnets.contains_key(id);
    let places =
        plan.places(|it| Some(if known(&it.subnet) { format!("goto route-{}", safe(&it.subnet)) } else { "drop".into() }));
    set(text, "map route", "ifname : verdict", places.links);
    set(text, "map route_local", "ipv4_addr : verdict", places.local);
}

/// What doesn't leave the subnet, and what is the router's own on the link.
fn stays(subnet: &Subnet, family: Family) -> Option<String> {
    let on_link = match family {
        Family::V4 => ["169.254.0.0/16"].as_slice(),
        Family::V6 => &["fe80::/10", "ff02::/16"],
    };
    let on_link = on_link.iter().filter_map(|text| text.parse().ok());
    let all: Vec<_> = subnet.cidrs.iter().copied().chain(on_link).collect();
    Some(format!("{} daddr {} return", family.ip(), networks(&all, family)?))
}

fn line(route: &Route, exits: &BTreeMap<String, u16>) -> String {
    let verdict = match &route.way {
        Way::Local => "return".into(),
        Way::Nowhere => "drop".into(),
        Way::Link(link) => format!("meta mark set {} return", exits.get(link).copied().unwrap_or_default()),
    };
    address("daddr", route.destination) + &verdict
}
