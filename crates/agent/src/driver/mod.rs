//! Drivers run single containers: the real one through shims, the fake one in memory. The same contract suite
//! (`tests/driver.rs`) runs on both, so that what is tried out on the fake holds on a machine.
//!
//! A driver decides nothing about when a container starts or stops; that is [`crate::pod`]'s business.

mod adopt;
pub mod container;
pub mod fake;
mod probe;

pub use container::ContainerDriver;
pub use fake::{FakeDriver, FakeImage};

use crate::{
    image::Pulled,
    network::ContainerNetwork,
    shim::{ExecResult, Exit},
};
use agent_proto::{
    Missing,
    workload::{Container, Image, LogChunk, LogPosition, Workload},
};
use model::Timestamp;
use std::{collections::BTreeSet, fmt, time::Duration};

/// A container of this host.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContainerId {
    /// [`Workload::id`].
    pub workload: String,
    /// [`Container::name`].
    pub name: String,
}

impl ContainerId {
    /// A workload's container.
    pub fn new(workload: &str, name: &str) -> Self {
        Self { workload: workload.into(), name: name.into() }
    }
}

impl fmt::Display for ContainerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.workload, self.name)
    }
}

/// How a container is.
#[derive(Clone, Debug, PartialEq)]
pub enum Seen {
    /// It runs.
    Running(Started),
    /// It has ended.
    Exited {
        /// Its start, if it came so far.
        started: Option<Started>,
        /// Its end.
        exit: Exit,
    },
}

/// A container that was started.
#[derive(Clone, Debug, PartialEq)]
pub struct Started {
    /// 64 hexadecimal digits, new for each start.
    pub runtime_id: String,
    /// Process 1 in the host's numbering.
    pub pid: Option<u32>,
    /// When.
    pub at: Timestamp,
}

/// How a container is told to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopSignal {
    /// The image's own stop signal, `SIGTERM` if it has none.
    Ask,
    /// `SIGKILL`.
    Kill,
}

/// Runs containers. Errors are sentences for people; those of `pull` and `start` follow `CannotPullContainerError: ` and
/// `CannotStartContainerError: `.
#[async_trait::async_trait]
pub trait Driver: Send + Sync {
    /// What this host lacks, found by trying.
    fn probe(&self) -> Vec<Missing>;

    /// Called once, before anything else: finds the containers that an earlier process has left, running or ended, and removes
    /// what is left of half-started ones. Gives the workloads that have a running container.
    async fn recover(&self) -> Result<BTreeSet<String>, String>;

    /// Makes an image ready to run, or finds that it is.
    async fn pull(&self, image: &Image) -> Result<Pulled, String>;

    /// Makes what a workload's containers have in common: bounds, scratch volumes. May be called again.
    async fn prepare(&self, workload: &Workload) -> Result<(), String>;

    /// Starts a container of a prepared workload. Returns when its program runs.
    async fn start(
        &self,
        workload: &Workload,
        container: &Container,
        image: &Pulled,
        network: &ContainerNetwork,
    ) -> Result<Started, String>;

    /// Sends a signal to process 1. One that has ended, or was never started, is no error.
    async fn stop(&self, id: &ContainerId, signal: StopSignal) -> Result<(), String>;

    /// How a container is; `None` if it was never started or was forgotten.
    async fn inspect(&self, id: &ContainerId) -> Option<Seen>;

    /// Waits for a container's end.
    async fn exited(&self, id: &ContainerId) -> Result<Exit, String>;

    /// Runs a command in a running container and waits for it.
    async fn exec(&self, id: &ContainerId, command: &[String], timeout: Duration) -> Result<ExecResult, String>;

    /// Reads output; see [`agent_proto::Host::read_log`]. `None`: there is no such container.
    async fn read_log(&self, id: &ContainerId, from: LogPosition) -> Result<Option<LogChunk>, String>;

    /// Deletes output up to a position.
    async fn release_log(&self, id: &ContainerId, to: LogPosition) -> Result<(), String>;

    /// Ends a workload's containers if they run, and removes everything but their state and output. May be called again.
    async fn remove(&self, workload: &str) -> Result<(), String>;

    /// Removes a workload's last traces. May be called again.
    async fn forget(&self, workload: &str) -> Result<(), String>;

    /// The workloads that have traces here.
    async fn workloads(&self) -> BTreeSet<String>;

    /// Removes images that are neither among these, by their manifests' digests, nor were pulled since the last call.
    async fn collect_images(&self, in_use: &BTreeSet<String>) -> Result<(), String>;

    /// Ends everything and removes every trace outside the data folder.
    async fn teardown(&self) -> Result<(), String>;
}

/// The host name of a container whose definition and network have none.
pub fn default_hostname(runtime_id: &str) -> String {
    runtime_id[..12.min(runtime_id.len())].to_owned()
}
