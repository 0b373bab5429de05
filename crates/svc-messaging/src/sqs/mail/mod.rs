//! Where messages are kept: an LSM tree (fjall) under `<data>/messages`, beside the records' store.
//!
//! A message's key is its queue's mailbox and its number, so that a queue's messages stand in the order in which they were sent. One thread
//! writes: it takes all changes that wait, commits them as one batch, and waits for the disk once for all that ask for it. Changes become
//! durable in the order in which they were pushed, so that what a crash leaves is always a beginning of what was done ([ADR 24]).
//!
//! [ADR 24]: ../../../../../docs/adr/0024-messages.md

mod keys;
mod message;
mod writer;

pub use message::{Attribute, AttributeValue, Content, Head, Letter, Message, Sealed, md5_of_attributes, md5_of_body};
pub use writer::{Change, Done, Ticket};

use fjall::{Database, Keyspace, KeyspaceCreateOptions};
use keys::{key, number_of, past_of, range};
use logic::queue::{Number, Numbers, Past, Sent};
use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, OnceLock, PoisonError},
};
use writer::Writer;

const CACHE_BYTES: u64 = 32 << 20;
const MEMTABLE_BYTES: u64 = 16 << 20;

/// The message store. It is opened at its first use, so that a cloud without queues pays nothing for it.
pub struct MailStore {
    path: PathBuf,
    open: OnceLock<Open>,
    opening: Mutex<()>,
    /// Gives messages their numbers.
    pub numbers: Numbers,
}

struct Open {
    tables: Tables,
    writer: Writer,
}

/// What deletes an entry of a table.
type Sweeping = fn(u64, Number) -> Change;

/// The tables of the store. Clones are the same tables.
#[derive(Clone)]
pub(crate) struct Tables {
    database: Database,
    /// Messages, by mailbox and number.
    messages: Keyspace,
    /// What has to be remembered of receipts, by mailbox and number.
    receipts: Keyspace,
    /// Deduplication ids, by queue and number.
    sent: Keyspace,
}

/// The store can't be read or written.
#[derive(Clone, Debug, thiserror::Error)]
pub enum MailError {
    /// The engine's own words.
    #[error("the message store at {path} failed: {cause}; if its disk is full, make room, then start the server again")]
    Engine {
        /// Where the store is.
        path: PathBuf,
        /// What the engine said.
        cause: Arc<fjall::Error>,
    },
    /// What is there was not written by this version.
    #[error("the message store at {path} holds an entry that this version can't read")]
    Corrupt {
        /// Where the store is.
        path: PathBuf,
    },
    /// The thread that writes has ended.
    #[error("the message store at {path} takes no more messages")]
    Ended {
        /// Where the store is.
        path: PathBuf,
    },
}

impl From<MailError> for wire::Fault {
    fn from(error: MailError) -> Self {
        wire::Fault::internal(error)
    }
}

impl MailStore {
    /// The store in a folder, which need not exist yet.
    pub fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), open: OnceLock::new(), opening: Mutex::new(()), numbers: Numbers::default() }
    }

    /// Has the changes written, behind all that were pushed before. `done` runs on the writer's thread when they are readable (and, if `sync`
    /// is asked for, durable), or have failed, in the order of the pushes that ask for the same; then the ticket ends.
    pub fn push(&self, changes: Vec<Change>, sync: bool, done: impl FnOnce(bool) + Send + 'static) -> Result<Ticket, MailError> {
        Ok(self.open()?.writer.push(changes, sync, Box::new(done)))
    }

    /// A message.
    pub fn read(&self, mailbox: u64, number: Number) -> Result<Option<Message>, MailError> {
        let found = self.open()?.tables.messages.get(key(mailbox, number)).map_err(|e| self.engine(e))?;
        found.map(|bytes| Message::decode(&bytes).ok_or_else(|| self.corrupt())).transpose()
    }

    /// Whether there is such a message.
    pub fn has(&self, mailbox: u64, number: Number) -> Result<bool, MailError> {
        self.open()?.tables.messages.contains_key(key(mailbox, number)).map_err(|e| self.engine(e))
    }

    /// The first messages behind a number: at most so many, and no more once they have that many bytes.
    pub fn scan(&self, mailbox: u64, after: Number, most: usize, bytes: usize) -> Result<Vec<(Number, Head)>, MailError> {
        let mut found = Vec::new();
        let mut size = 0;
        for entry in self.open()?.tables.messages.range(range(mailbox, Number(after.0.saturating_add(1)), Number(u64::MAX))) {
            let (key, value) = entry.into_inner().map_err(|e| self.engine(e))?;
            size += value.len();
            let head = Head::decode(&value).ok_or_else(|| self.corrupt())?;
            found.push((number_of(&key).ok_or_else(|| self.corrupt())?, head));
            if found.len() >= most || size >= bytes {
                break;
            }
        }
        Ok(found)
    }

    /// The numbers of a mailbox's messages up to that one.
    pub fn numbers_until(&self, mailbox: u64, end: Number) -> Result<Vec<Number>, MailError> {
        self.keys(mailbox, end).collect()
    }

    /// How many messages a mailbox has, the first number and the last.
    pub fn summary(&self, mailbox: u64) -> Result<(i64, Option<Number>, Number), MailError> {
        let mut keys = self.keys(mailbox, Number(u64::MAX));
        let Some(first) = keys.next().transpose()? else { return Ok((0, None, Number(0))) };
        keys.try_fold((1, Some(first), first), |(count, first, _), number| Ok((count + 1, first, number?)))
    }

    /// What is remembered of the receipts of a mailbox's messages.
    pub fn receipts(&self, mailbox: u64) -> Result<Vec<(Number, Past)>, MailError> {
        let entries = self.open()?.tables.receipts.range(range(mailbox, Number(0), Number(u64::MAX)));
        entries
            .map(|entry| {
                let (key, value) = entry.into_inner().map_err(|e| self.engine(e))?;
                number_of(&key).zip(past_of(&value)).ok_or_else(|| self.corrupt())
            })
            .collect()
    }

    /// What a queue remembers of deduplication ids since a number, oldest first.
    pub fn sent(&self, queue: u64, since: Number) -> Result<Vec<(String, Sent)>, MailError> {
        let entries = self.open()?.tables.sent.range(range(queue, since, Number(u64::MAX)));
        entries
            .map(|entry| {
                let (key, value) = entry.into_inner().map_err(|e| self.engine(e))?;
                let text = std::str::from_utf8(&value).ok().and_then(|text| text.split_once('\t'));
                let (number, (id, key)) = number_of(&key).zip(text).ok_or_else(|| self.corrupt())?;
                Ok((key.to_owned(), Sent { number, message_id: id.to_owned() }))
            })
            .collect()
    }

    /// The mailboxes and the queues that something is kept for; none where nothing was ever kept.
    pub fn owners(&self) -> Result<Vec<u64>, MailError> {
        if self.open.get().is_none() && !self.path.exists() {
            return Ok(Vec::new());
        }
        let Tables { messages, receipts, sent, .. } = &self.open()?.tables;
        let mut owners = Vec::new();
        for table in [messages, receipts, sent] {
            let mut from = 0;
            while let Some(entry) = table.range(key(from, Number(0))..).next() {
                let key = entry.key().map_err(|e| self.engine(e))?;
                let owner = keys::owner_of(&key).ok_or_else(|| self.corrupt())?;
                owners.push(owner);
                let Some(next) = owner.checked_add(1) else { break };
                from = next;
            }
        }
        Ok(owners)
    }

    /// The changes that delete some of what is kept for a mailbox or a queue: up to a number, at most so many.
    pub fn sweep(&self, owner: u64, end: Number, most: usize) -> Result<Vec<Change>, MailError> {
        let Tables { messages, receipts, sent, .. } = &self.open()?.tables;
        let mut changes = Vec::new();
        let kinds = [(messages, Change::remove as Sweeping), (receipts, Change::forget), (sent, Change::forget_sent)];
        for (table, change) in kinds {
            for entry in table.range(range(owner, Number(0), end)).take(most - changes.len()) {
                let key = entry.key().map_err(|e| self.engine(e))?;
                changes.push(change(owner, number_of(&key).ok_or_else(|| self.corrupt())?));
            }
        }
        Ok(changes)
    }

    fn keys(&self, mailbox: u64, end: Number) -> Box<dyn Iterator<Item = Result<Number, MailError>> + '_> {
        match self.open() {
            Err(error) => Box::new(std::iter::once(Err(error))),
            Ok(open) => Box::new(open.tables.messages.range(range(mailbox, Number(0), end)).map(|entry| {
                let key = entry.key().map_err(|e| self.engine(e))?;
                number_of(&key).ok_or_else(|| self.corrupt())
            })),
        }
    }

    fn open(&self) -> Result<&Open, MailError> {
        if let Some(open) = self.open.get() {
            return Ok(open);
        }
        let _one_at_a_time = self.opening.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(open) = self.open.get() {
            return Ok(open);
        }
        let tables = self.open_tables().map_err(|e| self.engine(e))?;
        let writer = Writer::start(tables.clone(), self.path.clone());
        Ok(self.open.get_or_init(|| Open { tables, writer }))
    }

    fn open_tables(&self) -> fjall::Result<Tables> {
        let database = Database::builder(&self.path).cache_size(CACHE_BYTES).worker_threads(1).open()?;
        let table = |name| database.keyspace(name, || KeyspaceCreateOptions::default().max_memtable_size(MEMTABLE_BYTES));
        let (messages, receipts, sent) = (table("messages")?, table("receipts")?, table("sent")?);
        Ok(Tables { database, messages, receipts, sent })
    }

    fn engine(&self, cause: fjall::Error) -> MailError {
        MailError::Engine { path: self.path.clone(), cause: Arc::new(cause) }
    }

    fn corrupt(&self) -> MailError {
        MailError::Corrupt { path: self.path.clone() }
    }
}
