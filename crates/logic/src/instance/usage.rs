//! What an instance is paid for (EC2 user guide, "Billing by instance state"; "Amazon EC2 On-Demand Pricing": by the second, a minute at
//! least).

use model::Timestamp;

/// The seconds that a stretch of running is paid for.
pub fn paid_seconds(from: Timestamp, to: Timestamp) -> u64 {
    let millis = u64::try_from(to.since(from).as_millis()).unwrap_or(u64::MAX);
    millis.div_ceil(1000).max(60)
}
