//! The committer: one thread that takes all waiting transactions, makes those durable together that don't contradict
//! each other, shows them to readers, and then tells their owners.

use super::{CommitError, Revision, Transaction, View, batch::Batch, history::History, watchers::Watchers};
use crate::{
    StoreError,
    crash::{Points, point},
};
use arc_swap::ArcSwap;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// The most transactions in one durable write. What waits beyond that goes into the next.
const LARGEST_BATCH: usize = 1024;

/// A transaction and who waits for its end.
pub(super) struct Job {
    pub(super) transaction: Transaction,
    pub(super) reply: oneshot::Sender<Verdict>,
}

type Verdict = Result<Revision, CommitError>;

/// What the committer shares with everybody else.
#[derive(Default)]
pub(super) struct Shared {
    pub(super) head: ArcSwap<View>,
    pub(super) watchers: Watchers,
}

/// The state of the committer's thread.
pub(super) struct Committer {
    pub(super) shared: Arc<Shared>,
    pub(super) jobs: mpsc::Receiver<Job>,
    pub(super) history: History,
    pub(super) points: Points,
}

impl Committer {
    /// Works until nobody can send a transaction any more.
    pub(super) fn run(mut self) {
        let mut jobs = Vec::new();
        while let Some(first) = self.jobs.blocking_recv() {
            jobs.push(first);
            while jobs.len() < LARGEST_BATCH
                && let Ok(job) = self.jobs.try_recv()
            {
                jobs.push(job);
            }
            self.commit(&mut jobs);
        }
    }

    fn commit(&mut self, jobs: &mut Vec<Job>) {
        let head = View::clone(&self.shared.head.load());
        let mut batch = Batch::on(head.clone());
        let admitted: Vec<_> = jobs.iter().map(|job| batch.admit(&job.transaction, &mut self.history)).collect();
        let outcome = self.make_durable(&batch);
        match outcome {
            Ok(()) => self.publish(batch),
            Err(_) => self.history.forget_after(head.revision()),
        }
        // Whoever has to run again is told now and not earlier, because only now there is something new to see.
        for (job, revision) in jobs.drain(..).zip(admitted) {
            let _ = job.reply.send(verdict(revision, &outcome));
        }
    }

    fn make_durable(&mut self, batch: &Batch) -> Result<(), StoreError> {
        if batch.changes.is_empty() {
            return Ok(());
        }
        self.points.pass(point::ADMITTED)?;
        self.points.pass(point::DURABLE)
    }

    fn publish(&self, batch: Batch) {
        if batch.changes.is_empty() {
            return;
        }
        let revision = batch.view.revision();
        self.shared.head.store(Arc::new(batch.view));
        self.shared.watchers.tell(revision, batch.changes.keys());
        // Nothing can undo the batch any more, so an error of this point has nothing to fail.
        let _ = self.points.pass(point::PUBLISHED);
    }
}

fn verdict(admitted: Option<Revision>, outcome: &Result<(), StoreError>) -> Verdict {
    let revision = admitted.ok_or(CommitError::Conflict)?;
    outcome.clone()?;
    Ok(revision)
}
