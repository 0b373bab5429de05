//! What services say, in the words of the Amazon ECS Developer Guide, "Service event messages".

use super::Shortage;
use model::{
    Timestamp,
    ecs::{Event, ServicePlan},
};

/// Adds an event to a plan, which keeps the last hundred.
pub fn push(plan: &mut ServicePlan, at: Timestamp, message: String) {
    super::newest_first(&mut plan.events, Event { at, message });
}

fn task_list<'a>(ids: impl IntoIterator<Item = &'a String>) -> String {
    let names: Vec<String> = ids.into_iter().map(|id| format!("(task {id})")).collect();
    names.join(" ")
}

/// Tasks were started.
pub fn started(service: &str, ids: &[String]) -> String {
    format!("(service {service}) has started {} tasks: {}.", ids.len(), task_list(ids))
}

/// Tasks were told to stop.
pub fn stopped<'a>(service: &str, ids: impl ExactSizeIterator<Item = &'a String>) -> String {
    format!("(service {service}) has stopped {} running tasks: {}.", ids.len(), task_list(ids))
}

/// Targets were registered.
pub fn registered(service: &str, targets: usize, group: &str) -> String {
    format!("(service {service}) registered {targets} targets in (target-group {group})")
}

/// Targets were deregistered.
pub fn deregistered(service: &str, targets: usize, group: &str) -> String {
    format!("(service {service}) deregistered {targets} targets in (target-group {group})")
}

/// Targets drain.
pub fn draining(service: &str, tasks: usize) -> String {
    format!("(service {service}) has begun draining connections on {tasks} tasks.")
}

/// Nothing is left to do.
pub fn steady(service: &str) -> String {
    format!("(service {service}) has reached a steady state.")
}

/// A deployment has come to its end.
pub fn completed(service: &str, deployment: &str) -> String {
    format!("(service {service}) (deployment {deployment}) deployment completed.")
}

/// A deployment was given up.
pub fn failed(service: &str, deployment: &str) -> String {
    format!("(service {service}) (deployment {deployment}) deployment failed: tasks failed to start.")
}

/// The last completed deployment takes over again.
pub fn rolling_back(service: &str, deployment: &str) -> String {
    format!("(service {service}) rolling back to deployment {deployment}.")
}

/// Tasks fail again and again.
pub fn throttled(service: &str) -> String {
    format!(
        "(service {service}) is unable to consistently start tasks successfully. For more information, see the Troubleshooting \
         section of the Amazon ECS Developer Guide."
    )
}

/// A task can't be had.
pub fn shortage(service: &str, shortage: &Shortage) -> String {
    match shortage {
        Shortage::Launch(error) => format!("(service {service}) failed to launch a task with (error {error})."),
        Shortage::Place(reason) => format!("(service {service}) was unable to place a task because {reason}"),
        Shortage::None => format!("(service {service}) was unable to place a task."),
    }
}

/// `minimumHealthyPercent` and `maximumPercent` together forbid every step.
pub fn stuck(service: &str) -> String {
    format!(
        "(service {service}) was unable to stop or start tasks during a deployment because of the service deployment \
         configuration. Update the minimumHealthyPercent or maximumPercent value and try again."
    )
}
