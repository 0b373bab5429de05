//! Workloads: groups of containers that live and die together on one host (an ECS task).

use model::Timestamp;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, time::Duration};

/// A group of containers with one network, volumes and limits in common.
///
/// Nothing but [`run`](Self::run) changes after the first time a workload is desired.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Workload {
    /// Unique in the cloud and safe as a file name: `[a-zA-Z0-9-]{1,64}`.
    pub id: String,
    /// For people: the task's ARN.
    pub label: String,
    /// Whether it should run. `false` stops its containers (`SIGTERM`, then `SIGKILL` after each one's stop timeout) and keeps its status.
    pub run: bool,
    /// Where its containers meet the network.
    pub network: Network,
    /// Its containers, in the order in which they were defined.
    pub containers: Vec<Container>,
    /// Volumes that containers mount by name.
    pub volumes: Vec<Volume>,
    /// Bounds on all its containers together.
    pub limits: Limits,
}

/// Where a workload meets the network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Network {
    /// An interface of its own in a VPC (`awsvpc`), by [`crate::network::Interface::id`].
    Interface {
        /// The VPC's id.
        vpc: String,
        /// The interface's id.
        interface: String,
    },
    /// The network of an instance (`host`), by [`crate::network::Instance::id`].
    Host {
        /// The VPC's id.
        vpc: String,
        /// The instance's id.
        instance: String,
    },
    /// A bridge behind an instance's address (`bridge`), with ports mapped to the instance's.
    Bridge {
        /// The VPC's id.
        vpc: String,
        /// The instance's id.
        instance: String,
    },
    /// Loopback alone (`none`).
    None,
}

/// One container of a workload.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Container {
    /// Unique in the workload: `[a-zA-Z0-9_-]{1,255}`.
    pub name: String,
    /// What to run.
    pub image: Image,
    /// Replaces the image's entry point; `None` keeps it.
    pub entry_point: Option<Vec<String>>,
    /// Replaces the image's command; `None` keeps it (unless the entry point is replaced, as in Docker).
    pub command: Option<Vec<String>>,
    /// Added to the image's environment.
    pub environment: BTreeMap<String, String>,
    /// Replaces the image's working directory.
    pub working_directory: Option<String>,
    /// Replaces the image's user: `user`, `user:group`, `uid`, `uid:gid`.
    pub user: Option<String>,
    /// The host name; `None` takes one made from the workload's id.
    pub hostname: Option<String>,
    /// Its end ends the workload.
    pub essential: bool,
    /// Must have come so far before this one starts.
    pub depends_on: Vec<Dependency>,
    /// How its health is found.
    pub health_check: Option<HealthCheck>,
    /// How long its dependencies may take before it is given up.
    pub start_timeout: Option<Duration>,
    /// Between `SIGTERM` and `SIGKILL`.
    pub stop_timeout: Duration,
    /// Bounds on this container.
    pub limits: Limits,
    /// `ulimits`: OCI name without `RLIMIT_` in lower case (`nofile`), soft, hard.
    pub ulimits: Vec<(String, u64, u64)>,
    /// The root file system can't be written.
    pub read_only_root: bool,
    /// No confinement of capabilities, devices and system calls.
    pub privileged: bool,
    /// Linux capabilities added to the default set (`NET_ADMIN`; `ALL`).
    pub add_capabilities: Vec<String>,
    /// Linux capabilities taken from the default set.
    pub drop_capabilities: Vec<String>,
    /// A small init as process 1 that reaps zombies and forwards signals.
    pub init: bool,
    /// Standard input stays open, a terminal is given.
    pub interactive: bool,
    /// See `interactive`.
    pub pseudo_terminal: bool,
    /// Where volumes appear.
    pub mounts: Vec<Mount>,
    /// Memory file systems: container path, size in MiB, mount options.
    pub tmpfs: Vec<(String, u64, Vec<String>)>,
    /// Size of `/dev/shm` in MiB.
    pub shared_memory_mib: Option<u64>,
    /// Kernel parameters of the container's namespaces.
    pub sysctls: BTreeMap<String, String>,
    /// Extra lines of `/etc/hosts`: host name, address.
    pub extra_hosts: Vec<(String, String)>,
    /// Name servers and search domains in place of the VPC's.
    pub dns_servers: Vec<String>,
    /// See `dns_servers`.
    pub dns_search: Vec<String>,
    /// Ports that bridge mode maps: the host port 0 asks for a free one.
    pub ports: Vec<PortMapping>,
    /// Keep the container's output; without it, output is thrown away.
    pub keep_output: bool,
}

/// What a container runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Image {
    /// As the user wrote it, for messages.
    pub reference: String,
    /// Where the agent gets it.
    pub source: ImageSource,
}

/// Where an image comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImageSource {
    /// The cloud's own registry: the digest of a manifest or index, whose blobs are in the blob store under `namespace`.
    Registry {
        /// Where in the blob store its blobs are.
        namespace: String,
        /// `sha256:…`, of the manifest or index.
        digest: String,
    },
    /// Any registry that the host reaches, pulled by the reference.
    Remote {
        /// User name and password, where the registry wants them.
        credentials: Option<(String, String)>,
    },
    /// The control plane found that there is no such image; the reason is what the pull fails with.
    Unresolved {
        /// In the words of `stoppedReason`.
        reason: String,
    },
}

/// What another container must have done first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dependency {
    /// The other container's name.
    pub container: String,
    /// What it must have done.
    pub condition: Condition,
}

/// How far a container must have come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Condition {
    /// Was started.
    Start,
    /// Has ended, however.
    Complete,
    /// Has ended with exit code 0.
    Success,
    /// Its health check has passed.
    Healthy,
}

/// A command that is run in the container to find whether it is healthy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HealthCheck {
    /// `["CMD", program, …]` or `["CMD-SHELL", command]`.
    pub command: Vec<String>,
    /// Between the starts of two checks.
    pub interval: Duration,
    /// After which a check has failed.
    pub timeout: Duration,
    /// Failures in a row that make it unhealthy.
    pub retries: u32,
    /// After the start, in which failures don't count.
    pub start_period: Duration,
}

/// Bounds on a group of processes; `None` is no bound of its own.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// Hard CPU bound, in 1/1024 of a vCPU.
    pub cpu_quota: Option<u64>,
    /// CPU weight against its siblings, in 1/1024 of a vCPU.
    pub cpu_shares: Option<u64>,
    /// Hard memory bound in MiB: over it, the kernel kills.
    pub memory_mib: Option<u64>,
    /// Memory that is kept for it under pressure, in MiB.
    pub memory_reservation_mib: Option<u64>,
    /// Processes and threads.
    pub pids: Option<u64>,
}

/// A volume of a workload.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Volume {
    /// Unique in the workload.
    pub name: String,
    /// What it is.
    pub kind: VolumeKind,
}

/// What a volume is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VolumeKind {
    /// An empty folder that is deleted with the workload.
    Scratch,
    /// A folder of the host.
    HostPath(String),
}

/// Where a volume appears in a container.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mount {
    /// The volume's name.
    pub volume: String,
    /// An absolute path in the container.
    pub path: String,
    /// It can't be written there.
    pub read_only: bool,
}

/// A port of a container that bridge mode maps to its instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortMapping {
    /// In the container.
    pub container_port: u16,
    /// On the instance; 0 asks for a free one (then see [`ContainerStatus::ports`]).
    pub host_port: u16,
    /// UDP instead of TCP.
    pub udp: bool,
}

/// How a workload is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// By container name.
    pub containers: BTreeMap<String, ContainerStatus>,
    /// Its first image pull began and its last one ended.
    pub pull_started_at: Option<Timestamp>,
    /// See `pull_started_at`.
    pub pull_stopped_at: Option<Timestamp>,
    /// Its network is up.
    pub network_ready: bool,
    /// Why it can't run or was ended, in the words of ECS's `stoppedReason`; set once.
    pub failure: Option<Failure>,
    /// All containers have ended and everything but logs and this status has been removed.
    pub cleaned: bool,
}

/// Why a workload ended without being asked to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    /// ECS's `stopCode`: `TaskFailedToStart` or `EssentialContainerExited`.
    pub code: String,
    /// A sentence for people, such as `CannotPullContainerError: …`.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

/// How a container is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ContainerStatus {
    /// Where it is on its way.
    pub state: ContainerState,
    /// 64 hex digits, new for each start.
    pub runtime_id: String,
    /// Of the manifest that runs.
    pub image_digest: Option<String>,
    /// Of its health check.
    pub health: Health,
    /// The ports that are mapped, free ones chosen.
    pub ports: Vec<PortMapping>,
    /// Process 1 of the container, in the host's numbering.
    pub pid: Option<u32>,
}

/// A container's way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContainerState {
    /// Not started yet: waits for its image or its dependencies.
    Pending,
    /// Runs since then.
    Running {
        /// When its process was started.
        since: Timestamp,
    },
    /// Has ended.
    Exited {
        /// When its process was started, if it ever was.
        started: Option<Timestamp>,
        /// When it had ended.
        at: Timestamp,
        /// Its exit code, 128 and the signal's number if a signal ended it; `None` if it was never started or nobody saw it end.
        exit_code: Option<i32>,
        /// Why, where the exit code doesn't say it.
        reason: Option<String>,
    },
}

/// What a container's health check has found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Health {
    /// It has none, or none has ended yet.
    #[default]
    Unknown,
    /// The last one passed.
    Healthy,
    /// As many as it has retries have failed in a row.
    Unhealthy,
}

/// A place in a container's output: bytes since its beginning, over all its restarts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LogPosition(pub u64);

/// Some lines of a container's output.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LogChunk {
    /// In the order in which they were written.
    pub lines: Vec<LogLine>,
    /// Where the next read goes on.
    pub next: LogPosition,
    /// The container has ended and this was its last line.
    pub end: bool,
}

/// A line that a container wrote.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LogLine {
    /// When it was read from the container.
    pub at: Timestamp,
    /// To standard error rather than output.
    pub stderr: bool,
    /// Without its line feed; what is not UTF-8 is replaced. At most 256 KiB; longer lines come in parts.
    pub text: String,
}
