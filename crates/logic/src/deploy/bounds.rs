//! The numbers that bound a rolling update.

use model::ecs::{Rollout, Threshold};
use std::time::Duration;

/// After so long a running task without health checks counts as healthy.
pub const TRUSTED_AFTER: Duration = Duration::from_secs(40);

/// A task that dies sooner than this after its start is replaced no faster than [`CRASH_PACE`] allows.
pub const SHORT_LIFE: Duration = Duration::from_secs(10);

/// Between the death of a task with a short life and its replacement. At AWS, the time that a task takes to be provisioned has the
/// same effect.
pub const CRASH_PACE: Duration = Duration::from_secs(2);

/// The longest time between two attempts to start a task ("Service throttle logic").
const LONGEST_BACKOFF: Duration = Duration::from_secs(27 * 60);

/// No more tasks than these may run or start at a time: `maximumPercent`, rounded down, but one where any is desired.
pub fn maximum(rollout: &Rollout, desired: u32) -> u32 {
    let tasks = u64::from(desired) * u64::from(rollout.maximum_percent) / 100;
    u32::try_from(tasks).unwrap_or(u32::MAX).max(desired.min(1))
}

/// No fewer healthy tasks than these may be left: `minimumHealthyPercent`, rounded up.
pub fn minimum_healthy(rollout: &Rollout, desired: u32) -> u32 {
    percent_up(rollout.minimum_healthy_percent, desired)
}

/// So many failures are too many for a deployment.
pub fn failure_threshold(threshold: Threshold, desired: u32) -> u32 {
    match threshold {
        Threshold::Count(count) => count,
        Threshold::BoundedPercent(percent) => percent_up(percent, desired).clamp(3, 200),
        Threshold::UnboundedPercent(percent) => percent_up(percent, desired).max(1),
    }
}

/// How long the scheduler waits after so many attempts in a row to start tasks have failed.
pub fn backoff(failures: u32) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    (Duration::from_secs(2) * 2u32.pow(doublings)).min(LONGEST_BACKOFF)
}

fn percent_up(percent: u32, desired: u32) -> u32 {
    let tasks = (u64::from(desired) * u64::from(percent)).div_ceil(100);
    u32::try_from(tasks).unwrap_or(u32::MAX)
}
