//! The words in which a VPC is described to its packet filter.

use model::Cidr;
use std::net::Ipv4Addr;

/// A VPC, as far as packets are concerned.
#[derive(Clone, Debug, PartialEq)]
pub struct Vpc {
    /// All of its addresses.
    pub cidr: Cidr,
    /// Its interfaces. Of two with one address, the first counts.
    pub interfaces: Vec<Interface>,
    /// Its security groups. A group that is named but not here allows nothing.
    pub groups: Vec<Group>,
}

/// An elastic network interface.
#[derive(Clone, Debug, PartialEq)]
pub struct Interface {
    /// In the VPC.
    pub address: Ipv4Addr,
    /// Its address on the internet, if it has one and its subnet has an internet gateway.
    pub public_address: Option<Ipv4Addr>,
    /// Ids of its security groups.
    pub groups: Vec<String>,
    /// Where the router has it.
    pub link: Link,
}

/// Where the router has an interface.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Link {
    /// Behind the router's own network interface of this name, which exists or will.
    Port(String),
    /// It is an address of the router itself, at which a load balancer listens and dials.
    Local,
}

/// A security group: what may reach its members, and what they may reach. What answers an allowed packet is allowed.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// `sg-…`.
    pub id: String,
    /// Allowed towards members.
    pub ingress: Vec<Rule>,
    /// Allowed from members.
    pub egress: Vec<Rule>,
}

/// A thing that a security group allows.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// The protocol and its ports.
    pub protocol: Protocol,
    /// The other side.
    pub peer: Peer,
}

/// A protocol with the part of it that is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// Everything.
    All,
    /// TCP to the ports from–to. From above to: none.
    Tcp(u16, u16),
    /// UDP to the ports from–to. From above to: none.
    Udp(u16, u16),
    /// ICMP: type and code, `None` for any.
    Icmp(Option<u8>, Option<u8>),
    /// An IP protocol by number.
    Number(u8),
}

/// The other side of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Peer {
    /// Addresses.
    Cidr(Cidr),
    /// The private addresses of the members of a security group.
    Group(String),
}
