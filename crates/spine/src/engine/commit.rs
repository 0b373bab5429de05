//! The committer: one thread that takes all waiting transactions, makes those durable together that don't contradict
//! each other, shows them to readers, and then tells their owners.

use super::{CommitError, Revision, Transaction, View, batch::Batch, disk::Disk, history::History, watchers::Watchers};
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

impl Job {
    fn answer(self, verdict: Verdict) {
        // Whoever has stopped waiting doesn't want to know.
        let _ = self.reply.send(verdict);
    }
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
    shared: Arc<Shared>,
    jobs: mpsc::Receiver<Job>,
    history: History,
    disk: Option<Disk>,
    /// A write has failed, and it is not known whether the database has it nevertheless.
    in_doubt: bool,
    points: Points,
}

impl Committer {
    pub(super) fn new(shared: Arc<Shared>, jobs: mpsc::Receiver<Job>, disk: Option<Disk>, points: Points) -> Self {
        Self { shared, jobs, history: History::default(), disk, in_doubt: false, points }
    }

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
        if let Err(error) = self.clear_doubt() {
            return jobs.drain(..).for_each(|job| job.answer(Err(error.clone().into())));
        }
        let head = View::clone(&self.shared.head.load());
        let mut batch = Batch::on(head.clone());
        let admitted: Vec<_> = jobs.iter().map(|job| batch.admit(&job.transaction, &mut self.history)).collect();
        let outcome = self.make_durable(&batch);
        match outcome {
            Ok(()) => self.publish(batch),
            Err(_) => self.give_up(head.revision()),
        }
        // Whoever has to run again is told now and not earlier, because only now there is something new to see.
        for (job, revision) in jobs.drain(..).zip(admitted) {
            job.answer(verdict(revision, &outcome));
        }
    }

    fn make_durable(&mut self, batch: &Batch) -> Result<(), StoreError> {
        if batch.changes.is_empty() {
            return Ok(());
        }
        self.points.pass(point::ADMITTED)?;
        if let Some(disk) = &mut self.disk {
            disk.write(&batch.view, &batch.changes)?;
        }
        self.points.pass(point::DURABLE)
    }

    fn give_up(&mut self, head: Revision) {
        self.history.forget_after(head);
        self.in_doubt = self.disk.is_some();
        // What can't be cleared now is tried again before the next batch.
        let _ = self.clear_doubt();
    }

    /// After a failed write the database is asked what it has. A commit that it reported as failed and has nevertheless
    /// is shown from now on; its owner was told of an error, and has to look.
    fn clear_doubt(&mut self) -> Result<(), StoreError> {
        let Some(disk) = self.disk.as_ref().filter(|_| self.in_doubt) else { return Ok(()) };
        if disk.revision()? != self.shared.head.load().revision() {
            let head = disk.load()?;
            let revision = head.revision();
            self.shared.head.store(Arc::new(head));
            self.shared.watchers.tell_all(revision);
            self.history.clear();
        }
        self.in_doubt = false;
        Ok(())
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
