//! What S3 does by itself: the lifecycle of objects, copies of what is archived, and the removal of files that a crash has left.

mod lifecycle;
mod restores;

pub use lifecycle::Lifecycle;
pub use restores::Restores;

use super::Storage;
use async_trait::async_trait;
use spine::reconcile::{ReconcileCx, Reconciler, Wake};
use std::sync::Arc;

/// Removes, once at the start, the files that no record refers to.
pub struct Sweeper(Arc<Storage>);

impl Sweeper {
    /// One for that storage.
    pub fn new(s3: &Arc<Storage>) -> Self {
        Self(s3.clone())
    }
}

#[async_trait]
impl Reconciler for Sweeper {
    fn name(&self) -> &'static str {
        "s3/sweeper"
    }

    fn watches(&self) -> &'static [&'static str] {
        &[]
    }

    async fn reconcile(&self, cx: &ReconcileCx) -> anyhow::Result<Wake> {
        let (blobs, store) = (self.0.blobs.clone(), cx.store.clone());
        let lost = tokio::task::spawn_blocking(move || blobs.sweep(&store)).await??;
        if lost > 0 {
            tracing::info!(lost, "removed blobs that nothing refers to");
        }
        Ok(Wake::Idle)
    }
}
