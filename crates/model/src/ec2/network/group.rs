//! Security groups.

use crate::{Cidr, Record, ec2::Tags};
use serde::{Deserialize, Serialize};

records! {
    /// A security group with its rules, under `sg-…`. Written by EC2's handlers and by `first_touch`.
    SecurityGroup(SecurityGroupSpec) = "ec2/security-group";
}

/// What a [`SecurityGroup`] is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecurityGroupSpec {
    /// The VPC's id.
    pub vpc: String,
    /// Unique in the VPC; `default` is the one that can't be deleted.
    pub name: String,
    /// What people wrote.
    pub description: String,
    /// What it allows, in the order in which it was allowed.
    pub rules: Vec<SecurityGroupRule>,
    /// Its tags.
    pub tags: Tags,
}

/// One thing that a security group allows, with exactly one peer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecurityGroupRule {
    /// `sgr-…`.
    pub id: String,
    /// From members; otherwise towards them.
    pub egress: bool,
    /// What is allowed.
    pub permission: Permission,
    /// What people wrote.
    pub description: Option<String>,
    /// Its tags.
    pub tags: Tags,
}

/// Protocol, ports and peer: what makes two rules of one direction the same.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Permission {
    /// `-1` (everything), `tcp`, `udp`, `icmp`, `icmpv6`, or another protocol's number.
    pub protocol: String,
    /// The first port, the ICMP type, or -1; absent where the protocol has neither.
    pub from_port: Option<i32>,
    /// The last port, the ICMP code, or -1; absent as `from_port` is.
    pub to_port: Option<i32>,
    /// The other side.
    pub peer: Peer,
}

/// The other side of a security group's rule.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Peer {
    /// Addresses.
    Ipv4(Cidr),
    /// IPv6 addresses, in CIDR notation. A VPC without IPv6 has no such packets: the rule allows nothing, as it does at AWS.
    Ipv6(String),
    /// Members of a security group, by id.
    Group(String),
    /// The addresses of a managed prefix list, by id.
    PrefixList(String),
}
