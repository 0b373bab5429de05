//! Loops that look at the store, decide, and commit: the only long-running work of the control plane.
//!
//! An activation takes no input and is idempotent. It is run at start, when a record of a watched kind has changed, and at
//! the time that it asked for itself; whatever the reason was, it looks at a snapshot. So a change that comes while it
//! runs, a crash in the middle of it, and a needless run do no harm. (The pattern is that of the background tasks of
//! Oxide's Nexus.)

mod activity;
mod board;
mod runner;

pub use activity::Busy;
pub use board::Status;
pub use runner::{Runner, Unsettled};

use crate::Store;
use activity::Activity;
use async_trait::async_trait;
use model::{Env, Timestamp};
use std::sync::Arc;

/// What an activation works with.
#[derive(Clone)]
pub struct ReconcileCx {
    /// The store.
    pub store: Store,
    /// The clock and the dice.
    pub env: Env,
    activity: Arc<Activity>,
}

impl ReconcileCx {
    /// A context of its own, as a test of one reconciler without a [`Runner`] needs it.
    pub fn new(store: Store, env: Env) -> Self {
        Self { store, env, activity: Arc::default() }
    }

    /// [`Runner::settle`] waits until the guard is dropped. For work that goes on in a task of its own after the
    /// activation has returned; its result is committed before the guard is dropped.
    pub fn busy(&self) -> Busy {
        Busy::new(self.activity.clone())
    }
}

/// When a reconciler wants to run again if nothing changes before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wake {
    /// Only when something changes.
    Idle,
    /// At that time.
    At(Timestamp),
}

impl Wake {
    /// The earlier of two.
    pub fn min(self, other: Wake) -> Wake {
        match (self, other) {
            (Wake::At(a), Wake::At(b)) => Wake::At(a.min(b)),
            (Wake::Idle, wake) | (wake, Wake::Idle) => wake,
        }
    }

    /// The time, if there is one.
    pub fn time(self) -> Option<Timestamp> {
        match self {
            Wake::At(time) => Some(time),
            Wake::Idle => None,
        }
    }
}

/// One kind of decision about the cloud, made again and again.
#[async_trait]
pub trait Reconciler: Send + Sync + 'static {
    /// A name for status and logs, such as `ecs/service`.
    fn name(&self) -> &'static str;

    /// The kinds of records whose changes are a reason to run.
    fn watches(&self) -> &'static [&'static str];

    /// One activation: snapshot, decide, commit. It doesn't sleep by the clock, but returns [`Wake::At`]. It may be
    /// dropped at any await, as a crash would. What it writes to a kind that it watches itself makes it run again,
    /// until a run changes nothing.
    async fn reconcile(&self, cx: &ReconcileCx) -> anyhow::Result<Wake>;
}

#[async_trait]
impl<T: Reconciler + ?Sized> Reconciler for Box<T> {
    fn name(&self) -> &'static str {
        (**self).name()
    }
    fn watches(&self) -> &'static [&'static str] {
        (**self).watches()
    }
    async fn reconcile(&self, cx: &ReconcileCx) -> anyhow::Result<Wake> {
        (**self).reconcile(cx).await
    }
}
