//! Token buckets: how many requests are let through. They fill steadily, and hold so much that a burst can come at once.

use model::Timestamp;

/// How fast a bucket fills, and how much it holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limit {
    /// Tokens a second.
    pub rate: f64,
    /// Tokens at most.
    pub burst: f64,
}

/// A bucket.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bucket {
    tokens: f64,
    at: Timestamp,
}

impl Bucket {
    /// A full one.
    pub fn full(limit: Limit, now: Timestamp) -> Self {
        Self { tokens: limit.burst, at: now }
    }

    /// Takes a token, if there is one. The limit may be another one than before.
    pub fn take(&mut self, limit: Limit, now: Timestamp) -> bool {
        self.tokens = self.filled(limit, now);
        self.at = self.at.max(now);
        let granted = self.tokens >= 1.0;
        if granted {
            self.tokens -= 1.0;
        }
        granted
    }

    /// Whether it holds as much as it can, so that nothing has to be remembered of it.
    pub fn is_full(&self, limit: Limit, now: Timestamp) -> bool {
        self.filled(limit, now) >= limit.burst
    }

    fn filled(&self, limit: Limit, now: Timestamp) -> f64 {
        (self.tokens + limit.rate * now.since(self.at).as_secs_f64()).min(limit.burst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_let_through_and_then_the_rate() {
        let limit = Limit { rate: 2.0, burst: 3.0 };
        let mut bucket = Bucket::full(limit, Timestamp(0));
        let mut at = |ms: i64| bucket.take(limit, Timestamp(ms));
        assert_eq!([at(0), at(0), at(0), at(0)], [true, true, true, false]);
        assert_eq!([at(499), at(500), at(600), at(1_000)], [false, true, false, true]);
        assert_eq!([at(60_000), at(60_000), at(60_000), at(60_000)], [true, true, true, false], "no more than the burst");
    }

    #[test]
    fn nothing_is_let_through_a_bucket_of_nothing() {
        let limit = Limit { rate: 0.0, burst: 0.0 };
        assert!(!Bucket::full(limit, Timestamp(0)).take(limit, Timestamp(1_000_000)));
    }

    #[test]
    fn a_bucket_is_full_again_in_time() {
        let limit = Limit { rate: 2.0, burst: 1.0 };
        let mut bucket = Bucket::full(limit, Timestamp(0));
        assert!(bucket.take(limit, Timestamp(0)));
        assert_eq!([0, 499, 500].map(|ms| bucket.is_full(limit, Timestamp(ms))), [false, false, true]);
    }
}
