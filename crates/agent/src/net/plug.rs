//! Plugs a namespace into a router: the one way in which workloads meet VPCs, instances meet VPCs, and containers in `bridge` mode
//! meet instances.
//!
//! The router sends what is for the address, and that alone, into a link of its own (`/32`). The inside sees an ordinary
//! Ethernet network with its real mask; the router answers there for every other address (proxy ARP), so that whatever is sent
//! passes through it, and with that through its packet filter.

use super::error::{Error, Result};
use super::names::INNER;
use super::parameters;
use super::space::{End, Mac, Space, Way, pair};
use model::Cidr;
use std::net::Ipv4Addr;

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

/// Plugs `inside` into `router`. Done again, it repairs what is missing and touches nothing else.
pub(crate) async fn plug(router: &Space, inside: &Space, plug: &Plug) -> Result<()> {
    let outer = connect(router, inside, plug).await?;
    inside.loopback().await?;
    let inner = inside.need(INNER).await?;
    if inside.addresses(inner).await? == [plug.address] && router.routes_by(outer).await? == [alone(plug)] {
        return Ok(());
    }
    inside.set_addresses(inner, &[plug.address]).await?;
    inside.set_route(Cidr::ANY, Way::Gateway(inner, plug.gateway)).await?;
    router.set_neighbour(outer, plug.address.address, plug.mac).await?;
    router.set_route(alone(plug), Way::Link(outer)).await
}

/// The pair of interfaces. Half of one, which a crash may leave, is replaced.
async fn connect(router: &Space, inside: &Space, plug: &Plug) -> Result<u32> {
    match (router.link(&plug.port).await?, inside.link(INNER).await?) {
        (Some(outer), Some(_)) => return Ok(outer),
        (Some(_), None) => router.delete_link(&plug.port).await?,
        (None, Some(_)) => inside.delete_link(INNER).await?,
        (None, None) => {}
    }
    let near = End { space: router, name: &plug.port, mac: None };
    let outer = pair(near, End { space: inside, name: INNER, mac: Some(plug.mac) }).await?;
    parameters::answer_at_once(router.namespace(), &plug.port)?;
    Ok(outer)
}

/// The address without its network.
fn alone(plug: &Plug) -> Cidr {
    Cidr { address: plug.address.address, prefix: 32 }
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
