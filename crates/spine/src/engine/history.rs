//! The keys that recent commits changed, by which a range that was read is known to be unchanged without reading it again.

use super::{Bytes, KeyRange, Revision};
use std::collections::VecDeque;

/// How many commits are remembered.
const CAPACITY: usize = 1024;

/// A ring of commits without a gap, up to the newest.
#[derive(Default)]
pub(super) struct History {
    commits: VecDeque<Commit>,
}

struct Commit {
    revision: Revision,
    /// Sorted.
    keys: Vec<Bytes>,
}

impl History {
    /// Adds the newest commit, whose keys are sorted.
    pub(super) fn push(&mut self, revision: Revision, keys: Vec<Bytes>) {
        if self.commits.len() == CAPACITY {
            self.commits.pop_front();
        }
        self.commits.push_back(Commit { revision, keys });
    }

    /// Whether a commit after `since` changed a key in the range; `None` when that is too long ago to be known.
    pub(super) fn touched(&self, range: &KeyRange, since: Revision) -> Option<bool> {
        let oldest = self.commits.front()?.revision;
        if oldest.0 > since.0 + 1 {
            return None;
        }
        let later = self.commits.iter().rev().take_while(|commit| commit.revision > since);
        Some(later.into_iter().any(|commit| commit.touches(range)))
    }

    /// Forgets the commits after `revision`, which did not come to be.
    pub(super) fn forget_after(&mut self, revision: Revision) {
        while self.commits.back().is_some_and(|commit| commit.revision > revision) {
            self.commits.pop_back();
        }
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.commits.clear();
    }
}

impl Commit {
    fn touches(&self, range: &KeyRange) -> bool {
        let first = self.keys.partition_point(|key| **key < *range.start());
        self.keys.get(first).is_some_and(|key| range.contains(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(commits: u64) -> History {
        let mut history = History::default();
        for revision in 1..=commits {
            history.push(Revision(revision), vec![format!("k{revision}").as_bytes().into()]);
        }
        history
    }

    #[test]
    fn only_later_commits_count() {
        let history = history(3);
        let range = KeyRange::prefix(b"k2");
        assert_eq!(history.touched(&range, Revision(0)), Some(true));
        assert_eq!(history.touched(&range, Revision(1)), Some(true));
        assert_eq!(history.touched(&range, Revision(2)), Some(false));
    }

    #[test]
    fn what_has_left_the_ring_is_not_known() {
        let history = history(CAPACITY as u64 + 2);
        let range = KeyRange::prefix(b"none");
        assert_eq!(history.touched(&range, Revision(1)), None);
        assert_eq!(history.touched(&range, Revision(2)), Some(false));
    }

    #[test]
    fn a_commit_that_failed_is_forgotten() {
        let mut history = history(3);
        history.forget_after(Revision(1));
        assert_eq!(history.touched(&KeyRange::all(), Revision(1)), Some(false));
    }
}
