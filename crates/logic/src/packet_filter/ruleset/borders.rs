//! Network ACLs: what may cross the borders of subnets, packet by packet. Subnets without one have no chains.

use super::super::{AclRule, Interface, Link, Subnet};
use super::counting::Verdicts;
use super::plan::Plan;
use super::text::{address, chain, family_of, protocol, quoted, safe, set};

/// Whether any subnet's border is watched.
pub(super) fn are_watched(plan: &Plan<'_>) -> bool {
    plan.subnets.values().any(|subnet| subnet.acl.is_some())
}

/// A chain for each watched subnet and direction, and which interface is behind which border.
pub(super) fn chains(text: &mut String, plan: &Plan<'_>) {
    if !are_watched(plan) {
        return;
    }
    let verdicts = Verdicts::of(plan);
    for (id, subnet) in &plan.subnets {
        let Some(acl) = &subnet.acl else { continue };
        let own: Vec<_> = plan.interfaces.values().filter(|it| it.subnet == **id).collect();
        set(text, &format!("set links-{}", safe(id)), "ifname", own.iter().filter_map(|it| port(it)));
        let balancers = plan.addresses.iter().filter(|(_, (it, _))| it.link == Link::Local && it.subnet == **id);
        set(text, &format!("set balancers-{}", safe(id)), "ipv4_addr", balancers.map(|(address, _)| address.to_string()));
        for (direction, link, address, rules) in
            [("enter", "iifname", "saddr", &acl.ingress), ("leave", "oifname", "daddr", &acl.egress)]
        {
            let stays = [format!("{link} @links-{} return", safe(id)), format!("ip {address} @balancers-{} return", safe(id))];
            let deny = verdicts.deny(direction == "leave");
            let spoken = rules.iter().filter(|rule| plan.speaks(rule.peer));
            let judged = spoken.filter_map(|rule| judge(rule, address, deny));
            chain(text, &format!("{direction}-{}", safe(id)), stays.into_iter().chain(judged).chain([deny.into()]));
        }
    }
    for direction in ["enter", "leave"] {
        let watched = |id: &str| plan.subnets.get(id).is_some_and(|subnet: &&Subnet| subnet.acl.is_some());
        let places = plan.places(|it| watched(&it.subnet).then(|| format!("jump {direction}-{}", safe(&it.subnet))));
        set(text, &format!("map {direction}"), "ifname : verdict", places.links);
        set(text, &format!("map {direction}_local"), "ipv4_addr : verdict", places.local);
    }
}

/// The name of the interface's link.
fn port(interface: &Interface) -> Option<String> {
    match &interface.link {
        Link::Port(name) => Some(quoted(name)),
        Link::Local => None,
    }
}

fn judge(rule: &AclRule, side: &str, deny: &str) -> Option<String> {
    let verdict = if rule.allow { "return" } else { deny };
    Some(format!("{}{}{verdict}", address(side, rule.peer), protocol(rule.protocol, family_of(rule.peer))?))
}
