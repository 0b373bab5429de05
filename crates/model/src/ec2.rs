//! EC2: instances, the volumes, snapshots and images that they are made of, key pairs and placement groups; and what the network of an
//! account in a region is made of.
//!
//! Every record stands under its EC2 id (`vpc-…`, `subnet-…`).

use std::collections::BTreeMap;

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
mod identity;
mod image;
mod instance;
mod key_pairs;
mod launch_template;
mod network;
mod placement;
mod root_replacement;
mod volume;

pub use container_host::{ContainerHost, ContainerHostSpec};
pub use identity::{
    IdentityKey, IdentityKeySpec, InstanceIdentity, InstanceIdentitySpec, PushedKey, PushedKeySpec, SerialConsoleKey,
    SerialConsoleKeySpec, SerialConsoleSession, SerialConsoleSessionSpec,
};
pub use image::{BlockDevice, BlockDeviceKind, EbsDevice, Image, ImageBlockPublicAccess, ImagePlan, ImageSpec};
pub use instance::{
    Boot, CreditBalance, Ending, EventKind, Instance, InstanceAttributes, InstanceDefaults, InstanceDefaultsSpec, InstanceKey,
    InstancePlan, InstanceSpec, InstanceState, InstanceUsage, InstanceUsageSpec, Interlude, InterludePlan, InterludeWork, Launch,
    LaunchToken, LaunchTokenSpec, MachineKind, MetadataOptions, Placement, PrivateDnsOptions, ProfileAssociation, PurchaseOption,
    ScheduledEvent, StateReason, Wish,
};
pub use key_pairs::{KeyPair, KeyPairSpec, KeyType};
pub use launch_template::{LaunchTemplate, LaunchTemplateSpec, LaunchTemplateVersion, LaunchTemplateVersionSpec};
pub use network::{
    AclEntry, AclPeer, AddressAssociation, AttachedTo, Attachment, CidrAssociation, CidrReservation, ClientToken, Destination,
    Detached, DhcpOptions, DhcpOptionsSpec, EgressOnlyInternetGateway, EgressOnlyInternetGatewaySpec, ElasticIp, ElasticIpSpec,
    EndpointInterfaces, FlowLog, FlowLogSpec, FlowTraffic, InterfaceKind, InternetGateway, InternetGatewaySpec,
    Ipv6CidrAssociation, NatGateway, NatGatewayPlan, NatGatewaySpec, NetworkAcl, NetworkAclSpec, NetworkInterface,
    NetworkInterfaceSpec, Peer, PeeredVpc, PeeringStatus, Permission, PrefixList, PrefixListChange, PrefixListEntry,
    PrefixListSpec, PrefixListVersion, PrivateAddress, Route, RouteTable, RouteTableSpec, RouteTarget, SecurityGroup,
    SecurityGroupRule, SecurityGroupSpec, Subnet, SubnetSpec, Vpc, VpcEndpoint, VpcEndpointSpec, VpcPeering, VpcPeeringSpec,
    VpcSpec,
};
pub use placement::{PlacementGroup, PlacementGroupSpec, PlacementStrategy, SpreadLevel};
pub use root_replacement::{RootReplacement, RootReplacementPlan, RootReplacementSpec, RootReplacementState};
pub use volume::{
    AttachmentPlan, Detach, DirectUpload, EbsSettings, EbsSettingsSpec, Encryption, FastRestore, Performance, PutBlock,
    PutBlockSpec, RequestToken, Snapshot, SnapshotOrigin, SnapshotPlan, SnapshotSharing, SnapshotSpec, Tiering, Volume,
    VolumeAttachment, VolumeModification, VolumePlan, VolumeSpec, VolumeUsage, VolumeUsageSpec,
};
