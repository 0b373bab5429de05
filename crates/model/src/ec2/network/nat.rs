//! NAT gateways.

use super::ClientToken;
use crate::{Record, Timestamp, ec2::Tags};
use serde::{Deserialize, Serialize};

/// A way out for interfaces without public addresses, under `nat-…`.
///
/// `Spec` is written by EC2's handlers, `Plan` by the reconciler of networks, which also removes it an hour after its deletion.
pub enum NatGateway {}

impl Record for NatGateway {
    const KIND: &'static str = "ec2/nat-gateway";
    type Spec = NatGatewaySpec;
    type Plan = NatGatewayPlan;
    type Observed = ();
}

/// What a [`NatGateway`] is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NatGatewaySpec {
    /// The VPC's id.
    pub vpc: String,
    /// The id of the subnet that its interface is in.
    pub subnet: String,
    /// Its interface, whose primary address packets get as their source. Gone when the gateway is deleted.
    pub interface: String,
    /// The Elastic IP address of a public one, `eipalloc-…`; a private one has none.
    pub allocation: Option<String>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When its deletion was asked for.
    pub deleted_at: Option<Timestamp>,
    /// With what it was asked for.
    pub client_token: Option<ClientToken>,
    /// Its tags.
    pub tags: Tags,
}

/// What was decided about a [`NatGateway`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NatGatewayPlan {
    /// Hosts have been told of it.
    pub available: bool,
}
