//! Virtual private clouds.

use crate::{Cidr, Ipv6Cidr, Record, ec2::Tags};
use serde::{Deserialize, Serialize};

records! {
    /// A virtual private cloud, under `vpc-…`. Written by EC2's handlers and by `first_touch`.
    Vpc(VpcSpec) = "ec2/vpc";
}

/// What a [`Vpc`] is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VpcSpec {
    /// The addresses that it was made with.
    pub cidr: Cidr,
    /// Blocks that were associated with it later, in that order.
    pub more_cidrs: Vec<CidrAssociation>,
    /// Its blocks of IPv6, /56 each, in the order in which they were associated.
    #[serde(default)]
    pub ipv6: Vec<Ipv6CidrAssociation>,
    /// It is the default VPC of its account and region.
    pub is_default: bool,
    /// `dopt-…`, or `default` for no options at all.
    pub dhcp_options: String,
    /// `enableDnsSupport`.
    pub dns_support: bool,
    /// `enableDnsHostnames`.
    pub dns_hostnames: bool,
    /// Of the association of `cidr`: `vpc-cidr-assoc-…`.
    pub cidr_association: String,
    /// Its tags.
    pub tags: Tags,
}

impl VpcSpec {
    /// All of its blocks of IPv4, the primary one first.
    pub fn cidrs(&self) -> impl Iterator<Item = Cidr> {
        std::iter::once(self.cidr).chain(self.more_cidrs.iter().map(|more| more.cidr))
    }
}

/// A block that was associated with a VPC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CidrAssociation {
    /// `vpc-cidr-assoc-…`.
    pub id: String,
    /// The block.
    pub cidr: Cidr,
}

/// A block of IPv6 that was associated with a VPC or a subnet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ipv6CidrAssociation {
    /// `vpc-cidr-assoc-…` or `subnet-cidr-assoc-…`.
    pub id: String,
    /// The block.
    pub cidr: Ipv6Cidr,
}
