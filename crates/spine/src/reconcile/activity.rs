//! The signal that something has begun or ended, by which `settle` knows when to look again.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};
use tokio::sync::watch;

/// Work that goes on, and a bell that rings at each beginning and end of any.
#[derive(Default)]
pub(super) struct Activity {
    busy: AtomicUsize,
    bell: watch::Sender<()>,
}

impl Activity {
    /// Whether a [`Busy`] is held.
    pub(super) fn is_busy(&self) -> bool {
        self.busy.load(SeqCst) > 0
    }

    /// Something has begun or ended.
    pub(super) fn ring(&self) {
        self.bell.send_replace(());
    }

    /// Hears all rings from now on.
    pub(super) fn listen(&self) -> watch::Receiver<()> {
        self.bell.subscribe()
    }
}

/// Work outside an activation that [`super::Runner::settle`] waits for.
pub struct Busy(Arc<Activity>);

impl Busy {
    pub(super) fn new(activity: Arc<Activity>) -> Self {
        activity.busy.fetch_add(1, SeqCst);
        Self(activity)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.busy.fetch_sub(1, SeqCst);
        self.0.ring();
    }
}
