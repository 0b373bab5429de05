//! The table that the data plane serves from: load balancers, their targets, names, and what workloads find at their link-local
//! addresses.

use crate::network::Cidr;
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    net::{Ipv4Addr, Ipv6Addr, SocketAddrV4},
    time::Duration,
};

/// All that the edge does. It is handed over whole, kept on disk, and served from while the control plane is away.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// Load balancers by ARN.
    pub balancers: BTreeMap<String, Balancer>,
    /// Target groups by ARN.
    pub target_groups: BTreeMap<String, TargetGroup>,
    /// Names by VPC id.
    pub zones: BTreeMap<String, Zone>,
    /// What workloads find at their link-local address, by VPC id.
    #[serde(default)]
    pub metadata: BTreeMap<String, Metadata>,
    /// What instances find at the instance metadata service, by VPC id.
    #[serde(default)]
    pub instances: BTreeMap<String, InstanceMetadataService>,
    /// What interfaces of machines with a kernel of their own are told by DHCP, by VPC id and hardware address (`02:…`, lower case).
    #[serde(default)]
    pub leases: BTreeMap<String, BTreeMap<String, Lease>>,
    /// Where else connections are passed on to the server's socket for workloads, by VPC id: at interface endpoints.
    #[serde(default)]
    pub endpoints: BTreeMap<String, Vec<EndpointDoor>>,
    /// The same at what gateway endpoints lead to, by VPC id.
    #[serde(default)]
    pub gateways: BTreeMap<String, GatewayDoor>,
}

/// Where connections are taken that have come by a gateway endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GatewayDoor {
    /// An address of the VPC's router, and the port.
    pub address: SocketAddrV4,
    /// By which endpoint (`vpce-…`) who comes, by the blocks of subnets. Others have come by the internet.
    pub endpoints: Vec<(Cidr, String)>,
}

/// Where an interface endpoint takes connections.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointDoor {
    /// One of its addresses, and the port.
    pub address: SocketAddrV4,
    /// `vpce-…`: the server is told by which endpoint a connection came.
    pub endpoint: String,
}

/// An application load balancer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Balancer {
    /// Its DNS name; what a request from the host's loopback address names in `Host`.
    pub dns_name: String,
    /// The VPC whose network it stands in.
    pub vpc: String,
    /// Its own addresses there, one per Availability Zone: it listens at them, and dials targets from them.
    pub addresses: Vec<Ipv4Addr>,
    /// Reachable from the host's loopback address also.
    pub internet_facing: bool,
    /// A connection that has been silent for so long is closed.
    pub idle_timeout: Duration,
    /// By ARN.
    pub listeners: BTreeMap<String, Listener>,
    /// Attributes that change how requests are passed on.
    pub attributes: BalancerAttributes,
}

/// `routing.http.*` and their like.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BalancerAttributes {
    /// `routing.http.drop_invalid_header_fields.enabled`.
    pub drop_invalid_headers: bool,
    /// `routing.http.preserve_host_header.enabled`.
    pub preserve_host: bool,
    /// `routing.http.xff_header_processing.mode`: `append`, `preserve` or `remove`.
    pub forwarded_for: ForwardedFor,
    /// `routing.http.xff_client_port.enabled`.
    pub forwarded_client_port: bool,
    /// `routing.http2.enabled`.
    pub http2: bool,
}

/// What is done with `X-Forwarded-For`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ForwardedFor {
    /// The client's address is added.
    #[default]
    Append,
    /// It stays as it came.
    Preserve,
    /// It is removed.
    Remove,
}

/// A port at which a balancer takes connections.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Listener {
    /// 1 to 65535.
    pub port: u16,
    /// With certificates it speaks HTTPS: PEM chain and PKCS#8 key; the first is the default.
    pub certificates: Vec<(String, String)>,
    /// In order of priority; the default rule is last and has no conditions.
    pub rules: Vec<Rule>,
}

/// What is done with which requests.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// The rule's ARN.
    pub arn: String,
    /// All must hold.
    pub conditions: Vec<Condition>,
    /// What is done.
    pub action: Action,
}

/// What a request must be like. Values may hold `*` (any characters) and `?` (any one).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// One of these host names (case-insensitive).
    HostHeader(Vec<String>),
    /// One of these paths (case-sensitive, without the query).
    PathPattern(Vec<String>),
    /// The header has one of these values.
    HttpHeader {
        /// Case-insensitive.
        name: String,
        /// Case-insensitive.
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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Passed to a target of one of the groups, chosen by weight; with stickiness, the group sticks for so long.
    Forward {
        /// Target groups by ARN, with their weights.
        groups: Vec<(String, u32)>,
        /// For how long a client keeps to the group that it was given.
        stickiness: Option<Duration>,
    },
    /// Answered with a redirect; the parts may hold `#{protocol}`, `#{host}`, `#{port}`, `#{path}`, `#{query}`.
    Redirect {
        /// 301 rather than 302.
        permanent: bool,
        /// `HTTP`, `HTTPS` or `#{protocol}`.
        protocol: String,
        /// The host name.
        host: String,
        /// The port.
        port: String,
        /// With its leading slash.
        path: String,
        /// Without the question mark; may be empty.
        query: String,
    },
    /// Answered as it stands here.
    FixedResponse {
        /// 2xx, 4xx or 5xx.
        status: u16,
        /// The body's type.
        content_type: Option<String>,
        /// At most 1,024 characters.
        body: String,
    },
}

/// Where requests are passed to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TargetGroup {
    /// The VPC in which its targets are.
    pub vpc: String,
    /// HTTPS towards targets (their certificates are not checked, as with the real one).
    pub tls: bool,
    /// HTTP/2 towards targets.
    pub http2: bool,
    /// How a target is chosen.
    pub algorithm: Algorithm,
    /// For how long a client sticks to a target by the `AWSALB` cookie.
    pub stickiness: Option<Duration>,
    /// Targets with their state. One that drains gets no new requests.
    pub targets: Vec<Target>,
    /// How their health is found.
    pub health_check: HealthCheck,
    /// For how long a new target gets less than its share.
    pub slow_start: Option<Duration>,
}

/// `load_balancing.algorithm.type`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Algorithm {
    /// In turn.
    #[default]
    RoundRobin,
    /// To the one with the fewest requests under way.
    LeastOutstandingRequests,
    /// At random by weight.
    WeightedRandom,
}

/// A target: an address and a port in the group's VPC.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Target {
    /// As the user registered it: an address or an instance id.
    pub id: String,
    /// Where it is.
    pub address: Ipv4Addr,
    /// 1 to 65535.
    pub port: u16,
    /// It was deregistered: no new requests; requests under way may end.
    pub draining: bool,
}

/// How the health of a group's targets is found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HealthCheck {
    /// Targets of a group with disabled checks count as healthy.
    pub enabled: bool,
    /// `None` is the port of the traffic.
    pub port: Option<u16>,
    /// HTTPS.
    pub tls: bool,
    /// Such as `/health`.
    pub path: String,
    /// Between the starts of two checks.
    pub interval: Duration,
    /// After which a check has failed.
    pub timeout: Duration,
    /// Passes in a row that make an unhealthy target healthy.
    pub healthy_threshold: u32,
    /// Failures in a row that make a healthy target unhealthy.
    pub unhealthy_threshold: u32,
    /// Status codes that pass, inclusive ranges.
    pub matcher: Vec<(u16, u16)>,
}

/// A VPC's names, as its name server answers them. What is not here is asked of the host's own resolver.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Zone {
    /// The name server's addresses in the VPC.
    pub servers: Vec<Ipv4Addr>,
    /// Lower case, without the final dot.
    pub names: BTreeMap<String, Vec<Ipv4Addr>>,
    /// Addresses of IPv6 by name, likewise; a name may have both.
    #[serde(default)]
    pub ipv6: BTreeMap<String, Vec<Ipv6Addr>>,
    /// The names of addresses, without the final dot.
    #[serde(default)]
    pub pointers: BTreeMap<Ipv4Addr, String>,
}

/// What the workloads of a VPC find at a link-local address: the credentials of their roles, and the cloud's API.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metadata {
    /// Where credentials are asked for (container credential provider: `169.254.170.2:80`).
    pub credentials_at: SocketAddrV4,
    /// Where connections are passed on to the server's socket for workloads.
    pub api_at: SocketAddrV4,
    /// By the id in the path `/v2/credentials/<id>`, which nobody can guess.
    pub credentials: BTreeMap<String, RoleCredentials>,
}

/// The instance metadata service of a VPC, and its instances' way to the cloud's API.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InstanceMetadataService {
    /// Where it is asked: `169.254.169.254:80`.
    pub at: SocketAddrV4,
    /// Where connections are passed on to the server's socket for workloads.
    pub api_at: SocketAddrV4,
    /// Whose an address is, by instance id.
    pub addresses: BTreeMap<Ipv4Addr, String>,
    /// What each instance finds, by instance id.
    pub instances: BTreeMap<String, InstanceMetadata>,
}

/// What an instance finds at its metadata service (EC2 user guide, "Use instance metadata to manage your EC2 instance").
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct InstanceMetadata {
    /// `HttpEndpoint`: otherwise every request is refused.
    pub enabled: bool,
    /// `HttpTokens`: requests without a token are refused.
    pub tokens_required: bool,
    /// `HttpPutResponseHopLimit`: how far an answer with a token goes.
    pub hop_limit: u8,
    /// Values by their path below a version: `meta-data/instance-id`. Folders are what paths have in common.
    pub values: BTreeMap<String, String>,
    /// Folders whose list isn't just what is in them, by path: `meta-data/public-keys` lists `0=my-key`.
    pub listings: BTreeMap<String, String>,
    /// `user-data`, as bytes in base64.
    pub user_data: Option<String>,
    /// The credentials of its role, by the role's name.
    pub role: Option<(String, RoleCredentials)>,
}

/// What an interface is told by DHCP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// Its primary address.
    pub address: Ipv4Addr,
    /// The length of its subnet's mask.
    pub prefix: u8,
    /// The subnet's router, which is the server too.
    pub gateway: Ipv4Addr,
    /// In order.
    pub name_servers: Vec<Ipv4Addr>,
    /// Where names without a dot are looked for.
    pub domain: Option<String>,
    /// Without a domain.
    pub host_name: String,
    /// In order.
    pub ntp_servers: Vec<Ipv4Addr>,
    /// The largest packet.
    pub mtu: u16,
    /// Its addresses of IPv6, which it is told by DHCPv6; without any, it hears of no router of IPv6.
    #[serde(default)]
    pub ipv6: Vec<Ipv6Addr>,
}

/// The temporary credentials of a workload's role.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleCredentials {
    /// The addresses from which they may be asked for: the workload's own, or its instance's.
    pub sources: BTreeSet<Ipv4Addr>,
    /// The role's ARN.
    pub role_arn: String,
    /// `ASIA…`.
    pub access_key_id: String,
    /// What signs.
    pub secret_access_key: String,
    /// The session token.
    pub token: String,
    /// When they were issued, as the answer says it (RFC 3339, in UTC).
    #[serde(default)]
    pub issued: String,
    /// When they expire, likewise.
    pub expiration: String,
}

impl fmt::Debug for RoleCredentials {
    /// Without what signs, which has no business in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("RoleCredentials");
        shown.field("sources", &self.sources).field("role_arn", &self.role_arn).field("access_key_id", &self.access_key_id);
        shown.field("expiration", &self.expiration).finish_non_exhaustive()
    }
}

/// What the edge has seen.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// By target group ARN, then target.
    pub targets: BTreeMap<String, Vec<TargetReport>>,
    /// Listeners that could not be opened where they should be, by listener ARN: why.
    pub listener_faults: BTreeMap<String, String>,
}

/// A target's health.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetReport {
    /// The target's id and port.
    pub id: String,
    /// See `id`.
    pub port: u16,
    /// What was found.
    pub health: TargetHealth,
    /// Requests that are under way, counted for a target that drains; zero for others. Once it is zero for a target that drains it stays so.
    pub in_flight: u32,
}

/// `TargetHealth` of ELBv2 with the reasons of its documentation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TargetHealth {
    /// Not enough checks yet.
    Initial,
    /// Passes.
    Healthy,
    /// Fails: `Target.Timeout`, `Target.ResponseCodeMismatch`, `Target.FailedHealthChecks`, and the description.
    Unhealthy {
        /// A code.
        reason: String,
        /// A sentence.
        description: String,
    },
}

/// The data plane, as the control plane sees it: a process of its own, or a simulated one.
#[async_trait::async_trait]
pub trait Edge: Send + Sync {
    /// Replaces the table; returns once the edge has taken it: it is on its disk, new requests are served from it, its listeners are open
    /// where they can be, and the [`report`](Self::report) is of this table or a later one.
    async fn apply(&self, table: Table) -> Result<(), crate::HostError>;
    /// What the edge sees, as a channel whose value is always the latest.
    fn report(&self) -> tokio::sync::watch::Receiver<std::sync::Arc<Report>>;
}
