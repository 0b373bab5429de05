//! The meaning of routes, network ACLs and security groups, packet by packet: the specification that the ruleset has to meet.

use super::routes::way;
use super::{AclRule, Group, INTERNET_LINK, Interface, Link, Peer, Protocol, Rule, Subnet, Vpc, Way};
use std::net::IpAddr;

/// The first packet of a flow, with the addresses it has inside the VPC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet {
    /// Where it comes from.
    pub source: IpAddr,
    /// Where it goes, of the same family.
    pub destination: IpAddr,
    /// The IP protocol's number.
    pub protocol: u8,
    /// The destination port of TCP and UDP, or ICMP's type and code as the high and the low byte.
    pub detail: u16,
}

impl Packet {
    fn is(&self, protocol: u8, ipv6: bool) -> bool {
        self.protocol == protocol && self.source.is_ipv6() == ipv6
    }
}

/// Where a packet enters or leaves the router.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Place<'a> {
    /// At an interface of the VPC.
    Interface(&'a Interface),
    /// At the internet's border.
    Internet,
    /// At the border to a neighbour, by the link's name.
    Neighbour(&'a str),
    /// At one of the router's own addresses beyond the VPC, where packets only arrive.
    Gateway,
}

/// Whether the VPC lets a new flow begin with this packet, which comes from where its source address is.
pub fn allows(vpc: &Vpc, packet: Packet) -> bool {
    sender(vpc, packet.source).and_then(|from| exit(vpc, from, packet)).is_some()
}

/// Where the source address is: the interface that has it, the neighbour whose it is, or the internet. Nowhere, if it is one of
/// the VPC's that nobody has.
pub fn sender(vpc: &Vpc, source: IpAddr) -> Option<Place<'_>> {
    let neighbour = vpc.neighbours.iter().find(|it| it.cidrs.iter().any(|cidr| cidr.contains(source)));
    match interface(vpc, source) {
        Some(interface) => Some(Place::Interface(interface)),
        None if vpc.cidrs.iter().any(|cidr| cidr.contains(source)) => None,
        None => Some(neighbour.map_or(Place::Internet, |it| Place::Neighbour(&it.link))),
    }
}

/// Where a packet leaves the router that enters it at `from` as the first of its flow; `None` if it does not.
///
/// It takes the way that its subnet's routes say, if the ACLs of the subnets that it leaves and enters let it. Between two interfaces, some
/// ingress rule of the receiver *and* some egress rule of the sender must allow it. Towards the internet its source needs an egress rule and,
/// of IPv4, a public address; of IPv6, to be an interface's. From outside the VPC only ingress counts. What is behind a gateway takes
/// everything.
pub fn exit<'a>(vpc: &'a Vpc, from: Place<'a>, packet: Packet) -> Option<Place<'a>> {
    let to = receiver(vpc, from, packet).filter(|_| has_right_source(vpc, from, packet))?;
    let inside = |place: Place<'a>| match place {
        Place::Interface(it) => Some(it),
        Place::Internet | Place::Neighbour(_) | Place::Gateway => None,
    };
    let (sender, receiver) = (inside(from), inside(to));
    let crosses = sender.map(|it| &it.subnet) != receiver.map(|it| &it.subnet);
    let leaves = |it: &Interface| passes(vpc, it, |acl| &acl.egress, packet, packet.destination);
    let enters = |it: &Interface| passes(vpc, it, |acl| &acl.ingress, packet, packet.source);
    if crosses && !(sender.is_none_or(leaves) && receiver.is_none_or(enters)) {
        return None;
    }
    let sent = sender.is_none_or(|it| is_allowed(vpc, it, |group| &group.egress, packet, packet.destination));
    let taken = match to {
        Place::Interface(it) => is_allowed(vpc, it, |group| &group.ingress, packet, packet.source),
        Place::Internet if packet.source.is_ipv6() => interface(vpc, packet.source).is_some(),
        Place::Internet => is_reached_from_internet(vpc, packet.source),
        Place::Neighbour(_) | Place::Gateway => true,
    };
    (sent && taken && (sender.is_some() || receiver.is_some())).then_some(to)
}

/// Where the packet goes.
fn receiver<'a>(vpc: &'a Vpc, from: Place<'a>, packet: Packet) -> Option<Place<'a>> {
    let own = || interface(vpc, packet.destination).map(Place::Interface);
    let Place::Interface(sender) = from else {
        return own().filter(|_| from != Place::Internet || is_reached_from_internet(vpc, packet.destination));
    };
    if vpc.gateways.iter().any(|it| packet.destination == *it) {
        return match way(vpc, subnet(vpc, sender)?, packet.destination) {
            Way::Local => Some(Place::Gateway),
            Way::Link(link) if link == INTERNET_LINK && is_reached_from_internet(vpc, packet.source) => Some(Place::Gateway),
            Way::Link(_) | Way::Nowhere => None,
        };
    }
    // The router's own addresses are reached before any route is looked at.
    if let Some(balancer) = interface(vpc, packet.destination).filter(|it| it.link == Link::Local) {
        return subnet(vpc, sender)
            .filter(|from| way(vpc, from, packet.destination) != Way::Nowhere)
            .map(|_| Place::Interface(balancer));
    }
    match way(vpc, subnet(vpc, sender)?, packet.destination) {
        Way::Local => own(),
        Way::Nowhere => None,
        Way::Link(link) if link == INTERNET_LINK => Some(Place::Internet),
        Way::Link(link) => vpc
            .neighbours
            .iter()
            .find(|it| it.link == link)
            .map(|it| Place::Neighbour(&it.link))
            .or_else(|| vpc.interfaces.iter().find(|it| it.link == Link::Port(link.clone())).map(Place::Interface)),
    }
}

fn has_right_source(vpc: &Vpc, from: Place<'_>, packet: Packet) -> bool {
    match from {
        Place::Interface(it) => !it.checked || interface(vpc, packet.source) == Some(it),
        Place::Internet => !vpc.cidrs.iter().any(|cidr| cidr.contains(packet.source)),
        Place::Neighbour(link) => {
            let mut named = vpc.neighbours.iter().filter(|it| it.link == link);
            named.any(|it| it.cidrs.iter().any(|cidr| cidr.contains(packet.source)))
        }
        Place::Gateway => false,
    }
}

fn interface(vpc: &Vpc, address: IpAddr) -> Option<&Interface> {
    vpc.interfaces.iter().find(|it| it.addresses.iter().any(|(own, _)| *own == address))
}

fn is_reached_from_internet(vpc: &Vpc, address: IpAddr) -> bool {
    let addresses = interface(vpc, address).into_iter().flat_map(|it| &it.addresses);
    addresses.into_iter().any(|(own, public)| *own == address && public.is_some())
}

fn subnet<'a>(vpc: &'a Vpc, interface: &Interface) -> Option<&'a Subnet> {
    vpc.subnets.iter().find(|it| it.id == interface.subnet)
}

fn passes(
    vpc: &Vpc,
    interface: &Interface,
    direction: impl Fn(&super::Acl) -> &Vec<AclRule>,
    packet: Packet,
    other_side: IpAddr,
) -> bool {
    let Some(acl) = subnet(vpc, interface).and_then(|subnet| subnet.acl.as_ref()) else { return true };
    let mut rules = direction(acl).iter();
    rules.find(|rule| rule.peer.contains(other_side) && protocol(rule.protocol, packet)).is_some_and(|rule| rule.allow)
}

fn is_allowed(
    vpc: &Vpc,
    interface: &Interface,
    direction: impl Fn(&Group) -> &Vec<Rule>,
    packet: Packet,
    other_side: IpAddr,
) -> bool {
    let Some(groups) = &interface.groups else { return true };
    let mut rules = vpc.groups.iter().filter(|group| groups.contains(&group.id)).flat_map(direction);
    rules.any(|rule| protocol(rule.protocol, packet) && peer(vpc, &rule.peer, other_side))
}

fn protocol(protocol: Protocol, packet: Packet) -> bool {
    let [kind, code] = packet.detail.to_be_bytes();
    match protocol {
        Protocol::All => true,
        Protocol::Tcp(from, to) => packet.protocol == 6 && (from..=to).contains(&packet.detail),
        Protocol::Udp(from, to) => packet.protocol == 17 && (from..=to).contains(&packet.detail),
        Protocol::Icmp(t, c) => packet.is(1, false) && t.is_none_or(|it| it == kind) && c.is_none_or(|it| it == code),
        Protocol::Icmpv6(t, c) => packet.is(58, true) && t.is_none_or(|it| it == kind) && c.is_none_or(|it| it == code),
        Protocol::Number(number) => packet.protocol == number,
    }
}

fn peer(vpc: &Vpc, peer: &Peer, other_side: IpAddr) -> bool {
    let beside = |group: &String| {
        let members = vpc.neighbours.iter().flat_map(|it| &it.members).filter(|(id, _)| id == group);
        members.into_iter().any(|(_, members)| members.contains(&other_side))
    };
    match peer {
        Peer::Cidr(cidr) => cidr.contains(other_side),
        Peer::Group(group) => {
            interface(vpc, other_side).is_some_and(|it| it.groups.iter().flatten().any(|id| id == group)) || beside(group)
        }
    }
}
