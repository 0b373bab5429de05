//! A VPC in the words of its packet filter.

use super::names;
use agent_proto::network::{
    AclRule, Attachment, Interface, NetworkAcl, Peer, Peering, Protocol, Rule, SecurityGroup, Subnet, Target, Vpc,
};
use logic::packet_filter as filter;
use std::net::Ipv4Addr;

/// What the packet filter has to know of a VPC among all VPCs.
pub(crate) fn describe(vpc: &Vpc, all: &[Vpc]) -> filter::Vpc {
    filter::Vpc {
        cidrs: vpc.cidrs().collect(),
        subnets: vpc.subnets.iter().map(|it| subnet_of(vpc, it)).collect(),
        interfaces: vpc.interfaces.iter().map(|it| interface(vpc, it)).collect(),
        groups: vpc.groups.iter().map(group).collect(),
        neighbours: vpc.peerings.iter().map(|it| neighbour(it, all)).collect(),
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

fn interface(vpc: &Vpc, interface: &Interface) -> filter::Interface {
    let is_public = subnet(vpc, interface).is_some_and(Subnet::is_public);
    filter::Interface {
        subnet: interface.subnet.clone(),
        addresses: interface.addresses().map(|it| (it.address, it.public_address.filter(|_| is_public))).collect(),
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
        Target::InternetGateway => filter::Way::Link(filter::INTERNET_LINK.into()),
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
        cidr: subnet.cidr,
        routes: subnet.routes.iter().map(|it| filter::Route { destination: it.destination, way: way(&it.target) }).collect(),
        acl: subnet.acl.as_ref().map(listed).filter(|acl| !lets_everything_pass(acl)),
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

/// Whether it is like a VPC's default ACL, which most are: then packets need not be shown to it.
fn lets_everything_pass(acl: &filter::Acl) -> bool {
    let open = |rules: &[filter::AclRule]| {
        rules.first().is_some_and(|it| it.allow && it.protocol == filter::Protocol::All && it.peer.prefix == 0)
    };
    open(&acl.ingress) && open(&acl.egress)
}

/// The other VPC of a peering connection, with its groups' members, as far as it is known here.
fn neighbour(peering: &Peering, all: &[Vpc]) -> filter::Neighbour {
    let other = all.iter().find(|vpc| vpc.id == peering.vpc);
    let groups = other.iter().flat_map(|vpc| &vpc.groups);
    let members = |id: &String| {
        let interfaces = other.iter().flat_map(|vpc| &vpc.interfaces).filter(|it| it.groups.contains(id));
        interfaces.flat_map(Interface::addresses).map(|it| it.address).collect()
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
    filter::Rule { protocol: protocol(rule.protocol), peer }
}

fn protocol(protocol: Protocol) -> filter::Protocol {
    match protocol {
        Protocol::All => filter::Protocol::All,
        Protocol::Tcp(from, to) => filter::Protocol::Tcp(from, to),
        Protocol::Udp(from, to) => filter::Protocol::Udp(from, to),
        Protocol::Icmp(kind, code) => filter::Protocol::Icmp(kind, code),
        Protocol::Number(number) => filter::Protocol::Number(number),
    }
}
