//! Network interfaces.

use super::ClientToken;
use crate::{Record, Timestamp, ec2::Tags};
use serde::{Deserialize, Serialize};
use std::net::{Ipv4Addr, Ipv6Addr};

records! {
    /// An elastic network interface, under `eni-…`. Written by EC2's handlers and by whoever else made it: a handler of ELBv2, the
    /// reconciler of ECS. A service that made it deletes it too.
    NetworkInterface(NetworkInterfaceSpec) = "ec2/network-interface";
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
    /// What it is for.
    pub kind: InterfaceKind,
    /// Its primary address, in the subnet.
    pub address: Ipv4Addr,
    /// `02:…`, lower case.
    pub mac: String,
    /// What the primary address is translated to at the internet gateway. An address of the elastic pool is an [`ElasticIp`]'s that is
    /// associated with this interface.
    ///
    /// [`ElasticIp`]: super::ElasticIp
    pub public_address: Option<Ipv4Addr>,
    /// Its other addresses, in the order in which it got them.
    pub secondary: Vec<PrivateAddress>,
    /// Its addresses of IPv6, in the subnet, in the order in which it got them.
    #[serde(default)]
    pub ipv6: Vec<Ipv6Addr>,
    /// Ids of the security groups it is in.
    pub groups: Vec<String>,
    /// What it sends has to be from its addresses, and what reaches it to them.
    pub source_dest_check: bool,
    /// For people: `ELB app/web/50dc6c495c0c9188`.
    pub description: String,
    /// A service made it and manages it.
    pub requester_managed: bool,
    /// Who asked for it: an account id, or a service's name such as `amazon-elb`.
    pub requester: String,
    /// What it is plugged into.
    pub attachment: Option<Attachment>,
    /// What somebody has pulled it out of the last time.
    #[serde(default)]
    pub detached: Option<Detached>,
    /// When it was made.
    pub created_at: Timestamp,
    /// With what it was asked for.
    pub client_token: Option<ClientToken>,
    /// Its tags.
    pub tags: Tags,
}

impl NetworkInterfaceSpec {
    /// All of its private addresses with what they are translated to, the primary one first.
    pub fn addresses(&self) -> impl Iterator<Item = PrivateAddress> + '_ {
        let primary = PrivateAddress { address: self.address, public_address: self.public_address };
        std::iter::once(primary).chain(self.secondary.iter().copied())
    }

    /// What that private address is translated to; `None` if the interface doesn't have the address.
    pub fn public_address_mut(&mut self, address: Ipv4Addr) -> Option<&mut Option<Ipv4Addr>> {
        if address == self.address {
            return Some(&mut self.public_address);
        }
        self.secondary.iter_mut().find(|it| it.address == address).map(|it| &mut it.public_address)
    }
}

/// A private address of an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrivateAddress {
    /// In the subnet.
    pub address: Ipv4Addr,
    /// What it is translated to at the internet gateway; a secondary one to an Elastic IP address only.
    pub public_address: Option<Ipv4Addr>,
}

/// What an interface is for: `interfaceType`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InterfaceKind {
    /// Anything.
    #[default]
    Interface,
    /// A NAT gateway.
    NatGateway,
    /// An interface endpoint.
    VpcEndpoint,
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
    /// Its place among the interfaces of the other end; 0 is the primary one's.
    pub device_index: i32,
    /// It goes when the other end goes.
    pub delete_on_termination: bool,
    /// When it was plugged in.
    pub at: Timestamp,
}

/// What an interface was plugged into, and when that ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detached {
    /// What it was plugged into.
    pub from: Attachment,
    /// When it was pulled out.
    pub at: Timestamp,
}

/// What an interface is plugged into.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttachedTo {
    /// A workload on a host, by its id.
    Workload(String),
    /// A [`ContainerHost`](crate::ec2::ContainerHost), by its id.
    ContainerHost(String),
    /// An [`Instance`](crate::ec2::Instance), by its id.
    Instance(String),
    /// The data plane: a load balancer's own address, or an endpoint's.
    Edge,
    /// A [`NatGateway`](super::NatGateway), by its id.
    NatGateway(String),
}
