//! Policies of functions and layers: who else may use them.

use crate::Record;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The policy of a function, or of one of its versions or aliases.
pub enum Policy {}

impl Record for Policy {
    const KIND: &'static str = "lambda/policy";
    type Spec = PolicySpec;
    type Plan = ();
    type Observed = ();
}

/// The policy of a layer's version.
pub enum LayerPolicy {}

impl Record for LayerPolicy {
    const KIND: &'static str = "lambda/layer-policy";
    type Spec = PolicySpec;
    type Plan = ();
    type Observed = ();
}

/// What a [`Policy`] or a [`LayerPolicy`] says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicySpec {
    /// `RevisionId`: another one with every change.
    pub revision: String,
    /// The statements in the order in which they came, each with its `Sid`. There is at least one.
    pub statements: Vec<Value>,
}

impl PolicySpec {
    /// The whole document, as `GetPolicy` shows it.
    pub fn document(&self) -> String {
        json!({"Version": "2012-10-17", "Id": "default", "Statement": self.statements}).to_string()
    }

    /// The statement of that name.
    pub fn statement(&self, sid: &str) -> Option<&Value> {
        self.statements.iter().find(|statement| statement["Sid"] == sid)
    }
}
