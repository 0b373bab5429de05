//! Plugs a namespace into a router: the one way in which workloads meet VPCs, instances meet VPCs, and containers in `bridge` mode
//! meet instances.
//!
//! The router sends what is for the address, and that alone, into a link of its own (`/32`). The inside has the address with its network's
//! real mask, but sends everything to the router, its neighbours' packets too: so whatever is sent passes the router's packet filter.
//! Each side is told the other's hardware address, so nobody ever has to ask (by ARP) who is where.

use super::error::{Error, Result};
use super::names::INNER;
use super::space::{End, Mac, Space, Way, pair};
use model::Cidr;
use std::net::Ipv4Addr;

/// The router's hardware address, the same on every link: a link has no third party that could mistake it.
const ROUTER: Mac = [0x02, 0x68, 0x66, 0, 0, 1];

/// What is to be plugged in.
pub(crate) struct Plug {
    /// What the router calls the link.
    pub(crate) port: String,
    /// The inside's hardware address.
    pub(crate) mac: Mac,
    /// The inside's address, with the mask of its network.
    pub(crate) address: Cidr,
    /// The router's address in that network.
    pub(crate) gateway: Ipv4Addr,
}

/// Plugs `inside` into `router`. Done again, it repairs what is missing; what is right already, the kernel leaves as it is.
pub(crate) async fn plug(router: &Space, inside: &Space, plug: &Plug) -> Result<()> {
    let outer = connect(router, inside, plug).await?;
    let inner = inside.need(INNER).await?;
    inside.loopback().await?;
    inside.set_detached_address(inner, plug.address).await?;
    inside.set_neighbour(inner, plug.gateway, ROUTER).await?;
    inside.set_route(Cidr::ANY, Way::Gateway(inner, plug.gateway)).await?;
    router.set_neighbour(outer, plug.address.address, plug.mac).await?;
    router.set_route(Cidr { prefix: 32, ..plug.address }, Way::Link(outer)).await
}

/// The pair of interfaces. Half of one, which a crash may leave, is replaced.
async fn connect(router: &Space, inside: &Space, plug: &Plug) -> Result<u32> {
    match (router.link(&plug.port).await?, inside.link(INNER).await?) {
        (Some(outer), Some(_)) => return Ok(outer),
        (Some(_), None) => router.delete_link(&plug.port).await?,
        (None, Some(_)) => inside.delete_link(INNER).await?,
        (None, None) => {}
    }
    let near = End { space: router, name: &plug.port, mac: Some(ROUTER) };
    pair(near, End { space: inside, name: INNER, mac: Some(plug.mac) }).await
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
