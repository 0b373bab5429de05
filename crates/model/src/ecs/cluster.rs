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
    /// How `ExecuteCommand` is to go about its sessions, if that was said.
    #[serde(default)]
    pub execute_command: Option<ExecuteCommandSettings>,
    /// Its tags.
    pub tags: Tags,
}

/// How commands are run in a cluster's containers: kept and shown for the tools that set it with each cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExecuteCommandSettings {
    /// The key that encrypts what goes to and fro.
    pub kms_key: Option<String>,
    /// `NONE`, `DEFAULT` or `OVERRIDE`.
    pub logging: String,
    /// Where sessions are written down, where it is `OVERRIDE`.
    pub log: Option<ExecuteCommandLog>,
}

/// Where sessions of `ExecuteCommand` are written down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExecuteCommandLog {
    /// A log group's name.
    pub group: Option<String>,
    /// Whether that group has to be encrypted.
    pub group_encrypted: bool,
    /// A bucket's name.
    pub bucket: Option<String>,
    /// Whether that bucket has to be encrypted.
    pub bucket_encrypted: bool,
    /// What objects' keys begin with.
    pub prefix: Option<String>,
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
