//! Reads a ruleset's text and walks a new flow's first packet through it, as the kernel would: enough of nftables for our own text.

use super::super::{INTERNET_LINK, Link, Packet, Vpc};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

/// A table, by the names of its sets (and maps) and chains.
pub struct Table {
    sets: BTreeMap<String, BTreeMap<String, String>>,
    chains: BTreeMap<String, Vec<String>>,
}

#[derive(PartialEq)]
enum Verdict {
    Accept,
    Drop,
    Next,
}

/// A packet at a hook.
struct Passing<'a> {
    packet: Packet,
    iifname: &'a str,
    oifname: &'a str,
    dnat: bool,
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

    /// Whether the first packet of a flow passes every hook on its way.
    pub fn passes(&self, vpc: &Vpc, packet: Packet) -> bool {
        let (iifname, oifname) = (link(vpc, packet.source), link(vpc, packet.destination));
        if iifname == INTERNET_LINK && oifname == INTERNET_LINK {
            return false;
        }
        let dnat =
            iifname == INTERNET_LINK && self.sets["inward"].values().any(|inside| *inside == packet.destination.to_string());
        let passing = Passing { packet, iifname: &iifname, oifname: &oifname, dnat };
        let hooks: &[&str] = match (iifname.as_str(), oifname.as_str()) {
            ("lo", "lo") => &["output", "source_check", "input"],
            ("lo", _) => &["output"],
            (_, "lo") => &["source_check", "input"],
            _ => &["source_check", "forward"],
        };
        hooks.iter().all(|hook| self.walk(hook, &passing) == Verdict::Accept)
    }

    fn walk(&self, chain: &str, passing: &Passing) -> Verdict {
        for rule in &self.chains[chain] {
            let (tail, verdict) = self.rule(rule, passing);
            if verdict != Verdict::Next || tail {
                return verdict;
            }
        }
        Verdict::Next
    }

    /// What the rule says, and whether nothing after it in its chain counts (`goto`).
    fn rule(&self, rule: &str, passing: &Passing) -> (bool, Verdict) {
        let mut words = rule.split(' ');
        loop {
            let matches = match (words.next(), words.next()) {
                (Some("accept"), None) => return (true, Verdict::Accept),
                (Some("jump"), Some(chain)) => return (false, self.walk(chain, passing)),
                (Some("goto"), Some(chain)) => return (true, self.walk(chain, passing)),
                (Some("type"), Some("filter")) => return (false, Verdict::Next),
                (Some("ct"), Some("state")) => return (false, Verdict::Next),
                (Some("ct"), Some("status")) => words.next() == Some("dnat") && passing.dnat,
                (Some("iifname"), Some(".")) => return (false, self.bound(passing)),
                (Some("iifname"), Some(name)) => name == format!("\"{}\"", passing.iifname),
                (Some("oifname"), Some(name)) => name == format!("\"{}\"", passing.oifname),
                (Some("ip"), Some(side)) => match words.next() {
                    Some(".") => return (false, Verdict::Next),
                    Some("vmap") => return self.vmap(words.next(), side, passing),
                    other => self.address(other, &mut words, address(side, passing.packet)),
                },
                (Some("tcp"), Some("dport")) => passing.packet.protocol == 6 && in_range(words.next(), passing.packet.detail),
                (Some("udp"), Some("dport")) => passing.packet.protocol == 17 && in_range(words.next(), passing.packet.detail),
                (Some("icmp"), Some("type")) => {
                    passing.packet.protocol == 1 && in_range(words.next(), passing.packet.detail >> 8)
                }
                (Some("icmp"), Some("code")) => {
                    passing.packet.protocol == 1 && in_range(words.next(), passing.packet.detail & 0xff)
                }
                (Some("meta"), Some("l4proto")) => match words.next() {
                    Some("icmp") => passing.packet.protocol == 1,
                    number => in_range(number, passing.packet.protocol.into()),
                },
                other => panic!("unknown words {other:?} in {rule}"),
            };
            if !matches {
                return (false, Verdict::Next);
            }
        }
    }

    fn bound(&self, passing: &Passing) -> Verdict {
        let element = format!("\"{}\" . {}", passing.iifname, passing.packet.source);
        if self.sets["bound"].contains_key(&element) { Verdict::Accept } else { Verdict::Drop }
    }

    fn vmap(&self, map: Option<&str>, side: &str, passing: &Passing) -> (bool, Verdict) {
        let map = &self.sets[map.expect("a map").trim_start_matches('@')];
        match map.get(&address(side, passing.packet).to_string()) {
            Some(verdict) => self.rule(verdict, passing),
            None => (false, Verdict::Next),
        }
    }

    fn address<'a>(&self, word: Option<&str>, words: &mut impl Iterator<Item = &'a str>, address: Ipv4Addr) -> bool {
        let cidr = |text: &str| text.parse::<model::Cidr>().expect("a network").contains(address);
        match word.expect("an address") {
            "!=" => !cidr(words.next().expect("a network")),
            set if set.starts_with('@') => self.sets[&set[1..]].contains_key(&address.to_string()),
            network => cidr(network),
        }
    }
}

/// The elements between the inner braces; of a map, by key.
fn elements(line: &str) -> BTreeMap<String, String> {
    let inner = line.split_once("elements = { ").map_or("", |(_, rest)| rest.trim_end_matches(" }; }"));
    let pairs = inner.split(", ").filter(|it| !it.is_empty()).map(|it| it.split_once(" : ").unwrap_or((it, "")));
    pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

/// The link behind which the address is: `lo` for the router's own, nowhere for the VPC's that are free.
fn link(vpc: &Vpc, address: Ipv4Addr) -> String {
    match vpc.interfaces.iter().find(|it| it.address == address).map(|it| &it.link) {
        Some(Link::Local) => "lo".into(),
        Some(Link::Port(name)) => name.clone(),
        None if vpc.cidr.contains(address) => "nowhere".into(),
        None => INTERNET_LINK.into(),
    }
}

fn address(side: &str, packet: Packet) -> Ipv4Addr {
    if side == "saddr" { packet.source } else { packet.destination }
}

fn in_range(range: Option<&str>, value: u16) -> bool {
    let range = range.expect("a number or a range");
    let (from, to) = range.split_once('-').unwrap_or((range, range));
    (from.parse().expect("a number")..=to.parse().expect("a number")).contains(&value)
}
