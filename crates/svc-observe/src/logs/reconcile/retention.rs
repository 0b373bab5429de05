//! Deletes events that are older than their group keeps them, and the events of streams that were deleted.

use super::super::store::LogStore;
use async_trait::async_trait;
use model::{
    Key, Record, Timestamp,
    logs::{LogGroup, LogStream, LogStreamSpec},
};
use spine::{
    Read, Scope, StoreError,
    reconcile::{ReconcileCx, Reconciler, Wake},
};
use std::{collections::BTreeSet, sync::Arc, time::Duration};

/// Sweeps the log store.
pub struct Retention {
    events: Arc<LogStore>,
}

/// Between two sweeps, if nothing changes.
const PERIOD: Duration = Duration::from_secs(3600);

impl Retention {
    /// A sweeper of a log store.
    pub fn new(events: Arc<LogStore>) -> Self {
        Self { events }
    }
}

#[async_trait]
impl Reconciler for Retention {
    fn name(&self) -> &'static str {
        "logs/retention"
    }

    fn watches(&self) -> &'static [&'static str] {
        &[LogGroup::KIND, LogStream::KIND]
    }

    async fn reconcile(&self, cx: &ReconcileCx) -> anyhow::Result<Wake> {
        let events = self.events.clone();
        // The kept streams are listed before the records are looked at: a stream's record is older than its events, so one that
        // has no record by then was deleted.
        let kept = tokio::task::spawn_blocking(move || events.streams()).await??;
        let snapshot = cx.store.snapshot();
        let streams = snapshot.specs::<LogStream>(Scope::All)?;
        let expiries = expiries(&snapshot, &streams, cx.env.now())?;
        let known: BTreeSet<String> = streams.iter().map(|(_, stream)| stream.uid.clone()).collect();
        let events = self.events.clone();
        let swept = tokio::task::spawn_blocking(move || {
            expiries.iter().try_for_each(|(stream, before)| events.expire(stream, *before))?;
            kept.iter().filter(|stream| !known.contains(*stream)).try_for_each(|stream| events.delete(stream))
        });
        swept.await??;
        Ok(Wake::At(cx.env.now() + PERIOD))
    }
}

/// For each stream of a group with a retention period: its uid, and the moment before which events are to go.
fn expiries(
    read: &impl Read,
    streams: &[(Key<LogStream>, Arc<LogStreamSpec>)],
    now: Timestamp,
) -> Result<Vec<(String, Timestamp)>, StoreError> {
    let mut expiries = Vec::new();
    for (key, stream) in streams {
        let group = key.id.split_once(':').map_or(key.id.as_str(), |(group, _)| group);
        let group = read.spec(&Key::<LogGroup>::new(&key.account, &key.region, group))?;
        if let Some(days) = group.and_then(|group| group.retention_days) {
            expiries.push((stream.uid.clone(), now - Duration::from_secs(u64::from(days) * 86_400)));
        }
    }
    Ok(expiries)
}
