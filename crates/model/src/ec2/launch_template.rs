//! Launch templates: what instances are launched with, in numbered versions.

use super::{RequestToken, Tags};
use crate::{Record, Timestamp};
use serde::{Deserialize, Serialize};

records! {
    /// A launch template, under `lt-…`. Written by EC2's handlers.
    LaunchTemplate(LaunchTemplateSpec) = "ec2/launch-template";
    /// A version of it, under `lt-…/<number, 10 digits>`. Written by EC2's handlers, and never changed.
    LaunchTemplateVersion(LaunchTemplateVersionSpec) = "ec2/launch-template-version";
}

/// What a [`LaunchTemplate`] is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaunchTemplateSpec {
    /// Unique in the account and region.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// The ARN of who made it.
    pub created_by: String,
    /// The version that is meant where none is named.
    pub default_version: i64,
    /// The version that was made last.
    pub latest_version: i64,
    /// With what it was asked for.
    pub client_token: Option<String>,
    /// Its tags.
    pub tags: Tags,
}

/// What a [`LaunchTemplateVersion`] is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaunchTemplateVersionSpec {
    /// What people wrote.
    pub description: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// The ARN of who made it.
    pub created_by: String,
    /// `RequestLaunchTemplateData` as a kept value (`wire::stored`).
    pub data: String,
    /// With what it was asked for.
    pub client_token: Option<RequestToken>,
}
