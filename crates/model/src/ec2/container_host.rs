//! The machine that holds ECS's containers in `host` and `bridge` mode. It is Hillfog's own host: no instance that anybody launched.

use super::Tags;
use crate::{Record, Timestamp};
use serde::{Deserialize, Serialize};

records! {
    /// A machine of ECS, under `i-…`. Written by ECS, for which it is the container instance's machine.
    ContainerHost(ContainerHostSpec) = "ec2/container-host";
}

/// What a [`ContainerHost`] is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContainerHostSpec {
    /// Its primary network interface.
    pub interface: String,
    /// The VPC's id.
    pub vpc: String,
    /// The subnet's id.
    pub subnet: String,
    /// When it was made.
    pub launched_at: Timestamp,
    /// Its tags.
    pub tags: Tags,
}
