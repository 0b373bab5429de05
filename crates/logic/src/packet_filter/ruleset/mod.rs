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

use super::{API_PORT, INSTANCE_METADATA, INTERNET_EXIT, INTERNET_LINK, Link, NAME_SERVER, TABLE, TASK_METADATA, Vpc};
use counting::Verdicts;
use plan::Plan;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use text::{Family, chain, networks, quoted, set};

/// The whole table of a VPC's router, as one transaction for `nft -f` that replaces the table that is there.
///
/// Equal VPCs get equal texts; the order of groups and interfaces does not matter. Ids are made safe for the text, whatever they are.
pub fn vpc_ruleset(vpc: &Vpc) -> String {
    let plan = Plan::of(vpc);
    let mut text = format!("table {TABLE} {{}}\ndelete table {TABLE}\ntable {TABLE} {{\n");
    links(&mut text, &plan);
    groups::members(&mut text, &plan);
    groups::counters(&mut text, &plan);
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
    for family in plan.families() {
        let own = plan.addresses.iter().filter(|(address, _)| Family::of(address) == family);
        let bound = own.filter_map(|(address, (it, _))| match &it.link {
            Link::Port(name) if it.checked => Some(format!("{} . {address}", quoted(name))),
            _ => None,
        });
        set(text, &format!("set bound{}", family.suffix()), &format!("ifname . {}", family.kind()), bound);
    }
    let unchecked = plan.interfaces.values().filter_map(|it| match &it.link {
        Link::Port(name) if !it.checked => Some(quoted(name)),
        _ => None,
    });
    set(text, "set unchecked", "ifname", unchecked);
    let own = plan.addresses.iter().filter(|(_, (it, _))| it.link == Link::Local);
    let gateways = || plan.vpc.gateways.iter().map(ToString::to_string);
    set(text, "set balancers", "ipv4_addr", own.map(|(address, _)| address.to_string()).chain(gateways()));
    if has_gateways(plan) {
        set(text, "set gateways", "ipv4_addr", gateways());
    }
    set(text, "set neighbours", "ifname", plan.neighbours.keys().map(|link| quoted(link)));
    set(text, "set services", "ipv4_addr . inet_proto . inet_service", services(plan.vpc));
}

fn has_gateways(plan: &Plan<'_>) -> bool {
    !plan.vpc.gateways.is_empty()
}

/// Which interface has which public address, from the inside and from the outside. An address of IPv6 is its own.
fn public_addresses(text: &mut String, plan: &Plan<'_>) {
    let both = |inside: &IpAddr, public: &Option<IpAddr>| Some((*inside, (*public)?));
    let all: BTreeMap<_, _> = plan.addresses.iter().filter_map(|(inside, (_, public))| both(inside, public)).collect();
    let (outward, outward6): (BTreeMap<_, _>, BTreeMap<_, _>) = all.into_iter().partition(|(inside, _)| inside.is_ipv4());
    let inward: BTreeMap<_, _> = outward.iter().map(|(inside, outside)| (outside, inside)).collect();
    set(text, "set reachable", "ipv4_addr", outward.keys().map(|address| address.to_string()));
    set(text, "map outward", "ipv4_addr : ipv4_addr", outward.iter().map(|(inside, outside)| format!("{inside} : {outside}")));
    let pairs = inward.iter().map(|(outside, inside)| format!("{outside} . {inside}"));
    set(text, "set public", "ipv4_addr . ipv4_addr", pairs);
    set(text, "map inward", "ipv4_addr : ipv4_addr", inward.iter().map(|(outside, inside)| format!("{outside} : {inside}")));
    if plan.families().any(|family| family == Family::V6) {
        let own = plan.addresses.keys().filter(|address| address.is_ipv6());
        set(text, "set own6", "ipv6_addr", own.map(|address| address.to_string()));
        set(text, "set reachable6", "ipv6_addr", outward6.keys().map(|address| address.to_string()));
    }
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
    let outside = plan.families().map(|family| match family {
        Family::V4 => format!("oifname \"{INTERNET_LINK}\" ip saddr @reachable accept"),
        Family::V6 => format!("oifname \"{INTERNET_LINK}\" ip6 saddr @own6 accept"),
    });
    // What has no mark goes by the endpoint's own route, and else only what the internet reaches gets there.
    let gateways = [
        line("ip daddr @gateways meta mark 0 accept"),
        format!("ip daddr @gateways meta mark {INTERNET_EXIT} ip saddr @reachable accept"),
    ];
    let gateways = gateways.into_iter().filter(|_| has_gateways(plan));
    let beyond = gateways.chain(outside).chain([line("oifname @neighbours accept"), line("goto inside")]);
    chain(text, "arrive", verdicts.left().into_iter().chain(beyond));
}

/// The chains that see a packet before the kernel looks where it goes.
fn before_routing(text: &mut String, plan: &Plan<'_>) {
    let head = ["type filter hook prerouting priority raw; policy drop;", "iifname \"lo\" accept"].map(str::to_owned);
    chain(text, "source_check", head.into_iter().chain(plan.families().flat_map(|family| sources(plan, family))));
    chain(text, "route", ["type filter hook prerouting priority mangle; policy accept;".into(), "iifname vmap @route".into()]);
    chain(
        text,
        "route_own",
        ["type route hook output priority mangle; policy accept;".into(), "ip saddr vmap @route_local".into()],
    );
}

/// Which addresses of a family what comes by which link may bear.
fn sources(plan: &Plan<'_>, family: Family) -> Vec<String> {
    let ip = family.ip();
    let own = networks(&plan.vpc.cidrs, family);
    let internet = own.map(|own| format!("iifname \"{INTERNET_LINK}\" {ip} saddr != {own} accept"));
    let bound = format!("iifname . {ip} saddr @bound{} accept", family.suffix());
    let special = match family {
        Family::V4 => {
            ["iifname @unchecked meta nfproto ipv4 accept".into(), "ip saddr 0.0.0.0 udp sport 68 udp dport 67 accept".into()]
        }
        Family::V6 => [
            "iifname @unchecked ip6 saddr != fe80::/10 accept".into(),
            format!("ip6 saddr fe80::/10 icmpv6 type {DISCOVERY} accept"),
        ],
    };
    let beside = plan.neighbours.iter().filter_map(|(link, it)| Some((link, networks(&it.cidrs, family)?)));
    let beside = beside.map(|(link, cidrs)| format!("iifname {} {ip} saddr {cidrs} accept", quoted(link)));
    internet.into_iter().chain([bound]).chain(special).chain(beside).collect()
}

/// How neighbours find each other on a link (RFC 4861, section 4): the only use of link-local addresses.
const DISCOVERY: &str = "{ nd-router-solicit, nd-neighbor-solicit, nd-neighbor-advert }";

/// The chains that let a packet pass or not.
fn judging(text: &mut String, plan: &Plan<'_>) {
    let watched = borders::are_watched(plan);
    let line = str::to_owned;
    let if_watched = |rule: &str| watched.then(|| rule.to_owned());
    let known_flows = || line("ct state vmap { established : goto known, related : goto known, invalid : drop }");
    let ipv6 = plan.families().any(|family| family == Family::V6);
    let from_outside = || {
        let reachable = ipv6.then(|| format!("iifname \"{INTERNET_LINK}\" ip6 daddr @reachable6 goto inside"));
        let translated = [format!("iifname \"{INTERNET_LINK}\" ct status dnat goto inside")];
        translated.into_iter().chain(reachable).chain([line("iifname @neighbours goto inside")])
    };
    let discovery = || ipv6.then(|| format!("icmpv6 type {DISCOVERY} accept"));
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
    chain(text, "input", input.into_iter().chain(discovery()).chain(judged()));
    let output = [
        line("type filter hook output priority filter; policy drop;"),
        line("udp sport 67 udp dport 68 accept"),
        line("ip saddr @balancers accept"),
        line("ct state { established, related } accept"),
    ];
    chain(text, "output", output.into_iter().chain(discovery()));
    let others = plan.families().map(|family| match family {
        Family::V4 => line("ip saddr != @balancers accept"),
        Family::V6 => line("meta nfproto ipv6 accept"),
    });
    let own = [line("type filter hook postrouting priority filter; policy drop;")].into_iter().chain(others);
    let leaving = if_watched("ip saddr vmap @leave_local").into_iter().chain([known_flows(), line("ip saddr vmap @from_local")]);
    chain(text, "own", own.chain(leaving));
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
    let servers = vpc.cidrs.iter().find_map(|cidr| cidr.ipv4()).and_then(|cidr| cidr.nth(2)).into_iter().chain([NAME_SERVER]);
    let names = servers.flat_map(|server: Ipv4Addr| [format!("{server} . tcp . 53"), format!("{server} . udp . 53")]);
    let others = [(INSTANCE_METADATA, 80), (TASK_METADATA, 80), (TASK_METADATA, API_PORT)];
    names.chain(others.map(|(server, port)| format!("{server} . tcp . {port}"))).collect()
}
