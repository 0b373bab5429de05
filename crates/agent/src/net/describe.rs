//! A VPC in the words of its packet filter.

use super::names;
use agent_proto::network::{
    AclRule, Attachment, Interface, NetworkAcl, Peer, Peering, Protocol, Rule, SecurityGroup, Subnet, Target, Vpc,
};
use logic::packet_filter as filter;
use model::IpCidr;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What the packet filter has to know of a VPC among all VPCs.
pub(crate) fn describe(vpc: &Vpc, all: &[Vpc]) -> filter::Vpc {
    filter::Vpc {
        cidrs: vpc.cidrs().map(IpCidr::from).chain(vpc.ipv6.iter().copied().map(IpCidr::from)).collect(),
        subnets: vpc.subnets.iter().map(|it| subnet_of(vpc, it)).collect(),
        interfaces: vpc.interfaces.iter().map(|it| interface(vpc, it)).collect(),
        groups: vpc.groups.iter().map(group).collect(),
        neighbours: vpc.peerings.iter().map(|it| neighbour(it, all)).collect(),
        gateways: vpc.gateways.clone(),
        logged: super::flows::links(vpc).into_keys().collect(),
    }
}

/// The interface's public addresses, if its subnet leads to the internet.
pub(crate) fn public_addresses<'a>(vpc: &'a Vpc, interface: &'a Interface) -> impl Iterator<Item = Ipv4Addr> + 'a {
    let is_public = subnet(vpc, interface).is_some_and(Subnet::is_public);
    interface.addresses().filter_map(move |it| it.public_address.filter(|_| is_public))
}

/// The subnet that the interface is in.
pub(crate) fn subnet<'a>(vpc: &'a Vpc, interface: &Interface) -> Option<&'a Subnet> {
    vpc.subnets.iter().find(|subnet| subnet.id == interface.subnet)
}

/// The interface of a NAT gateway.
pub(crate) fn nat_interface<'a>(vpc: &'a Vpc, id: &str) -> Option<&'a Interface> {
    vpc.interfaces.iter().find(|it| matches!(&it.attachment, Attachment::NatGateway(gateway) if gateway == id))
}

/// Whether the interface takes packets that are for others, so that routes may lead to it.
pub(crate) fn takes_others(interface: &Interface) -> bool {
    !interface.source_dest_check || is_gateway(interface)
}

fn is_gateway(interface: &Interface) -> bool {
    matches!(interface.attachment, Attachment::NatGateway(_))
}

/// Whether what is sent of IPv6 by anybody in the VPC gets to the internet.
pub(crate) fn leads_ipv6_out(vpc: &Vpc) -> bool {
    let out = [Target::InternetGateway, Target::EgressOnlyInternetGateway];
    vpc.subnets.iter().any(|subnet| out.iter().any(|target| subnet.leads(target, true)))
}

fn interface(vpc: &Vpc, interface: &Interface) -> filter::Interface {
    let is_public = subnet(vpc, interface).is_some_and(Subnet::is_public);
    let ipv4 = interface.addresses().map(|it| (it.address.into(), it.public_address.filter(|_| is_public).map(IpAddr::V4)));
    let reached = subnet(vpc, interface).is_some_and(|it| it.leads(&Target::InternetGateway, true));
    let own = |address: &Ipv6Addr| (IpAddr::V6(*address), reached.then_some(IpAddr::V6(*address)));
    // What listens at the router's own addresses speaks IPv4.
    let ipv6 = interface.ipv6.iter().filter(|_| interface.attachment != Attachment::Edge).map(own);
    filter::Interface {
        subnet: interface.subnet.clone(),
        addresses: ipv4.chain(ipv6).collect(),
        groups: (!is_gateway(interface)).then(|| interface.groups.clone()),
        checked: !takes_others(interface),
        link: match interface.attachment {
            Attachment::Edge => filter::Link::Local,
            _ => filter::Link::Port(names::port(&interface.id)),
        },
    }
}

fn subnet_of(vpc: &Vpc, subnet: &Subnet) -> filter::Subnet {
    let way = |target: &Target| match target {
        Target::Local => filter::Way::Local,
        Target::InternetGateway | Target::EgressOnlyInternetGateway => filter::Way::Link(filter::INTERNET_LINK.into()),
        Target::NatGateway(id) => {
            nat_interface(vpc, id).map_or(filter::Way::Nowhere, |it| filter::Way::Link(names::port(&it.id)))
        }
        Target::Interface(id) => filter::Way::Link(names::port(id)),
        Target::Peering(id) => filter::Way::Link(names::peering(id)),
        Target::Blackhole => filter::Way::Nowhere,
    };
    let listed = |id: &String| {
        let found = vpc.acls.iter().find(|acl| acl.id == *id).map(acl);
        // One that nobody knows lets nothing pass.
        found.unwrap_or_default()
    };
    filter::Subnet {
        id: subnet.id.clone(),
        cidrs: std::iter::once(subnet.cidr.into()).chain(subnet.ipv6.iter().copied().map(IpCidr::from)).collect(),
        routes: subnet.routes.iter().map(|it| filter::Route { destination: it.destination, way: way(&it.target) }).collect(),
        acl: subnet.acl.as_ref().map(listed).filter(|acl| !lets_everything_pass(acl, !subnet.ipv6.is_empty())),
    }
}

fn acl(acl: &NetworkAcl) -> filter::Acl {
    let in_order = |rules: &[AclRule]| {
        let mut rules: Vec<_> = rules.iter().collect();
        rules.sort_by_key(|rule| rule.number);
        rules.into_iter().map(|it| filter::AclRule { allow: it.allow, protocol: protocol(it.protocol), peer: it.cidr }).collect()
    };
    filter::Acl { ingress: in_order(&acl.ingress), egress: in_order(&acl.egress) }
}

/// Whether it is like a VPC's default ACL, which most are: then packets need not be shown to it. Rules for IPv6 matter to subnets that
/// have it.
fn lets_everything_pass(acl: &filter::Acl, ipv6: bool) -> bool {
    let open = |rules: &[filter::AclRule], ipv6: bool| {
        let first = rules.iter().find(|it| it.peer.is_ipv6() == ipv6);
        first.is_some_and(|it| it.allow && it.protocol == filter::Protocol::All && it.peer.prefix() == 0)
    };
    let both = |ipv6| open(&acl.ingress, ipv6) && open(&acl.egress, ipv6);
    both(false) && (!ipv6 || both(true))
}

/// The other VPC of a peering connection, with its groups' members, as far as it is known here.
fn neighbour(peering: &Peering, all: &[Vpc]) -> filter::Neighbour {
    let other = all.iter().find(|vpc| vpc.id == peering.vpc);
    let groups = other.iter().flat_map(|vpc| &vpc.groups);
    let members = |id: &String| {
        let interfaces = other.iter().flat_map(|vpc| &vpc.interfaces).filter(|it| it.groups.contains(id));
        let ipv4 = |it: &Interface| it.addresses().map(|it| it.address.into()).collect::<Vec<IpAddr>>();
        interfaces.flat_map(|it| ipv4(it).into_iter().chain(it.ipv6.iter().copied().map(IpAddr::V6))).collect()
    };
    filter::Neighbour {
        link: names::peering(&peering.id),
        cidrs: peering.cidrs.clone(),
        members: groups.map(|group| (group.id.clone(), members(&group.id))).collect(),
    }
}

fn group(group: &SecurityGroup) -> filter::Group {
    let rules = |rules: &[Rule]| rules.iter().map(rule).collect();
    filter::Group { id: group.id.clone(), ingress: rules(&group.ingress), egress: rules(&group.egress) }
}

fn rule(rule: &Rule) -> filter::Rule {
    let peer = match &rule.peer {
        Peer::Cidr(cidr) => filter::Peer::Cidr(*cidr),
        Peer::Group(id) => filter::Peer::Group(id.clone()),
    };
    filter::Rule { id: rule.id.clone(), protocol: protocol(rule.protocol), peer }
}

fn protocol(protocol: Protocol) -> filter::Protocol {
    match protocol {
        Protocol::All => filter::Protocol::All,
        Protocol::Tcp(from, to) => filter::Protocol::Tcp(from, to),
        Protocol::Udp(from, to) => filter::Protocol::Udp(from, to),
        Protocol::Icmp(kind, code) => filter::Protocol::Icmp(kind, code),
        Protocol::Icmpv6(kind, code) => filter::Protocol::Icmpv6(kind, code),
        Protocol::Number(number) => filter::Protocol::Number(number),
    }
}
