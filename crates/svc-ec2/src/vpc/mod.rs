//! VPCs and what they are made of, a file for each.
//!
//! **Built:** VPCs with several blocks, the default one made again, subnets and their reservations, internet gateways, route tables and
//! routes, Elastic IP addresses, network interfaces, network ACLs, DHCP options.

mod acl_entries;
mod acls;
mod addresses;
mod blocks;
mod default;
mod dhcp;
mod gateways;
pub mod interfaces;
mod prefix_lists;
mod reservations;
mod route_tables;
mod routes;
mod subnets;
pub mod targets;
mod tokens;
mod vpcs;

use front::Service;
use model::{Key, ec2::NetworkInterface};
use spine::{StoreError, Tx};

/// The rows of all of it.
pub fn rows(service: Service) -> Service {
    let all = [
        vpcs::rows,
        default::rows,
        subnets::rows,
        reservations::rows,
        gateways::rows,
        route_tables::rows,
        routes::rows,
        addresses::rows,
        interfaces::rows,
        acls::rows,
        acl_entries::rows,
        dhcp::rows,
    ];
    all.into_iter().fold(service, |service, rows: fn(Service) -> Service| rows(service))
}

/// Removes an interface for good; Elastic IP addresses that led to it lead nowhere. For whoever ends what it was attached to.
pub fn remove_interface(tx: &mut Tx, key: &Key<NetworkInterface>) -> Result<(), StoreError> {
    addresses::release_from(tx, key, |_| true)?;
    tx.delete(key)
}
