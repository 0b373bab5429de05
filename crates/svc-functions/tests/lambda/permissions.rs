//! Policies of functions.

use crate::cloud::{Cloud, FUNCTION, at};
use serde_json::{Value, json};

fn grant(sid: &str) -> Value {
    json!({
        "StatementId": sid, "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com",
        "SourceArn": "arn:aws:s3:::photos", "SourceAccount": "111122223333",
    })
}

#[tokio::test]
async fn statements_have_the_documented_form() {
    let cloud = Cloud::with_function().await;
    let added = cloud.ok("POST", &at("f/policy"), grant("s3")).await;
    let statement: Value = serde_json::from_str(added["Statement"].as_str().unwrap()).unwrap();
    let expected = json!({
        "Sid": "s3", "Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "lambda:InvokeFunction",
        "Resource": FUNCTION,
        "Condition": {"StringEquals": {"AWS:SourceAccount": "111122223333"}, "ArnLike": {"AWS:SourceArn": "arn:aws:s3:::photos"}},
    });
    assert_eq!(statement, expected);
    let policy = cloud.get("f/policy").await;
    let document: Value = serde_json::from_str(policy["Policy"].as_str().unwrap()).unwrap();
    assert_eq!(document, json!({"Version": "2012-10-17", "Id": "default", "Statement": [expected]}));
    let twice = cloud.fails("POST", &at("f/policy"), grant("s3"), "ResourceConflictException").await;
    assert!(twice.starts_with("The statement id (s3) provided already exists."), "{twice}");
    let mut stale = grant("other");
    stale["RevisionId"] = json!("11111111-2222-4333-8444-555555555555");
    cloud.fails("POST", &at("f/policy"), stale, "PreconditionFailedException").await;
    cloud.ok("DELETE", &at("f/policy/s3"), Value::Null).await;
    cloud.fails("GET", &at("f/policy"), Value::Null, "ResourceNotFoundException").await;
    cloud.fails("DELETE", &at("f/policy/s3"), Value::Null, "ResourceNotFoundException").await;
}

#[tokio::test]
async fn a_qualifier_has_its_own_policy() {
    let cloud = Cloud::with_function().await;
    cloud.publish().await;
    cloud.ok("POST", &at("f/policy?Qualifier=1"), grant("s3")).await;
    cloud.fails("GET", &at("f/policy"), Value::Null, "ResourceNotFoundException").await;
    let policy = cloud.get("f/policy?Qualifier=1").await;
    let document: Value = serde_json::from_str(policy["Policy"].as_str().unwrap()).unwrap();
    assert_eq!(document["Statement"][0]["Resource"], format!("{FUNCTION}:1"));
    cloud.fails("POST", &at("f/policy?Qualifier=7"), grant("s3"), "ResourceNotFoundException").await;
    cloud.fails("POST", &at("f/policy?Qualifier=%24LATEST"), grant("s3"), "InvalidParameterValueException").await;
    let mut nobody = grant("x");
    nobody["Principal"] = json!("nobody");
    cloud.fails("POST", &at("f/policy"), nobody, "InvalidParameterValueException").await;
}

#[tokio::test]
async fn another_account_sees_what_it_was_granted() {
    let cloud = Cloud::with_function().await;
    let other = cloud.account("444455556666");
    let path = at(&FUNCTION.replace(':', "%3A"));
    other.fails("GET", &path, Value::Null, "AccessDeniedException").await;
    let grant = json!({"StatementId": "a", "Action": "lambda:GetFunction", "Principal": "444455556666"});
    cloud.ok("POST", &at("f/policy"), grant).await;
    other.ok("GET", &path, Value::Null).await;
    other.fails("DELETE", &path, Value::Null, "AccessDeniedException").await;
}
