//! Task definitions: what a task consists of. The members are those of the API, without those that are refused.

use super::Tags;
use crate::{AccountId, Arn, Key, Record, Region, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A name under which task definitions are numbered. Numbers are never used again.
pub enum Family {}

impl Record for Family {
    const KIND: &'static str = "ecs/family";
    type Spec = FamilySpec;
    type Plan = ();
    type Observed = ();
}

/// What a [`Family`] is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FamilySpec {
    /// The number that was given last.
    pub last_revision: u32,
}

/// A task definition, under `<family>/<revision>`.
pub enum TaskDefinition {}

impl Record for TaskDefinition {
    const KIND: &'static str = "ecs/task-definition";
    type Spec = TaskDefinitionSpec;
    type Plan = ();
    type Observed = ();
}

/// A family and a number in it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Revision {
    /// The family's name.
    pub family: String,
    /// From 1.
    pub number: u32,
}

impl Revision {
    /// The id of the record.
    pub fn id(&self) -> String {
        format!("{}/{:010}", self.family, self.number)
    }
    /// The revision that an id of a record names.
    pub fn of_id(id: &str) -> Option<Self> {
        let (family, number) = id.split_once('/')?;
        Some(Self { family: family.into(), number: number.parse().ok()? })
    }
    /// The key of the record.
    pub fn key(&self, account: &AccountId, region: &Region) -> Key<TaskDefinition> {
        Key::new(account, region, self.id())
    }
    /// The task definition's ARN.
    pub fn arn(&self, account: &AccountId, region: &Region) -> Arn {
        Arn::new("ecs", region, account, format!("task-definition/{self}"))
    }
    /// The key of the record that an ARN names, if it is the ARN of a task definition.
    pub fn key_of_arn(arn: &Arn) -> Option<Key<TaskDefinition>> {
        let (family, number) = arn.resource_id("ecs", "task-definition")?.split_once(':')?;
        let revision = Self { family: family.into(), number: number.parse().ok()? };
        Some(revision.key(&AccountId::parse(&arn.account).ok()?, &Region::parse(&arn.region).ok()?))
    }
}

impl std::fmt::Display for Revision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.family, self.number)
    }
}

/// A task definition with the story of its registration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaskDefinitionSpec {
    /// Its name and number.
    pub revision: Revision,
    /// When it was registered.
    pub registered_at: Timestamp,
    /// The ARN of who registered it.
    pub registered_by: String,
    /// When it was deregistered: it is `INACTIVE` then.
    pub deregistered_at: Option<Timestamp>,
    /// When it was deleted: it is `DELETE_IN_PROGRESS` then, until nothing uses it.
    pub delete_requested_at: Option<Timestamp>,
    /// Its tags.
    pub tags: Tags,
    /// What it says.
    pub definition: Definition,
}

/// What a task consists of.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Definition {
    /// Of `iam`: what the containers may do.
    pub task_role: Option<String>,
    /// Of `iam`: what the agent may do for the task.
    pub execution_role: Option<String>,
    /// How containers meet the network.
    pub network_mode: NetworkMode,
    /// Whether the caller said so; `bridge` is not shown where it is only the default.
    pub network_mode_given: bool,
    /// In the order in which they were given; never empty.
    pub containers: Vec<ContainerDefinition>,
    /// What containers can mount.
    pub volumes: Vec<Volume>,
    /// `FARGATE`, `EC2`: it was checked against these.
    pub requires_compatibilities: Vec<String>,
    /// `FARGATE`, `EC2`, `EXTERNAL`: it could run there.
    pub compatibilities: Vec<String>,
    /// CPU units for all containers together.
    pub cpu: Option<u32>,
    /// MiB for all containers together.
    pub memory: Option<u32>,
    /// `X86_64` or `ARM64`.
    pub cpu_architecture: Option<String>,
    /// `LINUX`.
    pub operating_system: Option<String>,
}

impl Definition {
    /// The container of that name.
    pub fn container(&self, name: &str) -> Option<&ContainerDefinition> {
        self.containers.iter().find(|container| container.name == name)
    }
}

/// How containers meet the network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NetworkMode {
    /// A bridge on the container instance, with mapped ports.
    #[default]
    Bridge,
    /// The container instance's own network.
    Host,
    /// The task's own interface in a VPC.
    Awsvpc,
    /// Loopback alone.
    None,
}

/// A container of a task definition.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ContainerDefinition {
    /// Unique in the task definition.
    pub name: String,
    /// A reference to an image.
    pub image: String,
    /// CPU units; 0 is no bound.
    pub cpu: u32,
    /// MiB, a hard bound.
    pub memory: Option<u32>,
    /// MiB, kept for it.
    pub memory_reservation: Option<u32>,
    /// Ports that it serves at.
    pub port_mappings: Vec<PortMapping>,
    /// Its end is the task's end.
    pub essential: bool,
    /// In place of the image's.
    pub entry_point: Option<Vec<String>>,
    /// In place of the image's.
    pub command: Option<Vec<String>>,
    /// Added to the image's, in the order given.
    pub environment: Vec<(String, String)>,
    /// Where volumes appear.
    pub mount_points: Vec<MountPoint>,
    /// Whether mounts of other containers appear in it as well: the container's name, and whether read-only.
    pub volumes_from: Vec<(String, bool)>,
    /// Capabilities, `/dev/shm`, and the like.
    pub linux: Option<LinuxParameters>,
    /// What must have come first.
    pub depends_on: Vec<Dependency>,
    /// Seconds until its dependencies have to be there.
    pub start_timeout: Option<u32>,
    /// Seconds from `SIGTERM` to `SIGKILL`.
    pub stop_timeout: Option<u32>,
    /// Its host name.
    pub hostname: Option<String>,
    /// In place of the image's.
    pub user: Option<String>,
    /// In place of the image's.
    pub working_directory: Option<String>,
    /// Without confinement.
    pub privileged: Option<bool>,
    /// Its root can't be written.
    pub readonly_root_filesystem: Option<bool>,
    /// In place of the VPC's.
    pub dns_servers: Vec<String>,
    /// In place of the VPC's.
    pub dns_search_domains: Vec<String>,
    /// Host name and address.
    pub extra_hosts: Vec<(String, String)>,
    /// Standard input stays open.
    pub interactive: Option<bool>,
    /// It gets a terminal.
    pub pseudo_terminal: Option<bool>,
    /// Bounds of its processes: name, soft, hard.
    pub ulimits: Vec<(String, i32, i32)>,
    /// Where its output goes.
    pub log: Option<LogConfiguration>,
    /// How its health is found.
    pub health_check: Option<HealthCheck>,
    /// Kernel parameters of its namespaces: name, value.
    pub system_controls: Vec<(String, String)>,
}

/// A port that a container serves at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortMapping {
    /// In the container.
    pub container_port: u16,
    /// On the container instance; 0 asks for a free one.
    pub host_port: u16,
    /// `udp` instead of `tcp`.
    pub udp: bool,
    /// A name for it.
    pub name: Option<String>,
    /// `http`, `http2` or `grpc`: for people.
    pub app_protocol: Option<String>,
}

/// A volume at a place in a container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MountPoint {
    /// The volume's name.
    pub source_volume: String,
    /// An absolute path.
    pub container_path: String,
    /// It can't be written there.
    pub read_only: Option<bool>,
}

/// What the Linux kernel is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinuxParameters {
    /// Added to the default set.
    pub add_capabilities: Option<Vec<String>>,
    /// Taken from the default set.
    pub drop_capabilities: Option<Vec<String>>,
    /// An init as process 1.
    pub init_process_enabled: Option<bool>,
    /// MiB of `/dev/shm`.
    pub shared_memory_size: Option<u32>,
    /// Memory file systems: path, MiB, mount options.
    pub tmpfs: Vec<(String, u32, Vec<String>)>,
}

/// What another container must have done first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dependency {
    /// The other container.
    pub container: String,
    /// `START`, `COMPLETE`, `SUCCESS` or `HEALTHY`.
    pub condition: DependencyCondition,
}

/// How far another container must have come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum DependencyCondition {
    /// Was started.
    Start,
    /// Has ended.
    Complete,
    /// Has ended with exit code 0.
    Success,
    /// Is healthy.
    Healthy,
}

/// Where output goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogConfiguration {
    /// `awslogs`.
    pub driver: String,
    /// The driver's options.
    pub options: BTreeMap<String, String>,
}

/// A command that tells whether a container is healthy. Times are in seconds; what the caller left out is filled in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthCheck {
    /// `["CMD", …]` or `["CMD-SHELL", command]`.
    pub command: Vec<String>,
    /// Between two checks.
    pub interval: u32,
    /// For one check.
    pub timeout: u32,
    /// Failures that make it unhealthy.
    pub retries: u32,
    /// In which failures don't count; 0 is none.
    pub start_period: u32,
    /// Whether the caller gave a start period.
    pub start_period_given: bool,
}

/// A volume: a scratch folder of the task, or a folder of the host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Volume {
    /// Unique in the task definition.
    pub name: String,
    /// The host's folder.
    pub host_path: Option<String>,
    /// Whether `host` was given, be it empty.
    pub host_given: bool,
}
