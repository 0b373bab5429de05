//! EC2: instances, the volumes, snapshots and images that they are made of, key pairs and placement groups; and what the network of an
//! account in a region is made of: VPCs, subnets, security groups, interfaces.
//!
//! Every record stands under its EC2 id (`vpc-…`, `subnet-…`). What is of the network has no plan: nothing about a network takes time
//! until a host builds it, and what the host could not build is reported with the workloads that needed it.

use crate::{Cidr, Record, Timestamp};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, net::Ipv4Addr};

/// Tags of a resource: at most 50, keys of up to 128 and values of up to 256 characters.
pub type Tags = BTreeMap<String, String>;

macro_rules! records {
    ($($(#[$doc:meta])* $name:ident($spec:ty) = $kind:literal;)+) => {$(
        $(#[$doc])*
        pub enum $name {}
        impl Record for $name {
            const KIND: &'static str = $kind;
            type Spec = $spec;
            type Plan = ();
            type Observed = ();
        }
    )+};
}

mod container_host;
mod image;
mod instance;
mod key_pairs;
mod placement;
mod volume;

pub use container_host::{ContainerHost, ContainerHostSpec};
pub use image::{BlockDevice, BlockDeviceKind, EbsDevice, Image, ImagePlan, ImageSpec};
pub use instance::{
    Boot, Ending, Instance, InstanceAttributes, InstanceKey, InstancePlan, InstanceSpec, InstanceState, Launch, MachineKind,
    MetadataOptions, Placement, ProfileAssociation, StateReason, Wish,
};
pub use key_pairs::{KeyPair, KeyPairSpec, KeyType};
pub use placement::{PlacementGroup, PlacementGroupSpec, PlacementStrategy, SpreadLevel};
pub use volume::{
    Detach, Encryption, Performance, Snapshot, SnapshotOrigin, SnapshotPlan, SnapshotSpec, Volume, VolumeAttachment,
    VolumeModification, VolumePlan, VolumeSpec,
};

records! {
    /// A virtual private cloud, under `vpc-…`. Written by EC2's handlers and by `first_touch`.
    Vpc(VpcSpec) = "ec2/vpc";
    /// A part of a VPC in one Availability Zone, under `subnet-…`. Written by EC2's handlers and by `first_touch`.
    Subnet(SubnetSpec) = "ec2/subnet";
    /// A security group with its rules, under `sg-…`. Written by EC2's handlers and by `first_touch`.
    SecurityGroup(SecurityGroupSpec) = "ec2/security-group";
    /// An elastic network interface, under `eni-…`. Written by whoever made it: a handler of ELBv2, the reconciler of ECS. The
    /// maker deletes it too.
    NetworkInterface(NetworkInterfaceSpec) = "ec2/network-interface";
    /// A VPC's way to the internet, under `igw-…`. Written by `first_touch`.
    InternetGateway(InternetGatewaySpec) = "ec2/internet-gateway";
    /// Where packets of subnets go, under `rtb-…`. Written by `first_touch`.
    RouteTable(RouteTableSpec) = "ec2/route-table";
}

/// What a [`Vpc`] is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VpcSpec {
    /// Its addresses.
    pub cidr: Cidr,
    /// It is the default VPC of its account and region.
    pub is_default: bool,
    /// `dopt-…`.
    pub dhcp_options: String,
    /// `enableDnsSupport`.
    pub dns_support: bool,
    /// `enableDnsHostnames`.
    pub dns_hostnames: bool,
    /// Of the association of the CIDR block: `vpc-cidr-assoc-…`.
    pub cidr_association: String,
    /// Its tags.
    pub tags: Tags,
}

/// What a [`Subnet`] is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubnetSpec {
    /// The VPC's id.
    pub vpc: String,
    /// Its addresses; the first four and the last are not given to interfaces.
    pub cidr: Cidr,
    /// The Availability Zone's name, such as `eu-west-1a`.
    pub zone: String,
    /// The Availability Zone's id, such as `euw1-az1`.
    pub zone_id: String,
    /// It is the default subnet of its Availability Zone.
    pub default_for_zone: bool,
    /// Interfaces made here get a public address.
    pub map_public_ip: bool,
    /// Its tags.
    pub tags: Tags,
}

/// What a [`SecurityGroup`] is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecurityGroupSpec {
    /// The VPC's id.
    pub vpc: String,
    /// Unique in the VPC; `default` is the one that can't be deleted.
    pub name: String,
    /// What people wrote.
    pub description: String,
    /// What it allows, in the order in which it was allowed.
    pub rules: Vec<SecurityGroupRule>,
    /// Its tags.
    pub tags: Tags,
}

/// One thing that a security group allows, with exactly one peer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecurityGroupRule {
    /// `sgr-…`.
    pub id: String,
    /// From members; otherwise towards them.
    pub egress: bool,
    /// What is allowed.
    pub permission: Permission,
    /// What people wrote.
    pub description: Option<String>,
    /// Its tags.
    pub tags: Tags,
}

/// Protocol, ports and peer: what makes two rules of one direction the same.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Permission {
    /// `-1` (everything), `tcp`, `udp`, `icmp`, `icmpv6`, or another protocol's number.
    pub protocol: String,
    /// The first port, the ICMP type, or -1; absent where the protocol has neither.
    pub from_port: Option<i32>,
    /// The last port, the ICMP code, or -1; absent as `from_port` is.
    pub to_port: Option<i32>,
    /// The other side.
    pub peer: Peer,
}

/// The other side of a security group's rule.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Peer {
    /// Addresses.
    Ipv4(Cidr),
    /// IPv6 addresses, in CIDR notation. A VPC without IPv6, as every one here is, has no such packets: the rule allows nothing,
    /// as it does at AWS.
    Ipv6(String),
    /// Members of a security group, by id.
    Group(String),
}

/// What a [`NetworkInterface`] is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkInterfaceSpec {
    /// The VPC's id.
    pub vpc: String,
    /// The subnet's id.
    pub subnet: String,
    /// The Availability Zone's name.
    pub zone: String,
    /// In the subnet.
    pub address: Ipv4Addr,
    /// `02:…`, lower case.
    pub mac: String,
    /// From the cloud's public pool, 198.18.0.0/15.
    pub public_address: Option<Ipv4Addr>,
    /// Ids of the security groups it is in.
    pub groups: Vec<String>,
    /// For people: `ELB app/web/50dc6c495c0c9188`.
    pub description: String,
    /// A service made it and manages it.
    pub requester_managed: bool,
    /// Who asked for it: an account id, or a service's name such as `amazon-elb`.
    pub requester: String,
    /// What it is plugged into.
    pub attachment: Option<Attachment>,
    /// When it was made and, if it has an attachment, attached.
    pub created_at: Timestamp,
    /// Its tags.
    pub tags: Tags,
}

/// What an interface is plugged into, and since when it has been.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// `eni-attach-…`, or `ela-attach-…` of a task.
    pub id: String,
    /// Who owns the other end: an account id, or a service's name such as `amazon-elb`.
    pub owner: String,
    /// The other end.
    pub to: AttachedTo,
}

/// What an interface is plugged into.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttachedTo {
    /// A workload on a host, by its id.
    Workload(String),
    /// A [`ContainerHost`], by its id.
    ContainerHost(String),
    /// An [`Instance`], by its id.
    Instance(String),
    /// The data plane: a load balancer's own address.
    Edge,
}

/// What an [`InternetGateway`] is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InternetGatewaySpec {
    /// The VPC it is attached to.
    pub vpc: Option<String>,
    /// Its tags.
    pub tags: Tags,
}

/// What a [`RouteTable`] is. Every table has the route to its own VPC, which is not kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteTableSpec {
    /// The VPC's id.
    pub vpc: String,
    /// The routes that were made: destination and gateway's id.
    pub routes: Vec<(Cidr, String)>,
    /// The association that makes it the VPC's main table, `rtbassoc-…`.
    pub main_association: Option<String>,
    /// Subnets that have this table in place of the main one: subnet id and `rtbassoc-…`.
    pub associations: Vec<(String, String)>,
    /// Its tags.
    pub tags: Tags,
}
