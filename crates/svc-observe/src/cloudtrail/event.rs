//! From a call to the event that is kept of it, in the record format 1.11 (CloudTrail user guide, "CloudTrail record contents").

use super::{
    category,
    identity::{self, Facts},
    resources,
    store::Entry,
};
use front::Call;
use serde::Serialize;
use serde_json::{Value, json};
use wire::{Protocol, Service, Time};

/// The most bytes of `userAgent` and `errorMessage`.
const MOST_TEXT: usize = 1024;

/// The members in the order in which CloudTrail shows them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Record<'a> {
    event_version: &'static str,
    user_identity: Value,
    event_time: String,
    event_source: String,
    event_name: &'static str,
    aws_region: &'a str,
    #[serde(rename = "sourceIPAddress", skip_serializing_if = "Option::is_none")]
    source_ip_address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_agent: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_message: Option<&'a str>,
    request_parameters: &'a Value,
    response_elements: &'a Value,
    #[serde(rename = "requestID")]
    request_id: &'a str,
    #[serde(rename = "eventID")]
    event_id: &'a str,
    read_only: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    resources: Vec<Value>,
    event_type: &'static str,
    management_event: bool,
    recipient_account_id: &'a str,
    event_category: &'static str,
}

/// The event of a call, with what LookupEvents finds it by.
pub(super) fn entry(call: &Call, facts: &Facts) -> Entry {
    let named: Vec<_> = call.checks.iter().filter_map(|check| resources::named(&check.resource)).collect();
    let record = record(call, facts, &named);
    let found_by = |(kind, names): &(&str, [String; 2])| names.clone().map(|name| ((*kind).to_owned(), name));
    Entry {
        id: call.event_id.clone(),
        at: call.at,
        name: call.operation.to_owned(),
        source: record.event_source.clone(),
        user_name: identity::user_name(call).to_owned(),
        access_key_id: call.access_key_id.clone(),
        read_only: call.read_only,
        resources: named.iter().flat_map(found_by).collect(),
        // A structure of texts and values: there is nothing in it that JSON has no word for.
        event: serde_json::to_string(&record).unwrap_or_default(),
    }
}

/// The region that shows the event.
pub(super) fn region(call: &Call) -> &str {
    if category::is_global(call.service.id) { "us-east-1" } else { call.region.as_str() }
}

fn record<'a>(call: &'a Call, facts: &Facts, named: &[(&'static str, [String; 2])]) -> Record<'a> {
    let account = call.account.as_str();
    Record {
        event_version: "1.11",
        user_identity: identity::element(call, facts),
        event_time: Time(call.at.0).to_the_second(),
        event_source: source(call.service),
        event_name: call.operation,
        aws_region: region(call),
        source_ip_address: call.source.map(|address| address.to_canonical().to_string()),
        user_agent: call.user_agent.as_deref().map(shortened),
        error_code: call.error.as_ref().map(|(code, _)| error_code(call.service, code)),
        error_message: call.error.as_ref().map(|(_, message)| shortened(message)),
        request_parameters: &call.parameters,
        response_elements: &call.response,
        request_id: &call.request_id,
        event_id: &call.event_id,
        read_only: call.read_only,
        resources: named.iter().map(|(kind, [_, arn])| json!({"accountId": account, "type": kind, "ARN": arn})).collect(),
        event_type: "AwsApiCall",
        management_event: category::is_management(call.service.id, call.operation),
        recipient_account_id: account,
        event_category: "Management",
    }
}

/// The service's name in events: its signing name with AWS's domain, but for a few.
fn source(service: &Service) -> String {
    let name = match service.id {
        "application-autoscaling" => "autoscaling",
        _ => service.signing_name,
    };
    format!("{name}.amazonaws.com")
}

/// The error's code as CloudTrail shows it: by the name of its shape; EC2's with who is at fault.
fn error_code(service: &Service, code: &str) -> String {
    match (service.protocols.first(), code) {
        (Some(Protocol::Ec2Query), "InternalError" | "InternalFailure") => format!("Server.{code}"),
        (Some(Protocol::Ec2Query), _) => format!("Client.{code}"),
        (_, "AccessDenied" | "AccessDeniedException") => "AccessDenied".to_owned(),
        _ => service.error(code).map_or(code, |(shape, _)| shape.name).to_owned(),
    }
}

fn shortened(text: &str) -> &str {
    &text[..text.floor_char_boundary(MOST_TEXT)]
}
