//! The ruleset of a VPC's router.
//!
//! The way of a packet through it:
//!
//! 1. `source_check`: it must come in by the link of the interface whose address it bears (EC2's source/destination check), unless that
//!    interface sends others' packets too.
//! 2. `route`: its subnet's route table says where it goes, by a mark.
//! 3. `forward`, `input` and `own` (for what the router's own addresses send, once it is known where it goes): the ACL of the subnet that
//!    it leaves judges it, whatever came before it.
//! 4. What belongs to a flow that was allowed goes on to `known`. A new flow goes into the chain of its sender's *profile*, the groups it is
//!    in together. The profile tries the egress rules of each group; a rule that allows the packet sends it on to `arrive`.
//! 5. `arrive` lets it go beyond the VPC, or sends it `inside`.
//! 6. `known` and `inside`: the ACL of the subnet that it enters judges it; a new flow then has to be accepted by an ingress rule of the
//!    receiver's profile.
//!
//! What comes from the internet for an address that has been given to another interface, or taken away, is dropped before that, though
//! connection tracking knows where it went.
//!
//! Whoever falls out of a chain is dropped by the base chain's policy. What comes from the internet or from a neighbour goes `inside` at
//! once. Where interfaces are watched by flow logs, packets are counted when they leave the sender's or enter the receiver's, or don't.

mod borders;
mod counting;
mod groups;
mod plan;
mod text;
mod ways;

use super::{API_PORT, INSTANCE_METADATA, INTERNET_LINK, Link, NAME_SERVER, TABLE, TASK_METADATA, Vpc};
use counting::Verdicts;
use plan::Plan;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use text::{chain, networks, quoted, set};

/// The whole table of a VPC's router, as one transaction for `nft -f` that replaces the table that is there.
///
/// Equal VPCs get equal texts; the order of groups and interfaces does not matter. Ids are made safe for the text, whatever they are.
pub fn vpc_ruleset(vpc: &Vpc) -> String {
    let plan = Plan::of(vpc);
    let mut text = format!("table {TABLE} {{}}\ndelete table {TABLE}\ntable {TABLE} {{\n");
    links(&mut text, &plan);
    groups::members(&mut text, &plan);
    public_addresses(&mut text, &plan);
    ways::chains(&mut text, &plan);
    counting::chains(&mut text, &plan);
    borders::chains(&mut text, &plan);
    groups::rules(&mut text, &plan);
    groups::profiles(&mut text, &plan);
    arrival(&mut text, &plan);
    before_routing(&mut text, &plan);
    judging(&mut text, &plan);
    translation(&mut text);
    text + "}\n"
}

/// What is behind which link, and the services that everybody reaches.
fn links(text: &mut String, plan: &Plan<'_>) {
    let bound = plan.addresses.iter().filter_map(|(address, (it, _))| match &it.link {
        Link::Port(name) if it.checked => Some(format!("{} . {address}", quoted(name))),
        _ => None,
    });
    set(text, "set bound", "ifname . ipv4_addr", bound);
    let unchecked = plan.interfaces.values().filter_map(|it| match &it.link {
        Link::Port(name) if !it.checked => Some(quoted(name)),
        _ => None,
    });
    set(text, "set unchecked", "ifname", unchecked);
    let own = plan.addresses.iter().filter(|(_, (it, _))| it.link == Link::Local);
    set(text, "set balancers", "ipv4_addr", own.map(|(address, _)| address.to_string()));
    set(text, "set neighbours", "ifname", plan.neighbours.keys().map(|link| quoted(link)));
    set(text, "set services", "ipv4_addr . inet_proto . inet_service", services(plan.vpc));
}

/// Which interface has which public address, from the inside and from the outside.
fn public_addresses(text: &mut String, plan: &Plan<'_>) {
    let outward: BTreeMap<_, _> = plan.addresses.iter().filter_map(|(inside, (_, public))| Some((inside, (*public)?))).collect();
    let inward: BTreeMap<_, _> = outward.iter().map(|(inside, outside)| (outside, inside)).collect();
    set(text, "set reachable", "ipv4_addr", outward.keys().map(|address| address.to_string()));
    set(text, "map outward", "ipv4_addr : ipv4_addr", outward.iter().map(|(inside, outside)| format!("{inside} : {outside}")));
    let pairs = inward.iter().map(|(outside, inside)| format!("{outside} . {inside}"));
    set(text, "set public", "ipv4_addr . ipv4_addr", pairs);
    set(text, "map inward", "ipv4_addr : ipv4_addr", inward.iter().map(|(outside, inside)| format!("{outside} : {inside}")));
}

/// The chains in which packets of new flows end that may leave their sender, and those of flows that are known.
fn arrival(text: &mut String, plan: &Plan<'_>) {
    let verdicts = Verdicts::of(plan);
    let line = str::to_owned;
    let borders = || {
        let entering = borders::are_watched(plan).then(|| ["oifname vmap @enter", "ip daddr vmap @enter_local"].map(line));
        entering.into_iter().flatten()
    };
    let known = verdicts.left().into_iter().chain(borders()).chain(verdicts.entered()).chain([line("accept")]);
    chain(text, "known", known);
    let receivers = [line("oifname vmap @to"), line("ip daddr vmap @to_local"), line("drop")];
    chain(text, "inside", borders().chain(receivers));
    let beyond = [
        format!("oifname \"{INTERNET_LINK}\" ip saddr @reachable accept"),
        line("oifname @neighbours accept"),
        line("goto inside"),
    ];
    chain(text, "arrive", verdicts.left().into_iter().chain(beyond));
}

/// The chains that see a packet before the kernel looks where it goes.
fn before_routing(text: &mut String, plan: &Plan<'_>) {
    let neighbours = plan.neighbours.iter().filter(|(_, it)| !it.cidrs.is_empty());
    let beside = neighbours.map(|(link, it)| format!("iifname {} ip saddr {} accept", quoted(link), networks(&it.cidrs)));
    let rules = [
        "type filter hook prerouting priority raw; policy drop;".into(),
        "iifname \"lo\" accept".into(),
        format!("iifname \"{INTERNET_LINK}\" ip saddr != {} accept", networks(&plan.vpc.cidrs)),
        "iifname . ip saddr @bound accept".into(),
        "iifname @unchecked meta nfproto ipv4 accept".into(),
        "ip saddr 0.0.0.0 udp sport 68 udp dport 67 accept".into(),
    ];
    chain(text, "source_check", rules.into_iter().chain(beside));
    chain(text, "route", ["type filter hook prerouting priority mangle; policy accept;".into(), "iifname vmap @route".into()]);
    chain(
        text,
        "route_own",
        ["type route hook output priority mangle; policy accept;".into(), "ip saddr vmap @route_local".into()],
    );
}

/// The chains that let a packet pass or not.
fn judging(text: &mut String, plan: &Plan<'_>) {
    let watched = borders::are_watched(plan);
    let line = str::to_owned;
    let if_watched = |rule: &str| watched.then(|| rule.to_owned());
    let known_flows = || line("ct state vmap { established : goto known, related : goto known, invalid : drop }");
    let from_outside =
        || [format!("iifname \"{INTERNET_LINK}\" ct status dnat goto inside"), line("iifname @neighbours goto inside")];
    let judged = || {
        let leaving =
            [format!("iifname \"{INTERNET_LINK}\" jump still_public")].into_iter().chain(if_watched("iifname vmap @leave"));
        leaving.chain([known_flows()]).chain(from_outside()).chain([line("iifname vmap @from")])
    };
    let gone = ["original ct original", "reply ct reply"];
    chain(text, "still_public", gone.map(|it| format!("ct direction {it} ip daddr . ip daddr != @public drop")));
    let forward = [line("type filter hook forward priority filter; policy drop;"), line("oifname \"lo\" drop")];
    chain(text, "forward", forward.into_iter().chain(judged()));
    let input = [
        line("type filter hook input priority filter; policy drop;"),
        line("iifname \"lo\" accept"),
        line("ip daddr . meta l4proto . th dport @services accept"),
        line("udp sport 68 udp dport 67 accept"),
    ];
    chain(text, "input", input.into_iter().chain(judged()));
    let output = [
        line("type filter hook output priority filter; policy drop;"),
        line("udp sport 67 udp dport 68 accept"),
        line("ip saddr @balancers accept"),
        line("ct state { established, related } accept"),
    ];
    chain(text, "output", output);
    let own = [line("type filter hook postrouting priority filter; policy drop;"), line("ip saddr != @balancers accept")];
    let leaving = if_watched("ip saddr vmap @leave_local").into_iter().chain([known_flows(), line("ip saddr vmap @from_local")]);
    chain(text, "own", own.into_iter().chain(leaving));
}

/// Public addresses are put on and taken off at the border to the internet.
fn translation(text: &mut String) {
    let (arriving, leaving) =
        ("type nat hook prerouting priority dstnat; policy accept;", "type nat hook postrouting priority srcnat; policy accept;");
    chain(text, "from_internet", [arriving.into(), format!("iifname \"{INTERNET_LINK}\" dnat ip to ip daddr map @inward")]);
    chain(text, "to_internet", [leaving.into(), format!("oifname \"{INTERNET_LINK}\" snat ip to ip saddr map @outward")]);
}

/// What every interface may reach, whatever its groups say: the name servers, the metadata services, and the cloud's API.
fn services(vpc: &Vpc) -> Vec<String> {
    let servers = vpc.cidrs.first().and_then(|cidr| cidr.nth(2)).into_iter().chain([NAME_SERVER]);
    let names = servers.flat_map(|server: Ipv4Addr| [format!("{server} . tcp . 53"), format!("{server} . udp . 53")]);
    let others = [(INSTANCE_METADATA, 80), (TASK_METADATA, 80), (TASK_METADATA, API_PORT)];
    names.chain(others.map(|(server, port)| format!("{server} . tcp . {port}"))).collect()
}
