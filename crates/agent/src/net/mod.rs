//! The host's network: VPCs as network namespaces of the kernel.
//!
//! One router namespace stands for each VPC. Everything is plugged into it by a link of its own ([`plug`]), so that all packets pass its
//! packet filter, where routes are chosen and network ACLs and security groups are enforced ([`logic::packet_filter`]). Load balancers'
//! addresses are the router's own. VPCs with public addresses meet in one more namespace ([`internet`]), by which the host's users reach
//! them; peered ones are joined directly ([`peering`]). `docs/adr/0005-network-world.md` has the picture and the reasons.
//!
//! What exists is always asked of the kernel, never remembered: the namespaces by the files that keep them, the rest by netlink and `nft`. So
//! a server that was killed at any moment finds what it left, completes it, and disturbs nothing that is right. Nothing outside these
//! namespaces is changed but for one link and one route to the public addresses, while there are any.

mod arp;
mod counters;
mod describe;
mod error;
mod filter;
mod flows;
pub mod functions;
mod instance;
mod internet;
mod ipv6;
mod machine;
mod names;
mod nat;
mod parameters;
mod pasta;
mod peering;
mod plug;
mod ports;
mod probe;
mod router;
mod space;
pub(crate) mod tap;
mod tool;
mod workload;

use crate::machine::Door;
use crate::network::{Network, NetworkJoin, Plugged};
use agent_proto::Missing;
use agent_proto::flow::FlowRecord;
use agent_proto::machine::{self as hosted, Machine};
use agent_proto::network::{Count, Vpc};
use agent_proto::workload::{self as wish, Workload};
use error::{Error, Result};
use internet::Internet;
use logic::flow_log::Ledger;
use model::Timestamp;
use names::Places;
use netns::Namespace;
use space::Space;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Where and under which names a host's network is built.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The runtime folder (`/run/hillfog/<tag>`), on a file system that is gone after a reboot, as the namespaces are.
    pub runtime: PathBuf,
    /// Tells this Hillfog's link on the host from another's; at most 8 letters and digits count.
    pub tag: String,
    /// The domain of the containers' host names (`ec2.internal`); none is added without it.
    pub domain: Option<String>,
}

/// The network of this host.
pub struct NetWorld {
    places: Places,
    internet: Internet,
    domain: Option<String>,
    /// The VPCs whose routers are up, as they were last wished for.
    vpcs: Mutex<BTreeMap<String, Arc<Vpc>>>,
    /// What was counted for flow logs.
    ledger: Mutex<Ledger>,
    /// What rules of security groups had counted when their VPC's filter was replaced, by VPC.
    counted: Mutex<BTreeMap<String, counters::Counts>>,
    /// Held by whoever changes what several workloads share.
    shared: tokio::sync::Mutex<()>,
}

impl NetWorld {
    /// The network of the host whose namespace the calling thread is in. Nothing is made before it is asked for.
    ///
    /// # Errors
    /// In words, if the thread's own namespace can't be opened.
    pub fn new(settings: Settings) -> std::result::Result<Self, String> {
        let host = Namespace::current().map_err(|error| error.to_string())?;
        Ok(Self::on(host, settings))
    }

    /// As [`new`](Self::new), with another namespace in the host's place: a laboratory's.
    pub fn on(host: Namespace, settings: Settings) -> Self {
        let places = Places::under(&settings.runtime);
        let internet = Internet {
            places: places.clone(),
            host: Arc::new(host),
            host_end: names::host_end(&settings.tag),
            pid_file: settings.runtime.join("pasta.pid"),
            shortcomings: Mutex::default(),
        };
        Self {
            places,
            internet,
            domain: settings.domain,
            vpcs: Mutex::default(),
            ledger: Mutex::default(),
            counted: Mutex::default(),
            shared: tokio::sync::Mutex::default(),
        }
    }

    /// Where the router of a VPC is kept: the namespace in which a load balancer of the VPC opens its sockets.
    pub fn router_path(&self, vpc: &str) -> PathBuf {
        self.places.vpc(vpc)
    }

    fn around(&self) -> workload::Around<'_> {
        workload::Around { places: &self.places, domain: self.domain.as_deref() }
    }

    fn machines(&self) -> machine::Machines<'_> {
        machine::Machines { places: &self.places, domain: self.domain.as_deref() }
    }

    fn vpc(&self, id: &str) -> Result<Arc<Vpc>> {
        let vpcs = self.vpcs.lock().unwrap_or_else(PoisonError::into_inner);
        vpcs.get(id).cloned().ok_or_else(|| Error::Refused(format!("the network of {id} is not up")))
    }

    /// Makes the VPC's router, instances and NAT gateways, and remembers what was wished for.
    async fn ensure_vpc(&self, wish: &router::Wish<'_>) -> Result<()> {
        let vpc = wish.vpc;
        let router = router::ensure(&self.places, wish, self.count_before_change(&vpc.id)).await?;
        self.vpcs.lock().unwrap_or_else(PoisonError::into_inner).insert(vpc.id.clone(), Arc::new(vpc.clone()));
        for instance in &vpc.instances {
            instance::ensure(&self.places, &router, vpc, instance).await?;
        }
        for (id, interface) in nat::gateways(vpc) {
            nat::ensure(&self.places, &router, vpc, id, interface).await?;
        }
        Ok(())
    }

    /// Reads what the VPC's counters, which are about to begin anew, have counted.
    async fn count_before_change(&self, vpc: &str) {
        let now = self.ledger().latest();
        if let Ok(vpc) = self.vpc(vpc) {
            self.count(&vpc, now).await;
            let counts = self.counts(&vpc.id).await;
            counters::add(self.counted.lock().unwrap_or_else(PoisonError::into_inner).entry(vpc.id.clone()).or_default(), counts);
        }
        self.ledger().begin(vpc);
    }

    async fn count(&self, vpc: &Vpc, now: Timestamp) {
        if vpc.flow_logs.is_empty() {
            return;
        }
        let read = async { flows::read(&router::open(&self.places, &vpc.id)?, vpc).await };
        match read.await {
            Ok(readings) => self.ledger().read(vpc, readings, now),
            Err(error) => tracing::warn!(vpc = vpc.id, %error, "packets could not be counted for flow logs"),
        }
    }

    /// What the rules of a VPC have counted since its filter was loaded; nothing if it isn't up.
    async fn counts(&self, vpc: &str) -> counters::Counts {
        let read = async { counters::read(&router::open(&self.places, vpc)?).await };
        read.await.unwrap_or_else(|error| {
            tracing::debug!(vpc, %error, "what rules have counted could not be read");
            counters::Counts::new()
        })
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something to each VPC at the same time, and adds to `faults` what could not be done; the first fault of a VPC counts.
    async fn each<'a, F>(
        wishes: &'a [router::Wish<'a>],
        faults: &mut BTreeMap<String, Error>,
        work: impl Fn(&'a router::Wish<'a>) -> F,
    ) where
        F: Future<Output = Result<()>>,
    {
        let done = futures::future::join_all(wishes.iter().map(work)).await;
        for (wish, fault) in wishes.iter().zip(done).filter_map(|(wish, done)| Some((wish, done.err()?))) {
            faults.entry(wish.vpc.id.clone()).or_insert(fault);
        }
    }

    /// Removes the instances and VPCs that are not wished for, where nobody is in them any more.
    async fn collect(&self, vpcs: &[Vpc]) -> Result<()> {
        let instances = vpcs.iter().flat_map(|vpc| &vpc.instances).map(|it| it.id.as_str()).collect();
        instance::collect(&self.places, &instances).await?;
        nat::collect(&self.places, &vpcs.iter().flat_map(nat::gateways).map(|(id, _)| id).collect()).await?;
        let wanted: BTreeSet<_> = vpcs.iter().map(|vpc| vpc.id.as_str()).collect();
        for name in self.places.list("vpc-").iter().filter(|name| !wanted.contains(name.as_str())) {
            let in_use = match Space::open(&self.places.vpc(name))? {
                Some(router) => router::is_in_use(&router).await?,
                None => false,
            };
            if !in_use {
                Namespace::remove(&self.places.vpc(name))?;
                self.vpcs.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
                self.counted.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
            }
        }
        Ok(())
    }

    async fn join_network(&self, workload: &Workload) -> Result<NetworkJoin> {
        match &workload.network {
            wish::Network::Interface { vpc, interface } => {
                self.around().join_interface(&*self.vpc(vpc)?, workload, interface).await
            }
            wish::Network::Host { vpc, instance } => self.around().join_host(&*self.vpc(vpc)?, workload, instance).await,
            wish::Network::Bridge { vpc, instance } => {
                let _alone = self.shared.lock().await;
                self.around().join_bridge(&*self.vpc(vpc)?, workload, instance).await
            }
            wish::Network::None => self.around().join_nothing(workload).await,
        }
    }

    async fn leave_others(&self, workloads: &BTreeSet<String>) -> Result<()> {
        let present: BTreeSet<_> =
            self.places.list("w-").iter().filter_map(|name| names::workload_of(name)).map(str::to_owned).collect();
        for workload in present.difference(workloads) {
            self.around().leave(workload).await?;
        }
        Ok(())
    }

    async fn remove_everything(&self) -> Result<()> {
        self.leave_others(&BTreeSet::new()).await?;
        self.internet.remove().await?;
        for instance in self.places.list("i-") {
            instance::remove(&self.places, &instance).await?;
        }
        nat::collect(&self.places, &BTreeSet::new()).await?;
        for name in self.places.list("") {
            Namespace::remove(&self.places.folder().join(name))?;
        }
        self.vpcs.lock().unwrap_or_else(PoisonError::into_inner).clear();
        std::fs::remove_dir(self.places.folder()).ok();
        Ok(())
    }
}

#[async_trait::async_trait]
impl Network for NetWorld {
    fn missing(&self) -> Vec<Missing> {
        let shortcomings = self.internet.shortcomings.lock().unwrap_or_else(PoisonError::into_inner);
        probe::missing(&self.places).into_iter().chain(shortcomings.iter().cloned()).collect()
    }

    async fn recover(&self, workloads: &BTreeSet<String>) -> std::result::Result<(), String> {
        probe::collect(&self.places).map_err(|error| error.to_string())?;
        self.leave_others(workloads).await.map_err(|error| error.to_string())
    }

    async fn ensure(&self, vpcs: &[Vpc]) -> BTreeMap<String, String> {
        let _alone = self.shared.lock().await;
        let (wishes, mut faults) = (router::Wish::of(vpcs), BTreeMap::new());
        let routers = Self::each(&wishes, &mut faults, |wish| self.ensure_vpc(wish));
        let outside = internet::outside(vpcs);
        let (hub, ()) = tokio::join!(self.internet.hub(&outside), routers);
        let beyond = self.internet.join(hub, &outside).await.into_iter().chain(peering::ensure(&self.places, vpcs).await);
        for (vpc, fault) in beyond {
            faults.entry(vpc).or_insert(fault);
        }
        Self::each(&wishes, &mut faults, |wish| router::ensure_exits(&self.places, wish)).await;
        if let Err(error) = self.collect(vpcs).await {
            tracing::warn!(%error, "what is left of the network could not be removed yet");
        }
        faults.into_iter().map(|(vpc, error)| (vpc, error.to_string())).collect()
    }

    async fn join(&self, workload: &Workload) -> std::result::Result<NetworkJoin, String> {
        self.join_network(workload).await.map_err(|error| error.to_string())
    }

    async fn leave(&self, workload: &str) -> std::result::Result<(), String> {
        self.around().leave(workload).await.map_err(|error| error.to_string())
    }

    async fn plug(&self, machine: &Machine, interface: &hosted::Interface, door: &Door) -> std::result::Result<Plugged, String> {
        let vpc = self.vpc(&machine.vpc).map_err(|error| error.to_string())?;
        self.machines().plug(&vpc, &machine.id, interface, door).await.map_err(|error| error.to_string())
    }

    async fn unplug(&self, machine: &Machine, interface: &hosted::Interface, door: &Door) -> std::result::Result<(), String> {
        self.machines().unplug(&machine.vpc, interface, door).await.map_err(|error| error.to_string())
    }

    async fn reaches(&self, machine: &Machine, door: &Door) -> bool {
        match self.vpc(&machine.vpc) {
            Ok(vpc) => self.machines().reaches(&vpc, machine, door).await.unwrap_or(false),
            Err(_) => false,
        }
    }

    async fn flows(&self, now: Timestamp) -> Vec<FlowRecord> {
        let _alone = self.shared.lock().await;
        let vpcs: Vec<_> = self.vpcs.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
        for vpc in &vpcs {
            self.count(vpc, now).await;
        }
        self.ledger().close(now)
    }

    async fn rule_counts(&self) -> BTreeMap<String, Count> {
        let vpcs: Vec<_> = self.vpcs.lock().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect();
        let mut all = counters::Counts::new();
        for vpc in vpcs {
            counters::add(&mut all, self.counts(&vpc).await);
        }
        let before = self.counted.lock().unwrap_or_else(PoisonError::into_inner).clone();
        before.into_values().for_each(|counts| counters::add(&mut all, counts));
        all
    }

    async fn teardown(&self) -> std::result::Result<(), String> {
        let _alone = self.shared.lock().await;
        self.remove_everything().await.map_err(|error| error.to_string())
    }
}
