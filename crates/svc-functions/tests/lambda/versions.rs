//! Published versions.

use crate::cloud::{Cloud, FUNCTION, at, base64, zip};
use serde_json::{Value, json};

#[tokio::test]
async fn a_version_is_what_the_function_was() {
    let cloud = Cloud::with_function().await;
    let first = cloud.ok("POST", &at("f/versions"), json!({"Description": "first"})).await;
    assert_eq!((&first["Version"], &first["FunctionArn"]), (&json!("1"), &json!(format!("{FUNCTION}:1"))));
    cloud.settle().await;
    assert_eq!(cloud.publish().await, "1", "nothing has changed");
    cloud.configure(json!({"Timeout": 9})).await;
    assert_eq!(cloud.publish().await, "2");
    let one = cloud.get("f/configuration?Qualifier=1").await;
    assert_eq!((&one["Timeout"], &one["Description"], &one["State"]), (&json!(3), &json!("first"), &json!("Active")));
    let all = cloud.get("f/versions").await;
    let numbers: Vec<_> = all["Versions"].as_array().unwrap().iter().map(|it| it["Version"].clone()).collect();
    assert_eq!(numbers, [json!("$LATEST"), json!("1"), json!("2")]);
    cloud.call("DELETE", &at("f?Qualifier=2"), Value::Null).await;
    assert_eq!(cloud.publish().await, "3", "a number isn't used again");
}

#[tokio::test]
async fn who_publishes_may_say_what() {
    let cloud = Cloud::with_function().await;
    let latest = cloud.get("f/configuration").await;
    let other = json!({"CodeSha256": "AAAA"});
    let refused = cloud.fails("POST", &at("f/versions"), other, "InvalidParameterValueException").await;
    assert!(refused.starts_with("CodeSHA256 (AAAA) is different from current CodeSHA256 in $LATEST"), "{refused}");
    let stale = json!({"RevisionId": "11111111-2222-4333-8444-555555555555"});
    cloud.fails("POST", &at("f/versions"), stale, "PreconditionFailedException").await;
    let right = json!({"CodeSha256": latest["CodeSha256"], "RevisionId": latest["RevisionId"]});
    assert_eq!(cloud.ok("POST", &at("f/versions"), right).await["Version"], "1");
    let made = cloud.create("g", json!({"Publish": true})).await;
    assert_eq!(made["Version"], "1");
    assert_eq!(cloud.get("g/versions").await["Versions"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn the_same_variables_are_no_change() {
    let cloud = Cloud::with_function().await;
    let wish = json!({"Environment": {"Variables": {"A1": "b"}}});
    cloud.configure(wish.clone()).await;
    assert_eq!(cloud.publish().await, "1");
    cloud.configure(wish).await;
    assert_eq!(cloud.publish().await, "1");
    cloud.ok("PUT", &at("f/code"), json!({"ZipFile": base64(&zip("app.py", b"new"))})).await;
    cloud.settle().await;
    assert_eq!(cloud.publish().await, "2");
}

#[tokio::test]
async fn some_versions_stay() {
    let cloud = Cloud::with_function().await;
    cloud.publish().await;
    cloud.ok("POST", &at("f/aliases"), json!({"Name": "live", "FunctionVersion": "1"})).await;
    let used = cloud.fails("DELETE", &at("f?Qualifier=1"), Value::Null, "ResourceConflictException").await;
    assert_eq!(used, "Unable to delete version because the following aliases reference it: [live]");
    let latest = cloud.fails("DELETE", &at("f?Qualifier=%24LATEST"), Value::Null, "InvalidParameterValueException").await;
    assert_eq!(latest, "$LATEST version cannot be deleted without deleting the function.");
    cloud.fails("DELETE", &at("f?Qualifier=live"), Value::Null, "InvalidParameterValueException").await;
}
