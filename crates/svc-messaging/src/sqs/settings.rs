//! The attributes of queues as they are set: their ranges, and what goes with what.
//!
//! Spec: Amazon SQS API reference, `CreateQueue` and `SetQueueAttributes`.

use super::{errors, names};
use front::Answer;
use logic::policy::{Kind, Policy};
use model::{
    Arn, Key, Timestamp,
    sqs::{Fifo, Queue, QueueSpec, Redrive, RedriveAllow},
};
use serde_json::Value;
use spine::Read;
use std::{collections::BTreeMap, ops::RangeInclusive};
use wire::Fault;

/// The most bytes that a message may have.
pub const LARGEST_MESSAGE: u32 = 1 << 20;

/// A queue whose attributes nobody has set.
pub fn usual(uid: u64, mailbox: u64, now: Timestamp, fifo: bool) -> QueueSpec {
    QueueSpec {
        uid,
        mailbox,
        created: now,
        modified: now,
        purged: None,
        fifo: fifo.then(Fifo::default),
        delay: 0,
        largest: LARGEST_MESSAGE,
        retention: 345_600,
        wait: 0,
        visibility: 30,
        redrive: None,
        redrive_allow: None,
        managed_sse: true,
        kms_key: None,
        kms_reuse: None,
        policy: None,
        tags: BTreeMap::new(),
    }
}

/// Sets attributes.
///
/// # Errors
/// `InvalidAttributeName`, `InvalidAttributeValue` and `InvalidParameterValue`.
pub fn set(read: &impl Read, key: &Key<Queue>, spec: &mut QueueSpec, attributes: &BTreeMap<String, String>) -> Answer<()> {
    attributes.iter().try_for_each(|(name, value)| set_one(spec, name, value.trim()))?;
    // Naming a KMS key takes the place of SQS's own.
    if spec.kms_key.is_some() && spec.managed_sse && attributes.contains_key("SqsManagedSseEnabled") {
        return Err(errors::one_encryption());
    }
    spec.managed_sse &= spec.kms_key.is_none();
    if spec.fifo.is_some_and(|fifo| fifo.limit_is_per_group && !fifo.scope_is_group) {
        let reason = "perMessageGroupId requires DeduplicationScope to be messageGroup.";
        return Err(errors::bad_attribute_because("FifoThroughputLimit", reason));
    }
    match (&spec.redrive, attributes.get("RedrivePolicy")) {
        (Some(redrive), Some(given)) => check_target(read, key, spec, redrive, given),
        _ => Ok(()),
    }
}

fn set_one(spec: &mut QueueSpec, name: &str, value: &str) -> Answer<()> {
    let number = |range| number(name, value, range);
    match name {
        "DelaySeconds" => spec.delay = number(0..=900)?,
        "MaximumMessageSize" => spec.largest = number(1024..=LARGEST_MESSAGE)?,
        "MessageRetentionPeriod" => spec.retention = number(60..=1_209_600)?,
        "ReceiveMessageWaitTimeSeconds" => spec.wait = number(0..=20)?,
        "VisibilityTimeout" => spec.visibility = number(0..=43_200)?,
        "Policy" => spec.policy = policy(value)?,
        "RedrivePolicy" => spec.redrive = redrive(value)?,
        "RedriveAllowPolicy" => spec.redrive_allow = redrive_allow(value)?,
        "SqsManagedSseEnabled" => spec.managed_sse = boolean(name, value)?,
        "KmsMasterKeyId" => spec.kms_key = Some(value.to_owned()).filter(|named| !named.is_empty()),
        "KmsDataKeyReusePeriodSeconds" => spec.kms_reuse = Some(number(60..=86_400)?),
        _ => set_fifo(spec.fifo.as_mut().ok_or_else(|| errors::unknown_attribute(name))?, name, value)?,
    }
    Ok(())
}

fn set_fifo(fifo: &mut Fifo, name: &str, value: &str) -> Answer<()> {
    let choice = |usual: &str, other: &str| match value {
        value if value == usual => Ok(false),
        value if value == other => Ok(true),
        _ => Err(errors::bad_attribute(name)),
    };
    match name {
        // It can't be changed, and says what is so.
        "FifoQueue" if value == "true" => {}
        "FifoQueue" => return Err(errors::bad_attribute(name)),
        "ContentBasedDeduplication" => fifo.content_based = boolean(name, value)?,
        "DeduplicationScope" => fifo.scope_is_group = choice("queue", "messageGroup")?,
        "FifoThroughputLimit" => fifo.limit_is_per_group = choice("perQueue", "perMessageGroupId")?,
        _ => return Err(errors::unknown_attribute(name)),
    }
    Ok(())
}

fn number(name: &str, value: &str, range: RangeInclusive<u32>) -> Answer<u32> {
    value.parse().ok().filter(|number| range.contains(number)).ok_or_else(|| errors::bad_attribute(name))
}

fn boolean(name: &str, value: &str) -> Answer<bool> {
    match value.to_ascii_lowercase().as_str() {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(errors::bad_attribute(name)),
    }
}

fn policy(value: &str) -> Answer<Option<String>> {
    if value.is_empty() {
        return Ok(None);
    }
    Policy::parse(value, Kind::Resource).map_err(|_| errors::bad_attribute("Policy"))?;
    Ok(Some(value.to_owned()))
}

fn redrive(value: &str) -> Answer<Option<Redrive>> {
    let bad = |reason: &str| errors::invalid(value, "RedrivePolicy", reason);
    if value.is_empty() {
        return Ok(None);
    }
    let json: Value = serde_json::from_str(value).map_err(|_| bad("Redrive policy is not a valid JSON map."))?;
    let map = json.as_object().ok_or_else(|| bad("Redrive policy is not a valid JSON map."))?;
    if map.is_empty() {
        return Ok(None);
    }
    let target = map
        .get("deadLetterTargetArn")
        .and_then(Value::as_str)
        .ok_or_else(|| bad("Redrive policy does not contain mandatory attribute: deadLetterTargetArn."))?;
    let most =
        map.get("maxReceiveCount").ok_or_else(|| bad("Redrive policy does not contain mandatory attribute: maxReceiveCount."))?;
    let count = most.as_u64().or_else(|| most.as_str()?.parse().ok());
    let count = count.and_then(|count| u32::try_from(count).ok()).filter(|count| (1..=1000).contains(count));
    let reason = format!("Invalid value for maxReceiveCount: {most}, valid values are from 1 to 1000 both inclusive.");
    let most_receives = count.ok_or_else(|| bad(&reason))?;
    let target: Arn = target.parse().map_err(|_| bad("Invalid value for deadLetterTargetArn."))?;
    Ok(Some(Redrive { target, most_receives }))
}

/// A queue's dead letters go to a queue of its own kind, in its account and region, that wants them.
fn check_target(read: &impl Read, key: &Key<Queue>, spec: &QueueSpec, redrive: &Redrive, given: &str) -> Answer<()> {
    let bad = |reason: &str| errors::invalid(given, "RedrivePolicy", reason);
    let target = names::key_of(&redrive.target).filter(|it| it.account == key.account && it.region == key.region);
    let target = target.ok_or_else(|| bad("Invalid value for deadLetterTargetArn."))?;
    let found = read.spec(&target)?.ok_or_else(|| bad("Dead letter target does not exist."))?;
    if found.fifo.is_some() != spec.fifo.is_some() {
        return Err(bad("Dead-letter queue must be same type of queue as the source."));
    }
    let allowed = match &found.redrive_allow {
        None | Some(RedriveAllow::All) => true,
        Some(RedriveAllow::None) => false,
        Some(RedriveAllow::By(sources)) => sources.contains(&key.arn()),
    };
    if allowed { Ok(()) } else { Err(bad("The dead-letter queue's RedriveAllowPolicy does not allow this source queue.")) }
}

fn redrive_allow(value: &str) -> Answer<Option<RedriveAllow>> {
    let bad = |reason: &str| errors::invalid(value, "RedriveAllowPolicy", reason);
    if value.is_empty() {
        return Ok(None);
    }
    let json: Value = serde_json::from_str(value)
        .map_err(|_| bad("Amazon SQS can't create the redrive allow policy, as it's in an unsupported format."))?;
    let map = json
        .as_object()
        .ok_or_else(|| bad("Amazon SQS can't create the redrive allow policy, as it's in an unsupported format."))?;
    let sources = map.get("sourceQueueArns").and_then(Value::as_array);
    let permission = map.get("redrivePermission").and_then(Value::as_str);
    match (permission, sources) {
        (None, None) if map.is_empty() => Ok(None),
        (Some("allowAll"), None) => Ok(Some(RedriveAllow::All)),
        (Some("denyAll"), None) => Ok(Some(RedriveAllow::None)),
        (Some("byQueue"), Some(sources)) if (1..=10).contains(&sources.len()) => sources
            .iter()
            .map(|source| {
                source.as_str().and_then(|source| source.parse().ok()).ok_or_else(|| bad("A source queue's ARN is not valid."))
            })
            .collect::<Result<_, Fault>>()
            .map(|sources| Some(RedriveAllow::By(sources))),
        (Some("byQueue"), _) => Err(bad("sourceQueueArns must have from 1 to 10 ARNs.")),
        (Some("allowAll" | "denyAll"), Some(_)) => Err(bad("sourceQueueArns can only be given with byQueue.")),
        _ => Err(bad("redrivePermission must be allowAll, denyAll or byQueue.")),
    }
}
