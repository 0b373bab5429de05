//! The records of CloudWatch Logs. Log events are not records: they stand in the log store of `svc-observe`.

use crate::{Record, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A log group, under its name. `Spec` has the API handlers as its writers.
pub enum LogGroup {}

/// What is known of a log group.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LogGroupSpec {
    /// Tells this group from one of the same name before it; names its events in the log store.
    pub uid: String,
    /// When it was created.
    pub created: Timestamp,
    /// For how many days events are kept; `None` for ever.
    pub retention_days: Option<u32>,
    /// Must be lifted before the group can be deleted.
    pub deletion_protected: bool,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

impl Record for LogGroup {
    const KIND: &'static str = "logs/group";
    type Spec = LogGroupSpec;
    type Plan = ();
    type Observed = ();
}

/// A log stream, under `group name:stream name` (neither may hold a colon).
///
/// `Spec` is written by the API handlers and by whoever opens a [`LogSource`]; the times of its events come from the log store.
pub enum LogStream {}

/// What is known of a log stream.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LogStreamSpec {
    /// Tells this stream from one of the same name before it; names its events in the log store.
    pub uid: String,
    /// When it was created.
    pub created: Timestamp,
}

impl Record for LogStream {
    const KIND: &'static str = "logs/stream";
    type Spec = LogStreamSpec;
    type Plan = ();
    type Observed = ();
}

/// The id of a stream's record.
pub fn stream_id(group: &str, stream: &str) -> String {
    format!("{group}:{stream}")
}

/// A resource policy of the account, under its name. `Spec` has the API handlers as its writers.
pub enum ResourcePolicy {}

/// What is known of a resource policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourcePolicySpec {
    /// The document as it was written.
    pub document: String,
    /// When it was.
    pub updated: Timestamp,
}

impl Record for ResourcePolicy {
    const KIND: &'static str = "logs/resource-policy";
    type Spec = ResourcePolicySpec;
    type Plan = ();
    type Observed = ();
}

/// A container whose output becomes the events of a stream, under `workload/container`.
///
/// `Spec` is written by the reconciler that places the workload, which also deletes the record once the plan says `drained`, and the
/// workload only after it. `Plan` is written by the pump of `svc-observe`.
pub enum LogSource {}

/// Where the output comes from and where it goes to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LogSourceSpec {
    /// The host that the workload is on.
    pub host: String,
    /// The workload's id.
    pub workload: String,
    /// The container's name in the workload.
    pub container: String,
    /// The log group's name, in the source's account and region.
    pub group: String,
    /// The stream's name. The stream has to be there.
    pub stream: String,
}

/// How far the pump has come.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LogSourcePlan {
    /// All that the container wrote is in the log store, and it has ended.
    pub drained: bool,
}

impl Record for LogSource {
    const KIND: &'static str = "logs/source";
    type Spec = LogSourceSpec;
    type Plan = LogSourcePlan;
    type Observed = ();
}

/// The id of a source's record.
pub fn source_id(workload: &str, container: &str) -> String {
    format!("{workload}/{container}")
}
