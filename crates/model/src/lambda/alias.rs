//! Aliases, and what is said of a version or an alias besides.

use super::own_id;
use crate::{Arn, Key, Record, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A name of a version that may move to another.
pub enum Alias {}

impl Record for Alias {
    const KIND: &'static str = "lambda/alias";
    type Spec = AliasSpec;
    type Plan = ();
    type Observed = ();
}

impl Key<Alias> {
    /// The name.
    pub fn name(&self) -> &str {
        own_id(&self.id)
    }

    /// The ARN.
    pub fn arn(&self) -> Arn {
        self.function().qualified(self.name())
    }
}

/// What an [`Alias`] is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AliasSpec {
    /// The version that takes what no weight gives to another.
    pub version: String,
    /// What somebody says of it.
    pub description: String,
    /// Another version, with the share of the invocations that go to it, from 0 to 1. There is at most one.
    pub weights: BTreeMap<String, f64>,
    /// `RevisionId`: another one with every change.
    pub revision: String,
}

/// How events for a function are treated, where that was said.
pub enum EventInvoke {}

impl Record for EventInvoke {
    const KIND: &'static str = "lambda/event-invoke";
    type Spec = EventInvokeSpec;
    type Plan = ();
    type Observed = ();
}

/// What an [`EventInvoke`] says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventInvokeSpec {
    /// When it was said.
    pub modified: Timestamp,
    /// Seconds that an event may wait; 21,600 if none is said.
    pub maximum_age: Option<u32>,
    /// How often an event is tried again after an error of the function; 2 if none is said.
    pub maximum_retries: Option<u32>,
    /// The ARN of who is told of a success.
    pub on_success: Option<String>,
    /// The ARN of who is told when an event is given up.
    pub on_failure: Option<String>,
}

/// Environments that are kept ready.
pub enum Provisioned {}

impl Record for Provisioned {
    const KIND: &'static str = "lambda/provisioned-concurrency";
    type Spec = ProvisionedSpec;
    type Plan = ();
    type Observed = ProvisionedObserved;
}

/// What is asked of a [`Provisioned`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProvisionedSpec {
    /// So many.
    pub requested: u32,
    /// When that was asked.
    pub modified: Timestamp,
}

/// What there is of a [`Provisioned`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProvisionedObserved {
    /// So many are started.
    pub allocated: u32,
    /// So many are ready.
    pub available: u32,
    /// Why there are fewer than were asked for, if that will not change by itself.
    pub failure: Option<String>,
}
