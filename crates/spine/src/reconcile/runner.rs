//! Runs the reconcilers, each in a task of its own, and knows when all of them have nothing more to do.

use super::{
    Busy, ReconcileCx, Reconciler, Wake,
    board::{Slot, Status},
};
use crate::Store;
use futures::FutureExt as _;
use model::{Env, Timestamp};
use std::{
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::task::JoinSet;

/// A reconciler that has run so often while the others waited for it has no end.
const MOST_RUNS: u64 = 1000;

/// How long `settle` waits for a run to end.
const PATIENCE: Duration = Duration::from_secs(60);

/// The reconcilers of one cloud. Clones are the same runner; the loops end when the last is dropped.
#[derive(Clone)]
pub struct Runner {
    loops: Arc<Loops>,
    tasks: Arc<Mutex<JoinSet<()>>>,
}

/// What the loops share.
struct Loops {
    cx: ReconcileCx,
    slots: Mutex<Vec<Slot>>,
}

/// The reconcilers don't come to rest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("these reconcilers don't come to rest: {}", names.join(", "))]
pub struct Unsettled {
    /// Those that run too long or again and again; empty if it is a [`Busy`] that is held.
    pub names: Vec<&'static str>,
}

impl Runner {
    /// A runner without reconcilers.
    pub fn new(store: Store, env: Env) -> Self {
        let loops = Loops { cx: ReconcileCx::new(store, env), slots: Mutex::default() };
        Self { loops: Arc::new(loops), tasks: Arc::default() }
    }

    /// Starts the reconciler's loop in the current Tokio runtime.
    pub fn spawn(&self, reconciler: impl Reconciler) {
        let watch = self.loops.cx.store.watch(reconciler.watches());
        let mut slots = self.loops.slots();
        let index = slots.len();
        slots.push(Slot::new(reconciler.name(), watch));
        lock(&self.tasks).spawn(self.loops.clone().run(index, reconciler));
    }

    /// What every reconciler has done and will do, in the order in which they were started.
    pub fn status(&self) -> Vec<Status> {
        self.loops.slots().iter().map(|slot| slot.status.clone()).collect()
    }

    /// [`Runner::settle`] waits until the guard is dropped; see [`ReconcileCx::busy`].
    pub fn busy(&self) -> Busy {
        self.loops.cx.busy()
    }

    /// Ends when no reconciler runs or has a reason to run now, and nobody is [`Busy`]: the control plane has done
    /// everything that follows from the records and the present time. Reconcilers that pause after an error have no
    /// reason to run until the pause is over.
    ///
    /// A test changes something (a transaction, an advance of the clock) and settles; it needs no sleep.
    ///
    /// # Errors
    /// If a reconciler runs again and again, or doesn't end within a minute of real time.
    pub async fn settle(&self) -> Result<(), Unsettled> {
        let runs_before: Vec<u64> = self.status().iter().map(|status| status.runs).collect();
        let mut bell = self.loops.cx.activity.listen();
        while !self.loops.at_rest() {
            let restless = self.running_since(&runs_before);
            if !restless.is_empty() {
                return Err(Unsettled { names: restless });
            }
            if tokio::time::timeout(PATIENCE, bell.changed()).await.is_err() {
                return Err(Unsettled { names: self.loops.names(|slot| slot.status.running) });
            }
        }
        Ok(())
    }

    /// Moves the clock forward by `time`, stopping at each moment at which a reconciler wants to run, and settles at each
    /// of them and at the end. So a minute of a cloud's life takes as long as its decisions.
    ///
    /// # Errors
    /// As [`Runner::settle`].
    pub async fn run_for(&self, time: Duration) -> Result<(), Unsettled> {
        let clock = &self.loops.cx.env.clock;
        let end = clock.now() + time;
        self.settle().await?;
        while clock.now() < end {
            let stop = self.next_wake().map_or(end, |wake| wake.min(end));
            clock.advance(stop.since(clock.now()));
            self.settle().await?;
        }
        Ok(())
    }

    /// The next moment at which a reconciler will run even if nothing changes.
    pub fn next_wake(&self) -> Option<Timestamp> {
        self.loops.slots().iter().filter_map(|slot| slot.status.wake).min()
    }

    /// Stops all loops, at the next await of those that run, and waits for that.
    pub async fn shutdown(&self) {
        let mut tasks = std::mem::take(&mut *lock(&self.tasks));
        tasks.shutdown().await;
    }

    fn running_since(&self, before: &[u64]) -> Vec<&'static str> {
        let status = self.status();
        let before = before.iter().copied().chain(std::iter::repeat(0));
        status.iter().zip(before).filter(|(now, before)| now.runs - before > MOST_RUNS).map(|(now, _)| now.name).collect()
    }
}

impl Loops {
    async fn run(self: Arc<Self>, index: usize, reconciler: impl Reconciler) {
        loop {
            self.until_due(index).await;
            let outcome = AssertUnwindSafe(reconciler.reconcile(&self.cx)).catch_unwind().await;
            let outcome = outcome.unwrap_or_else(|panic| Err(anyhow::anyhow!("panicked: {}", panic_text(&*panic))));
            self.finish(index, outcome);
            // A reconciler that never waits and is always due would let nobody else run in its thread.
            tokio::task::yield_now().await;
        }
    }

    /// Ends with the loop marked as running.
    async fn until_due(&self, index: usize) {
        while !self.start_if_due(index) {
            let (mut watch, wake, failing) = {
                let slot = &self.slots()[index];
                (slot.watch.clone(), slot.status.wake, slot.is_failing())
            };
            let clock = &self.cx.env.clock;
            tokio::select! {
                () = watch.changed(), if !failing => {}
                () = clock.sleep_until(wake.unwrap_or_default()), if wake.is_some() => {}
            }
        }
    }

    fn start_if_due(&self, index: usize) -> bool {
        let now = self.cx.env.now();
        let slot = &mut self.slots()[index];
        let due = slot.is_due(now);
        if due {
            slot.start(now);
            self.cx.activity.ring();
        }
        due
    }

    fn finish(&self, index: usize, outcome: anyhow::Result<Wake>) {
        let now = self.cx.env.now();
        let slot = &mut self.slots()[index];
        if let Err(error) = &outcome {
            tracing::warn!(reconciler = slot.status.name, "{error:#}");
        }
        slot.finish(now, outcome.map_err(|error| format!("{error:#}")));
        self.cx.activity.ring();
    }

    /// One look at everything. While the slots are locked, no run starts or ends; whoever becomes busy within a run is
    /// covered by it, and whoever was busy before is seen.
    fn at_rest(&self) -> bool {
        let slots = self.slots();
        let now = self.cx.env.now();
        !self.cx.activity.is_busy() && !slots.iter().any(|slot| slot.status.running || slot.is_due(now))
    }

    fn names(&self, which: impl Fn(&Slot) -> bool) -> Vec<&'static str> {
        self.slots().iter().filter(|slot| which(slot)).map(|slot| slot.status.name).collect()
    }

    fn slots(&self) -> MutexGuard<'_, Vec<Slot>> {
        lock(&self.slots)
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("without a message")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
