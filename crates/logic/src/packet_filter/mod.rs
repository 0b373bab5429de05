//! What a VPC's route tables, network ACLs and security groups mean in packets: the text of the packet filter that its router loads.
//!
//! A VPC is one router and every interface is a link of it, so every packet between two interfaces passes the router. The filter is
//! one nftables table that is replaced whole and at once (`nft -f` is a transaction), so it never has a gap, and connections that
//! were allowed go on: connection tracking is not part of the table.
//!
//! | room | holds |
//! |---|---|
//! | [`vpc_ruleset`] | the table of a VPC's router |
//! | [`exits`] | the numbers by which that table and the router's kernel speak of the ways out of subnets |
//! | [`flow_sets`] | the sets of that table in which packets are counted for flow logs |
//! | [`instance_ruleset`], [`internet_ruleset`], [`nat_ruleset`] | the fixed tables of an instance, of the internet gateways' namespace, and of a NAT gateway |
//! | [`allows`], [`exit`] | the same meaning as functions of one packet, by which the table is judged in tests |
//!
//! Who makes the links and loads the text is the agent's network world. What is neither IPv4 nor, in a VPC that has it, IPv6 is dropped.

mod fixed;
mod flows;
mod judge;
mod routes;
mod ruleset;
#[cfg(test)]
mod tests;
mod vocabulary;

pub use fixed::{BRIDGE, functions_ruleset, instance_ruleset, internet_ruleset, nat_ruleset};
pub use flows::{FlowKind, FlowSet, flow_sets};
pub use judge::{Packet, Place, allows, exit, sender};
pub use routes::{INTERNET_EXIT, exits};
pub use ruleset::vpc_ruleset;
pub use vocabulary::{Acl, AclRule, Group, Interface, Link, Neighbour, Peer, Protocol, Route, Rule, Subnet, Vpc, Way};

use std::net::Ipv4Addr;

/// The table that all rulesets of Hillfog define, in whichever namespace.
pub const TABLE: &str = "inet hillfog";

/// The router's link to the internet.
pub const INTERNET_LINK: &str = "inet0";

/// Amazon's name server at a fixed address; the other stands at the VPC's base plus two.
pub const NAME_SERVER: Ipv4Addr = Ipv4Addr::new(169, 254, 169, 253);

/// The instance metadata service.
pub const INSTANCE_METADATA: Ipv4Addr = Ipv4Addr::new(169, 254, 169, 254);

/// The task metadata and task credentials service of ECS.
pub const TASK_METADATA: Ipv4Addr = Ipv4Addr::new(169, 254, 170, 2);

/// The port of [`TASK_METADATA`] at which workloads reach the cloud's own API.
pub const API_PORT: u16 = 4566;
