//! All queues of a cloud: where their records and their messages are.

use super::{live::Live, mail::MailStore, sealing::DataKeys};
use front::Answer;
use model::{
    Arn, Env, Key,
    sqs::{Queue, QueueSpec},
};
use spine::{Read, Store};
use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::OnceCell;
use wire::Fault;

/// What the operations on messages work with.
pub struct Queues {
    /// The records.
    pub store: Store,
    /// The clock and the dice.
    pub env: Env,
    /// The messages.
    pub mail: Arc<MailStore>,
    /// What messages are sealed with.
    pub data_keys: DataKeys,
    live: Mutex<HashMap<u64, Arc<OnceCell<Arc<Live>>>>>,
}

/// A queue with its messages.
#[derive(Clone)]
pub struct Found {
    /// Which.
    pub key: Key<Queue>,
    /// Its record.
    pub spec: Arc<QueueSpec>,
    /// Its messages.
    pub live: Arc<Live>,
}

impl Queues {
    /// The queues that stand in those stores.
    pub fn new(store: Store, env: Env, mail: Arc<MailStore>) -> Arc<Self> {
        Arc::new(Self { store, env, mail, data_keys: DataKeys::default(), live: Mutex::default() })
    }

    /// The messages of a queue. What is older than the queue keeps it is gone.
    ///
    /// # Errors
    /// If the message store can't be read.
    pub async fn open(&self, key: Key<Queue>, spec: Arc<QueueSpec>) -> Answer<Found> {
        let cell = self.lock().entry(spec.mailbox).or_default().clone();
        let live = cell.get_or_try_init(|| self.load(spec.clone())).await?.clone();
        live.expire(Duration::from_secs(spec.retention.into()), self.env.now())?;
        Ok(Found { key, spec, live })
    }

    async fn load(&self, spec: Arc<QueueSpec>) -> Answer<Arc<Live>> {
        let (mail, now) = (self.mail.clone(), self.env.now());
        let opened = tokio::task::spawn_blocking(move || Live::open(mail, &spec, now)).await;
        Ok(Arc::new(opened.map_err(Fault::internal)??))
    }

    /// The queue of that ARN, if there is one.
    pub async fn at(&self, arn: &Arn) -> Answer<Option<Found>> {
        let Some(key) = super::names::key_of(arn) else { return Ok(None) };
        match self.store.snapshot().spec(&key)? {
            Some(spec) => self.open(key, spec).await.map(Some),
            None => Ok(None),
        }
    }

    /// Whoever waits at a queue that was changed, purged or deleted looks at it anew.
    pub fn stir(&self, mailbox: u64) {
        let cell = self.lock().get(&mailbox).cloned();
        if let Some(live) = cell.as_ref().and_then(|cell| cell.get()) {
            live.arrivals.notify_waiters();
        }
    }

    /// Keeps in memory nothing but these mailboxes.
    pub fn retain(&self, mailboxes: &HashSet<u64>) {
        self.lock().retain(|mailbox, _| mailboxes.contains(mailbox));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<u64, Arc<OnceCell<Arc<Live>>>>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
