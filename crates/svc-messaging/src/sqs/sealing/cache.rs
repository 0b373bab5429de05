//! What is known for a while.

use model::Timestamp;
use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// How much is known before what is over is forgotten; should nothing be over, all is.
const MOST: usize = 4096;

/// Values that are good until a moment.
pub struct Cache<K, V>(Mutex<HashMap<K, (V, Timestamp)>>);

impl<K, V> Default for Cache<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Eq + Hash, V: Clone> Cache<K, V> {
    /// The value, if its time isn't over.
    pub fn get(&self, key: &K, now: Timestamp) -> Option<V> {
        self.lock().get(key).filter(|(_, until)| now < *until).map(|(value, _)| value.clone())
    }

    /// Keeps a value until then.
    pub fn put(&self, key: K, value: V, now: Timestamp, until: Timestamp) {
        let mut known = self.lock();
        if known.len() >= MOST {
            known.retain(|_, (_, until)| now < *until);
        }
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(key, (value, until));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, (V, Timestamp)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_known_until_its_time_is_over_and_never_too_many_are() {
        let cache = Cache::default();
        cache.put(0, "a", Timestamp(0), Timestamp(10));
        assert_eq!(
            (cache.get(&0, Timestamp(9)), cache.get(&0, Timestamp(10)), cache.get(&1, Timestamp(0))),
            (Some("a"), None, None)
        );
        (0..10_000).for_each(|key| cache.put(key, "b", Timestamp(0), Timestamp(10)));
        assert!(cache.lock().len() <= MOST);
        assert_eq!(cache.get(&9_999, Timestamp(0)), Some("b"));
    }
}
