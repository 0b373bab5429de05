//! Managed prefix lists.

use super::ClientToken;
use crate::{Cidr, Record, ec2::Tags};
use serde::{Deserialize, Serialize};

records! {
    /// A set of address blocks with a name, under `pl-…`. Written by EC2's handlers.
    PrefixList(PrefixListSpec) = "ec2/prefix-list";
}

/// What a [`PrefixList`] is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrefixListSpec {
    /// For people.
    pub name: String,
    /// It counts as so many rules and routes wherever it is named.
    pub max_entries: i32,
    /// Every version, the present one last. At least one.
    pub versions: Vec<PrefixListVersion>,
    /// What was done to it last.
    #[serde(default)]
    pub last_change: PrefixListChange,
    /// With what it was asked for.
    pub client_token: Option<ClientToken>,
    /// Its tags.
    pub tags: Tags,
}

impl PrefixListSpec {
    /// The present version's number.
    pub fn version(&self) -> i64 {
        self.versions.last().map_or(0, |version| version.number)
    }

    /// The present version's entries.
    pub fn entries(&self) -> &[PrefixListEntry] {
        self.versions.last().map_or(&[], |version| &version.entries)
    }
}

/// What was done to a prefix list: its state tells, since all of it is done at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PrefixListChange {
    /// It was made.
    #[default]
    Created,
    /// Its name, size or entries were changed.
    Modified,
    /// An earlier version's entries came back.
    Restored,
}

/// What a prefix list was from some change on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrefixListVersion {
    /// Counts from 1.
    pub number: i64,
    /// Its blocks, no two the same.
    pub entries: Vec<PrefixListEntry>,
}

/// A block of a prefix list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrefixListEntry {
    /// The block.
    pub cidr: Cidr,
    /// What people wrote.
    pub description: Option<String>,
}
