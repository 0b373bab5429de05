//! Several transactions on their way to one durable write: the decision who may commit, and what results. Pure.

use super::{Bytes, Entry, Expect, KeyRange, Revision, Transaction, View, history::History};
use std::{collections::BTreeMap, sync::Arc};

/// The head as it will be, and how it differs from the head as it is.
pub(super) struct Batch {
    /// The head with all admitted transactions.
    pub(super) view: View,
    /// The keys that differ from the head, with their new entries.
    pub(super) changes: BTreeMap<Bytes, Option<Arc<Entry>>>,
}

impl Batch {
    /// No transactions yet, on the present head.
    pub(super) fn on(head: View) -> Self {
        Self { view: head, changes: BTreeMap::new() }
    }

    /// Applies the transaction and gives its revision, or `None` if something that it read has changed since. A
    /// transaction that turns out to change nothing has the revision of the one before.
    pub(super) fn admit(&mut self, transaction: &Transaction, history: &mut History) -> Option<Revision> {
        if !self.still_holds(transaction, history) {
            return None;
        }
        let revision = Revision(self.view.revision().0 + 1);
        let keys = self.apply(transaction, revision);
        if !keys.is_empty() {
            self.view.set_revision(revision);
            history.push(revision, keys);
        }
        Some(self.view.revision())
    }

    fn still_holds(&self, transaction: &Transaction, history: &History) -> bool {
        let base = &transaction.base;
        if base.revision() == self.view.revision() {
            return true;
        }
        let unchanged = |range: &KeyRange| {
            let touched = history.touched(range, base.revision());
            touched.map_or_else(|| same(base, &self.view, range), |touched| !touched)
        };
        transaction.reads.iter().all(|(key, expect)| meets(self.view.get(key), *expect))
            && transaction.ranges.iter().all(unchanged)
    }

    /// Gives the changed keys, sorted.
    fn apply(&mut self, transaction: &Transaction, revision: Revision) -> Vec<Bytes> {
        let cleared = transaction.clears.iter().flat_map(|range| self.view.range(range)).map(|(key, _)| (key.clone(), None));
        let mut writes: BTreeMap<Bytes, Option<Bytes>> = cleared.collect();
        writes.extend(transaction.writes.iter().map(|(key, value)| (key.clone(), value.clone())));
        writes.retain(|key, value| self.write(key, value.take(), revision));
        writes.into_keys().collect()
    }

    /// Whether that changed anything: deleting what isn't there doesn't.
    fn write(&mut self, key: &Bytes, value: Option<Bytes>, revision: Revision) -> bool {
        let entry = value.map(|bytes| {
            let created = self.view.get(key).map_or(revision, |entry| entry.created);
            Arc::new(Entry::new(created, revision, bytes))
        });
        let changed = match &entry {
            Some(entry) => {
                self.view.insert(key.clone(), entry.clone());
                true
            }
            None => self.view.remove(key),
        };
        if changed {
            self.changes.insert(key.clone(), entry);
        }
        changed
    }
}

fn meets(found: Option<&Arc<Entry>>, expect: Expect) -> bool {
    match (found, expect) {
        (None, Expect::Absent) => true,
        (Some(entry), Expect::Created(at)) => entry.created == at,
        (Some(entry), Expect::Modified(at)) => entry.modified == at,
        _ => false,
    }
}

/// Whether the range has the same keys, last written by the same commits, in both views.
fn same(before: &View, after: &View, range: &KeyRange) -> bool {
    let versions = |(key, entry): (_, &Arc<Entry>)| (key, entry.modified);
    before.range(range).map(versions).eq(after.range(range).map(versions))
}
