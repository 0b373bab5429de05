//! What a queue gives to whom, and when: visibility, delays, the order of message groups, receive counts.
//!
//! A [`Queue`] knows messages by their [`Number`]s and groups alone. It holds those that have been looked at: what waits behind them
//! stands in the store and costs no memory. Bodies, receipts, files and waiting are others' business (`svc-messaging`).
//!
//! Spec: Amazon SQS developer guide, "Amazon SQS visibility timeout", "FIFO delivery logic", "Dead-letter queues", "Amazon SQS fair
//! queues".

mod fifo;
mod history;
mod number;
mod standard;
mod tenants;
#[cfg(test)]
mod tests;
mod throughput;

pub use history::{INTERVAL, Known, Sent, history};
pub use number::{Number, Numbers};
pub use throughput::{Call, Throughput};

use fifo::Groups;
use model::Timestamp;
use standard::Line;
use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

/// The most messages of a queue that are in flight at a time (developer guide, "Amazon SQS message quotas").
pub const MOST_IN_FLIGHT: usize = 120_000;

/// How long a message may stay invisible after it was received, however often that is prolonged.
pub const LONGEST_INVISIBLE: Duration = Duration::from_secs(12 * 3600);

/// A message that waits to be received.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// Which.
    pub number: Number,
    /// Its group; in a standard queue, the tenant whose message it is, if one is named.
    pub group: Option<Arc<str>>,
    /// From when on it may be received, in a standard queue. In a FIFO queue the queue's own delay counts.
    pub from: Timestamp,
    /// What was remembered of its receipts.
    pub past: Option<Past>,
}

/// What is known of a message's receipts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Past {
    /// How often it was received.
    pub count: u32,
    /// When for the first time.
    pub first: Timestamp,
    /// When for the last time.
    pub last: Timestamp,
    /// Until when it is invisible, unless it is deleted before.
    pub until: Timestamp,
}

/// What a receiver asks for.
#[derive(Clone, Copy, Debug)]
pub struct Wish {
    /// The most messages.
    pub most: usize,
    /// How long they are to be invisible to others.
    pub invisible: Duration,
    /// The delay of all messages of a FIFO queue.
    pub delay: Duration,
    /// How often a message may be received before it is a dead letter.
    pub most_receives: Option<u32>,
}

/// What a receiver gets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// Its messages, in their order.
    pub messages: Vec<(Number, Past)>,
    /// Those that were received too often. They are in flight until they have been moved away.
    pub dead: Vec<(Number, Past)>,
}

/// Why the visibility of a message can't be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotChanged {
    /// It isn't in flight: it is visible again, or has been received again.
    NotInFlight,
    /// There is no such message any more.
    Gone,
    /// It would be invisible for longer than [`LONGEST_INVISIBLE`] in all.
    TooLong,
}

/// The messages of a queue that have been looked at.
#[derive(Debug)]
pub struct Queue {
    order: Order,
    /// Those that have been received at least once.
    past: HashMap<Number, Receipts>,
    /// Those that are in flight, by the end of that.
    returning: BTreeSet<(Timestamp, Number)>,
}

/// A received message.
#[derive(Debug)]
struct Receipts {
    past: Past,
    group: Option<Arc<str>>,
    in_flight: bool,
}

/// Which of the waiting messages is next.
#[derive(Debug)]
enum Order {
    Standard(Line),
    Fifo(Groups),
}

impl Queue {
    /// A queue without order.
    pub fn standard() -> Self {
        Self::of(Order::Standard(Line::default()))
    }

    /// A queue that keeps the order within each message group.
    pub fn fifo() -> Self {
        Self::of(Order::Fifo(Groups::default()))
    }

    fn of(order: Order) -> Self {
        Self { order, past: HashMap::new(), returning: BTreeSet::new() }
    }

    /// Adds a message. One that is known already stays as it is.
    pub fn add(&mut self, message: Waiting, now: Timestamp) {
        if self.knows(message.number) {
            return;
        }
        let Waiting { number, group, from, past } = message;
        let in_flight = past.is_some_and(|past| past.until > now);
        if let Some(past) = past {
            self.past.insert(number, Receipts { past, group: group.clone(), in_flight });
        }
        match (&mut self.order, in_flight) {
            (Order::Standard(line), false) => line.add(number, group, from),
            (Order::Fifo(groups), false) => groups.add(number, &group.unwrap_or_default()),
            (Order::Standard(line), true) => line.depart(group.as_deref()),
            (Order::Fifo(groups), true) => groups.add_in_flight(&group.unwrap_or_default()),
        }
        if let Some(past) = past.filter(|_| in_flight) {
            self.returning.insert((past.until, number));
        }
    }

    /// Whether the message is among those that have been looked at.
    pub fn knows(&self, number: Number) -> bool {
        self.past.contains_key(&number)
            || match &self.order {
                Order::Standard(line) => line.knows(number),
                Order::Fifo(groups) => groups.knows(number),
            }
    }

    /// Receives messages. None are given where as many are in flight as may be: [`Queue::is_full`] tells that apart.
    pub fn take(&mut self, wish: Wish, now: Timestamp) -> Taken {
        self.settle(now);
        let mut taken = Taken::default();
        while taken.messages.len() < wish.most && !self.is_full() {
            let in_flight = self.in_flight();
            let room = (wish.most - taken.messages.len()).min(MOST_IN_FLIGHT - in_flight);
            let next = match &mut self.order {
                Order::Standard(line) => line.take(room, in_flight, now),
                Order::Fifo(groups) => groups.take(room, wish.delay, now),
            };
            if next.is_empty() {
                break;
            }
            next.into_iter().for_each(|(number, group)| self.give(number, group, &wish, now, &mut taken));
        }
        taken
    }

    /// Puts a message in flight.
    fn give(&mut self, number: Number, group: Option<Arc<str>>, wish: &Wish, now: Timestamp, taken: &mut Taken) {
        let before = self.past.get(&number).map(|receipts| receipts.past);
        let dead = wish.most_receives.is_some_and(|most| before.is_some_and(|before| before.count >= most));
        let until = now + wish.invisible;
        let past = match before {
            Some(before) if dead => Past { until, ..before },
            Some(before) => Past { count: before.count.saturating_add(1), last: now, until, ..before },
            None => Past { count: 1, first: now, last: now, until },
        };
        self.past.insert(number, Receipts { past, group, in_flight: true });
        self.returning.insert((until, number));
        if dead { taken.dead.push((number, past)) } else { taken.messages.push((number, past)) }
    }

    /// Gives the same messages again to a receiver that has lost the answer, if all of them are in flight still by the same receipts.
    pub fn take_again(&mut self, given: &[(Number, Past)], invisible: Duration, now: Timestamp) -> Option<Vec<(Number, Past)>> {
        self.settle(now);
        let same = |(number, past): &(Number, Past)| {
            self.past.get(number).is_some_and(|now| now.in_flight && now.past.count == past.count && now.past.until == past.until)
        };
        if given.is_empty() || !given.iter().all(same) {
            return None;
        }
        let again = given.iter().filter_map(|(number, _)| Some((*number, self.hide(*number, now + invisible)?))).collect();
        Some(again)
    }

    /// Changes until when a message is invisible, by the receipt that has that count. Zero makes it visible at once.
    ///
    /// # Errors
    /// [`NotChanged`].
    pub fn change(&mut self, number: Number, count: u32, invisible: Duration, now: Timestamp) -> Result<Past, NotChanged> {
        self.settle(now);
        if !self.knows(number) {
            return Err(NotChanged::Gone);
        }
        let receipts = self.past.get(&number).filter(|it| it.in_flight && it.past.count == count);
        let past = receipts.ok_or(NotChanged::NotInFlight)?.past;
        if now + invisible > past.last + LONGEST_INVISIBLE {
            return Err(NotChanged::TooLong);
        }
        let changed = self.hide(number, now + invisible).ok_or(NotChanged::Gone)?;
        self.settle(now);
        Ok(changed)
    }

    fn hide(&mut self, number: Number, until: Timestamp) -> Option<Past> {
        let receipts = self.past.get_mut(&number)?;
        self.returning.remove(&(receipts.past.until, number));
        receipts.past.until = until;
        self.returning.insert((until, number));
        Some(receipts.past)
    }

    /// How often the message was received, and whether it is in flight, if it ever was received.
    pub fn receipts(&self, number: Number, now: Timestamp) -> Option<(u32, bool)> {
        self.past.get(&number).map(|it| (it.past.count, it.in_flight && it.past.until > now))
    }

    /// Forgets a message; whether it was known.
    pub fn remove(&mut self, number: Number, now: Timestamp) -> bool {
        let receipts = self.past.remove(&number);
        if let Some(Receipts { past, group, in_flight: true }) = receipts {
            self.returning.remove(&(past.until, number));
            match &mut self.order {
                Order::Standard(line) => line.land(group.as_deref(), None, now.since(past.last)),
                Order::Fifo(groups) => groups.land(&group.unwrap_or_default(), None),
            }
            return true;
        }
        match &mut self.order {
            Order::Standard(line) => line.remove(number),
            Order::Fifo(groups) => groups.remove(number),
        }
    }

    /// When something may be there to receive that isn't now, if nothing is sent or deleted before.
    pub fn next_change(&self, delay: Duration) -> Option<Timestamp> {
        let returns = self.returning.first().map(|(until, _)| *until);
        let appears = match &self.order {
            _ if self.is_full() => None,
            Order::Standard(line) => line.next_delayed(),
            Order::Fifo(groups) => groups.first_open().map(|number| number.time() + delay),
        };
        [returns, appears].into_iter().flatten().min()
    }

    /// Makes visible whatever it is time for.
    pub fn settle(&mut self, now: Timestamp) {
        while let Some((until, number)) = self.returning.first().copied().filter(|(until, _)| *until <= now) {
            self.returning.remove(&(until, number));
            let Some(receipts) = self.past.get_mut(&number) else { continue };
            receipts.in_flight = false;
            let group = receipts.group.as_deref();
            match &mut self.order {
                Order::Standard(line) => line.land(group, Some(number), until.since(receipts.past.last)),
                Order::Fifo(groups) => groups.land(group.unwrap_or_default(), Some(number)),
            }
        }
        if let Order::Standard(line) = &mut self.order {
            line.settle(now);
        }
    }

    /// Whether as many are in flight as may be.
    pub fn is_full(&self) -> bool {
        self.in_flight() >= MOST_IN_FLIGHT
    }

    /// How many are in flight.
    pub fn in_flight(&self) -> usize {
        self.returning.len()
    }

    /// How many are delayed.
    pub fn delayed(&self, delay: Duration, now: Timestamp) -> usize {
        match &self.order {
            Order::Standard(line) => line.delayed(now),
            Order::Fifo(groups) => groups.delayed(delay, now),
        }
    }

    /// How many wait that are not delayed each by itself: those that may be received, and those that their group holds back.
    pub fn ready(&self) -> usize {
        match &self.order {
            Order::Standard(line) => line.ready(),
            Order::Fifo(groups) => groups.len(),
        }
    }
}
