//! Placement groups: how machines that belong together are to be spread over hosts.

use super::Tags;
use crate::Record;
use serde::{Deserialize, Serialize};

records! {
    /// A placement group, under `pg-…`. Written by EC2's handlers.
    PlacementGroup(PlacementGroupSpec) = "ec2/placement-group";
}

/// What a [`PlacementGroup`] is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlacementGroupSpec {
    /// Unique in the account and region.
    pub name: String,
    /// How its machines are placed.
    pub strategy: PlacementStrategy,
    /// Its tags.
    pub tags: Tags,
}

/// How the machines of a group are placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlacementStrategy {
    /// Close to each other.
    Cluster,
    /// In so many partitions, 1 to 7, that share no hardware with each other.
    Partition(i32),
    /// Each on hardware of its own.
    Spread(SpreadLevel),
}

/// What the machines of a group that is spread don't share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpreadLevel {
    /// A host.
    Host,
    /// A rack.
    Rack,
}
