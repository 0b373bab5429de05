//! Subnets.

use super::Ipv6CidrAssociation;
use crate::{
    Cidr, Record,
    ec2::{PrivateDnsOptions, Tags},
};
use serde::{Deserialize, Serialize};

records! {
    /// A part of a VPC in one Availability Zone, under `subnet-…`. Written by EC2's handlers and by `first_touch`.
    Subnet(SubnetSpec) = "ec2/subnet";
}

/// What a [`Subnet`] is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubnetSpec {
    /// The VPC's id.
    pub vpc: String,
    /// Its addresses; the first four and the last are not given to interfaces.
    pub cidr: Cidr,
    /// Its block of IPv6, a /64 of one of its VPC's.
    #[serde(default)]
    pub ipv6: Option<Ipv6CidrAssociation>,
    /// Interfaces made here get an address of IPv6.
    #[serde(default)]
    pub assign_ipv6: bool,
    /// The Availability Zone's name, such as `eu-west-1a`.
    pub zone: String,
    /// The Availability Zone's id, such as `euw1-az1`.
    pub zone_id: String,
    /// It is the default subnet of its Availability Zone.
    pub default_for_zone: bool,
    /// Interfaces made here get a public address.
    pub map_public_ip: bool,
    /// What instances launched here are called, unless their launch says otherwise.
    #[serde(default)]
    pub private_dns: PrivateDnsOptions,
    /// Parts of it from which nobody gets an address without asking for it.
    pub reservations: Vec<CidrReservation>,
    /// Its tags.
    pub tags: Tags,
}

/// A part of a subnet from which no address is chosen (VPC user guide, "Subnet CIDR reservations").
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CidrReservation {
    /// `scr-…`.
    pub id: String,
    /// The part.
    pub cidr: Cidr,
    /// For prefixes of interfaces; otherwise for addresses that people name.
    pub for_prefixes: bool,
    /// What people wrote.
    pub description: String,
    /// Its tags.
    pub tags: Tags,
}
