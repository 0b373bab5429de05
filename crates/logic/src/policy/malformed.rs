//! What is wrong with a policy document, in IAM's words.

use std::fmt;

/// A document that is refused. It is shown in the words of IAM's `MalformedPolicyDocument`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// IAM's wording, which often says no more than that there is something.
    pub message: String,
    /// What exactly, and where, in ours.
    pub detail: Option<String>,
}

impl Malformed {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), detail: None }
    }

    /// The document doesn't follow the grammar.
    pub(super) fn syntax(detail: impl Into<String>) -> Self {
        Self { message: "Syntax errors in policy.".into(), detail: Some(detail.into()) }
    }

    /// What IAM's older parser refuses, after the grammar was found right.
    pub(super) fn legacy(detail: impl Into<String>) -> Self {
        Self { message: "The policy failed legacy parsing".into(), detail: Some(detail.into()) }
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Malformed {}
