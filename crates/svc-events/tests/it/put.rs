//! Events: which are accepted, and where they go.

use crate::cloud::{ACCOUNT, Cloud, queue};
use model::delivery::Caller;
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn an_event_goes_to_the_targets_of_the_rules_that_it_matches() {
    let cloud = Cloud::new();
    cloud.rule("shop", json!({"source": ["shop"], "detail": {"n": [{"numeric": [">", 5]}]}})).await;
    cloud.rule("off", json!({"source": ["shop"]})).await;
    cloud.ok("DisableRule", json!({"Name": "off"})).await;
    let id = cloud.put("shop", json!({"n": 7})).await;
    cloud.put("shop", json!({"n": 5})).await;
    cloud.put("other", json!({"n": 9})).await;
    let found = cloud.bodies().await;
    assert_eq!(
        found,
        [json!({
            "version": "0", "id": id, "detail-type": "test", "source": "shop", "account": ACCOUNT, "time": "2026-01-01T00:00:00Z",
            "region": "us-east-1", "resources": [], "detail": {"n": 7},
        })]
    );
    assert_eq!(cloud.waiting(), 0);
}

#[tokio::test]
async fn buses_keep_their_events_to_themselves() {
    let cloud = Cloud::new();
    cloud.ok("CreateEventBus", json!({"Name": "own"})).await;
    cloud.rule("all", json!({"source": [{"prefix": ""}]})).await;
    let entry = |bus: &str| json!({"Source": "s", "DetailType": "t", "Detail": "{}", "EventBusName": bus});
    let own = format!("arn:aws:events:us-east-1:{ACCOUNT}:event-bus/own");
    let done = cloud.ok("PutEvents", json!({"Entries": [entry("own"), entry(&own), entry("nowhere")]})).await;
    assert_eq!((done["FailedEntryCount"].clone(), done["Entries"].as_array().unwrap().len()), (json!(0), 3));
    assert!(cloud.sent().await.is_empty());
    cloud.ok("PutRule", json!({"Name": "of-own", "EventBusName": "own", "EventPattern": r#"{"source":["s"]}"#})).await;
    let target = json!([{"Id": "1", "Arn": queue("jobs")}]);
    cloud.ok("PutTargets", json!({"Rule": "of-own", "EventBusName": "own", "Targets": target})).await;
    cloud.ok("PutEvents", json!({"Entries": [entry("own"), entry("default")]})).await;
    assert_eq!(cloud.sent().await.len(), 2, "each bus has a rule that matches");
}

#[tokio::test]
async fn entries_are_refused_one_by_one() {
    let cloud = Cloud::new();
    let entries = json!([
        {"DetailType": "t", "Detail": "{}"},
        {"Source": "s", "Detail": "{}"},
        {"Source": "s", "DetailType": "t"},
        {"Source": "s", "DetailType": "t", "Detail": "[]"},
        {"Source": "s", "DetailType": "t", "Detail": "{"},
        {"Source": "aws.s3", "DetailType": "t", "Detail": "{}"},
        {"Source": "s", "DetailType": "t", "Detail": "{}"},
    ]);
    let done = cloud.ok("PutEvents", json!({"Entries": entries})).await;
    let codes: Vec<_> = done["Entries"].as_array().unwrap().iter().map(|it| it["ErrorCode"].as_str().unwrap_or("-")).collect();
    let wrong = "InvalidArgument";
    assert_eq!(codes, [wrong, wrong, wrong, "MalformedDetail", "MalformedDetail", "NotAuthorizedForSourceException", "-"]);
    assert_eq!(done["FailedEntryCount"], 6);
    assert_eq!(
        done["Entries"][1]["ErrorMessage"],
        "Parameter DetailType is not valid. Reason: DetailType is a required argument."
    );
    let large = json!({"Source": "s", "DetailType": "t", "Detail": json!({"a": "x".repeat(1 << 20)}).to_string()});
    cloud.fails("PutEvents", json!({"Entries": [large]}), "ValidationException").await;
    cloud.fails("PutEvents", json!({"Entries": []}), "ValidationException").await;
    let entry = json!({"Source": "s", "DetailType": "t", "Detail": "{}"});
    cloud.fails("PutEvents", json!({"Entries": vec![entry; 11]}), "ValidationException").await;
}

#[tokio::test]
async fn what_is_lost_on_the_way_is_tried_again_and_ends_as_a_dead_letter() {
    let cloud = Cloud::new();
    cloud.rule("r", json!({"source": ["s"]})).await;
    let target = |arn: &str| {
        json!([{"Id": "q", "Arn": queue(arn), "RetryPolicy": {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 3600},
            "DeadLetterConfig": {"Arn": queue("dead")}}])
    };
    cloud.ok("PutTargets", json!({"Rule": "r", "Targets": target("broken")})).await;
    cloud.put("s", json!({})).await;
    assert!(cloud.sent().await.is_empty());
    assert_eq!(cloud.waiting(), 1);
    for _ in 0..2 {
        cloud.advance(Duration::from_secs(600)).await;
    }
    let letters = cloud.sent().await;
    assert_eq!((letters.len(), letters[0].queue.as_str(), cloud.waiting()), (1, "dead", 0));
    assert!(letters[0].body.contains("\"source\":\"s\""));
    let said = |name: &str| letters[0].attributes.iter().find(|(it, _)| it == name).map(|(_, value)| value.as_str());
    assert_eq!(said("RULE_ARN"), Some("arn:aws:events:us-east-1:111122223333:rule/r"));
    assert_eq!(said("TARGET_ARN"), Some(queue("broken").as_str()));
    assert_eq!(said("ERROR_CODE"), Some("InternalError"));
    assert_eq!(said("EXHAUSTED_RETRY_CONDITION"), Some("MaximumRetryAttempts"));
    // What a target doesn't allow is not tried again.
    cloud.ok("PutTargets", json!({"Rule": "r", "Targets": target("closed")})).await;
    cloud.put("s", json!({})).await;
    assert_eq!(cloud.sent().await[0].queue, "dead");
}

#[tokio::test]
async fn services_of_aws_speak_on_the_default_bus_of_their_users() {
    let cloud = Cloud::new();
    cloud.rule("s3", json!({"source": ["aws.s3"]})).await;
    let by = |account: &str| Caller::Service {
        name: "s3.amazonaws.com".into(),
        source: "arn:aws:s3:::photos".parse().unwrap(),
        account: model::AccountId::parse(account).unwrap(),
    };
    cloud.put_by(&by(ACCOUNT), "aws.s3").await.unwrap();
    assert_eq!(cloud.bodies().await[0]["source"], "aws.s3");
    assert!(cloud.put_by(&by("444455556666"), "aws.s3").await.unwrap_err().code.contains("AccessDenied"));
}

#[tokio::test]
async fn events_are_passed_on_to_another_bus_once() {
    let cloud = Cloud::new();
    let role = cloud.role("forwarder", "events.amazonaws.com").await;
    let bus = |name: &str| format!("arn:aws:events:us-east-1:{ACCOUNT}:event-bus/{name}");
    for (from, to) in [("one", "two"), ("two", "one")] {
        cloud.ok("CreateEventBus", json!({"Name": from})).await;
        let rule = json!({"Name": "pass", "EventBusName": from, "EventPattern": r#"{"source":["s"]}"#});
        cloud.ok("PutRule", rule).await;
        let targets = json!([{"Id": "b", "Arn": bus(to), "RoleArn": role}, {"Id": "q", "Arn": queue(from)}]);
        cloud.ok("PutTargets", json!({"Rule": "pass", "EventBusName": from, "Targets": targets})).await;
    }
    let entry = json!({"Source": "s", "DetailType": "t", "Detail": r#"{"a":1}"#, "EventBusName": "one"});
    cloud.ok("PutEvents", json!({"Entries": [entry]})).await;
    let sent = cloud.sent().await;
    let mut queues: Vec<_> = sent.iter().map(|it| it.queue.as_str()).collect();
    queues.sort_unstable();
    assert_eq!((queues, cloud.waiting()), (vec!["one", "two"], 0), "it doesn't come back");
    let itself = json!([{"Id": "b", "Arn": bus("one"), "RoleArn": role}]);
    let input = json!({"Rule": "pass", "EventBusName": "one", "Targets": itself});
    cloud.fails("PutTargets", input, "ValidationException").await;
}
