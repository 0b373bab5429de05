//! The call that brings an event to a target of each kind.

use super::Wanted;
use crate::{
    events::targets::{Kind, MachineAction},
    run_task,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use front::courier::queue_url;
use model::{
    Key,
    delivery::Request,
    logs::{LogStream, stream_id},
};
use serde_json::{Value, json};
use spine::{Read, Tx};
use wire::{Fault, IntoValue};

/// What the session of a role is called that passes an event on to another bus.
pub const FORWARD: &str = "EventBridgeForward";

/// The calls, which are made one after another: one, and another before it where a log stream has to be made first.
pub(super) fn calls(wanted: &Wanted<'_>, tx: &Tx, payload: &str) -> Result<Vec<Request>, Fault> {
    Ok(match wanted.kind {
        Kind::Function => vec![invoke(wanted, payload)],
        Kind::Queue => vec![send(wanted, payload)],
        Kind::Bus => vec![put_event(wanted)],
        Kind::Cluster => vec![run(wanted, payload)?],
        Kind::Machine(action) => vec![act(action, payload)],
        Kind::LogGroup => log(wanted, tx, payload)?,
    })
}

fn invoke(wanted: &Wanted<'_>, payload: &str) -> Request {
    let input = json!({"FunctionName": wanted.target.arn, "InvocationType": "Event", "Payload": STANDARD.encode(payload)});
    Request::new("lambda", "Invoke", &input)
}

fn send(wanted: &Wanted<'_>, payload: &str) -> Request {
    let mut input = json!({"QueueUrl": queue_url(wanted.arn), "MessageBody": payload});
    if let Some(group) = wanted.target.sqs_parameters.as_ref().and_then(|it| it.message_group_id.as_ref()) {
        input["MessageGroupId"] = json!(group);
    }
    Request::new("sqs", "SendMessage", &input)
}

/// The event as it is, on another bus.
fn put_event(wanted: &Wanted<'_>) -> Request {
    let event = wanted.it.event;
    let entry = json!({
        "Time": event.moment(), "Source": event.source, "Resources": event.resources, "DetailType": event.detail_type,
        "Detail": event.detail.to_string(), "EventBusName": wanted.target.arn,
    });
    Request::new("events", "PutEvents", &json!({"Entries": [entry]}))
}

fn run(wanted: &Wanted<'_>, payload: &str) -> Result<Request, Fault> {
    let parameters = wanted.target.ecs_parameters.clone().map(IntoValue::into_value).unwrap_or_default();
    let parameters = serde_json::from_str(&wire::stored::to_text(&parameters)).map_err(Fault::internal)?;
    let said = wanted.target.input.is_some() || wanted.target.input_transformer.is_some();
    let overrides = run_task::overrides(payload).filter(|_| said);
    let started_by = format!("events-rule/{}", wanted.rule.names().1);
    Ok(Request::new("ecs", "RunTask", &run_task::input(&wanted.target.arn, parameters, started_by, overrides)))
}

/// The input is a machine's or a volume's ARN or id, as a JSON string.
fn act(action: MachineAction, payload: &str) -> Request {
    let named: String = serde_json::from_str(payload).unwrap_or_default();
    let id = named.rsplit('/').next().unwrap_or_default();
    match action {
        MachineAction::CreateSnapshot => Request::new("ec2", "CreateSnapshot", &json!({"VolumeId": id})),
        MachineAction::Reboot => Request::new("ec2", "RebootInstances", &json!({"InstanceIds": [id]})),
        MachineAction::Stop => Request::new("ec2", "StopInstances", &json!({"InstanceIds": [id]})),
        MachineAction::Terminate => Request::new("ec2", "TerminateInstances", &json!({"InstanceIds": [id]})),
    }
}

/// Each rule has a stream of its own in the group, which is made with the first event.
fn log(wanted: &Wanted<'_>, tx: &Tx, payload: &str) -> Result<Vec<Request>, Fault> {
    let Some(group) = wanted.arn.resource.strip_prefix("log-group:").map(|name| name.trim_end_matches(":*")) else {
        return Ok(Vec::new());
    };
    let stream = wanted.rule.names().1;
    let events = json!([{"timestamp": wanted.it.at.0, "message": message(payload)}]);
    let put = Request::new("logs", "PutLogEvents", &json!({"logGroupName": group, "logStreamName": stream, "logEvents": events}));
    let key = stream_key(wanted, group, stream);
    if key.map(|key| tx.exists(&key)).transpose()?.unwrap_or_default() {
        return Ok(vec![put]);
    }
    let create = Request::new("logs", "CreateLogStream", &json!({"logGroupName": group, "logStreamName": stream}));
    Ok(vec![create, put])
}

/// A template for a log group gives the line as `message` (EventBridge user guide, "CloudWatch Logs group targets").
fn message(payload: &str) -> String {
    let said: Option<Value> = serde_json::from_str(payload).ok();
    match said {
        Some(Value::Object(members)) if members.len() <= 2 && members.contains_key("timestamp") => {
            members.get("message").and_then(Value::as_str).unwrap_or(payload).to_owned()
        }
        _ => payload.to_owned(),
    }
}

fn stream_key(wanted: &Wanted<'_>, group: &str, stream: &str) -> Option<Key<LogStream>> {
    let place = super::Place::of(wanted)?;
    Some(Key::new(&place.account, &place.region, stream_id(group, stream)))
}
