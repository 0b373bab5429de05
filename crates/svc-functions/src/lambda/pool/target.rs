//! What an invocation runs: found by the name that it was called by.

use crate::lambda::{errors, find, names::Named};
use bytes::Bytes;
use logic::function::weights;
use model::{
    Key,
    lambda::{Function, RecursiveLoop, Release, State, Version, VersionPlan},
};
use spine::Read;
use std::sync::Arc;
use wire::Fault;

/// An invocation as somebody asks for it.
#[derive(Clone, Debug)]
pub struct Call {
    /// The function.
    pub function: Key<Function>,
    /// The version or the alias; `$LATEST` if none is named.
    pub qualifier: Option<String>,
    /// The event: JSON.
    pub payload: Bytes,
    /// The invocation's id.
    pub request_id: String,
    /// `X-Amzn-Trace-Id` of what led to it.
    pub trace: Option<String>,
    /// The client's context: JSON.
    pub client_context: Option<String>,
    /// Whoever asks takes the answer in pieces.
    pub streams: bool,
    /// It was queued, and so isn't counted among the requests in a second.
    pub queued: bool,
}

impl Call {
    /// A plain invocation.
    pub fn new(function: Key<Function>, qualifier: Option<String>, request_id: String, payload: Bytes) -> Self {
        Self { function, qualifier, payload, request_id, trace: None, client_context: None, streams: false, queued: false }
    }
}

/// What an invocation runs.
#[derive(Clone, Debug)]
pub struct Target {
    /// The version.
    pub version: Key<Version>,
    /// What it serves.
    pub plan: Arc<VersionPlan>,
    /// What is reserved for the function.
    pub reserved: Option<u32>,
    /// What is done if it calls itself again and again.
    pub recursion: RecursiveLoop,
    /// The ARN by which it is called.
    pub invoked_arn: String,
}

impl Target {
    /// What is run.
    ///
    /// # Errors
    /// If nothing is, which [`resolve`] has looked at.
    pub fn release(&self) -> Result<&Release, Fault> {
        self.plan.serving.as_ref().ok_or_else(|| errors::not_active("Pending"))
    }
}

/// What an invocation by that name runs; `thrown` decides between the versions of an alias, from 0 to 1.
///
/// # Errors
/// `ResourceNotFoundException`; `ResourceConflictException` while there is nothing to run.
pub fn resolve(read: &impl Read, named: &Named, thrown: f64) -> Result<Target, Fault> {
    let function = read.spec(&named.key)?.ok_or_else(|| errors::no_function(&named.arn()))?;
    let found = find::version(read, named)?;
    let (mut version, mut row) = (found.key, found.row);
    if let Some((_, alias)) = &found.alias {
        let drawn = weights::version(&alias.version, &alias.weights, thrown);
        if drawn != alias.version {
            version = named.key.version(drawn);
            row = read.get(&version)?.ok_or_else(|| errors::no_function(&named.arn()))?;
        }
    }
    match row.spec.state(&row.plan) {
        State::Active => {}
        state => return Err(errors::not_active(state.as_str())),
    }
    Ok(Target {
        version,
        plan: row.plan,
        reserved: function.reserved_concurrency,
        recursion: function.recursion,
        invoked_arn: named.arn().to_string(),
    })
}
