//! First-class integrations: operations of services that a route can lead to without a function between (developer guide, "Create AWS
//! service integrations for HTTP APIs", "Integration subtype reference").

use super::errors::{bad_request, not_built};
use front::Answer;
use logic::http_api::{exchange::Exchange, mapping::Template};
use model::{
    apigatewayv2::{IntegrationSpec, PayloadVersion},
    delivery::Request,
};
use serde_json::{Map, Value, json};

/// An operation that integrations can lead to.
#[derive(Debug)]
pub struct Subtype {
    name: &'static str,
    service: &'static str,
    operation: &'static str,
    required: &'static [&'static str],
    optional: &'static [&'static str],
    /// Members that are no texts: their values are JSON.
    json: &'static [&'static str],
    /// The member of which the parameters are one item, if they aren't the operation's own.
    item_of: Option<&'static str>,
}

/// What no integration parameter of any operation needs to say: where it is called.
pub const REGION: &str = "Region";

static BUILT: [Subtype; 5] = [
    Subtype {
        name: "EventBridge-PutEvents",
        service: "events",
        operation: "PutEvents",
        required: &["Detail", "DetailType", "Source"],
        optional: &["Time", "EventBusName", "Resources", "TraceHeader"],
        json: &["Resources"],
        item_of: Some("Entries"),
    },
    Subtype {
        name: "SQS-SendMessage",
        service: "sqs",
        operation: "SendMessage",
        required: &["QueueUrl", "MessageBody"],
        optional: &["DelaySeconds", "MessageAttributes", "MessageDeduplicationId", "MessageGroupId", "MessageSystemAttributes"],
        json: &["DelaySeconds", "MessageAttributes", "MessageSystemAttributes"],
        item_of: None,
    },
    Subtype {
        name: "SQS-ReceiveMessage",
        service: "sqs",
        operation: "ReceiveMessage",
        required: &["QueueUrl"],
        optional: &[
            "AttributeNames",
            "MaxNumberOfMessages",
            "MessageAttributeNames",
            "ReceiveRequestAttemptId",
            "VisibilityTimeout",
            "WaitTimeSeconds",
        ],
        json: &["AttributeNames", "MaxNumberOfMessages", "MessageAttributeNames", "VisibilityTimeout", "WaitTimeSeconds"],
        item_of: None,
    },
    Subtype {
        name: "SQS-DeleteMessage",
        service: "sqs",
        operation: "DeleteMessage",
        required: &["QueueUrl", "ReceiptHandle"],
        optional: &[],
        json: &[],
        item_of: None,
    },
    Subtype {
        name: "SQS-PurgeQueue",
        service: "sqs",
        operation: "PurgeQueue",
        required: &["QueueUrl"],
        optional: &[],
        json: &[],
        item_of: None,
    },
];

/// The operations that AWS has besides.
const UNBUILT: [&str; 5] = [
    "AppConfig-GetConfiguration",
    "Kinesis-PutRecord",
    "StepFunctions-StartExecution",
    "StepFunctions-StartSyncExecution",
    "StepFunctions-StopExecution",
];

/// The operation of that name.
pub fn find(name: &str) -> Answer<&'static Subtype> {
    if UNBUILT.contains(&name) {
        return Err(not_built(format_args!("the integration subtype {name}")));
    }
    BUILT.iter().find(|subtype| subtype.name == name).ok_or_else(|| bad_request("Invalid integration subtype specified"))
}

/// Whether an integration with it can be so.
pub fn check(subtype: &Subtype, spec: &IntegrationSpec) -> Answer<()> {
    if spec.payload != PayloadVersion::V1 {
        return Err(bad_request("PayloadFormatVersion must be 1.0 for AWS service integrations"));
    }
    if spec.credentials.is_none() {
        return Err(bad_request("CredentialsArn must be specified for AWS service integrations"));
    }
    if let Some(missing) = subtype.required.iter().find(|name| !spec.request_parameters.contains_key(**name)) {
        return Err(bad_request(format!("Missing required parameter {missing} for the integration subtype {}", subtype.name)));
    }
    for (name, value) in &spec.request_parameters {
        let known = subtype.required.iter().chain(subtype.optional).any(|known| known == name) || name == REGION;
        if !known {
            return Err(bad_request(format!("Invalid parameter {name} for the integration subtype {}", subtype.name)));
        }
        template(value)?;
    }
    Ok(())
}

/// The call that an integration makes of a request, and in which region, if it says one.
pub fn request(subtype: &Subtype, spec: &IntegrationSpec, exchange: &Exchange, body: &[u8]) -> Answer<(Request, Option<String>)> {
    let mut input = Map::new();
    let mut region = None;
    for (name, value) in &spec.request_parameters {
        let Some(value) = template(value)?.fill(&|expression| exchange.value(expression, body)) else { continue };
        if name == REGION {
            region = Some(value);
        } else {
            let json = subtype.json.contains(&name.as_str()).then(|| serde_json::from_str::<Value>(&value).ok()).flatten();
            input.insert(name.clone(), json.unwrap_or(Value::String(value)));
        }
    }
    let input = match subtype.item_of {
        Some(member) => json!({member: [input]}),
        None => Value::Object(input),
    };
    Ok((Request::new(subtype.service, subtype.operation, &input), region))
}

fn template(text: &str) -> Answer<Template> {
    Template::parse(text, &["request", "context", "stageVariables"]).map_err(|why| bad_request(why.to_string()))
}
