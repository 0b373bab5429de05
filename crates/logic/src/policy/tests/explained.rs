//! What is said of decisions: explanations, simulations, keys, and the least policy.

use super::world::*;
use crate::policy::*;
use serde_json::json;
use std::collections::BTreeSet;

#[test]
fn every_statement_says_why_it_does_not_count() {
    let policies = Policies {
        identity: vec![named(
            "arn:aws:iam::123456789012:policy/p",
            Kind::Identity,
            json!([
            {"Sid": "A", "Effect": "Allow", "Action": "ec2:*", "Resource": "*"},
            {"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"},
            {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::other/*"},
            {"Effect": "Allow", "Action": "s3:*", "NotResource": "*"},
            {"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": {"StringEquals": {"aws:SourceVpc": "vpc-1"}}},
            {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}]),
        )],
        ..Policies::default()
    };
    let to_bert = attached(
        Kind::Resource,
        json!([
        {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:user/bert"}, "Action": "s3:*", "Resource": "*"}]),
    );
    let context = Context::new();
    let explanation = explain(&request(ANNA, "s3:GetObject", BUCKET, &context), &policies, Some(&to_bert), ResourceRule::Either);
    let failed: Vec<_> = explanation.policies[1].statements.iter().map(|it| it.failed.as_deref()).collect();
    let condition = Some("Condition: StringEquals aws:SourceVpc");
    assert_eq!(failed, [Some("Action"), Some("NotAction"), Some("Resource"), Some("NotResource"), condition, None]);
    assert_eq!(explanation.policies[0].policy_type, PolicyType::Resource);
    assert_eq!(explanation.policies[0].statements[0].failed.as_deref(), Some("Principal"));
    assert_eq!(explanation.reason, "with an explicit deny in an identity-based policy");
    let shown = serde_json::to_value(&explanation).unwrap();
    assert_eq!(shown["decision"]["because"], json!({"denied": "identity"}));
    assert_eq!(shown["decision"]["statements"][0]["policy"], "arn:aws:iam::123456789012:policy/p");
    assert_eq!(shown["policies"][1]["statements"][0]["sid"], "A");
}

#[test]
fn simulations_name_statements_and_missing_keys() {
    let policies = Policies {
        boundary: Some(attached(Kind::Identity, allow("s3:*"))),
        ..identity(json!([
            {"Sid": "Mine", "Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::box/${aws:username}/*"},
            {"Sid": "Near", "Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}},
            {"Sid": "Else", "Effect": "Allow", "Action": "ec2:*", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": "true"}}},
            {"Sid": "Never", "Effect": "Deny", "Action": "s3:Delete*", "Resource": "*"}]))
    };
    let simulated = |action: &str, context: &Context| {
        simulate(&request(ANNA, action, "arn:aws:s3:::box/anna/x", context), &policies, None, ResourceRule::Either)
    };
    let none = simulated("s3:GetObject", &Context::new());
    assert_eq!((none.decision, none.decision.name()), (EvalDecision::ImplicitDeny, "implicitDeny"));
    assert_eq!(none.missing_context, ["aws:SourceIp", "aws:username"]);
    assert_eq!((none.allowed_by_boundary, none.allowed_by_organizations), (Some(true), None));
    let full = Context::new().with("aws:username", "anna").with("aws:SourceIp", "10.0.0.1");
    let allowed = simulated("s3:GetObject", &full);
    let sids = |simulation: &Simulation| simulation.matched.iter().map(|it| it.sid.clone()).collect::<Vec<_>>();
    assert_eq!(allowed.decision, EvalDecision::Allowed);
    assert_eq!(sids(&allowed), [Some("Mine".to_owned()), Some("Near".to_owned()), None]);
    assert!(allowed.missing_context.is_empty());
    let denied = simulated("s3:DeleteObject", &full);
    assert_eq!(denied.decision, EvalDecision::ExplicitDeny);
    assert_eq!(sids(&denied), [Some("Never".to_owned())]);
    assert_eq!(simulated("ec2:RunInstances", &full).allowed_by_boundary, Some(false));
}

#[test]
fn keys_are_those_of_conditions_and_of_variables() {
    let policy = attached(
        Kind::Identity,
        json!([
        {"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::box/${aws:username}/${*}/${s3:x, 'y'}"},
        {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {
            "StringLike": {"s3:prefix": ["${aws:PrincipalTag/team}", "x"], "AWS:UserName": "a"}, "Null": {"aws:TagKeys": "true"}}}]),
    );
    assert_eq!(condition_keys(&policy.policy), ["aws:PrincipalTag/team", "aws:TagKeys", "aws:username", "s3:prefix", "s3:x"]);
}

#[test]
fn the_least_policy_groups_what_was_done_together() {
    let used = |pairs: &[(&str, &str)]| pairs.iter().map(|(a, r)| ((*a).to_owned(), (*r).to_owned())).collect::<BTreeSet<_>>();
    let policy = least_policy(&used(&[
        ("s3:PutObject", "arn:aws:s3:::box/a"),
        ("s3:GetObject", "arn:aws:s3:::box/a"),
        ("s3:GetObject", "arn:aws:s3:::box/b"),
        ("s3:PutObject", "arn:aws:s3:::box/b"),
        ("ecs:ListClusters", "*"),
        ("s3:GetObject", "arn:aws:s3:::box/a*"),
        ("ecs:RegisterTaskDefinition", "arn:aws:ecs:us-east-1:123456789012:task-definition/web:*"),
    ]));
    let expected = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["ecs:ListClusters"], "Resource": ["*"]},
        {"Effect": "Allow", "Action": ["ecs:RegisterTaskDefinition"], "Resource": ["arn:aws:ecs:us-east-1:123456789012:task-definition/web:*"]},
        {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::box/a${*}"]},
        {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": ["arn:aws:s3:::box/a", "arn:aws:s3:::box/b"]}]});
    assert_eq!(policy, expected);
    assert_eq!(least_policy(&BTreeSet::new())["Statement"], json!([]));
}
