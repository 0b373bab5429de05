//! How the message store's keys and small values are laid out. All numbers are big-endian, so that bytes order as the numbers do.

use logic::queue::{Number, Past};
use model::Timestamp;
use std::ops::RangeInclusive;

/// The key of a number in a mailbox, or in a queue's memory.
pub fn key(owner: u64, number: Number) -> Vec<u8> {
    [owner.to_be_bytes(), number.0.to_be_bytes()].concat()
}

/// The keys of an owner between two numbers, both included.
pub fn range(owner: u64, from: Number, to: Number) -> RangeInclusive<Vec<u8>> {
    key(owner, from)..=key(owner, to)
}

/// The number in a key.
pub fn number_of(key: &[u8]) -> Option<Number> {
    Some(Number(u64::from_be_bytes(key.get(8..16)?.try_into().ok()?)))
}

/// The owner in a key.
pub fn owner_of(key: &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(key.get(..8)?.try_into().ok()?))
}

/// What is remembered of a message's receipts, as it is kept.
pub fn past_value(past: &Past) -> Vec<u8> {
    let times = [past.first, past.last, past.until].map(|time| time.0.to_be_bytes());
    [&past.count.to_be_bytes()[..], &times.concat()].concat()
}

/// What [`past_value`] has written.
pub fn past_of(value: &[u8]) -> Option<Past> {
    let (count, rest) = value.split_first_chunk()?;
    let time = |at: usize| Some(Timestamp(i64::from_be_bytes(rest.get(at..at + 8)?.try_into().ok()?)));
    Some(Past { count: u32::from_be_bytes(*count), first: time(0)?, last: time(8)?, until: time(16)? })
}
