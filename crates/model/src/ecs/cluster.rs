//! Clusters and their container instances.

use super::{ProviderShare, Tags};
use crate::{Record, Timestamp};
use serde::{Deserialize, Serialize};

/// A group of tasks and services.
pub enum Cluster {}

impl Record for Cluster {
    const KIND: &'static str = "ecs/cluster";
    type Spec = ClusterSpec;
    type Plan = ();
    type Observed = ();
}

/// What a [`Cluster`] is. A deleted one stays, inactive, for as long as its stopped tasks do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterSpec {
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was deleted: it is `INACTIVE` then.
    pub deleted_at: Option<Timestamp>,
    /// `FARGATE`, `FARGATE_SPOT`, or both.
    pub capacity_providers: Vec<String>,
    /// What holds where a task or a service names neither launch type nor strategy.
    pub default_strategy: Vec<ProviderShare>,
    /// `containerInsights`, if it was set.
    pub container_insights: Option<String>,
    /// Its tags.
    pub tags: Tags,
}

/// The machine on which the tasks of a cluster run whose launch type is `EC2`.
///
/// Hillfog's own host is the only machine yet, so that a cluster has at most one. In the network it is an
/// [`ec2::Instance`](crate::ec2::Instance).
pub enum ContainerInstance {}

impl Record for ContainerInstance {
    const KIND: &'static str = "ecs/container-instance";
    type Spec = ContainerInstanceSpec;
    type Plan = ();
    type Observed = ();
}

/// What a [`ContainerInstance`] is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContainerInstanceSpec {
    /// The host's name, as in `agent-proto`.
    pub host: String,
    /// The machine's id in EC2: `i-…`.
    pub instance: String,
    /// The VPC that the machine's interface is in.
    pub vpc: String,
    /// The subnet that the machine's interface is in.
    pub subnet: String,
    /// The Availability Zone of that subnet.
    pub zone: String,
    /// Its address there.
    pub address: std::net::Ipv4Addr,
    /// The interface's id: `eni-…`.
    pub interface: String,
    /// In OCI's words: `amd64`.
    pub architecture: String,
    /// CPU units, 1024 to the vCPU.
    pub cpu: u32,
    /// In MiB.
    pub memory: u32,
    /// When it joined the cluster.
    pub registered_at: Timestamp,
}
