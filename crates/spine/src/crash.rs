//! Fail points: named places in the committer at which a test makes the store fail, die, or be looked at.
//!
//! They do nothing unless a test has armed them, and belong to one store, so that stores in one process don't disturb each
//! other.

use crate::StoreError;
use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

/// The steps of a commit, in their order.
pub mod point {
    /// The transactions of the batch are validated; nothing is written.
    pub const ADMITTED: &str = "commit.admitted";
    /// About half of the batch's changes are handed to the database.
    pub const HALF_WRITTEN: &str = "commit.half-written";
    /// All changes are handed to the database, and it has not been told to commit.
    pub const WRITTEN: &str = "commit.written";
    /// The database has committed durably; no reader sees it yet.
    pub const DURABLE: &str = "commit.durable";
    /// Readers see the batch; nobody was told that it is done.
    pub const PUBLISHED: &str = "commit.published";
    /// All of them.
    pub const ALL: [&str; 5] = [ADMITTED, HALF_WRITTEN, WRITTEN, DURABLE, PUBLISHED];
}

type Action = Box<dyn FnMut() -> Result<(), StoreError> + Send>;

/// The fail points of one store. Clones share them.
#[derive(Clone, Default)]
pub struct Points(Arc<Armed>);

#[derive(Default)]
struct Armed {
    any: AtomicBool,
    actions: Mutex<HashMap<&'static str, Action>>,
}

impl Points {
    /// From now on `action` runs whenever the point is passed; its error fails the step. It runs in the committer's thread.
    pub fn arm(&self, point: &'static str, action: impl FnMut() -> Result<(), StoreError> + Send + 'static) {
        self.actions().insert(point, Box::new(action));
        self.0.any.store(true, Relaxed);
    }

    /// The process dies without any clean-up when the point is passed.
    pub fn arm_abort(&self, point: &'static str) {
        self.arm(point, || std::process::abort());
    }

    /// The point does nothing again.
    pub fn disarm(&self, point: &'static str) {
        let mut actions = self.actions();
        actions.remove(point);
        self.0.any.store(!actions.is_empty(), Relaxed);
    }

    pub(crate) fn pass(&self, point: &'static str) -> Result<(), StoreError> {
        if !self.0.any.load(Relaxed) {
            return Ok(());
        }
        self.actions().get_mut(point).map_or(Ok(()), |action| action())
    }

    fn actions(&self) -> std::sync::MutexGuard<'_, HashMap<&'static str, Action>> {
        self.0.actions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Points {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.actions().keys()).finish()
    }
}
