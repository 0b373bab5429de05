//! Who is told of an event that is over, and what: the record of the invocation for a destination, the event itself for a dead-letter queue
//! (Lambda developer guide, "Retaining records of asynchronous invocations").

use crate::lambda::{names::Named, pool::Target};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use front::courier::queue_url;
use logic::function::retries::Condition;
use model::{
    Arn, Timestamp,
    delivery::{Caller, DeliverySpec, Request, Retry},
    lambda::{EventInvokeSpec, EventSpec, LATEST, SERVICE_PRINCIPAL},
};
use serde_json::{Value, json};
use wire::Time;

/// How long a destination is tried that can't be reached.
const RETRY: Retry = Retry { max_age: 3600, max_retries: 20 };
/// The most bytes of an error's text in a dead letter.
const LARGEST_ERROR: usize = 1024;
/// What a message of SQS, an event of EventBridge and an event of Lambda can hold, with some room for what is around it.
const LARGEST_RECORD: usize = 1_000_000;

/// What an event was about.
pub struct Told<'a> {
    /// The function, as it was called.
    pub named: &'a Named,
    /// What was run, or would have been.
    pub target: &'a Target,
    /// How its owner wants events to be treated.
    pub settings: Option<&'a EventInvokeSpec>,
    /// The event.
    pub event: &'a str,
    /// What else is known of it.
    pub spec: &'a EventSpec,
}

/// What a run of the function has come to.
pub struct Outcome {
    /// The version that was run.
    pub version: String,
    /// What it answered.
    pub payload: Bytes,
    /// Whether that is an error.
    pub failed: bool,
    /// The way of the event, with the function on it.
    pub trace: String,
}

/// The calls that are to be made; `runs` is how often the function was run.
pub fn consequences(
    told: &Told<'_>,
    condition: Condition,
    runs: u32,
    outcome: Option<&Outcome>,
    now: Timestamp,
) -> Vec<DeliverySpec> {
    let success = condition == Condition::Success;
    let destination =
        told.settings.and_then(|settings| if success { settings.on_success.as_ref() } else { settings.on_failure.as_ref() });
    let record = || record(told, condition, runs, outcome, now);
    let to_destination = destination.and_then(|arn| arn.parse().ok()).and_then(|arn: Arn| notify(told, &arn, success, record()));
    let dead_letter = if success { None } else { dead_letter(told, condition, outcome) };
    let trace = outcome.map(|outcome| outcome.trace.clone()).or_else(|| told.spec.trace.clone());
    let calls = [to_destination, dead_letter].into_iter().flatten().map(|call| call.traced(trace.clone()));
    calls.filter_map(|call| delivery(told, call, now)).collect()
}

fn delivery(told: &Told<'_>, call: Request, now: Timestamp) -> Option<DeliverySpec> {
    let function = &told.named.key;
    let by = Caller::Role {
        role: told.target.release().ok()?.configuration.role.clone(),
        session: function.id.clone(),
        service: SERVICE_PRINCIPAL.into(),
        source: function.arn(),
    };
    Some(DeliverySpec { call, by, wanted: now, not_before: now, retry: RETRY, dead_letter: None })
}

/// The record of the invocation. Payloads that would make it too large for any destination are left out.
fn record(told: &Told<'_>, condition: Condition, runs: u32, outcome: Option<&Outcome>, now: Timestamp) -> Value {
    let fits = told.event.len() + outcome.map_or(0, |outcome| outcome.payload.len()) <= LARGEST_RECORD;
    let json = |text: &[u8]| serde_json::from_slice::<Value>(text).unwrap_or_else(|_| json!(String::from_utf8_lossy(text)));
    let qualifier = told.named.qualifier.as_deref().unwrap_or(LATEST);
    let mut record = json!({
        "version": "1.0",
        "timestamp": Time(now.0).to_the_millisecond(),
        "requestContext": {
            "requestId": told.spec.request_id,
            "functionArn": told.named.key.qualified(qualifier).to_string(),
            "condition": condition.as_str(),
            "approximateInvokeCount": runs,
        },
        "requestPayload": if fits { json(told.event.as_bytes()) } else { Value::Null },
    });
    if let Some(outcome) = outcome {
        record["responseContext"] = json!({"statusCode": 200, "executedVersion": outcome.version});
        if outcome.failed {
            record["responseContext"]["functionError"] = json!("Unhandled");
        }
        record["responsePayload"] = if fits { json(&outcome.payload) } else { Value::Null };
    }
    record
}

/// The call that tells a destination.
fn notify(told: &Told<'_>, destination: &Arn, success: bool, record: Value) -> Option<Request> {
    Some(match &*destination.service {
        "sqs" => {
            Request::new("sqs", "SendMessage", &json!({"QueueUrl": queue_url(destination), "MessageBody": record.to_string()}))
        }
        "lambda" => {
            let payload = STANDARD.encode(record.to_string());
            let input = json!({"FunctionName": destination.to_string(), "InvocationType": "Event", "Payload": payload});
            Request::new("lambda", "Invoke", &input)
        }
        "events" => {
            let kind = if success { "Success" } else { "Failure" };
            let entry = json!({
                "Source": "lambda",
                "DetailType": format!("Lambda Function Invocation Result - {kind}"),
                "Detail": record.to_string(),
                "Resources": [destination.to_string(), told.target.version.arn().to_string()],
                "EventBusName": destination.to_string(),
            });
            Request::new("events", "PutEvents", &json!({"Entries": [entry]}))
        }
        _ => return None,
    })
}

/// The event as a dead letter, where the version has a queue for such.
fn dead_letter(told: &Told<'_>, condition: Condition, outcome: Option<&Outcome>) -> Option<Request> {
    let queue = told.target.release().ok()?.configuration.dead_letter.as_deref()?;
    let queue: Arn = queue.parse().ok().filter(|arn: &Arn| arn.service == "sqs")?;
    let (code, error) = match outcome {
        Some(outcome) => (200, error_text(&outcome.payload)),
        None => (429, condition.as_str().to_owned()),
    };
    let attributes = json!({
        "RequestID": {"DataType": "String", "StringValue": told.spec.request_id},
        "ErrorCode": {"DataType": "Number", "StringValue": code.to_string()},
        "ErrorMessage": {"DataType": "String", "StringValue": error},
    });
    let input = json!({"QueueUrl": queue_url(&queue), "MessageBody": told.event, "MessageAttributes": attributes});
    Some(Request::new("sqs", "SendMessage", &input))
}

/// The beginning of what an error says; never empty, for an attribute can't be.
fn error_text(payload: &[u8]) -> String {
    let said = serde_json::from_slice::<Value>(payload).ok().and_then(|error| error["errorMessage"].as_str().map(str::to_owned));
    let text = said.unwrap_or_else(|| String::from_utf8_lossy(payload).into_owned());
    let text = &text[..text.floor_char_boundary(LARGEST_ERROR)];
    if text.is_empty() { "Unhandled".to_owned() } else { text.to_owned() }
}
