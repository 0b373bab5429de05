//! Words of nftables.

use super::super::Protocol;
use model::IpCidr;
use std::fmt::Write as _;
use std::net::IpAddr;

/// A family of addresses. What holds addresses is there once for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    V4,
    V6,
}

impl Family {
    pub(super) fn of(address: &IpAddr) -> Self {
        if address.is_ipv6() { Self::V6 } else { Self::V4 }
    }

    /// How rules begin that are about addresses.
    pub(super) fn ip(self) -> &'static str {
        match self {
            Self::V4 => "ip",
            Self::V6 => "ip6",
        }
    }

    /// The type of its addresses in sets.
    pub(super) fn kind(self) -> &'static str {
        match self {
            Self::V4 => "ipv4_addr",
            Self::V6 => "ipv6_addr",
        }
    }

    /// What the names of its sets end with.
    pub(super) fn suffix(self) -> &'static str {
        match self {
            Self::V4 => "",
            Self::V6 => "6",
        }
    }
}

/// Writes a set or a map, `declaration` being its kind and name.
pub(super) fn set(text: &mut String, declaration: &str, kind: &str, elements: impl IntoIterator<Item = String>) {
    let elements: Vec<_> = elements.into_iter().collect();
    let elements = if elements.is_empty() { String::new() } else { format!("; elements = {{ {} }}", elements.join(", ")) };
    let _infallible = writeln!(text, "\t{declaration} {{ type {kind}{elements}; }}");
}

/// Writes a chain.
pub(super) fn chain(text: &mut String, name: &str, rules: impl IntoIterator<Item = String>) {
    let rules: String = rules.into_iter().map(|rule| format!("\t\t{rule}\n")).collect();
    let _infallible = write!(text, "\tchain {name} {{\n{rules}\t}}\n");
}

/// The protocol's part of a rule about packets of that family, with a space after it; `None` if nothing can match it.
pub(super) fn protocol(protocol: Protocol, family: Family) -> Option<String> {
    Some(match protocol {
        Protocol::Icmp(..) if family == Family::V6 => return None,
        Protocol::Icmpv6(..) if family == Family::V4 => return None,
        Protocol::All => String::new(),
        Protocol::Tcp(from, to) => format!("tcp dport {} ", ports(from, to)?),
        Protocol::Udp(from, to) => format!("udp dport {} ", ports(from, to)?),
        Protocol::Icmp(None, None) => "meta l4proto icmp ".into(),
        Protocol::Icmp(kind, code) => {
            kind.map(|kind| format!("icmp type {kind} ")).unwrap_or_default()
                + &code.map(|code| format!("icmp code {code} ")).unwrap_or_default()
        }
        Protocol::Icmpv6(None, None) => "meta l4proto 58 ".into(),
        Protocol::Icmpv6(kind, code) => {
            kind.map(|kind| format!("icmpv6 type {kind} ")).unwrap_or_default()
                + &code.map(|code| format!("icmpv6 code {code} ")).unwrap_or_default()
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

/// The address's part of a rule, with a space after it; the family for all of its addresses.
pub(super) fn address(side: &str, cidr: IpCidr) -> String {
    match (family_of(cidr), cidr.prefix()) {
        (Family::V4, 0) => "meta nfproto ipv4 ".into(),
        (Family::V6, 0) => "meta nfproto ipv6 ".into(),
        (family, _) => format!("{} {side} {cidr} ", family.ip()),
    }
}

/// The family of a network.
pub(super) fn family_of(cidr: IpCidr) -> Family {
    if cidr.is_ipv6() { Family::V6 } else { Family::V4 }
}

/// Those of the networks that are of a family, in one rule; `None` if none are. They don't overlap: blocks of VPCs don't.
pub(super) fn networks(cidrs: &[IpCidr], family: Family) -> Option<String> {
    let own: Vec<_> = cidrs.iter().filter(|it| family_of(**it) == family).map(IpCidr::to_string).collect();
    match own.as_slice() {
        [] => None,
        [one] => Some(one.clone()),
        many => Some(format!("{{ {} }}", many.join(", "))),
    }
}

/// The id with whatever could end a name in the ruleset's text replaced.
pub(super) fn safe(id: &str) -> String {
    id.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).collect()
}

/// The id as a name in quotes.
pub(super) fn quoted(id: &str) -> String {
    format!("\"{}\"", safe(id))
}
