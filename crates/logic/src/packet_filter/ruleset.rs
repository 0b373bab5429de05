//! The ruleset of a VPC's router.
//!
//! How a new flow is judged (what belongs to a flow that was allowed passes before that):
//!
//! 1. `source_check`: a packet must come in by the link of the interface whose address it bears (EC2's source/destination check).
//! 2. `forward`, `input` and `output` send it by its source address into the chain of that interface's *profile*, the groups it is in
//!    together. The profile tries the egress rules of each group; a rule that allows the packet sends it on to `arrive`.
//! 3. `arrive` sends it by its destination address into the ingress rules of that one's profile, one of which has to accept it.
//!
//! Whoever falls out of a chain is dropped by the base chain's policy. What comes from the internet begins at step 3.

use super::{
    API_PORT, Group, INSTANCE_METADATA, INTERNET_LINK, Interface, Link, NAME_SERVER, Peer, Protocol, Rule, TABLE, TASK_METADATA,
    Vpc,
};
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

/// The whole table of a VPC's router, as one transaction for `nft -f` that replaces the table that is there.
///
/// Equal VPCs get equal texts; the order of groups and interfaces does not matter. Ids are made safe for the text, whatever they are.
pub fn vpc_ruleset(vpc: &Vpc) -> String {
    let plan = Plan::of(vpc);
    let mut text = format!("table {TABLE} {{}}\ndelete table {TABLE}\ntable {TABLE} {{\n");
    plan.sets(&mut text, vpc);
    plan.public_addresses(&mut text);
    plan.groups(&mut text);
    plan.profiles(&mut text);
    base_chains(&mut text, vpc);
    text + "}\n"
}

/// The VPC in the order in which it is written down.
struct Plan<'a> {
    interfaces: BTreeMap<Ipv4Addr, &'a Interface>,
    groups: BTreeMap<&'a str, Option<&'a Group>>,
    /// The distinct combinations of groups, and the number by which a chain is named.
    profiles: BTreeMap<BTreeSet<&'a str>, usize>,
}

impl<'a> Plan<'a> {
    fn of(vpc: &'a Vpc) -> Self {
        let mut interfaces = BTreeMap::new();
        for interface in &vpc.interfaces {
            interfaces.entry(interface.address).or_insert(interface);
        }
        let combinations: BTreeSet<_> = interfaces.values().map(|it| profile(it)).collect();
        let profiles = combinations.into_iter().enumerate().map(|(number, groups)| (groups, number)).collect();
        Self { groups: named_groups(vpc), interfaces, profiles }
    }

    fn sets(&self, text: &mut String, vpc: &Vpc) {
        let ports = self.interfaces.values().filter_map(|it| match &it.link {
            Link::Port(name) => Some(format!("\"{}\" . {}", safe(name), it.address)),
            Link::Local => None,
        });
        set(text, "set bound", "ifname . ipv4_addr", ports);
        set(text, "set services", "ipv4_addr . inet_proto . inet_service", services(vpc));
        for id in self.groups.keys() {
            let members = self.interfaces.values().filter(|it| it.groups.iter().any(|group| group == id));
            set(text, &format!("set members-{}", safe(id)), "ipv4_addr", members.map(|it| it.address.to_string()));
        }
    }

    /// Which interface has which public address, from the inside and from the outside.
    fn public_addresses(&self, text: &mut String) {
        let outward: BTreeMap<_, _> = self.interfaces.values().filter_map(|it| Some((it.address, it.public_address?))).collect();
        let inward: BTreeMap<_, _> = outward.iter().map(|(inside, outside)| (outside, inside)).collect();
        set(text, "set reachable", "ipv4_addr", outward.keys().map(Ipv4Addr::to_string));
        set(
            text,
            "map outward",
            "ipv4_addr : ipv4_addr",
            outward.iter().map(|(inside, outside)| format!("{inside} : {outside}")),
        );
        set(text, "map inward", "ipv4_addr : ipv4_addr", inward.iter().map(|(outside, inside)| format!("{outside} : {inside}")));
    }

    /// A chain for each group and direction: what its rules allow.
    fn groups(&self, text: &mut String) {
        for (id, group) in self.groups.iter().filter_map(|(id, group)| Some((id, (*group)?))) {
            chain(text, &format!("in-{}", safe(id)), group.ingress.iter().filter_map(|rule| allow(rule, "saddr", "accept")));
            chain(text, &format!("out-{}", safe(id)), group.egress.iter().filter_map(|rule| allow(rule, "daddr", "goto arrive")));
        }
    }

    /// A chain for each combination of groups and direction (the groups one after the other), and who goes into which.
    fn profiles(&self, text: &mut String) {
        for (groups, number) in &self.profiles {
            let known = || groups.iter().filter(|id| matches!(self.groups.get(*id), Some(Some(_)))).map(|id| safe(id));
            chain(text, &format!("to-{number}"), known().map(|id| format!("jump in-{id}")));
            chain(text, &format!("from-{number}"), known().map(|id| format!("jump out-{id}")));
        }
        for direction in ["to", "from"] {
            let verdict = |it: &&Interface| format!("{} : goto {direction}-{}", it.address, self.profiles[&profile(it)]);
            set(text, &format!("map {direction}"), "ipv4_addr : verdict", self.interfaces.values().map(verdict));
        }
    }
}

/// The chains that do not depend on interfaces and groups.
fn base_chains(text: &mut String, vpc: &Vpc) {
    let line = str::to_owned;
    let known_flows = || line("ct state vmap { established : accept, related : accept, invalid : drop }");
    let by_source = || line("ip saddr vmap @from");
    let services = || line("ip daddr . meta l4proto . th dport @services accept");
    let from_internet = || format!("iifname \"{INTERNET_LINK}\" ct status dnat goto arrive");
    chain(text, "arrive", [format!("oifname \"{INTERNET_LINK}\" ip saddr @reachable accept"), line("ip daddr vmap @to")]);
    chain(
        text,
        "source_check",
        [
            line("type filter hook prerouting priority raw; policy drop;"),
            line("iifname \"lo\" accept"),
            format!("iifname \"{INTERNET_LINK}\" ip saddr != {} accept", vpc.cidr),
            line("iifname . ip saddr @bound accept"),
        ],
    );
    chain(
        text,
        "forward",
        [line("type filter hook forward priority filter; policy drop;"), known_flows(), from_internet(), by_source()],
    );
    chain(
        text,
        "input",
        [
            line("type filter hook input priority filter; policy drop;"),
            line("iifname \"lo\" accept"),
            known_flows(),
            services(),
            from_internet(),
            by_source(),
        ],
    );
    chain(text, "output", [line("type filter hook output priority filter; policy drop;"), known_flows(), by_source()]);
    chain(
        text,
        "from_internet",
        [
            line("type nat hook prerouting priority dstnat; policy accept;"),
            format!("iifname \"{INTERNET_LINK}\" dnat ip to ip daddr map @inward"),
        ],
    );
    chain(
        text,
        "to_internet",
        [
            line("type nat hook postrouting priority srcnat; policy accept;"),
            format!("oifname \"{INTERNET_LINK}\" snat ip to ip saddr map @outward"),
        ],
    );
}

/// What every interface may reach, whatever its groups say: the name servers, the metadata services, and the cloud's API.
fn services(vpc: &Vpc) -> Vec<String> {
    let servers = vpc.cidr.nth(2).into_iter().chain([NAME_SERVER]);
    let names = servers.flat_map(|server| [format!("{server} . tcp . 53"), format!("{server} . udp . 53")]);
    let others = [(INSTANCE_METADATA, 80), (TASK_METADATA, 80), (TASK_METADATA, API_PORT)];
    names.chain(others.map(|(server, port)| format!("{server} . tcp . {port}"))).collect()
}

/// Every group that is listed, that an interface is in, or that a rule names; `None` for those that aren't listed.
fn named_groups(vpc: &Vpc) -> BTreeMap<&str, Option<&Group>> {
    let rules = vpc.groups.iter().flat_map(|group| group.ingress.iter().chain(&group.egress));
    let peers = rules.filter_map(|rule| match &rule.peer {
        Peer::Group(id) => Some(id),
        Peer::Cidr(_) => None,
    });
    let named = vpc.interfaces.iter().flat_map(|it| &it.groups).chain(peers).map(|id| (id.as_str(), None));
    named.chain(vpc.groups.iter().map(|group| (group.id.as_str(), Some(group)))).collect()
}

/// The groups that an interface is in, as a set.
fn profile(interface: &Interface) -> BTreeSet<&str> {
    interface.groups.iter().map(String::as_str).collect()
}

/// The rule as nftables has it; `None` if nothing can match it.
fn allow(rule: &Rule, side: &str, verdict: &str) -> Option<String> {
    let peer = match &rule.peer {
        Peer::Cidr(cidr) if cidr.prefix == 0 => String::new(),
        Peer::Cidr(cidr) => format!("ip {side} {cidr} "),
        Peer::Group(id) => format!("ip {side} @members-{} ", safe(id)),
    };
    Some(format!("{peer}{}{verdict}", protocol(rule.protocol)?))
}

/// The protocol's part of a rule, with a space after it; `None` if nothing can match it.
fn protocol(protocol: Protocol) -> Option<String> {
    Some(match protocol {
        Protocol::All => String::new(),
        Protocol::Tcp(from, to) => format!("tcp dport {} ", ports(from, to)?),
        Protocol::Udp(from, to) => format!("udp dport {} ", ports(from, to)?),
        Protocol::Icmp(None, None) => "meta l4proto icmp ".into(),
        Protocol::Icmp(kind, code) => {
            kind.map(|kind| format!("icmp type {kind} ")).unwrap_or_default()
                + &code.map(|code| format!("icmp code {code} ")).unwrap_or_default()
        }
        Protocol::Number(number) => format!("meta l4proto {number} "),
    })
}

fn ports(from: u16, to: u16) -> Option<String> {
    match from.cmp(&to) {
        std::cmp::Ordering::Less => Some(format!("{from}-{to}")),
        std::cmp::Ordering::Equal => Some(from.to_string()),
        std::cmp::Ordering::Greater => None,
    }
}

/// Writes a set or a map, `declaration` being its kind and name.
fn set(text: &mut String, declaration: &str, kind: &str, elements: impl IntoIterator<Item = String>) {
    let elements: Vec<_> = elements.into_iter().collect();
    let elements = if elements.is_empty() { String::new() } else { format!("; elements = {{ {} }}", elements.join(", ")) };
    *text += &format!("\t{declaration} {{ type {kind}{elements}; }}\n");
}

/// Writes a chain.
fn chain(text: &mut String, name: &str, rules: impl IntoIterator<Item = String>) {
    let rules: String = rules.into_iter().map(|rule| format!("\t\t{rule}\n")).collect();
    *text += &format!("\tchain {name} {{\n{rules}\t}}\n");
}

/// The id with whatever could end a name in the ruleset's text replaced.
fn safe(id: &str) -> String {
    id.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).collect()
}
