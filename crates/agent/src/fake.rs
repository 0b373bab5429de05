//! A machine that exists in memory only: the agent's real code over a driver and a network that do nothing but answer.

use crate::{
    driver::FakeDriver,
    host::{LocalHost, Parts},
    keep::Keeper,
    machine::{Door, Drivers, FakeMachines},
    network::{ContainerNetwork, MachineInterface, Network, NetworkJoin, Plugged},
    volume::FakeVolumes,
};
use agent_proto::{
    Capabilities, Desired, Host, HostError, Missing, Observed,
    machine::{self, Machine},
    network::{Interface, Vpc},
    workload::{self, LogChunk, LogPosition, PortMapping, Workload},
};
use model::{Cidr, Env};
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
    /// Says what machines do, and what runs.
    pub machines: FakeMachines,
    /// Says what volumes do, and which there are.
    pub volumes: FakeVolumes,
    /// Says what joining does.
    pub network: FakeNetwork,
    env: Env,
    kept: Kept,
    host: Arc<LocalHost>,
}

impl FakeHost {
    /// An empty machine.
    pub async fn new(env: Env) -> Result<Self, HostError> {
        let (driver, machines) = (FakeDriver::new(env.clone()), FakeMachines::new(env.clone()));
        Self::boot(driver, machines, FakeVolumes::default(), FakeNetwork::default(), Kept::default(), env).await
    }

    /// The same machine with a new agent; the old one looks after nothing any more.
    pub async fn restart(self) -> Result<Self, HostError> {
        self.host.leave();
        Self::boot(self.driver, self.machines, self.volumes, self.network, self.kept, self.env).await
    }

    /// The machine loses its power and comes back, with a new agent.
    pub async fn lose_power(self) -> Result<Self, HostError> {
        self.host.leave();
        self.machines.lose_power();
        self.volumes.lose_power();
        self.restart().await
    }

    /// Ends everything, as `down` does.
    pub async fn teardown(&self) -> Result<(), HostError> {
        self.host.teardown().await
    }

    async fn boot(
        driver: FakeDriver,
        machines: FakeMachines,
        volumes: FakeVolumes,
        network: FakeNetwork,
        kept: Kept,
        env: Env,
    ) -> Result<Self, HostError> {
        let parts = Parts {
            driver: Arc::new(driver.clone()),
            machines: Drivers::new(vec![Arc::new(machines.clone())]),
            volumes: Arc::new(volumes.clone()),
            network: Arc::new(network.clone()),
            kept_workloads: kept.workloads.clone(),
            kept_machines: kept.machines.clone(),
            env: env.clone(),
        };
        let host = LocalHost::with(parts).await?;
        Ok(Self { driver, machines, volumes, network, env, kept, host })
    }
}

/// What the agents of one machine keep.
#[derive(Default)]
struct Kept {
    workloads: Keeper<Workload>,
    machines: Keeper<Machine>,
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
    /// The interfaces that machines have.
    plugged: BTreeMap<String, BTreeSet<String>>,
    deaf: BTreeSet<String>,
    refusal: Option<String>,
    faults: BTreeMap<String, String>,
    last_port: u16,
}

/// The ports that are chosen where a definition asks for any come after this one, as on Linux.
const FIRST_EPHEMERAL: u16 = 32_768;

impl FakeNetwork {
    /// From now on, joining fails so.
    pub fn refuse(&self, reason: Option<&str>) {
        self.net().refusal = reason.map(str::to_owned);
    }

    /// From now on, these VPCs can't be made for these reasons.
    pub fn fail(&self, faults: BTreeMap<String, String>) {
        self.net().faults = faults;
    }

    /// The workloads that have joined and not left.
    pub fn joined(&self) -> Vec<String> {
        self.net().joined.keys().cloned().collect()
    }

    /// The interfaces that are plugged into a machine.
    pub fn plugged(&self, machine: &str) -> Vec<String> {
        self.net().plugged.get(machine).into_iter().flatten().cloned().collect()
    }

    /// From now on, a machine answers at its addresses, or it doesn't.
    pub fn answers(&self, machine: &str, answers: bool) {
        match answers {
            true => drop(self.net().deaf.remove(machine)),
            false => drop(self.net().deaf.insert(machine.to_owned())),
        }
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
        self.interface(interface).map(|found| found.address)
    }

    fn interface(&self, id: &str) -> Option<&Interface> {
        self.vpcs.iter().flat_map(|vpc| &vpc.interfaces).find(|interface| interface.id == id)
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
        let mut net = self.net();
        net.vpcs = vpcs.to_vec();
        net.faults.clone()
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

    async fn plug(&self, machine: &Machine, interface: &machine::Interface, _: &Door) -> Result<Plugged, String> {
        let mut net = self.net();
        if let Some(reason) = &net.refusal {
            return Err(reason.clone());
        }
        let found = net.interface(&interface.interface).cloned();
        let found = found.ok_or_else(|| format!("{} is not on this host", interface.interface))?;
        net.plugged.entry(machine.id.clone()).or_default().insert(found.id.clone());
        let addresses = vec![Cidr { address: found.address, prefix: 24 }];
        let name = format!("eth{}", interface.device);
        let interface = MachineInterface { id: found.id, name, mac: found.mac, addresses, ..MachineInterface::default() };
        Ok(Plugged { interface, ..Plugged::default() })
    }

    async fn unplug(&self, machine: &Machine, interface: &machine::Interface, _: &Door) -> Result<(), String> {
        if let Some(plugged) = self.net().plugged.get_mut(&machine.id) {
            plugged.remove(&interface.interface);
        }
        Ok(())
    }

    async fn reaches(&self, machine: &Machine, _: &Door) -> bool {
        !self.net().deaf.contains(&machine.id)
    }

    async fn teardown(&self) -> Result<(), String> {
        *self.net() = Net::default();
        Ok(())
    }
}
