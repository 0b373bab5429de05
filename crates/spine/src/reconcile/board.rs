//! What each loop is doing, and whether it has a reason to run. No tasks, no waiting.

use super::Wake;
use crate::Watch;
use model::Timestamp;
use std::time::Duration;

/// The first pause after an error; it doubles with each further one.
const FIRST_BACKOFF: Duration = Duration::from_millis(100);

/// The longest pause after an error.
const LONGEST_BACKOFF: Duration = Duration::from_secs(30);

/// What one reconciler has done and will do.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Status {
    /// The reconciler's name.
    pub name: &'static str,
    /// Whether it runs now.
    pub running: bool,
    /// How often it has run.
    pub runs: u64,
    /// How many of the last runs failed, one after the other.
    pub failures: u32,
    /// What the last failed run said; kept when later ones succeed.
    pub last_error: Option<String>,
    /// When it was last started.
    pub last_start: Option<Timestamp>,
    /// How long the last finished run took.
    pub last_duration: Duration,
    /// When it will run again even if nothing changes.
    pub wake: Option<Timestamp>,
}

/// One loop's place on the board.
pub(super) struct Slot {
    pub(super) status: Status,
    /// What was changed up to here was there to see when the last run started.
    pub(super) watch: Watch,
}

impl Slot {
    /// A loop that has not run yet, and is due at once.
    pub(super) fn new(name: &'static str, watch: Watch) -> Self {
        let status = Status {
            name,
            running: false,
            runs: 0,
            failures: 0,
            last_error: None,
            last_start: None,
            last_duration: Duration::ZERO,
            wake: Some(Timestamp(i64::MIN)),
        };
        Self { status, watch }
    }

    /// Whether there is a reason to run now. After an error, changes are none until the pause is over.
    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        let woken = self.status.wake.is_some_and(|wake| wake <= now);
        !self.status.running && (woken || (!self.is_failing() && self.watch.pending()))
    }

    /// Whether the last run failed.
    pub(super) fn is_failing(&self) -> bool {
        self.status.failures > 0
    }

    /// A run starts. All changes up to now will be in the snapshot that it takes.
    pub(super) fn start(&mut self, now: Timestamp) {
        self.watch.mark_seen();
        self.status.running = true;
        self.status.runs += 1;
        self.status.last_start = Some(now);
        self.status.wake = None;
    }

    /// A run has ended.
    pub(super) fn finish(&mut self, now: Timestamp, outcome: Result<Wake, String>) {
        self.status.running = false;
        self.status.last_duration = self.status.last_start.map_or(Duration::ZERO, |start| now.since(start));
        match outcome {
            Ok(wake) => {
                self.status.failures = 0;
                self.status.wake = wake.time();
            }
            Err(error) => {
                self.status.wake = Some(now + backoff(self.status.failures));
                self.status.failures = self.status.failures.saturating_add(1);
                self.status.last_error = Some(error);
            }
        }
    }
}

/// The pause after an error that follows `failures` others.
fn backoff(failures: u32) -> Duration {
    FIRST_BACKOFF.saturating_mul(2_u32.saturating_pow(failures)).min(LONGEST_BACKOFF)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_doubles_up_to_its_limit() {
        assert_eq!(backoff(0), Duration::from_millis(100));
        assert_eq!(backoff(3), Duration::from_millis(800));
        assert_eq!(backoff(9), Duration::from_secs(30));
        assert_eq!(backoff(u32::MAX), Duration::from_secs(30));
    }
}
