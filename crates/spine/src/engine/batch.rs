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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Keys are one or two letters; a commit writes or deletes some.
    type Commit = Vec<(String, bool)>;

    fn transaction(base: &View, commit: &Commit) -> Transaction {
        let value = |keep: bool| keep.then(|| Arc::from(&b"1"[..]));
        Transaction {
            base: base.clone(),
            reads: BTreeMap::new(),
            ranges: Vec::new(),
            clears: Vec::new(),
            writes: commit.iter().map(|(key, keep)| (key.as_bytes().into(), value(*keep))).collect(),
        }
    }

    fn reading(base: &View, range: &KeyRange) -> Transaction {
        let write = vec![("written".to_owned(), true)];
        Transaction { ranges: vec![range.clone()], ..transaction(base, &write) }
    }

    #[test]
    fn a_key_that_was_deleted_and_made_again_is_another() {
        let entry = Arc::new(Entry::new(Revision(3), Revision(5), Arc::from(&b"1"[..])));
        for (expect, met) in [
            (Expect::Created(Revision(3)), true),
            (Expect::Created(Revision(2)), false),
            (Expect::Modified(Revision(5)), true),
            (Expect::Modified(Revision(3)), false),
            (Expect::Absent, false),
        ] {
            assert_eq!(meets(Some(&entry), expect), met, "{expect:?}");
            assert_eq!(meets(None, expect), expect == Expect::Absent, "{expect:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn a_range_that_history_calls_unchanged_is_unchanged(
            commits in prop::collection::vec(prop::collection::vec(("[abc]{1,2}", any::<bool>()), 1..4), 1..20),
            prefix in "[abc]{0,2}",
            since in 0..20_usize,
        ) {
            let (mut batch, mut history, mut views) = (Batch::on(View::default()), History::default(), Vec::new());
            for commit in &commits {
                views.push(batch.view.clone());
                batch.admit(&transaction(&batch.view.clone(), commit), &mut history).unwrap();
            }
            let base = &views[since % views.len()];
            let range = KeyRange::prefix(prefix.as_bytes());
            let touched = history.touched(&range, base.revision()).unwrap_or(false);
            let same = same(base, &batch.view, &range);
            prop_assert!(touched || same);
            // Without history the views themselves are compared, and nothing that changed is overlooked.
            let admitted = batch.admit(&reading(base, &range), &mut History::default());
            prop_assert_eq!(admitted.is_some(), same || base.revision() == batch.view.revision());
        }
    }
}
