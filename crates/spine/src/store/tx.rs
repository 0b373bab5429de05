//! A transaction in the making: what it has read, and what it will write.

use super::{
    key::{self, Section},
    read::{Found, Source},
};
use crate::{
    Revision, StoreError,
    engine::{Bytes, Entry, Expect, KeyRange, Transaction, View},
};
use model::{Key, Record};
use serde::{Serialize, de::DeserializeOwned};
use std::{cell::RefCell, collections::BTreeMap, sync::Arc};

/// The largest value of one section, in bytes. etcd takes requests of 1.5 MiB unless it is told otherwise.
pub const LARGEST_VALUE: usize = 1 << 20;

/// The most that one transaction writes, in bytes.
pub const LARGEST_TRANSACTION: usize = 32 << 20;

/// Reads and writes that will be committed together, or not at all. See [`crate::Store::transact`].
///
/// Reads (through [`crate::Read`]) show what the transaction has written.
#[derive(Debug)]
pub struct Tx {
    base: View,
    reads: RefCell<Reads>,
    writes: BTreeMap<Bytes, Option<Arc<Entry>>>,
}

/// Most transactions only read, and nobody asks then what they have read: it is put in order at the commit.
#[derive(Debug, Default)]
struct Reads {
    keys: Vec<(Bytes, Expect)>,
    ranges: Vec<KeyRange>,
}

impl Tx {
    pub(super) fn on(base: View) -> Self {
        Self { base, reads: RefCell::default(), writes: BTreeMap::new() }
    }

    /// Creates a record that has only a spec.
    ///
    /// # Errors
    /// [`StoreError::AlreadyExists`] if the record exists.
    pub fn create<R: Record>(&mut self, key: &Key<R>, spec: &R::Spec) -> Result<(), StoreError> {
        let at = key::section_key(Section::Spec, key)?;
        if self.entry(&at).is_some() {
            return Err(StoreError::AlreadyExists { key: format!("{key:?}") });
        }
        self.write(at, spec)
    }

    /// Replaces the spec.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if the record doesn't exist.
    pub fn put_spec<R: Record>(&mut self, key: &Key<R>, spec: &R::Spec) -> Result<(), StoreError> {
        self.put(Section::Spec, key, spec)
    }

    /// Sets a record's spec, whether the record is there or not.
    pub fn set_spec<R: Record>(&mut self, key: &Key<R>, spec: &R::Spec) -> Result<(), StoreError> {
        self.write(key::section_key(Section::Spec, key)?, spec)
    }

    /// Replaces the plan.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if the record doesn't exist.
    pub fn put_plan<R: Record>(&mut self, key: &Key<R>, plan: &R::Plan) -> Result<(), StoreError> {
        self.put(Section::Plan, key, plan)
    }

    /// Replaces what is observed.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if the record doesn't exist.
    pub fn put_observed<R: Record>(&mut self, key: &Key<R>, observed: &R::Observed) -> Result<(), StoreError> {
        self.put(Section::Observed, key, observed)
    }

    /// Changes the spec in place.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if the record doesn't exist.
    pub fn update_spec<R: Record>(&mut self, key: &Key<R>, f: impl FnOnce(&mut R::Spec)) -> Result<(), StoreError> {
        let found = self.find(Section::Spec, key)?.ok_or_else(|| not_found(key))?;
        let mut spec = R::Spec::clone(&*found.decode()?);
        f(&mut spec);
        self.write(found.key, &spec)
    }

    /// Changes the plan in place, starting from the default before the first decision.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if the record doesn't exist.
    pub fn update_plan<R: Record>(&mut self, key: &Key<R>, f: impl FnOnce(&mut R::Plan)) -> Result<(), StoreError> {
        let mut plan = self.current(Section::Plan, key)?;
        f(&mut plan);
        self.put_plan(key, &plan)
    }

    /// Changes what is observed in place, starting from the default before the first report.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if the record doesn't exist.
    pub fn update_observed<R: Record>(&mut self, key: &Key<R>, f: impl FnOnce(&mut R::Observed)) -> Result<(), StoreError> {
        let mut observed = self.current(Section::Observed, key)?;
        f(&mut observed);
        self.put_observed(key, &observed)
    }

    /// Deletes the record with all its sections; it is no error if there is none. Created again by the same transaction,
    /// it keeps its [`crate::Row::created`], as a key of etcd does.
    pub fn delete<R: Record>(&mut self, key: &Key<R>) -> Result<(), StoreError> {
        for section in Section::ALL {
            self.writes.insert(key::section_key(section, key)?, None);
        }
        Ok(())
    }

    fn put<R: Record>(&mut self, section: Section, key: &Key<R>, value: &impl Serialize) -> Result<(), StoreError> {
        self.expect_existence(&key::section_key(Section::Spec, key)?).ok_or_else(|| not_found(key))?;
        self.write(key::section_key(section, key)?, value)
    }

    /// Remembers that the same record has to be there still, whatever its spec is by then. `None` if there is none now.
    fn expect_existence(&self, spec: &Bytes) -> Option<()> {
        if let Some(written) = self.writes.get(spec) {
            return written.as_ref().map(drop);
        }
        let entry = self.base.get(spec);
        let expect = entry.map_or(Expect::Absent, |entry| Expect::Created(entry.created));
        self.reads.borrow_mut().keys.push((spec.clone(), expect));
        entry.map(drop)
    }

    fn find<R: Record>(&self, section: Section, key: &Key<R>) -> Result<Option<Found>, StoreError> {
        let key = key::section_key(section, key)?;
        Ok(self.entry(&key).map(|entry| Found { key, entry }))
    }

    fn current<R: Record, T>(&self, section: Section, key: &Key<R>) -> Result<T, StoreError>
    where
        T: DeserializeOwned + Clone + Default + Send + Sync + 'static,
    {
        self.find(section, key)?.map_or_else(|| Ok(T::default()), |found| Ok(T::clone(&*found.decode()?)))
    }

    fn write(&mut self, key: Bytes, value: &impl Serialize) -> Result<(), StoreError> {
        let bytes = encode(&key, value)?;
        if self.stands_already(&key, &bytes) {
            return Ok(());
        }
        let created = self.base.get(&key).map(|entry| entry.created).unwrap_or_default();
        let entry = Entry::new(created, Revision::default(), bytes);
        self.writes.insert(key, Some(Arc::new(entry)));
        Ok(())
    }

    /// Writing what stands there already is no change, so that a reconciler that decides the same again wakes nobody.
    fn stands_already(&self, key: &Bytes, bytes: &Bytes) -> bool {
        let standing = self.writes.get(key).map_or_else(|| self.base.get(key), Option::as_ref);
        let same = standing.is_some_and(|entry| entry.bytes == *bytes);
        if same {
            self.entry(key);
        }
        same
    }

    /// What there is to commit, if anything.
    pub(super) fn into_transaction(self) -> Result<Option<Transaction>, StoreError> {
        if self.writes.is_empty() {
            return Ok(None);
        }
        let writes: BTreeMap<_, _> =
            self.writes.into_iter().map(|(key, entry)| (key, entry.map(|entry| entry.bytes.clone()))).collect();
        let size = writes.iter().map(|(key, value)| key.len() + value.as_deref().map_or(0, <[u8]>::len)).sum();
        if size > LARGEST_TRANSACTION {
            return Err(StoreError::TransactionTooLarge { size, limit: LARGEST_TRANSACTION });
        }
        let Reads { keys, ranges } = self.reads.into_inner();
        Ok(Some(Transaction { base: self.base, reads: strongest(keys), ranges, clears: Vec::new(), writes }))
    }
}

/// What has to hold of each key: that it is the same, if that was asked as well as that it is there.
fn strongest(reads: Vec<(Bytes, Expect)>) -> BTreeMap<Bytes, Expect> {
    let mut all = BTreeMap::new();
    for (key, expect) in reads {
        let held = all.entry(key).or_insert(expect);
        if matches!(held, Expect::Created(_)) {
            *held = expect;
        }
    }
    all
}

impl Source for Tx {
    fn entry(&self, key: &Bytes) -> Option<Arc<Entry>> {
        if let Some(written) = self.writes.get(key) {
            return written.clone();
        }
        let entry = self.base.get(key);
        let expect = entry.map_or(Expect::Absent, |entry| Expect::Modified(entry.modified));
        self.reads.borrow_mut().keys.push((key.clone(), expect));
        entry.cloned()
    }

    fn entries(&self, range: &KeyRange, most: usize) -> Vec<Found> {
        let committed = self.base.range(range).map(Found::new);
        let mut written = self.writes.range::<[u8], _>(range).peekable();
        let found: Vec<Found> = if written.peek().is_none() {
            committed.take(most).collect()
        } else {
            let mut entries: BTreeMap<Bytes, Option<Arc<Entry>>> =
                committed.map(|found| (found.key, Some(found.entry))).collect();
            entries.extend(written.map(|(key, entry)| (key.clone(), entry.clone())));
            entries.into_iter().filter_map(|(key, entry)| Some(Found { key, entry: entry? })).take(most).collect()
        };
        let whole = found.len() < most;
        let last = found.last().filter(|_| !whole);
        self.reads.borrow_mut().ranges.push(last.map_or_else(|| range.clone(), |last| range.through(&last.key)));
        found
    }
}

fn encode(key: &[u8], value: &impl Serialize) -> Result<Bytes, StoreError> {
    let bytes = serde_json::to_vec(value)
        .map_err(|error| StoreError::Encode { key: key::readable(key), detail: error.to_string().into() })?;
    if bytes.len() > LARGEST_VALUE {
        return Err(StoreError::ValueTooLarge { key: key::readable(key), size: bytes.len(), limit: LARGEST_VALUE });
    }
    Ok(bytes.into())
}

fn not_found<R: Record>(key: &Key<R>) -> StoreError {
    StoreError::NotFound { key: format!("{key:?}") }
}
