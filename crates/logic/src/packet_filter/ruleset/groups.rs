//! Security groups: who is a member, what each group allows, and which of them each interface has.

use super::super::{Interface, Peer, Rule};
use super::counting::Verdicts;
use super::plan::{Plan, known};
use super::text::{Family, address, chain, family_of, protocol, safe, set};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// A set for each group and family: its members' addresses.
pub(super) fn members(text: &mut String, plan: &Plan<'_>) {
    for id in plan.groups.keys() {
        let members = plan.members(id);
        for family in plan.families() {
            let own = members.iter().filter(|it| Family::of(it) == family).map(ToString::to_string);
            set(text, &format!("set members{}-{}", family.suffix(), safe(id)), family.kind(), own);
        }
    }
}

/// A counter for each rule that has an id.
pub(super) fn counters(text: &mut String, plan: &Plan<'_>) {
    let rules = plan.groups.values().flatten().flat_map(|group| group.ingress.iter().chain(&group.egress));
    let ids: BTreeSet<_> = rules.filter_map(|rule| rule.id.as_deref()).map(safe).collect();
    for id in ids {
        let _infallible = writeln!(text, "\tcounter {id} {{ }}");
    }
}

/// A chain for each group and direction: what its rules allow.
pub(super) fn rules(text: &mut String, plan: &Plan<'_>) {
    let accept = Verdicts::of(plan).accept();
    for (id, group) in plan.groups.iter().filter_map(|(id, group)| Some((id, (*group)?))) {
        let lines = |rules: &[Rule], side: &str, verdict: &str| {
            rules
                .iter()
                .flat_map(|rule| plan.families().filter_map(|family| allow(rule, family, side, verdict)))
                .collect::<Vec<_>>()
        };
        chain(text, &format!("in-{}", safe(id)), lines(&group.ingress, "saddr", accept));
        chain(text, &format!("out-{}", safe(id)), lines(&group.egress, "daddr", "goto arrive"));
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

/// The rule for packets of a family as nftables has it; `None` if nothing can match it.
fn allow(rule: &Rule, family: Family, side: &str, verdict: &str) -> Option<String> {
    let peer = match &rule.peer {
        Peer::Cidr(cidr) if family_of(*cidr) == family => address(side, *cidr),
        Peer::Cidr(_) => return None,
        Peer::Group(id) => format!("{} {side} @members{}-{} ", family.ip(), family.suffix(), safe(id)),
    };
    let counted = rule.id.as_deref().map(|id| format!("counter name {} ", safe(id))).unwrap_or_default();
    Some(format!("{peer}{}{counted}{verdict}", protocol(rule.protocol, family)?))
}
