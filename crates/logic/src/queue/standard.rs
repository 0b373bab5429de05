//! The waiting messages of a standard queue: those that may be received, and those that are delayed.

use super::Number;
use model::Timestamp;
use std::collections::{BTreeSet, HashMap};

/// Waiting messages, oldest first.
#[derive(Debug, Default)]
pub struct Line {
    ready: BTreeSet<Number>,
    delayed: BTreeSet<(Timestamp, Number)>,
    /// The end of each one's delay.
    ends: HashMap<Number, Timestamp>,
}

impl Line {
    /// Adds a message that may be received from that moment on. Until [`Line::settle`] finds that it has come, it is delayed.
    pub fn add(&mut self, number: Number, from: Timestamp) {
        if from <= number.time() {
            self.ready.insert(number);
        } else {
            self.delayed.insert((from, number));
            self.ends.insert(number, from);
        }
    }

    pub fn knows(&self, number: Number) -> bool {
        self.ready.contains(&number) || self.ends.contains_key(&number)
    }

    /// Ends the delays for which it is time.
    pub fn settle(&mut self, now: Timestamp) {
        while let Some((from, number)) = self.delayed.first().copied().filter(|(from, _)| *from <= now) {
            self.delayed.remove(&(from, number));
            self.ends.remove(&number);
            self.ready.insert(number);
        }
    }

    /// The oldest ones that may be received.
    pub fn take(&mut self, most: usize) -> Vec<Number> {
        std::iter::from_fn(|| self.ready.pop_first()).take(most).collect()
    }

    /// Forgets a message; whether it was known.
    pub fn remove(&mut self, number: Number) -> bool {
        let delayed = self.ends.remove(&number).is_some_and(|from| self.delayed.remove(&(from, number)));
        self.ready.remove(&number) || delayed
    }

    /// When the next delay ends; a message that may be received already counts not.
    pub fn next_delayed(&self) -> Option<Timestamp> {
        self.delayed.first().map(|(from, _)| *from)
    }

    /// How many are delayed at that moment.
    pub fn delayed(&self, now: Timestamp) -> usize {
        self.delayed.len() - self.delayed.iter().take_while(|(from, _)| *from <= now).count()
    }

    /// How many may be received.
    pub fn ready(&self) -> usize {
        self.ready.len()
    }
}
