//! Security groups: who is a member, what each group allows, and which of them each interface has.

use super::super::{Interface, Peer, Rule};
use super::counting::Verdicts;
use super::plan::{Plan, known};
use super::text::{address, chain, protocol, safe, set};
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

/// A set for each group: its members' addresses.
pub(super) fn members(text: &mut String, plan: &Plan<'_>) {
    for id in plan.groups.keys() {
        set(text, &format!("set members-{}", safe(id)), "ipv4_addr", plan.members(id).iter().map(Ipv4Addr::to_string));
    }
}

/// A chain for each group and direction: what its rules allow.
pub(super) fn rules(text: &mut String, plan: &Plan<'_>) {
    let accept = Verdicts::of(plan).accept();
    for (id, group) in plan.groups.iter().filter_map(|(id, group)| Some((id, (*group)?))) {
        chain(text, &format!("in-{}", safe(id)), group.ingress.iter().filter_map(|rule| allow(rule, "saddr", accept)));
        chain(text, &format!("out-{}", safe(id)), group.egress.iter().filter_map(|rule| allow(rule, "daddr", "goto arrive")));
    }
}

/// A chain for each combination of groups and direction (the groups one after the other), and who goes into which.
pub(super) fn profiles(text: &mut String, plan: &Plan<'_>) {
    let verdicts = Verdicts::of(plan);
    let combinations: BTreeSet<_> = plan.interfaces.values().filter_map(|it| profile(it)).collect();
    let numbers: BTreeMap<_, _> = combinations.into_iter().enumerate().map(|(number, groups)| (groups, number)).collect();
    for (groups, number) in &numbers {
        let (entering, leaving) = (verdicts.deny(false).to_owned(), verdicts.deny(true).to_owned());
        chain(text, &format!("to-{number}"), known(plan, groups).map(|id| format!("jump in-{id}")).chain([entering]));
        chain(text, &format!("from-{number}"), known(plan, groups).map(|id| format!("jump out-{id}")).chain([leaving]));
    }
    for (direction, unjudged) in [("to", verdicts.accept()), ("from", "goto arrive")] {
        let places = plan
            .places(|it| Some(profile(it).map_or(unjudged.into(), |groups| format!("goto {direction}-{}", numbers[&groups]))));
        set(text, &format!("map {direction}"), "ifname : verdict", places.links);
        set(text, &format!("map {direction}_local"), "ipv4_addr : verdict", places.local);
    }
}

/// The groups that an interface is in, as a set; `None` for one that is not judged.
fn profile(interface: &Interface) -> Option<BTreeSet<&str>> {
    Some(interface.groups.as_ref()?.iter().map(String::as_str).collect())
}

/// The rule as nftables has it; `None` if nothing can match it.
fn allow(rule: &Rule, side: &str, verdict: &str) -> Option<String> {
    let peer = match &rule.peer {
        Peer::Cidr(cidr) => address(side, *cidr),
        Peer::Group(id) => format!("ip {side} @members-{} ", safe(id)),
    };
    Some(format!("{peer}{}{verdict}", protocol(rule.protocol)?))
}
