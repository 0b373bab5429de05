//! The reconciler that runs events. It writes the `Plan` of events, and deletes those that are done.

use super::attempt::attempt;
use crate::lambda::invoke::Invoker;
use async_trait::async_trait;
use model::{
    Key, Record, Timestamp,
    lambda::{Event, EventPlan, EventSpec, Function},
};
use spine::{
    Read, Revision, Scope,
    reconcile::{ReconcileCx, Reconciler, Wake},
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// How many events of one function are attempted at a time.
const OF_A_FUNCTION: usize = 100;
/// How many events are attempted at a time.
const AT_A_TIME: usize = 1000;

/// See the module.
pub struct Queue {
    invoker: Arc<Invoker>,
    under_way: Arc<UnderWay>,
}

/// The attempts that are being made, each at an event as it was at a revision. An attempt is one as long as the event hasn't changed: when its
/// outcome is written down, the event may be attempted again.
#[derive(Default)]
struct UnderWay(Mutex<HashMap<Key<Event>, Revision>>);

impl UnderWay {
    fn lock(&self) -> MutexGuard<'_, HashMap<Key<Event>, Revision>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self, key: &Key<Event>, revision: Revision) {
        let mut under_way = self.lock();
        if under_way.get(key) == Some(&revision) {
            under_way.remove(key);
        }
    }
}

/// An event of which it is time.
pub struct Due {
    pub key: Key<Event>,
    pub spec: Arc<EventSpec>,
    pub plan: Arc<EventPlan>,
    revision: Revision,
}

impl Queue {
    /// One that runs functions by that invoker.
    pub fn new(invoker: Arc<Invoker>) -> Self {
        Self { invoker, under_way: Arc::default() }
    }

    /// Makes an attempt, in a task of its own.
    fn begin(&self, cx: &ReconcileCx, due: Due) {
        let (invoker, under_way, busy) = (self.invoker.clone(), self.under_way.clone(), cx.busy());
        tokio::spawn(async move {
            if let Err(fault) = attempt(&invoker, &due).await {
                tracing::warn!(event = ?due.key, %fault, "an event could not be attempted");
            }
            under_way.end(&due.key, due.revision);
            drop(busy);
        });
    }

    /// Those that are due and for which there is room, and when the next one is due.
    fn choose(&self, cx: &ReconcileCx) -> anyhow::Result<(Vec<Due>, Wake)> {
        let now = cx.env.now();
        let mut under_way = self.under_way.lock();
        let mut of_functions: HashMap<Key<Function>, usize> = HashMap::new();
        under_way.keys().for_each(|key| *of_functions.entry(key.function()).or_default() += 1);
        let (mut chosen, mut wake) = (Vec::new(), Wake::Idle);
        for (key, row) in cx.store.snapshot().list::<Event>(Scope::All)? {
            if under_way.get(&key) == Some(&row.revision) {
                continue;
            }
            let at = due_at(&row.spec, &row.plan);
            if at > now {
                wake = wake.min(Wake::At(at));
                continue;
            }
            let of_function = of_functions.entry(key.function()).or_default();
            if under_way.len() >= AT_A_TIME || *of_function >= OF_A_FUNCTION {
                // The end of an attempt changes an event, which is a reason to look again.
                continue;
            }
            *of_function += 1;
            under_way.insert(key.clone(), row.revision);
            chosen.push(Due { key, spec: row.spec, plan: row.plan, revision: row.revision });
        }
        Ok((chosen, wake))
    }
}

fn due_at(spec: &EventSpec, plan: &EventPlan) -> Timestamp {
    plan.next.unwrap_or(spec.accepted)
}

#[async_trait]
impl Reconciler for Queue {
    fn name(&self) -> &'static str {
        "lambda/events"
    }

    fn watches(&self) -> &'static [&'static str] {
        &[Event::KIND]
    }

    async fn reconcile(&self, cx: &ReconcileCx) -> anyhow::Result<Wake> {
        let (due, wake) = self.choose(cx)?;
        due.into_iter().for_each(|due| self.begin(cx, due));
        Ok(wake)
    }
}
