//! Which documents can be a repository's policy, and what is known of a repository when it is decided who may do what to it.

use super::{errors, find};
use front::{Answer, Cx, Facts};
use logic::policy::{Kind, Policy};
use model::{AccountId, Arn, Key, Region, ecr::Repository};
use serde_json::Value;
use spine::{Read, Snapshot};
use wire::Fault;

/// Refuses what can't be a repository's policy. Its statements name no resource, since the repository is the only one, and no actions of
/// other services (Amazon ECR user guide, "Private repository policies").
pub fn check(text: &str) -> Result<(), Fault> {
    let is_policy = Policy::parse(text, Kind::Resource).is_ok();
    let document: Value = serde_json::from_str(text).unwrap_or_default();
    if is_policy && statements(&document).iter().all(is_of_repository) { Ok(()) } else { Err(errors::invalid_policy()) }
}

/// A document with one statement needn't put it into a list.
fn statements(document: &Value) -> &[Value] {
    match &document["Statement"] {
        Value::Array(statements) => statements,
        statement => std::slice::from_ref(statement),
    }
}

fn is_of_repository(statement: &Value) -> bool {
    let names_resource = ["Resource", "NotResource"].iter().any(|element| statement.get(element).is_some());
    !names_resource && ["Action", "NotAction"].iter().all(|element| texts(&statement[element]).all(is_action))
}

fn is_action(action: &str) -> bool {
    action == "*" || action.split_once(':').is_some_and(|(service, _)| service.eq_ignore_ascii_case("ecr"))
}

/// One text, or a list of them.
fn texts(element: &Value) -> impl Iterator<Item = &str> {
    let several = element.as_array().into_iter().flatten().filter_map(Value::as_str);
    element.as_str().into_iter().chain(several)
}

/// What is known of the repository that an ARN names.
pub fn facts(_: &Cx, snapshot: &Snapshot, arn: &Arn) -> Result<Facts, Fault> {
    repository(arn).map_or_else(|| Ok(Facts::default()), |key| repository_facts(snapshot, &key))
}

/// What is known of a repository: its tags and its policy. Nothing of one that isn't there.
pub fn repository_facts(snapshot: &Snapshot, key: &Key<Repository>) -> Result<Facts, Fault> {
    let Some(spec) = snapshot.spec(key)? else { return Ok(Facts::default()) };
    let facts = Facts { tags: spec.tags.clone(), ..Facts::default() };
    Ok(match &spec.policy {
        Some(policy) => with_policy(facts, key, policy),
        None => facts,
    })
}

fn with_policy(facts: Facts, key: &Key<Repository>, policy: &str) -> Facts {
    facts.with_policy(&key.arn().to_string(), policy, Kind::Resource)
}

/// The repository of an ARN as [`Key::arn`] makes them.
fn repository(arn: &Arn) -> Option<Key<Repository>> {
    let name = arn.resource_id("ecr", "repository")?;
    let (account, region) = (AccountId::parse(&arn.account).ok()?, Region::parse(&arn.region).ok()?);
    Some(Key::new(&account, &region, name))
}

/// Refuses a policy that would keep the caller from ever setting another one.
pub fn refuse_lockout(cx: &Cx, read: &impl Read, key: &Key<Repository>, policy: &str) -> Answer<()> {
    let spec = find::existing(read, key)?;
    let facts = with_policy(Facts { tags: spec.tags.clone(), ..Facts::default() }, key, policy);
    if cx.could("ecr:SetRepositoryPolicy", &key.arn(), &facts)? { Ok(()) } else { Err(errors::lockout()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn statements_are_about_the_repository_and_nothing_else() {
        let statement = |more: Value| {
            let mut statement = json!({"Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage"});
            statement.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            statement
        };
        for (statements, good) in [
            (statement(json!({})), true),
            (json!([statement(json!({})), statement(json!({"Action": ["ecr:Get*", "ECR:PutImage"]}))]), true),
            (statement(json!({"Action": "*"})), true),
            (statement(json!({"Resource": "*"})), false),
            (json!([statement(json!({})), statement(json!({"NotResource": "*"}))]), false),
            (statement(json!({"Action": ["ecr:*", "s3:GetObject"]})), false),
            (statement(json!({"Principal": null})), false),
            (statement(json!({"Effect": "Maybe"})), false),
        ] {
            let document = json!({"Version": "2008-10-17", "Statement": statements}).to_string();
            assert_eq!(check(&document).is_ok(), good, "{document}");
        }
        for text in ["", "{}", "[]", "null", "{\"Statement\":", "\"text\""] {
            assert!(check(text).is_err(), "{text}");
        }
    }
}
