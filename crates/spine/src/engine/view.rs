//! The map of keys to values as it was at one revision.

use super::{Bytes, Revision};
use rpds::{HashTrieMapSync, RedBlackTreeMapSync};
use serde::de::DeserializeOwned;
use std::{
    any::Any,
    fmt,
    ops::{Bound, RangeBounds},
    sync::{Arc, OnceLock},
};

/// A value, with its decoded form once somebody has asked for it.
pub struct Entry {
    /// The commit by which the key came into being.
    pub created: Revision,
    /// The commit that last wrote it.
    pub modified: Revision,
    /// The value.
    pub bytes: Bytes,
    decoded: OnceLock<Arc<dyn Any + Send + Sync>>,
}

impl Entry {
    /// A value that was written at `modified`.
    pub fn new(created: Revision, modified: Revision, bytes: Bytes) -> Self {
        Self { created, modified, bytes, decoded: OnceLock::new() }
    }

    /// The value, decoded from JSON at the first call and shared by all later ones.
    pub fn decode<T: DeserializeOwned + Send + Sync + 'static>(&self) -> Result<Arc<T>, serde_json::Error> {
        if let Some(value) = self.decoded.get().and_then(|value| value.clone().downcast().ok()) {
            return Ok(value);
        }
        let value: Arc<T> = Arc::new(serde_json::from_slice(&self.bytes)?);
        // Whoever was faster has decoded the same bytes.
        let _ = self.decoded.set(value.clone());
        Ok(value)
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", String::from_utf8_lossy(&self.bytes), self.modified.0)
    }
}

/// All keys and values at one revision. A clone costs two reference counts, and is not changed by later commits.
///
/// Every entry stands in two maps. Among a million keys the way down the ordered one is twenty nodes long, and each of them, its entry and its key
/// lie somewhere else in memory: a key that is asked for by itself is found in the other within a few steps.
#[derive(Clone, Default)]
pub struct View {
    revision: Revision,
    in_order: RedBlackTreeMapSync<Bytes, Arc<Entry>>,
    by_key: HashTrieMapSync<Bytes, Arc<Entry>>,
}

impl View {
    /// The last commit that the view shows.
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// What stands under the key.
    pub fn get(&self, key: &[u8]) -> Option<&Arc<Entry>> {
        self.by_key.get(key)
    }

    /// The keys of a range in their order, with what stands under them.
    pub fn range<'a>(&'a self, range: &'a KeyRange) -> impl Iterator<Item = (&'a Bytes, &'a Arc<Entry>)> + 'a {
        self.in_order.range::<[u8], _>(range)
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.in_order.size()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.in_order.is_empty()
    }

    pub(super) fn set_revision(&mut self, revision: Revision) {
        self.revision = revision;
    }

    pub(super) fn insert(&mut self, key: Bytes, entry: Arc<Entry>) {
        self.in_order.insert_mut(key.clone(), entry.clone());
        self.by_key.insert_mut(key, entry);
    }

    pub(super) fn remove(&mut self, key: &[u8]) -> bool {
        self.by_key.remove_mut(key);
        self.in_order.remove_mut(key)
    }
}

impl fmt::Debug for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("View").field("revision", &self.revision).field("keys", &self.len()).finish()
    }
}

/// A contiguous run of keys. Its end is never before its start.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeyRange {
    start: Bytes,
    end: Option<Bytes>,
}

impl KeyRange {
    /// Every key.
    pub fn all() -> Self {
        Self { start: Arc::new([]), end: None }
    }

    /// The keys that begin with `prefix`.
    pub fn prefix(prefix: &[u8]) -> Self {
        Self { start: prefix.into(), end: successor(prefix) }
    }

    /// Those behind the key.
    pub fn after(self, key: &[u8]) -> Self {
        let start = next(key).max(self.start);
        let end = self.end.map(|end| end.max(start.clone()));
        Self { start, end }
    }

    /// Those up to the key, and the key itself.
    pub fn through(&self, key: &[u8]) -> Self {
        let end = next(key).max(self.start.clone());
        let end = self.end.clone().map_or(end.clone(), |own| own.min(end));
        Self { start: self.start.clone(), end: Some(end) }
    }

    /// Whether the key is in the range.
    pub fn contains(&self, key: &[u8]) -> bool {
        *key >= *self.start && self.end.as_deref().is_none_or(|end| key < end)
    }

    /// The first key that may be in the range.
    pub fn start(&self) -> &[u8] {
        &self.start
    }
}

/// The first key behind that one.
fn next(key: &[u8]) -> Bytes {
    [key, &[0]].concat().into()
}

/// The first key behind all that begin with `prefix`, if there is one.
fn successor(prefix: &[u8]) -> Option<Bytes> {
    let last = prefix.iter().rposition(|byte| *byte != u8::MAX)?;
    let mut end = prefix[..=last].to_vec();
    end[last] += 1;
    Some(end.into())
}

impl RangeBounds<[u8]> for &KeyRange {
    fn start_bound(&self) -> Bound<&[u8]> {
        Bound::Included(&self.start)
    }
    fn end_bound(&self) -> Bound<&[u8]> {
        self.end.as_deref().map_or(Bound::Unbounded, Bound::Excluded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_ends_where_its_successor_begins() {
        assert_eq!(successor(b"ab").as_deref(), Some(&b"ac"[..]));
        assert_eq!(successor(b"a\xff\xff").as_deref(), Some(&b"b"[..]));
        assert_eq!(successor(b"\xff"), None);
        assert_eq!(successor(b""), None);
    }

    #[test]
    fn a_range_is_cut_at_a_key() {
        let range = KeyRange::prefix(b"a");
        let behind = range.clone().after(b"ab");
        assert!(!behind.contains(b"ab") && behind.contains(b"ab ") && !behind.contains(b"b"));
        let before = range.through(b"ab");
        assert!(before.contains(b"a") && before.contains(b"ab") && !before.contains(b"abc"));
        assert_eq!(range.clone().after(b"0"), range);
        let none = range.after(b"b");
        assert!(!none.contains(b"b") && !none.contains(b"ba"));
    }

    #[test]
    fn a_view_is_untouched_by_what_comes_later() {
        let mut view = View::default();
        view.insert(Arc::from(&b"k"[..]), Arc::new(Entry::new(Revision(1), Revision(1), Arc::from(&b"1"[..]))));
        let before = view.clone();
        assert!(view.remove(b"k") && !view.remove(b"k"));
        assert_eq!(before.get(b"k").unwrap().decode::<u32>().unwrap(), Arc::new(1));
        assert_eq!(before.range(&KeyRange::all()).count(), 1);
        assert!(view.get(b"k").is_none() && view.is_empty());
    }
}
