//! The waiting messages of a FIFO queue, by their groups. While one message of a group is in flight, none of it is given.

use super::Number;
use model::Timestamp;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

/// Waiting messages by group.
#[derive(Debug, Default)]
pub struct Groups {
    groups: HashMap<Arc<str>, Group>,
    /// The groups of which nothing is in flight and something waits, by what waits first.
    open: BTreeMap<Number, Arc<str>>,
    /// The group of each message that waits.
    of: HashMap<Number, Arc<str>>,
}

/// A message group.
#[derive(Debug, Default)]
struct Group {
    waiting: BTreeSet<Number>,
    in_flight: usize,
}

impl Group {
    /// What can be received first, if anything can.
    fn head(&self) -> Option<Number> {
        self.waiting.first().copied().filter(|_| self.in_flight == 0)
    }
}

impl Groups {
    /// Adds a message.
    pub fn add(&mut self, number: Number, group: &str) {
        let name = self.name(group);
        self.of.insert(number, name.clone());
        self.change(&name, |group| {
            group.waiting.insert(number);
        });
    }

    /// Counts a message of the group that is in flight.
    pub fn add_in_flight(&mut self, group: &str) {
        let name = self.name(group);
        self.change(&name, |group| group.in_flight += 1);
    }

    pub fn knows(&self, number: Number) -> bool {
        self.of.contains_key(&number)
    }

    /// The next messages: as many as there are of the group whose turn it is, which are in flight from now on.
    pub fn take(&mut self, most: usize, delay: Duration, now: Timestamp) -> Vec<(Number, Option<Arc<str>>)> {
        let Some((first, name)) = self.open.first_key_value().map(|(first, name)| (*first, name.clone())) else {
            return Vec::new();
        };
        if most == 0 || first.time() + delay > now {
            return Vec::new();
        }
        let mut taken = Vec::new();
        self.change(&name, |group| {
            taken = group.waiting.iter().copied().take_while(|number| number.time() + delay <= now).take(most).collect();
            for number in &taken {
                group.waiting.remove(number);
            }
            group.in_flight += taken.len();
        });
        for number in &taken {
            self.of.remove(number);
        }
        taken.into_iter().map(|number| (number, Some(name.clone()))).collect()
    }

    /// A message is no longer in flight: it waits again, or it is gone.
    pub fn land(&mut self, group: &str, again: Option<Number>) {
        let name = self.name(group);
        if let Some(number) = again {
            self.of.insert(number, name.clone());
        }
        self.change(&name, |group| {
            group.in_flight = group.in_flight.saturating_sub(1);
            group.waiting.extend(again);
        });
    }

    /// Forgets a message that waits; whether it was known.
    pub fn remove(&mut self, number: Number) -> bool {
        let Some(name) = self.of.remove(&number) else { return false };
        self.change(&name, |group| {
            group.waiting.remove(&number);
        });
        true
    }

    /// The first message that nothing in flight holds back.
    pub fn first_open(&self) -> Option<Number> {
        self.open.first_key_value().map(|(first, _)| *first)
    }

    /// How many are delayed. The messages of a FIFO queue have one delay, so that they are the youngest.
    pub fn delayed(&self, delay: Duration, now: Timestamp) -> usize {
        if delay.is_zero() {
            return 0;
        }
        self.of.keys().filter(|number| number.time() + delay > now).count()
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.of.len()
    }

    fn name(&self, group: &str) -> Arc<str> {
        self.groups.get_key_value(group).map_or_else(|| group.into(), |(name, _)| name.clone())
    }

    /// Changes a group, and keeps the list of open groups right. A group of which nothing is left is forgotten.
    fn change(&mut self, name: &Arc<str>, change: impl FnOnce(&mut Group)) {
        let group = self.groups.entry(name.clone()).or_default();
        let before = group.head();
        change(group);
        let (after, empty) = (group.head(), group.waiting.is_empty() && group.in_flight == 0);
        if empty {
            self.groups.remove(name);
        }
        if before != after {
            if let Some(number) = before {
                self.open.remove(&number);
            }
            self.open.extend(after.map(|number| (number, name.clone())));
        }
    }
}
