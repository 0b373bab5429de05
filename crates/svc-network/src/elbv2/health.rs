//! The health of a target as `DescribeTargetHealth` tells it: a function of what was asked for and what the edge has seen. Pure.
//!
//! States, reasons and sentences are those of the documentation (user guide, "Target health status").

use api::elbv2::{TargetHealth, TargetHealthReasonEnum as Reason, TargetHealthStateEnum as State};
use model::elbv2::{Health, TargetObserved, TargetSpec};

/// Where a target stands towards the balancers that could send it requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// No listener or rule passes requests to its group.
    NoBalancer,
    /// The balancer has no subnet in the target's Availability Zone.
    OtherZone,
    /// A balancer can send it requests.
    Reachable,
}

/// The health of a registered target.
pub fn of(spec: &TargetSpec, observed: &TargetObserved, reach: Reach) -> TargetHealth {
    if spec.deregistered_at.is_some() {
        return because(State::Draining, Reason::TargetDeregistrationInProgress, "Target deregistration is in progress");
    }
    match reach {
        Reach::NoBalancer => {
            return because(
                State::Unused,
                Reason::TargetNotInUse,
                "Target group is not configured to receive traffic from the load balancer",
            );
        }
        Reach::OtherZone => {
            let message = "Target is in an Availability Zone that is not enabled for the load balancer";
            return because(State::Unused, Reason::TargetNotInUse, message);
        }
        Reach::Reachable => {}
    }
    match &observed.health {
        Health::Unknown => because(State::Initial, Reason::ElbRegistrationInProgress, "Target registration is in progress"),
        Health::Initial => because(State::Initial, Reason::ElbInitialHealthChecking, "Initial health checks in progress"),
        Health::Healthy => TargetHealth { state: Some(State::Healthy), reason: None, description: None },
        Health::Unhealthy { reason, description } => {
            because(State::Unhealthy, Reason::parse(reason).unwrap_or(Reason::TargetFailedHealthChecks), description)
        }
    }
}

/// The health of what is no member of the group.
pub fn not_registered() -> TargetHealth {
    because(State::Unused, Reason::TargetNotRegistered, "Target is not registered to the target group")
}

fn because(state: State, reason: Reason, description: &str) -> TargetHealth {
    TargetHealth { state: Some(state), reason: Some(reason), description: Some(description.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Timestamp;

    fn state(health: Health, reach: Reach, draining: bool) -> (State, Option<Reason>) {
        let spec = TargetSpec {
            address: [10, 0, 0, 1].into(),
            port: 80,
            zone: None,
            registered_at: Timestamp(0),
            deregistered_at: draining.then_some(Timestamp(1)),
        };
        let found = of(&spec, &TargetObserved { health, ..TargetObserved::default() }, reach);
        (found.state.unwrap(), found.reason)
    }

    #[test]
    fn follows_the_documentation() {
        use Reach::{NoBalancer, OtherZone, Reachable};
        let bad = || Health::Unhealthy { reason: "Target.Timeout".into(), description: "Request timed out".into() };
        for (health, reach, draining, expected) in [
            (Health::Unknown, Reachable, false, (State::Initial, Some(Reason::ElbRegistrationInProgress))),
            (Health::Initial, Reachable, false, (State::Initial, Some(Reason::ElbInitialHealthChecking))),
            (Health::Healthy, Reachable, false, (State::Healthy, None)),
            (bad(), Reachable, false, (State::Unhealthy, Some(Reason::TargetTimeout))),
            (Health::Healthy, NoBalancer, false, (State::Unused, Some(Reason::TargetNotInUse))),
            (Health::Healthy, OtherZone, false, (State::Unused, Some(Reason::TargetNotInUse))),
            (Health::Healthy, Reachable, true, (State::Draining, Some(Reason::TargetDeregistrationInProgress))),
        ] {
            assert_eq!(state(health, reach, draining), expected);
        }
    }
}
