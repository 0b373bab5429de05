//! When something that couldn't be delivered is tried again, and when it is given up.

use model::{
    Timestamp,
    delivery::{DeliveryPlan, DeliverySpec},
};
use std::time::Duration;

/// The first pause, which doubles from one time to the next.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// The longest pause: 185 tries fill a day about so, as EventBridge's do.
const LONGEST_PAUSE: Duration = Duration::from_secs(500);

/// What comes after a try that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// It is tried again then.
    Again(Timestamp),
    /// It has become too old.
    TooOld,
    /// It was tried often enough.
    TriedEnough,
    /// Trying again can't help.
    Hopeless,
}

impl Next {
    /// The dead letter's `EXHAUSTED_RETRY_CONDITION` (EventBridge user guide, "Dead-letter queues"); none where nothing was exhausted.
    pub fn condition(self) -> Option<&'static str> {
        match self {
            Next::TooOld => Some("MaximumEventAgeInSeconds"),
            Next::TriedEnough => Some("MaximumRetryAttempts"),
            Next::Again(_) | Next::Hopeless => None,
        }
    }
}

/// When it is due.
pub fn due(spec: &DeliverySpec, plan: &DeliveryPlan) -> Timestamp {
    plan.next.unwrap_or(spec.not_before)
}

/// What to do now that it was tried `attempts` times, the last one in vain. `lasting` says that it would fail again whenever it is tried:
/// the target is gone, or doesn't allow it.
pub fn after_failure(spec: &DeliverySpec, attempts: u32, lasting: bool, now: Timestamp) -> Next {
    let end = spec.wanted + Duration::from_secs(spec.retry.max_age.into());
    let again = now + pause(attempts);
    if lasting {
        Next::Hopeless
    } else if attempts > spec.retry.max_retries {
        Next::TriedEnough
    } else if again > end {
        Next::TooOld
    } else {
        Next::Again(again)
    }
}

fn pause(attempts: u32) -> Duration {
    let doubled = FIRST_PAUSE.saturating_mul(1 << attempts.saturating_sub(1).min(16));
    doubled.min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests;
