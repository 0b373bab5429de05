//! Who is healthy: a state machine over the outcomes of health checks.
//!
//! Spec: "Health checks for Application Load Balancer target groups". A target that was just registered is healthy after one
//! passed check; later, `HealthyThresholdCount` passes in a row are needed to come back, `UnhealthyThresholdCount` failures in a
//! row to go out.

/// How many outcomes in a row change a target's state; a zero counts as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thresholds {
    /// Passes that make an unhealthy target healthy.
    pub healthy: u32,
    /// Failures that make a healthy target unhealthy.
    pub unhealthy: u32,
}

/// How a health check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// With a status code that the group's matcher holds good.
    Passed,
    /// It did not pass.
    Failed(Failure),
}

/// Why a health check did not pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// With another status code than expected.
    Status(u16),
    /// There was no answer in time.
    TimedOut,
    /// The connection failed, or the answer was malformed.
    Broken,
}

impl Failure {
    /// The reason code of `DescribeTargetHealth`.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Status(_) => "Target.ResponseCodeMismatch",
            Self::TimedOut => "Target.Timeout",
            Self::Broken => "Target.FailedHealthChecks",
        }
    }

    /// The description of `DescribeTargetHealth`.
    pub fn description(self) -> String {
        match self {
            Self::Status(code) => format!("Health checks failed with these codes: [{code}]"),
            Self::TimedOut => "Request timed out".into(),
            Self::Broken => "Health checks failed".into(),
        }
    }
}

/// What a target is held to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It has neither passed a check nor failed often enough.
    Initial,
    /// It gets requests.
    Healthy,
    /// It gets none, unless all of its group are so; with the latest failure.
    Unhealthy(Failure),
}

/// A target's state, and how far it is on the way to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// What the target is held to be.
    pub state: State,
    /// Outcomes in a row that speak against the state.
    against: u32,
}

impl Judgement {
    /// Of a target that has not been checked yet.
    pub const NEW: Self = Self::settled(State::Initial);

    const fn settled(state: State) -> Self {
        Self { state, against: 0 }
    }

    /// The judgement after one more check.
    #[must_use]
    pub fn after(self, outcome: Outcome, thresholds: Thresholds) -> Self {
        match (self.state, outcome) {
            (State::Initial, Outcome::Passed) | (State::Healthy, Outcome::Passed) => Self::settled(State::Healthy),
            (State::Unhealthy(_), Outcome::Passed) => self.against_by_one(thresholds.healthy, State::Healthy),
            (State::Unhealthy(_), Outcome::Failed(failure)) => Self::settled(State::Unhealthy(failure)),
            (State::Initial | State::Healthy, Outcome::Failed(failure)) => {
                self.against_by_one(thresholds.unhealthy, State::Unhealthy(failure))
            }
        }
    }

    fn against_by_one(self, threshold: u32, next: State) -> Self {
        match self.against + 1 {
            against if against >= threshold => Self::settled(next),
            against => Self { against, ..self },
        }
    }
}

/// Whether a status code is among the matcher's inclusive ranges.
pub fn judge_status(code: u16, matcher: &[(u16, u16)]) -> Outcome {
    match matcher.iter().any(|(from, to)| (*from..=*to).contains(&code)) {
        true => Outcome::Passed,
        false => Outcome::Failed(Failure::Status(code)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const THRESHOLDS: Thresholds = Thresholds { healthy: 3, unhealthy: 2 };

    /// `+` is a passed check, `-` a failed one; the answer is a letter for the state after each.
    fn course(outcomes: &str) -> String {
        let mut judgement = Judgement::NEW;
        let mut states = String::new();
        for outcome in outcomes.chars() {
            let outcome = if outcome == '+' { Outcome::Passed } else { Outcome::Failed(Failure::Broken) };
            judgement = judgement.after(outcome, THRESHOLDS);
            states.push(match judgement.state {
                State::Initial => 'i',
                State::Healthy => 'h',
                State::Unhealthy(_) => 'u',
            });
        }
        states
    }

    #[test]
    fn courses() {
        for (outcomes, states) in [
            ("+", "h"),
            ("-", "i"),
            ("--", "iu"),
            ("-+", "ih"),
            ("+-+-+", "hhhhh"),
            ("+--", "hhu"),
            ("--++", "iuuu"),
            ("--+++", "iuuuh"),
            ("--++-+++", "iuuuuuuh"),
        ] {
            assert_eq!(course(outcomes), states, "{outcomes}");
        }
    }

    #[test]
    fn the_latest_failure_is_the_one_that_is_told() {
        let failed = |failure| Outcome::Failed(failure);
        let judgement = Judgement::NEW
            .after(failed(Failure::Broken), THRESHOLDS)
            .after(failed(Failure::TimedOut), THRESHOLDS)
            .after(failed(Failure::Status(503)), THRESHOLDS);
        let State::Unhealthy(failure) = judgement.state else { panic!("{judgement:?}") };
        assert_eq!(failure.reason(), "Target.ResponseCodeMismatch");
        assert_eq!(failure.description(), "Health checks failed with these codes: [503]");
    }

    #[test]
    fn matchers() {
        let matcher = [(200, 200), (300, 399)];
        assert_eq!(judge_status(200, &matcher), Outcome::Passed);
        assert_eq!(judge_status(399, &matcher), Outcome::Passed);
        assert_eq!(judge_status(201, &matcher), Outcome::Failed(Failure::Status(201)));
    }

    proptest! {
        #[test]
        fn a_change_needs_as_many_outcomes_as_its_threshold(outcomes in "[+-]{1,40}") {
            let states = course(&outcomes);
            for (end, pair) in states.as_bytes().windows(2).enumerate() {
                let before = &outcomes[..end + 2];
                match pair {
                    b"hu" => prop_assert!(before.ends_with("--")),
                    b"uh" => prop_assert!(before.ends_with("+++")),
                    b"hi" | b"ui" => prop_assert!(false, "nobody becomes initial again"),
                    _ => {}
                }
            }
        }
    }
}
