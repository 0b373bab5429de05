//! Starts and ends the pollers of mappings.

use super::poll::Poll;
use crate::lambda::invoke::Invoker;
use async_trait::async_trait;
use front::calls::Calls;
use model::{
    Key, Record,
    lambda::{Mapping, MappingPlan},
};
use spine::{
    Read, Rows, Scope, StoreError,
    reconcile::{ReconcileCx, Reconciler, Wake},
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::{sync::watch, task::JoinHandle};

/// Runs a poller for each mapping that is enabled. It writes the `Plan` of mappings, and deletes those that are to go.
pub struct Pollers {
    calls: Calls,
    invoker: Arc<Invoker>,
    running: Mutex<HashMap<Key<Mapping>, Running>>,
}

struct Running {
    revision: u64,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Drop for Running {
    fn drop(&mut self) {
        // What it has received comes back by itself; batches that were handed on are tasks of their own.
        let _ = self.stop.send(true);
        self.task.abort();
    }
}

impl Pollers {
    /// Pollers that receive by those calls, and invoke functions that way.
    pub fn new(calls: Calls, invoker: Arc<Invoker>) -> Self {
        Self { calls, invoker, running: Mutex::default() }
    }

    /// Ends the pollers that aren't wanted any more, or are of an older revision, and starts the others.
    fn adjust(&self, cx: &ReconcileCx, mappings: &Rows<Mapping>) {
        let wanted: HashMap<&Key<Mapping>, _> = mappings
            .iter()
            .filter(|(_, row)| row.spec.enabled && !row.spec.deleting)
            .map(|(key, row)| (key, &row.spec))
            .collect();
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.retain(|key, poller| {
            let same = wanted.get(key).is_some_and(|spec| spec.revision == poller.revision);
            same && !poller.task.is_finished()
        });
        for (key, spec) in wanted {
            if !running.contains_key(key) {
                let place = (cx.store.clone(), cx.env.clone());
                let means = (self.calls.clone(), self.invoker.clone());
                let poll = Poll::new(place, means, (key.clone(), spec.clone()));
                let (stop, stopped) = watch::channel(false);
                let task = tokio::spawn(poll.run(stopped));
                running.insert(key.clone(), Running { revision: spec.revision, stop, task });
            }
        }
    }
}

#[async_trait]
impl Reconciler for Pollers {
    fn name(&self) -> &'static str {
        "lambda/pollers"
    }

    fn watches(&self) -> &'static [&'static str] {
        &[Mapping::KIND]
    }

    async fn reconcile(&self, cx: &ReconcileCx) -> anyhow::Result<Wake> {
        let mappings = cx.store.snapshot().list::<Mapping>(Scope::All)?;
        self.adjust(cx, &mappings);
        for (key, row) in mappings {
            let done = MappingPlan { done: Some((row.spec.revision, row.spec.enabled)) };
            if *row.plan == done && !row.spec.deleting {
                continue;
            }
            let written: Result<(), StoreError> = cx
                .store
                .transact(|tx| match tx.spec(&key)? {
                    Some(spec) if spec.deleting => tx.delete(&key),
                    Some(spec) if spec.revision == row.spec.revision => tx.put_plan(&key, &done),
                    _ => Ok(()),
                })
                .await;
            written?;
        }
        Ok(Wake::Idle)
    }
}
