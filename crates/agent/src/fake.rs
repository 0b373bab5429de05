//! A machine that exists in memory only: the agent's real code over a driver and a network that do nothing but answer.

use crate::{
    driver::FakeDriver,
    host::LocalHost,
    keep::Keeper,
    network::{ContainerNetwork, Network, NetworkJoin},
};
use agent_proto::{
    Capabilities, Desired, Host, HostError, Missing, Observed,
    network::Vpc,
    workload::{self, LogChunk, LogPosition, PortMapping, Workload},
};
use model::Env;
use std::{
    collections::{BTreeMap, BTreeSet},
    net::Ipv4Addr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::watch;

/// A host that runs nothing. [`restart`](Self::restart) gives what a server that comes back has.
pub struct FakeHost {
    /// Says what images do, and what runs.
    pub driver: FakeDriver,
    /// Says what joining does.
    pub network: FakeNetwork,
    env: Env,
    keeper: Keeper,
    host: Arc<LocalHost>,
}

impl FakeHost {
    /// An empty machine.
    pub async fn new(env: Env) -> Result<Self, HostError> {
        let (driver, network) = (FakeDriver::new(env.clone()), FakeNetwork::default());
        Self::boot(driver, network, env, Keeper::Memory(Arc::default())).await
    }

    /// The same machine with a new agent; the old one looks after nothing any more.
    pub async fn restart(self) -> Result<Self, HostError> {
        self.host.leave();
        Self::boot(self.driver, self.network, self.env, self.keeper).await
    }

    async fn boot(driver: FakeDriver, network: FakeNetwork, env: Env, keeper: Keeper) -> Result<Self, HostError> {
        let host = LocalHost::with(Arc::new(driver.clone()), Arc::new(network.clone()), keeper.clone(), env.clone()).await?;
        Ok(Self { driver, network, env, keeper, host })
    }
}

#[async_trait::async_trait]
impl Host for FakeHost {
    fn capabilities(&self) -> Capabilities {
        self.host.capabilities()
    }
    async fn apply(&self, desired: Desired) -> Result<(), HostError> {
        self.host.apply(desired).await
    }
    fn observed(&self) -> watch::Receiver<Arc<Observed>> {
        self.host.observed()
    }
    async fn read_log(&self, workload: &str, container: &str, from: LogPosition) -> Result<LogChunk, HostError> {
        self.host.read_log(workload, container, from).await
    }
    async fn release_log(&self, workload: &str, container: &str, to: LogPosition) -> Result<(), HostError> {
        self.host.release_log(workload, container, to).await
    }
    async fn console(&self, machine: &str) -> Result<Vec<u8>, HostError> {
        self.host.console(machine).await
    }
}

/// A network that builds nothing. Clones are the same network.
#[derive(Clone, Default)]
pub struct FakeNetwork(Arc<Mutex<Net>>);

#[derive(Default)]
struct Net {
    vpcs: Vec<Vpc>,
    joined: BTreeMap<String, NetworkJoin>,
    refusal: Option<String>,
    last_port: u16,
}

/// The ports that are chosen where a definition asks for any come after this one, as on Linux.
const FIRST_EPHEMERAL: u16 = 32_768;

impl FakeNetwork {
    /// From now on, joining fails so.
    pub fn refuse(&self, reason: Option<&str>) {
        self.net().refusal = reason.map(str::to_owned);
    }

    /// The workloads that have joined and not left.
    pub fn joined(&self) -> Vec<String> {
        self.net().joined.keys().cloned().collect()
    }

    fn net(&self) -> MutexGuard<'_, Net> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Net {
    fn join(&mut self, workload: &Workload) -> NetworkJoin {
        let address = self.address(workload);
        let bridged = matches!(workload.network, workload::Network::Bridge { .. });
        let mut join = NetworkJoin::default();
        for container in &workload.containers {
            let ports = container.ports.iter().map(|port| self.port(port, bridged)).collect();
            let network = ContainerNetwork { address, ports, ..ContainerNetwork::default() };
            join.containers.insert(container.name.clone(), network);
        }
        join
    }

    fn address(&self, workload: &Workload) -> Option<Ipv4Addr> {
        let workload::Network::Interface { interface, .. } = &workload.network else { return None };
        let interfaces = self.vpcs.iter().flat_map(|vpc| &vpc.interfaces);
        interfaces.filter(|candidate| candidate.id == *interface).map(|found| found.address).next()
    }

    fn port(&mut self, port: &PortMapping, bridged: bool) -> PortMapping {
        let mut port = port.clone();
        if port.host_port == 0 && bridged {
            self.last_port = self.last_port.max(FIRST_EPHEMERAL) + 1;
            port.host_port = self.last_port;
        } else if port.host_port == 0 {
            port.host_port = port.container_port;
        }
        port
    }
}

#[async_trait::async_trait]
impl Network for FakeNetwork {
    fn missing(&self) -> Vec<Missing> {
        Vec::new()
    }

    async fn recover(&self, workloads: &BTreeSet<String>) -> Result<(), String> {
        self.net().joined.retain(|id, _| workloads.contains(id));
        Ok(())
    }

    async fn ensure(&self, vpcs: &[Vpc]) -> BTreeMap<String, String> {
        self.net().vpcs = vpcs.to_vec();
        BTreeMap::new()
    }

    async fn join(&self, workload: &Workload) -> Result<NetworkJoin, String> {
        let mut net = self.net();
        if let Some(join) = net.joined.get(&workload.id) {
            return Ok(join.clone());
        }
        if let Some(reason) = &net.refusal {
            return Err(reason.clone());
        }
        let join = net.join(workload);
        net.joined.insert(workload.id.clone(), join.clone());
        Ok(join)
    }

    async fn leave(&self, workload: &str) -> Result<(), String> {
        self.net().joined.remove(workload);
        Ok(())
    }

    async fn teardown(&self) -> Result<(), String> {
        *self.net() = Net::default();
        Ok(())
    }
}
