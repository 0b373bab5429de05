//! `dependsOn`: whether a container may start yet, or never will (ECS API reference, `ContainerDependency`).

use super::progress::Track;
use agent_proto::workload::{Condition, Container, ContainerState, Health};
use model::Timestamp;

/// How a dependency stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It has come so far.
    Met,
    /// It may still come so far.
    Open,
    /// It can't any more, and why.
    Never(String),
}

/// How `on` stands towards a condition.
pub(super) fn standing(condition: Condition, on: &Container, track: &Track, now: Timestamp) -> Standing {
    let gone = match (condition, &track.state) {
        (Condition::Start, ContainerState::Running { .. } | ContainerState::Exited { started: Some(_), .. }) => {
            return Standing::Met;
        }
        (Condition::Complete, ContainerState::Exited { started: Some(_), .. }) => return Standing::Met,
        (Condition::Success, ContainerState::Exited { exit_code: Some(0), .. }) => return Standing::Met,
        (Condition::Healthy, ContainerState::Running { .. }) if track.health.health == Health::Healthy => return Standing::Met,
        (_, ContainerState::Exited { exit_code: Some(code), .. }) => format!("has exited with code {code}"),
        (_, ContainerState::Exited { .. }) => "did not run".into(),
        _ if timed_out(on, track, now) => "did not get there within its start timeout".into(),
        _ => return Standing::Open,
    };
    Standing::Never(format!("{} {gone}, so that it can't reach the condition {}", on.name, name(condition)))
}

/// When a container's start timeout ends: it counts for those that wait for it.
pub(super) fn timeout_end(on: &Container, track: &Track) -> Option<Timestamp> {
    Some(track.started()? + on.start_timeout?)
}

fn timed_out(on: &Container, track: &Track, now: Timestamp) -> bool {
    timeout_end(on, track).is_some_and(|end| end <= now)
}

fn name(condition: Condition) -> &'static str {
    match condition {
        Condition::Start => "START",
        Condition::Complete => "COMPLETE",
        Condition::Success => "SUCCESS",
        Condition::Healthy => "HEALTHY",
    }
}
