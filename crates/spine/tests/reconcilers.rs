//! Reconcilers under a clock that stands still until it is moved: `settle` takes the place of every sleep.

mod common;

use async_trait::async_trait;
use common::*;
use model::{Env, Record, Timestamp, env::ManualClock};
use spine::{
    Read, Scope, Store, StoreError,
    reconcile::{ReconcileCx, Reconciler, Runner, Wake},
};
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    time::Duration,
};

struct World {
    store: Store,
    clock: Arc<ManualClock>,
    runner: Runner,
}

fn world() -> World {
    let store = Store::ephemeral();
    let (env, clock) = Env::manual(Timestamp(0), 1);
    World { runner: Runner::new(store.clone(), env), store, clock }
}

impl World {
    async fn create(&self, id: &str, value: u64) {
        let created: Result<(), StoreError> = self.store.transact(|tx| tx.create(&key::<Counter>(id), &count(value))).await;
        created.unwrap();
    }

    fn plan(&self, id: &str) -> u64 {
        self.store.snapshot().get(&key::<Counter>(id)).unwrap().unwrap().plan.value
    }

    fn observed(&self, id: &str) -> u64 {
        self.store.snapshot().get(&key::<Counter>(id)).unwrap().unwrap().observed.value
    }
}

/// Plans one step towards the spec in each run.
struct Planner;

#[async_trait]
impl Reconciler for Planner {
    fn name(&self) -> &'static str {
        "planner"
    }
    fn watches(&self) -> &'static [&'static str] {
        &[Counter::KIND]
    }
    async fn reconcile(&self, cx: &ReconcileCx) -> anyhow::Result<Wake> {
        for (key, row) in cx.store.snapshot().list::<Counter>(Scope::All)? {
            if row.plan.value < row.spec.value {
                cx.store.transact(|tx| tx.put_plan(&key, &count(row.plan.value + 1))).await?;
            }
        }
        Ok(Wake::Idle)
    }
}

/// Observes what is planned, in a task of its own.
struct Agent;

#[async_trait]
impl Reconciler for Agent {
    fn name(&self) -> &'static str {
        "agent"
    }
    fn watches(&self) -> &'static [&'static str] {
        &[Counter::KIND]
    }
    async fn reconcile(&self, cx: &ReconcileCx) -> anyhow::Result<Wake> {
        let (store, busy) = (cx.store.clone(), cx.busy());
        tokio::spawn(async move {
            for (key, row) in store.snapshot().list::<Counter>(Scope::All).unwrap() {
                tokio::task::yield_now().await;
                store.transact(|tx| tx.put_observed(&key, &row.plan)).await.unwrap();
            }
            drop(busy);
        });
        Ok(Wake::Idle)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn settling_means_that_everything_that_follows_is_done() {
    let world = world();
    world.runner.spawn(Planner);
    world.runner.spawn(Agent);
    for round in 0..50 {
        let id = round.to_string();
        world.create(&id, 5).await;
        world.runner.settle().await.unwrap();
        assert_eq!((world.plan(&id), world.observed(&id)), (5, 5));
    }
}

/// Runs a closure that says when to run again.
struct Act<F>(F);

#[async_trait]
impl<F: Fn(&ReconcileCx) -> anyhow::Result<Wake> + Send + Sync + 'static> Reconciler for Act<F> {
    fn name(&self) -> &'static str {
        "act"
    }
    fn watches(&self) -> &'static [&'static str] {
        &[Counter::KIND]
    }
    async fn reconcile(&self, cx: &ReconcileCx) -> anyhow::Result<Wake> {
        self.0(cx)
    }
}

#[tokio::test]
async fn it_runs_at_start_on_changes_and_at_the_time_it_asked_for() {
    let world = world();
    let runs = Arc::new(Mutex::new(Vec::new()));
    let log = runs.clone();
    world.runner.spawn(Act(move |cx: &ReconcileCx| {
        log.lock().unwrap().push(cx.env.now().0);
        Ok(Wake::At(cx.env.now() + Duration::from_secs(10)))
    }));
    let settled = async |expected: &[i64]| {
        world.runner.settle().await.unwrap();
        assert_eq!(*runs.lock().unwrap(), expected);
    };
    settled(&[0]).await;
    settled(&[0]).await;
    model::env::Clock::advance(&*world.clock, Duration::from_secs(9));
    settled(&[0]).await;
    world.create("a", 0).await;
    settled(&[0, 9_000]).await;
    world.runner.run_for(Duration::from_secs(25)).await.unwrap();
    settled(&[0, 9_000, 19_000, 29_000]).await;
    assert_eq!(world.runner.next_wake(), Some(Timestamp(39_000)));
}

#[tokio::test]
async fn an_error_is_kept_and_tried_again_after_a_growing_pause() {
    let world = world();
    let broken = Arc::new(AtomicBool::new(true));
    let switch = broken.clone();
    world.runner.spawn(Act(move |_: &ReconcileCx| match switch.load(SeqCst) {
        true => Err(anyhow::anyhow!("no luck")),
        false => Ok(Wake::Idle),
    }));
    world.runner.settle().await.unwrap();
    world.create("a", 0).await;
    world.runner.settle().await.unwrap();
    assert_eq!(world.runner.status()[0].runs, 1, "a change doesn't cut the pause short");
    world.runner.run_for(Duration::from_millis(100 + 200 + 400)).await.unwrap();
    let status = world.runner.status().remove(0);
    assert_eq!((status.runs, status.failures, status.last_error.as_deref()), (4, 4, Some("no luck")));
    broken.store(false, SeqCst);
    world.runner.run_for(Duration::from_secs(30)).await.unwrap();
    let status = world.runner.status().remove(0);
    assert_eq!((status.failures, status.wake), (0, None));
}

#[tokio::test]
async fn a_panic_is_an_error_like_others() {
    let world = world();
    world.runner.spawn(Act(|_: &ReconcileCx| panic!("at the disco")));
    world.runner.settle().await.unwrap();
    assert_eq!(world.runner.status()[0].last_error.as_deref(), Some("panicked: at the disco"));
}

#[tokio::test]
async fn a_reconciler_without_end_is_named() {
    let world = world();
    world.runner.spawn(Act(|cx: &ReconcileCx| Ok(Wake::At(cx.env.now()))));
    assert_eq!(world.runner.settle().await.unwrap_err().names, ["act"]);
}

#[tokio::test]
async fn after_the_shutdown_nothing_runs_and_the_store_is_free() {
    let data = tempfile::tempdir().unwrap();
    let store = Store::open(data.path()).unwrap();
    let runs = Arc::new(AtomicU64::new(0));
    let counter = runs.clone();
    let runner = Runner::new(store, Env::system());
    runner.spawn(Act(move |_: &ReconcileCx| {
        counter.fetch_add(1, SeqCst);
        Ok(Wake::Idle)
    }));
    runner.settle().await.unwrap();
    runner.shutdown().await;
    assert_eq!(runs.load(SeqCst), 1);
    drop(runner);
    Store::open(data.path()).unwrap();
}
