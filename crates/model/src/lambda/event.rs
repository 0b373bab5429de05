//! Asynchronous events, until they have been run or given up.

use crate::{Key, Record, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Function, parent};

/// An event that waits for its function, under `<name>:<when>-<request id>`.
pub enum Event {}

impl Record for Event {
    const KIND: &'static str = "lambda/event";
    type Spec = EventSpec;
    type Plan = EventPlan;
    type Observed = ();
}

impl Key<Event> {
    /// The function that it is for.
    pub fn function(&self) -> Key<Function> {
        Key::new(&self.account, &self.region, parent(&self.id))
    }
}

/// What an [`Event`] is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventSpec {
    /// The version or alias that it is for.
    pub qualifier: Option<String>,
    /// The invocation's id; all attempts have the same.
    pub request_id: String,
    /// When it came.
    pub accepted: Timestamp,
    /// `X-Amzn-Trace-Id`.
    pub trace: Option<String>,
    /// How many [`EventPart`]s its payload has.
    pub parts: u32,
}

/// What has become of an [`Event`] so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventPlan {
    /// How often the function was run, and failed.
    pub failures: u32,
    /// How often in a row it couldn't be run.
    pub refusals: u32,
    /// When it is tried next.
    pub next: Option<Timestamp>,
}

/// A part of an event's payload, under `<event>/<number>`.
pub enum EventPart {}

impl Record for EventPart {
    const KIND: &'static str = "lambda/event-part";
    type Spec = EventPartSpec;
    type Plan = ();
    type Observed = ();
}

/// What an [`EventPart`] holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventPartSpec {
    /// JSON, or a piece of it.
    pub text: String,
}
