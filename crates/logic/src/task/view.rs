//! What the API shows of a task.

use super::{Facts, LastStatus};
use model::{
    Timestamp,
    ecs::{ContainerDefinition, ContainerProgress, Stop},
};

/// A task as the API shows it, as far as it changes in the task's life.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// How far it is.
    pub last_status: LastStatus,
    /// `STOPPED` once anything has decided its end, else `RUNNING`.
    pub desired_status: &'static str,
    /// Its essential containers' health in one word.
    pub health: Health,
    /// When the host took it over.
    pub connected_at: Option<Timestamp>,
    /// When it began to pull images.
    pub pull_started_at: Option<Timestamp>,
    /// When it had all images.
    pub pull_stopped_at: Option<Timestamp>,
    /// When it began to run.
    pub started_at: Option<Timestamp>,
    /// When its end was decided.
    pub stopping_at: Option<Timestamp>,
    /// When its first essential container ended.
    pub execution_stopped_at: Option<Timestamp>,
    /// When all was over.
    pub stopped_at: Option<Timestamp>,
    /// Why it ends.
    pub ending: Option<Stop>,
    /// Grows with each change.
    pub version: i64,
    /// In the order of the task definition.
    pub containers: Vec<ContainerView>,
}

/// A container as the API shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct ContainerView {
    /// Its name.
    pub name: String,
    /// `PENDING`, `RUNNING` or `STOPPED`.
    pub last_status: &'static str,
    /// Of its health check.
    pub health: Health,
    /// What its host knows.
    pub progress: ContainerProgress,
}

/// `healthStatus`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// All checks pass.
    Healthy,
    /// A check fails.
    Unhealthy,
    /// There is no check, or it has not come to an end.
    Unknown,
}

/// What the API shows.
pub fn view(facts: &Facts) -> View {
    let progress = facts.progress();
    let ending = facts.ending();
    View {
        last_status: facts.last_status(),
        desired_status: if ending.is_some() { "STOPPED" } else { "RUNNING" },
        health: task_health(facts),
        connected_at: facts.plan.placed_at,
        pull_started_at: progress.pull_started_at,
        pull_stopped_at: progress.pull_stopped_at,
        started_at: started_at(facts),
        stopping_at: ending.as_ref().map(|stop| stop.at),
        execution_stopped_at: facts.execution_stopped_at(),
        stopped_at: facts.plan.stopped_at,
        version: version(facts, ending.is_some()),
        ending,
        containers: facts.definition.containers.iter().map(|container| container_view(facts, container)).collect(),
    }
}

/// When the last of its containers had been started and, with load balancers, it had been registered.
fn started_at(facts: &Facts) -> Option<Timestamp> {
    let last = facts.progress().containers.values().filter_map(|container| container.started_at).max()?;
    let registered = facts.plan.registered.as_ref().map(|registered| registered.at);
    match facts.spec.load_balancers.is_empty() {
        _ if !facts.all_started() => None,
        true => Some(last),
        false => registered.map(|at| at.max(last)),
    }
}

fn task_health(facts: &Facts) -> Health {
    let checked = |container: &&ContainerDefinition| container.essential && container.health_check.is_some();
    let health = facts.definition.containers.iter().filter(checked).map(|container| container_health(facts, container));
    let all: Vec<Health> = health.collect();
    match () {
        () if all.contains(&Health::Unhealthy) => Health::Unhealthy,
        () if all.is_empty() || all.contains(&Health::Unknown) => Health::Unknown,
        () => Health::Healthy,
    }
}

fn container_health(facts: &Facts, container: &ContainerDefinition) -> Health {
    let known = facts.container(&container.name).and_then(|progress| progress.healthy);
    match known.filter(|_| container.health_check.is_some()) {
        Some(true) => Health::Healthy,
        Some(false) => Health::Unhealthy,
        None => Health::Unknown,
    }
}

fn container_view(facts: &Facts, container: &ContainerDefinition) -> ContainerView {
    let progress = facts.container(&container.name).cloned().unwrap_or_default();
    let over = progress.exited_at.is_some() || facts.plan.stopped_at.is_some();
    let last_status = match progress.started_at {
        _ if over => "STOPPED",
        Some(_) => "RUNNING",
        None => "PENDING",
    };
    ContainerView { name: container.name.clone(), last_status, health: container_health(facts, container), progress }
}

/// The number of things that have happened to the task. Each of them stays known, so that the number never falls.
fn version(facts: &Facts, ending: bool) -> i64 {
    let progress = facts.progress();
    let steps = [facts.plan.placed_at, facts.plan.deregistered_at, facts.plan.halted_at, facts.plan.stopped_at];
    let pulls = [progress.pull_started_at, progress.pull_stopped_at];
    let containers = progress.containers.values().flat_map(|container| [container.started_at, container.exited_at]);
    let happened = steps.into_iter().chain(pulls).chain(containers).flatten().count();
    1 + happened as i64 + i64::from(facts.plan.registered.is_some()) + i64::from(ending)
}
