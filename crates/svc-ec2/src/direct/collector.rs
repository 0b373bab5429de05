//! Removes snapshots and blocks that nobody needs any more.

use super::Ebs;
use crate::images::QUICK_START;
use async_trait::async_trait;
use logic::ebs::{SnapshotState, snapshot_state};
use model::{
    Record, Timestamp,
    ec2::{Snapshot, SnapshotOrigin, Volume},
};
use spine::{
    Read, Scope, StoreError,
    reconcile::{ReconcileCx, Reconciler, Wake},
};
use std::{collections::BTreeSet, sync::Arc, time::Duration};
use tokio::sync::Mutex;

/// A collection looks at all that is stored: there is none more often than that.
const REST: Duration = Duration::from_secs(60);

/// Removes what no record names, whenever something that was named isn't any more, and once at the start.
pub struct Collector {
    ebs: Arc<Ebs>,
    last: Mutex<Option<Last>>,
}

/// The last collection.
struct Last {
    at: Timestamp,
    /// What was named then.
    live: BTreeSet<String>,
}

impl Collector {
    /// One for these blocks.
    pub fn new(ebs: Arc<Ebs>) -> Self {
        Self { ebs, last: Mutex::new(None) }
    }
}

/// The names under which something is stored, or may come to be: of snapshots, of volumes, and of the snapshots that volumes and copies are
/// still to be made of, which may have been deleted since.
fn live(read: &impl Read) -> Result<BTreeSet<String>, StoreError> {
    // The quick start image's blocks are made before its record is.
    let mut names = BTreeSet::from([QUICK_START.to_owned()]);
    for (key, row) in read.list::<Volume>(Scope::All)? {
        names.extend(row.spec.snapshot.clone().filter(|_| row.plan.ready_at.is_none()));
        names.insert(key.id);
    }
    for (key, row) in read.list::<Snapshot>(Scope::All)? {
        if let (SnapshotOrigin::Copy(_, _, from), SnapshotState::Pending) = (&row.spec.origin, snapshot_state(&row.plan)) {
            names.insert(from.clone());
        }
        names.insert(key.id);
    }
    Ok(names)
}

#[async_trait]
impl Reconciler for Collector {
    fn name(&self) -> &'static str {
        "ebs/collector"
    }

    fn watches(&self) -> &'static [&'static str] {
        &[Snapshot::KIND, Volume::KIND]
    }

    async fn reconcile(&self, cx: &ReconcileCx) -> anyhow::Result<Wake> {
        let mut last = self.last.lock().await;
        let named = live(&cx.store.snapshot())?;
        if let Some(last) = &mut *last {
            if last.live.is_subset(&named) {
                last.live = named;
                return Ok(Wake::Idle);
            }
            if cx.env.now() < last.at + REST {
                return Ok(Wake::At(last.at + REST));
            }
        }
        let store = cx.store.clone();
        let found = move || live(&store.snapshot()).map_err(|error| blocks::Error::Io(std::io::Error::other(error)));
        let collected = self.ebs.work(move |blocks| blocks.collect(found)).await?;
        tracing::debug!(?collected, "snapshots and blocks that nobody needs are removed");
        *last = Some(Last { at: cx.env.now(), live: named });
        Ok(Wake::Idle)
    }
}
