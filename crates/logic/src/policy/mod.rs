//! Who may do what: IAM's policies, read once and decided fast.
//!
//! [`Policy::parse`] reads a document; [`decide`] says whether a request is allowed, and why; [`explain`] says it of every statement.
//! Which policies a caller has, and which actions, resources and condition keys a request has, is known elsewhere.
//!
//! Spec: IAM user guide, "IAM JSON policy reference" and "Policy evaluation logic".

mod action;
mod condition;
mod context;
mod decide;
mod document;
mod explain;
mod json;
mod keys;
mod least;
mod malformed;
mod moment;
mod network;
mod parse;
mod pattern;
mod principal;
mod simulate;
mod template;
#[cfg(test)]
mod tests;

pub use context::Context;
pub use decide::{Attached, Because, Decision, Policies, PolicyType, Request, ResourceRule, StatementRef, decide};
pub use document::{Effect, Kind, Policy, Statement, Version};
pub use explain::{Explanation, PolicyTrace, StatementTrace, explain};
pub use json::Position;
pub use keys::condition_keys;
pub use least::least_policy;
pub use malformed::Malformed;
pub use principal::{Caller, CallerKind};
pub use simulate::{EvalDecision, Simulation, simulate};
