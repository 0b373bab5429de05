//! Moments as events and schedules have them: in UTC, to the second.

use model::Timestamp;

/// `2026-01-01T00:00:00Z`.
pub fn shown(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.0).map(|at| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()).unwrap_or_default()
}
