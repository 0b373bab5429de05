//! Services: so many tasks of a definition, kept running.

use super::{AwsVpc, Launch, LoadBalancer, Revision, Tags};
use crate::{Record, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A service, under `<cluster>/<name>`.
pub enum Service {}

impl Record for Service {
    const KIND: &'static str = "ecs/service";
    type Spec = ServiceSpec;
    type Plan = ServicePlan;
    type Observed = ();
}

/// What a [`Service`] is asked to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceSpec {
    /// When it was made.
    pub created_at: Timestamp,
    /// The ARN of who made it.
    pub created_by: String,
    /// When it was deleted: it is `DRAINING` until its tasks have stopped, then `INACTIVE`.
    pub deleted_at: Option<Timestamp>,
    /// So many tasks.
    pub desired_count: u32,
    /// What they are to be; replaced as a whole when a new deployment is asked for.
    pub target: Target,
    /// How one deployment follows another.
    pub rollout: Rollout,
    /// Seconds after a task's start in which failed health checks don't count.
    pub grace_period: Option<u32>,
    /// Tasks carry `aws:ecs:serviceName` and `aws:ecs:clusterName`.
    pub managed_tags: bool,
    /// Whose tags tasks carry.
    pub propagate_tags: Option<PropagateTags>,
    /// `spread`, `binpack`, `random` with their fields, as given.
    pub placement_strategy: Vec<(String, Option<String>)>,
    /// The token of `CreateService`.
    pub client_token: Option<String>,
    /// Its tags.
    pub tags: Tags,
}

/// Whose tags a task carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PropagateTags {
    /// The task definition's.
    TaskDefinition,
    /// The service's.
    Service,
}

/// What the tasks of a deployment are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// The deployment's id: `ecs-svc/` and 19 digits.
    pub deployment: String,
    /// When it was asked for.
    pub asked_at: Timestamp,
    /// The task definition.
    pub definition: Revision,
    /// Where and how.
    pub launch: Launch,
    /// `LATEST`, or a version such as `1.4.0`, as it was asked for; of Fargate only.
    pub platform_version: Option<String>,
    /// Where tasks have interfaces of their own.
    pub network: Option<AwsVpc>,
    /// What the tasks are registered with.
    pub load_balancers: Vec<LoadBalancer>,
}

/// `deploymentConfiguration`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rollout {
    /// Of the desired count, rounded down: no more tasks than these run or start at a time.
    pub maximum_percent: u32,
    /// Of the desired count, rounded up: no fewer healthy tasks than these are left.
    pub minimum_healthy_percent: u32,
    /// Gives up on a deployment whose tasks fail.
    pub circuit_breaker: Option<CircuitBreaker>,
}

/// `deploymentCircuitBreaker`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CircuitBreaker {
    /// It is on.
    pub enable: bool,
    /// A failed deployment gives way to the last one that was completed.
    pub rollback: bool,
    /// A healthy task sets the count of failures to zero.
    pub reset_on_healthy_task: bool,
    /// How many failures are too many.
    pub threshold: Threshold,
}

/// `thresholdConfiguration`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Threshold {
    /// So many.
    Count(u32),
    /// So many percent of the desired count, but at least 3 and at most 200.
    BoundedPercent(u32),
    /// So many percent of the desired count.
    UnboundedPercent(u32),
}

/// What was decided on a [`Service`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServicePlan {
    /// The primary one first.
    pub deployments: Vec<Deployment>,
    /// The last one that was completed, to roll back to.
    pub completed: Option<Target>,
    /// Deployments asked for up to this one have been taken up.
    pub taken_up: Option<String>,
    /// The last hundred, the newest first.
    pub events: Vec<Event>,
    /// Tasks that the service had at the last decision, with what is known of them.
    pub tasks: BTreeMap<String, Noted>,
    /// As many attempts in a row to start tasks have failed.
    pub failures_in_a_row: u32,
    /// No task is started before.
    pub start_after: Option<Timestamp>,
    /// The service was in a steady state at the last decision.
    pub steady: bool,
    /// The reason why no task could be placed, as the last event said.
    pub unplaced: Option<String>,
    /// All tasks of a deleted service have stopped.
    pub inactive_at: Option<Timestamp>,
}

/// What the scheduler knows of a task, so that it says and counts everything once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Noted {
    /// It has run.
    pub ran: bool,
    /// It was healthy.
    pub healthy: bool,
    /// It was registered with its target groups.
    pub registered: bool,
    /// It was told to stop.
    pub stopping: bool,
    /// Its targets were deregistered.
    pub deregistered: bool,
    /// It failed to start, or for its health, and was counted.
    pub failed: bool,
    /// It has stopped.
    pub stopped: bool,
}

/// A deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployment {
    /// What its tasks are.
    pub target: Target,
    /// How far it is.
    pub state: RolloutState,
    /// Why.
    pub reason: String,
    /// As many tasks of it have failed.
    pub failed_tasks: u32,
    /// One of its tasks has run.
    pub ran: bool,
    /// When any of this changed.
    pub updated_at: Timestamp,
}

/// How far a deployment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RolloutState {
    /// Tasks start and stop.
    InProgress,
    /// It has been in a steady state.
    Completed,
    /// The circuit breaker has given it up.
    Failed,
}

/// Something that happened to a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// A sentence that begins with `(service …)`.
    pub message: String,
}
