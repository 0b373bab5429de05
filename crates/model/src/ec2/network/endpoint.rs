//! VPC endpoints.

use super::ClientToken;
use crate::{Record, Timestamp, ec2::Tags};
use serde::{Deserialize, Serialize};

records! {
    /// A way from a VPC to a service by routes: a gateway endpoint, under `vpce-…`. Written by EC2's handlers.
    VpcEndpoint(VpcEndpointSpec) = "ec2/vpc-endpoint";
}

/// What a [`VpcEndpoint`] is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VpcEndpointSpec {
    /// The VPC's id.
    pub vpc: String,
    /// The service's name: `com.amazonaws.eu-west-1.s3`.
    pub service: String,
    /// The document that says who may use it for what.
    pub policy: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// With what it was asked for.
    pub client_token: Option<ClientToken>,
    /// Its tags.
    pub tags: Tags,
}
