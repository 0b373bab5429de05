//! Token buckets: how many requests are let through (developer guide, "Throttle requests to your HTTP APIs").

use model::Timestamp;

/// What an account has where nobody sets anything: requests a second, and at once (developer guide, "API Gateway quotas").
pub const ACCOUNT_RATE: f64 = 10_000.0;
/// See [`ACCOUNT_RATE`].
pub const ACCOUNT_BURST: i32 = 5_000;

/// How fast a bucket fills, and how much it holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limit {
    /// Tokens a second.
    pub rate: f64,
    /// Tokens at most.
    pub burst: f64,
}

impl Limit {
    /// Of settings, where there are any; what they don't say is the account's.
    pub fn of(rate: Option<f64>, burst: Option<i32>) -> Self {
        Self { rate: rate.unwrap_or(ACCOUNT_RATE).max(0.0), burst: f64::from(burst.unwrap_or(ACCOUNT_BURST)).max(0.0) }
    }
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
        let filled = self.tokens + limit.rate * now.since(self.at).as_secs_f64();
        self.tokens = filled.min(limit.burst);
        self.at = self.at.max(now);
        let granted = self.tokens >= 1.0;
        if granted {
            self.tokens -= 1.0;
        }
        granted
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
        let limit = Limit::of(Some(0.0), Some(0));
        assert!(!Bucket::full(limit, Timestamp(0)).take(limit, Timestamp(1_000_000)));
        assert_eq!(Limit::of(None, None), Limit { rate: ACCOUNT_RATE, burst: 5_000.0 });
    }
}
