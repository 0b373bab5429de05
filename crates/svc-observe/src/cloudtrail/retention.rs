//! Deletes what is older than the event history goes back.

use super::store::TrailStore;
use async_trait::async_trait;
use spine::reconcile::{ReconcileCx, Reconciler, Wake};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// How far the event history goes back (CloudTrail user guide, "Working with CloudTrail event history").
pub(super) const KEPT: Duration = Duration::from_secs(90 * 86_400);

/// Between two sweeps.
const PERIOD: Duration = Duration::from_secs(3600);
/// After the start, which has other things to do than to open a database.
const PATIENCE: Duration = Duration::from_secs(60);

/// Sweeps the event history.
pub struct Retention {
    events: Arc<TrailStore>,
    started: AtomicBool,
}

impl Retention {
    /// A sweeper of an event history.
    pub fn new(events: Arc<TrailStore>) -> Self {
        Self { events, started: AtomicBool::new(false) }
    }
}

#[async_trait]
impl Reconciler for Retention {
    fn name(&self) -> &'static str {
        "cloudtrail/retention"
    }

    fn watches(&self) -> &'static [&'static str] {
        &[]
    }

    async fn reconcile(&self, cx: &ReconcileCx) -> anyhow::Result<Wake> {
        let now = cx.env.now();
        if !self.started.swap(true, Ordering::Relaxed) {
            return Ok(Wake::At(now + PATIENCE));
        }
        let events = self.events.clone();
        tokio::task::spawn_blocking(move || events.expire(now - KEPT)).await??;
        Ok(Wake::At(now + PERIOD))
    }
}
