//! The meaning of security groups, packet by packet: the specification that the ruleset has to meet.

use super::{Group, Interface, Peer, Protocol, Rule, Vpc};
use std::net::Ipv4Addr;

/// The first packet of a flow, with the addresses it has inside the VPC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet {
    /// Where it comes from.
    pub source: Ipv4Addr,
    /// Where it goes.
    pub destination: Ipv4Addr,
    /// The IP protocol's number.
    pub protocol: u8,
    /// The destination port of TCP and UDP, or ICMP's type and code as the high and the low byte.
    pub detail: u16,
}

/// Whether the VPC lets a new flow begin with this packet.
///
/// Between two interfaces, some ingress rule of the destination *and* some egress rule of the source must allow it. Towards
/// other addresses the source needs a public address, and an egress rule; from other addresses only ingress counts.
pub fn allows(vpc: &Vpc, packet: Packet) -> bool {
    let (from, to) = (interface(vpc, packet.source), interface(vpc, packet.destination));
    let leaves = |it| groups(vpc, it).any(|group| any(vpc, &group.egress, packet, packet.destination));
    let enters = |it| groups(vpc, it).any(|group| any(vpc, &group.ingress, packet, packet.source));
    match (from, to) {
        (Some(from), Some(to)) => leaves(from) && enters(to),
        (Some(from), None) => !vpc.cidr.contains(packet.destination) && from.public_address.is_some() && leaves(from),
        (None, Some(to)) => !vpc.cidr.contains(packet.source) && to.public_address.is_some() && enters(to),
        (None, None) => false,
    }
}

fn interface(vpc: &Vpc, address: Ipv4Addr) -> Option<&Interface> {
    vpc.interfaces.iter().find(|it| it.address == address)
}

fn groups<'a>(vpc: &'a Vpc, interface: &'a Interface) -> impl Iterator<Item = &'a Group> {
    vpc.groups.iter().filter(|group| interface.groups.contains(&group.id))
}

fn any(vpc: &Vpc, rules: &[Rule], packet: Packet, other_side: Ipv4Addr) -> bool {
    rules.iter().any(|rule| protocol(rule.protocol, packet) && peer(vpc, &rule.peer, other_side))
}

fn protocol(protocol: Protocol, packet: Packet) -> bool {
    let [kind, code] = packet.detail.to_be_bytes();
    match protocol {
        Protocol::All => true,
        Protocol::Tcp(from, to) => packet.protocol == 6 && (from..=to).contains(&packet.detail),
        Protocol::Udp(from, to) => packet.protocol == 17 && (from..=to).contains(&packet.detail),
        Protocol::Icmp(t, c) => packet.protocol == 1 && t.is_none_or(|it| it == kind) && c.is_none_or(|it| it == code),
        Protocol::Number(number) => packet.protocol == number,
    }
}

fn peer(vpc: &Vpc, peer: &Peer, other_side: Ipv4Addr) -> bool {
    match peer {
        Peer::Cidr(cidr) => cidr.contains(other_side),
        Peer::Group(group) => interface(vpc, other_side).is_some_and(|it| it.groups.contains(group)),
    }
}
