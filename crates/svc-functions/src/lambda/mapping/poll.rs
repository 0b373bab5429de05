//! A poller: receives messages of one mapping's queue in the name of the function's role, and has batches of them handed on.

use super::{
    batch::{patterns, size},
    event::{Record, records},
};
use crate::lambda::{
    find,
    invoke::{Invoker, LARGEST},
    names::Named,
};
use front::calls::Calls;
use logic::{
    event_pattern::Pattern,
    mapping::{at_first, growth},
};
use model::{
    Env, Key,
    delivery::Caller,
    lambda::{Mapping, MappingSpec, SERVICE_PRINCIPAL},
};
use spine::{Read, Store};
use std::{sync::Arc, time::Duration};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use wire::{Fault, Value};

/// How many messages one call gives, and how long it waits for one, in seconds.
const RECEIVED_AT_ONCE: i64 = 10;
const LONGEST_WAIT: i64 = 20;

/// The pause after a call that has failed, and between two looks at whether more batches may be handed on at a time.
const AFTER_FAILURE: Duration = Duration::from_secs(5);
const GROWTH: Duration = Duration::from_secs(1);

/// A poller.
pub struct Poll {
    pub(super) store: Store,
    pub(super) env: Env,
    pub(super) calls: Calls,
    pub(super) invoker: Arc<Invoker>,
    pub(super) key: Key<Mapping>,
    pub(super) spec: Arc<MappingSpec>,
    pub(super) patterns: Vec<Pattern>,
}

impl Poll {
    pub(super) fn new(
        (store, env): (Store, Env),
        (calls, invoker): (Calls, Arc<Invoker>),
        (key, spec): (Key<Mapping>, Arc<MappingSpec>),
    ) -> Arc<Self> {
        let patterns = patterns(&spec.filters);
        Arc::new(Self { store, env, calls, invoker, key, spec, patterns })
    }

    /// Goes on until it is told to stop. Batches that were handed on by then go on to their end.
    pub(super) async fn run(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let places = Arc::new(Semaphore::new(at_first(self.spec.maximum_concurrency)));
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => {}
            () = self.clone().poll(places) => {}
        }
    }

    async fn poll(self: Arc<Self>, places: Arc<Semaphore>) {
        let mut there = places.available_permits();
        loop {
            let place = self.place(&places, &mut there).await;
            match self.gather().await {
                Ok(records) if records.is_empty() => {}
                Ok(records) => {
                    let poll = self.clone();
                    tokio::spawn(async move {
                        poll.process(records).await;
                        drop(place);
                    });
                }
                Err(fault) => {
                    self.note(format!("PROBLEM: {}", fault.message)).await;
                    self.env.sleep(AFTER_FAILURE).await;
                }
            }
        }
    }

    /// A place for one more batch. While there is none, there will be more of them, a few every second.
    async fn place(&self, places: &Arc<Semaphore>, there: &mut usize) -> OwnedSemaphorePermit {
        loop {
            tokio::select! {
                biased;
                place = places.clone().acquire_owned() => {
                    if let Ok(place) = place {
                        return place;
                    }
                }
                () = self.env.sleep(GROWTH) => {
                    let more = growth(*there, self.spec.maximum_concurrency);
                    *there += more;
                    places.add_permits(more);
                }
            }
        }
    }

    /// A batch: what is there at once, or what comes within the window, as long as an event can hold it.
    async fn gather(&self) -> Result<Vec<Record>, Fault> {
        let most = i64::from(self.spec.batch_size);
        let mut gathered = self.receive(most.min(RECEIVED_AT_ONCE), LONGEST_WAIT).await?;
        let ends = self.env.now() + Duration::from_secs(self.spec.window.into());
        loop {
            let left = most - gathered.len() as i64;
            let wait = i64::try_from(ends.since(self.env.now()).as_secs()).unwrap_or(0).min(LONGEST_WAIT);
            let full = left <= 0 || size(&gathered) + LARGEST / 4 > LARGEST;
            if gathered.is_empty() || self.spec.window == 0 || full || wait == 0 {
                return Ok(gathered);
            }
            gathered.extend(self.receive(left.min(RECEIVED_AT_ONCE), wait).await?);
        }
    }

    async fn receive(&self, most: i64, wait: i64) -> Result<Vec<Record>, Fault> {
        let all = || Value::List(vec![Value::Str("All".into())]);
        let answer = self.ask(
            "ReceiveMessage",
            [
                ("QueueUrl", self.url()),
                ("MessageSystemAttributeNames", all()),
                ("MessageAttributeNames", all()),
                ("MaxNumberOfMessages", Value::Int(most)),
                ("WaitTimeSeconds", Value::Int(wait)),
            ],
        );
        Ok(records(&self.spec.queue, &answer.await?))
    }

    /// Calls SQS in the name of the role that the function has now.
    pub(super) async fn ask<const N: usize>(&self, operation: &str, input: [(&'static str, Value); N]) -> Result<Value, Fault> {
        let named = Named { key: self.key.function(&self.spec), qualifier: self.spec.qualifier.clone() };
        let found = find::version(&self.store.snapshot(), &named)?;
        let by = Caller::Role {
            role: found.row.spec.release.configuration.role.clone(),
            session: named.key.id.clone(),
            service: SERVICE_PRINCIPAL.to_owned(),
            source: named.key.arn(),
        };
        let place = (&self.key.account, &self.key.region);
        self.calls.call(&by, place, ("sqs", operation), Value::structure(input)).await
    }

    pub(super) fn url(&self) -> Value {
        Value::Str(format!("/{}/{}", self.spec.queue.account, self.spec.queue.resource))
    }

    /// Notes what has become of the last batch.
    pub(super) async fn note(&self, result: String) {
        let known = self.store.snapshot().get(&self.key).ok().flatten().and_then(|row| row.observed.result.clone());
        if known.as_ref() == Some(&result) {
            return;
        }
        let noted: Result<(), spine::StoreError> = self
            .store
            .transact(|tx| match tx.exists(&self.key)? {
                true => tx.update_observed(&self.key, |observed| observed.result = Some(result.clone())),
                false => Ok(()),
            })
            .await;
        if let Err(error) = noted {
            tracing::warn!(%error, mapping = self.key.id, "what became of a batch can't be written");
        }
    }
}
