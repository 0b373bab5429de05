//! Tasks: containers that were started together from a task definition.

use super::{AwsVpc, Definition, LaunchType, LoadBalancer, Revision, Tags};
use crate::{Record, Timestamp};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, net::Ipv4Addr};

/// A task, under `<cluster>/<32 hex>`.
pub enum Task {}

impl Record for Task {
    const KIND: &'static str = "ecs/task";
    type Spec = TaskSpec;
    type Plan = TaskPlan;
    type Observed = ();
}

/// What a [`Task`] is asked to be; never changed but for its tags.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaskSpec {
    /// When it was asked for.
    pub created_at: Timestamp,
    /// The task definition.
    pub definition: Revision,
    /// Away from the task definition.
    pub overrides: TaskOverride,
    /// Whoever started it, in their words; a service's tasks have the deployment's id.
    pub started_by: Option<String>,
    /// `family:…`, `service:…` or what the caller chose.
    pub group: String,
    /// The service whose scheduler started it.
    pub service: Option<String>,
    /// Where it runs.
    pub launch_type: LaunchType,
    /// `FARGATE` or `FARGATE_SPOT`, if a strategy chose it.
    pub capacity_provider: Option<String>,
    /// Of Fargate only.
    pub platform_version: Option<String>,
    /// The [`ContainerInstance`](super::ContainerInstance) that it is placed on, by its 32 digits.
    pub container_instance: Option<String>,
    /// Where it has an interface of its own, with the subnet that was chosen as the first of the list.
    pub network: Option<AwsVpc>,
    /// What it is registered with.
    pub load_balancers: Vec<LoadBalancer>,
    /// The token of `RunTask`.
    pub client_token: Option<String>,
    /// Its tags.
    pub tags: Tags,
}

/// What a task has in place of what its definition says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskOverride {
    /// Of its containers.
    pub containers: Vec<ContainerOverride>,
    /// CPU units for all containers.
    pub cpu: Option<u32>,
    /// MiB for all containers.
    pub memory: Option<u32>,
    /// What the agent may do for it.
    pub execution_role: Option<String>,
    /// What its containers may do.
    pub task_role: Option<String>,
}

impl TaskOverride {
    /// The ARN of the role that the task's containers act as.
    pub fn task_role<'a>(&'a self, definition: &'a Definition) -> Option<&'a str> {
        self.task_role.as_deref().or(definition.task_role.as_deref())
    }

    /// The ARN of the role in whose name its images are pulled and its output is kept.
    pub fn execution_role<'a>(&'a self, definition: &'a Definition) -> Option<&'a str> {
        self.execution_role.as_deref().or(definition.execution_role.as_deref())
    }

    /// Both, as far as there are any.
    pub fn roles<'a>(&'a self, definition: &'a Definition) -> impl Iterator<Item = &'a str> {
        self.task_role(definition).into_iter().chain(self.execution_role(definition))
    }
}

/// What a container has in place of what its definition says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContainerOverride {
    /// The container's name.
    pub name: String,
    /// In place of its command.
    pub command: Option<Vec<String>>,
    /// Added to its environment, in the order given.
    pub environment: Vec<(String, String)>,
    /// CPU units.
    pub cpu: Option<u32>,
    /// MiB.
    pub memory: Option<u32>,
    /// MiB.
    pub memory_reservation: Option<u32>,
}

/// The wish that a task stop, under the task's own id. The first one counts; it is deleted with the task.
pub enum TaskStop {}

impl Record for TaskStop {
    const KIND: &'static str = "ecs/task-stop";
    type Spec = Stop;
    type Plan = ();
    type Observed = ();
}

/// Why a task stops.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {
    /// When it was decided.
    pub at: Timestamp,
    /// In one word.
    pub code: StopCode,
    /// In a sentence.
    pub reason: String,
}

/// `stopCode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StopCode {
    /// It never ran.
    TaskFailedToStart,
    /// A container that it can't be without has ended.
    EssentialContainerExited,
    /// `StopTask`.
    UserInitiated,
    /// Its service's scheduler stopped it.
    ServiceSchedulerInitiated,
}

impl StopCode {
    /// The text on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            StopCode::TaskFailedToStart => "TaskFailedToStart",
            StopCode::EssentialContainerExited => "EssentialContainerExited",
            StopCode::UserInitiated => "UserInitiated",
            StopCode::ServiceSchedulerInitiated => "ServiceSchedulerInitiated",
        }
    }
}

/// What was decided on a [`Task`]: the steps that its reconciler has taken.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TaskPlan {
    /// Its interface was made, and its workload put on a host.
    pub placed_at: Option<Timestamp>,
    /// Its own interface.
    pub interface: Option<TaskInterface>,
    /// Why it can't be placed.
    pub failure: Option<Stop>,
    /// Where it was registered, and when.
    pub registered: Option<Registered>,
    /// When its targets began to drain.
    pub deregistered_at: Option<Timestamp>,
    /// When its containers were told to end.
    pub halted_at: Option<Timestamp>,
    /// When all was over.
    pub stopped_at: Option<Timestamp>,
    /// How its containers were at the end; the workload may be gone by then.
    pub last: Option<Progress>,
}

/// The interface that a task has, or had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskInterface {
    /// The id of the attachment in ECS's answers, a UUID.
    pub attachment: String,
    /// `eni-…`.
    pub id: String,
    /// `subnet-…`.
    pub subnet: String,
    /// The subnet's Availability Zone.
    pub zone: String,
    /// In the subnet.
    pub address: Ipv4Addr,
    /// `02:…`.
    pub mac: String,
    /// The name that the VPC's name server gives the address.
    pub dns_name: Option<String>,
}

/// The targets by which a task is known to load balancers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registered {
    /// When.
    pub at: Timestamp,
    /// The target group's ARN, the target's id and its port.
    pub targets: Vec<(String, String, u16)>,
}

/// How the containers of a task are, in the terms of this service.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// The first image pull began.
    pub pull_started_at: Option<Timestamp>,
    /// The last image pull ended.
    pub pull_stopped_at: Option<Timestamp>,
    /// By container name.
    pub containers: BTreeMap<String, ContainerProgress>,
    /// Why the host could not run it, or ended it.
    pub failure: Option<Stop>,
    /// Nothing of it is left on the host but its output.
    pub cleaned: bool,
}

/// How a container is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ContainerProgress {
    /// When it was started.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub exited_at: Option<Timestamp>,
    /// Of its process 1; 128 and the number of the signal that ended it.
    pub exit_code: Option<i32>,
    /// Why it ended or never ran.
    pub reason: Option<String>,
    /// `None` while nothing is known.
    pub healthy: Option<bool>,
    /// Of the runtime: 64 hex digits.
    pub runtime_id: Option<String>,
    /// Of its image's manifest.
    pub image_digest: Option<String>,
    /// Mapped ports: container port, host port, UDP.
    pub ports: Vec<(u16, u16, bool)>,
}
