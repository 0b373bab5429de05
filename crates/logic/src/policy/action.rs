//! Actions: `vendor:Name`, in any case; and which statements of a policy could be about one.
//!
//! Most statements of most policies are about other services than the one that is asked: these are never looked at.

use super::document::Statement;
use super::pattern::{Pattern, Style};
use std::collections::BTreeMap;

/// An action that somebody wants to take.
#[derive(Clone, Debug)]
pub(super) struct Action {
    /// In lower case.
    text: String,
    /// The length of the vendor.
    vendor: usize,
    initial: u32,
}

impl Action {
    pub fn new(text: &str) -> Self {
        let text = text.to_ascii_lowercase();
        let vendor = text.find(':').unwrap_or(text.len());
        let initial = initial(text.as_bytes().get(vendor + 1).copied());
        Self { text, vendor, initial }
    }

    fn vendor(&self) -> &str {
        &self.text[..self.vendor]
    }
}

/// An `Action` or `NotAction` element.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Actions {
    pub not: bool,
    patterns: Vec<Pattern>,
    /// With which letters their names begin.
    initials: u32,
    /// Their vendors; none if one is a `*`.
    vendors: Option<Vec<Box<str>>>,
}

impl Actions {
    pub fn new(not: bool, texts: &[String]) -> Self {
        let lower: Vec<String> = texts.iter().map(|text| text.to_ascii_lowercase()).collect();
        let cut = || lower.iter().map(|text| text.split_once(':').unwrap_or((text, "*")));
        let vendor = |(vendor, _): (&str, _)| (!vendor.contains(['*', '?'])).then(|| vendor.into());
        Self {
            not,
            patterns: lower.iter().map(|text| Pattern::new(text, Style::Like)).collect(),
            initials: cut().fold(0, |all, (_, name)| all | initial(name.bytes().next())),
            vendors: cut().map(vendor).collect(),
        }
    }

    /// Whether the statement is about the action.
    pub fn cover(&self, action: &Action) -> bool {
        self.name(action) != self.not
    }

    fn name(&self, action: &Action) -> bool {
        self.initials & action.initial != 0 && self.patterns.iter().any(|pattern| pattern.matches(&action.text))
    }
}

/// A bit for each letter, one for everything else, and all of them for a wildcard.
fn initial(byte: Option<u8>) -> u32 {
    match byte {
        Some(letter @ b'a'..=b'z') => 1 << (letter - b'a'),
        Some(b'*' | b'?') => u32::MAX,
        _ => 1 << 31,
    }
}

/// The statements that could be about the actions of each vendor, by their numbers, ascending.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct ByVendor {
    named: BTreeMap<Box<str>, Vec<u32>>,
    /// Those that could be about any vendor's.
    others: Vec<u32>,
}

impl ByVendor {
    pub fn new(statements: &[Statement]) -> Self {
        let mut made = Self::default();
        for (index, statement) in (0..).zip(statements) {
            let Some(vendors) = of(&statement.actions) else {
                made.others.push(index);
                continue;
            };
            for vendor in vendors {
                let known = made.named.entry(vendor.clone()).or_default();
                if known.last() != Some(&index) {
                    known.push(index);
                }
            }
        }
        made
    }

    /// The numbers of the statements that could be about the action, ascending.
    pub fn about(&self, action: &Action) -> impl Iterator<Item = u32> {
        let mut named = self.named.get(action.vendor()).map(Vec::as_slice).unwrap_or_default();
        let mut others = self.others.as_slice();
        std::iter::from_fn(move || {
            let next = match (named.first(), others.first()) {
                (Some(one), Some(other)) if one < other => &mut named,
                (Some(_), None) => &mut named,
                _ => &mut others,
            };
            next.split_off_first().copied()
        })
    }
}

/// The vendors of the actions that a statement is about, if it is about no others.
fn of(actions: &Actions) -> Option<&Vec<Box<str>>> {
    actions.vendors.as_ref().filter(|_| !actions.not)
}
