//! The one thread that writes messages.

use super::{
    MailError, Message, Tables,
    keys::{key, past_value},
};
use fjall::{OwnedWriteBatch, PersistMode};
use logic::queue::{Number, Past, Sent};
use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        mpsc::{Receiver, Sender, channel},
    },
    thread::JoinHandle,
};
use tokio::sync::oneshot;

/// The most pushes that become one batch.
const MOST_AT_ONCE: usize = 1024;

/// Something that is written.
pub enum Change {
    /// A message.
    Put {
        /// The mailbox.
        mailbox: u64,
        /// Its number.
        number: Number,
        /// The message.
        message: Box<Message>,
    },
    /// A message is gone.
    Remove {
        /// The mailbox.
        mailbox: u64,
        /// Its number.
        number: Number,
    },
    /// What has to be remembered of a message's receipts.
    Received {
        /// The mailbox.
        mailbox: u64,
        /// The message's number.
        number: Number,
        /// What is known.
        past: Past,
    },
    /// Nothing has to be remembered of a message's receipts.
    Forget {
        /// The mailbox.
        mailbox: u64,
        /// The message's number.
        number: Number,
    },
    /// A deduplication id stands for a message.
    Remember {
        /// The queue's uid.
        queue: u64,
        /// The id's key.
        key: String,
        /// What it stands for.
        sent: Sent,
    },
    /// A deduplication id is forgotten.
    ForgetSent {
        /// The queue's uid.
        queue: u64,
        /// The number of what it stood for.
        number: Number,
    },
}

impl Change {
    /// [`Change::Remove`].
    pub fn remove(mailbox: u64, number: Number) -> Self {
        Self::Remove { mailbox, number }
    }

    /// [`Change::Forget`].
    pub fn forget(mailbox: u64, number: Number) -> Self {
        Self::Forget { mailbox, number }
    }

    /// [`Change::ForgetSent`].
    pub fn forget_sent(queue: u64, number: Number) -> Self {
        Self::ForgetSent { queue, number }
    }

    fn write(self, batch: &mut OwnedWriteBatch, tables: &Tables) {
        match self {
            Self::Put { mailbox, number, message } => batch.insert(&tables.messages, key(mailbox, number), message.encode()),
            Self::Remove { mailbox, number } => batch.remove(&tables.messages, key(mailbox, number)),
            Self::Received { mailbox, number, past } => {
                batch.insert(&tables.receipts, key(mailbox, number), past_value(&past));
            }
            Self::Forget { mailbox, number } => batch.remove(&tables.receipts, key(mailbox, number)),
            Self::Remember { queue, key: id, sent } => {
                batch.insert(&tables.sent, key(queue, sent.number), format!("{}\t{id}", sent.message_id));
            }
            Self::ForgetSent { queue, number } => batch.remove(&tables.sent, key(queue, number)),
        }
    }
}

/// Runs when changes are written (`true`) or have failed.
pub type Done = Box<dyn FnOnce(bool) + Send>;

/// Ends when what was pushed is written.
pub struct Ticket {
    answer: oneshot::Receiver<Result<(), MailError>>,
    path: PathBuf,
}

impl Ticket {
    /// Waits for it.
    pub async fn written(self) -> Result<(), MailError> {
        let ended = MailError::Ended { path: self.path };
        self.answer.await.unwrap_or(Err(ended))
    }

    /// Waits for it on a thread that may block.
    pub fn wait(self) -> Result<(), MailError> {
        let ended = MailError::Ended { path: self.path };
        self.answer.blocking_recv().unwrap_or(Err(ended))
    }
}

struct Push {
    changes: Vec<Change>,
    sync: bool,
    done: Done,
    answer: oneshot::Sender<Result<(), MailError>>,
}

impl Push {
    fn end(self, outcome: &Result<(), MailError>) {
        (self.done)(outcome.is_ok());
        // Whoever has gone away needs no answer.
        let _ = self.answer.send(outcome.clone());
    }
}

/// The way to the thread. When it is dropped, what was pushed is written first.
pub struct Writer {
    pushes: Option<Sender<Push>>,
    thread: Option<JoinHandle<()>>,
    path: PathBuf,
}

impl Writer {
    /// Starts the thread.
    pub fn start(tables: Tables, path: PathBuf) -> Self {
        let (pushes, pushed) = channel();
        let place = path.clone();
        let thread = std::thread::Builder::new().name("messages".into()).spawn(move || run(&tables, &place, &pushed));
        // Without a thread the other end of the channel is gone, and every push says so.
        Self { pushes: Some(pushes), thread: thread.ok(), path }
    }

    /// See [`super::MailStore::push`].
    pub fn push(&self, changes: Vec<Change>, sync: bool, done: Done) -> Ticket {
        let (answer, ticket) = oneshot::channel();
        let push = Push { changes, sync, done, answer };
        if let Some(pushes) = &self.pushes {
            // Where nobody takes it, the ticket ends with an error.
            let _ = pushes.send(push);
        }
        Ticket { answer: ticket, path: self.path.clone() }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.pushes = None;
        if let Some(thread) = self.thread.take().filter(|thread| thread.thread().id() != std::thread::current().id()) {
            let _ = thread.join();
        }
    }
}

fn run(tables: &Tables, path: &Path, pushed: &Receiver<Push>) {
    while let Ok(first) = pushed.recv() {
        let mut pushes = vec![first];
        pushes.extend(pushed.try_iter().take(MOST_AT_ONCE - 1));
        write(tables, path, pushes);
    }
}

/// Commits everything as one batch. Whoever needs no durability doesn't wait for the disk.
fn write(tables: &Tables, path: &Path, mut pushes: Vec<Push>) {
    let failed = |cause| MailError::Engine { path: path.to_owned(), cause: Arc::new(cause) };
    let mut batch = tables.database.batch().durability(Some(PersistMode::Buffer));
    pushes.iter_mut().for_each(|push| std::mem::take(&mut push.changes).into_iter().for_each(|it| it.write(&mut batch, tables)));
    let committed = batch.commit().map_err(failed);
    let (durable, soon): (Vec<Push>, Vec<Push>) = pushes.into_iter().partition(|push| push.sync && committed.is_ok());
    soon.into_iter().for_each(|push| push.end(&committed));
    if !durable.is_empty() {
        let synced = tables.database.persist(PersistMode::SyncData).map_err(failed);
        if let Err(error) = &synced {
            tracing::error!(%error, "messages can't be made durable");
        }
        durable.into_iter().for_each(|push| push.end(&synced));
    }
}
