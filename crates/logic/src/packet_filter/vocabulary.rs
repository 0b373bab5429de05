//! The words in which a VPC is described to its packet filter.

use model::IpCidr;
use std::net::{IpAddr, Ipv4Addr};

/// A VPC, as far as packets are concerned.
#[derive(Clone, Debug, PartialEq)]
pub struct Vpc {
    /// All of its addresses; the base plus two of its first block of IPv4 is the name server's.
    pub cidrs: Vec<IpCidr>,
    /// Its subnets. An interface in none of them sends nothing.
    pub subnets: Vec<Subnet>,
    /// Its interfaces. Of two with one address, the first counts.
    pub interfaces: Vec<Interface>,
    /// Its security groups. A group that is named but not here allows nothing.
    pub groups: Vec<Group>,
    /// The VPCs beside it.
    pub neighbours: Vec<Neighbour>,
    /// Addresses of the router itself that aren't the VPC's: at each, somebody listens for whoever's routes lead to it by
    /// [`Way::Local`] (a gateway endpoint's), or to the internet for those that the internet reaches.
    pub gateways: Vec<Ipv4Addr>,
    /// The router's network interfaces whose packets are counted, flow by flow; see [`super::flow_sets`].
    pub logged: Vec<String>,
}

/// A part of a VPC.
#[derive(Clone, Debug, PartialEq)]
pub struct Subnet {
    /// Its id.
    pub id: String,
    /// Its addresses, of either family.
    pub cidrs: Vec<IpCidr>,
    /// Where its packets go. The longest prefix counts; what is not listed goes nowhere, but for the VPC's own addresses.
    pub routes: Vec<Route>,
    /// What may cross its border; `None` for everything.
    pub acl: Option<Acl>,
}

/// Where packets to some addresses go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The addresses.
    pub destination: IpCidr,
    /// Where to.
    pub way: Way,
}

/// A way out of a subnet.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// To the interface that has the address.
    Local,
    /// Into the router's network interface of this name, whatever the address is: [`super::INTERNET_LINK`], that of a [`Neighbour`], or
    /// the port of an interface, which has to take what is not its own.
    Link(String),
    /// Nowhere.
    Nowhere,
}

/// A network ACL: every packet that crosses the subnet's border is judged by the first rule that matches it; by none, it is dropped.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Acl {
    /// What comes in, in the order in which the rules are tried.
    pub ingress: Vec<AclRule>,
    /// What goes out.
    pub egress: Vec<AclRule>,
}

/// A rule of a network ACL.
#[derive(Clone, Debug, PartialEq)]
pub struct AclRule {
    /// What it lets pass it lets pass; otherwise it drops it.
    pub allow: bool,
    /// The protocol and its destination ports.
    pub protocol: Protocol,
    /// The other side.
    pub peer: IpCidr,
}

/// A VPC beside this one, by a peering connection.
#[derive(Clone, Debug, PartialEq)]
pub struct Neighbour {
    /// The router's network interface towards it.
    pub link: String,
    /// Its addresses.
    pub cidrs: Vec<IpCidr>,
    /// Its security groups' members, as far as rules here may name them.
    pub members: Vec<(String, Vec<IpAddr>)>,
}

/// An elastic network interface.
#[derive(Clone, Debug, PartialEq)]
pub struct Interface {
    /// Its subnet's id.
    pub subnet: String,
    /// In the VPC, each with the address at which the internet reaches it, if it has one and its subnet has an internet gateway: another one
    /// of IPv4, itself of IPv6. With an address of IPv6 it reaches the internet in any case, wherever its subnet's routes lead there.
    pub addresses: Vec<(IpAddr, Option<IpAddr>)>,
    /// Ids of its security groups; `None` for one that is not judged at all: a NAT gateway's.
    pub groups: Option<Vec<String>>,
    /// It sends and takes nothing but what bears its own addresses.
    pub checked: bool,
    /// Where the router has it.
    pub link: Link,
}

/// Where the router has an interface.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Link {
    /// Behind the router's own network interface of this name, which exists or will.
    Port(String),
    /// It is an address of the router itself, of IPv4, at which a load balancer or an endpoint listens.
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
    /// `sgr-…`, of which there may be several with a prefix list's peers: the counter of the packets with which it has let flows begin.
    pub id: Option<String>,
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
    /// ICMP for IPv6, likewise.
    Icmpv6(Option<u8>, Option<u8>),
    /// An IP protocol by number.
    Number(u8),
}

/// The other side of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Peer {
    /// Addresses.
    Cidr(IpCidr),
    /// The private addresses of the members of a security group.
    Group(String),
}
