//! Loops that look at the store, decide, and commit: the only long-running work of the control plane.
//!
//! An activation takes no input and is idempotent. It is run at start, when a record of a watched kind has changed, and at
//! the time that it asked for itself; it looks at a snapshot, whatever the reason for the run was. So a change that came
//! while it ran, a crash in the middle of it, or a needless run do no harm. (The pattern is that of the background tasks of
//! Oxide's Nexus.)

use crate::Store;
use async_trait::async_trait;
use model::{Env, Timestamp};

/// What an activation works with.
#[derive(Clone)]
pub struct ReconcileCx {
    /// The store.
    pub store: Store,
    /// The clock and the dice.
    pub env: Env,
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
}

/// One kind of decision about the cloud, made again and again.
#[async_trait]
pub trait Reconciler: Send + Sync + 'static {
    /// A name for status and logs, such as `ecs/service`.
    fn name(&self) -> &'static str;
    /// The kinds of records whose changes are a reason to run.
    fn watches(&self) -> &'static [&'static str];
    /// One activation: snapshot, decide, commit.
    async fn reconcile(&self, cx: &ReconcileCx) -> anyhow::Result<Wake>;
}
