//! Plugs a namespace into a router: the one way in which workloads meet VPCs, instances meet VPCs, and containers in `bridge` mode
//! meet instances.
//!
//! The router sends what is for the addresses, and that alone, into a link of its own (`/32`). The inside has the addresses with their
//! network's real mask, but sends everything to the router, its neighbours' packets too: so whatever is sent passes the router's packet
//! filter. Each side is told the other's hardware address, so nobody ever has to ask (by ARP) who is where.

/// The router's address of IPv6 and its hardware address, on every link.
pub(crate) use agent_proto::network::{ROUTER_ADDRESS as IPV6_GATEWAY, ROUTER_MAC as ROUTER};

use super::error::{Error, Result};
use super::parameters;
use super::space::{End, MAIN, Mac, Space, Way, pair};
use model::{Cidr, IpCidr, Ipv6Cidr};
use std::net::{Ipv4Addr, Ipv6Addr};

/// The inside's table of the first interface beside `eth0`, where its own default route stands.
const FIRST_TABLE: u32 = 10_000;

/// What is to be plugged in.
pub(crate) struct Plug {
    /// What the router calls the link.
    pub(crate) port: String,
    /// Which interface of the inside it is: `eth0` is the one with the way to everywhere, from the others go the packets that bear
    /// their addresses.
    pub(crate) device: u32,
    /// The inside's hardware address.
    pub(crate) mac: Mac,
    /// The inside's addresses, with the mask of their network, the primary one first.
    pub(crate) addresses: Vec<Cidr>,
    /// The inside's addresses of IPv6. Without any, its link doesn't speak it.
    pub(crate) ipv6: Vec<Ipv6Addr>,
    /// The router's address in that network.
    pub(crate) gateway: Ipv4Addr,
    /// The number of the way by which others' packets are led to it, if any are.
    pub(crate) exit: Option<u16>,
}

impl Plug {
    /// What the inside calls the link.
    pub(crate) fn name(&self) -> String {
        format!("eth{}", self.device)
    }

    /// The inside's table that has its default route.
    fn table(&self) -> u32 {
        if self.device == 0 { MAIN } else { FIRST_TABLE + self.device }
    }
}

/// Plugs `inside` into `router`. Done again, it repairs what is missing; what is right already, the kernel leaves as it is.
pub(crate) async fn plug(router: &Space, inside: &Space, plug: &Plug) -> Result<()> {
    let outer = connect(router, inside, plug).await?;
    let inner = inside.need(&plug.name()).await?;
    inside.loopback().await?;
    inside.set_detached_addresses(inner, &plug.addresses).await?;
    inside.set_neighbour(inner, plug.gateway.into(), ROUTER).await?;
    let (way, table) = (Way::Gateway(inner, plug.gateway.into()), plug.table());
    inside.set_route_in(table, Cidr::ANY, way).await?;
    if plug.device > 0 {
        for address in &plug.addresses {
            inside.add_source(address.address.into(), table).await?;
        }
    }
    plug_ipv6(inside, inner, plug).await?;
    lead(router, outer, plug).await
}

/// The inside's addresses of IPv6, and its way to everywhere from them.
async fn plug_ipv6(inside: &Space, inner: u32, plug: &Plug) -> Result<()> {
    if plug.ipv6.is_empty() {
        return inside.set_ipv6_addresses(inner, &[]).await;
    }
    parameters::speak_ipv6(inside.namespace(), &plug.name())?;
    inside.set_ipv6_addresses(inner, &plug.ipv6).await?;
    inside.set_neighbour(inner, IPV6_GATEWAY.into(), ROUTER).await?;
    inside.set_route_in(plug.table(), Ipv6Cidr::ANY, Way::Gateway(inner, IPV6_GATEWAY.into())).await?;
    if plug.device > 0 {
        for address in &plug.ipv6 {
            inside.add_source((*address).into(), plug.table()).await?;
        }
    }
    Ok(())
}

/// The router's side of a plug: sends what is for the addresses into the link.
pub(crate) async fn lead(router: &Space, outer: u32, plug: &Plug) -> Result<()> {
    if !plug.ipv6.is_empty() {
        parameters::speak_ipv6(router.namespace(), &plug.port)?;
    }
    let ipv4 = plug.addresses.iter().map(|it| it.address.into());
    for address in ipv4.chain(plug.ipv6.iter().map(|it| (*it).into())) {
        router.set_neighbour(outer, address, plug.mac).await?;
        router.set_route(IpCidr::host(address), Way::Link(outer)).await?;
    }
    let Some(exit) = plug.exit else { return Ok(()) };
    if let Some(primary) = plug.addresses.first() {
        router.set_route_in(exit.into(), Cidr::ANY, Way::Gateway(outer, primary.address.into())).await?;
    }
    if let Some(first) = plug.ipv6.first() {
        router.set_route_in(exit.into(), Ipv6Cidr::ANY, Way::Gateway(outer, (*first).into())).await?;
    }
    Ok(())
}

/// The pair of interfaces. What is left of another pair, by a crash or because the interface was plugged in elsewhere, is replaced.
async fn connect(router: &Space, inside: &Space, plug: &Plug) -> Result<u32> {
    let name = plug.name();
    let (outer, inner) = (router.ends(&plug.port).await?, inside.ends(&name).await?);
    if let (Some((outer, far, _)), Some((inner, near, mac))) = (&outer, &inner)
        && (*far, *near, mac.as_slice()) == (Some(*inner), Some(*outer), plug.mac.as_slice())
    {
        return Ok(*outer);
    }
    router.delete_link(&plug.port).await?;
    inside.delete_link(&name).await?;
    let near = End { space: router, name: &plug.port, mac: Some(ROUTER) };
    pair(near, End { space: inside, name: &name, mac: Some(plug.mac) }).await
}

/// Reads `02:00:0a:00:01:07`.
pub(crate) fn mac(text: &str) -> Result<Mac> {
    let bytes: Option<Vec<u8>> = text.split(':').map(|byte| u8::from_str_radix(byte, 16).ok()).collect();
    let mac = bytes.and_then(|bytes| Mac::try_from(bytes).ok());
    mac.ok_or_else(|| Error::Refused(format!("not a hardware address: {text}")))
}

#[cfg(test)]
mod tests {
    use super::mac;

    #[test]
    fn reads_hardware_addresses() {
        assert_eq!(mac("02:00:0a:00:01:ff").ok(), Some([2, 0, 10, 0, 1, 255]));
        for text in ["", "02:00:0a:00:01", "02:00:0a:00:01:1ff", "02:00:0a:00:01:02:03", "x"] {
            assert!(mac(text).is_err(), "{text}");
        }
    }
}
