//! A batch as the function sees it (Lambda developer guide, "Using Lambda with Amazon SQS", "Example SQS message event").

use base64::{Engine, engine::general_purpose::STANDARD};
use model::Arn;
use serde_json::{Map, Value as Json, json};
use wire::Value;

/// A message of a batch.
#[derive(Clone, Debug)]
pub struct Record {
    /// `messageId`.
    pub id: String,
    /// `receiptHandle`.
    pub receipt: String,
    /// What the function sees.
    pub json: Json,
    /// How large that is.
    pub size: usize,
    /// `AWSTraceHeader`.
    pub trace: Option<String>,
}

/// The records of an answer of ReceiveMessage.
pub fn records(queue: &Arn, answer: &Value) -> Vec<Record> {
    match answer.get("Messages") {
        Some(Value::List(messages)) => messages.iter().map(|message| record(queue, message)).collect(),
        _ => Vec::new(),
    }
}

fn record(queue: &Arn, message: &Value) -> Record {
    let text = |name: &str| message.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (id, receipt) = (text("MessageId"), text("ReceiptHandle"));
    let attributes = plain(message.get("Attributes"));
    let trace = attributes.get("AWSTraceHeader").and_then(Json::as_str).map(str::to_owned);
    let mut json = json!({
        "messageId": id,
        "receiptHandle": receipt,
        "body": text("Body"),
        "attributes": attributes,
        "messageAttributes": message_attributes(message.get("MessageAttributes")),
        "md5OfBody": text("MD5OfBody"),
        "eventSource": "aws:sqs",
        "eventSourceARN": queue,
        "awsRegion": queue.region,
    });
    if let (Some(md5), Json::Object(members)) = (message.get("MD5OfMessageAttributes").and_then(Value::as_str), &mut json) {
        members.insert("md5OfMessageAttributes".into(), md5.into());
    }
    let size = json.to_string().len();
    Record { id, receipt, json, size, trace }
}

fn plain(attributes: Option<&Value>) -> Map<String, Json> {
    let Some(Value::Map(attributes)) = attributes else { return Map::new() };
    attributes.iter().map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().into())).collect()
}

fn message_attributes(attributes: Option<&Value>) -> Map<String, Json> {
    let Some(Value::Map(attributes)) = attributes else { return Map::new() };
    attributes.iter().map(|(name, value)| (name.clone(), message_attribute(value))).collect()
}

fn message_attribute(value: &Value) -> Json {
    let mut json = json!({
        "stringListValues": [],
        "binaryListValues": [],
        "dataType": value.get("DataType").and_then(Value::as_str).unwrap_or_default(),
    });
    if let Some(text) = value.get("StringValue").and_then(Value::as_str) {
        json["stringValue"] = text.into();
    }
    if let Some(Value::Blob(bytes)) = value.get("BinaryValue") {
        json["binaryValue"] = STANDARD.encode(bytes).into();
    }
    json
}

/// The event of a batch.
pub fn event(records: &[Record]) -> Vec<u8> {
    let records: Vec<&Json> = records.iter().map(|record| &record.json).collect();
    json!({"Records": records}).to_string().into_bytes()
}
