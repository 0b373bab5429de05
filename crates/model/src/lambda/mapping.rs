//! Event source mappings: queues whose messages are handed to functions.

use super::{Function, Tags};
use crate::{Arn, Key, Record, Timestamp};
use serde::{Deserialize, Serialize};

/// An event source mapping, under its uuid. `Spec` has the API handlers as its writers, `Plan` the reconciler that runs its poller, `Observed`
/// the poller.
pub enum Mapping {}

impl Record for Mapping {
    const KIND: &'static str = "lambda/event-source-mapping";
    type Spec = MappingSpec;
    type Plan = MappingPlan;
    type Observed = MappingObserved;
}

/// What is asked of a [`Mapping`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MappingSpec {
    /// The queue.
    pub queue: Arn,
    /// The function's name, in the mapping's account and region.
    pub function: String,
    /// A version or an alias of it.
    pub qualifier: Option<String>,
    /// Grows with every change.
    pub revision: u64,
    /// When it was changed last.
    pub modified: Timestamp,
    /// Whether messages are handed on.
    pub enabled: bool,
    /// It is to go.
    pub deleting: bool,
    /// The most messages of a batch.
    pub batch_size: u32,
    /// How long a batch is gathered, in seconds.
    pub window: u32,
    /// Patterns, of which a message has to match one, if there are any.
    pub filters: Vec<String>,
    /// `ReportBatchItemFailures`.
    pub reports_failures: bool,
    /// The most invocations at a time.
    pub maximum_concurrency: Option<u32>,
    /// Its tags.
    pub tags: Tags,
}

/// What was done about a [`Mapping`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MappingPlan {
    /// The revision that was done last, and whether it was enabled.
    pub done: Option<(u64, bool)>,
}

/// What has become of the messages lately.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MappingObserved {
    /// `LastProcessingResult`.
    pub result: Option<String>,
}

impl MappingSpec {
    /// `State`.
    pub fn state(&self, plan: &MappingPlan) -> &'static str {
        match plan.done {
            _ if self.deleting => "Deleting",
            None => "Creating",
            Some((revision, _)) if revision == self.revision => {
                if self.enabled {
                    "Enabled"
                } else {
                    "Disabled"
                }
            }
            Some((_, was)) if was == self.enabled => "Updating",
            Some(_) => {
                if self.enabled {
                    "Enabling"
                } else {
                    "Disabling"
                }
            }
        }
    }
}

impl Key<Mapping> {
    /// The mapping's ARN.
    pub fn arn(&self) -> Arn {
        Arn::new("lambda", &self.region, &self.account, format!("event-source-mapping:{}", self.id))
    }

    /// The mapping of an ARN.
    pub fn of_arn(arn: &Arn) -> Option<Self> {
        let id = arn.resource.strip_prefix("event-source-mapping:").filter(|id| arn.service == "lambda" && !id.is_empty())?;
        Some(Self::new(&crate::AccountId::parse(&arn.account).ok()?, &crate::Region::parse(&arn.region).ok()?, id))
    }

    /// The function that it hands messages to.
    pub fn function(&self, spec: &MappingSpec) -> Key<Function> {
        Key::new(&self.account, &self.region, &spec.function)
    }
}
