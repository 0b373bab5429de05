//! Words of nftables.

use super::super::Protocol;
use model::Cidr;
use std::fmt::Write as _;

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

/// The protocol's part of a rule, with a space after it; `None` if nothing can match it.
pub(super) fn protocol(protocol: Protocol) -> Option<String> {
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

/// The address's part of a rule, with a space after it; nothing for all addresses.
pub(super) fn address(side: &str, cidr: Cidr) -> String {
    if cidr.prefix == 0 { String::new() } else { format!("ip {side} {cidr} ") }
}

/// Several networks in one rule. They don't overlap: blocks of VPCs don't.
pub(super) fn networks(cidrs: &[Cidr]) -> String {
    match cidrs {
        [one] => one.to_string(),
        many => format!("{{ {} }}", many.iter().map(Cidr::to_string).collect::<Vec<_>>().join(", ")),
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
