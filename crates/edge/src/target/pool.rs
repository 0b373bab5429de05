//! Open connections to a target that wait for another request.

use super::Sender;
use model::Timestamp;
use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// More than so many are not kept.
const MOST: usize = 256;

/// The connections, the last used last.
#[derive(Default)]
pub(crate) struct Pool(Mutex<Vec<(Sender, Timestamp)>>);

impl Pool {
    /// A connection that can take a request now and has not been silent for longer than `idle`.
    ///
    /// An HTTP/2 connection also stays, for others.
    pub(crate) fn take(&self, now: Timestamp, idle: Duration) -> Option<Sender> {
        let mut waiting = self.waiting();
        while let Some((sender, since)) = waiting.pop() {
            if now.since(since) >= idle {
                // All before it have been silent for longer.
                waiting.clear();
                return None;
            }
            if !sender.is_ready() {
                continue;
            }
            if let Some(shared) = sender.share() {
                waiting.push((shared, now));
            }
            return Some(sender);
        }
        None
    }

    /// Takes a connection back.
    pub(crate) fn put(&self, sender: Sender, now: Timestamp) {
        let mut waiting = self.waiting();
        if waiting.len() < MOST {
            waiting.push((sender, now));
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<(Sender, Timestamp)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
