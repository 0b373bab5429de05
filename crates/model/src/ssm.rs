//! The records of Systems Manager. Other services read parameters here: EC2 the images that launches name.
//!
//! Public parameters, those under `/aws/`, are no records: `logic::parameter` has them.

use crate::{Key, Record, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A parameter, under its name. `Spec` has the API handlers as its writers.
pub enum Parameter {}

/// What a [`Parameter`] has besides its versions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParameterSpec {
    /// The newest version.
    pub latest: u64,
    /// The oldest version that is kept.
    pub oldest: u64,
    /// Which versions have labels. A label is on one version at a time.
    pub labels: BTreeMap<String, u64>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// The tier of its newest version.
    pub tier: Tier,
}

/// A version of a parameter, under [`version_id`]. `Spec` has the API handlers as its writers.
pub enum ParameterVersion {}

/// What a [`ParameterVersion`] is.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParameterVersionSpec {
    /// How the value is read.
    pub kind: ParameterKind,
    /// The value; sealed where it is a secret.
    pub value: String,
    /// The KMS key of a secret, as it was named.
    pub key: Option<String>,
    /// What people wrote.
    pub description: Option<String>,
    /// The regular expression that values have to match.
    pub allowed_pattern: Option<String>,
    /// How much it may hold.
    pub tier: Tier,
    /// `text` or `aws:ec2:image`.
    pub data_type: String,
    /// When it was written.
    pub at: Timestamp,
    /// The ARN of who has written it.
    pub by: String,
}

/// How a parameter's value is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ParameterKind {
    /// `String`.
    Text,
    /// `StringList`: with commas between the items.
    List,
    /// `SecureString`.
    Secret,
}

/// How much a parameter may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Tier {
    /// 4 KiB.
    Standard,
    /// 8 KiB, and charged for.
    Advanced,
}

impl Record for Parameter {
    const KIND: &'static str = "ssm/parameter";
    type Spec = ParameterSpec;
    type Plan = ();
    type Observed = ();
}

impl Record for ParameterVersion {
    const KIND: &'static str = "ssm/parameter-version";
    type Spec = ParameterVersionSpec;
    type Plan = ();
    type Observed = ();
}

impl Key<Parameter> {
    /// The key of a version.
    pub fn version(&self, number: u64) -> Key<ParameterVersion> {
        Key::new(&self.account, &self.region, version_id(&self.id, number))
    }
}

/// The id of a version's record. Names have no colons, and numbers order as their digits.
pub fn version_id(name: &str, number: u64) -> String {
    format!("{name}:{number:010}")
}

impl std::fmt::Debug for ParameterVersionSpec {
    /// Without the value, which has no business in a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ParameterVersionSpec").field("kind", &self.kind).field("at", &self.at).finish_non_exhaustive()
    }
}
