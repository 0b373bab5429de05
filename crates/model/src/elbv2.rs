//! Load balancers, their listeners and rules, target groups and their targets.
//!
//! Records stand under what their ARN ends with, so that a parent's id is the prefix of its children's:
//!
//! | record | id |
//! |---|---|
//! | [`LoadBalancer`] | `app/<name>/<16 hex>` |
//! | [`Listener`] | `<balancer>/<16 hex>` |
//! | [`Rule`] | `<listener>/<16 hex>` |
//! | [`TargetGroup`] | `<name>/<16 hex>` |
//! | [`Target`] | `<target group>/<target's id>:<port>` |

use crate::{AccountId, Arn, Cidr, Key, Record, Region, Timestamp};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, net::Ipv4Addr};

pub use crate::ec2::Tags;

/// Attributes that were set away from their defaults, by name.
pub type Attributes = BTreeMap<String, String>;

macro_rules! records {
    ($($(#[$doc:meta])* $name:ident($spec:ty, $observed:ty) = $kind:literal, $arn:literal;)+) => {$(
        $(#[$doc])*
        pub enum $name {}
        impl Record for $name {
            const KIND: &'static str = $kind;
            type Spec = $spec;
            type Plan = ();
            type Observed = $observed;
        }
        impl Key<$name> {
            /// The resource's ARN.
            pub fn arn(&self) -> Arn {
                Arn::new("elasticloadbalancing", &self.region, &self.account, format!(concat!($arn, "/{}"), self.id))
            }
            /// The key that an ARN names, if it is the ARN of such a thing.
            pub fn of_arn(arn: &Arn) -> Option<Self> {
                let id = arn.resource_id("elasticloadbalancing", $arn)?;
                let (account, region) = (AccountId::parse(&arn.account).ok()?, Region::parse(&arn.region).ok()?);
                Some(Self::new(&account, &region, id))
            }
        }
    )+};
}

records! {
    /// An application load balancer. `Observed` is written by the link to the edge.
    LoadBalancer(LoadBalancerSpec, LoadBalancerObserved) = "elbv2/load-balancer", "loadbalancer";
    /// A port at which a balancer takes connections. `Observed` is written by the link to the edge.
    Listener(ListenerSpec, ListenerObserved) = "elbv2/listener", "listener";
    /// What is done with which requests. The default rule is no record but a part of its listener.
    Rule(RuleSpec, ()) = "elbv2/rule", "listener-rule";
    /// Where requests are passed to.
    TargetGroup(TargetGroupSpec, ()) = "elbv2/target-group", "targetgroup";
}

/// A member of a target group, under `<target group>/<target's id>:<port>`.
///
/// `Spec` is written by ELBv2's handlers and by the reconciler of ECS, for its services' tasks; who wants a target gone sets
/// [`TargetSpec::deregistered_at`], and ELBv2's reconciler removes it once it has drained. `Observed` is written by the link to
/// the edge.
pub enum Target {}

impl Record for Target {
    const KIND: &'static str = "elbv2/target";
    type Spec = TargetSpec;
    type Plan = ();
    type Observed = TargetObserved;
}

impl Key<Target> {
    /// The key of a member of a group.
    pub fn of(group: &Key<TargetGroup>, target: &str, port: u16) -> Self {
        Self::new(&group.account, &group.region, format!("{}/{target}:{port}", group.id))
    }

    /// The group, the target's id and its port.
    pub fn parts(&self) -> Option<(Key<TargetGroup>, &str, u16)> {
        let (group, target) = self.id.rsplit_once('/')?;
        let (id, port) = target.rsplit_once(':')?;
        Some((Key::new(&self.account, &self.region, group), id, port.parse().ok()?))
    }
}

/// What a [`LoadBalancer`] is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadBalancerSpec {
    /// Unique among the account's in the region.
    pub name: String,
    /// Its own name in the DNS.
    pub dns_name: String,
    /// Reachable from outside its VPC.
    pub internet_facing: bool,
    /// The VPC's id.
    pub vpc: String,
    /// Where it stands: one for each Availability Zone.
    pub zones: Vec<LoadBalancerZone>,
    /// Ids of its security groups.
    pub groups: Vec<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Set away from their defaults.
    pub attributes: Attributes,
    /// Its tags.
    pub tags: Tags,
}

/// A load balancer's place in one Availability Zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadBalancerZone {
    /// The Availability Zone's name.
    pub zone: String,
    /// The subnet's id.
    pub subnet: String,
    /// The interface's id.
    pub interface: String,
}

/// How a [`LoadBalancer`] is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadBalancerObserved {
    /// The edge has taken a table that it is in.
    pub taken: bool,
}

/// What a [`Listener`] is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListenerSpec {
    /// 1 to 65535.
    pub port: u16,
    /// `HTTP` or `HTTPS`.
    pub protocol: String,
    /// The 16 hex digits of the default rule's own id.
    pub default_rule: String,
    /// What is done with a request that no rule is for.
    pub default_action: Action,
    /// Set away from their defaults.
    pub attributes: Attributes,
    /// Its tags.
    pub tags: Tags,
}

/// How a [`Listener`] is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListenerObserved {
    /// Why it could not be opened where it should be.
    pub fault: Option<String>,
}

/// What a [`Rule`] is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleSpec {
    /// 1 to 50000; the lowest is looked at first.
    pub priority: u32,
    /// All must hold.
    pub conditions: Vec<Condition>,
    /// What is done.
    pub action: Action,
    /// Its tags.
    pub tags: Tags,
}

/// What a request must be like. Values may hold `*` (any characters) and `?` (any one).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// One of these host names.
    HostHeader(Vec<String>),
    /// One of these paths.
    PathPattern(Vec<String>),
    /// The header has one of these values.
    HttpHeader {
        /// The header's name.
        name: String,
        /// Any of these.
        values: Vec<String>,
    },
    /// One of these methods.
    HttpRequestMethod(Vec<String>),
    /// One of these pairs; a missing key matches any.
    QueryString(Vec<(Option<String>, String)>),
    /// The client's address is in one of these.
    SourceIp(Vec<Cidr>),
}

/// What is done with a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Passed to a target of one of the groups.
    Forward {
        /// Ids of [`TargetGroup`] with their weights, 0 to 999.
        groups: Vec<(String, u32)>,
        /// For how long a client stays with the group that was chosen for it.
        stickiness_seconds: Option<u32>,
    },
    /// Answered with a redirect, whose parts may hold `#{protocol}`, `#{host}`, `#{port}`, `#{path}` and `#{query}`.
    Redirect {
        /// 301, otherwise 302.
        permanent: bool,
        /// `HTTP`, `HTTPS` or the placeholder.
        protocol: String,
        /// The host's name.
        host: String,
        /// A number or the placeholder.
        port: String,
        /// Begins with a slash.
        path: String,
        /// Without the question mark.
        query: String,
    },
    /// Answered as it stands here.
    FixedResponse {
        /// 2xx, 4xx or 5xx.
        status: u16,
        /// One of the five that are allowed.
        content_type: Option<String>,
        /// At most 1024 bytes.
        body: Option<String>,
    },
}

/// What a [`TargetGroup`] is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetGroupSpec {
    /// Unique among the account's in the region.
    pub name: String,
    /// What its targets are.
    pub target_type: TargetType,
    /// `HTTP` or `HTTPS`.
    pub protocol: String,
    /// `HTTP1`, `HTTP2` or `GRPC`.
    pub protocol_version: String,
    /// The port of targets that are registered without one.
    pub port: u16,
    /// The VPC's id.
    pub vpc: String,
    /// How the health of its targets is found.
    pub health_check: HealthCheck,
    /// Set away from their defaults.
    pub attributes: Attributes,
    /// Its tags.
    pub tags: Tags,
}

/// What the targets of a group are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TargetType {
    /// EC2 instances, by id.
    Instance,
    /// Addresses.
    Ip,
}

/// How the health of a group's targets is found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthCheck {
    /// Targets of a group without checks count as healthy.
    pub enabled: bool,
    /// `HTTP` or `HTTPS`.
    pub protocol: String,
    /// `None` is the port of the traffic.
    pub port: Option<u16>,
    /// Such as `/health`.
    pub path: String,
    /// 5 to 300.
    pub interval_seconds: u32,
    /// 2 to 120.
    pub timeout_seconds: u32,
    /// 2 to 10.
    pub healthy_threshold: u32,
    /// 2 to 10.
    pub unhealthy_threshold: u32,
    /// Status codes that pass, as the user wrote them: `200`, `200,202`, `200-299`.
    pub matcher: String,
}

/// What a [`Target`] is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetSpec {
    /// Where it is; an instance's is that of its primary interface.
    pub address: Ipv4Addr,
    /// 1 to 65535.
    pub port: u16,
    /// The Availability Zone's name, where it was given or is known.
    pub zone: Option<String>,
    /// When it was registered.
    pub registered_at: Timestamp,
    /// When it was deregistered: it drains, and is removed once it has.
    pub deregistered_at: Option<Timestamp>,
}

/// How a [`Target`] is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetObserved {
    /// What the edge has found.
    pub health: Health,
    /// Requests that are under way.
    pub in_flight: u32,
    /// The edge has taken a table in which it drains: it gets no new requests.
    pub drains: bool,
}

/// What the edge has found of a target.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// Nothing: the edge has not reported on it.
    #[default]
    Unknown,
    /// Not enough checks yet.
    Initial,
    /// Passes.
    Healthy,
    /// Fails, for a reason of ELBv2's documentation such as `Target.Timeout`.
    Unhealthy {
        /// `Target.Timeout`, `Target.ResponseCodeMismatch` or `Target.FailedHealthChecks`.
        reason: String,
        /// The sentence that goes with it.
        description: String,
    },
}
