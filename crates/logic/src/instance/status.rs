//! Status checks (EC2 user guide, "Status checks for your instances").

use super::state;
use model::{
    Timestamp,
    ec2::{InstancePlan, InstanceSpec, InstanceState},
};
use std::time::Duration;

/// For how long a check that has not passed yet is still at its beginning.
const INITIAL: Duration = Duration::from_secs(180);

/// After so long without an answer a check that had passed fails: checks are made once a minute.
const LOST: Duration = Duration::from_secs(60);

/// How a check stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// There is nothing to check: it isn't running.
    NotApplicable,
    /// It has not been made yet.
    Initializing,
    /// It passes.
    Passed,
    /// It has failed since then.
    Failed(Timestamp),
}

/// The checks of an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checks {
    /// Of the host below it.
    pub system: Check,
    /// Of its own system.
    pub instance: Check,
}

/// How the checks of an instance stand. Its host is all right as long as it runs there.
pub fn checks(spec: &InstanceSpec, plan: &InstancePlan, now: Timestamp) -> Checks {
    match state(spec, plan) {
        InstanceState::Running => {
            let instance = instance(plan, now);
            Checks { system: if instance == Check::Initializing { Check::Initializing } else { Check::Passed }, instance }
        }
        InstanceState::Pending => Checks { system: Check::Initializing, instance: Check::Initializing },
        _ => Checks { system: Check::NotApplicable, instance: Check::NotApplicable },
    }
}

fn instance(plan: &InstancePlan, now: Timestamp) -> Check {
    if plan.reachable_since.is_some() {
        return Check::Passed;
    }
    let since = plan.unreachable_since.unwrap_or(plan.since);
    let silent = now.since(since);
    match since == plan.since {
        true if silent < INITIAL => Check::Initializing,
        false if silent < LOST => Check::Passed,
        _ => Check::Failed(since),
    }
}
