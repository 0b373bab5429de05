//! What one service has to bring about at another, kept until it is done: an outbox.
//!
//! Whoever accepts something that has consequences elsewhere (an object that was put into a bucket that notifies a queue) writes them as
//! [`Delivery`] records in the transaction that accepts it. The courier (`front::courier`) makes the calls, as often as it
//! takes: a call that was made just before a crash is made again, so that each consequence comes about at least once.

use crate::{AccountId, Arn, Record, Region, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A call that is to be made, in the account and region in which it acts. `Spec` is written by whoever wants it; `Plan` by the courier, which
/// deletes the record when the call has succeeded or was given up.
pub enum Delivery {}

impl Record for Delivery {
    const KIND: &'static str = "delivery/call";
    type Spec = DeliverySpec;
    type Plan = DeliveryPlan;
    type Observed = ();
}

/// What is asked of a [`Delivery`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliverySpec {
    /// What is called.
    pub call: Request,
    /// In whose name.
    pub by: Caller,
    /// When it was wanted; the age of it counts from here.
    pub wanted: Timestamp,
    /// The first time at which it may be made; at once, if it has passed.
    pub not_before: Timestamp,
    /// How long it is tried.
    pub retry: Retry,
    /// Where it goes if it is given up.
    pub dead_letter: Option<DeadLetter>,
}

/// A call of one of our operations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// The service by the name of its model, such as `sqs`.
    pub service: String,
    /// The operation, such as `SendMessage`.
    pub operation: String,
    /// Its input: JSON whose members carry the model's names; blobs are in base64.
    pub input: String,
    /// The header `X-Amzn-Trace-Id` of the event that brings it about, by which loops of functions are found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<String>,
}

/// Who makes a call that no request from outside has made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Caller {
    /// A service on its own behalf: the policy of the resource that it calls has to allow it.
    Service {
        /// The service principal, such as `s3.amazonaws.com`.
        name: String,
        /// For which resource: `aws:SourceArn`.
        source: Arn,
        /// Whose that is: `aws:SourceAccount`.
        account: AccountId,
    },
    /// A service as a role, whose trust policy has to name it.
    Role {
        /// The role's ARN.
        role: String,
        /// What the session is called.
        session: String,
        /// The service principal that assumes it, such as `scheduler.amazonaws.com`.
        service: String,
        /// For which resource: `aws:SourceArn`.
        source: Arn,
    },
}

/// How long something is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retry {
    /// How old it may get, in seconds.
    pub max_age: u32,
    /// How often it is tried again after the first time.
    pub max_retries: u32,
}

impl Retry {
    /// A day and 185 times, as EventBridge and its scheduler do where nobody says otherwise (EventBridge user guide, "Retry policy").
    pub const DAY: Self = Self { max_age: 86_400, max_retries: 185 };
}

/// A queue for what was given up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// The ARN of a standard queue.
    pub queue: Arn,
    /// The message's body.
    pub body: String,
    /// String attributes of the message. `ERROR_CODE`, `ERROR_MESSAGE`, `EXHAUSTED_RETRY_CONDITION` and `RETRY_ATTEMPTS` are set by the
    /// courier (EventBridge user guide, "Dead-letter queues").
    pub attributes: BTreeMap<String, String>,
    /// In whose name it is sent.
    pub by: Caller,
}

/// What was decided of a [`Delivery`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryPlan {
    /// How often it was tried.
    pub attempts: u32,
    /// When it is tried next; at the time of the spec, if it wasn't tried yet.
    pub next: Option<Timestamp>,
    /// What went wrong last: the code and the message.
    pub error: Option<(String, String)>,
}

impl Request {
    /// A call of an operation.
    pub fn new(service: &str, operation: &str, input: &serde_json::Value) -> Self {
        Self { service: service.into(), operation: operation.into(), input: input.to_string(), trace: None }
    }

    /// The same, on the way of that event.
    #[must_use]
    pub fn traced(self, trace: Option<String>) -> Self {
        Self { trace, ..self }
    }
}

impl Delivery {
    /// Where a delivery stands: in the account and region in which the call acts. Those with ids of the form `batch/1`, `batch/2`, … are made
    /// one after another; the next one also if the one before was given up.
    pub fn key(account: &AccountId, region: &Region, id: impl Into<String>) -> crate::Key<Self> {
        crate::Key::new(account, region, id)
    }

    /// The delivery that has to have ended before this one is made.
    pub fn before(key: &crate::Key<Self>) -> Option<crate::Key<Self>> {
        let (batch, number) = key.id.rsplit_once('/')?;
        let before = number.parse::<u32>().ok()?.checked_sub(1).filter(|before| *before > 0)?;
        Some(crate::Key::new(&key.account, &key.region, format!("{batch}/{before}")))
    }
}
