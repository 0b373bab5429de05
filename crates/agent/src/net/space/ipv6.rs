//! Addresses of IPv6. All are single ones (`/128`), and nobody is asked whether they are free: they are the control plane's to give.

use super::super::error::Result;
use super::{Space, refused, unless};
use nix::errno::Errno;
use rtnetlink::AddressMessageBuilder;
use rtnetlink::packet_route::address::{AddressAttribute, AddressFlags};
use std::net::{IpAddr, Ipv6Addr};

impl Space {
    /// The addresses of IPv6 that an interface has, without the link-local ones.
    async fn ipv6_addresses(&self, index: u32) -> Result<Vec<(Ipv6Addr, u8)>> {
        let found = self.list("addresses", || self.netlink.address().get().set_link_index_filter(index).execute()).await?;
        let own = |attribute: &AddressAttribute| match attribute {
            AddressAttribute::Address(IpAddr::V6(address)) => Some(*address),
            _ => None,
        };
        let all = found.iter().filter_map(|it| Some((it.attributes.iter().find_map(own)?, it.header.prefix_len)));
        Ok(all.filter(|(address, _)| !address.is_unicast_link_local() && !address.is_loopback()).collect())
    }

    /// Gives an interface exactly these addresses of IPv6 beside its link-local one.
    pub(crate) async fn set_ipv6_addresses(&self, index: u32, wanted: &[Ipv6Addr]) -> Result<()> {
        let present = self.ipv6_addresses(index).await?;
        for (address, prefix) in present.iter().filter(|(address, _)| !wanted.contains(address)) {
            let message = AddressMessageBuilder::<Ipv6Addr>::new().index(index).address(*address, *prefix).build();
            let deleted = self.netlink.address().del(message).execute().await;
            unless(deleted, Errno::EADDRNOTAVAIL).map_err(|error| refused(format!("delete the address {address}"), error))?;
        }
        for address in wanted.iter().filter(|it| !present.iter().any(|(has, _)| has == *it)) {
            let mut wish = self.netlink.address().add(index, (*address).into(), 128);
            wish.message_mut().attributes.push(AddressAttribute::Flags(AddressFlags::Nodad | AddressFlags::Noprefixroute));
            unless(wish.execute().await, Errno::EEXIST).map_err(|error| refused(format!("add the address {address}"), error))?;
        }
        Ok(())
    }
}
