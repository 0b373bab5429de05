//! Aliases.

use crate::cloud::{Cloud, FUNCTION, at};
use serde_json::{Value, json};

async fn two_versions() -> Cloud {
    let cloud = Cloud::with_function().await;
    cloud.publish().await;
    cloud.configure(json!({"Timeout": 9})).await;
    cloud.publish().await;
    cloud
}

#[tokio::test]
async fn an_alias_moves() {
    let cloud = two_versions().await;
    let made = cloud.ok("POST", &at("f/aliases"), json!({"Name": "live", "FunctionVersion": "1", "Description": "d"})).await;
    assert_eq!((&made["AliasArn"], &made["FunctionVersion"]), (&json!(format!("{FUNCTION}:live")), &json!("1")));
    assert_eq!(cloud.get("f/configuration?Qualifier=live").await["Timeout"], 3);
    let stale = json!({"FunctionVersion": "2", "RevisionId": "11111111-2222-4333-8444-555555555555"});
    cloud.fails("PUT", &at("f/aliases/live"), stale, "PreconditionFailedException").await;
    let moved = cloud.ok("PUT", &at("f/aliases/live"), json!({"FunctionVersion": "2", "RevisionId": made["RevisionId"]})).await;
    assert_eq!((&moved["Description"], &moved["FunctionVersion"]), (&json!("d"), &json!("2")));
    let shown = cloud.get("f/configuration?Qualifier=live").await;
    assert_eq!((&shown["Timeout"], &shown["Version"]), (&json!(9), &json!("2")));
    assert_eq!(shown["FunctionArn"], format!("{FUNCTION}:live"));
    cloud.ok("DELETE", &at("f/aliases/live"), Value::Null).await;
    let gone = cloud.fails("GET", &at("f/aliases/live"), Value::Null, "ResourceNotFoundException").await;
    assert_eq!(gone, format!("Cannot find alias arn: {FUNCTION}:live"));
}

#[tokio::test]
async fn weights_have_rules() {
    let cloud = two_versions().await;
    let alias = |version: &str, weights: Value| json!({"Name": "live", "FunctionVersion": version, "RoutingConfig": {"AdditionalVersionWeights": weights}});
    for (version, weights, said) in [
        ("1", json!({"2": 0.1, "$LATEST": 0.1}), None),
        (
            "1",
            json!({"1": 0.1}),
            Some("Invalid function version 1. Function version 1 is already included in routing configuration."),
        ),
        ("$LATEST", json!({"1": 0.1}), Some("$LATEST is not supported for an alias pointing to more than 1 version")),
        ("1", json!({"2": 0.1, "1": 0.1}), Some("Number of items in AdditionalVersionWeights cannot be greater than 1")),
    ] {
        let wish = alias(version, weights);
        let code = if said.is_some() { "InvalidParameterValueException" } else { "ValidationException" };
        let refused = cloud.fails("POST", &at("f/aliases"), wish, code).await;
        assert!(said.is_none_or(|said| refused == said), "{refused}");
    }
    let missing = cloud.fails("POST", &at("f/aliases"), alias("1", json!({"7": 0.1})), "ResourceNotFoundException").await;
    assert_eq!(missing, format!("Function not found: {FUNCTION}:7"));
    let made = cloud.ok("POST", &at("f/aliases"), alias("1", json!({"2": 0.25}))).await;
    assert_eq!(made["RoutingConfig"]["AdditionalVersionWeights"], json!({"2": 0.25}));
    let twice = cloud.fails("POST", &at("f/aliases"), alias("1", json!({})), "ResourceConflictException").await;
    assert_eq!(twice, format!("Alias already exists: {FUNCTION}:live"));
    cloud.ok("PUT", &at("f/aliases/live"), json!({"RoutingConfig": {"AdditionalVersionWeights": {}}})).await;
    assert_eq!(cloud.get("f/aliases/live").await["RoutingConfig"], Value::Null);
    let of_one = cloud.get("f/aliases?FunctionVersion=1").await;
    assert_eq!(of_one["Aliases"][0]["Name"], "live");
    assert_eq!(cloud.get("f/aliases?FunctionVersion=2").await["Aliases"], json!([]));
}
