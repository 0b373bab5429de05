//! Being told that records of some kinds have changed.

use crate::Revision;
use tokio::sync::watch;

/// Tells that something has changed, not what: whoever is told takes a snapshot. Any number of changes between two
/// looks are one, and none is missed: a change that a snapshot taken before the look does not show is told.
#[derive(Debug, Clone)]
pub struct Watch {
    latest: watch::Receiver<Revision>,
    seen: Revision,
}

impl Watch {
    pub(super) fn new(latest: watch::Receiver<Revision>) -> Self {
        let seen = *latest.borrow();
        Self { latest, seen }
    }

    /// Ends when there has been a change since this watch began or since the last call that ended. It never ends once
    /// the store is closed. It may be dropped and called again without missing anything.
    pub async fn changed(&mut self) {
        let seen = self.seen;
        if self.latest.wait_for(|latest| *latest > seen).await.is_err() {
            std::future::pending::<()>().await;
        }
        self.mark_seen();
    }

    /// Whether [`Watch::changed`] would end at once.
    pub fn pending(&self) -> bool {
        *self.latest.borrow() > self.seen
    }

    /// Counts all changes up to now as seen.
    pub fn mark_seen(&mut self) {
        self.seen = *self.latest.borrow();
    }
}
