//! The records of Elastic Container Service.
//!
//! | record | id | `Spec` by | `Plan` by |
//! |---|---|---|---|
//! | [`Cluster`] | `<name>` | handlers | |
//! | [`Family`], [`TaskDefinition`] | `<family>`, `<family>/<revision, 10 digits>` | handlers | |
//! | [`Service`] | `<cluster>/<name>` | handlers | the service reconciler |
//! | [`Task`] | `<cluster>/<32 hex>` | who wants the task: `RunTask`, the service reconciler | the task reconciler |
//! | [`TaskStop`] | the task's | who first wants the task to stop; never changed | |
//! | [`ContainerInstance`] | `<cluster>/<32 hex>` | who first needs one in a cluster | the instance reconciler |
//!
//! What runs is not here: it is in the `Hosted` record of crate `agent-proto`, which stands under the task's own 32 digits.

mod cluster;
mod definition;
mod service;
mod task;

pub use cluster::*;
pub use definition::*;
pub use service::*;
pub use task::*;

use crate::{AccountId, Arn, Key, Region};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Tags of a resource: at most 50, keys of up to 128 and values of up to 256 characters.
pub type Tags = BTreeMap<String, String>;

macro_rules! arns {
    ($($record:ident = $kind:literal;)+) => {$(
        impl Key<$record> {
            /// The resource's ARN.
            pub fn arn(&self) -> Arn {
                Arn::new("ecs", &self.region, &self.account, format!(concat!($kind, "/{}"), self.id))
            }
            /// The key that an ARN names, if it is the ARN of such a thing.
            pub fn of_arn(arn: &Arn) -> Option<Self> {
                let id = arn.resource_id("ecs", $kind)?;
                let (account, region) = (AccountId::parse(&arn.account).ok()?, Region::parse(&arn.region).ok()?);
                Some(Self::new(&account, &region, id))
            }
        }
    )+};
}

arns! {
    Cluster = "cluster";
    Service = "service";
    Task = "task";
    ContainerInstance = "container-instance";
}

/// The part of a child's id that names it: `<task>` of `<cluster>/<task>`.
pub fn short_id(id: &str) -> &str {
    id.rsplit_once('/').map_or(id, |(_, short)| short)
}

/// Where and how tasks are run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Launch {
    /// On infrastructure of one kind.
    Type(LaunchType),
    /// Shared out among capacity providers.
    Providers(Vec<ProviderShare>),
}

impl Launch {
    /// The kind of infrastructure that it ends on.
    pub fn launch_type(&self) -> LaunchType {
        match self {
            Launch::Type(kind) => *kind,
            Launch::Providers(_) => LaunchType::Fargate,
        }
    }
}

/// A kind of infrastructure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum LaunchType {
    /// No machine is seen; each task has its own interface and limits.
    Fargate,
    /// On a container instance of the cluster.
    Ec2,
}

/// An item of a capacity provider strategy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderShare {
    /// `FARGATE` or `FARGATE_SPOT`.
    pub provider: String,
    /// Tasks that go here before any share is reckoned.
    pub base: u32,
    /// Its part of the rest.
    pub weight: u32,
}

/// `awsvpcConfiguration`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AwsVpc {
    /// The VPC of all the subnets.
    pub vpc: String,
    /// Ids, all of one VPC; one to sixteen.
    pub subnets: Vec<String>,
    /// Ids; never empty: where the caller gave none, the VPC's default one.
    pub security_groups: Vec<String>,
    /// The tasks' interfaces get public addresses.
    pub assign_public_ip: bool,
}

/// What a service has to do with a target group.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LoadBalancer {
    /// The target group's ARN.
    pub target_group: String,
    /// The container that serves.
    pub container: String,
    /// The port at which it serves, as the container sees it.
    pub port: u16,
}
