//! How many calls a FIFO queue takes (developer guide, "Amazon SQS message quotas" and "High throughput for FIFO queues"): of each kind 300 a
//! second, a batch being one call, so that ten times as many messages go through in batches.
//!
//! With high throughput (`FifoThroughputLimit` is `perMessageGroupId`) the quota counts for each message group by itself. What receives and
//! deletes then is held to nothing here: AWS's quotas of a whole queue are tens of thousands a second, and differ from region to region.

use crate::token_bucket::{Bucket, Limit};
use model::Timestamp;
use std::collections::HashMap;

/// What a queue, or a message group, takes of each kind of call.
const CALLS: Limit = Limit { rate: 300.0, burst: 300.0 };

/// How many buckets are kept before those that are full are forgotten.
const MOST_KEPT: usize = 1024;

/// A kind of call; a batch is of the kind of what it repeats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Call {
    /// `SendMessage`.
    Send,
    /// `ReceiveMessage`.
    Receive,
    /// `DeleteMessage`.
    Delete,
}

/// What was called lately.
#[derive(Debug, Default)]
pub struct Throughput {
    of_queue: HashMap<Call, Bucket>,
    of_groups: HashMap<String, Bucket>,
}

impl Throughput {
    /// Whether the queue takes one more call of that kind.
    pub fn admit(&mut self, call: Call, now: Timestamp) -> bool {
        self.of_queue.entry(call).or_insert_with(|| Bucket::full(CALLS, now)).take(CALLS, now)
    }

    /// Whether the queue takes one more call that sends to the group.
    pub fn admit_to(&mut self, group: &str, now: Timestamp) -> bool {
        if let Some(bucket) = self.of_groups.get_mut(group) {
            return bucket.take(CALLS, now);
        }
        if self.of_groups.len() >= MOST_KEPT {
            self.of_groups.retain(|_, bucket| !bucket.is_full(CALLS, now));
        }
        self.of_groups.entry(group.to_owned()).or_insert_with(|| Bucket::full(CALLS, now)).take(CALLS, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_hundred_calls_of_each_kind_go_through_in_a_second() {
        let mut queue = Throughput::default();
        let mut through = |call, ms| (0..1000).filter(|_| queue.admit(call, Timestamp(ms))).count();
        assert_eq!([through(Call::Send, 0), through(Call::Send, 0), through(Call::Receive, 0)], [300, 0, 300]);
        assert_eq!([through(Call::Send, 500), through(Call::Delete, 500), through(Call::Send, 10_000)], [150, 300, 300]);
    }

    #[test]
    fn groups_have_each_their_own_quota() {
        let mut queue = Throughput::default();
        let mut through = |group: &str, ms| (0..1000).filter(|_| queue.admit_to(group, Timestamp(ms))).count();
        assert_eq!([through("a", 0), through("b", 0), through("a", 100)], [300, 300, 30]);
        (0..5000).for_each(|group| assert!(queue.admit_to(&group.to_string(), Timestamp(group * 1000))));
        assert!(queue.of_groups.len() <= MOST_KEPT);
    }
}
