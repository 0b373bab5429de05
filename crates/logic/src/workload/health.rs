//! What a container's health check has found so far.
//!
//! As in Docker: the first check comes one interval after the start; failures within the start period don't count, a success does at any time.

use agent_proto::workload::{Health, HealthCheck};
use model::Timestamp;
use serde::{Deserialize, Serialize};

/// The checks of one container.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthTrack {
    /// The verdict.
    pub health: Health,
    /// Failures in a row that count.
    pub failures: u32,
    /// The last check began then.
    pub checked_at: Option<Timestamp>,
    /// A check runs.
    pub checking: bool,
}

impl HealthTrack {
    /// When the next check is due; `None` while one runs.
    pub fn due(&self, check: &HealthCheck, started: Timestamp) -> Option<Timestamp> {
        (!self.checking).then(|| self.checked_at.unwrap_or(started) + check.interval)
    }

    /// Notes that a check has begun.
    pub fn begin(&mut self, now: Timestamp) {
        self.checked_at = Some(now);
        self.checking = true;
    }

    /// Notes how a check has ended.
    pub fn end(&mut self, check: &HealthCheck, started: Timestamp, passed: bool, now: Timestamp) {
        self.checking = false;
        if passed {
            (self.health, self.failures) = (Health::Healthy, 0);
            return;
        }
        let in_start_period = now.since(started) < check.start_period;
        if in_start_period && self.health != Health::Healthy {
            return;
        }
        self.failures = self.failures.saturating_add(1);
        if self.failures >= check.retries.max(1) {
            self.health = Health::Unhealthy;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const CHECK: HealthCheck = HealthCheck {
        command: Vec::new(),
        interval: Duration::from_secs(10),
        timeout: Duration::from_secs(5),
        retries: 2,
        start_period: Duration::from_secs(30),
    };

    fn after(results: &[(i64, bool)]) -> Health {
        let mut track = HealthTrack::default();
        for (second, passed) in results {
            track.end(&CHECK, Timestamp(0), *passed, Timestamp(second * 1000));
        }
        track.health
    }

    #[test]
    fn failures_count_after_the_start_period_and_in_a_row() {
        assert_eq!(after(&[]), Health::Unknown);
        assert_eq!(after(&[(10, false), (20, false), (29, false)]), Health::Unknown);
        assert_eq!(after(&[(20, false), (30, false)]), Health::Unknown);
        assert_eq!(after(&[(30, false), (40, false)]), Health::Unhealthy);
        assert_eq!(after(&[(30, false), (40, true), (50, false)]), Health::Healthy);
        assert_eq!(after(&[(10, true), (12, false), (14, false)]), Health::Unhealthy, "once healthy, the start is over");
        assert_eq!(after(&[(30, false), (40, false), (50, true)]), Health::Healthy);
    }

    #[test]
    fn checks_come_an_interval_apart_and_never_two_at_once() {
        let mut track = HealthTrack::default();
        assert_eq!(track.due(&CHECK, Timestamp(500)), Some(Timestamp(10_500)));
        track.begin(Timestamp(10_600));
        assert_eq!(track.due(&CHECK, Timestamp(500)), None);
        track.end(&CHECK, Timestamp(500), true, Timestamp(12_000));
        assert_eq!(track.due(&CHECK, Timestamp(500)), Some(Timestamp(20_600)));
    }
}
