//! When an asynchronous event is tried again, and when it is given up (Lambda developer guide, "How Lambda handles errors and retries with
//! asynchronous invocation").

use model::Timestamp;
use std::time::Duration;

/// How long an event is kept where its function's owner doesn't say.
pub const OLDEST: Duration = Duration::from_secs(6 * 3600);
/// How often a function that failed is tried again where its owner doesn't say.
pub const RETRIES: u32 = 2;
/// The longest time between two attempts of which none got so far as to run the function.
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// How long an event is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// `MaximumEventAgeInSeconds`.
    pub oldest: Duration,
    /// `MaximumRetryAttempts`.
    pub retries: u32,
}

impl Default for Terms {
    fn default() -> Self {
        Self { oldest: OLDEST, retries: RETRIES }
    }
}

/// Why an event is given up, or that it has succeeded: the `condition` of an invocation's record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// The function has answered.
    Success,
    /// It has failed as often as it may.
    RetriesExhausted,
    /// The event has become too old.
    EventAgeExceeded,
    /// Nothing is reserved for the function, so that it can't run.
    ZeroReservedConcurrency,
    /// The function has called itself in a loop.
    RecursiveInvocation,
}

impl Condition {
    /// As the record spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "Success",
            Self::RetriesExhausted => "RetriesExhausted",
            Self::EventAgeExceeded => "EventAgeExceeded",
            Self::ZeroReservedConcurrency => "ZeroReservedConcurrency",
            Self::RecursiveInvocation => "RecursiveInvocation",
        }
    }
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// It is tried again then.
    Again(Timestamp),
    /// It is given up.
    GiveUp(Condition),
}

/// What comes after the function has failed for the `failures`th time: a minute later again, two minutes after that.
pub fn after_failure(accepted: Timestamp, failures: u32, terms: Terms, now: Timestamp) -> Next {
    if failures > terms.retries {
        return Next::GiveUp(Condition::RetriesExhausted);
    }
    in_time(accepted, now + Duration::from_secs(60) * failures.clamp(1, 2), terms)
}

/// What comes after an attempt that was throttled, or failed for a reason that isn't the function's, for the `times`th time: again after a
/// second, then twice as long each time, up to five minutes.
pub fn after_refusal(accepted: Timestamp, times: u32, terms: Terms, now: Timestamp) -> Next {
    let doubled = 1_u64.checked_shl(times.saturating_sub(1)).unwrap_or(u64::MAX);
    in_time(accepted, now + Duration::from_secs(doubled).min(LONGEST_WAIT), terms)
}

/// Whether an event is too old to be tried at all.
pub fn is_too_old(accepted: Timestamp, terms: Terms, now: Timestamp) -> bool {
    now.since(accepted) > terms.oldest
}

/// An attempt at a time at which the event will be too old isn't waited for.
fn in_time(accepted: Timestamp, at: Timestamp, terms: Terms) -> Next {
    if is_too_old(accepted, terms, at) { Next::GiveUp(Condition::EventAgeExceeded) } else { Next::Again(at) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCEPTED: Timestamp = Timestamp(0);

    fn seconds(seconds: i64) -> Timestamp {
        Timestamp(seconds * 1000)
    }

    #[test]
    fn a_function_that_fails_is_tried_after_one_minute_and_after_two() {
        let terms = Terms::default();
        assert_eq!(after_failure(ACCEPTED, 1, terms, seconds(3)), Next::Again(seconds(63)));
        assert_eq!(after_failure(ACCEPTED, 2, terms, seconds(70)), Next::Again(seconds(190)));
        assert_eq!(after_failure(ACCEPTED, 3, terms, seconds(200)), Next::GiveUp(Condition::RetriesExhausted));
        let once = Terms { retries: 0, ..terms };
        assert_eq!(after_failure(ACCEPTED, 1, once, seconds(3)), Next::GiveUp(Condition::RetriesExhausted));
    }

    #[test]
    fn what_is_throttled_is_tried_less_and_less_often_for_six_hours() {
        let terms = Terms::default();
        let waits: Vec<_> = (1..=10).map(|times| after_refusal(ACCEPTED, times, terms, ACCEPTED)).collect();
        let expected = [1, 2, 4, 8, 16, 32, 64, 128, 256, 300].map(|wait| Next::Again(seconds(wait)));
        assert_eq!(waits, expected);
        assert_eq!(after_refusal(ACCEPTED, 400, terms, seconds(21_300)), Next::Again(seconds(21_600)));
        assert_eq!(after_refusal(ACCEPTED, 400, terms, seconds(21_301)), Next::GiveUp(Condition::EventAgeExceeded));
    }

    #[test]
    fn an_event_that_will_be_too_old_is_given_up_at_once() {
        let terms = Terms { oldest: Duration::from_secs(60), retries: 2 };
        assert_eq!(after_failure(ACCEPTED, 1, terms, seconds(0)), Next::Again(seconds(60)));
        assert_eq!(after_failure(ACCEPTED, 1, terms, seconds(1)), Next::GiveUp(Condition::EventAgeExceeded));
        assert!(is_too_old(ACCEPTED, terms, seconds(61)) && !is_too_old(ACCEPTED, terms, seconds(60)));
    }
}
