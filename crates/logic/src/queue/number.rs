//! The numbers of messages: they grow, over all queues of a cloud, and tell when a message was sent.

use model::Timestamp;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bits for the messages of one millisecond; more than fit borrow from the next.
const WITHIN: u32 = 20;

/// Added to what is shown, so that it has twenty digits as AWS's sequence numbers have.
const SHOWN_FROM: u64 = 10_000_000_000_000_000_000;

/// A message's place: its time, in milliseconds, and its place among those of that time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Number(pub u64);

impl Number {
    /// The first number that a message of that moment could have.
    pub fn first_at(time: Timestamp) -> Self {
        Self(u64::try_from(time.0).unwrap_or(0) << WITHIN)
    }

    /// When it was given.
    pub fn time(self) -> Timestamp {
        Timestamp(i64::try_from(self.0 >> WITHIN).unwrap_or(i64::MAX))
    }

    /// As a `SequenceNumber`: twenty digits.
    pub fn sequence_number(self) -> String {
        SHOWN_FROM.saturating_add(self.0).to_string()
    }
}

/// Gives numbers, each once.
#[derive(Debug, Default)]
pub struct Numbers(AtomicU64);

impl Numbers {
    /// The next one. Should the clock go back, the numbers don't.
    pub fn next(&self, now: Timestamp) -> Number {
        let least = Number::first_at(now).0;
        let following = |last: u64| last.saturating_add(1).max(least);
        let last = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some(following(last)));
        Number(following(last.unwrap_or_else(|last| last)))
    }

    /// Gives none up to that one any more.
    pub fn pass(&self, number: Number) {
        self.0.fetch_max(number.0, Ordering::Relaxed);
    }
}
