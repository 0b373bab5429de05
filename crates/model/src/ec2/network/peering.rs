//! Peering connections of VPCs.

use crate::{AccountId, Cidr, Record, Region, Timestamp, ec2::Tags};
use serde::{Deserialize, Serialize};

records! {
    /// Two VPCs that reach each other, under `pcx-…`. Each side has a record of its own in its account and region; both are written
    /// together, by EC2's handlers, and differ in their tags alone.
    VpcPeering(VpcPeeringSpec) = "ec2/vpc-peering";
}

/// What a [`VpcPeering`] is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VpcPeeringSpec {
    /// Who asked.
    pub requester: PeeredVpc,
    /// Who was asked.
    pub accepter: PeeredVpc,
    /// How far it has come.
    pub status: PeeringStatus,
    /// When it came that far.
    pub since: Timestamp,
    /// When an unanswered request lapses.
    pub expires_at: Timestamp,
    /// This side's tags.
    pub tags: Tags,
}

/// One side of a peering connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeeredVpc {
    /// The owner.
    pub account: AccountId,
    /// Where it is.
    pub region: Region,
    /// The VPC's id.
    pub vpc: String,
    /// Its blocks when the connection was asked for; none of a VPC that isn't there.
    pub cidrs: Vec<Cidr>,
}

/// How far a peering connection has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PeeringStatus {
    /// Could not be: the blocks overlap, or there is no such VPC.
    Failed,
    /// The other side has to accept it.
    PendingAcceptance,
    /// The other side has refused it.
    Rejected,
    /// It works.
    Active,
    /// One side has deleted it.
    Deleted,
}
