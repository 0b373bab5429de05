//! Replacements of instances' root volumes.

use super::{RequestToken, Tags};
use crate::{Record, Timestamp};
use serde::{Deserialize, Serialize};

/// The replacement of an instance's root volume, under `replacevol-…`. `Spec` is written by EC2's handlers, `Plan` by the reconciler of
/// replacements. The work itself is an interlude of the instance, under the same id.
pub enum RootReplacement {}

impl Record for RootReplacement {
    const KIND: &'static str = "ec2/root-replacement";
    type Spec = RootReplacementSpec;
    type Plan = RootReplacementPlan;
    type Observed = ();
}

/// What a [`RootReplacement`] is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RootReplacementSpec {
    /// `i-…`.
    pub instance: String,
    /// The volume that takes the root's place: it is attached to nothing until then.
    pub volume: String,
    /// The root volume at the time of the request.
    pub replaced: String,
    /// What the instance's first root volume began as.
    pub origin: Option<String>,
    /// The snapshot that was asked for.
    pub snapshot: Option<String>,
    /// The image that was asked for.
    pub image: Option<String>,
    /// `DeleteReplacedRootVolume`.
    pub delete_replaced: bool,
    /// When it was asked for.
    pub started_at: Timestamp,
    /// What makes a repeated request the same.
    pub client_token: Option<RequestToken>,
    /// Its tags.
    pub tags: Tags,
}

/// What the reconciler of replacements has noted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RootReplacementPlan {
    /// How far it is.
    pub state: RootReplacementState,
    /// When it came to its end.
    pub completed_at: Option<Timestamp>,
}

/// How far a replacement is: `taskState`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RootReplacementState {
    /// The new volume is made.
    #[default]
    Pending,
    /// The instance is down, or boots from the new volume.
    InProgress,
    /// The instance runs from the new volume.
    Succeeded,
    /// The instance was stopped or ended instead, or didn't boot.
    Failed,
}
