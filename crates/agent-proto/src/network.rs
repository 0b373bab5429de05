//! VPCs as a host has to build them: interfaces with addresses, and the rules that say who may speak to whom.

pub use model::{Cidr, IpCidr, Ipv6Cidr};
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A router's hardware address, the same on every link: a link has no third party that could mistake it.
pub const ROUTER_MAC: [u8; 6] = [0x02, 0x68, 0x66, 0, 0, 1];

/// A router's address of IPv6 on every link: what the kernel makes of its hardware address (RFC 4291, appendix A).
pub const ROUTER_ADDRESS: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0x68, 0x66ff, 0xfe00, 1);

/// A VPC: a network of its own, whose addresses mean nothing outside it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Vpc {
    /// `vpc-…`.
    pub id: String,
    /// Its first block of addresses. Its base plus two is the name server's, as is 169.254.169.253.
    pub cidr: Cidr,
    /// Its further blocks.
    #[serde(default)]
    pub more_cidrs: Vec<Cidr>,
    /// Its blocks of IPv6.
    #[serde(default)]
    pub ipv6: Vec<Ipv6Cidr>,
    /// Its subnets. A subnet's base plus one is its router's address.
    pub subnets: Vec<Subnet>,
    /// Its interfaces, on this host and others.
    pub interfaces: Vec<Interface>,
    /// The machines on this host that hold containers in `host` and `bridge` mode.
    pub instances: Vec<Instance>,
    /// Its security groups.
    pub groups: Vec<SecurityGroup>,
    /// Its network ACLs.
    #[serde(default)]
    pub acls: Vec<NetworkAcl>,
    /// The active peering connections that it is a side of.
    #[serde(default)]
    pub peerings: Vec<Peering>,
    /// What its interfaces are told by DHCP.
    #[serde(default)]
    pub dhcp: DhcpOptions,
    /// What of its packets is written down.
    #[serde(default)]
    pub flow_logs: Vec<FlowLog>,
    /// Addresses of its router that aren't its own: what is behind its gateway endpoints.
    #[serde(default)]
    pub gateways: Vec<Ipv4Addr>,
}

impl Vpc {
    /// A VPC with nothing in it.
    pub fn new(id: impl Into<String>, cidr: Cidr) -> Self {
        Self {
            id: id.into(),
            cidr,
            more_cidrs: Vec::new(),
            ipv6: Vec::new(),
            subnets: Vec::new(),
            interfaces: Vec::new(),
            instances: Vec::new(),
            groups: Vec::new(),
            acls: Vec::new(),
            peerings: Vec::new(),
            dhcp: DhcpOptions::default(),
            flow_logs: Vec::new(),
            gateways: Vec::new(),
        }
    }

    /// All of its blocks of IPv4, the first one first.
    pub fn cidrs(&self) -> impl Iterator<Item = Cidr> {
        [self.cidr].into_iter().chain(self.more_cidrs.iter().copied())
    }
}

/// A range of a VPC's addresses.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Subnet {
    /// `subnet-…`.
    pub id: String,
    /// Its addresses.
    pub cidr: Cidr,
    /// Its addresses of IPv6, a /64 each.
    #[serde(default)]
    pub ipv6: Vec<Ipv6Cidr>,
    /// Where its packets go; those to the VPC's own addresses stay in the VPC, unless a more specific route says otherwise. The order
    /// does not matter: the longest prefix counts.
    #[serde(default)]
    pub routes: Vec<Route>,
    /// The [`NetworkAcl`] that judges what enters and leaves it; without one everything does.
    #[serde(default)]
    pub acl: Option<String>,
}

impl Subnet {
    /// A subnet that only reaches its VPC.
    pub fn new(id: impl Into<String>, cidr: Cidr) -> Self {
        Self { id: id.into(), cidr, ipv6: Vec::new(), routes: Vec::new(), acl: None }
    }

    /// Whether some route leads to the internet gateway: only then its public addresses mean anything.
    pub fn is_public(&self) -> bool {
        self.leads(&Target::InternetGateway, false)
    }

    /// Whether some route of a family leads there.
    pub fn leads(&self, target: &Target, ipv6: bool) -> bool {
        self.routes.iter().any(|route| route.target == *target && route.destination.is_ipv6() == ipv6)
    }
}

/// Where packets to some addresses go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// The addresses. (A prefix list is a route for each of its entries.)
    pub destination: IpCidr,
    /// Where to.
    pub target: Target,
}

/// Where a route leads.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// To the VPC's own interfaces. Every table has this route for the VPC's blocks, whether it is listed or not. For one of
    /// [`Vpc::gateways`]: to what is behind the gateway endpoint.
    Local,
    /// To the internet; packets of private addresses that have no public one are dropped there.
    InternetGateway,
    /// To the internet, of IPv6; what comes from there is let in if it answers.
    EgressOnlyInternetGateway,
    /// To a NAT gateway, by the id in its interface's [`Attachment::NatGateway`].
    NatGateway(String),
    /// To an interface, which has to have its source/destination check off.
    Interface(String),
    /// To the other side of a peering connection, by [`Peering::id`].
    Peering(String),
    /// Nowhere: what it led to is gone or not running.
    Blackhole,
}

/// A peering connection, from one side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peering {
    /// `pcx-…`.
    pub id: String,
    /// The other VPC's id.
    pub vpc: String,
    /// The other VPC's blocks, of either family.
    pub cidrs: Vec<IpCidr>,
}

/// A network ACL: what may enter and leave subnets, judged packet by packet, answers like questions. Name servers and metadata are not
/// subject to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkAcl {
    /// `acl-…`.
    pub id: String,
    /// On the way in.
    pub ingress: Vec<AclRule>,
    /// On the way out.
    pub egress: Vec<AclRule>,
}

/// A rule of a network ACL. The matching rule with the lowest number counts; without one, the packet is dropped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AclRule {
    /// Its place.
    pub number: u16,
    /// It lets packets pass; otherwise it drops them.
    pub allow: bool,
    /// The protocol and its destination ports.
    pub protocol: Protocol,
    /// The other side's addresses.
    pub cidr: IpCidr,
}

/// What a VPC's interfaces are told by DHCP.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DhcpOptions {
    /// In order; without any, the VPC's own one (`AmazonProvidedDNS`).
    pub name_servers: Vec<IpAddr>,
    /// `domain-name`; without one, the host's own choice.
    pub domain: Option<String>,
    /// `ntp-servers`.
    pub ntp_servers: Vec<IpAddr>,
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
    /// Its secondary addresses.
    #[serde(default)]
    pub secondary: Vec<PrivateAddress>,
    /// Its addresses of IPv6, in the subnet; they are the same on the internet.
    #[serde(default)]
    pub ipv6: Vec<Ipv6Addr>,
    /// It sends and receives nothing but what bears its own addresses.
    #[serde(default = "yes")]
    pub source_dest_check: bool,
    /// `02:…`, lower case.
    pub mac: String,
    /// Ids of the security groups it is in.
    pub groups: Vec<String>,
    /// What it is plugged into.
    pub attachment: Attachment,
}

impl Interface {
    /// All of its addresses of IPv4, the primary one first.
    pub fn addresses(&self) -> impl Iterator<Item = PrivateAddress> {
        let primary = PrivateAddress { address: self.address, public_address: self.public_address };
        [primary].into_iter().chain(self.secondary.iter().copied())
    }
}

/// An address of an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PrivateAddress {
    /// In the subnet.
    pub address: Ipv4Addr,
    /// What it is on the internet, one to one.
    pub public_address: Option<Ipv4Addr>,
}

fn yes() -> bool {
    true
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
    /// A NAT gateway, `nat-…`: it passes on what is sent to it with its own addresses as the source, and nothing else. It has no
    /// groups. Its public addresses make it a public one.
    NatGateway(String),
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
    /// `sgr-…`: what the packets are counted by with which it has let flows begin.
    #[serde(default)]
    pub id: Option<String>,
    /// The protocol and its ports.
    pub protocol: Protocol,
    /// The other side.
    pub peer: Peer,
}

/// What a rule has let begin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// First packets of flows.
    pub packets: u64,
    /// Their bytes, with IP headers.
    pub bytes: u64,
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
    /// ICMP for IPv6, likewise.
    Icmpv6(Option<u8>, Option<u8>),
    /// Another IP protocol by number.
    Number(u8),
}

/// The other side of a rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Peer {
    /// Addresses.
    Cidr(IpCidr),
    /// Members of a security group, of this VPC or a peer.
    Group(String),
}

/// A flow log, as far as a host is concerned: of what packets are counted, and how long for one record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowLog {
    /// `fl-…`.
    pub id: String,
    /// Whose packets.
    pub source: FlowSource,
    /// Which of them.
    pub traffic: Traffic,
    /// How long packets are gathered for one record (`MaxAggregationInterval`): 60 or 600 seconds.
    pub interval_seconds: u32,
}

/// Whose packets a flow log is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FlowSource {
    /// All interfaces of the VPC.
    Vpc,
    /// Those of a subnet.
    Subnet(String),
    /// One interface.
    Interface(String),
}

/// Which packets a flow log is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Traffic {
    /// Those that groups and ACLs let pass.
    Accept,
    /// Those that they did not.
    Reject,
    /// All.
    All,
}
