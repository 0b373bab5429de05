//! VPCs and what they are made of, a file for each.
//!
//! **Built:** VPCs with several blocks of both families, the default one made again, subnets and their reservations, internet gateways and
//! egress-only ones, route tables and routes, Elastic IP addresses, network interfaces, network ACLs, DHCP options, NAT gateways, peering connections, managed prefix lists,
//! endpoints by routes and with interfaces, flow logs to log groups.
//!
//! **Not built:** subnets of IPv6 alone, NAT64, address managers (IPAM), transit and other gateways, prefixes of interfaces: refused
//! by name.

mod acl_entries;
mod acls;
mod addresses;
mod blocks;
mod default;
mod dhcp;
mod egress_only;
mod endpoints;
mod flow_logs;
mod gateways;
pub mod interfaces;
mod ipv6;
mod misc;
mod nat_gateways;
mod peering;
pub mod prefix_lists;
mod reconcile;
mod references;
mod reservations;
mod route_tables;
mod routes;
mod subnets;
pub mod targets;
mod tokens;
mod vpcs;

pub use addresses::pointers;
pub use endpoints::{EndpointTable, endpoint_tables, gateway_addresses};
pub use peering::are_peered;
pub use prefix_lists::Lists;
pub use reconcile::Networks;

use front::Service;
use model::{
    Key, Record,
    ec2::{ElasticIp, NetworkInterface, RouteTable, Subnet, VpcEndpoint},
};
use spine::{StoreError, Tx};

/// The kinds of records that [`pointers`] and [`endpoint_tables`] read besides interfaces.
pub const NAME_KINDS: &[&str] = &[ElasticIp::KIND, VpcEndpoint::KIND, RouteTable::KIND, Subnet::KIND];

/// The rows of all of it.
pub fn rows(service: Service) -> Service {
    let all = [
        vpcs::rows,
        default::rows,
        subnets::rows,
        reservations::rows,
        ipv6::rows,
        gateways::rows,
        egress_only::rows,
        route_tables::rows,
        routes::rows,
        addresses::rows,
        interfaces::rows,
        acls::rows,
        acl_entries::rows,
        dhcp::rows,
        nat_gateways::rows,
        peering::rows,
        prefix_lists::rows,
        endpoints::rows,
        references::rows,
        flow_logs::rows,
        misc::rows,
    ];
    all.into_iter().fold(service, |service, rows: fn(Service) -> Service| rows(service))
}

/// Removes an interface for good; Elastic IP addresses that led to it lead nowhere. For whoever ends what it was attached to.
pub fn remove_interface(tx: &mut Tx, key: &Key<NetworkInterface>) -> Result<(), StoreError> {
    addresses::release_from(tx, key, |_| true)?;
    tx.delete(key)
}
