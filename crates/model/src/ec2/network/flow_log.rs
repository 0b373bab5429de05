//! Flow logs.

use super::ClientToken;
use crate::{Record, Timestamp, ec2::Tags};
use serde::{Deserialize, Serialize};

records! {
    /// What of a network's packets is written to a log group, under `fl-…`. Written by EC2's handlers.
    FlowLog(FlowLogSpec) = "ec2/flow-log";
}

/// What a [`FlowLog`] is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowLogSpec {
    /// The VPC's id.
    pub vpc: String,
    /// Whose packets it is about: the id of the VPC, or of a subnet or an interface in it.
    pub resource: String,
    /// Which of them.
    pub traffic: FlowTraffic,
    /// The log group's name; it is made with the first record, if it isn't there.
    pub group: String,
    /// The role that whoever made it has passed for it.
    pub role: String,
    /// The fields of its lines: `${version} ${account-id} …`.
    pub format: String,
    /// For how long packets are gathered at most, 60 or 600.
    pub interval_seconds: u32,
    /// When it was made.
    pub created_at: Timestamp,
    /// With what it was asked for.
    pub client_token: Option<ClientToken>,
    /// Its tags.
    pub tags: Tags,
}

/// Which packets a flow log is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FlowTraffic {
    /// Those that groups and ACLs let pass.
    Accept,
    /// Those that they did not.
    Reject,
    /// All.
    All,
}
