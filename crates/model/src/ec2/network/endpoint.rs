//! VPC endpoints.

use super::ClientToken;
use crate::{Record, Timestamp, ec2::Tags};
use serde::{Deserialize, Serialize};

records! {
    /// A way from a VPC to a service, by routes (a gateway endpoint) or at addresses of its own (an interface endpoint), under `vpce-…`. Written
    /// by EC2's handlers.
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
    /// What it has if it is one of interfaces.
    #[serde(default)]
    pub interfaces: Option<EndpointInterfaces>,
    /// When it was made.
    pub created_at: Timestamp,
    /// With what it was asked for.
    pub client_token: Option<ClientToken>,
    /// Its tags.
    pub tags: Tags,
}

/// What an interface endpoint has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointInterfaces {
    /// One in each of its subnets: the subnet's id and the interface's.
    pub places: Vec<(String, String)>,
    /// Ids of the security groups that all of them are in.
    pub groups: Vec<String>,
    /// In the VPC the service's own name leads here.
    pub private_dns: bool,
}
