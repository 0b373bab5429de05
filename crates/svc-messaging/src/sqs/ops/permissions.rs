//! `AddPermission` and `RemovePermission`: statements of a queue's policy.

use super::super::{errors, names::own};
use api::sqs as sdk;
use front::{Answer, Cx};
use logic::policy::{Kind, Policy};
use model::AccountId;
use serde_json::{Map, Value, json};
use spine::Tx;

/// The most actions of a statement, and the most statements of a policy (API reference, `AddPermission`; developer guide, "Quotas related to
/// policies").
const MOST_ACTIONS: usize = 7;
const MOST_STATEMENTS: usize = 20;

/// `AddPermission`.
pub fn add(cx: &Cx, tx: &mut Tx, input: &sdk::AddPermissionRequest) -> Answer<()> {
    let (key, spec) = own(cx, tx, &input.queue_url)?;
    check_label(&input.label)?;
    let principals = principals(&input.aws_account_ids)?;
    let actions = actions(&input.actions)?;
    let (mut policy, mut statements) = read(spec.policy.as_deref());
    if statements.iter().any(|statement| statement["Sid"] == input.label.as_str()) {
        let reason = "Already exists.";
        return Err(errors::invalid(&input.label, "Label", reason));
    }
    if statements.len() >= MOST_STATEMENTS {
        let message = format!("{} statements were found. Maximum allowed number is {MOST_STATEMENTS}.", statements.len() + 1);
        return Err(wire::Fault::client("OverLimit", message).status(403));
    }
    let arn = key.arn().to_string();
    statements.push(json!({
        "Sid": input.label, "Effect": "Allow", "Principal": {"AWS": one_or_all(principals)}, "Action": one_or_all(actions), "Resource": arn,
    }));
    policy.entry("Version").or_insert_with(|| "2012-10-17".into());
    policy.entry("Id").or_insert_with(|| format!("{arn}/SQSDefaultPolicy").into());
    policy.insert("Statement".into(), statements.into());
    let text = Value::Object(policy).to_string();
    Policy::parse(&text, Kind::Resource).map_err(wire::Fault::internal)?;
    Ok(tx.update_spec(&key, |spec| (spec.policy, spec.modified) = (Some(text), cx.now))?)
}

/// `RemovePermission`.
pub fn remove(cx: &Cx, tx: &mut Tx, input: &sdk::RemovePermissionRequest) -> Answer<()> {
    let (key, spec) = own(cx, tx, &input.queue_url)?;
    let (mut policy, mut statements) = read(spec.policy.as_deref());
    let before = statements.len();
    statements.retain(|statement| statement["Sid"] != input.label.as_str());
    if statements.len() == before {
        return Err(errors::invalid(&input.label, "Label", "can't find label on existing policy."));
    }
    let text = (!statements.is_empty()).then(|| {
        policy.insert("Statement".into(), statements.into());
        Value::Object(policy).to_string()
    });
    Ok(tx.update_spec(&key, |spec| (spec.policy, spec.modified) = (text, cx.now))?)
}

/// A policy and its statements, of which there may be one without a list around it.
fn read(policy: Option<&str>) -> (Map<String, Value>, Vec<Value>) {
    let policy = policy.and_then(|text| serde_json::from_str::<Map<String, Value>>(text).ok()).unwrap_or_default();
    let statements = match policy.get("Statement") {
        Some(Value::Array(statements)) => statements.clone(),
        Some(statement) => vec![statement.clone()],
        None => Vec::new(),
    };
    (policy, statements)
}

fn check_label(label: &str) -> Answer<()> {
    let good =
        (1..=80).contains(&label.len()) && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    let reason = "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length";
    if good { Ok(()) } else { Err(errors::invalid(label, "Label", reason)) }
}

fn principals(accounts: &[String]) -> Answer<Vec<String>> {
    if accounts.is_empty() {
        return Err(errors::missing("AWSAccountIds"));
    }
    let arn = |account: &String| match AccountId::parse(account) {
        Ok(account) => Ok(format!("arn:aws:iam::{account}:root")),
        Err(_) => Err(errors::invalid(account, "PrincipalId", "Unable to verify.")),
    };
    accounts.iter().map(arn).collect()
}

fn actions(names: &[String]) -> Answer<Vec<String>> {
    if names.is_empty() {
        return Err(errors::missing("Actions"));
    }
    if names.len() > MOST_ACTIONS {
        let message = format!("{} Actions were found, maximum allowed is {MOST_ACTIONS}.", names.len());
        return Err(wire::Fault::client("OverLimit", message).status(403));
    }
    const GIVEN: [&str; 8] = [
        "*",
        "ChangeMessageVisibility",
        "DeleteMessage",
        "GetQueueAttributes",
        "GetQueueUrl",
        "ListDeadLetterSourceQueues",
        "PurgeQueue",
        "ReceiveMessage",
    ];
    let action = |name: &String| match GIVEN.contains(&name.as_str()) || name == "SendMessage" {
        true => Ok(format!("SQS:{name}")),
        false => Err(errors::invalid(
            format_args!("SQS:{name}"),
            "ActionName",
            "Please refer to the appropriate WSDL for a list of valid actions.",
        )),
    };
    names.iter().map(action).collect()
}

fn one_or_all(mut texts: Vec<String>) -> Value {
    if texts.len() == 1 { texts.remove(0).into() } else { texts.into() }
}
