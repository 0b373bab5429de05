//! Who is told when a key changes.

use super::{Bytes, Revision};
use std::sync::{Mutex, PoisonError};
use tokio::sync::watch;

/// The watchers of one engine. A watcher that nobody holds any more is dropped when its turn comes.
#[derive(Default)]
pub(super) struct Watchers(Mutex<Vec<Watcher>>);

struct Watcher {
    prefixes: Vec<Bytes>,
    cell: watch::Sender<Revision>,
}

impl Watchers {
    /// Adds a watcher. `current` is asked for the present revision after the list is locked: a commit that is
    /// published later finds the watcher in it, one that was published before is in every view that the watcher takes.
    pub(super) fn add(&self, prefixes: Vec<Bytes>, current: impl FnOnce() -> Revision) -> watch::Receiver<Revision> {
        let mut watchers = self.lock();
        let (cell, receiver) = watch::channel(current());
        watchers.push(Watcher { prefixes, cell });
        receiver
    }

    /// Tells those who watch one of the keys.
    pub(super) fn tell<'a>(&self, revision: Revision, keys: impl Iterator<Item = &'a Bytes> + Clone) {
        self.lock().retain(|watcher| {
            if keys.clone().any(|key| watcher.prefixes.iter().any(|prefix| key.starts_with(prefix))) {
                watcher.cell.send_replace(revision);
            }
            !watcher.cell.is_closed()
        });
    }

    /// Tells everybody.
    pub(super) fn tell_all(&self, revision: Revision) {
        for watcher in &*self.lock() {
            watcher.cell.send_replace(revision);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Watcher>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
