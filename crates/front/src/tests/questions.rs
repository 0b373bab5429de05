//! The owner's questions about permissions are answered as requests are decided.

use super::permissions::{account, allow, bench, inline, session, write};
use crate::{Principal, testing::Bench};
use bytes::Bytes;
use http::Request;
use model::{
    Key, Timestamp,
    iam::{Permissions, Role, RoleSpec, SessionTerms, UserSpec},
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, time::Duration};

const KEY: &str = "arn:aws:sts::444455556666:key/AKIAREDREDREDREDRED1";
const USER: &str = "arn:aws:iam::444455556666:user/lab/anna";

async fn post(bench: &Bench, question: Value) -> (u16, Value) {
    let request = Request::post("/_hillfog/iam/decide").header("host", "127.0.0.1:4566");
    let reply = bench.send(request.body(Bytes::from(question.to_string())).unwrap()).await;
    (reply.status, reply.json())
}

async fn decide(bench: &Bench, principal: &str) -> Value {
    let question = json!({"principal": principal, "action": "sts:GetAccessKeyInfo", "resource": KEY});
    let (status, answer) = post(bench, question).await;
    assert_eq!(status, 200, "{answer}");
    answer
}

#[tokio::test]
async fn the_statement_that_decided_is_named_and_why_the_others_did_not() {
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Sid": "Other", "Effect": "Allow", "Action": "ecs:*", "Resource": "*"},
        {"Sid": "Red", "Effect": "Allow", "Action": "sts:*", "Resource": "*", "Condition": {"StringEquals": {"aws:ResourceTag/team": "red"}}},
        {"Sid": "Blue", "Effect": "Deny", "Action": "sts:*", "Resource": "*", "Condition": {"StringEquals": {"aws:ResourceTag/team": "blue"}}},
    ]});
    let bench = bench(inline(policy.to_string())).await;
    let answer = decide(&bench, USER).await;
    assert_eq!((&answer["decision"]["allowed"], &answer["decision"]["statements"][0]["sid"]), (&json!(true), &json!("Red")));
    assert_eq!(answer["reason"], "because an identity-based policy allows the sts:GetAccessKeyInfo action");
    let trace = &answer["policies"][0];
    assert_eq!((&trace["policy"], &trace["policy_type"]), (&json!("p"), &json!("identity")));
    let failed: Vec<&Value> = trace["statements"].as_array().unwrap().iter().map(|statement| &statement["failed"]).collect();
    assert_eq!(failed, [&json!("Action"), &Value::Null, &json!("Condition: StringEquals aws:ResourceTag/team")]);
}

#[tokio::test]
async fn conditions_can_be_given() {
    let policy = allow(r#""Action":"*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}"#);
    let bench = bench(inline(policy)).await;
    assert_eq!(decide(&bench, USER).await["decision"]["allowed"], false);
    for (address, allowed) in [("10.1.2.3", true), ("192.0.2.1", false)] {
        let question = json!({"principal": USER, "action": "ecs:RunTask", "context": {"aws:SourceIp": [address]}});
        assert_eq!(post(&bench, question).await.1["decision"]["allowed"], allowed, "{address}");
    }
}

#[tokio::test]
async fn a_role_is_asked_about_as_a_session_of_it() {
    let bench = bench(|_: &mut UserSpec| {}).await;
    let mut permissions = Permissions::default();
    let condition = r#""Condition":{"StringEquals":{"aws:PrincipalTag/team":"red","aws:PrincipalArn":"arn:aws:iam::444455556666:role/ci/builder"}}"#;
    permissions.inline.insert("own".into(), allow(&format!(r#""Action":"*","Resource":"*",{condition}"#)));
    let role = RoleSpec {
        name: "builder".into(),
        path: "/ci/".into(),
        id: "AROABUILDER".into(),
        created_at: Timestamp(0),
        description: None,
        trust: String::new(),
        max_session_s: 3600,
        tags: BTreeMap::from([("team".into(), "red".into())]),
        boundary: None,
        permissions,
    };
    write(&bench, |tx| tx.create(&Key::<Role>::named(&account(), "builder"), &role)).await;
    let sessions_arn = "arn:aws:sts::444455556666:assumed-role/builder/run-7";
    for principal in ["arn:aws:iam::444455556666:role/ci/builder", sessions_arn] {
        assert_eq!(decide(&bench, principal).await["decision"]["allowed"], true, "{principal}");
    }
    // A session that there is has what narrows it, for as long as it lasts.
    let principal = Principal::AssumedRole { role: "ci/builder".into(), id: "AROABUILDER".into(), session: "run-7".into() };
    let narrow = Some(vec![allow(r#""Action":"ecs:*","Resource":"*""#)]);
    let terms = SessionTerms { policies: narrow, tags: role.tags.clone(), ..SessionTerms::default() };
    session(&bench, principal, terms).await;
    assert_eq!(decide(&bench, sessions_arn).await["decision"]["because"], json!({"not-allowed": "session"}));
    bench.advance(Duration::from_secs(901));
    assert_eq!(decide(&bench, sessions_arn).await["decision"]["allowed"], true);
}

#[tokio::test]
async fn the_root_may_and_who_is_not_there_is_nobody() {
    let bench = bench(|_: &mut UserSpec| {}).await;
    assert_eq!(decide(&bench, "arn:aws:iam::444455556666:root").await["decision"]["because"], "root");
    for principal in [
        "arn:aws:iam::444455556666:user/bert",
        // Her path is another.
        "arn:aws:iam::444455556666:user/anna",
        "arn:aws:iam::444455556666:role/none",
        "arn:aws:sts::444455556666:assumed-role/none/s",
        "arn:aws:sts::444455556666:federated-user/none",
        "arn:aws:iam::444455556666:group/staff",
    ] {
        let (status, answer) = post(&bench, json!({"principal": principal, "action": "ecs:RunTask"})).await;
        assert_eq!(status, 404, "{principal}: {answer}");
    }
    let guest = Principal::FederatedUser { name: "guest".into(), by: Some("lab/anna".into()) };
    session(&bench, guest, SessionTerms::default()).await;
    assert_eq!(decide(&bench, "arn:aws:sts::444455556666:federated-user/guest").await["decision"]["allowed"], false);
}

#[tokio::test]
async fn what_can_not_be_asked_is_said() {
    let bench = bench(|_: &mut UserSpec| {}).await;
    for question in [
        json!({}),
        json!({"principal": "anna", "action": "ecs:RunTask"}),
        json!({"principal": "arn:aws:iam::aws:user/anna", "action": "ecs:RunTask"}),
        json!({"principal": USER, "action": "RunTask"}),
        json!({"principal": USER, "action": "ecs:RunTask", "resource": "mine"}),
        json!({"principal": USER, "action": "ecs:RunTask", "context": {"a": "b"}}),
        json!({"principal": USER, "action": "ecs:RunTask", "more": 1}),
    ] {
        assert_eq!(post(&bench, question.clone()).await.0, 400, "{question}");
    }
}
