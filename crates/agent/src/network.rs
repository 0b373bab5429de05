//! The seam between the host's containers and its network: what the rest of the agent asks of the network world.
//!
//! The real one is in `crate::net`; `crate::fake` has one that builds nothing. Containers are only ever given the *path* of a network
//! namespace; who made it, and what is plugged into it, is no concern of theirs.

use crate::machine::Door;
use agent_proto::{
    Missing,
    flow::FlowRecord,
    machine::{self, Machine},
    network::{Count, Vpc},
    workload::{PortMapping, Workload},
};
use model::{Cidr, Timestamp};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    path::PathBuf,
};

/// The network of one host.
///
/// Every method may be called again after it failed or after the process was killed in it, with the same result: what is there
/// already is kept, what is half there is completed or removed.
#[async_trait::async_trait]
pub trait Network: Send + Sync {
    /// What the host lacks for a whole network, found by trying.
    fn missing(&self) -> Vec<Missing>;

    /// Called once, before anything else: takes over what an earlier process of this host left. `workloads` are those that still
    /// have running containers; what was made for any other workload is removed.
    async fn recover(&self, workloads: &BTreeSet<String>) -> Result<(), String>;

    /// Makes the host's VPCs exactly these: routers, instances, filters. A VPC that is absent is removed, unless a workload
    /// that has joined it has not left yet. Returns what could not be done, by VPC id, with the reason.
    async fn ensure(&self, vpcs: &[Vpc]) -> BTreeMap<String, String>;

    /// Makes the namespaces of a workload's containers and plugs them in. Only called for a workload whose VPC was ensured.
    /// A workload that has joined already gets the same answer as before, ports included, also after a restart.
    ///
    /// # Errors
    /// A sentence that follows `ResourceInitializationError: ` or `CannotStartContainerError: ` (such as `port is already allocated`).
    async fn join(&self, workload: &Workload) -> Result<NetworkJoin, String>;

    /// Removes what [`join`](Self::join) made. A workload that never joined is no error.
    async fn leave(&self, workload: &str) -> Result<(), String>;

    /// Plugs an interface into a machine, or brings what is plugged in up to date: its addresses and routes. Only called for a machine whose VPC
    /// was ensured. In a namespace it is made with its addresses, and what answers by it leaves by it; the primary one, device 0, has the default
    /// route.
    async fn plug(&self, machine: &Machine, interface: &machine::Interface, door: &Door) -> Result<Plugged, String>;

    /// Unplugs an interface from a machine. One that isn't plugged in is no error.
    async fn unplug(&self, machine: &Machine, interface: &machine::Interface, door: &Door) -> Result<(), String>;

    /// Whether a machine's system answers at the addresses of its primary interface, as EC2's reachability check finds by ARP.
    async fn reaches(&self, machine: &Machine, door: &Door) -> bool;

    /// What flow logs have to say of the intervals that have ended since the last call. Called every few seconds while there is any flow log.
    async fn flows(&self, _now: Timestamp) -> Vec<FlowRecord> {
        Vec::new()
    }

    /// What the rules of security groups have let begin, by rule: since their VPC came or this process began, whichever was later, or for
    /// longer if they haven't changed since.
    async fn rule_counts(&self) -> BTreeMap<String, Count> {
        BTreeMap::new()
    }

    /// Removes everything: namespaces, interfaces, rules, routes, helper processes. Nothing of ours is left on the host.
    async fn teardown(&self) -> Result<(), String>;
}

/// What a workload's containers find when they have joined the network.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NetworkJoin {
    /// By container name; one for each container of the workload.
    pub containers: BTreeMap<String, ContainerNetwork>,
}

impl NetworkJoin {
    /// All containers share one namespace (`awsvpc` and `host`).
    pub fn shared(workload: &Workload, network: ContainerNetwork) -> Self {
        Self { containers: workload.containers.iter().map(|c| (c.name.clone(), network.clone())).collect() }
    }
}

/// What one container finds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Default)]
pub struct ContainerNetwork {
    /// A file that a network namespace is bound to. Loopback is up in it.
    pub netns: PathBuf,
    /// The container's own address, for `/etc/hosts`; none in mode `none`.
    pub address: Option<Ipv4Addr>,
    /// The host name, where the container's definition has none: `ip-10-0-1-7.ec2.internal`. `None` lets the agent make one.
    pub hostname: Option<String>,
    /// For `/etc/resolv.conf`.
    pub name_servers: Vec<IpAddr>,
    /// For `/etc/resolv.conf`.
    pub search: Vec<String>,
    /// Ports mapped to the instance's, with the free ones chosen. Empty but in `bridge` mode, and in `host` and `awsvpc` mode the
    /// definition's own.
    pub ports: Vec<PortMapping>,
}

/// An interface that is plugged in, and what its VPC says to whoever uses it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plugged {
    /// As it is plugged in.
    pub interface: MachineInterface,
    /// As in [`MachineNetwork::name_servers`].
    pub name_servers: Vec<IpAddr>,
    /// As in [`MachineNetwork::search`].
    pub search: Vec<String>,
}

/// What a machine finds of its network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MachineNetwork {
    /// Its interfaces by device; the primary one, 0, has the default route.
    pub interfaces: BTreeMap<u32, MachineInterface>,
    /// For `/etc/resolv.conf`, DHCP and the like.
    pub name_servers: Vec<IpAddr>,
    /// Where names without a dot are looked for.
    pub search: Vec<String>,
}

/// An interface of a machine, as it is plugged in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MachineInterface {
    /// `eni-…`.
    pub id: String,
    /// What it is called in a namespace: `eth<device>`.
    pub name: String,
    /// `02:…`, lower case.
    pub mac: String,
    /// Its addresses with their subnet's mask; the first is the primary one.
    pub addresses: Vec<Cidr>,
    /// Its addresses of IPv6. In a namespace it has them; a machine with a kernel of its own has to be told.
    pub ipv6: Vec<Ipv6Addr>,
    /// The subnet's router.
    pub gateway: Option<IpAddr>,
    /// Where the machine has a kernel of its own: what it is plugged in by.
    pub tap: Option<Tap>,
}

/// A tap device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tap {
    /// The namespace that it is in.
    pub netns: PathBuf,
    /// Its name there.
    pub name: String,
}
