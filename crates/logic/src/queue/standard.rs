//! The waiting messages of a standard queue: those that may be received, and those that are delayed.

use super::{Number, tenants::Tenants};
use model::Timestamp;
use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

/// Waiting messages, oldest first, but for the turns of tenants.
#[derive(Debug, Default)]
pub struct Line {
    /// Those that may be received and have no group.
    ready: BTreeSet<Number>,
    /// Those that may be received and have one.
    tenants: Tenants,
    delayed: BTreeSet<(Timestamp, Number)>,
    /// The end of each one's delay, and its group.
    ends: HashMap<Number, (Timestamp, Option<Arc<str>>)>,
}

impl Line {
    /// Adds a message that may be received from that moment on. Until [`Line::settle`] finds that it has come, it is delayed.
    pub fn add(&mut self, number: Number, group: Option<Arc<str>>, from: Timestamp) {
        if from > number.time() {
            self.delayed.insert((from, number));
            self.ends.insert(number, (from, group));
        } else {
            self.queue(number, group.as_deref());
        }
    }

    fn queue(&mut self, number: Number, group: Option<&str>) {
        match group {
            Some(group) => self.tenants.add(number, group),
            None => _ = self.ready.insert(number),
        }
    }

    pub fn knows(&self, number: Number) -> bool {
        self.ready.contains(&number) || self.tenants.knows(number) || self.ends.contains_key(&number)
    }

    /// Ends the delays for which it is time.
    pub fn settle(&mut self, now: Timestamp) {
        while let Some((from, number)) = self.delayed.first().copied().filter(|(from, _)| *from <= now) {
            self.delayed.remove(&(from, number));
            let (_, group) = self.ends.remove(&number).unwrap_or_default();
            self.queue(number, group.as_deref());
        }
        self.tenants.settle(now);
    }

    /// The next ones that may be received, which are in flight from now on, as so many are already.
    pub fn take(&mut self, most: usize, in_flight: usize, now: Timestamp) -> Vec<(Number, Option<Arc<str>>)> {
        (0..most).map_while(|taken| self.next(in_flight + taken, now)).collect()
    }

    /// The oldest message, but for those of noisy neighbours, which come when there is no other.
    fn next(&mut self, in_flight: usize, now: Timestamp) -> Option<(Number, Option<Arc<str>>)> {
        if self.tenants.len() == 0 {
            return self.ready.pop_first().map(|number| (number, None));
        }
        let alone = self.ready.first().copied();
        let theirs = self.tenants.quiet(in_flight, now).filter(|number| alone.is_none_or(|alone| *number < alone));
        match (theirs, alone) {
            (None, Some(_)) => self.ready.pop_first().map(|number| (number, None)),
            (theirs, _) => {
                let number = theirs.or_else(|| self.tenants.calmest())?;
                Some((number, self.tenants.take(number)))
            }
        }
    }

    /// Counts a message that is in flight.
    pub fn depart(&mut self, group: Option<&str>) {
        group.into_iter().for_each(|group| self.tenants.depart(group));
    }

    /// A message is no longer in flight, after so long: it waits again, or it is gone.
    pub fn land(&mut self, group: Option<&str>, again: Option<Number>, flown: Duration) {
        self.tenants.land(group, flown);
        again.into_iter().for_each(|number| self.queue(number, group));
    }

    /// Forgets a message that waits; whether it was known.
    pub fn remove(&mut self, number: Number) -> bool {
        let delayed = self.ends.remove(&number).is_some_and(|(from, _)| self.delayed.remove(&(from, number)));
        self.ready.remove(&number) || self.tenants.remove(number) || delayed
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
        self.ready.len() + self.tenants.len()
    }
}
