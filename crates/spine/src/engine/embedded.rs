//! The engine inside the process: the map in memory, and behind it a database in the data folder or nothing at all.

use super::{
    Bytes, CommitError, Engine, Revision, Transaction, View,
    commit::{Committer, Job, Shared},
    disk::Disk,
};
use crate::{StoreError, crash::Points};
use async_trait::async_trait;
use std::{path::Path, sync::Arc, thread::JoinHandle};
use tokio::sync::{mpsc, oneshot, watch};

/// How many transactions may wait for the committer; more wait for their place in the queue.
const QUEUE: usize = 4096;

/// The embedded engine. Dropping it waits for the committer's end.
pub struct Embedded {
    shared: Arc<Shared>,
    jobs: Option<mpsc::Sender<Job>>,
    committer: Option<JoinHandle<()>>,
}

impl Embedded {
    /// An engine that forgets everything when it is dropped.
    pub fn ephemeral(points: Points) -> Result<Self, StoreError> {
        Self::start(View::default(), None, points)
    }

    /// The engine on the database in the folder, which is made if it isn't there. The folder is ours until the engine
    /// is dropped.
    ///
    /// # Errors
    /// [`StoreError::InUse`], [`StoreError::Corrupt`], [`StoreError::Format`], and what a disk can do.
    pub fn open(folder: &Path, points: Points) -> Result<Self, StoreError> {
        let disk = Disk::open(folder, points.clone())?;
        Self::start(disk.load()?, Some(disk), points)
    }

    fn start(head: View, disk: Option<Disk>, points: Points) -> Result<Self, StoreError> {
        let shared = Arc::new(Shared::default());
        shared.head.store(Arc::new(head));
        let (jobs, queue) = mpsc::channel(QUEUE);
        let committer = Committer::new(shared.clone(), queue, disk, points);
        let thread = std::thread::Builder::new().name("committer".into());
        let committer = thread.spawn(|| committer.run()).map_err(|_| StoreError::Closed)?;
        Ok(Self { shared, jobs: Some(jobs), committer: Some(committer) })
    }
}

#[async_trait]
impl Engine for Embedded {
    fn view(&self) -> View {
        View::clone(&self.shared.head.load())
    }

    async fn commit(&self, transaction: Transaction) -> Result<Revision, CommitError> {
        let (reply, verdict) = oneshot::channel();
        let jobs = self.jobs.as_ref().ok_or(StoreError::Closed)?;
        jobs.send(Job { transaction, reply }).await.map_err(|_| StoreError::Closed)?;
        verdict.await.map_err(|_| StoreError::Closed)?
    }

    fn watch(&self, prefixes: Vec<Bytes>) -> watch::Receiver<Revision> {
        self.shared.watchers.add(prefixes, || self.shared.head.load().revision())
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        self.jobs = None;
        if self.committer.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the store's committer has panicked");
        }
    }
}
