//! Route tables: each subnet's chain marks a packet with the number of the way that it goes; see [`super::super::routes`].

use super::super::routes::{exits, routes};
use super::super::{Route, Way};
use super::plan::Plan;
use super::text::{address, chain, safe, set};
use std::collections::BTreeMap;

/// A chain for each subnet, and whose packets go by which.
pub(super) fn chains(text: &mut String, plan: &Plan<'_>) {
    let exits = exits(plan.vpc);
    for (id, subnet) in &plan.subnets {
        let stays = format!("ip daddr {{ {}, 169.254.0.0/16 }} return", subnet.cidr);
        let ways = routes(plan.vpc, subnet).into_iter().map(|route| line(&route, &exits));
        chain(text, &format!("route-{}", safe(id)), [stays].into_iter().chain(ways).chain(["drop".into()]));
    }
    let known = |id: &str| plan.subnets.contains_key(id);
    let places =
        plan.places(|it| Some(if known(&it.subnet) { format!("goto route-{}", safe(&it.subnet)) } else { "drop".into() }));
    set(text, "map route", "ifname : verdict", places.links);
    set(text, "map route_local", "ipv4_addr : verdict", places.local);
}

fn line(route: &Route, exits: &BTreeMap<String, u16>) -> String {
    let verdict = match &route.way {
        Way::Local => "return".into(),
        Way::Nowhere => "drop".into(),
        Way::Link(link) => format!("meta mark set {} return", exits.get(link).copied().unwrap_or_default()),
    };
    address("daddr", route.destination) + &verdict
}
