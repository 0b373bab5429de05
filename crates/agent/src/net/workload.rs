//! How workloads join the network and leave it.

use super::error::{Error, Result};
use super::names::{INNER, Places};
use super::plug::plug;
use super::space::Space;
use super::{instance, parameters, router};
use crate::network::{ContainerNetwork, NetworkJoin};
use agent_proto::network::{Attachment, Vpc};
use agent_proto::workload::{PortMapping, Workload};
use netns::Namespace;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

/// What is the same for all containers of a VPC.
pub(crate) struct Around<'a> {
    /// The namespaces.
    pub(crate) places: &'a Places,
    /// The domain of host names, and where names without a dot are looked for.
    pub(crate) domain: Option<&'a str>,
}

impl Around<'_> {
    /// `awsvpc`: a namespace with an interface of the VPC, for all containers of the workload.
    pub(crate) async fn join_interface(&self, vpc: &Vpc, workload: &Workload, interface: &str) -> Result<NetworkJoin> {
        let meant = |attachment: &Attachment| matches!(attachment, Attachment::Workload(id) if *id == workload.id);
        let found = vpc.interfaces.iter().find(|it| it.id == interface && meant(&it.attachment));
        let found = found.ok_or_else(|| Error::Refused(format!("{interface} is not attached to this task in {}", vpc.id)))?;
        let path = self.places.workload(&workload.id);
        let (router, (inside, _)) = (router::open(self.places, &vpc.id)?, Space::ensure(&path)?);
        parameters::prepare_container(inside.namespace())?;
        plug(&router, &inside, &router::plug_of(vpc, found, 0)?).await?;
        let network = ContainerNetwork { netns: path, ..self.network(vpc, found.address) };
        tracing::debug!(workload = workload.id, %found.address, public = ?found.public_address, "joined");
        Ok(with_own_ports(workload, network))
    }

    /// `host`: the instance's namespace, at a path of the workload's own.
    pub(crate) async fn join_host(&self, vpc: &Vpc, workload: &Workload, id: &str) -> Result<NetworkJoin> {
        let (instance, path) = (instance::open(self.places, id)?, self.places.workload(&workload.id));
        let present = Namespace::open(&path).ok().and_then(|it| it.identity().ok());
        if present.is_none() || present != instance.namespace().identity().ok() {
            instance.namespace().keep_at(&path)?;
        }
        let network = ContainerNetwork { netns: path, ..self.network(vpc, address_of(vpc, id)?) };
        Ok(with_own_ports(workload, network))
    }

    /// `bridge`: a namespace for each container, behind the instance's address. Never twice at the same time on one instance.
    pub(crate) async fn join_bridge(&self, vpc: &Vpc, workload: &Workload, id: &str) -> Result<NetworkJoin> {
        let instance = instance::open(self.places, id)?;
        let mut containers = BTreeMap::new();
        for (place, container) in workload.containers.iter().enumerate() {
            let netns = self.places.container(&workload.id, place);
            let (inside, _) = Space::ensure(&netns)?;
            parameters::prepare_container(inside.namespace())?;
            let name = netns.file_name().unwrap_or_default().to_string_lossy();
            let (address, ports) = instance::bridge(&instance, &inside, &name, &container.ports).await?;
            let network = ContainerNetwork { netns, ports, hostname: None, ..self.network(vpc, address) };
            containers.insert(container.name.clone(), network);
        }
        Ok(NetworkJoin { containers })
    }

    /// `none`: a namespace for each container, with nothing but loopback.
    pub(crate) async fn join_nothing(&self, workload: &Workload) -> Result<NetworkJoin> {
        let mut containers = BTreeMap::new();
        for (place, container) in workload.containers.iter().enumerate() {
            let netns = self.places.container(&workload.id, place);
            let (inside, _) = Space::ensure(&netns)?;
            inside.loopback().await?;
            containers.insert(container.name.clone(), ContainerNetwork { netns, ..ContainerNetwork::default() });
        }
        Ok(NetworkJoin { containers })
    }

    /// Removes what a workload was given.
    pub(crate) async fn leave(&self, workload: &str) -> Result<()> {
        for name in self.places.of_workload(workload) {
            self.unplug(&name).await?;
            Namespace::remove(&self.places.folder().join(&name))?;
        }
        Ok(())
    }

    /// Takes the interface from a workload's own namespace. An instance's namespace keeps its own.
    async fn unplug(&self, name: &str) -> Result<()> {
        let Some(inside) = Space::open(&self.places.folder().join(name))? else { return Ok(()) };
        if instance::is_instance(self.places, name) {
            return Ok(());
        }
        for instance in self.places.list("i-").iter().filter(|_| name.contains('.')) {
            instance::unbridge(&instance::open(self.places, instance)?, name).await?;
        }
        inside.delete_link(INNER).await
    }

    /// What a container at this address of the VPC finds.
    fn network(&self, vpc: &Vpc, address: Ipv4Addr) -> ContainerNetwork {
        let [a, b, c, d] = address.octets();
        let host = format!("ip-{a}-{b}-{c}-{d}");
        let domain = vpc.dhcp.domain.as_deref().or(self.domain);
        ContainerNetwork {
            address: Some(address),
            hostname: Some(domain.map_or(host.clone(), |domain| format!("{host}.{domain}"))),
            name_servers: router::name_servers(vpc),
            search: domain.map(str::to_owned).into_iter().collect(),
            ..ContainerNetwork::default()
        }
    }
}

/// All containers find the same, but each has the ports of its own definition: they are its namespace's.
fn with_own_ports(workload: &Workload, network: ContainerNetwork) -> NetworkJoin {
    let mut join = NetworkJoin::shared(workload, network);
    for container in &workload.containers {
        if let Some(found) = join.containers.get_mut(&container.name) {
            found.ports = container.ports.iter().map(|it| PortMapping { host_port: it.container_port, ..it.clone() }).collect();
        }
    }
    join
}

/// The address of an instance in its VPC.
fn address_of(vpc: &Vpc, instance: &str) -> Result<Ipv4Addr> {
    let meant = |attachment: &Attachment| matches!(attachment, Attachment::Instance(id) if id == instance);
    let found = vpc.interfaces.iter().find(|it| meant(&it.attachment)).map(|it| it.address);
    found.ok_or_else(|| Error::Refused(format!("{instance} has no interface in {}", vpc.id)))
}
