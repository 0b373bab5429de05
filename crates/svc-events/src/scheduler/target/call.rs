//! What is asked when it is time.

use super::{Kind, input};
use crate::run_task;
use api::scheduler::Target;
use base64::{Engine, engine::general_purpose::STANDARD};
use front::courier::queue_url;
use model::{Arn, delivery::Request};
use serde_json::{Value, json};
use wire::{Fault, IntoValue};

/// An occurrence that comes about.
pub struct Execution<'a> {
    /// Tells this one from all others.
    pub id: &'a str,
    /// Of which schedule.
    pub schedule_arn: &'a str,
    /// Its name.
    pub schedule: &'a str,
    /// When it was to be, to the second.
    pub scheduled_time: &'a str,
    /// Whose.
    pub account: &'a str,
    /// Where.
    pub region: &'a str,
}

impl Execution<'_> {
    /// What a target gets.
    pub fn input(&self, target: &Target) -> String {
        target.input.as_deref().map_or_else(|| input::usual(self), |text| input::fill(text, self))
    }
}

/// The call.
///
/// # Errors
/// Of parameters that were not kept as they should.
pub fn call(target: &Target, (kind, arn): (Kind, &Arn), execution: &Execution<'_>) -> Result<Request, Fault> {
    let input = execution.input(target);
    Ok(match kind {
        Kind::Function => {
            let asked = json!({"FunctionName": target.arn, "InvocationType": "Event", "Payload": STANDARD.encode(input)});
            Request::new("lambda", "Invoke", &asked)
        }
        Kind::Queue => {
            let mut asked = json!({"QueueUrl": queue_url(arn), "MessageBody": input});
            if let Some(group) = target.sqs_parameters.as_ref().and_then(|it| it.message_group_id.as_ref()) {
                asked["MessageGroupId"] = json!(group);
            }
            Request::new("sqs", "SendMessage", &asked)
        }
        Kind::Bus => put_event(target, &input),
        Kind::Cluster => run(target, &input, execution)?,
        Kind::Operation(service, operation) => {
            let asked = target.input.as_ref().map_or_else(|| "{}".to_owned(), |_| input);
            Request { service: service.id.to_owned(), operation: operation.name.to_owned(), input: asked, trace: None }
        }
    })
}

fn put_event(target: &Target, input: &str) -> Request {
    let said = target.event_bridge_parameters.clone().unwrap_or_default();
    let entry = json!({"Source": said.source, "DetailType": said.detail_type, "Detail": input, "EventBusName": target.arn});
    Request::new("events", "PutEvents", &json!({"Entries": [entry]}))
}

fn run(target: &Target, input: &str, execution: &Execution<'_>) -> Result<Request, Fault> {
    let parameters = target.ecs_parameters.clone().map(IntoValue::into_value).unwrap_or_default();
    let parameters: Value = serde_json::from_str(&wire::stored::to_text(&parameters)).map_err(Fault::internal)?;
    let overrides = target.input.as_ref().and_then(|_| run_task::overrides(input));
    let started_by = format!("chronos-schedule/{}", execution.schedule);
    Ok(Request::new("ecs", "RunTask", &run_task::input(&target.arn, parameters, started_by, overrides)))
}
