//! Holds operations back so that a volume keeps to its limits.

use crate::{Limits, limit::Bucket};
use std::{
    sync::{Mutex, MutexGuard},
    thread,
    time::Instant,
};

/// Holds operations back. The only place of this crate that knows the time, and it only knows how much has passed.
pub struct Throttle {
    bucket: Mutex<(Limits, Bucket)>,
    origin: Instant,
}

impl Throttle {
    pub fn new(limits: Limits) -> Throttle {
        Throttle { bucket: Mutex::new((limits, Bucket::new(limits))), origin: Instant::now() }
    }

    pub fn limits(&self) -> Limits {
        self.bucket().0
    }

    pub fn set(&self, limits: Limits) {
        *self.bucket() = (limits, Bucket::new(limits));
    }

    /// Waits until an operation of so many bytes may begin.
    pub fn wait(&self, bytes: usize) {
        let wait = self.bucket().1.take(self.origin.elapsed(), bytes);
        if !wait.is_zero() {
            thread::sleep(wait);
        }
    }

    fn bucket(&self) -> MutexGuard<'_, (Limits, Bucket)> {
        self.bucket.lock().expect("nobody panics with a bucket")
    }
}
