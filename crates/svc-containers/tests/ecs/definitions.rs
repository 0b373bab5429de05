//! Task definitions through the front.

use crate::cloud::{Cloud, fargate, strings};
use serde_json::{Value, json};

#[tokio::test]
async fn revisions_are_counted_and_never_given_twice() {
    let cloud = Cloud::new().await;
    for number in 1..=3 {
        let answer = cloud.register("web", "nginx").await;
        assert_eq!(answer["taskDefinition"]["revision"], number);
        assert_eq!(answer["taskDefinition"]["status"], "ACTIVE");
    }
    cloud.ok("DeregisterTaskDefinition", json!({"taskDefinition": "web:3"})).await;
    cloud.ok("DeleteTaskDefinitions", json!({"taskDefinitions": ["web:3"]})).await;
    cloud.settle().await;
    let gone = cloud.fails("DescribeTaskDefinition", json!({"taskDefinition": "web:3"})).await;
    assert_eq!(gone, ("ClientException".into(), "Unable to describe task definition.".into()));
    assert_eq!(cloud.register("web", "nginx").await["taskDefinition"]["revision"], 4);
    let newest = cloud.ok("DescribeTaskDefinition", json!({"taskDefinition": "web"})).await;
    assert_eq!(newest["taskDefinition"]["revision"], 4);
}

#[tokio::test]
async fn lists_have_pages_and_an_order() {
    let cloud = Cloud::new().await;
    for _ in 0..11 {
        cloud.register("web", "nginx").await;
    }
    cloud.register("api", "nginx").await;
    let mut all = Vec::new();
    let mut token = Value::Null;
    loop {
        let input = json!({"familyPrefix": "web", "sort": "DESC", "maxResults": 4, "nextToken": token});
        let page = cloud.ok("ListTaskDefinitions", input).await;
        all.extend(strings(&page["taskDefinitionArns"]));
        token = page["nextToken"].clone();
        if token.is_null() {
            break;
        }
    }
    let numbers: Vec<&str> = all.iter().map(|arn| arn.rsplit(':').next().unwrap()).collect();
    assert_eq!(numbers, ["11", "10", "9", "8", "7", "6", "5", "4", "3", "2", "1"]);
    let families = cloud.ok("ListTaskDefinitionFamilies", json!({})).await;
    assert_eq!(strings(&families["families"]), ["api", "web"]);
}

#[tokio::test]
async fn an_inactive_definition_can_be_described_but_not_run() {
    let cloud = Cloud::furnished().await;
    let answer = cloud.ok("DeregisterTaskDefinition", json!({"taskDefinition": "web:1"})).await;
    assert_eq!(answer["taskDefinition"]["status"], "INACTIVE");
    let listed = cloud.ok("ListTaskDefinitions", json!({"status": "INACTIVE"})).await;
    assert_eq!(listed["taskDefinitionArns"].as_array().unwrap().len(), 1);
    let network = cloud.network();
    let run = json!({"cluster": "c", "taskDefinition": "web:1", "launchType": "FARGATE", "networkConfiguration": network});
    assert_eq!(cloud.fails("RunTask", run).await, ("ClientException".into(), "TaskDefinition is inactive".into()));
}

#[tokio::test]
async fn bad_input_is_refused_and_changes_nothing() {
    let cloud = Cloud::furnished().await;
    let good = json!([{"name": "web", "image": "nginx"}]);
    let mut wrong_type = fargate("x", good.clone());
    wrong_type["containerDefinitions"] = json!("none");
    let mut bad_mode = fargate("x", good.clone());
    bad_mode["networkMode"] = json!("token-ring");
    for (operation, input, code) in [
        ("RegisterTaskDefinition", fargate("no spaces", good.clone()), "ClientException"),
        ("RegisterTaskDefinition", fargate("x", json!([])), "ClientException"),
        ("RegisterTaskDefinition", wrong_type, "SerializationException"),
        ("RegisterTaskDefinition", json!({"containerDefinitions": good}), "InvalidParameterException"),
        ("DescribeTaskDefinition", json!({"taskDefinition": "nothing"}), "ClientException"),
        ("DescribeTaskDefinition", json!({"taskDefinition": "web:x"}), "ClientException"),
        ("DeregisterTaskDefinition", json!({"taskDefinition": "web"}), "ClientException"),
        ("DeregisterTaskDefinition", json!({"taskDefinition": "web:9"}), "ClientException"),
        ("DeleteTaskDefinitions", json!({"taskDefinitions": []}), "InvalidParameterException"),
        ("ListTaskDefinitions", json!({"maxResults": 101}), "InvalidParameterException"),
        ("ListTaskDefinitionFamilies", json!({"nextToken": "!"}), "InvalidParameterException"),
    ] {
        assert_eq!(cloud.fails(operation, input.clone()).await.0, code, "{operation} {input}");
    }
    let before = cloud.revision();
    assert_ne!(cloud.call("RegisterTaskDefinition", bad_mode).await.status, 200);
    assert_eq!(cloud.revision(), before);
    let active = cloud.ok("DeleteTaskDefinitions", json!({"taskDefinitions": ["web:1", "web:2"]})).await;
    assert_eq!(active["failures"].as_array().unwrap().len(), 2);
}
