//! The records of SQS. Messages are not records: they stand in the message store of `svc-messaging`.

use crate::{AccountId, Arn, Key, Record, Region, Timestamp, kms::Secret};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A queue, under its name. `Spec` has the API handlers as its writers.
pub enum Queue {}

/// What is known of a queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueSpec {
    /// Tells this queue from one of the same name before it; names what it remembers of deduplication ids.
    pub uid: u64,
    /// Names its messages in the message store. Purging gives it another one, and leaves the messages behind for the sweeper.
    pub mailbox: u64,
    /// When it was created.
    pub created: Timestamp,
    /// When its attributes were changed last.
    pub modified: Timestamp,
    /// When it was purged last.
    pub purged: Option<Timestamp>,
    /// What makes it a FIFO queue.
    pub fifo: Option<Fifo>,
    /// `DelaySeconds`.
    pub delay: u32,
    /// `MaximumMessageSize`, in bytes.
    pub largest: u32,
    /// `MessageRetentionPeriod`, in seconds.
    pub retention: u32,
    /// `ReceiveMessageWaitTimeSeconds`.
    pub wait: u32,
    /// `VisibilityTimeout`, in seconds.
    pub visibility: u32,
    /// `RedrivePolicy`.
    pub redrive: Option<Redrive>,
    /// `RedriveAllowPolicy`.
    pub redrive_allow: Option<RedriveAllow>,
    /// `SqsManagedSseEnabled`: messages are encrypted under the [`OwnedKey`]. Never together with `kms_key`.
    pub managed_sse: bool,
    /// `KmsMasterKeyId`, as it was named: messages are encrypted under a KMS key.
    #[serde(default)]
    pub kms_key: Option<String>,
    /// `KmsDataKeyReusePeriodSeconds`, where it was set.
    #[serde(default)]
    pub kms_reuse: Option<u32>,
    /// `Policy`, as it was written.
    pub policy: Option<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// What FIFO queues have besides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fifo {
    /// `ContentBasedDeduplication`.
    pub content_based: bool,
    /// `DeduplicationScope` is `messageGroup`, not `queue`.
    pub scope_is_group: bool,
    /// `FifoThroughputLimit` is `perMessageGroupId`, not `perQueue`.
    pub limit_is_per_group: bool,
}

/// Where messages go that were received too often.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redrive {
    /// `deadLetterTargetArn`.
    pub target: Arn,
    /// `maxReceiveCount`.
    pub most_receives: u32,
}

/// Which queues may have a queue for their dead letters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RedriveAllow {
    /// `allowAll`.
    All,
    /// `denyAll`.
    None,
    /// `byQueue`.
    By(Vec<Arn>),
}

impl Record for Queue {
    const KIND: &'static str = "sqs/queue";
    type Spec = QueueSpec;
    type Plan = ();
    type Observed = ();
}

impl Key<Queue> {
    /// The queue's ARN.
    pub fn arn(&self) -> Arn {
        Arn::new("sqs", &self.region, &self.account, &self.id)
    }
}

/// The key under which SQS encrypts the messages of an account's queues in a region, where no KMS key is named: `queues`. `Spec` has the API
/// handlers as its writers, once.
pub enum OwnedKey {}

/// What an [`OwnedKey`] is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnedKeySpec {
    /// 32 bytes.
    pub bytes: Secret,
}

impl Record for OwnedKey {
    const KIND: &'static str = "sqs/owned-key";
    type Spec = OwnedKeySpec;
    type Plan = ();
    type Observed = ();
}

impl Key<OwnedKey> {
    /// The key of an account's queues in a region.
    pub fn of_queues(account: &AccountId, region: &Region) -> Self {
        Key::new(account, region, "queues")
    }
}

/// The name of a queue that was deleted, for as long as it can't be given again. `Spec` has the API handlers as its writers.
pub enum DeletedQueue {}

/// When a queue was deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeletedQueueSpec {
    /// The moment.
    pub at: Timestamp,
}

impl Record for DeletedQueue {
    const KIND: &'static str = "sqs/deleted-queue";
    type Spec = DeletedQueueSpec;
    type Plan = ();
    type Observed = ();
}

/// A task that moves the messages of a dead-letter queue, under [`move_task_id`]. `Spec` has the API handlers as its writers, `Plan` the
/// mover of `svc-messaging`.
pub enum MoveTask {}

/// What is asked of a [`MoveTask`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoveTaskSpec {
    /// The name of the queue whose messages are moved.
    pub source: String,
    /// Where they go; to where each came from, if nowhere else is said.
    pub destination: Option<Arn>,
    /// The most messages in a second.
    pub rate: Option<u32>,
    /// When it was started.
    pub started: Timestamp,
    /// How many messages there were then.
    pub to_move: u64,
    /// It is to be cancelled.
    pub cancelled: bool,
}

/// How far a [`MoveTask`] has come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoveTaskPlan {
    /// How many messages were moved.
    pub moved: u64,
    /// What has become of it.
    pub state: MoveState,
    /// Why it failed.
    pub failure: Option<String>,
}

/// What has become of a [`MoveTask`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum MoveState {
    /// It goes on.
    #[default]
    Running,
    /// Everything was moved.
    Completed,
    /// It was stopped.
    Cancelled,
    /// It couldn't go on.
    Failed,
}

impl Record for MoveTask {
    const KIND: &'static str = "sqs/move-task";
    type Spec = MoveTaskSpec;
    type Plan = MoveTaskPlan;
    type Observed = ();
}

/// The id of a move task's record. Names of queues have no colons.
pub fn move_task_id(source: &str, task: &str) -> String {
    format!("{source}:{task}")
}
