//! An instance: a namespace with an interface of a VPC, in which containers in `host` mode live, and behind whose address
//! containers in `bridge` mode hide.

use super::error::{Error, Result};
use super::filter::{self, Mapped};
use super::names::{self, INNER, Places, bridge_port};
use super::plug::{Plug, plug};
use super::space::{Space, Way};
use super::{parameters, ports, router};
use agent_proto::network::{Attachment, Instance, Vpc};
use agent_proto::workload::PortMapping;
use logic::packet_filter::{BRIDGE, instance_ruleset};
use model::Cidr;
use netns::Namespace;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};

/// The instance's own address on its bridge.
const GATEWAY: Ipv4Addr = Ipv4Addr::new(172, 17, 0, 1);

/// Makes an instance what the VPC says.
pub(crate) async fn ensure(places: &Places, router: &Space, vpc: &Vpc, instance: &Instance) -> Result<()> {
    let plugged = |attachment: &Attachment| matches!(attachment, Attachment::Instance(id) if *id == instance.id);
    let interface = vpc.interfaces.iter().find(|it| plugged(&it.attachment));
    let interface = interface.ok_or_else(|| Error::Refused(format!("{} has no interface", instance.id)))?;
    let (space, _) = Space::ensure(&places.instance(&instance.id))?;
    parameters::prepare_router(space.namespace())?;
    parameters::prepare_container(space.namespace())?;
    filter::load(&space, instance_ruleset()).await?;
    let loopback = space.loopback().await?;
    space.set_addresses(loopback, &[Cidr { address: GATEWAY, prefix: 32 }]).await?;
    space.set_route(BRIDGE, Way::Nowhere).await?;
    plug(router, &space, &router::plug_of(vpc, interface, 0)?).await?;
    parameters::route_loopback(space.namespace())?;
    parameters::forward(space.namespace())
}

/// The instance, which has to be there.
pub(crate) fn open(places: &Places, instance: &str) -> Result<Space> {
    Space::open(&places.instance(instance))?.ok_or_else(|| Error::Refused(format!("the network of {instance} is not up")))
}

/// Removes the instances that are not wanted, unless workloads that have joined them have not left.
pub(crate) async fn collect(places: &Places, wanted: &BTreeSet<&str>) -> Result<()> {
    for name in places.list("i-").iter().filter(|name| !wanted.contains(name.as_str())) {
        if !is_in_use(places, name).await? {
            remove(places, name).await?;
        }
    }
    Ok(())
}

/// Removes an instance.
pub(crate) async fn remove(places: &Places, instance: &str) -> Result<()> {
    let path = places.instance(instance);
    if let Some(space) = Space::open(&path)? {
        space.delete_link(INNER).await?;
    }
    Ok(Namespace::remove(&path)?)
}

async fn is_in_use(places: &Places, instance: &str) -> Result<bool> {
    let Some(space) = Space::open(&places.instance(instance))? else { return Ok(false) };
    let bridged = space.links().await?.keys().any(|name| name.starts_with('b'));
    let own = space.namespace().identity().ok();
    Ok(bridged || places.list("w-").iter().any(|name| identity(places, name) == own))
}

/// Whether the namespace of this name is that of an instance.
pub(crate) fn is_instance(places: &Places, name: &str) -> bool {
    let own = identity(places, name);
    own.is_some() && places.list("i-").iter().any(|instance| identity(places, instance) == own)
}

fn identity(places: &Places, name: &str) -> Option<(u64, u64)> {
    Namespace::open(&places.folder().join(name)).ok()?.identity().ok()
}

/// Plugs the namespace of a container, which is called `name`, into the instance's bridge, and maps its ports. Answers its address, and
/// the ports with free ones chosen. No two of these may run at the same time on one instance.
pub(crate) async fn bridge(
    instance: &Space,
    container: &Space,
    name: &str,
    wanted: &[PortMapping],
) -> Result<(Ipv4Addr, Vec<PortMapping>)> {
    let address = address_of(instance, container, name).await?;
    let wish = Plug {
        port: bridge_port(name),
        device: 0,
        mac: mac_of(address),
        addresses: vec![Cidr { address, prefix: BRIDGE.prefix }],
        ipv6: vec![],
        gateway: GATEWAY,
        exit: None,
    };
    plug(instance, container, &wish).await?;
    let standing = filter::ports(instance.namespace()).await?;
    let own: BTreeMap<_, _> =
        standing.iter().filter(|(_, (it, _))| *it == address).map(|(port, (_, inner))| (port.clone(), *inner)).collect();
    let chosen = ports::choose(wanted, &own, &standing.keys().cloned().collect(), |port| is_free(instance, port))?;
    let new = chosen.iter().map(|mapping| (ports::at_instance(mapping), (address, mapping.container_port)));
    filter::map_ports(instance.namespace(), &new.filter(|(port, _)| !own.contains_key(port)).collect()).await?;
    Ok((address, chosen))
}

/// Takes a container from an instance's bridge, if it is on it.
pub(crate) async fn unbridge(instance: &Space, name: &str) -> Result<()> {
    let port = bridge_port(name);
    let Some(link) = instance.link(&port).await? else { return Ok(()) };
    let addresses = instance.routes_by(link).await?;
    let standing = filter::ports(instance.namespace()).await?;
    let own = standing.iter().filter(|(_, (address, _))| addresses.iter().any(|it| it.address == *address));
    filter::unmap_ports(instance.namespace(), &own.map(|(port, _)| port.clone()).collect::<Vec<_>>()).await?;
    instance.delete_link(&port).await
}

/// The address that the container has, or else the first that is free.
async fn address_of(instance: &Space, container: &Space, name: &str) -> Result<Ipv4Addr> {
    if let (Some(inner), Some(_)) = (container.link(INNER).await?, instance.link(&names::bridge_port(name)).await?)
        && let Some(address) = container.addresses(inner).await?.first()
    {
        return Ok(address.address);
    }
    let taken: BTreeSet<_> = instance.routes().await?.into_iter().map(|(network, _)| network.address).collect();
    let mut free = (2..BRIDGE.size() - 1).filter_map(|offset| BRIDGE.nth(offset)).filter(|address| !taken.contains(address));
    free.next().ok_or_else(|| Error::Refused(format!("no address of {BRIDGE} is free")))
}

/// As Docker makes them: 02:42 and the address.
fn mac_of(address: Ipv4Addr) -> [u8; 6] {
    let [a, b, c, d] = address.octets();
    [0x02, 0x42, a, b, c, d]
}

/// Whether no process of the instance has the port.
fn is_free(instance: &Space, (protocol, port): &Mapped) -> bool {
    let address = SocketAddr::from((Ipv4Addr::UNSPECIFIED, *port));
    match protocol.as_str() {
        "udp" => instance.namespace().udp_bind(address).is_ok(),
        _ => instance.namespace().tcp_listen(address).is_ok(),
    }
}
