//! Where log events are kept: an LSM tree (fjall) under `<data>/logs`, beside the records' store.
//!
//! An event's key is its stream's uid, its time and its number in the stream, so that a stream's events stand in the order in
//! which they are read, and ranges of time are cheap. What the pump reads from containers is written together with how far it
//! has come, so that an event is neither lost nor doubled however the server ends.
//!
//! Everything here blocks; callers in async code go through `spawn_blocking`.

use agent_proto::workload::LogPosition;
use fjall::{Database, Keyspace, KeyspaceCreateOptions, OwnedWriteBatch, PersistMode};
use model::Timestamp;
use serde::{Deserialize, Serialize};
use std::{
    ops::Bound,
    path::{Path, PathBuf},
    sync::{Mutex, OnceLock},
};

/// The log store. It is opened at the first use, so that a cloud that writes no logs pays nothing for it.
pub struct LogStore {
    path: PathBuf,
    open: OnceLock<Open>,
    /// Held from reading a stream's summary to writing it with its events.
    writing: Mutex<()>,
}

struct Open {
    database: Database,
    events: Keyspace,
    summaries: Keyspace,
    positions: Keyspace,
}

/// The store can't be read or written.
#[derive(Debug, thiserror::Error)]
pub enum LogStoreError {
    /// The engine's own words.
    #[error("the log store at {path} failed: {cause}; if its disk is full, make room, otherwise see the server's log")]
    Engine {
        /// Where the store is.
        path: PathBuf,
        /// What the engine said.
        cause: fjall::Error,
    },
    /// What is there was not written by this version.
    #[error("the log store at {path} holds an entry that this version can't read")]
    Corrupt {
        /// Where the store is.
        path: PathBuf,
    },
}

/// Something that was logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When it happened, as its sender says.
    pub timestamp: Timestamp,
    /// What it says.
    pub message: String,
}

/// An event as it was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Where it stands in its stream.
    pub place: Place,
    /// When it was kept.
    pub ingested: Timestamp,
    /// What it says.
    pub message: String,
}

/// Where an event stands in its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Its time, in milliseconds; never negative.
    pub timestamp: i64,
    /// Its number in the stream, in the order in which events were kept.
    pub number: u64,
}

impl Place {
    /// Before every event.
    pub const FIRST: Place = Place { timestamp: 0, number: 0 };
    /// Behind every event.
    pub const LAST: Place = Place { timestamp: i64::MAX, number: u64::MAX };
}

/// What is known of a stream without reading its events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// How many events were ever kept; the next one's number.
    pub events: u64,
    /// Bytes of the messages that are kept, with the 26 that CloudWatch Logs counts for each event.
    pub bytes: u64,
    /// Of the earliest event.
    pub first: Option<Timestamp>,
    /// Of the latest event.
    pub last: Option<Timestamp>,
    /// When the last batch was kept.
    pub last_ingestion: Option<Timestamp>,
}

/// What CloudWatch Logs counts for an event beside its message (service quotas, "Batch size").
pub const EVENT_OVERHEAD: usize = 26;

const CACHE_BYTES: u64 = 8 << 20;
const MEMTABLE_BYTES: u64 = 4 << 20;

impl LogStore {
    /// The store in a folder, which need not exist yet.
    pub fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), open: OnceLock::new(), writing: Mutex::new(()) }
    }

    /// Keeps events; when this returns they are durable.
    pub fn append(&self, stream: &str, events: &[Event], now: Timestamp) -> Result<(), LogStoreError> {
        self.write(|batch, open| self.add(batch, open, stream, events, now))
    }

    /// Keeps events that were read from a source, together with how far it was read.
    pub fn append_from(
        &self,
        source: &str,
        next: LogPosition,
        stream: &str,
        events: &[Event],
        now: Timestamp,
    ) -> Result<(), LogStoreError> {
        self.write(|batch, open| {
            batch.insert(&open.positions, source.as_bytes(), next.0.to_be_bytes());
            self.add(batch, open, stream, events, now)
        })
    }

    /// How far a source was read; the beginning for one that never was.
    pub fn position(&self, source: &str) -> Result<LogPosition, LogStoreError> {
        let value = self.open()?.positions.get(source).map_err(|e| self.engine(e))?;
        value.map_or(Ok(LogPosition(0)), |bytes| Ok(LogPosition(u64::from_be_bytes(self.array(&bytes)?))))
    }

    /// Forgets how far a source was read.
    pub fn forget_source(&self, source: &str) -> Result<(), LogStoreError> {
        self.write(|batch, open| {
            batch.remove(&open.positions, source.as_bytes());
            Ok(())
        })
    }

    /// What is known of a stream.
    pub fn summary(&self, stream: &str) -> Result<Summary, LogStoreError> {
        if self.is_unused() {
            return Ok(Summary::default());
        }
        let value = self.open()?.summaries.get(stream).map_err(|e| self.engine(e))?;
        value.map_or(Ok(Summary::default()), |bytes| serde_json::from_slice(&bytes).map_err(|_| self.corrupt()))
    }

    /// The uids of all streams that ever had an event and were not deleted; none where nothing was ever kept.
    pub fn streams(&self) -> Result<Vec<String>, LogStoreError> {
        if self.is_unused() {
            return Ok(Vec::new());
        }
        let uid = |entry: fjall::Guard| entry.key().map(|key| String::from_utf8_lossy(&key).into_owned());
        self.open()?.summaries.iter().map(|entry| uid(entry).map_err(|e| self.engine(e))).collect()
    }

    /// A stream's events between two places, in order, read as they are asked for; from the back with `rev()`.
    pub fn read(
        &self,
        stream: &str,
        from: Bound<Place>,
        to: Bound<Place>,
    ) -> Result<impl DoubleEndedIterator<Item = Result<Kept, LogStoreError>> + use<'_>, LogStoreError> {
        let key = |bound: Bound<Place>, open: Place| match bound {
            Bound::Included(place) => Bound::Included(event_key(stream, place)),
            Bound::Excluded(place) => Bound::Excluded(event_key(stream, place)),
            Bound::Unbounded => Bound::Included(event_key(stream, open)),
        };
        let (from, to) = (key(from, Place::FIRST), key(to, Place::LAST));
        let empty = match (&from, &to) {
            (Bound::Included(from) | Bound::Excluded(from), Bound::Included(to) | Bound::Excluded(to)) => from > to,
            _ => false,
        };
        let entries = (!empty).then(|| Ok(self.open()?.events.range::<Vec<u8>, _>((from, to)))).transpose()?;
        Ok(entries.into_iter().flatten().map(|entry| {
            let (key, value) = entry.into_inner().map_err(|e| self.engine(e))?;
            self.kept(&key, &value)
        }))
    }

    /// Deletes a stream with its events.
    pub fn delete(&self, stream: &str) -> Result<(), LogStoreError> {
        if self.is_unused() {
            return Ok(());
        }
        self.remove_until(stream, Place::LAST)?;
        self.write(|batch, open| {
            batch.remove(&open.summaries, stream.as_bytes());
            Ok(())
        })
    }

    /// Deletes a stream's events from before a moment.
    pub fn expire(&self, stream: &str, before: Timestamp) -> Result<(), LogStoreError> {
        if self.is_unused() {
            return Ok(());
        }
        let freed = self.remove_until(stream, Place { timestamp: before.0.max(0), number: 0 })?;
        if freed == 0 {
            return Ok(());
        }
        let first = self.read(stream, Bound::Unbounded, Bound::Unbounded)?.next().transpose()?;
        self.write(|batch, open| {
            let mut summary = self.summary(stream)?;
            summary.bytes = summary.bytes.saturating_sub(freed);
            summary.first = first.map(|event| Timestamp(event.place.timestamp));
            summary.last = summary.last.filter(|_| summary.first.is_some());
            self.put_summary(batch, open, stream, &summary)
        })
    }

    /// Deletes events up to a place, a bounded batch at a time; says how many bytes were counted for them.
    fn remove_until(&self, stream: &str, end: Place) -> Result<u64, LogStoreError> {
        const BATCH: usize = 1000;
        let mut freed = 0;
        loop {
            let some: Vec<Kept> =
                self.read(stream, Bound::Unbounded, Bound::Excluded(end))?.take(BATCH).collect::<Result<_, _>>()?;
            freed += some.iter().map(|event| (event.message.len() + EVENT_OVERHEAD) as u64).sum::<u64>();
            self.write(|batch, open| {
                some.iter().for_each(|event| batch.remove(&open.events, event_key(stream, event.place)));
                Ok(())
            })?;
            if some.len() < BATCH {
                return Ok(freed);
            }
        }
    }

    fn add(
        &self,
        batch: &mut OwnedWriteBatch,
        open: &Open,
        stream: &str,
        events: &[Event],
        now: Timestamp,
    ) -> Result<(), LogStoreError> {
        if events.is_empty() {
            return Ok(());
        }
        let mut summary = self.summary(stream)?;
        for event in events {
            let place = Place { timestamp: event.timestamp.0.max(0), number: summary.events };
            let value = [&now.0.to_be_bytes(), event.message.as_bytes()].concat();
            batch.insert(&open.events, event_key(stream, place), value);
            summary.events += 1;
            summary.bytes += (event.message.len() + EVENT_OVERHEAD) as u64;
            summary.first = Some(summary.first.map_or(event.timestamp, |first| first.min(event.timestamp)));
            summary.last = summary.last.max(Some(event.timestamp));
        }
        summary.last_ingestion = Some(now);
        self.put_summary(batch, open, stream, &summary)
    }

    fn put_summary(
        &self,
        batch: &mut OwnedWriteBatch,
        open: &Open,
        stream: &str,
        summary: &Summary,
    ) -> Result<(), LogStoreError> {
        let value = serde_json::to_vec(summary).map_err(|_| self.corrupt())?;
        batch.insert(&open.summaries, stream.as_bytes(), value);
        Ok(())
    }

    /// Commits what `fill` puts into a batch, all or nothing, and waits for the disk.
    fn write(&self, fill: impl FnOnce(&mut OwnedWriteBatch, &Open) -> Result<(), LogStoreError>) -> Result<(), LogStoreError> {
        let open = self.open()?;
        {
            let _one_at_a_time = self.writing.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            let mut batch = open.database.batch();
            fill(&mut batch, open)?;
            batch.commit().map_err(|e| self.engine(e))?;
        }
        // Outside the lock, so that writers who come together share one wait.
        open.database.persist(PersistMode::SyncAll).map_err(|e| self.engine(e))
    }

    /// Nothing was ever written, so that reading need not make a database.
    fn is_unused(&self) -> bool {
        self.open.get().is_none() && !self.path.exists()
    }

    fn open(&self) -> Result<&Open, LogStoreError> {
        if let Some(open) = self.open.get() {
            return Ok(open);
        }
        let _one_at_a_time = self.writing.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some(open) = self.open.get() {
            return Ok(open);
        }
        let opened = self.open_database().map_err(|e| self.engine(e))?;
        Ok(self.open.get_or_init(|| opened))
    }

    fn open_database(&self) -> fjall::Result<Open> {
        let database = Database::builder(&self.path).cache_size(CACHE_BYTES).worker_threads(1).open()?;
        let keyspace = |name| database.keyspace(name, || KeyspaceCreateOptions::default().max_memtable_size(MEMTABLE_BYTES));
        let (events, summaries, positions) = (keyspace("events")?, keyspace("summaries")?, keyspace("positions")?);
        Ok(Open { database, events, summaries, positions })
    }

    fn kept(&self, key: &[u8], value: &[u8]) -> Result<Kept, LogStoreError> {
        let place = key.len().checked_sub(16).map(|at| &key[at..]).ok_or_else(|| self.corrupt())?;
        let (ingested, message) = value.split_at_checked(8).ok_or_else(|| self.corrupt())?;
        Ok(Kept {
            place: Place {
                timestamp: i64::from_be_bytes(self.array(&place[..8])?),
                number: u64::from_be_bytes(self.array(&place[8..])?),
            },
            ingested: Timestamp(i64::from_be_bytes(self.array(ingested)?)),
            message: String::from_utf8(message.to_vec()).map_err(|_| self.corrupt())?,
        })
    }

    fn array(&self, bytes: &[u8]) -> Result<[u8; 8], LogStoreError> {
        bytes.try_into().map_err(|_| self.corrupt())
    }

    fn engine(&self, cause: fjall::Error) -> LogStoreError {
        LogStoreError::Engine { path: self.path.clone(), cause }
    }

    fn corrupt(&self) -> LogStoreError {
        LogStoreError::Corrupt { path: self.path.clone() }
    }
}

/// Times are never negative, so their big-endian bytes order as they do.
fn event_key(stream: &str, place: Place) -> Vec<u8> {
    [stream.as_bytes(), &place.timestamp.to_be_bytes(), &place.number.to_be_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(timestamp: i64, message: &str) -> Event {
        Event { timestamp: Timestamp(timestamp), message: message.into() }
    }

    fn messages(store: &LogStore, stream: &str) -> Vec<String> {
        let all = store.read(stream, Bound::Unbounded, Bound::Unbounded).unwrap();
        all.map(|kept| kept.unwrap().message).collect()
    }

    #[test]
    fn keeps_the_order_of_time_and_then_of_arrival_over_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let store = LogStore::new(folder.path());
        store.append("s", &[event(20, "c"), event(10, "a"), event(10, "b")], Timestamp(30)).unwrap();
        store.append("other", &[event(1, "x")], Timestamp(30)).unwrap();
        drop(store);
        let store = LogStore::new(folder.path());
        assert_eq!(messages(&store, "s"), ["a", "b", "c"]);
        let summary = store.summary("s").unwrap();
        assert_eq!((summary.events, summary.bytes), (3, 3 + 3 * 26));
        assert_eq!((summary.first, summary.last), (Some(Timestamp(10)), Some(Timestamp(20))));
    }

    #[test]
    fn a_sources_events_and_its_position_are_one() {
        let folder = tempfile::tempdir().unwrap();
        let store = LogStore::new(folder.path());
        assert_eq!(store.position("w/c").unwrap(), LogPosition(0));
        store.append_from("w/c", LogPosition(7), "s", &[event(1, "one")], Timestamp(1)).unwrap();
        drop(store);
        let store = LogStore::new(folder.path());
        assert_eq!(store.position("w/c").unwrap(), LogPosition(7));
        assert_eq!(messages(&store, "s"), ["one"]);
        store.forget_source("w/c").unwrap();
        assert_eq!(store.position("w/c").unwrap(), LogPosition(0));
    }

    #[test]
    fn expiry_takes_what_is_older_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let store = LogStore::new(folder.path());
        let events: Vec<Event> = (0..2500).map(|at| event(at, "m")).collect();
        store.append("s", &events, Timestamp(0)).unwrap();
        store.append("t", &[event(1, "stays")], Timestamp(0)).unwrap();
        store.expire("s", Timestamp(2400)).unwrap();
        assert_eq!(messages(&store, "s").len(), 100);
        assert_eq!(store.summary("s").unwrap().first, Some(Timestamp(2400)));
        assert_eq!(store.summary("s").unwrap().bytes, 100 * 27);
        store.delete("s").unwrap();
        assert_eq!(messages(&store, "s").len(), 0);
        assert_eq!(store.summary("s").unwrap(), Summary::default());
        assert_eq!(messages(&store, "t"), ["stays"]);
    }

    #[test]
    fn reads_ranges_from_either_end() {
        let folder = tempfile::tempdir().unwrap();
        let store = LogStore::new(folder.path());
        store.append("s", &(0..10).map(|at| event(at, &at.to_string())).collect::<Vec<_>>(), Timestamp(0)).unwrap();
        let at = |timestamp| Place { timestamp, number: 0 };
        let range = store.read("s", Bound::Included(at(3)), Bound::Excluded(at(7))).unwrap();
        assert_eq!(range.map(|kept| kept.unwrap().place.timestamp).collect::<Vec<_>>(), [3, 4, 5, 6]);
        let last = store.read("s", Bound::Unbounded, Bound::Unbounded).unwrap().rev().take(2);
        assert_eq!(last.map(|kept| kept.unwrap().place.timestamp).collect::<Vec<_>>(), [9, 8]);
        assert_eq!(store.read("s", Bound::Included(at(7)), Bound::Excluded(at(3))).unwrap().count(), 0);
    }
}
