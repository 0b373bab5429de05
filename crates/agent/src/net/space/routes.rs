//! Routes, and the rules by which packets come to a table of them.

use super::super::error::Result;
use super::{LOOPBACK, Space, cause, refused, unless};
use model::{Cidr, IpCidr, Ipv6Cidr};
use nix::errno::Errno;
use rtnetlink::packet_route::route::{
    RouteAddress, RouteAttribute, RouteFlags, RouteHeader, RouteMessage, RouteMetric, RouteScope, RouteType,
};
use rtnetlink::packet_route::rule::{RuleAction, RuleAttribute, RuleMessage};
use rtnetlink::{IpVersion, RouteMessageBuilder};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The table in which routes are looked for when no rule says otherwise.
pub(crate) const MAIN: u32 = RouteHeader::RT_TABLE_MAIN as u32;

/// What the links of this crate carry at once, in bytes.
const LINK_MTU: u32 = 1500;

/// A family of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl Family {
    /// All of its addresses.
    pub(crate) fn everything(self) -> IpCidr {
        match self {
            Self::V4 => IpCidr::V4(Cidr::ANY),
            Self::V6 => IpCidr::V6(Ipv6Cidr::ANY),
        }
    }
}

/// A way to somewhere.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Way {
    /// It is on the link.
    Link(u32),
    /// By a router on the link, whether the link's addresses say so or not.
    Gateway(u32, IpAddr),
    /// Nowhere, without an answer.
    Nowhere,
    /// Nowhere, with an answer.
    Unreachable,
    /// To the loopback interface, from where a packet of the namespace's own is sent on once it is marked.
    Aside,
}

impl Space {
    /// Sets the way to a network, whatever it was.
    pub(crate) async fn set_route(&self, to: impl Into<IpCidr>, way: Way) -> Result<()> {
        self.set_route_in(MAIN, to, way).await
    }

    /// Sets the way to a network in a table, whatever it was.
    pub(crate) async fn set_route_in(&self, table: u32, to: impl Into<IpCidr>, way: Way) -> Result<()> {
        let to = to.into();
        let set = self.netlink.route().add(route(table, to, way)).replace().execute().await;
        set.map_err(|error| refused(format!("set the route to {to}"), error))
    }

    /// Adds the way to a network, unless there is one already, which is an error.
    pub(crate) async fn add_route(&self, to: impl Into<IpCidr>, way: Way) -> io::Result<()> {
        self.netlink.route().add(route(MAIN, to.into(), way)).execute().await.map_err(cause)
    }

    /// Forgets the way to a network.
    pub(crate) async fn delete_route(&self, to: impl Into<IpCidr>, way: Way) -> Result<()> {
        let to = to.into();
        let deleted = self.netlink.route().del(route(MAIN, to, way)).execute().await;
        unless(deleted, Errno::ESRCH).map_err(|error| refused(format!("delete the route to {to}"), error))
    }

    /// Where the main table sends packets of IPv4: the networks, each with the index of the interface that it is sent out by.
    pub(crate) async fn routes(&self) -> Result<Vec<(Cidr, u32)>> {
        let found = self.unicast(RouteMessageBuilder::<Ipv4Addr>::new().build()).await?;
        Ok(found.iter().filter_map(|route| Some((destination(route), exit(route)?))).collect())
    }

    /// The same of IPv6, without what is link-local.
    pub(crate) async fn ipv6_routes(&self) -> Result<Vec<(Ipv6Cidr, u32)>> {
        let found = self.unicast(RouteMessageBuilder::<Ipv6Addr>::new().build()).await?;
        let ways = found.iter().filter_map(|route| Some((ipv6_destination(route), exit(route)?)));
        Ok(ways.filter(|(to, _)| !to.address.is_unicast_link_local()).collect())
    }

    /// The main table's routes that lead somewhere.
    async fn unicast(&self, wish: RouteMessage) -> Result<Vec<RouteMessage>> {
        let found = self.list("routes", || self.netlink.route().get(wish).execute()).await?;
        let leads =
            |route: &RouteMessage| route.header.kind == RouteType::Unicast && route.header.table == RouteHeader::RT_TABLE_MAIN;
        Ok(found.into_iter().filter(leads).collect())
    }

    /// The networks that are sent out by the interface.
    pub(crate) async fn routes_by(&self, index: u32) -> Result<Vec<Cidr>> {
        Ok(self.routes().await?.into_iter().filter(|(_, exit)| *exit == index).map(|(network, _)| network).collect())
    }

    /// Sends packets of a family with a mark to the table of the same number.
    pub(crate) async fn add_mark(&self, family: Family, mark: u16) -> Result<()> {
        let rule = self.netlink.rule().add().fw_mark(mark.into()).table_id(mark.into()).action(RuleAction::ToTable);
        let added = match family {
            Family::V4 => rule.v4().execute().await,
            Family::V6 => rule.v6().execute().await,
        };
        unless(added, Errno::EEXIST).map_err(|error| refused(format!("add a rule for the mark {mark}"), error))
    }

    /// The marks that have a table.
    pub(crate) async fn marks(&self, family: Family) -> Result<Vec<u16>> {
        Ok(self.rules(family).await?.iter().filter_map(mark).collect())
    }

    /// Forgets a mark. Its table stays, and nothing leads there.
    pub(crate) async fn delete_mark(&self, family: Family, gone: u16) -> Result<()> {
        for rule in self.rules(family).await?.into_iter().filter(|rule| mark(rule) == Some(gone)) {
            let deleted = self.netlink.rule().del(rule).execute().await;
            unless(deleted, Errno::ENOENT).map_err(|error| refused(format!("delete the rule for the mark {gone}"), error))?;
        }
        Ok(())
    }

    /// Has packets from an address looked up in a table.
    pub(crate) async fn add_source(&self, address: IpAddr, table: u32) -> Result<()> {
        let rule = self.netlink.rule().add().table_id(table).action(RuleAction::ToTable);
        let added = match address {
            IpAddr::V4(address) => rule.v4().source_prefix(address, 32).execute().await,
            IpAddr::V6(address) => rule.v6().source_prefix(address, 128).execute().await,
        };
        unless(added, Errno::EEXIST).map_err(|error| refused(format!("add a rule for {address}"), error))
    }

    async fn rules(&self, family: Family) -> Result<Vec<RuleMessage>> {
        let version = match family {
            Family::V4 => IpVersion::V4,
            Family::V6 => IpVersion::V6,
        };
        self.list("rules", || self.netlink.rule().get(version).execute()).await
    }
}

fn mark(rule: &RuleMessage) -> Option<u16> {
    rule.attributes.iter().find_map(|attribute| match attribute {
        RuleAttribute::FwMark(mark) => u16::try_from(*mark).ok(),
        _ => None,
    })
}

fn route(table: u32, to: IpCidr, way: Way) -> RouteMessage {
    let mut route = match to {
        IpCidr::V4(to) => {
            RouteMessageBuilder::<Ipv4Addr>::new().destination_prefix(to.address, to.prefix).table_id(table).build()
        }
        IpCidr::V6(to) => {
            RouteMessageBuilder::<Ipv6Addr>::new().destination_prefix(to.address, to.prefix).table_id(table).build()
        }
    };
    match way {
        Way::Link(index) => {
            route.header.scope = RouteScope::Link;
            route.attributes.push(RouteAttribute::Oif(index));
        }
        Way::Gateway(index, gateway) => {
            route.header.flags |= RouteFlags::Onlink;
            route.attributes.extend([RouteAttribute::Oif(index), RouteAttribute::Gateway(gateway.into())]);
        }
        Way::Nowhere => route.header.kind = RouteType::BlackHole,
        Way::Unreachable => route.header.kind = RouteType::Unreachable,
        Way::Aside => {
            route.header.scope = RouteScope::Link;
            let mtu = RouteAttribute::Metrics(vec![RouteMetric::Mtu(LINK_MTU)]);
            route.attributes.extend([RouteAttribute::Oif(LOOPBACK), mtu]);
        }
    }
    route
}

fn exit(route: &RouteMessage) -> Option<u32> {
    route.attributes.iter().find_map(|attribute| match attribute {
        RouteAttribute::Oif(index) => Some(*index),
        _ => None,
    })
}

fn destination(route: &RouteMessage) -> Cidr {
    let address = route.attributes.iter().find_map(|attribute| match attribute {
        RouteAttribute::Destination(RouteAddress::Inet(address)) => Some(*address),
        _ => None,
    });
    Cidr { address: address.unwrap_or(Ipv4Addr::UNSPECIFIED), prefix: route.header.destination_prefix_length }
}

fn ipv6_destination(route: &RouteMessage) -> Ipv6Cidr {
    let address = route.attributes.iter().find_map(|attribute| match attribute {
        RouteAttribute::Destination(RouteAddress::Inet6(address)) => Some(*address),
        _ => None,
    });
    Ipv6Cidr { address: address.unwrap_or(Ipv6Addr::UNSPECIFIED), prefix: route.header.destination_prefix_length }
}
