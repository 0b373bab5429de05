//! The tracing header `X-Amzn-Trace-Id`, and the loops that are found by what it says of an event's way
//! (X-Ray developer guide, "Tracing header"; Lambda developer guide, "Use Lambda recursive loop detection").
//!
//! The header's field `Lineage` has an item for each function that the event came by: a number that says which kind of hop it was, a hash of the
//! function, and how often the function has been on the way. How AWS makes the hash isn't known; nobody but Lambda reads it.

use model::Timestamp;
use std::fmt::Write;

/// A function that is invoked more often than that by one and the same event is in a loop.
pub const MOST_HOPS: u32 = 16;
/// What the field can hold before its eldest items are dropped.
const MOST_ITEMS: usize = 8;

/// What the header says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    root: String,
    parent: Option<String>,
    sampled: Option<String>,
    lineage: Vec<(String, u32)>,
}

impl Trace {
    /// Reads a header. What isn't known is left out; one without a root is none.
    pub fn read(header: &str) -> Option<Self> {
        let mut trace = Self::default();
        for field in header.split(';') {
            let Some((name, value)) = field.trim().split_once('=') else { continue };
            match name {
                "Root" if is_plain(value) => trace.root = value.to_owned(),
                "Parent" if is_plain(value) => trace.parent = Some(value.to_owned()),
                "Sampled" if is_plain(value) => trace.sampled = Some(value.to_owned()),
                "Lineage" => trace.lineage = value.split('|').filter_map(item).collect(),
                _ => {}
            }
        }
        (!trace.root.is_empty()).then_some(trace)
    }

    /// A trace that begins now; `random` are 24 hexadecimal digits.
    pub fn begin(now: Timestamp, random: &str) -> Self {
        let root = format!("1-{:08x}-{random}", now.0.div_euclid(1000));
        Self { root, parent: None, sampled: Some("0".to_owned()), lineage: Vec::new() }
    }

    /// How often the function has been on the way of the event.
    pub fn hops(&self, function: &str) -> u32 {
        let hash = hash(function);
        self.lineage.iter().find(|(known, _)| *known == hash).map_or(0, |(_, hops)| *hops)
    }

    /// The trace as the function gets it that is invoked now; `parent` are 16 hexadecimal digits.
    pub fn through(mut self, function: &str, parent: &str) -> Self {
        let hash = hash(function);
        self.parent.get_or_insert_with(|| parent.to_owned());
        self.sampled.get_or_insert_with(|| "0".to_owned());
        match self.lineage.iter_mut().find(|(known, _)| *known == hash) {
            Some((_, hops)) => *hops += 1,
            None => self.lineage.push((hash, 1)),
        }
        let surplus = self.lineage.len().saturating_sub(MOST_ITEMS);
        self.lineage.drain(..surplus);
        self
    }

    /// The header.
    pub fn header(&self) -> String {
        let mut text = format!("Root={}", self.root);
        for (name, value) in [("Parent", &self.parent), ("Sampled", &self.sampled)] {
            if let Some(value) = value {
                let _ = write!(text, ";{name}={value}");
            }
        }
        for (at, (hash, hops)) in self.lineage.iter().enumerate() {
            let before = if at == 0 { ";Lineage=" } else { "|" };
            let _ = write!(text, "{before}1:{hash}:{hops}");
        }
        text
    }
}

/// What can stand in the header again: no separators, nothing that ends a line.
fn is_plain(value: &str) -> bool {
    value.len() <= 64 && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// `[kind:]hash:hops`.
fn item(item: &str) -> Option<(String, u32)> {
    let (rest, hops) = item.rsplit_once(':')?;
    let hash = rest.rsplit(':').next().filter(|hash| !hash.is_empty() && is_plain(hash))?;
    Some((hash.to_owned(), hops.parse().ok()?))
}

/// 32-bit FNV-1a of the function's ARN (draft-eastlake-fnv, section 2): eight hexadecimal digits.
fn hash(function: &str) -> String {
    let hash = function.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    format!("{hash:08x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const FUNCTION: &str = "arn:aws:lambda:us-east-1:111122223333:function:f";

    #[test]
    fn a_header_is_read_and_written() {
        let header =
            "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1;Lineage=1:a87bd80c:1|1:68fd508a:5";
        assert_eq!(Trace::read(header).unwrap().header(), header);
        let old = Trace::read("Self=x; Root=1-5759e988-bd862e3fe1be46a994272793; Lineage=a87bd80c:2|junk").unwrap();
        assert_eq!(old.header(), "Root=1-5759e988-bd862e3fe1be46a994272793;Lineage=1:a87bd80c:2");
        assert_eq!(Trace::read("Sampled=1"), None);
        assert_eq!(Trace::read("Root=a\r\nX: y"), None);
    }

    #[test]
    fn a_trace_that_begins_carries_the_time() {
        let trace = Trace::begin(Timestamp(1_767_225_600_000), "0123456789abcdef01234567").through(FUNCTION, "00112233445566aa");
        let header = trace.header();
        assert!(
            header.starts_with("Root=1-6955b900-0123456789abcdef01234567;Parent=00112233445566aa;Sampled=0;Lineage=1:"),
            "{header}"
        );
    }

    #[test]
    fn each_way_through_a_function_is_counted() {
        let mut trace = Trace::begin(Timestamp(0), "0");
        for hop in 0..20 {
            assert_eq!(trace.hops(FUNCTION), hop);
            trace = Trace::read(&trace.through(FUNCTION, "p").through("another", "p").header()).unwrap();
        }
        assert_eq!(trace.hops("a third"), 0);
    }

    #[test]
    fn the_way_of_an_event_is_not_remembered_for_ever() {
        let far = (0..20).fold(Trace::begin(Timestamp(0), "0"), |trace, at| trace.through(&at.to_string(), "p"));
        assert_eq!(far.lineage.len(), MOST_ITEMS);
        assert_eq!(far.hops("19"), 1);
    }
}
