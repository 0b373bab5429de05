//! VPCs as a host has to build them: interfaces with addresses, and the rules that say who may speak to whom.

pub use model::Cidr;
use serde::{Deserialize, Serialize};
use std::net::Ipv4Addr;

/// A VPC: a network of its own, whose addresses mean nothing outside it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Vpc {
    /// `vpc-…`.
    pub id: String,
    /// All of its addresses. Its base plus two is the name server's, as is 169.254.169.253.
    pub cidr: Cidr,
    /// Its subnets. A subnet's base plus one is its router's address.
    pub subnets: Vec<Subnet>,
    /// Its interfaces, on this host and others.
    pub interfaces: Vec<Interface>,
    /// The machines on this host that hold containers in `host` and `bridge` mode.
    pub instances: Vec<Instance>,
    /// Its security groups.
    pub groups: Vec<SecurityGroup>,
}

/// A range of a VPC's addresses.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Subnet {
    /// `subnet-…`.
    pub id: String,
    /// Its addresses.
    pub cidr: Cidr,
    /// Interfaces with a public address reach the internet, and are reached from it.
    pub internet_gateway: bool,
}

/// An elastic network interface.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interface {
    /// `eni-…`.
    pub id: String,
    /// The subnet's id.
    pub subnet: String,
    /// In the subnet.
    pub address: Ipv4Addr,
    /// An address at which the host's own users (and, later, others) reach it; from the cloud's public pool.
    pub public_address: Option<Ipv4Addr>,
    /// `02:…`, lower case.
    pub mac: String,
    /// Ids of the security groups it is in.
    pub groups: Vec<String>,
    /// What it is plugged into.
    pub attachment: Attachment,
}

/// What an interface is plugged into.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Attachment {
    /// The network namespace of a workload.
    Workload(String),
    /// The network namespace of a container host.
    Instance(String),
    /// A machine.
    Machine(String),
    /// The VPC's router itself: the edge listens and dials at this address (a load balancer).
    Edge,
}

/// A machine that holds containers in `host` and `bridge` mode: a network namespace with an interface of the VPC and, inside
/// it, a bridge like Docker's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Instance {
    /// `i-…`.
    pub id: String,
}

/// A security group: what may reach its members, and what they may reach. What answers an allowed packet is allowed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SecurityGroup {
    /// `sg-…`.
    pub id: String,
    /// Allowed towards members.
    pub ingress: Vec<Rule>,
    /// Allowed from members.
    pub egress: Vec<Rule>,
}

/// A thing that a security group allows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Rule {
    /// The protocol and its ports.
    pub protocol: Protocol,
    /// The other side.
    pub peer: Peer,
}

/// A protocol with the part of it that is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// Everything.
    All,
    /// TCP, ports from–to.
    Tcp(u16, u16),
    /// UDP, ports from–to.
    Udp(u16, u16),
    /// ICMP: type and code, `None` for any.
    Icmp(Option<u8>, Option<u8>),
    /// Another IP protocol by number.
    Number(u8),
}

/// The other side of a rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Peer {
    /// Addresses.
    Cidr(Cidr),
    /// Members of a security group.
    Group(String),
}
