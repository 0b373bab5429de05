//! A VPC in the words of its packet filter.

use super::names;
use agent_proto::network::{Attachment, Interface, Peer, Protocol, Rule, SecurityGroup, Subnet, Vpc};
use logic::packet_filter as filter;
use std::net::Ipv4Addr;

/// What the packet filter has to know of a VPC.
pub(crate) fn describe(vpc: &Vpc) -> filter::Vpc {
    filter::Vpc {
        cidr: vpc.cidr,
        interfaces: vpc.interfaces.iter().map(|it| interface(vpc, it)).collect(),
        groups: vpc.groups.iter().map(group).collect(),
    }
}

/// The interface's public address, if its subnet leads to the internet.
pub(crate) fn public_address(vpc: &Vpc, interface: &Interface) -> Option<Ipv4Addr> {
    subnet(vpc, interface).filter(|subnet| subnet.is_public()).and(interface.public_address)
}

/// The subnet that the interface is in.
pub(crate) fn subnet<'a>(vpc: &'a Vpc, interface: &Interface) -> Option<&'a Subnet> {
    vpc.subnets.iter().find(|subnet| subnet.id == interface.subnet)
}

fn interface(vpc: &Vpc, interface: &Interface) -> filter::Interface {
    filter::Interface {
        address: interface.address,
        public_address: public_address(vpc, interface),
        groups: interface.groups.clone(),
        link: match interface.attachment {
            Attachment::Workload(_) | Attachment::Instance(_) | Attachment::Machine(_) | Attachment::NatGateway(_) => {
                filter::Link::Port(names::port(&interface.id))
            }
            Attachment::Edge => filter::Link::Local,
        },
    }
}

fn group(group: &SecurityGroup) -> filter::Group {
    let rules = |rules: &[Rule]| rules.iter().map(rule).collect();
    filter::Group { id: group.id.clone(), ingress: rules(&group.ingress), egress: rules(&group.egress) }
}

fn rule(rule: &Rule) -> filter::Rule {
    let protocol = match rule.protocol {
        Protocol::All => filter::Protocol::All,
        Protocol::Tcp(from, to) => filter::Protocol::Tcp(from, to),
        Protocol::Udp(from, to) => filter::Protocol::Udp(from, to),
        Protocol::Icmp(kind, code) => filter::Protocol::Icmp(kind, code),
        Protocol::Number(number) => filter::Protocol::Number(number),
    };
    let peer = match &rule.peer {
        Peer::Cidr(cidr) => filter::Peer::Cidr(*cidr),
        Peer::Group(id) => filter::Peer::Group(id.clone()),
    };
    filter::Rule { protocol, peer }
}
