//! What policies call buses and rules, and what is known of them when it is decided who may do what (Service Authorization Reference,
//! "Actions, resources, and condition keys for Amazon EventBridge").

use super::load;
use api::events as sdk;
use front::{Cx, Facts, Principal};
use logic::policy::{Context, Kind};
use model::{
    Arn, Key,
    events::{DEFAULT_BUS, EventBus},
};
use serde_json::{Value, json};
use spine::{Read, Snapshot};
use wire::Fault;

/// The bus that a request names. None where the handler refuses the name.
pub fn on_bus(cx: &Cx, named: Option<&str>) -> Vec<Arn> {
    load::bus_key(cx, named).map(|key| load::bus_arn(&key)).into_iter().collect()
}

/// The rule that a request names.
pub fn on_rule(cx: &Cx, bus: Option<&str>, name: &str) -> Vec<Arn> {
    load::bus_key(cx, bus).map(|key| load::rule_arn(&key.rule(name))).into_iter().collect()
}

/// The buses that events are put on.
pub fn on_entries(cx: &Cx, entries: &[sdk::PutEventsRequestEntry]) -> Vec<Arn> {
    let mut buses: Vec<Arn> = entries.iter().flat_map(|entry| on_bus(cx, entry.event_bus_name.as_deref())).collect();
    buses.sort();
    buses.dedup();
    buses
}

/// What an ARN in a request names.
pub fn on_tagged(arn: &str) -> Vec<Arn> {
    arn.parse().into_iter().collect()
}

/// `events:source` and `events:detail-type`.
pub fn keys_of_entries(entries: &[sdk::PutEventsRequestEntry]) -> Context {
    let mut keys = Context::new();
    keys.set_all("events:source", entries.iter().flat_map(|entry| entry.source.clone()));
    keys.set_all("events:detail-type", entries.iter().flat_map(|entry| entry.detail_type.clone()));
    keys
}

/// `events:TargetArn`.
pub fn keys_of_targets(targets: &[sdk::Target]) -> Context {
    let mut keys = Context::new();
    keys.set_all("events:TargetArn", targets.iter().map(|target| target.arn.clone()));
    keys
}

/// The tags that a request gives, as they stand in it.
pub fn tags_of(tags: &Option<Vec<sdk::Tag>>) -> Vec<(String, String)> {
    tags.iter().flatten().map(|tag| (tag.key.clone(), tag.value.clone())).collect()
}

/// What is known of a bus or a rule.
pub fn facts(cx: &Cx, snapshot: &Snapshot, arn: &Arn) -> Result<Facts, Fault> {
    if let Some(key) = load::bus_of(arn) {
        return facts_of_bus(cx, snapshot, &key);
    }
    let rule = load::rule_of(arn).map(|key| snapshot.spec(&key)).transpose()?.flatten();
    Ok(rule.map(|rule| Facts { tags: rule.tags.clone(), ..Facts::default() }).unwrap_or_default())
}

fn facts_of_bus(cx: &Cx, snapshot: &Snapshot, key: &Key<EventBus>) -> Result<Facts, Fault> {
    let spec = snapshot.spec(key)?.unwrap_or_default();
    let facts = Facts { tags: spec.tags.clone(), ..Facts::default() };
    let own = spec.policy.as_deref();
    let policy = match &cx.principal {
        Principal::Service { name } if key.id == DEFAULT_BUS => Some(with_services(own, key, name)),
        _ => own.map(str::to_owned),
    };
    Ok(match policy {
        Some(policy) => facts.with_policy(&load::bus_arn(key).to_string(), &policy, Kind::Resource),
        None => facts,
    })
}

/// The policy of a default bus, to which services of AWS send the events of its account without being allowed to by anybody.
fn with_services(policy: Option<&str>, key: &Key<EventBus>, service: &str) -> String {
    let mut document =
        policy.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_else(|| json!({"Version": "2012-10-17"}));
    let mut statements = match document["Statement"].take() {
        Value::Array(statements) => statements,
        Value::Null => Vec::new(),
        statement => vec![statement],
    };
    statements.push(json!({
        "Effect": "Allow", "Principal": {"Service": service}, "Action": "events:PutEvents", "Resource": load::bus_arn(key).to_string(),
        "Condition": {"StringEquals": {"aws:SourceAccount": key.account.as_str()}},
    }));
    document["Statement"] = Value::Array(statements);
    document.to_string()
}
