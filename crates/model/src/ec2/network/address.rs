//! Elastic IP addresses.

use crate::{Record, Timestamp, ec2::Tags};
use serde::{Deserialize, Serialize};
use std::net::Ipv4Addr;

records! {
    /// A public address that an account keeps, under `eipalloc-…`. Written by EC2's handlers.
    ElasticIp(ElasticIpSpec) = "ec2/elastic-ip";
}

/// What an [`ElasticIp`] is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ElasticIpSpec {
    /// Of the pool of elastic addresses.
    pub address: Ipv4Addr,
    /// What it leads to. The interface says the same of its private address.
    pub association: Option<AddressAssociation>,
    /// The name that a question for its address is answered with, with its final dot.
    #[serde(default)]
    pub pointer: Option<String>,
    /// When it was allocated.
    pub allocated_at: Timestamp,
    /// Its tags.
    pub tags: Tags,
}

/// What a public address leads to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddressAssociation {
    /// `eipassoc-…`.
    pub id: String,
    /// The interface's id.
    pub interface: String,
    /// A private address of the interface.
    pub private_address: Ipv4Addr,
}
