//! The account's resource policies.
//!
//! They let services of AWS write to the account's log groups ([`services`](super::super::services)). CloudWatch Logs doesn't ask them about
//! users, roles and other accounts (API reference, `PutResourcePolicy`). Policies of single log groups are not built.

use super::{super::views, Answer, errors, page};
use api::logs as sdk;
use front::Cx;
use logic::policy::{Kind, Policy};
use model::{
    Key,
    logs::{ResourcePolicy, ResourcePolicySpec},
};
use serde_json::Value;
use spine::{Read, Scope, Tx};
use wire::Fault;

/// Of an account in a region (Amazon CloudWatch Logs user guide, "CloudWatch Logs quotas").
const MOST_POLICIES: usize = 10;
/// Of an account's policy, in characters (API reference, `PutResourcePolicy`); those of single groups may have ten times as many.
const LONGEST: usize = 5120;
/// Of a page where the caller doesn't say (API reference, `DescribeResourcePolicies`).
const PAGE: i32 = 50;

pub fn put(cx: &Cx, tx: &mut Tx, input: &sdk::PutResourcePolicyRequest) -> Answer<sdk::PutResourcePolicyResponse> {
    refuse_of_group(&input.resource_arn, &input.expected_revision_id)?;
    let name = given(&input.policy_name, "policyName")?;
    let document = given(&input.policy_document, "policyDocument")?;
    check(document)?;
    let key = key(cx, name);
    let spec = ResourcePolicySpec { document: document.to_owned(), updated: cx.now };
    if tx.exists(&key)? {
        tx.put_spec(&key, &spec)?;
    } else if tx.specs::<ResourcePolicy>(Scope::Region(&cx.account, &cx.region))?.len() < MOST_POLICIES {
        tx.create(&key, &spec)?;
    } else {
        return Err(errors::too_many());
    }
    Ok(sdk::PutResourcePolicyResponse { resource_policy: Some(views::resource_policy(name, &spec)), revision_id: None })
}

pub fn describe(
    cx: &Cx,
    tx: &mut Tx,
    input: &sdk::DescribeResourcePoliciesRequest,
) -> Answer<sdk::DescribeResourcePoliciesResponse> {
    refuse_of_group(&input.resource_arn, &None)?;
    let mut policies = tx.specs::<ResourcePolicy>(Scope::Region(&cx.account, &cx.region))?;
    if input.policy_scope == Some(sdk::PolicyScope::Resource) {
        policies.clear();
    }
    let limit = usize::try_from(input.limit.unwrap_or(PAGE)).unwrap_or_default();
    let (policies, next_token) = page(policies, |(key, _)| &key.id, input.next_token.as_deref(), limit);
    let shown = policies.iter().map(|(key, spec)| views::resource_policy(&key.id, spec)).collect();
    Ok(sdk::DescribeResourcePoliciesResponse { resource_policies: Some(shown), next_token })
}

pub fn delete(cx: &Cx, tx: &mut Tx, input: &sdk::DeleteResourcePolicyRequest) -> Answer<()> {
    refuse_of_group(&input.resource_arn, &input.expected_revision_id)?;
    let name = given(&input.policy_name, "policyName")?;
    let key = key(cx, name);
    if !tx.exists(&key)? {
        return Err(errors::no_policy(name));
    }
    Ok(tx.delete(&key)?)
}

fn key(cx: &Cx, name: &str) -> Key<ResourcePolicy> {
    Key::new(&cx.account, &cx.region, name)
}

fn refuse_of_group(resource_arn: &Option<String>, revision: &Option<String>) -> Result<(), Fault> {
    match (resource_arn, revision) {
        (None, None) => Ok(()),
        (Some(_), _) => Err(errors::not_built("resourceArn of a resource policy")),
        (None, Some(_)) => Err(errors::invalid("expectedRevisionId goes with resourceArn.")),
    }
}

fn given<'a>(text: &'a Option<String>, parameter: &str) -> Result<&'a str, Fault> {
    let given = text.as_deref().filter(|text| !text.is_empty());
    given.ok_or_else(|| errors::invalid(format!("{parameter} must be specified.")))
}

/// Refuses what is too long, is no policy, or doesn't say which log groups it is about.
fn check(document: &str) -> Result<(), Fault> {
    if document.chars().count() > LONGEST {
        return Err(errors::invalid(format!(
            "1 validation error detected: Value at 'policyDocument' failed to satisfy constraint: Member must have length less than or equal to {LONGEST}"
        )));
    }
    Policy::parse(document, Kind::Resource).map_err(|malformed| errors::invalid_policy(malformed.to_string()))?;
    let document: Value = serde_json::from_str(document).unwrap_or_default();
    let statements = match &document["Statement"] {
        Value::Array(statements) => &statements[..],
        statement => std::slice::from_ref(statement),
    };
    let named = |statement: &Value| ["Resource", "NotResource"].iter().any(|element| statement.get(element).is_some());
    if statements.iter().all(named) { Ok(()) } else { Err(errors::invalid_policy("A statement names no resource.".into())) }
}
