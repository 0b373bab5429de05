//! `crates/api/ops.toml`: which services are known, and which of their operations are built.

use anyhow::{Context, Result};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// The services of `ops.toml`, by the name of their model's folder.
pub type Ops = BTreeMap<String, Listed>;

/// What `ops.toml` says of a service.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub struct Listed {
    /// The operations that are built.
    pub operations: Vec<String>,
    /// The code with which the service refuses input that breaks the model's constraints, where it isn't its protocol's usual one.
    pub validation: Option<String>,
    /// Whether it names one violation alone, as ECR does.
    pub single_violation: bool,
    /// Whether its XML errors stand alone (Smithy's `noErrorWrapping`, which botocore's models don't say).
    pub bare_errors: bool,
    /// The strings whose listed values aren't all there are: a service goes on naming new ones, and refuses unknown ones in its own words.
    pub open: Vec<String>,
    /// The shapes that are needed in both directions: what is kept as it was asked for, and shown or asked again.
    pub both: Vec<String>,
    /// The elements around answers in XML, by the shapes that these are, where they have another name (Smithy's `xmlName`, which
    /// botocore's models don't say of outputs). One that is named as the output's only member is that member.
    pub roots: BTreeMap<String, String>,
    /// The query protocol that a service goes on speaking whose model has become one of JSON.
    pub query: Option<Query>,
}

/// What the model of a service said of the query protocol before it became one of JSON.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Query {
    /// The namespace of its answers.
    pub namespace: String,
    /// The member that may stand in the path instead of the form.
    pub path: String,
    /// The names of flattened lists (that of an element) and maps (that of an entry, its key and its value).
    pub names: BTreeMap<String, Vec<String>>,
    /// The codes of errors, where they aren't their shapes' names.
    pub errors: BTreeMap<String, String>,
}

/// Reads the list.
pub fn read(root: &Path) -> Result<Ops> {
    let path = root.join("crates/api/ops.toml");
    let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    toml::from_str(&text).with_context(|| path.display().to_string())
}
