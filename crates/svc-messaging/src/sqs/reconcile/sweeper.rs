//! Deletes the messages of queues that were deleted or purged, those that are older than their queue keeps them, deduplication ids that count
//! no more, and the names of deleted queues that can be given again.

use super::super::{
    mail::{Change, MailError, MailStore},
    ops::queues::PAUSE,
    queues::Queues,
};
use async_trait::async_trait;
use logic::queue::{INTERVAL, Number};
use model::{
    Record, Timestamp,
    sqs::{DeletedQueue, Queue},
};
use spine::{
    Read, Scope, StoreError,
    reconcile::{ReconcileCx, Reconciler, Wake},
};
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

/// Between two sweeps, if nothing changes. Nobody sees a message that is too old, swept or not.
const PERIOD: Duration = Duration::from_secs(3600);

/// How many messages are deleted at once.
const PIECE: usize = 1000;

/// Sweeps the message store.
pub struct Sweeper {
    queues: Arc<Queues>,
}

impl Sweeper {
    /// A sweeper of those queues' messages.
    pub fn new(queues: Arc<Queues>) -> Self {
        Self { queues }
    }

    /// Forgets the names that can be given again; says when the next one can.
    async fn free_names(&self, cx: &ReconcileCx) -> Result<Option<Timestamp>, StoreError> {
        let now = cx.env.now();
        let names = cx.store.snapshot().specs::<DeletedQueue>(Scope::All)?;
        let (free, taken): (Vec<_>, Vec<_>) = names.into_iter().partition(|(_, spec)| spec.at + PAUSE <= now);
        if !free.is_empty() {
            cx.store.transact(|tx| free.iter().try_for_each(|(key, _)| tx.delete(key))).await?;
        }
        Ok(taken.iter().map(|(_, spec)| spec.at + PAUSE).min())
    }
}

#[async_trait]
impl Reconciler for Sweeper {
    fn name(&self) -> &'static str {
        "sqs/sweeper"
    }

    fn watches(&self) -> &'static [&'static str] {
        &[Queue::KIND, DeletedQueue::KIND]
    }

    async fn reconcile(&self, cx: &ReconcileCx) -> anyhow::Result<Wake> {
        let mail = self.queues.mail.clone();
        // What is kept is listed before the records are looked at: a queue's record is older than its messages, so that what has no
        // record by then was left behind.
        let owners = tokio::task::spawn_blocking(move || mail.owners()).await??;
        let queues = cx.store.snapshot().specs::<Queue>(Scope::All)?;
        let known: HashSet<u64> = queues.iter().flat_map(|(_, spec)| [spec.mailbox, spec.uid]).collect();
        let fifo: HashMap<u64, ()> =
            queues.iter().filter(|(_, spec)| spec.fifo.is_some()).map(|(_, spec)| (spec.uid, ())).collect();
        self.queues.retain(&known);
        let kept: HashSet<u64> = owners.iter().copied().collect();
        for (key, spec) in queues {
            // Looking at a queue deletes what is too old.
            if kept.contains(&spec.mailbox) {
                self.queues.open(key, spec).await.map_err(anyhow::Error::new)?;
            }
        }
        let (mail, now) = (self.queues.mail.clone(), cx.env.now());
        tokio::task::spawn_blocking(move || {
            let lately = Number::first_at(now - INTERVAL);
            kept.into_iter().try_for_each(|owner| match known.contains(&owner) {
                false => sweep(&mail, owner, Number(u64::MAX)),
                true if fifo.contains_key(&owner) => sweep(&mail, owner, lately),
                true => Ok(()),
            })
        })
        .await??;
        let next = self.free_names(cx).await?;
        Ok(Wake::At(next.map_or(cx.env.now() + PERIOD, |next| next.min(cx.env.now() + PERIOD))))
    }
}

/// Deletes what is kept for an owner up to a number, a piece at a time.
fn sweep(mail: &MailStore, owner: u64, end: Number) -> Result<(), MailError> {
    loop {
        let changes: Vec<Change> = mail.sweep(owner, end, PIECE)?;
        if changes.is_empty() {
            return Ok(());
        }
        mail.push(changes, false, |_| ())?.wait()?;
    }
}
