//! From records and messages to what the API shows. Pure.

use super::{
    live::Counts,
    mail::{Attribute, AttributeValue, Head, Letter, md5_of_attributes},
    receipt::Receipt,
    sealing::REUSED,
};
use api::sqs as sdk;
use logic::queue::{Number, Past};
use model::{
    Key, Timestamp,
    sqs::{Queue, QueueSpec, Redrive, RedriveAllow},
};
use serde_json::json;
use std::collections::BTreeMap;

/// The attributes that a queue can have.
pub const ATTRIBUTES: &[&str] = &[
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesDelayed",
    "ApproximateNumberOfMessagesNotVisible",
    "ContentBasedDeduplication",
    "CreatedTimestamp",
    "DeduplicationScope",
    "DelaySeconds",
    "FifoQueue",
    "FifoThroughputLimit",
    "KmsDataKeyReusePeriodSeconds",
    "KmsMasterKeyId",
    "LastModifiedTimestamp",
    "MaximumMessageSize",
    "MessageRetentionPeriod",
    "Policy",
    "QueueArn",
    "ReceiveMessageWaitTimeSeconds",
    "RedriveAllowPolicy",
    "RedrivePolicy",
    "SqsManagedSseEnabled",
    "VisibilityTimeout",
];

/// An attribute of a queue; none if it has none of that name.
pub fn attribute(key: &Key<Queue>, spec: &QueueSpec, counts: Counts, name: &str) -> Option<String> {
    let fifo = |show: fn(&model::sqs::Fifo) -> &'static str| spec.fifo.as_ref().map(|fifo| show(fifo).to_owned());
    let yes = |yes| if yes { "true" } else { "false" };
    Some(match name {
        "ApproximateNumberOfMessages" => counts.visible.to_string(),
        "ApproximateNumberOfMessagesDelayed" => counts.delayed.to_string(),
        "ApproximateNumberOfMessagesNotVisible" => counts.in_flight.to_string(),
        "CreatedTimestamp" => seconds(spec.created),
        "LastModifiedTimestamp" => seconds(spec.modified),
        "DelaySeconds" => spec.delay.to_string(),
        "MaximumMessageSize" => spec.largest.to_string(),
        "MessageRetentionPeriod" => spec.retention.to_string(),
        "ReceiveMessageWaitTimeSeconds" => spec.wait.to_string(),
        "VisibilityTimeout" => spec.visibility.to_string(),
        "QueueArn" => key.arn().to_string(),
        "SqsManagedSseEnabled" => yes(spec.managed_sse).to_owned(),
        "KmsMasterKeyId" => spec.kms_key.clone()?,
        "KmsDataKeyReusePeriodSeconds" => spec.kms_reuse.or(spec.kms_key.as_ref().map(|_| REUSED))?.to_string(),
        "Policy" => spec.policy.clone()?,
        "RedrivePolicy" => redrive(spec.redrive.as_ref()?),
        "RedriveAllowPolicy" => redrive_allow(spec.redrive_allow.as_ref()?),
        "FifoQueue" => fifo(|_| "true")?,
        "ContentBasedDeduplication" => fifo(|fifo| if fifo.content_based { "true" } else { "false" })?,
        "DeduplicationScope" => fifo(|fifo| if fifo.scope_is_group { "messageGroup" } else { "queue" })?,
        "FifoThroughputLimit" => fifo(|fifo| if fifo.limit_is_per_group { "perMessageGroupId" } else { "perQueue" })?,
        _ => return None,
    })
}

fn seconds(time: Timestamp) -> String {
    (time.0 / 1000).to_string()
}

fn redrive(redrive: &Redrive) -> String {
    json!({"deadLetterTargetArn": redrive.target, "maxReceiveCount": redrive.most_receives}).to_string()
}

fn redrive_allow(allow: &RedriveAllow) -> String {
    match allow {
        RedriveAllow::All => json!({"redrivePermission": "allowAll"}),
        RedriveAllow::None => json!({"redrivePermission": "denyAll"}),
        RedriveAllow::By(sources) => json!({"redrivePermission": "byQueue", "sourceQueueArns": sources}),
    }
    .to_string()
}

/// Which attributes of messages a receiver wants.
pub struct Wanted<'a> {
    /// System attributes.
    pub system: Vec<&'a str>,
    /// Message attributes: names, beginnings of names (`x.*`), or all (`All`, `.*`).
    pub user: &'a [String],
}

/// A message as its receiver sees it.
pub fn message(
    mailbox: u64,
    wanted: &Wanted<'_>,
    (number, past): (Number, Past),
    (head, letter): (Head, Letter),
) -> sdk::Message {
    let receipt = Receipt { mailbox, number, count: past.count };
    let attributes = system(&wanted.system, &past, &head);
    let user: BTreeMap<String, Attribute> = letter.attributes.into_iter().filter(|(name, _)| wants(wanted.user, name)).collect();
    sdk::Message {
        message_id: Some(head.id),
        receipt_handle: Some(receipt.handle()),
        md5_of_body: Some(letter.md5),
        body: Some(letter.body),
        attributes: Some(attributes).filter(|attributes| !attributes.is_empty()),
        md5_of_message_attributes: md5_of_attributes(&user),
        message_attributes: (!user.is_empty()).then(|| user.into_iter().map(|(name, it)| (name, shown(it))).collect()),
    }
}

fn system(wanted: &[&str], past: &Past, head: &Head) -> BTreeMap<String, String> {
    if wanted.is_empty() {
        return BTreeMap::new();
    }
    let all = [
        ("SenderId", Some(head.sender.clone())),
        ("SentTimestamp", Some(head.sent.0.to_string())),
        ("ApproximateReceiveCount", Some(past.count.to_string())),
        ("ApproximateFirstReceiveTimestamp", Some(past.first.0.to_string())),
        ("MessageGroupId", head.group.clone()),
        ("MessageDeduplicationId", head.deduplication.clone()),
        ("SequenceNumber", head.sequence.clone()),
        ("AWSTraceHeader", head.trace.clone()),
        ("DeadLetterQueueSourceArn", head.dead_letter_source.clone()),
    ];
    let asked = |name: &str| wanted.contains(&"All") || wanted.contains(&name);
    all.into_iter().filter(|(name, _)| asked(name)).filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

fn wants(patterns: &[String], name: &str) -> bool {
    patterns.iter().any(|pattern| match pattern.strip_suffix(".*") {
        Some(beginning) => name.starts_with(beginning),
        None => pattern == "All" || pattern == name,
    })
}

fn shown(attribute: Attribute) -> sdk::MessageAttributeValue {
    let (string_value, binary_value) = match attribute.value {
        AttributeValue::Text(text) => (Some(text), None),
        AttributeValue::Binary(bytes) => (None, Some(bytes.into())),
    };
    let data_type = attribute.data_type;
    sdk::MessageAttributeValue { string_value, binary_value, string_list_values: None, binary_list_values: None, data_type }
}
