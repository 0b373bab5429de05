//! Where events are kept: an LSM tree (fjall) under `<data>/trail`, beside the records' store, as log events are.
//!
//! An event's key is its account and region, its time, and its number among the server's, so that a place's events stand in the order in
//! which they happened. Beside them stands when each principal was last allowed each action on each resource.
//!
//! **What an event outlives.** It is with the kernel when its call is answered, so it outlives a server that is killed. It is not waited for
//! on the disk, which would cost each call of an operation that only reads what the calls that write pay: a machine that loses its power may
//! lose the events of its last moments.
//!
//! The database is opened by the first reader, or in a thread of its own when there are some calls to be kept; until then they are noted
//! in a file ([`Early`]). Everything here blocks, but [`TrailStore::note`] never for the database to be opened.

use super::early::Early;
use fjall::{Database, Keyspace, KeyspaceCreateOptions, OwnedWriteBatch, PersistMode};
use model::Timestamp;
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeSet, HashMap},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

/// The event history of a cloud.
pub struct TrailStore {
    path: PathBuf,
    open: OnceLock<Open>,
    /// Held while the database is being opened, or everything is deleted.
    opening: Mutex<()>,
    /// Held while calls are noted before the database is open.
    early: Mutex<Early>,
    /// Whether a thread is opening the database.
    awaited: AtomicBool,
    /// The number of the next event.
    next: AtomicU64,
    /// What principals were allowed lately.
    lately: Mutex<Lately>,
}

struct Open {
    database: Database,
    events: Keyspace,
    used: Keyspace,
}

/// The event history can't be read or written.
#[derive(Debug, thiserror::Error)]
pub enum TrailError {
    /// The engine's own words.
    #[error("the event history at {path} failed: {cause}; if its disk is full, make room, otherwise see the server's log")]
    Engine {
        /// Where it is.
        path: PathBuf,
        /// What the engine said.
        cause: fjall::Error,
    },
    /// The file of the early calls failed.
    #[error("the event history at {path} can't be written: {cause}")]
    File {
        /// Where it is.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// What is there was not written by this version.
    #[error("the event history at {path} holds an entry that this version can't read")]
    Corrupt {
        /// Where it is.
        path: PathBuf,
    },
}

/// What there is to keep of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Noted {
    /// Where its event is shown: `account/region`.
    pub(super) place: String,
    /// Its event; none of a call that the event history doesn't show.
    pub(super) entry: Option<Entry>,
    /// Whose permissions it has used (see [`super::noted_name`]).
    pub(super) principal: String,
    /// When it was made.
    pub(super) at: Timestamp,
    /// The actions and resources that it was allowed.
    pub(super) used: BTreeSet<(String, String)>,
}

/// An event, with what it is found by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) id: String,
    pub(super) at: Timestamp,
    pub(super) name: String,
    pub(super) source: String,
    pub(super) user_name: String,
    pub(super) access_key_id: String,
    pub(super) read_only: bool,
    /// Types and names.
    pub(super) resources: Vec<(String, String)>,
    /// The record as CloudTrail shows it, in JSON.
    pub(super) event: String,
}

/// Where an event stands in its account and region.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// Its time, in milliseconds; never negative.
    pub(super) at: i64,
    /// Its number among the events of the server that wrote it.
    pub(super) number: u64,
    /// Its id, since numbers begin anew with each server.
    pub(super) id: String,
}

impl Place {
    /// Before everything that happened at a moment.
    pub(super) fn before(at: Timestamp) -> Self {
        Self { at: at.0.max(0), number: 0, id: String::new() }
    }
}

/// When each principal was last allowed each action on each resource, where that was lately; by the keys that stand for it on the disk.
/// What was written a moment ago isn't written again for each of the calls that follow.
#[derive(Default)]
struct Lately(HashMap<String, Allowed>);

/// When something was allowed.
struct Allowed {
    /// The last time that was written.
    written: Timestamp,
    /// The last time.
    last: Timestamp,
}

impl Lately {
    /// Takes from a call what needn't be written.
    fn take_known(&mut self, noted: &mut Noted) {
        if self.0.len() >= MOST_LATELY {
            self.0.clear();
        }
        let Noted { principal, used, at, .. } = noted;
        used.retain(|(action, resource)| self.is_due(used_key(principal, action, resource), *at));
    }

    fn is_due(&mut self, key: String, at: Timestamp) -> bool {
        let Some(allowed) = self.0.get_mut(&key) else {
            self.0.insert(key, Allowed { written: at, last: at });
            return true;
        };
        allowed.last = at;
        let due = at.since(allowed.written) >= WRITTEN_EVERY;
        if due {
            allowed.written = at;
        }
        due
    }

    /// The keys of a principal's that were allowed since a moment.
    fn since(&self, prefix: &str, since: Timestamp) -> Vec<String> {
        let allowed = self.0.iter().filter(|(key, allowed)| key.starts_with(prefix) && allowed.last >= since);
        allowed.map(|(key, _)| key.clone()).collect()
    }
}

/// A line of the early file.
#[derive(Serialize, Deserialize)]
struct Line {
    number: u64,
    noted: Noted,
}

const CACHE_BYTES: u64 = 4 << 20;
const MEMTABLE_BYTES: u64 = 2 << 20;
/// How long the early file becomes before the database is opened for it.
const MOST_EARLY_BYTES: u64 = 256 << 10;
/// How exactly it is known on the disk when something was allowed last.
const WRITTEN_EVERY: Duration = Duration::from_secs(60);
/// How much is remembered of what was allowed lately; all is forgotten when there is more, and written again.
const MOST_LATELY: usize = 10_000;
/// How much is deleted at a time.
const BATCH: usize = 1000;

impl TrailStore {
    /// The history in a folder, which need not exist yet.
    pub fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            open: OnceLock::new(),
            opening: Mutex::new(()),
            early: Mutex::new(Early::new(path)),
            awaited: AtomicBool::new(false),
            next: AtomicU64::new(0),
            lately: Mutex::default(),
        }
    }

    /// Keeps what there is of a call; the kernel has it when this returns, but for what was allowed a moment before already.
    pub fn note(self: &Arc<Self>, mut noted: Noted) -> Result<(), TrailError> {
        locked(&self.lately).take_known(&mut noted);
        if noted.entry.is_none() && noted.used.is_empty() {
            return Ok(());
        }
        self.write(&noted)
    }

    fn write(self: &Arc<Self>, noted: &Noted) -> Result<(), TrailError> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        if let Some(open) = self.open.get() {
            return self.insert(open, number, noted);
        }
        let mut early = locked(&self.early);
        // It may have been opened while this waited.
        if let Some(open) = self.open.get() {
            return self.insert(open, number, noted);
        }
        let line = serde_json::to_vec(&Line { number, noted: noted.clone() }).map_err(|_| self.corrupt())?;
        let length = early.append(&line).map_err(|cause| self.file(cause))?;
        if length > MOST_EARLY_BYTES && !self.awaited.swap(true, Ordering::Relaxed) {
            self.open_in_a_thread();
        }
        Ok(())
    }

    /// The events of an account and region (`account/region`) from a moment on and before a place, the newest first.
    pub(super) fn newest_first(
        &self,
        place: &str,
        from: Timestamp,
        before: &Place,
    ) -> Result<impl Iterator<Item = Result<(Place, Entry), TrailError>> + use<'_>, TrailError> {
        let from = event_key(place, &Place::before(from));
        let before = event_key(place, before);
        let prefix = place.len() + 1;
        let entries = (from < before).then(|| Ok(self.opened()?.events.range(from..before).rev())).transpose()?;
        Ok(entries.into_iter().flatten().map(move |entry| {
            let (key, value) = entry.into_inner().map_err(|cause| self.engine(cause))?;
            let place = key.get(prefix..).and_then(parse_place).ok_or_else(|| self.corrupt())?;
            Ok((place, serde_json::from_slice(&value).map_err(|_| self.corrupt())?))
        }))
    }

    /// The actions and resources that a principal was allowed since a moment, by the name that [`super::noted_name`] gives it.
    pub fn used(&self, principal: &str, since: Timestamp) -> Result<BTreeSet<(String, String)>, TrailError> {
        let prefix = format!("{principal}\0");
        let mut keys = locked(&self.lately).since(&prefix, since);
        for entry in self.opened()?.used.prefix(&prefix) {
            let (key, at) = entry.into_inner().map_err(|cause| self.engine(cause))?;
            if self.moment(&at)? >= since {
                keys.push(String::from_utf8(key.to_vec()).map_err(|_| self.corrupt())?);
            }
        }
        let mut used = BTreeSet::new();
        for key in keys {
            let mut parts = key.splitn(3, '\0').skip(1).map(str::to_owned);
            let (Some(action), Some(resource)) = (parts.next(), parts.next()) else { return Err(self.corrupt()) };
            used.insert((action, resource));
        }
        Ok(used)
    }

    /// Deletes what is from before a moment, a bounded batch at a time. Where there is no database there is little, and it is left.
    pub fn expire(&self, before: Timestamp) -> Result<(), TrailError> {
        locked(&self.lately).0.retain(|_, allowed| allowed.last >= before);
        if self.open.get().is_none() && !self.database_path().exists() {
            return Ok(());
        }
        let open = self.opened()?;
        let mut next = Vec::new();
        while let Some(first) = self.first_key(&open.events, &next)? {
            let Some(end) = first.iter().position(|byte| *byte == 0) else { return Err(self.corrupt()) };
            let place = String::from_utf8_lossy(&first[..end]).into_owned();
            self.remove(
                open,
                &open.events,
                || open.events.range(event_prefix(&place)..event_key(&place, &Place::before(before))),
                |_| true,
            )?;
            // The place is over where the byte behind its name is more than the one that ends it.
            next = [place.as_bytes(), &[1]].concat();
        }
        let is_old = |value: &[u8]| self.moment(value).is_ok_and(|at| at < before);
        self.remove(open, &open.used, || open.used.iter(), is_old)
    }

    /// Deletes everything.
    pub fn wipe(&self) -> Result<(), TrailError> {
        let _nobody_opens_it = locked(&self.opening);
        locked(&self.lately).0.clear();
        locked(&self.early).clear().map_err(|cause| self.file(cause))?;
        let Some(open) = self.open.get() else {
            return match std::fs::remove_dir_all(self.database_path()) {
                Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => Err(self.file(cause)),
                _ => Ok(()),
            };
        };
        for keyspace in [&open.events, &open.used] {
            keyspace.clear().map_err(|cause| self.engine(cause))?;
        }
        Ok(())
    }

    fn insert(&self, open: &Open, number: u64, noted: &Noted) -> Result<(), TrailError> {
        let mut batch = open.database.batch().durability(Some(PersistMode::Buffer));
        self.add(&mut batch, open, number, noted)?;
        batch.commit().map_err(|cause| self.engine(cause))
    }

    fn add(&self, batch: &mut OwnedWriteBatch, open: &Open, number: u64, noted: &Noted) -> Result<(), TrailError> {
        if let Some(entry) = &noted.entry {
            let place = Place { at: entry.at.0.max(0), number, id: entry.id.clone() };
            let value = serde_json::to_vec(entry).map_err(|_| self.corrupt())?;
            batch.insert(&open.events, event_key(&noted.place, &place), value);
        }
        for (action, resource) in &noted.used {
            batch.insert(&open.used, used_key(&noted.principal, action, resource), noted.at.0.to_be_bytes());
        }
        Ok(())
    }

    fn open_in_a_thread(self: &Arc<Self>) {
        let store = self.clone();
        let opener = std::thread::Builder::new().name("trail".into());
        let spawned = opener.spawn(move || {
            if let Err(error) = store.opened() {
                tracing::error!(%error, "the event history can't be opened");
            }
            store.awaited.store(false, Ordering::Relaxed);
        });
        if spawned.is_err() {
            // The next call tries again.
            self.awaited.store(false, Ordering::Relaxed);
        }
    }

    fn opened(&self) -> Result<&Open, TrailError> {
        if let Some(open) = self.open.get() {
            return Ok(open);
        }
        let _one_at_a_time = locked(&self.opening);
        if let Some(open) = self.open.get() {
            return Ok(open);
        }
        let open = self.open_database().map_err(|cause| self.engine(cause))?;
        let mut early = locked(&self.early);
        self.take_over(&open, &early)?;
        let open = self.open.get_or_init(|| open);
        early.clear().map_err(|cause| self.file(cause))?;
        Ok(open)
    }

    /// Takes the early calls into the database. Taking one twice, because a server was killed in between, changes nothing.
    fn take_over(&self, open: &Open, early: &Early) -> Result<(), TrailError> {
        let mut batch = open.database.batch();
        for line in early.lines().map_err(|cause| self.file(cause))? {
            if let Ok(line) = serde_json::from_slice::<Line>(&line) {
                self.add(&mut batch, open, line.number, &line.noted)?;
            }
        }
        batch.commit().map_err(|cause| self.engine(cause))?;
        // The file goes when they are safe where they are now.
        open.database.persist(PersistMode::SyncAll).map_err(|cause| self.engine(cause))
    }

    fn database_path(&self) -> PathBuf {
        self.path.join("database")
    }

    fn open_database(&self) -> fjall::Result<Open> {
        let database = Database::builder(self.database_path()).cache_size(CACHE_BYTES).worker_threads(1).open()?;
        let keyspace = |name| database.keyspace(name, || KeyspaceCreateOptions::default().max_memtable_size(MEMTABLE_BYTES));
        let (events, used) = (keyspace("events")?, keyspace("used")?);
        Ok(Open { database, events, used })
    }

    /// Removes those of the entries whose values are chosen.
    fn remove(
        &self,
        open: &Open,
        keyspace: &Keyspace,
        entries: impl Fn() -> fjall::Iter,
        chosen: impl Fn(&[u8]) -> bool,
    ) -> Result<(), TrailError> {
        loop {
            let mut batch = open.database.batch();
            for entry in entries() {
                let (key, value) = entry.into_inner().map_err(|cause| self.engine(cause))?;
                if chosen(&value) {
                    batch.remove(keyspace, key);
                }
                if batch.len() == BATCH {
                    break;
                }
            }
            let removed = batch.len();
            batch.commit().map_err(|cause| self.engine(cause))?;
            if removed < BATCH {
                return Ok(());
            }
        }
    }

    fn first_key(&self, keyspace: &Keyspace, from: &[u8]) -> Result<Option<Vec<u8>>, TrailError> {
        let first = keyspace.range(from..).next();
        first.map(|entry| Ok(entry.key().map_err(|cause| self.engine(cause))?.to_vec())).transpose()
    }

    fn moment(&self, bytes: &[u8]) -> Result<Timestamp, TrailError> {
        let bytes = bytes.try_into().map_err(|_| self.corrupt())?;
        Ok(Timestamp(i64::from_be_bytes(bytes)))
    }

    fn engine(&self, cause: fjall::Error) -> TrailError {
        TrailError::Engine { path: self.path.clone(), cause }
    }

    fn file(&self, cause: std::io::Error) -> TrailError {
        TrailError::File { path: self.path.clone(), cause }
    }

    fn corrupt(&self) -> TrailError {
        TrailError::Corrupt { path: self.path.clone() }
    }
}

fn used_key(principal: &str, action: &str, resource: &str) -> String {
    [principal, action, resource].join("\0")
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn event_prefix(place: &str) -> Vec<u8> {
    [place.as_bytes(), &[0]].concat()
}

/// Times are never negative, so their big-endian bytes order as they do.
fn event_key(place: &str, at: &Place) -> Vec<u8> {
    [event_prefix(place), at.at.to_be_bytes().to_vec(), at.number.to_be_bytes().to_vec(), at.id.clone().into_bytes()].concat()
}

fn parse_place(key: &[u8]) -> Option<Place> {
    let (at, rest) = key.split_first_chunk::<8>()?;
    let (number, id) = rest.split_first_chunk::<8>()?;
    Some(Place { at: i64::from_be_bytes(*at), number: u64::from_be_bytes(*number), id: String::from_utf8(id.to_vec()).ok()? })
}

#[cfg(test)]
mod tests;
