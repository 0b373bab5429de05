//! What a FIFO queue remembers of what was sent lately, so that nothing is sent twice (developer guide, "Exactly-once processing").

use super::Number;
use model::Timestamp;
use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

/// For how long a deduplication id stands for what was sent with it.
pub const INTERVAL: Duration = Duration::from_secs(300);

/// A message that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// Its number.
    pub number: Number,
    /// Its id.
    pub message_id: String,
}

/// What was sent in the last five minutes, by deduplication id. With the scope `messageGroup` the key names the group as well.
#[derive(Debug, Default)]
pub struct Known {
    sent: HashMap<String, Sent>,
    order: VecDeque<(Number, String)>,
}

/// The key of a deduplication id, within its group where the scope is the message group. Neither can hold a line break.
pub fn history(group: Option<&str>, id: &str) -> String {
    group.map_or_else(|| id.to_owned(), |group| format!("{group}\n{id}"))
}

impl Known {
    /// What was sent with that key in the last five minutes.
    pub fn find(&mut self, key: &str, now: Timestamp) -> Option<&Sent> {
        self.forget(now);
        self.sent.get(key)
    }

    /// Remembers what is sent. Numbers are given in the order in which they grow.
    pub fn remember(&mut self, key: String, sent: Sent) {
        self.order.push_back((sent.number, key.clone()));
        self.sent.insert(key, sent);
    }

    /// Forgets what could not be sent.
    pub fn withdraw(&mut self, key: &str, number: Number) {
        if self.sent.get(key).is_some_and(|sent| sent.number == number) {
            self.sent.remove(key);
        }
    }

    fn forget(&mut self, now: Timestamp) {
        while let Some((number, key)) = self.order.front().filter(|(number, _)| number.time() + INTERVAL <= now).cloned() {
            self.order.pop_front();
            self.withdraw(&key, number);
        }
    }
}
