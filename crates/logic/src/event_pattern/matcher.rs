//! What a pattern may want of one value.

use super::wildcard::Wildcard;
use serde_json::Value;
use std::net::IpAddr;

/// What is wanted of a value in an event: one alternative of the list that a pattern gives for a field.
#[derive(Debug, Clone)]
pub(super) enum Matcher {
    /// The value itself. Numbers are equal if their values are: 300 and 3.0e2 are.
    Exactly(Value),
    Text(TextMatcher),
    /// Anything but these values.
    NoneOf(Vec<Value>),
    /// Anything but texts that are so.
    NoText(Vec<TextMatcher>),
    Range(Range),
    Network(Network),
    /// `exists`.
    Present,
    /// `exists` with `false`.
    Absent,
}

/// What is wanted of a text.
#[derive(Debug, Clone)]
pub(super) enum TextMatcher {
    Prefix(String),
    Suffix(String),
    /// In lower case, like the following two.
    EqualsIgnoreCase(String),
    PrefixIgnoreCase(String),
    SuffixIgnoreCase(String),
    Wildcard(Wildcard),
}

/// The numbers between two bounds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Range {
    pub(super) bottom: Option<Bound>,
    pub(super) top: Option<Bound>,
}

/// Where a range begins or ends.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bound {
    pub(super) at: f64,
    /// Whether the bound itself is in the range.
    pub(super) inclusive: bool,
}

/// A network in CIDR notation, of either family.
#[derive(Debug, Clone, Copy)]
pub(super) struct Network {
    pub(super) address: IpAddr,
    /// Less than the address has bits.
    pub(super) bits: u8,
}

impl Matcher {
    /// Whether a value is as wanted. The value is none of an array and an object.
    pub(super) fn matches(&self, value: &Value) -> bool {
        match self {
            Matcher::Exactly(wanted) => same(wanted, value),
            Matcher::Text(wanted) => value.as_str().is_some_and(|text| wanted.matches(text)),
            Matcher::NoneOf(unwanted) => !unwanted.iter().any(|it| same(it, value)),
            Matcher::NoText(unwanted) => !value.as_str().is_some_and(|text| unwanted.iter().any(|it| it.matches(text))),
            Matcher::Range(range) => value.as_f64().is_some_and(|number| range.has(number)),
            Matcher::Network(network) => value.as_str().and_then(|text| text.parse().ok()).is_some_and(|it| network.has(it)),
            Matcher::Present => true,
            Matcher::Absent => false,
        }
    }
}

impl TextMatcher {
    fn matches(&self, text: &str) -> bool {
        match self {
            TextMatcher::Prefix(prefix) => text.starts_with(prefix.as_str()),
            TextMatcher::Suffix(suffix) => text.ends_with(suffix.as_str()),
            TextMatcher::EqualsIgnoreCase(wanted) => text.to_lowercase() == *wanted,
            TextMatcher::PrefixIgnoreCase(prefix) => text.to_lowercase().starts_with(prefix.as_str()),
            TextMatcher::SuffixIgnoreCase(suffix) => text.to_lowercase().ends_with(suffix.as_str()),
            TextMatcher::Wildcard(wildcard) => wildcard.matches(text),
        }
    }
}

impl Range {
    fn has(self, number: f64) -> bool {
        let above = |bound: Bound| number > bound.at || (bound.inclusive && number == bound.at);
        let below = |bound: Bound| number < bound.at || (bound.inclusive && number == bound.at);
        self.bottom.is_none_or(above) && self.top.is_none_or(below)
    }
}

impl Network {
    fn has(self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.bits)).unwrap_or(0);
                u32::from(own) & mask == u32::from(other) & mask
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.bits)).unwrap_or(0);
                u128::from(own) & mask == u128::from(other) & mask
            }
            _ => false,
        }
    }
}

/// Whether two scalars are the same; integers are compared exactly, however long they are.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(a), Value::Number(b)) => a == b || (a.is_f64() || b.is_f64()) && a.as_f64() == b.as_f64(),
        _ => one == other,
    }
}
