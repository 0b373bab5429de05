//! What the control plane and the machines say to each other.
//!
//! The control plane states what is *desired*; a host's agent makes it so and reports what it *observes*; the data plane (the
//! `edge`) is handed a *table* and reports health. Everything here is data that can go over a wire. Nothing here decides.
//!
//! Messages are whole states, never changes: a message that is lost, doubled or late does no harm, because the next one says
//! everything again.

pub mod edge;
pub mod flow;
pub mod function;
pub mod machine;
pub mod network;
pub mod record;
pub mod volume;
pub mod workload;

use model::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// All that one host should be running.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Desired {
    /// The VPCs that have an interface on this host.
    pub networks: Vec<network::Vpc>,
    /// The workloads, by [`workload::Workload::id`]. One that is absent is to be stopped at once and its traces removed.
    pub workloads: Vec<workload::Workload>,
    /// The machines. One that is absent is to be ended at once and its traces removed.
    #[serde(default)]
    pub machines: Vec<machine::Machine>,
    /// The volumes. One that is absent is to be deleted, as soon as no machine has it.
    #[serde(default)]
    pub volumes: Vec<volume::Volume>,
}

/// All that one host has seen.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Observed {
    /// By workload id. An id stays until the workload is no longer desired and its traces are removed.
    pub workloads: BTreeMap<String, workload::Status>,
    /// By machine id. An id stays until the machine is no longer desired and its traces are removed.
    #[serde(default)]
    pub machines: BTreeMap<String, machine::MachineStatus>,
    /// By volume id. An id stays until the volume is no longer desired and is deleted.
    #[serde(default)]
    pub volumes: BTreeMap<String, volume::VolumeStatus>,
    /// The VPCs whose last wish could not be carried out, by id, with the reason.
    pub network_faults: BTreeMap<String, String>,
}

/// What a host can do, found by trying.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Capabilities {
    /// Processor architecture in OCI's words: `amd64`, `arm64`.
    pub architecture: String,
    /// Processors that workloads may use, in vCPU.
    pub cpus: u32,
    /// Memory that workloads may use, in MiB.
    pub memory_mib: u64,
    /// What is missing, as far as it has been tried: one line each, saying what it costs and how to get it.
    pub missing: Vec<Missing>,
}

/// Something that the host lacks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missing {
    /// What: `nft`, `pasta`, `cgroup memory controller`.
    pub what: String,
    /// What cannot be had without it.
    pub costs: String,
    /// What to do.
    pub remedy: String,
    /// Nothing can run without it.
    pub fatal: bool,
}

/// A host, as the control plane sees it: the real agent in this process, one on another machine, or a simulated one.
#[async_trait::async_trait]
pub trait Host: Send + Sync {
    /// What the host can do.
    fn capabilities(&self) -> Capabilities;
    /// Replaces what is desired; returns once it is understood, not once it is so.
    async fn apply(&self, desired: Desired) -> Result<(), HostError>;
    /// What the host sees, as a channel whose value is always the latest.
    fn observed(&self) -> tokio::sync::watch::Receiver<std::sync::Arc<Observed>>;
    /// The lines that a container has written, from a position on; see [`workload::LogChunk`].
    async fn read_log(
        &self,
        workload: &str,
        container: &str,
        from: workload::LogPosition,
    ) -> Result<workload::LogChunk, HostError>;
    /// Everything up to `to` is safe elsewhere; the host may delete it.
    async fn release_log(&self, workload: &str, container: &str, to: workload::LogPosition) -> Result<(), HostError>;
    /// The last 64 KiB of what a machine has written to its console, over all its boots that aren't forgotten.
    async fn console(&self, machine: &str) -> Result<Vec<u8>, HostError>;
    /// A picture of the screen of a machine that runs, as JPEG; `None` for one that has no screen.
    async fn screenshot(&self, machine: &str) -> Result<Option<Vec<u8>>, HostError> {
        let _ = machine;
        Ok(None)
    }
    /// Why no machine of the kind can run here, in a sentence for people; `None` if one can.
    fn refuses(&self, kind: &machine::Kind) -> Option<String> {
        let _ = kind;
        None
    }
    /// The serial console of a machine that runs: bytes both ways, until either end goes.
    async fn open_console(&self, machine: &str) -> Result<ConsoleStream, HostError> {
        Err(HostError::Failed(format!("{machine} has no serial console")))
    }
    /// What flow logs have to say, from a position on; see [`flow::FlowChunk`]. A host that gathers nothing has nothing to say.
    async fn flows(&self, from: flow::FlowPosition) -> Result<flow::FlowChunk, HostError> {
        Ok(flow::FlowChunk { records: Vec::new(), next: from })
    }
}

/// Bytes both ways.
pub trait Duplex: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin {}
impl<T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin> Duplex for T {}

/// An open console of a machine.
pub type ConsoleStream = Box<dyn Duplex>;

/// Why a host did not do what it was told.
#[derive(Debug, Clone, thiserror::Error, Serialize, Deserialize)]
pub enum HostError {
    /// No such workload or container on this host.
    #[error("{0} is not on this host")]
    Unknown(String),
    /// The host cannot be reached.
    #[error("the host cannot be reached: {0}")]
    Unreachable(String),
    /// The host tried and failed.
    #[error("{0}")]
    Failed(String),
}

/// A moment at which something was seen, and how it was seen to be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Seen<T> {
    /// When.
    pub at: Timestamp,
    /// What.
    pub value: T,
}
