//! A host that runs nothing: what it was told stands in the records, and tests say what it sees.

use agent_proto::{
    Capabilities, Desired, Host, HostError, Observed,
    workload::{LogChunk, LogPosition},
};
use std::sync::Arc;
use tokio::sync::watch;

/// A host of that size.
pub struct Idle {
    capabilities: Capabilities,
    seen: watch::Sender<Arc<Observed>>,
}

impl Idle {
    /// With so many processors of the architecture and so much memory.
    pub fn new(architecture: &str, cpus: u32, memory_mib: u64) -> Arc<Self> {
        let capabilities = Capabilities { architecture: architecture.into(), cpus, memory_mib, missing: Vec::new() };
        Arc::new(Self { capabilities, seen: watch::Sender::default() })
    }
}

#[async_trait::async_trait]
impl Host for Idle {
    fn capabilities(&self) -> Capabilities {
        self.capabilities.clone()
    }
    async fn apply(&self, _: Desired) -> Result<(), HostError> {
        Ok(())
    }
    fn observed(&self) -> watch::Receiver<Arc<Observed>> {
        self.seen.subscribe()
    }
    async fn read_log(&self, workload: &str, _: &str, _: LogPosition) -> Result<LogChunk, HostError> {
        Err(HostError::Unknown(workload.into()))
    }
    async fn release_log(&self, workload: &str, _: &str, _: LogPosition) -> Result<(), HostError> {
        Err(HostError::Unknown(workload.into()))
    }
    async fn console(&self, machine: &str) -> Result<Vec<u8>, HostError> {
        Ok(format!("{machine} login: ").into_bytes())
    }
}
