//! Managed policies of an account. AWS's own are no records: they stand in `logic::aws_managed`.

use super::Tags;
use crate::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A customer managed policy, under its name.
pub enum ManagedPolicy {}

/// What a [`ManagedPolicy`] is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManagedPolicySpec {
    /// As it was written when the policy was made.
    pub name: String,
    /// `/` or `/a/b/`.
    pub path: String,
    /// `ANPA…`.
    pub id: String,
    /// What it is for; can't be changed.
    pub description: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its newest version was made.
    pub updated_at: Timestamp,
    /// Tags.
    pub tags: Tags,
    /// At most five, by number: `v1` is 1. Numbers are not used again.
    pub versions: BTreeMap<u32, PolicyVersion>,
    /// The one that is in force.
    pub default: u32,
    /// The number of the next.
    pub next: u32,
}

/// A version of a managed policy; never changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyVersion {
    /// The document as it was written.
    pub document: String,
    /// When it was made.
    pub created_at: Timestamp,
}
