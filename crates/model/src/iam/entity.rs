//! Users, groups, roles and instance profiles.

use super::Tags;
use crate::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A user, under its name.
pub enum User {}
/// A group of users, under its name.
pub enum Group {}
/// A role, under its name.
pub enum Role {}
/// What gives a role to a machine, under its name.
pub enum InstanceProfile {}

/// The policies that an identity has of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Permissions {
    /// Inline policies: names and documents as they were written.
    pub inline: BTreeMap<String, String>,
    /// ARNs of managed policies: the account's own, and AWS's.
    pub attached: BTreeSet<String>,
}

/// What a [`User`] is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserSpec {
    /// As it was written when the user was made.
    pub name: String,
    /// `/` or `/a/b/`.
    pub path: String,
    /// `AIDA…`.
    pub id: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Tags.
    pub tags: Tags,
    /// The ARN of the managed policy that bounds what the user may be allowed.
    pub boundary: Option<String>,
    /// What the user itself is allowed.
    pub permissions: Permissions,
    /// The names of the groups that it is in, in lower case: ids of their keys.
    pub groups: BTreeSet<String>,
    /// Whether it can sign in at a console, if it can.
    pub login: Option<LoginProfile>,
    /// The ids of its access keys.
    #[serde(default)]
    pub keys: BTreeSet<String>,
}

/// That a user has a password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginProfile {
    /// When the password was set first.
    pub created_at: Timestamp,
    /// When it was changed last.
    #[serde(default)]
    pub changed_at: Timestamp,
    /// A salted hash, in the format of PHC strings; the password itself is never kept.
    pub password_hash: String,
    /// Hashes of earlier passwords, the last first: as many as a password policy may forbid to use again.
    #[serde(default)]
    pub earlier_hashes: Vec<String>,
    /// Whether the user has to change it at the next sign-in.
    pub reset_required: bool,
}

/// What a [`Group`] is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupSpec {
    /// As it was written when the group was made.
    pub name: String,
    /// `/` or `/a/b/`.
    pub path: String,
    /// `AGPA…`.
    pub id: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// What its members are allowed.
    pub permissions: Permissions,
}

/// What a [`Role`] is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleSpec {
    /// As it was written when the role was made.
    pub name: String,
    /// `/` or `/a/b/`; `/aws-service-role/<service>/` of service-linked roles.
    pub path: String,
    /// `AROA…`.
    pub id: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// What it is for.
    pub description: Option<String>,
    /// The policy that says who may assume it, as it was written.
    pub trust: String,
    /// How long a session may last at most, in seconds: 3600 to 43200.
    pub max_session_s: u32,
    /// Tags.
    pub tags: Tags,
    /// The ARN of the managed policy that bounds what the role may be allowed.
    pub boundary: Option<String>,
    /// What its sessions are allowed.
    pub permissions: Permissions,
}

/// When and where something was last used.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastUsed {
    /// When, if it ever was.
    pub at: Option<Timestamp>,
    /// The region of the request.
    pub region: String,
    /// The signing name of the service that was called.
    pub service: String,
}

/// What an [`InstanceProfile`] is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceProfileSpec {
    /// As it was written when the profile was made.
    pub name: String,
    /// `/` or `/a/b/`.
    pub path: String,
    /// `AIPA…`.
    pub id: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// The name of its one role, in lower case: the id of its key.
    pub role: Option<String>,
    /// Tags.
    pub tags: Tags,
}
