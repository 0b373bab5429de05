//! How many requests the stages of an HTTP API let through (developer guide, "Throttle requests to your HTTP APIs").

use crate::token_bucket::Limit;

/// What an account has where nobody sets anything: requests a second, and at once (developer guide, "API Gateway quotas").
pub const ACCOUNT_RATE: f64 = 10_000.0;
/// See [`ACCOUNT_RATE`].
pub const ACCOUNT_BURST: i32 = 5_000;

/// The limit of settings, where there are any; what they don't say is the account's.
pub fn limit(rate: Option<f64>, burst: Option<i32>) -> Limit {
    Limit { rate: rate.unwrap_or(ACCOUNT_RATE).max(0.0), burst: f64::from(burst.unwrap_or(ACCOUNT_BURST)).max(0.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_isnt_set_is_the_accounts() {
        assert_eq!(limit(None, None), Limit { rate: ACCOUNT_RATE, burst: 5_000.0 });
        assert_eq!(limit(Some(1.5), Some(0)), Limit { rate: 1.5, burst: 0.0 });
    }
}
