//! Route tables.

use super::ClientToken;
use crate::{Cidr, Ipv6Cidr, Record, ec2::Tags};
use serde::{Deserialize, Serialize};

records! {
    /// Where packets of subnets go, under `rtb-…`. Written by EC2's handlers and by `first_touch`.
    RouteTable(RouteTableSpec) = "ec2/route-table";
}

/// What a [`RouteTable`] is. Every table has the routes to its own VPC, which are not kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteTableSpec {
    /// The VPC's id.
    pub vpc: String,
    /// The routes that were made, one for each destination.
    pub routes: Vec<Route>,
    /// The association that makes it the VPC's main table, `rtbassoc-…`.
    pub main_association: Option<String>,
    /// Subnets that have this table in place of the main one: subnet id and `rtbassoc-…`.
    pub associations: Vec<(String, String)>,
    /// With what it was asked for.
    pub client_token: Option<ClientToken>,
    /// Its tags.
    pub tags: Tags,
}

/// Where packets for a destination go. A target that is gone or that leads nowhere makes it a blackhole; the route stays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// For which packets.
    pub destination: Destination,
    /// Where they go.
    pub target: RouteTarget,
}

/// For which packets a route is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Destination {
    /// Those to these addresses.
    Ipv4(Cidr),
    /// Those to these addresses of IPv6.
    Ipv6(Ipv6Cidr),
    /// Those to the addresses of a managed prefix list, by id.
    PrefixList(String),
}

/// Where a route leads.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RouteTarget {
    /// An internet gateway, by id.
    InternetGateway(String),
    /// An egress-only internet gateway, by id.
    EgressOnlyInternetGateway(String),
    /// A NAT gateway, by id.
    NatGateway(String),
    /// A network interface, by id: whoever has it passes packets on.
    Interface(String),
    /// A peering connection, by id.
    Peering(String),
    /// A gateway endpoint, by id.
    Endpoint(String),
}

impl RouteTarget {
    /// The target's id.
    pub fn id(&self) -> &str {
        match self {
            Self::InternetGateway(id)
            | Self::EgressOnlyInternetGateway(id)
            | Self::NatGateway(id)
            | Self::Interface(id)
            | Self::Peering(id)
            | Self::Endpoint(id) => id,
        }
    }
}
