//! Reading records, on a snapshot or within a transaction.

use super::key::{self, Section};
use crate::{
    Revision, StoreError,
    engine::{Bytes, Entry, KeyRange, View},
};
use model::{AccountId, Key, Record, Region};
use serde::de::DeserializeOwned;
use std::{fmt, sync::Arc, vec};

/// Everything that was committed at one moment.
#[derive(Debug, Clone)]
pub struct Snapshot {
    view: View,
}

impl Snapshot {
    pub(super) fn of(view: View) -> Self {
        Self { view }
    }

    /// The last commit that the snapshot shows.
    pub fn revision(&self) -> Revision {
        self.view.revision()
    }
}

impl Source for Snapshot {
    fn entry(&self, key: &Bytes) -> Option<Arc<Entry>> {
        self.view.get(key).cloned()
    }

    fn entries(&self, range: &KeyRange, most: usize) -> Vec<Found> {
        self.view.range(range).take(most).map(Found::new).collect()
    }
}

/// Where entries are read.
pub trait Source {
    /// What stands under the key.
    fn entry(&self, key: &Bytes) -> Option<Arc<Entry>>;
    /// The first keys of the range, at most so many, in their order, with what stands under them.
    fn entries(&self, range: &KeyRange, most: usize) -> Vec<Found>;
}

/// A record.
pub struct Row<R: Record> {
    /// What was asked for.
    pub spec: Arc<R::Spec>,
    /// What was decided; the default before the first decision.
    pub plan: Arc<R::Plan>,
    /// What is so; the default before the first report.
    pub observed: Arc<R::Observed>,
    /// The commit that created the record; 0 within the transaction that creates it.
    pub created: Revision,
    /// The last commit that changed any of its sections; what the transaction itself has written doesn't count.
    pub revision: Revision,
}

/// Records with their keys.
pub type Rows<R> = Vec<(Key<R>, Row<R>)>;

/// Specs with their keys.
pub type Specs<R> = Vec<(Key<R>, Arc<<R as Record>::Spec>)>;

/// Which records are listed.
#[derive(Debug, Clone, Copy)]
pub enum Scope<'a> {
    /// All of the kind.
    All,
    /// Those of an account.
    Account(&'a AccountId),
    /// Those of an account in a region.
    Region(&'a AccountId, &'a Region),
    /// Those of an account in a region whose ids begin with the text.
    Prefix(&'a AccountId, &'a Region, &'a str),
    /// Of those of an account in a region whose ids come after the text, the first, at most so many. A transaction isn't overtaken by changes
    /// behind them.
    After(&'a AccountId, &'a Region, &'a str, usize),
}

impl Scope<'_> {
    fn most(self) -> usize {
        match self {
            Self::After(.., most) => most,
            _ => usize::MAX,
        }
    }
}

/// Reads records. A transaction that reads through this remembers what it has read, and sees what it has written.
pub trait Read: Source {
    /// The record of that key, if there is one.
    fn get<R: Record>(&self, key: &Key<R>) -> Result<Option<Row<R>>, StoreError> {
        let Some(spec) = section(self, Section::Spec, key)? else { return Ok(None) };
        let plan = section(self, Section::Plan, key)?;
        let observed = section(self, Section::Observed, key)?;
        row(spec, plan, observed).map(Some)
    }

    /// The record's spec alone. A transaction that reads only this isn't overtaken by changes of the other sections.
    fn spec<R: Record>(&self, key: &Key<R>) -> Result<Option<Arc<R::Spec>>, StoreError> {
        section(self, Section::Spec, key)?.map(|found| found.decode()).transpose()
    }

    /// The record's plan alone; the default if nothing was decided, or there is no record. See [`Read::spec`].
    fn plan<R: Record>(&self, key: &Key<R>) -> Result<Arc<R::Plan>, StoreError> {
        section(self, Section::Plan, key)?.map_or_else(|| Ok(Arc::default()), |found| found.decode())
    }

    /// Whether there is a record of that key.
    fn exists<R: Record>(&self, key: &Key<R>) -> Result<bool, StoreError> {
        Ok(section(self, Section::Spec, key)?.is_some())
    }

    /// The records of the scope, in the order of account, region and id.
    fn list<R: Record>(&self, scope: Scope<'_>) -> Result<Rows<R>, StoreError> {
        let specs = Column::read::<R>(self, Section::Spec, scope, None);
        let last = specs.last().filter(|_| scope.most() < usize::MAX).map(<[u8]>::to_vec);
        let mut plans = Column::read::<R>(self, Section::Plan, scope, last.as_deref());
        let mut observed = Column::read::<R>(self, Section::Observed, scope, last.as_deref());
        let (prefix, mut keys) = (specs.prefix, key::Reader::default());
        let rows = specs.found.map(|spec| {
            let rest = &spec.key[prefix..];
            let key = keys.read::<R>(rest).ok_or_else(|| no_record(&spec.key))?;
            let (plan, observed) = (plans.take(rest), observed.take(rest));
            Ok((key, row(spec, plan, observed)?))
        });
        rows.collect()
    }

    /// The specs of the scope alone; see [`Read::spec`].
    fn specs<R: Record>(&self, scope: Scope<'_>) -> Result<Specs<R>, StoreError> {
        let specs = Column::read::<R>(self, Section::Spec, scope, None);
        let (prefix, mut keys) = (specs.prefix, key::Reader::default());
        let rows = specs.found.map(|spec| {
            let key = keys.read::<R>(&spec.key[prefix..]).ok_or_else(|| no_record(&spec.key))?;
            Ok((key, spec.decode()?))
        });
        rows.collect()
    }
}

impl<S: Source + ?Sized> Read for S {}

/// An entry and where it stands.
pub struct Found {
    pub(super) key: Bytes,
    pub(super) entry: Arc<Entry>,
}

impl Found {
    pub(super) fn new((key, entry): (&Bytes, &Arc<Entry>)) -> Self {
        Self { key: key.clone(), entry: entry.clone() }
    }

    pub(super) fn decode<T: DeserializeOwned + Send + Sync + 'static>(&self) -> Result<Arc<T>, StoreError> {
        self.entry.decode().map_err(|error| undecodable(&self.key, &error.to_string()))
    }
}

/// One section of the records of a scope, in their order.
struct Column {
    found: vec::IntoIter<Found>,
    /// How much of the keys is the same for all.
    prefix: usize,
}

impl Column {
    /// Those of the scope, up to the one with that rest of its key, if one is given.
    fn read<R: Record>(source: &(impl Source + ?Sized), section: Section, scope: Scope<'_>, last: Option<&[u8]>) -> Self {
        let prefix = key::section_prefix::<R>(section);
        let range = key::section_range::<R>(section, scope);
        let found = match last {
            Some(rest) => source.entries(&range.through(&[prefix.as_bytes(), rest].concat()), usize::MAX),
            None => source.entries(&range, scope.most()),
        };
        Self { found: found.into_iter(), prefix: prefix.len() }
    }

    /// The rest of the last key.
    fn last(&self) -> Option<&[u8]> {
        self.found.as_slice().last().map(|found| &found.key[self.prefix..])
    }

    /// The entry of the record with that rest of the key. Records are asked for in their order.
    fn take(&mut self, rest: &[u8]) -> Option<Found> {
        let prefix = self.prefix;
        while self.found.as_slice().first().is_some_and(|found| found.key[prefix..] < *rest) {
            self.found.next();
        }
        let same = self.found.as_slice().first().is_some_and(|found| found.key[prefix..] == *rest);
        if same { self.found.next() } else { None }
    }
}

fn section<R: Record>(source: &(impl Source + ?Sized), section: Section, key: &Key<R>) -> Result<Option<Found>, StoreError> {
    let key = key::section_key(section, key)?;
    Ok(source.entry(&key).map(|entry| Found { key, entry }))
}

fn row<R: Record>(spec: Found, plan: Option<Found>, observed: Option<Found>) -> Result<Row<R>, StoreError> {
    let present = [Some(&spec), plan.as_ref(), observed.as_ref()].into_iter().flatten();
    Ok(Row {
        revision: present.map(|found| found.entry.modified).max().unwrap_or_default(),
        created: spec.entry.created,
        spec: spec.decode()?,
        plan: plan.map_or_else(|| Ok(Arc::default()), |found| found.decode())?,
        observed: observed.map_or_else(|| Ok(Arc::default()), |found| found.decode())?,
    })
}

fn no_record(key: &[u8]) -> StoreError {
    undecodable(key, "the key has no account and region")
}

fn undecodable(key: &[u8], detail: &str) -> StoreError {
    StoreError::Decode { key: key::readable(key), detail: detail.into() }
}

impl<R: Record> Clone for Row<R> {
    fn clone(&self) -> Self {
        Self {
            spec: self.spec.clone(),
            plan: self.plan.clone(),
            observed: self.observed.clone(),
            created: self.created,
            revision: self.revision,
        }
    }
}

impl<R: Record> fmt::Debug for Row<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(R::KIND)
            .field("spec", &self.spec)
            .field("plan", &self.plan)
            .field("observed", &self.observed)
            .field("created", &self.created.0)
            .field("revision", &self.revision.0)
            .finish()
    }
}
