//! Routes, and the rules by which packets come to a table of them.

use super::super::error::Result;
use super::{LOOPBACK, Space, cause, refused, unless};
use futures::TryStreamExt;
use model::Cidr;
use nix::errno::Errno;
use rtnetlink::packet_route::route::{
    RouteAddress, RouteAttribute, RouteFlags, RouteHeader, RouteMessage, RouteMetric, RouteScope, RouteType,
};
use rtnetlink::packet_route::rule::{RuleAction, RuleAttribute, RuleMessage};
use rtnetlink::{IpVersion, RouteMessageBuilder};
use std::io;
use std::net::Ipv4Addr;

/// The table in which routes are looked for when no rule says otherwise.
pub(crate) const MAIN: u32 = RouteHeader::RT_TABLE_MAIN as u32;

/// What the links of this crate carry at once, in bytes.
const LINK_MTU: u32 = 1500;

/// A way to somewhere.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Way {
    /// It is on the link.
    Link(u32),
    /// By a router on the link, whether the link's addresses say so or not.
    Gateway(u32, Ipv4Addr),
    /// Nowhere, without an answer.
    Nowhere,
    /// Nowhere, with an answer.
    Unreachable,
    /// To the loopback interface, from where a packet of the namespace's own is sent on once it is marked.
    Aside,
}

impl Space {
    /// Sets the way to a network, whatever it was.
    pub(crate) async fn set_route(&self, to: Cidr, way: Way) -> Result<()> {
        self.set_route_in(MAIN, to, way).await
    }

    /// Sets the way to a network in a table, whatever it was.
    pub(crate) async fn set_route_in(&self, table: u32, to: Cidr, way: Way) -> Result<()> {
        let set = self.netlink.route().add(route(table, to, way)).replace().execute().await;
        set.map_err(|error| refused(format!("set the route to {to}"), error))
    }

    /// Adds the way to a network, unless there is one already, which is an error.
    pub(crate) async fn add_route(&self, to: Cidr, way: Way) -> io::Result<()> {
        self.netlink.route().add(route(MAIN, to, way)).execute().await.map_err(cause)
    }

    /// Forgets the way to a network.
    pub(crate) async fn delete_route(&self, to: Cidr, way: Way) -> Result<()> {
        let deleted = self.netlink.route().del(route(MAIN, to, way)).execute().await;
        unless(deleted, Errno::ESRCH).map_err(|error| refused(format!("delete the route to {to}"), error))
    }

    /// Where the main table sends packets: the networks, each with the index of the interface that it is sent out by.
    pub(crate) async fn routes(&self) -> Result<Vec<(Cidr, u32)>> {
        let wish = RouteMessageBuilder::<Ipv4Addr>::new().build();
        let found: Vec<_> =
            self.netlink.route().get(wish).execute().try_collect().await.map_err(|error| refused("list routes", error))?;
        let ways = found
            .iter()
            .filter(|route| route.header.kind == RouteType::Unicast && route.header.table == RouteHeader::RT_TABLE_MAIN);
        Ok(ways.filter_map(|route| Some((destination(route), exit(route)?))).collect())
    }

    /// The networks that are sent out by the interface.
    pub(crate) async fn routes_by(&self, index: u32) -> Result<Vec<Cidr>> {
        Ok(self.routes().await?.into_iter().filter(|(_, exit)| *exit == index).map(|(network, _)| network).collect())
    }

    /// Sends packets with a mark to the table of the same number.
    pub(crate) async fn add_mark(&self, mark: u16) -> Result<()> {
        let added = self.netlink.rule().add().v4().fw_mark(mark.into()).table_id(mark.into()).action(RuleAction::ToTable);
        unless(added.execute().await, Errno::EEXIST).map_err(|error| refused(format!("add a rule for the mark {mark}"), error))
    }

    /// The marks that have a table.
    pub(crate) async fn marks(&self) -> Result<Vec<u16>> {
        Ok(self.rules().await?.iter().filter_map(mark).collect())
    }

    /// Forgets a mark. Its table stays, and nothing leads there.
    pub(crate) async fn delete_mark(&self, gone: u16) -> Result<()> {
        for rule in self.rules().await?.into_iter().filter(|rule| mark(rule) == Some(gone)) {
            let deleted = self.netlink.rule().del(rule).execute().await;
            unless(deleted, Errno::ENOENT).map_err(|error| refused(format!("delete the rule for the mark {gone}"), error))?;
        }
        Ok(())
    }

    /// Has packets from an address looked up in a table.
    pub(crate) async fn add_source(&self, address: Ipv4Addr, table: u32) -> Result<()> {
        let rule = self.netlink.rule().add().v4().source_prefix(address, 32).table_id(table).action(RuleAction::ToTable);
        unless(rule.execute().await, Errno::EEXIST).map_err(|error| refused(format!("add a rule for {address}"), error))
    }

    async fn rules(&self) -> Result<Vec<RuleMessage>> {
        let found = self.netlink.rule().get(IpVersion::V4).execute();
        found.try_collect().await.map_err(|error| refused("list rules", error))
    }
}

fn mark(rule: &RuleMessage) -> Option<u16> {
    rule.attributes.iter().find_map(|attribute| match attribute {
        RuleAttribute::FwMark(mark) => u16::try_from(*mark).ok(),
        _ => None,
    })
}

fn route(table: u32, to: Cidr, way: Way) -> RouteMessage {
    let route = RouteMessageBuilder::<Ipv4Addr>::new().destination_prefix(to.address, to.prefix).table_id(table);
    match way {
        Way::Link(index) => route.output_interface(index).scope(RouteScope::Link).build(),
        Way::Gateway(index, gateway) => {
            let mut message = route.output_interface(index).gateway(gateway).build();
            message.header.flags |= RouteFlags::Onlink;
            message
        }
        Way::Nowhere => route.kind(RouteType::BlackHole).build(),
        Way::Unreachable => route.kind(RouteType::Unreachable).build(),
        Way::Aside => {
            let mut message = route.output_interface(LOOPBACK).scope(RouteScope::Link).build();
            message.attributes.push(RouteAttribute::Metrics(vec![RouteMetric::Mtu(LINK_MTU)]));
            message
        }
    }
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
