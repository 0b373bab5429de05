//! Internet gateways.

use super::ClientToken;
use crate::{Record, ec2::Tags};
use serde::{Deserialize, Serialize};

records! {
    /// A VPC's way to the internet, under `igw-…`. Written by EC2's handlers and by `first_touch`.
    InternetGateway(InternetGatewaySpec) = "ec2/internet-gateway";
    /// A VPC's way to the internet for what speaks IPv6 and begins inside, under `eigw-…`. Written by EC2's handlers.
    EgressOnlyInternetGateway(EgressOnlyInternetGatewaySpec) = "ec2/egress-only-internet-gateway";
}

/// What an [`InternetGateway`] is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InternetGatewaySpec {
    /// The VPC it is attached to.
    pub vpc: Option<String>,
    /// Its tags.
    pub tags: Tags,
}

/// What an [`EgressOnlyInternetGateway`] is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EgressOnlyInternetGatewaySpec {
    /// The VPC it is attached to.
    pub vpc: String,
    /// With what it was asked for.
    pub client_token: Option<ClientToken>,
    /// Its tags.
    pub tags: Tags,
}
