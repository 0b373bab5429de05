//! How many operations and bytes a second a volume may do.
//!
//! A [`Bucket`] is a function of the times and sizes that it is told: it has no clock.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What a volume may do in a second. The figures of EBS's volume types come from the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Operations per second.
    pub iops: Option<u32>,
    /// Bytes per second.
    pub throughput: Option<u64>,
    /// The bytes that count as one operation: a larger one counts as several. EBS: 256 KiB on SSD volumes, 1 MiB on HDD volumes.
    pub operation: u32,
}

impl Limits {
    /// No limits.
    pub const NONE: Limits = Limits { iops: None, throughput: None, operation: 256 * 1024 };
}

/// How far ahead of its rate a volume may be: about what a disk's queue holds.
const AHEAD: Duration = Duration::from_millis(50);
/// The longest that one operation is told to wait: whatever happens to the clock or the limits, none waits for ever.
const LONGEST: Duration = Duration::from_secs(10);

/// What is left of the limits.
#[derive(Debug)]
pub struct Bucket {
    limits: Limits,
    /// When the operations so far are paid for.
    operations: Duration,
    /// When the bytes so far are paid for.
    bytes: Duration,
}

impl Bucket {
    /// A bucket that nothing was taken from.
    pub fn new(limits: Limits) -> Bucket {
        Bucket { limits, operations: Duration::ZERO, bytes: Duration::ZERO }
    }

    /// Sets new limits, from now on: nobody waits for what was owed under the old ones.
    pub fn set(&mut self, limits: Limits) {
        *self = Bucket::new(limits);
    }

    /// Takes an operation of so many bytes at `now`, a time since any fixed moment, and tells how long it has to wait.
    pub fn take(&mut self, now: Duration, bytes: usize) -> Duration {
        let operations = bytes.div_ceil(self.limits.operation.max(1) as usize).max(1);
        let first = self.limits.iops.map(|rate| pay(&mut self.operations, now, operations as f64 / f64::from(rate.max(1))));
        let second = self.limits.throughput.map(|rate| pay(&mut self.bytes, now, bytes as f64 / rate.max(1) as f64));
        first.max(second).unwrap_or_default().min(LONGEST)
    }
}

/// Adds a cost of so many seconds to what is owed, and tells how long to wait until it is no more than may be owed.
fn pay(until: &mut Duration, now: Duration, cost: f64) -> Duration {
    // After an idle time nothing is saved up; after a clock's jump backwards no more is owed than could have been.
    let owed_from = (*until).clamp(now, now + LONGEST);
    *until = owed_from + Duration::from_secs_f64(cost);
    owed_from.saturating_sub(now + AHEAD)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Does as many operations of a size as can be done in `seconds`, each after the one before it.
    fn done(limits: Limits, bytes: usize, seconds: u64) -> u64 {
        let mut bucket = Bucket::new(limits);
        let (mut now, mut count) = (Duration::ZERO, 0);
        while now < Duration::from_secs(seconds) {
            now += bucket.take(now, bytes) + Duration::from_micros(10);
            count += 1;
        }
        count
    }

    fn about(found: u64, wanted: u64) {
        assert!(found.abs_diff(wanted) * 100 <= wanted * 2, "{found}, not {wanted}");
    }

    #[test]
    fn operations_are_limited() {
        let limits = Limits { iops: Some(3000), ..Limits::NONE };
        about(done(limits, 4096, 10), 30_000);
        about(done(limits, 256 * 1024, 10), 30_000);
        about(done(limits, 1024 * 1024, 10), 7_500);
    }

    #[test]
    fn throughput_is_limited() {
        let limits = Limits { iops: Some(3000), throughput: Some(125 << 20), operation: 256 * 1024 };
        about(done(limits, 1 << 20, 20), 2_500);
        about(done(limits, 4096, 10), 30_000);
    }

    #[test]
    fn without_limits_nobody_waits() {
        let mut bucket = Bucket::new(Limits::NONE);
        assert!((0..1000).all(|_| bucket.take(Duration::ZERO, 1 << 20).is_zero()));
    }

    #[test]
    fn idle_time_is_not_saved_up() {
        let mut bucket = Bucket::new(Limits { iops: Some(100), ..Limits::NONE });
        let now = Duration::from_secs(1000);
        assert_eq!((0..).take_while(|_| bucket.take(now, 1).is_zero()).count(), 6);
    }

    #[test]
    fn new_limits_hold_at_once() {
        let mut bucket = Bucket::new(Limits { iops: Some(1), ..Limits::NONE });
        for _ in 0..100 {
            bucket.take(Duration::ZERO, 1);
        }
        bucket.set(Limits { iops: Some(1000), ..Limits::NONE });
        assert!(bucket.take(Duration::ZERO, 1).is_zero());
    }

    #[test]
    fn a_clock_that_jumps_back_stops_nobody_for_long() {
        let mut bucket = Bucket::new(Limits { iops: Some(10), ..Limits::NONE });
        bucket.take(Duration::from_secs(1_000_000), 1);
        assert!(bucket.take(Duration::from_secs(1), 1) <= LONGEST);
    }
}
