//! Reads a ruleset's text and walks a new flow's first packet through it, as the kernel would: enough of nftables for our own text.

use super::super::{INTERNET_LINK, Link, Packet, Place, Vpc, exits};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::net::IpAddr;

/// A table, by the names of its sets (and maps) and chains.
pub struct Table {
    sets: BTreeMap<String, BTreeMap<String, String>>,
    chains: BTreeMap<String, Vec<String>>,
}

#[derive(Clone, Copy, PartialEq)]
enum Verdict {
    Accept,
    Drop,
    Return,
    Next,
}

/// A packet at a hook.
struct Passing<'a> {
    packet: Packet,
    iifname: &'a str,
    oifname: &'a str,
    dnat: bool,
    mark: &'a Cell<u16>,
}

impl Table {
    pub fn parse(text: &str) -> Self {
        let mut table = Self { sets: BTreeMap::new(), chains: BTreeMap::new() };
        let mut chain = None;
        for line in text.lines().map(str::trim) {
            let mut words = line.split(' ');
            match (words.next(), words.next()) {
                (Some("set" | "map"), Some(name)) => drop(table.sets.insert(name.into(), elements(line))),
                (Some("chain"), Some(name)) => chain = Some(table.chains.entry(name.into()).or_default()),
                (Some("}"), None) => chain = None,
                _ => chain.iter_mut().for_each(|rules| rules.push(line.into())),
            }
        }
        table
    }

    /// The network interface by which the first packet of a flow leaves the router, if it passes every hook on its way; `lo` where the
    /// router itself is reached.
    pub fn exit(&self, vpc: &Vpc, from: Place<'_>, packet: Packet) -> Option<String> {
        let iifname = match from {
            Place::Interface(it) => link(&it.link),
            Place::Internet => INTERNET_LINK.into(),
            Place::Neighbour(link) => link.to_owned(),
            Place::Gateway => unreachable!("nothing comes from there"),
        };
        let dnat =
            iifname == INTERNET_LINK && self.sets["inward"].values().any(|inside| *inside == packet.destination.to_string());
        let mark = Cell::new(0);
        let passes = |hook: &str, oifname: &str| {
            let verdict = self.walk(hook, &Passing { packet, iifname: &iifname, oifname, dnat, mark: &mark });
            verdict == Verdict::Accept || (verdict != Verdict::Drop && self.chains[hook][0].ends_with("policy accept;"))
        };
        let before = if iifname == "lo" { passes("route_own", "") } else { passes("source_check", "") && passes("route", "") };
        let oifname = self.route(vpc, packet.destination, mark.get());
        let judged = match (iifname.as_str(), oifname.as_str()) {
            // What the router itself sends is not yet known to go elsewhere when it passes `output`.
            ("lo", "lo") => passes("output", "lo") && passes("own", "lo") && passes("source_check", "") && passes("input", ""),
            ("lo", _) => passes("output", "lo") && passes("own", &oifname),
            (_, "lo") => passes("input", ""),
            _ => passes("forward", &oifname),
        };
        (before && judged).then_some(oifname)
    }

    /// What the kernel's tables say: the router's own addresses, the mark's table, the interfaces' addresses, and for all others a link that
    /// leads nowhere.
    fn route(&self, vpc: &Vpc, to: IpAddr, mark: u16) -> String {
        if vpc.gateways.iter().any(|it| to == *it) {
            return "lo".into();
        }
        let owner =
            vpc.interfaces.iter().find(|it| it.addresses.iter().any(|(address, _)| *address == to)).map(|it| link(&it.link));
        match (owner, exits(vpc).into_iter().find(|(_, number)| *number == mark)) {
            (Some(own), _) if own == "lo" => own,
            (_, Some((link, _))) => link,
            (Some(link), None) => link,
            (None, None) => "nowhere".into(),
        }
    }

    fn walk(&self, chain: &str, passing: &Passing) -> Verdict {
        for rule in &self.chains[chain] {
            let (tail, verdict) = self.rule(rule, passing);
            match verdict {
                Verdict::Accept | Verdict::Drop => return verdict,
                Verdict::Return => return Verdict::Next,
                Verdict::Next if tail => return Verdict::Next,
                Verdict::Next => {}
            }
        }
        Verdict::Next
    }

    /// What the rule says, and whether nothing after it in its chain counts (`goto`).
    fn rule(&self, rule: &str, passing: &Passing) -> (bool, Verdict) {
        if rule.contains(" update @") {
            return (false, Verdict::Next);
        }
        let mut words = rule.split(' ');
        loop {
            let matches = match (words.next(), words.next()) {
                (Some("accept"), None) => return (true, Verdict::Accept),
                (Some("drop"), None) => return (true, Verdict::Drop),
                (Some("return"), None) => return (true, Verdict::Return),
                (Some("jump"), Some(chain)) => return (false, self.walk(chain, passing)),
                (Some("goto"), Some(chain)) => return (true, self.walk(chain, passing)),
                (Some("type"), Some(_)) => return (false, Verdict::Next),
                // All packets are the first of their flows.
                (Some("ct"), Some("state" | "direction")) => return (false, Verdict::Next),
                (Some("ct"), Some("status")) => words.next() == Some("dnat") && passing.dnat,
                (Some("iifname"), Some(".")) => return (false, self.bound(words.next(), passing)),
                (Some("iifname"), Some("vmap")) => return self.vmap(words.next(), &quoted(passing.iifname), passing),
                (Some("oifname"), Some("vmap")) => return self.vmap(words.next(), &quoted(passing.oifname), passing),
                (Some("iifname"), Some("!=")) => !self.is_link(words.next().expect("a set"), passing.iifname),
                (Some("oifname"), Some("!=")) => !self.is_link(words.next().expect("a set"), passing.oifname),
                (Some("iifname"), Some(name)) => self.is_link(name, passing.iifname),
                (Some("oifname"), Some(name)) => self.is_link(name, passing.oifname),
                (Some(family @ ("ip" | "ip6")), Some(side)) => match words.next() {
                    Some(".") => return (false, Verdict::Next),
                    // Whatever follows is about the other family.
                    _ if passing.packet.source.is_ipv6() != (family == "ip6") => return (false, Verdict::Next),
                    Some("vmap") => return self.vmap(words.next(), &address(side, passing.packet).to_string(), passing),
                    other => self.address(other, &mut words, address(side, passing.packet)),
                },
                // The tests have nothing to do with DHCP.
                (Some("udp"), Some("sport")) => return (false, Verdict::Next),
                (Some("tcp"), Some("dport")) => passing.packet.protocol == 6 && in_range(words.next(), passing.packet.detail),
                (Some("udp"), Some("dport")) => passing.packet.protocol == 17 && in_range(words.next(), passing.packet.detail),
                (Some("icmp"), Some("type")) => {
                    passing.packet.protocol == 1 && in_range(words.next(), passing.packet.detail >> 8)
                }
                (Some("icmp"), Some("code")) => {
                    passing.packet.protocol == 1 && in_range(words.next(), passing.packet.detail & 0xff)
                }
                // The tests have nothing to do with the discovery of neighbours.
                (Some("icmpv6"), Some("type")) if rule.contains("nd-") => false,
                (Some("icmpv6"), Some("type")) => {
                    passing.packet.protocol == 58 && in_range(words.next(), passing.packet.detail >> 8)
                }
                (Some("icmpv6"), Some("code")) => {
                    passing.packet.protocol == 58 && in_range(words.next(), passing.packet.detail & 0xff)
                }
                (Some("counter"), Some("name")) => words.next().is_some(),
                (Some("meta"), Some("l4proto")) => match words.next() {
                    Some("icmp") => passing.packet.protocol == 1,
                    number => in_range(number, passing.packet.protocol.into()),
                },
                (Some("meta"), Some("nfproto")) => passing.packet.source.is_ipv6() == (words.next() == Some("ipv6")),
                (Some("meta"), Some("mark")) => {
                    let number = |word: Option<&str>| word.and_then(|number| number.parse().ok()).expect("a number");
                    match words.next() {
                        Some("set") => {
                            passing.mark.set(number(words.next()));
                            true
                        }
                        other => passing.mark.get() == number(other),
                    }
                }
                other => panic!("unknown words {other:?} in {rule}"),
            };
            if !matches {
                return (false, Verdict::Next);
            }
        }
    }

    fn bound(&self, family: Option<&str>, passing: &Passing) -> Verdict {
        let element = format!("\"{}\" . {}", passing.iifname, passing.packet.source);
        let set = if family == Some("ip6") { "bound6" } else { "bound" };
        if self.sets[set].contains_key(&element) { Verdict::Accept } else { Verdict::Next }
    }

    fn vmap(&self, map: Option<&str>, key: &str, passing: &Passing) -> (bool, Verdict) {
        let map = &self.sets[map.expect("a map").trim_start_matches('@')];
        map.get(key).map_or((false, Verdict::Next), |verdict| self.rule(verdict, passing))
    }

    fn is_link(&self, word: &str, name: &str) -> bool {
        match word.strip_prefix('@') {
            Some(set) => self.sets[set].contains_key(&quoted(name)),
            None => word == quoted(name),
        }
    }

    fn address<'a>(&self, word: Option<&str>, words: &mut impl Iterator<Item = &'a str>, address: IpAddr) -> bool {
        match word.expect("an address") {
            "!=" => !self.address(words.next(), words, address),
            "{" => {
                let listed: Vec<_> = words.take_while(|word| *word != "}").collect();
                listed.into_iter().any(|network| contains(network.trim_end_matches(','), address))
            }
            set if set.starts_with('@') => self.sets[&set[1..]].contains_key(&address.to_string()),
            network => contains(network, address),
        }
    }
}

/// The elements between the inner braces; of a map, by key.
fn elements(line: &str) -> BTreeMap<String, String> {
    let inner = line.split_once("elements = { ").map_or("", |(_, rest)| rest.trim_end_matches(" }; }"));
    let pairs = inner.split(", ").filter(|it| !it.is_empty()).map(|it| it.split_once(" : ").unwrap_or((it, "")));
    pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

/// The network interface that an interface is behind.
pub fn link(link: &Link) -> String {
    match link {
        Link::Local => "lo".into(),
        Link::Port(name) => name.clone(),
    }
}

fn quoted(name: &str) -> String {
    format!("\"{name}\"")
}

fn contains(network: &str, address: IpAddr) -> bool {
    let network = if network.contains('/') { network.to_owned() } else { format!("{network}/32") };
    network.parse::<model::IpCidr>().expect("a network").contains(address)
}

fn address(side: &str, packet: Packet) -> IpAddr {
    if side == "saddr" { packet.source } else { packet.destination }
}

fn in_range(range: Option<&str>, value: u16) -> bool {
    let range = range.expect("a number or a range");
    let (from, to) = range.split_once('-').unwrap_or((range, range));
    (from.parse().expect("a number")..=to.parse().expect("a number")).contains(&value)
}
