//! Fair turns in a standard queue: messages with a group id are their tenant's, and a tenant that takes too much of the consumers comes
//! behind the others.
//!
//! Spec: Amazon SQS developer guide, "How Amazon SQS fair queues work". A tenant is a noisy neighbour while it has more than a tenth of the
//! messages in flight, and thirty of its own at least; or has taken more than a tenth of the consumers' time lately. It isn't any more once
//! nothing of it waits, or it has sent nothing for five minutes. Where all that wait are noisy, whoever has the fewest in flight comes first.

use super::Number;
use model::Timestamp;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

/// A noisy neighbour has more than one of so many, of messages in flight or of time.
const SHARE: u32 = 10;

/// With fewer in flight than that nobody is noisy by their number.
const NOISY_FROM: usize = 30;

/// Whoever has sent nothing for so long isn't noisy.
const SILENCE: Duration = Duration::from_secs(300);

/// How often the time that was taken counts half from then on: what "lately" means.
const HALVED_EVERY: Duration = Duration::from_secs(60);

/// The waiting messages that have a group, by it.
#[derive(Debug, Default)]
pub struct Tenants {
    tenants: HashMap<Arc<str>, Tenant>,
    /// What waits first of each.
    heads: BTreeMap<Number, Arc<str>>,
    /// The tenant of each message that waits.
    of: HashMap<Number, Arc<str>>,
    /// Those with messages in flight, by how many.
    busiest: BTreeSet<(usize, Arc<str>)>,
    /// Those that have taken time lately, by how much.
    slowest: BTreeSet<(Duration, Arc<str>)>,
    /// How much all have taken, messages without a group included.
    spent: Duration,
    /// When times were halved last.
    halved: Timestamp,
}

/// One of those who share the queue.
#[derive(Debug, Default)]
struct Tenant {
    waiting: BTreeSet<Number>,
    in_flight: usize,
    /// The consumers' time that its messages have taken lately.
    spent: Duration,
    /// Its youngest message.
    last: Number,
}

impl Tenants {
    /// Adds a message that waits.
    pub fn add(&mut self, number: Number, group: &str) {
        let name = self.name(group);
        self.of.insert(number, name.clone());
        self.change(&name, |tenant| {
            tenant.waiting.insert(number);
            tenant.last = tenant.last.max(number);
        });
    }

    /// Counts a message of the group that is in flight.
    pub fn depart(&mut self, group: &str) {
        let name = self.name(group);
        self.change(&name, |tenant| tenant.in_flight += 1);
    }

    /// A message is no longer in flight, after so long.
    pub fn land(&mut self, group: Option<&str>, flown: Duration) {
        self.spent += flown;
        if let Some(group) = group {
            let name = self.name(group);
            self.change(&name, |tenant| {
                tenant.in_flight = tenant.in_flight.saturating_sub(1);
                tenant.spent += flown;
            });
        }
    }

    pub fn knows(&self, number: Number) -> bool {
        self.of.contains_key(&number)
    }

    /// Forgets a message that waits; whether it was known.
    pub fn remove(&mut self, number: Number) -> bool {
        let Some(name) = self.of.remove(&number) else { return false };
        self.change(&name, |tenant| {
            tenant.waiting.remove(&number);
        });
        true
    }

    /// Puts a message that waits in flight.
    pub fn take(&mut self, number: Number) -> Option<Arc<str>> {
        let name = self.of.remove(&number)?;
        self.change(&name, |tenant| {
            tenant.waiting.remove(&number);
            tenant.in_flight += 1;
        });
        Some(name)
    }

    /// The oldest message of those who are no noisy neighbours, while so many are in flight in all.
    pub fn quiet(&self, in_flight: usize, now: Timestamp) -> Option<Number> {
        let noisy = self.noisy(in_flight, now);
        self.heads.iter().find(|(_, name)| !noisy.contains(name)).map(|(number, _)| *number)
    }

    /// The first message of the tenant that has the fewest in flight.
    pub fn calmest(&self) -> Option<Number> {
        let in_flight = |name: &Arc<str>| self.tenants.get(name).map_or(0, |tenant| tenant.in_flight);
        self.heads.iter().min_by_key(|(number, name)| (in_flight(name), **number)).map(|(number, _)| *number)
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.of.len()
    }

    /// Lets what was long ago count less.
    pub fn settle(&mut self, now: Timestamp) {
        if self.spent.is_zero() {
            self.halved = now;
        }
        while self.halved + HALVED_EVERY <= now && !self.spent.is_zero() {
            self.halved = self.halved + HALVED_EVERY;
            self.spent /= 2;
            let names: Vec<Arc<str>> = self.slowest.iter().map(|(_, name)| name.clone()).collect();
            names.iter().for_each(|name| self.change(name, |tenant| tenant.spent /= 2));
        }
    }

    /// There can't be more than nine by each measure.
    fn noisy(&self, in_flight: usize, now: Timestamp) -> Vec<&Arc<str>> {
        let many = |(count, _): &&(usize, Arc<str>)| *count >= NOISY_FROM && *count * SHARE as usize > in_flight;
        let long = |(spent, _): &&(Duration, Arc<str>)| *spent * SHARE > self.spent;
        let busy = self.busiest.iter().rev().take_while(many).map(|(_, name)| name);
        let slow = self.slowest.iter().rev().take_while(long).map(|(_, name)| name);
        let sends = |name: &&Arc<str>| self.tenants.get(*name).is_some_and(|tenant| tenant.last.time() + SILENCE > now);
        busy.chain(slow).filter(sends).collect()
    }

    fn name(&self, group: &str) -> Arc<str> {
        self.tenants.get_key_value(group).map_or_else(|| group.into(), |(name, _)| name.clone())
    }

    /// Changes a tenant, and keeps the lists of all right. One of which nothing is left is forgotten.
    fn change(&mut self, name: &Arc<str>, change: impl FnOnce(&mut Tenant)) {
        let tenant = self.tenants.entry(name.clone()).or_default();
        if let Some(head) = tenant.waiting.first() {
            self.heads.remove(head);
        }
        self.busiest.remove(&(tenant.in_flight, name.clone()));
        self.slowest.remove(&(tenant.spent, name.clone()));
        change(tenant);
        if let Some(head) = tenant.waiting.first() {
            self.heads.insert(*head, name.clone());
        }
        if tenant.in_flight > 0 {
            self.busiest.insert((tenant.in_flight, name.clone()));
        }
        if !tenant.spent.is_zero() {
            self.slowest.insert((tenant.spent, name.clone()));
        }
        if tenant.waiting.is_empty() && tenant.in_flight == 0 && tenant.spent.is_zero() {
            self.tenants.remove(name);
        }
    }
}
