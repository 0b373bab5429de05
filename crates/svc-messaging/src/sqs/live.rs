//! The messages of a queue while the server runs: the pure [`Queue`] with what stands in the store behind it.
//!
//! What was received, is delayed, or comes next is in memory; what waits behind that is in the store alone and is loaded a piece at a time,
//! so that a queue of millions costs no more than one of thousands. A message is in the queue when it is durable, and not before.

use super::mail::{Change, Head, MailError, MailStore, Message, Ticket};
use logic::queue::{Call, INTERVAL, Known, NotChanged, Number, Past, Queue, Sent, Taken, Throughput, Waiting, Wish};
use model::{Timestamp, sqs::QueueSpec};
use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::Notify;

/// How many messages of a standard queue wait in memory.
const MOST_READY: usize = 10_000;

/// How many messages of a FIFO queue are looked through for groups that are not held back (developer guide, "FIFO queue quotas").
const MOST_LOOKED_THROUGH: usize = 120_000;

/// How much is loaded at once: messages, and bytes.
const PIECE: (usize, usize) = (1000, 8 << 20);

/// A queue's messages.
pub struct Live {
    mail: Arc<MailStore>,
    mailbox: u64,
    /// The queue's uid, if it remembers deduplication ids.
    remembers: Option<u64>,
    state: Mutex<State>,
    /// Tells those who wait for messages that there may be one.
    pub arrivals: Notify,
}

struct State {
    queue: Queue,
    most_ready: usize,
    /// Everything in the store up to here is in the queue.
    loaded_to: Number,
    /// There is more in the store behind that.
    behind: bool,
    /// What was deleted behind `loaded_to`, and may be in the store still.
    gone: HashSet<Number>,
    /// How many messages there are.
    total: i64,
    /// No message is older.
    oldest: Number,
    known: Known,
    attempts: HashMap<String, (Timestamp, Vec<(Number, Past)>)>,
    /// How much was called, of a FIFO queue.
    throughput: Throughput,
}

/// What a receiver gets.
pub struct Received {
    /// Its messages.
    pub messages: Vec<(Number, Past, Message)>,
    /// Those that were received too often, and are to be moved away.
    pub dead: Vec<(Number, Past)>,
    /// Ends when the receipts are remembered, where they have to be.
    pub ticket: Option<Ticket>,
}

/// A message that is to be sent.
pub struct Post {
    /// The message; what its number tells is filled in.
    pub message: Message,
    /// How long it is delayed, in a standard queue.
    pub delay: Duration,
    /// Under which key it counts as sent already, in a FIFO queue.
    pub key: Option<String>,
}

/// How many messages a queue has, and of what kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Those that can be received.
    pub visible: u64,
    /// Those in flight.
    pub in_flight: u64,
    /// Those that are delayed.
    pub delayed: u64,
}

impl Live {
    /// The messages of a queue, as the store has them.
    pub fn open(mail: Arc<MailStore>, spec: &QueueSpec, now: Timestamp) -> Result<Self, MailError> {
        let mailbox = spec.mailbox;
        let (total, first, last) = mail.summary(mailbox)?;
        mail.numbers.pass(last);
        let (queue, most_ready) = match spec.fifo {
            None => (Queue::standard(), MOST_READY),
            Some(_) => (Queue::fifo(), MOST_LOOKED_THROUGH),
        };
        let mut state = State {
            queue,
            most_ready,
            loaded_to: Number(0),
            behind: total > 0,
            gone: HashSet::new(),
            total,
            oldest: first.unwrap_or(Number(u64::MAX)),
            known: Known::default(),
            attempts: HashMap::new(),
            throughput: Throughput::default(),
        };
        for (number, past) in mail.receipts(mailbox)? {
            if let Some(message) = mail.read(mailbox, number)? {
                state.queue.add(waiting(number, &message.head, Some(past)), now);
            }
        }
        if spec.fifo.is_some() {
            let lately = mail.sent(spec.uid, Number::first_at(now - INTERVAL))?;
            lately.into_iter().for_each(|(key, sent)| state.known.remember(key, sent));
        }
        let remembers = spec.fifo.map(|_| spec.uid);
        Ok(Self { mail, mailbox, remembers, state: Mutex::new(state), arrivals: Notify::new() })
    }

    /// Whether the queue, which is a FIFO queue, takes one more call of that kind now.
    pub fn admits(&self, call: Call, now: Timestamp) -> bool {
        self.lock().throughput.admit(call, now)
    }

    /// Whether it takes one more that sends to the group, where groups have each their own quota.
    pub fn admits_to(&self, group: &str, now: Timestamp) -> bool {
        self.lock().throughput.admit_to(group, now)
    }

    /// Sends messages. What comes back says for each of them what it is in the queue: itself, or what was sent before with its key.
    pub fn send(self: &Arc<Self>, posts: Vec<Post>, now: Timestamp) -> Result<(Vec<Sent>, Ticket), MailError> {
        let mut state = self.lock();
        let (mut all, mut changes, mut arriving, mut keys) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for Post { mut message, delay, key } in posts {
            if let Some(before) = key.as_deref().and_then(|key| state.known.find(key, now)) {
                all.push(before.clone());
                continue;
            }
            let number = self.mail.numbers.next(now);
            message.head.from = number.time() + delay;
            message.head.sequence = self.remembers.map(|_| number.sequence_number());
            let sent = Sent { number, message_id: message.head.id.clone() };
            if let (Some(key), Some(queue)) = (key, self.remembers) {
                state.known.remember(key.clone(), sent.clone());
                changes.push(Change::Remember { queue, key: key.clone(), sent: sent.clone() });
                keys.push((key, number));
            }
            all.push(sent);
            arriving.push(waiting(number, &message.head, None));
            changes.push(Change::Put { mailbox: self.mailbox, number, message: Box::new(message) });
        }
        let live = self.clone();
        // Under the lock, so that numbers become durable in their order.
        let ticket = self.mail.push(changes, true, move |written| {
            if written {
                return live.arrive(arriving, now);
            }
            let mut state = live.lock();
            keys.iter().for_each(|(key, number)| state.known.withdraw(key, *number));
        })?;
        Ok((all, ticket))
    }

    /// Messages are in the store.
    fn arrive(&self, messages: Vec<Waiting>, now: Timestamp) {
        let count = messages.len();
        let mut state = self.lock();
        for message in messages {
            state.total += 1;
            state.oldest = state.oldest.min(message.number);
            // One that is not the youngest was moved here. It is known already if it was loaded just now.
            let moved = message.number <= state.loaded_to;
            if !state.gone.remove(&message.number) && (moved || !state.behind) {
                state.arrive(message, now);
            }
        }
        drop(state);
        (0..count).for_each(|_| self.arrivals.notify_one());
    }

    /// Receives messages. `keeps` says that their receipts have to be remembered; the ticket ends when they are.
    pub fn take(&self, wish: Wish, attempt: Option<&str>, keeps: bool, now: Timestamp) -> Result<Received, MailError> {
        let mut state = self.lock();
        let Taken { messages, dead } = match attempt.and_then(|attempt| state.again(attempt, wish.invisible, now)) {
            Some(messages) => Taken { messages, dead: Vec::new() },
            None => self.take_new(&mut state, wish, now)?,
        };
        if let Some(attempt) = attempt.filter(|_| !messages.is_empty()) {
            state.attempts.retain(|_, (at, _)| *at + INTERVAL > now);
            state.attempts.insert(attempt.to_owned(), (now, messages.clone()));
        }
        let ticket = match keeps && !messages.is_empty() {
            true => Some(self.mail.push(self.receipts(&messages), false, |_| ())?),
            false => None,
        };
        let more = state.queue.ready() > 0 && !messages.is_empty();
        drop(state);
        if more {
            self.arrivals.notify_one();
        }
        Ok(Received { messages: self.read(messages, now)?, dead, ticket })
    }

    fn take_new(&self, state: &mut State, wish: Wish, now: Timestamp) -> Result<Taken, MailError> {
        let mut taken = state.queue.take(wish, now);
        while state.behind && taken.messages.len() < wish.most && state.queue.ready() < state.most_ready {
            self.load(state, now)?;
            let more = state.queue.take(Wish { most: wish.most - taken.messages.len(), ..wish }, now);
            taken.messages.extend(more.messages);
            taken.dead.extend(more.dead);
        }
        Ok(taken)
    }

    /// Loads the next piece of what is in the store alone.
    fn load(&self, state: &mut State, now: Timestamp) -> Result<(), MailError> {
        let piece = self.mail.scan(self.mailbox, state.loaded_to, PIECE.0, PIECE.1)?;
        state.behind = !piece.is_empty();
        if piece.is_empty() {
            state.gone.clear();
        }
        for (number, head) in piece {
            state.loaded_to = number;
            if !state.gone.remove(&number) {
                state.queue.add(waiting(number, &head, None), now);
            }
        }
        Ok(())
    }

    fn read(&self, messages: Vec<(Number, Past)>, now: Timestamp) -> Result<Vec<(Number, Past, Message)>, MailError> {
        let mut read = Vec::with_capacity(messages.len());
        for (number, past) in messages {
            match self.mail.read(self.mailbox, number)? {
                Some(message) => read.push((number, past, message)),
                None => _ = self.lock().queue.remove(number, now),
            }
        }
        Ok(read)
    }

    fn receipts(&self, messages: &[(Number, Past)]) -> Vec<Change> {
        messages.iter().map(|(number, past)| Change::Received { mailbox: self.mailbox, number: *number, past: *past }).collect()
    }

    /// How often a message was received and whether it is in flight; none if it never was, or isn't there.
    pub fn receipts_of(&self, number: Number, now: Timestamp) -> Option<(u32, bool)> {
        self.lock().queue.receipts(number, now)
    }

    /// Deletes messages; those that are gone already are no error. Nothing has to be waited for where none was there.
    pub fn delete(&self, numbers: &[Number], sync: bool, now: Timestamp) -> Result<Option<Ticket>, MailError> {
        let mut state = self.lock();
        let mut changes = Vec::new();
        for number in numbers {
            changes.extend(self.discard(&mut state, *number, now)?.into_iter().flatten());
        }
        if changes.is_empty() {
            return Ok(None);
        }
        let ticket = self.mail.push(changes, sync, |_| ())?;
        drop(state);
        // Another message of its group may be free now.
        self.arrivals.notify_one();
        Ok(Some(ticket))
    }

    /// Takes a message out of the queue; what has to be written then, if it was there.
    fn discard(&self, state: &mut State, number: Number, now: Timestamp) -> Result<Option<Vec<Change>>, MailError> {
        let received = state.queue.receipts(number, Timestamp(0)).is_some();
        let unloaded = state.behind && number > state.loaded_to;
        let known = state.queue.remove(number, now);
        let stored = !known && unloaded && !state.gone.contains(&number) && self.mail.has(self.mailbox, number)?;
        if !known && !stored {
            return Ok(None);
        }
        if unloaded {
            state.gone.insert(number);
        }
        state.total -= 1;
        let forget = received.then(|| Change::forget(self.mailbox, number));
        Ok(Some([Change::remove(self.mailbox, number)].into_iter().chain(forget).collect()))
    }

    /// Changes until when a message is invisible.
    pub fn change(
        &self,
        (number, count): (Number, u32),
        invisible: Duration,
        keeps: bool,
        now: Timestamp,
    ) -> Result<(Result<(), NotChanged>, Option<Ticket>), MailError> {
        let mut state = self.lock();
        let past = match state.queue.change(number, count, invisible, now) {
            Ok(past) => past,
            Err(why) => return Ok((Err(why), None)),
        };
        let ticket = keeps.then(|| self.mail.push(self.receipts(&[(number, past)]), false, |_| ())).transpose()?;
        drop(state);
        self.arrivals.notify_one();
        Ok((Ok(()), ticket))
    }

    /// Moves messages that are in flight here to another queue: all are there, or here, whatever happens.
    pub fn move_to(self: &Arc<Self>, target: &Arc<Self>, messages: Vec<Moving>, now: Timestamp) -> Result<Ticket, MailError> {
        let (mut changes, mut arriving, mut leaving) = (Vec::new(), Vec::new(), Vec::new());
        // The numbers that the target gives become durable in their order.
        let order = target.lock();
        for Moving { number, past, mut message, anew } in messages {
            let new_number = if anew { self.mail.numbers.next(now) } else { number };
            message.head.from = new_number.time();
            message.head.sequence = target.remembers.map(|_| new_number.sequence_number());
            arriving.push(waiting(new_number, &message.head, past));
            leaving.push(number);
            changes.push(Change::Put { mailbox: target.mailbox, number: new_number, message: Box::new(message) });
            changes.extend(past.map(|past| Change::Received { mailbox: target.mailbox, number: new_number, past }));
            changes.extend([Change::remove(self.mailbox, number), Change::forget(self.mailbox, number)]);
        }
        let (source, to) = (self.clone(), target.clone());
        let ticket = self.mail.push(changes, false, move |written| {
            if written {
                to.arrive(arriving, now);
                source.left(&leaving, now);
            }
        })?;
        drop(order);
        Ok(ticket)
    }

    /// Messages have been moved away.
    fn left(&self, numbers: &[Number], now: Timestamp) {
        let mut state = self.lock();
        let there = numbers.iter().filter(|number| state.queue.remove(**number, now)).count();
        state.total -= i64::try_from(there).unwrap_or(i64::MAX);
        drop(state);
        self.arrivals.notify_one();
    }

    /// Deletes what is older than the queue keeps it.
    pub fn expire(&self, keeps: Duration, now: Timestamp) -> Result<(), MailError> {
        let end = Number(Number::first_at(now - keeps + Duration::from_millis(1)).0.saturating_sub(1));
        let mut state = self.lock();
        if state.oldest > end {
            return Ok(());
        }
        let mut changes = Vec::new();
        for number in self.mail.numbers_until(self.mailbox, end)? {
            changes.extend(self.discard(&mut state, number, now)?.into_iter().flatten());
        }
        state.oldest = Number(end.0 + 1);
        if !changes.is_empty() {
            self.mail.push(changes, false, |_| ())?;
        }
        Ok(())
    }

    /// When there may be something to receive that isn't there now.
    pub fn next_change(&self, delay: Duration) -> Option<Timestamp> {
        self.lock().queue.next_change(delay)
    }

    /// Whether as many messages are in flight as may be.
    pub fn is_full(&self) -> bool {
        self.lock().queue.is_full()
    }

    /// How many messages there are.
    pub fn counts(&self, delay: Duration, now: Timestamp) -> Result<Counts, MailError> {
        let mut state = self.lock();
        state.queue.settle(now);
        let in_flight = state.queue.in_flight();
        let delayed = state.queue.delayed(delay, now);
        let visible = state.total - i64::try_from(in_flight + delayed).unwrap_or(i64::MAX);
        let count = |count| u64::try_from(count).unwrap_or(u64::MAX);
        Ok(Counts { visible: u64::try_from(visible).unwrap_or(0), in_flight: count(in_flight), delayed: count(delayed) })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A message on its way to another queue.
pub struct Moving {
    /// Its number where it is.
    pub number: Number,
    /// Its receipts, if they count on.
    pub past: Option<Past>,
    /// The message.
    pub message: Message,
    /// It gets a new number: it is as old as if it was sent now.
    pub anew: bool,
}

impl State {
    fn arrive(&mut self, message: Waiting, now: Timestamp) {
        if message.number > self.loaded_to {
            if self.queue.ready() >= self.most_ready {
                self.behind = true;
                return;
            }
            self.loaded_to = message.number;
        }
        self.queue.add(message, now);
    }

    fn again(&mut self, attempt: &str, invisible: Duration, now: Timestamp) -> Option<Vec<(Number, Past)>> {
        let (_, given) = self.attempts.get(attempt).filter(|(at, _)| *at + INTERVAL > now)?;
        let given = given.clone();
        self.queue.take_again(&given, invisible, now)
    }
}

fn waiting(number: Number, head: &Head, past: Option<Past>) -> Waiting {
    Waiting { number, group: head.group.as_deref().map(Into::into), from: head.from, past }
}
