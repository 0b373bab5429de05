//! Policies of functions: who else may invoke them (Lambda developer guide, "Resource-based policies").

use super::same_revision;
use crate::lambda::{
    errors, find,
    names::{self, Named},
};
use api::lambda as sdk;
use front::{Answer, Cx};
use logic::policy::{Kind, Policy as Document};
use model::{
    AccountId, Key, Record,
    lambda::{LATEST, PolicySpec},
};
use serde_json::{Map, Value, json};
use spine::{Read, Tx};

/// The longest policy, in bytes (Lambda developer guide, "Lambda quotas").
const LONGEST: usize = 20 << 10;

/// `AddPermission`.
pub fn add(cx: &Cx, tx: &mut Tx, input: &sdk::AddPermissionRequest) -> Answer<sdk::AddPermissionResponse> {
    let named = names::parse(cx, &input.function_name, input.qualifier.as_deref())?;
    if named.qualifier.as_deref() == Some(LATEST) {
        return Err(errors::invalid("We currently do not support adding policies for $LATEST."));
    }
    find::existing(tx, &named)?;
    let statement = statement(cx, input, &named)?;
    let key = named.key.policy(named.qualifier.as_deref());
    append(cx, tx, &key, input.revision_id.as_ref(), &statement)?;
    Ok(sdk::AddPermissionResponse { statement: Some(statement.to_string()) })
}

fn statement(cx: &Cx, input: &sdk::AddPermissionRequest, named: &Named) -> Answer<Value> {
    let mut statement = json!({
        "Sid": input.statement_id,
        "Effect": "Allow",
        "Principal": principal(cx, &input.principal)?,
        "Action": input.action,
        "Resource": named.arn().to_string(),
    });
    let conditions = conditions(input);
    if !conditions.is_empty() {
        statement["Condition"] = Value::Object(conditions);
    }
    Ok(statement)
}

/// Everybody, a service, an account, or somebody in one.
pub fn principal(cx: &Cx, given: &str) -> Answer<Value> {
    if given == "*" {
        return Ok(json!("*"));
    }
    if AccountId::parse(given).is_ok() {
        return Ok(json!({"AWS": format!("arn:{}:iam::{given}:root", cx.region.partition())}));
    }
    if given.starts_with("arn:") {
        return Ok(json!({"AWS": given}));
    }
    let is_service = given.ends_with(".amazonaws.com") || given.ends_with(".amazonaws.com.cn") || given.ends_with(".amazon.com");
    if is_service {
        return Ok(json!({"Service": given}));
    }
    Err(errors::invalid("The provided principal was invalid. Please check the principal and try again."))
}

fn conditions(input: &sdk::AddPermissionRequest) -> Map<String, Value> {
    let auth = input.function_url_auth_type.map(sdk::FunctionUrlAuthType::as_str);
    let via_url = input.invoked_via_function_url.map(|via| via.to_string());
    let mut conditions = Map::new();
    let mut put = |operator: &str, key: &str, value: Option<&str>| {
        if let Some(value) = value {
            conditions.entry(operator).or_insert_with(|| json!({}))[key] = json!(value);
        }
    };
    put("StringEquals", "AWS:SourceAccount", input.source_account.as_deref());
    put("StringEquals", "lambda:FunctionUrlAuthType", auth);
    put("StringEquals", "lambda:EventSourceToken", input.event_source_token.as_deref());
    put("StringEquals", "aws:PrincipalOrgID", input.principal_org_id.as_deref());
    put("Bool", "lambda:InvokedViaFunctionUrl", via_url.as_deref());
    put("ArnLike", "AWS:SourceArn", input.source_arn.as_deref());
    conditions
}

/// Adds a statement to a policy, which may be the first one.
pub fn append<R: Record<Spec = PolicySpec>>(
    cx: &Cx,
    tx: &mut Tx,
    key: &Key<R>,
    revision: Option<&String>,
    statement: &Value,
) -> Answer<String> {
    let before = tx.spec(key)?;
    if let Some(before) = &before {
        same_revision(revision, &before.revision, "GetPolicy")?;
    }
    let mut statements = before.map(|before| before.statements.clone()).unwrap_or_default();
    if let Some(sid) = statement["Sid"].as_str().filter(|sid| statements.iter().any(|known| known["Sid"] == *sid)) {
        return Err(errors::conflict(format!(
            "The statement id ({sid}) provided already exists. Please provide a new statement id, or remove the existing statement."
        )));
    }
    statements.push(statement.clone());
    let after = PolicySpec { revision: cx.env.uuid(), statements };
    let document = after.document();
    if document.len() > LONGEST {
        return Err(errors::policy_too_long(LONGEST));
    }
    if Document::parse(&document, Kind::Resource).is_err() {
        return Err(errors::invalid("The provided principal was invalid. Please check the principal and try again."));
    }
    tx.set_spec(key, &after)?;
    Ok(after.revision)
}

/// Takes a statement out of a policy, which goes with its last one.
pub fn take<R: Record<Spec = PolicySpec>>(
    cx: &Cx,
    tx: &mut Tx,
    key: &Key<R>,
    revision: Option<&String>,
    sid: &str,
) -> Answer<()> {
    let before = tx.spec(key)?.ok_or_else(errors::no_policy)?;
    same_revision(revision, &before.revision, "GetPolicy")?;
    let mut statements = before.statements.clone();
    statements.retain(|statement| statement["Sid"] != *sid);
    if statements.len() == before.statements.len() {
        return Err(errors::no_statement(sid));
    }
    match statements.is_empty() {
        true => Ok(tx.delete(key)?),
        false => Ok(tx.put_spec(key, &PolicySpec { revision: cx.env.uuid(), statements })?),
    }
}

/// `RemovePermission`.
pub fn remove(cx: &Cx, tx: &mut Tx, input: &sdk::RemovePermissionRequest) -> Answer<()> {
    let named = names::parse(cx, &input.function_name, input.qualifier.as_deref())?;
    find::existing(tx, &named)?;
    let key = named.key.policy(named.published());
    take(cx, tx, &key, input.revision_id.as_ref(), &input.statement_id)
}

/// `GetPolicy`.
pub fn get(cx: &Cx, tx: &mut Tx, input: &sdk::GetPolicyRequest) -> Answer<sdk::GetPolicyResponse> {
    let named = names::parse(cx, &input.function_name, input.qualifier.as_deref())?;
    let policy = tx.spec(&named.key.policy(named.published()))?.ok_or_else(errors::nothing)?;
    Ok(sdk::GetPolicyResponse { policy: Some(policy.document()), revision_id: Some(policy.revision.clone()) })
}
