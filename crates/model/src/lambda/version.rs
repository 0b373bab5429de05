//! Versions: `$LATEST`, whose code and configuration change, and the published ones, which never do.

use super::{Code, Configuration, LATEST, own_id};
use crate::{Arn, Key, Record, Timestamp};
use serde::{Deserialize, Serialize};

/// A version of a function.
pub enum Version {}

impl Record for Version {
    const KIND: &'static str = "lambda/version";
    type Spec = VersionSpec;
    type Plan = VersionPlan;
    type Observed = ();
}

impl Key<Version> {
    /// `$LATEST`, or the number that it was published with.
    pub fn version(&self) -> &str {
        own_id(&self.id)
    }

    /// The number that it was published with.
    pub fn number(&self) -> Option<u64> {
        self.version().parse().ok()
    }

    /// Whether it is the one that can be changed.
    pub fn is_latest(&self) -> bool {
        self.version() == LATEST
    }

    /// The ARN with the version.
    pub fn arn(&self) -> Arn {
        self.function().qualified(self.version())
    }
}

/// What a [`Version`] is asked to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionSpec {
    /// The last one that was asked for.
    pub release: Release,
}

/// Code with a configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// `RevisionId`: another one with every change.
    pub revision: String,
    /// When it was asked for.
    pub modified: Timestamp,
    /// What runs.
    pub code: Code,
    /// How.
    pub configuration: Configuration,
}

/// What was decided of a [`Version`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionPlan {
    /// The revision that was looked at last.
    pub settled: Option<String>,
    /// Why it can't be run.
    pub failure: Option<Failure>,
    /// What invocations run: the last release that could be run. While an update is under way, that is the one before.
    pub serving: Option<Release>,
}

/// Why a release can't be run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// `StateReasonCode`, such as `InvalidImage`.
    pub code: String,
    /// `StateReason`.
    pub reason: String,
}

/// `State`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State<'a> {
    /// It is being made.
    Pending,
    /// It can be invoked.
    Active,
    /// It never could be.
    Failed(&'a Failure),
}

impl State<'_> {
    /// As the API says it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Active => "Active",
            Self::Failed(_) => "Failed",
        }
    }
}

/// `LastUpdateStatus`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Update<'a> {
    /// What was asked for last isn't served yet.
    InProgress,
    /// It is.
    Successful,
    /// It can't be: the one before is served.
    Failed(&'a Failure),
}

impl VersionSpec {
    /// Whether it can be invoked.
    pub fn state<'a>(&self, plan: &'a VersionPlan) -> State<'a> {
        match (&plan.serving, self.update(plan)) {
            (Some(_), _) | (None, Update::Successful) => State::Active,
            (None, Update::InProgress) => State::Pending,
            (None, Update::Failed(failure)) => State::Failed(failure),
        }
    }

    /// What has become of the last change.
    pub fn update<'a>(&self, plan: &'a VersionPlan) -> Update<'a> {
        match &plan.failure {
            _ if plan.settled.as_ref() != Some(&self.release.revision) => Update::InProgress,
            Some(failure) => Update::Failed(failure),
            None => Update::Successful,
        }
    }
}
