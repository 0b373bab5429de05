//! Makes log events of what containers write.
//!
//! Each [`LogSource`] is read from where the log store says that it was read to, so that a crash at any point neither loses nor
//! doubles a line. Only what is safe in the log store is released on the host.

use super::super::store::{Event, LogStore};
use agent_proto::{Host, HostError, workload::LogChunk};
use anyhow::Context;
use async_trait::async_trait;
use model::{
    Key, Record, Timestamp,
    logs::{LogSource, LogSourcePlan, LogSourceSpec, LogStream, stream_id},
};
use spine::{
    Read, Scope,
    reconcile::{ReconcileCx, Reconciler, Wake},
};
use std::{sync::Arc, time::Duration};

/// Reads the sources on this host.
pub struct Pump {
    host: Arc<dyn Host>,
    events: Arc<LogStore>,
}

/// Between two looks at sources that have not ended.
const PERIOD: Duration = Duration::from_millis(500);
/// Chunks that are read from one source before the others have their turn.
const CHUNKS_A_TURN: usize = 16;

impl Pump {
    /// A pump from a host to the log store.
    pub fn new(host: Arc<dyn Host>, events: Arc<LogStore>) -> Self {
        Self { host, events }
    }

    /// Reads what a source has; whether it has been read to its end.
    async fn drain(&self, cx: &ReconcileCx, key: &Key<LogSource>, source: &LogSourceSpec) -> anyhow::Result<bool> {
        let stream = Key::<LogStream>::new(&key.account, &key.region, stream_id(&source.group, &source.stream));
        let stream = cx.store.snapshot().spec(&stream)?.map(|stream| stream.uid.clone());
        let mut position = self.in_store(key, |events, source| events.position(source)).await?;
        for _ in 0..CHUNKS_A_TURN {
            let chunk = match self.host.read_log(&source.workload, &source.container, position).await {
                Ok(chunk) => chunk,
                // It has not been started yet, or was removed: the reconciler that owns the source knows which.
                Err(HostError::Unknown(_)) => return Ok(false),
                Err(error) => return Err(error.into()),
            };
            if chunk.next > position {
                let (next, now, stream) = (chunk.next, cx.env.now(), stream.clone());
                let events = events(&chunk);
                self.in_store(key, move |store, source| match stream {
                    Some(stream) => store.append_from(source, next, &stream, &events, now),
                    // The user has deleted the stream; what is written from then on goes nowhere, as with AWS.
                    None => store.append_from(source, next, "", &[], now),
                })
                .await?;
                self.host.release_log(&source.workload, &source.container, chunk.next).await?;
                position = chunk.next;
            } else {
                return Ok(chunk.end);
            }
        }
        Ok(false)
    }

    async fn in_store<T: Send + 'static>(
        &self,
        key: &Key<LogSource>,
        work: impl FnOnce(&LogStore, &str) -> Result<T, super::super::store::LogStoreError> + Send + 'static,
    ) -> anyhow::Result<T> {
        let (events, source) = (self.events.clone(), format!("{}/{}/{}", key.account, key.region, key.id));
        let done = tokio::task::spawn_blocking(move || work(&events, &source)).await?;
        Ok(done?)
    }
}

fn events(chunk: &LogChunk) -> Vec<Event> {
    let event = |at: Timestamp, text: &str| Event { timestamp: at, message: text.to_owned() };
    // CloudWatch Logs takes no empty message; the awslogs driver leaves empty lines out.
    chunk.lines.iter().filter(|line| !line.text.is_empty()).map(|line| event(line.at, &line.text)).collect()
}

#[async_trait]
impl Reconciler for Pump {
    fn name(&self) -> &'static str {
        "logs/pump"
    }

    fn watches(&self) -> &'static [&'static str] {
        &[LogSource::KIND]
    }

    async fn reconcile(&self, cx: &ReconcileCx) -> anyhow::Result<Wake> {
        let sources = cx.store.snapshot().list::<LogSource>(Scope::All)?;
        let mut wake = Wake::Idle;
        for (key, source) in sources.iter().filter(|(_, source)| !source.plan.drained) {
            if self.drain(cx, key, &source.spec).await.with_context(|| key.id.clone())? {
                let drained = LogSourcePlan { drained: true };
                cx.store.transact(|tx| if tx.exists(key)? { tx.put_plan(key, &drained) } else { Ok(()) }).await?;
                self.in_store(key, |events, source| events.forget_source(source)).await?;
            } else {
                wake = Wake::At(cx.env.now() + PERIOD);
            }
        }
        Ok(wake)
    }
}
