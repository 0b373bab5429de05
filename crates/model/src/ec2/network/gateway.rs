//! Internet gateways.

use crate::{Record, ec2::Tags};
use serde::{Deserialize, Serialize};

records! {
    /// A VPC's way to the internet, under `igw-…`. Written by EC2's handlers and by `first_touch`.
    InternetGateway(InternetGatewaySpec) = "ec2/internet-gateway";
}

/// What an [`InternetGateway`] is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InternetGatewaySpec {
    /// The VPC it is attached to.
    pub vpc: Option<String>,
    /// Its tags.
    pub tags: Tags,
}
