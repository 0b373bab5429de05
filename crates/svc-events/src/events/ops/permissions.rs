//! The resource policies of buses.

use super::{
    super::{
        errors::{invalid, not_found, policy_too_long},
        load,
    },
    buses,
};
use api::events as sdk;
use front::{Answer, Cx};
use logic::policy::{Kind, Policy};
use model::{
    Key,
    events::{EventBus, EventBusSpec},
};
use serde_json::{Value, json};
use spine::Tx;

/// Characters of a bus's policy (EventBridge user guide, "Amazon EventBridge quotas").
const LONGEST: usize = 10_240;

/// `PutPermission`: a whole policy, or a statement of one.
pub fn put(cx: &Cx, tx: &mut Tx, input: &sdk::PutPermissionRequest) -> Answer<()> {
    let (key, spec) = bus(cx, tx, input.event_bus_name.as_deref())?;
    let policy = match &input.policy {
        Some(policy) => whole(input, policy)?,
        None => with_statement(&key, &spec, input)?,
    };
    if policy.len() > LONGEST {
        return Err(policy_too_long());
    }
    buses::write(cx, tx, &key, EventBusSpec { policy: Some(policy), ..spec })
}

/// `RemovePermission`.
pub fn remove(cx: &Cx, tx: &mut Tx, input: &sdk::RemovePermissionRequest) -> Answer<()> {
    let (key, spec) = bus(cx, tx, input.event_bus_name.as_deref())?;
    let policy = match (&input.statement_id, input.remove_all_permissions) {
        (_, Some(true)) => None,
        (Some(id), _) => without_statement(&spec, id)?,
        (None, _) => return Err(invalid("Parameter StatementId is required.")),
    };
    buses::write(cx, tx, &key, EventBusSpec { policy, ..spec })
}

fn bus(cx: &Cx, tx: &Tx, named: Option<&str>) -> Answer<(Key<EventBus>, EventBusSpec)> {
    let key = load::own_bus(cx, tx, named)?;
    let spec = EventBusSpec::clone(&*load::bus(tx, &key)?);
    Ok((key, spec))
}

fn whole(input: &sdk::PutPermissionRequest, policy: &str) -> Answer<String> {
    let others = [input.action.is_some(), input.principal.is_some(), input.statement_id.is_some(), input.condition.is_some()];
    if others.contains(&true) {
        return Err(invalid("You can't specify Policy together with Action, Principal, StatementId or Condition."));
    }
    Policy::parse(policy, Kind::Resource).map_err(|why| invalid(format!("This policy contains invalid Json: {why}")))?;
    Ok(policy.to_owned())
}

fn with_statement(key: &Key<EventBus>, spec: &EventBusSpec, input: &sdk::PutPermissionRequest) -> Answer<String> {
    let required = |name: &str| invalid(format!("Parameter {name} must be specified."));
    let id = input.statement_id.as_deref().ok_or_else(|| required("StatementId"))?;
    let action = input.action.as_deref().ok_or_else(|| required("Action"))?;
    let principal = input.principal.as_deref().ok_or_else(|| required("Principal"))?;
    if action != "events:PutEvents" {
        return Err(invalid("Provided value in parameter 'action' is not supported."));
    }
    let mut statement = json!({
        "Sid": id, "Effect": "Allow", "Principal": named(principal)?, "Action": action, "Resource": load::bus_arn(key).to_string(),
    });
    if let Some(condition) = &input.condition {
        statement["Condition"] = json!({condition.r#type.as_str(): {condition.key.as_str(): condition.value}});
    }
    let mut statements = statements(spec);
    statements.retain(|statement| statement["Sid"] != *id);
    statements.push(statement);
    let policy = document(statements);
    Policy::parse(&policy, Kind::Resource).map_err(|why| invalid(why.to_string()))?;
    Ok(policy)
}

fn named(principal: &str) -> Answer<Value> {
    let is_account = principal.len() == 12 && principal.bytes().all(|it| it.is_ascii_digit());
    match principal {
        "*" => Ok(json!("*")),
        account if is_account => Ok(json!({"AWS": format!("arn:aws:iam::{account}:root")})),
        _ => Err(invalid("Provided value in parameter 'principal' is not valid.")),
    }
}

fn without_statement(spec: &EventBusSpec, id: &str) -> Answer<Option<String>> {
    if spec.policy.is_none() {
        return Err(not_found("EventBus does not have a policy."));
    }
    let before = statements(spec);
    let left: Vec<Value> = before.iter().filter(|statement| statement["Sid"] != *id).cloned().collect();
    if left.len() == before.len() {
        return Err(not_found("Statement with the provided id does not exist."));
    }
    Ok((!left.is_empty()).then(|| document(left)))
}

/// A document with one statement needn't put it into a list.
fn statements(spec: &EventBusSpec) -> Vec<Value> {
    let document: Value = spec.policy.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    match &document["Statement"] {
        Value::Array(statements) => statements.clone(),
        Value::Null => Vec::new(),
        statement => vec![statement.clone()],
    }
}

fn document(statements: Vec<Value>) -> String {
    json!({"Version": "2012-10-17", "Statement": statements}).to_string()
}
