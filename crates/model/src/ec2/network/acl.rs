//! Network ACLs.

use super::ClientToken;
use crate::{Cidr, Record, ec2::Tags};
use serde::{Deserialize, Serialize};

records! {
    /// What may enter and leave subnets, without regard to connections, under `acl-…`. Written by EC2's handlers and by `first_touch`.
    NetworkAcl(NetworkAclSpec) = "ec2/network-acl";
}

/// What a [`NetworkAcl`] is. Every one ends with an entry that denies the rest, 32767 each way, which is not kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkAclSpec {
    /// The VPC's id.
    pub vpc: String,
    /// It is the one that the VPC's subnets have unless they get another.
    pub is_default: bool,
    /// Its entries; no two of a direction have the same number.
    pub entries: Vec<AclEntry>,
    /// The subnets that have it: subnet id and `aclassoc-…`.
    pub associations: Vec<(String, String)>,
    /// With what it was asked for.
    pub client_token: Option<ClientToken>,
    /// Its tags.
    pub tags: Tags,
}

/// An entry of a network ACL. Of those that match a packet, the one with the lowest number decides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AclEntry {
    /// From the subnet; otherwise into it.
    pub egress: bool,
    /// 1 to 32766.
    pub number: i32,
    /// The packet passes; otherwise it doesn't.
    pub allow: bool,
    /// The other side.
    pub peer: AclPeer,
    /// `None` for all, otherwise the protocol's number.
    pub protocol: Option<u8>,
    /// The first and the last port, of TCP and UDP.
    pub ports: Option<(u16, u16)>,
    /// Type and code, of ICMP: -1 is any.
    pub icmp: Option<(i32, i32)>,
}

/// The other side of an entry of a network ACL.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AclPeer {
    /// Addresses.
    Ipv4(Cidr),
    /// IPv6 addresses, in CIDR notation.
    Ipv6(String),
}
