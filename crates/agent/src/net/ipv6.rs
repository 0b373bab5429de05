//! The internet's part that speaks IPv6: nothing is translated there, since the addresses of VPCs are their own everywhere.
//!
//! Whoever is on such a link is told who is at its other end, so nobody is asked (RFC 4861 has no part in it).

use super::error::{Error, Result};
use super::names::HOST_LINK;
use super::parameters;
use super::space::{Mac, Space, Way};
use agent_proto::Missing;
use logic::vpc::{IPV6_POOL as POOL, VPC_PREFIX};
use model::{IpCidr, Ipv6Cidr};
use nix::errno::Errno;
use std::net::Ipv6Addr;

/// The internet's address on every link.
pub(crate) const HUB: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1);
/// Who is at the other end of one: a router, or the host.
const BORDER: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 2);
/// The host, as the internet sees it: what a security group has to allow for the host's users. It is from the pool's last block, which is
/// not given to VPCs.
const HOST: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0xffff, 0xff00, 0, 0, 0, 1);

/// Lets the namespace in the middle pass IPv6 on.
pub(crate) async fn open_hub(hub: &Space) -> Result<()> {
    hub.set_route(POOL, Way::Unreachable).await?;
    parameters::forward_ipv6(hub.namespace())
}

/// Joins a VPC's router by the link that there is between them, and sends its blocks, and no others, there.
pub(crate) async fn attach(hub: (&Space, &str), router: (&Space, &str), blocks: &[Ipv6Cidr]) -> Result<()> {
    let link = meet(hub, router).await?;
    set_blocks(hub.0, link, Way::Gateway(link, BORDER.into()), blocks).await
}

/// Sends exactly these VPCs' blocks into the link.
async fn set_blocks(space: &Space, link: u32, way: Way, blocks: &[Ipv6Cidr]) -> Result<()> {
    let own = space.ipv6_routes().await?.into_iter().filter(|(to, by)| *by == link && to.prefix == VPC_PREFIX);
    let own: Vec<_> = own.map(|(to, _)| to).collect();
    for gone in own.iter().filter(|to| !blocks.contains(to)) {
        space.delete_route(*gone, way).await?;
    }
    for block in blocks.iter().filter(|block| !own.contains(block)) {
        let added = space.add_route(*block, way).await;
        added.map_err(|cause| Error::Link { what: format!("add the route to {block}"), cause })?;
    }
    Ok(())
}

/// Lets the host's users reach the VPCs' addresses, by one route, or by one for each block where another cloud on this host has that.
pub(crate) async fn join_host(host: &Space, host_end: &str, hub: &Space, blocks: &[Ipv6Cidr]) -> Result<()> {
    let towards = meet((hub, HOST_LINK), (host, host_end)).await?;
    hub.set_route(IpCidr::host(HOST.into()), Way::Gateway(towards, BORDER.into())).await?;
    let outer = host.need(host_end).await?;
    host.set_ipv6_addresses(outer, &[HOST]).await?;
    let way = Way::Gateway(outer, HUB.into());
    let taken = match host.add_route(POOL, way).await {
        Ok(()) => false,
        Err(cause) if cause.raw_os_error() == Some(Errno::EEXIST as i32) => !leads(host, outer).await?,
        Err(cause) => return Err(Error::Link { what: format!("add the route to {POOL}"), cause }),
    };
    set_blocks(host, outer, way, if taken { blocks } else { &[] }).await
}

async fn leads(host: &Space, link: u32) -> Result<bool> {
    Ok(host.ipv6_routes().await?.contains(&(POOL, link)))
}

/// Has both ends of a link speak IPv6 and know each other: the near one is [`HUB`], the far one [`BORDER`]. Answers the near one's index.
async fn meet(near: (&Space, &str), far: (&Space, &str)) -> Result<u32> {
    for (space, link) in [near, far] {
        parameters::speak_ipv6(space.namespace(), link)?;
    }
    let ((hub, hub_mac), (border, border_mac)) = (end(near).await?, end(far).await?);
    near.0.set_neighbour(hub, BORDER.into(), border_mac).await?;
    far.0.set_neighbour(border, HUB.into(), hub_mac).await?;
    Ok(hub)
}

async fn end((space, link): (&Space, &str)) -> Result<(u32, Mac)> {
    let gone = || Error::Refused(format!("the interface {link} has gone"));
    let (index, _, mac) = space.ends(link).await?.ok_or_else(gone)?;
    Ok((index, Mac::try_from(mac).map_err(|_| gone())?))
}

/// What it costs that the host has no way there.
pub(crate) fn unreachable_from_host(error: &Error) -> Missing {
    Missing {
        what: "a route to the IPv6 addresses of VPCs".into(),
        costs: "they can't be reached from this host".into(),
        remedy: format!("{error}; see whether another cloud on this host has them: `ip -6 route show root {POOL}`"),
        fatal: false,
    }
}
