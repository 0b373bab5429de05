//! What the network of an account in a region is made of.
//!
//! Nothing about a network takes time until a host builds it, so that most of these records have no plan: what the host could not build is
//! reported with the workloads that needed it.

mod acl;
mod address;
mod dhcp;
mod endpoint;
mod flow_log;
mod gateway;
mod group;
mod interface;
mod nat;
mod peering;
mod prefix_list;
mod route_table;
mod subnet;
mod vpc;

pub use acl::{AclEntry, AclPeer, NetworkAcl, NetworkAclSpec};
pub use address::{AddressAssociation, ElasticIp, ElasticIpSpec};
pub use dhcp::{DhcpOptions, DhcpOptionsSpec};
pub use endpoint::{EndpointInterfaces, VpcEndpoint, VpcEndpointSpec};
pub use flow_log::{FlowLog, FlowLogSpec, FlowTraffic};
pub use gateway::{EgressOnlyInternetGateway, EgressOnlyInternetGatewaySpec, InternetGateway, InternetGatewaySpec};
pub use group::{Peer, Permission, SecurityGroup, SecurityGroupRule, SecurityGroupSpec};
pub use interface::{AttachedTo, Attachment, Detached, InterfaceKind, NetworkInterface, NetworkInterfaceSpec, PrivateAddress};
pub use nat::{NatGateway, NatGatewayPlan, NatGatewaySpec};
pub use peering::{PeeredVpc, PeeringStatus, VpcPeering, VpcPeeringSpec};
pub use prefix_list::{PrefixList, PrefixListChange, PrefixListEntry, PrefixListSpec, PrefixListVersion};
pub use route_table::{Destination, Route, RouteTable, RouteTableSpec, RouteTarget};
pub use subnet::{CidrReservation, Subnet, SubnetSpec};
pub use vpc::{CidrAssociation, Ipv6CidrAssociation, Vpc, VpcSpec};

use serde::{Deserialize, Serialize};

/// What makes a repeated request the same as an earlier one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientToken {
    /// What the client chose.
    pub token: String,
    /// A fingerprint of all that was asked for with it.
    pub request: String,
}
