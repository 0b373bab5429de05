//! Event source mappings: queues whose messages are handed to functions.

mod cloud;

use cloud::{Cloud, QUEUE, url};
use front::testing::Reply;
use serde_json::{Value, json};
use std::time::Duration;

/// The code of an error of a REST API.
fn code(reply: &Reply) -> &str {
    reply.headers.get("x-amzn-errortype").and_then(|code| code.to_str().ok()).unwrap_or_default()
}

fn fine(_: &Value) -> Result<Value, ()> {
    Ok(Value::Null)
}

fn broken(_: &Value) -> Result<Value, ()> {
    Err(())
}

/// Fails what says `bad`.
fn picky(event: &Value) -> Result<Value, ()> {
    let records = event["Records"].as_array().unwrap().iter();
    let failures = records.filter(|record| record["body"] == "bad").map(|record| json!({"itemIdentifier": record["messageId"]}));
    Ok(json!({"batchItemFailures": failures.collect::<Vec<_>>()}))
}

#[tokio::test]
async fn messages_are_handed_to_the_function_and_deleted() {
    let cloud = Cloud::new(fine).await;
    let attributes =
        json!({"kind": {"DataType": "String", "StringValue": "a"}, "raw": {"DataType": "Binary", "BinaryValue": "AAE="}});
    cloud.sqs("SendMessage", json!({"QueueUrl": url("q"), "MessageBody": "hello", "MessageAttributes": attributes})).await;
    let uuid = cloud.mapped(json!({})).await;
    cloud.until("the queue is empty", async || cloud.left("q").await == 0).await;
    let event = cloud.events().remove(0);
    let record = &event["Records"][0];
    let same = [
        ("body", json!("hello")),
        ("md5OfBody", json!("5d41402abc4b2a76b9719d911017c592")),
        ("eventSource", json!("aws:sqs")),
        ("eventSourceARN", json!(QUEUE)),
        ("awsRegion", json!("us-east-1")),
    ];
    same.iter().for_each(|(name, value)| assert_eq!(record[*name], *value, "{name}"));
    let times = &record["attributes"];
    assert_eq!((&times["ApproximateReceiveCount"], &times["SentTimestamp"]), (&json!("1"), &json!("1767225600000")));
    let kind = json!({"stringValue": "a", "stringListValues": [], "binaryListValues": [], "dataType": "String"});
    assert_eq!(record["messageAttributes"]["kind"], kind);
    assert_eq!(record["messageAttributes"]["raw"]["binaryValue"], "AAE=");
    assert!(record["messageId"].is_string() && record["receiptHandle"].is_string());
    cloud.until("the result is noted", async || cloud.mapping(&uuid).await["LastProcessingResult"] == "OK").await;
    cloud.send("another").await;
    cloud.until("a waiting poller gets it", async || cloud.bodies() == ["hello", "another"]).await;
}

#[tokio::test]
async fn what_a_function_fails_comes_back_and_becomes_a_dead_letter() {
    let cloud = Cloud::new(broken).await;
    cloud.sqs("CreateQueue", json!({"QueueName": "grave"})).await;
    let redrive = json!({"deadLetterTargetArn": QUEUE.replace(":q", ":grave"), "maxReceiveCount": 2}).to_string();
    cloud.sqs("SetQueueAttributes", json!({"QueueUrl": url("q"), "Attributes": {"RedrivePolicy": redrive}})).await;
    cloud.send("poison").await;
    let uuid = cloud.mapped(json!({})).await;
    for times in 1..=2 {
        cloud.until("it is called", async || cloud.events().len() == times).await;
        assert_eq!((cloud.left("q").await, cloud.left("grave").await), (1, 0));
        cloud.bench.advance(Duration::from_secs(30));
    }
    cloud
        .until("it is buried", async || {
            cloud.bench.advance(Duration::from_secs(1));
            cloud.left("grave").await == 1
        })
        .await;
    assert_eq!((cloud.left("q").await, cloud.events().len()), (0, 2));
    assert_eq!(cloud.mapping(&uuid).await["LastProcessingResult"], "PROBLEM: Function call failed");
}

#[tokio::test]
async fn only_what_the_function_says_has_failed_comes_back() {
    let cloud = Cloud::new(picky).await;
    for body in ["good", "bad", "good"] {
        cloud.send(body).await;
    }
    cloud.mapped(json!({"FunctionResponseTypes": ["ReportBatchItemFailures"]})).await;
    cloud.until("the good ones are gone", async || cloud.left("q").await == 1).await;
    assert_eq!(cloud.bodies(), ["good", "bad", "good"]);
    cloud.bench.advance(Duration::from_secs(30));
    cloud.until("the bad one is tried again", async || cloud.bodies().len() == 4).await;
    assert_eq!(cloud.bodies().last().unwrap(), "bad");
}

#[tokio::test]
async fn what_no_filter_lets_through_is_deleted() {
    let cloud = Cloud::new(fine).await;
    for body in ["{\"kind\":\"a\"}", "{\"kind\":\"b\"}", "text"] {
        cloud.send(body).await;
    }
    let uuid = cloud.mapped(json!({"FilterCriteria": {"Filters": [{"Pattern": "{\"body\":{\"kind\":[\"a\"]}}"}]}})).await;
    cloud.until("the queue is empty", async || cloud.left("q").await == 0).await;
    assert_eq!(cloud.bodies(), ["{\"kind\":\"a\"}"]);
    let filters = &cloud.mapping(&uuid).await["FilterCriteria"]["Filters"];
    assert_eq!(*filters, json!([{"Pattern": "{\"body\":{\"kind\":[\"a\"]}}"}]));
}

#[tokio::test]
async fn a_batch_is_gathered_for_its_window() {
    let cloud = Cloud::new(fine).await;
    cloud.mapped(json!({"BatchSize": 100, "MaximumBatchingWindowInSeconds": 10})).await;
    for number in 0..15 {
        cloud.send(&number.to_string()).await;
    }
    cloud
        .until("all are handed on", async || {
            cloud.bench.advance(Duration::from_secs(1));
            cloud.bodies().len() == 15
        })
        .await;
    assert!(cloud.events().len() <= 2, "gathered, not one by one");
}

#[tokio::test]
async fn a_mapping_has_states_and_can_be_stopped() {
    let cloud = Cloud::new(fine).await;
    let made = cloud.map(json!({"BatchSize": 5, "ScalingConfig": {"MaximumConcurrency": 2}, "Tags": {"a": "b"}})).await.json();
    let shown = [
        ("State", json!("Creating")),
        ("StateTransitionReason", json!("USER_INITIATED")),
        ("BatchSize", json!(5)),
        ("MaximumBatchingWindowInSeconds", json!(0)),
        ("EventSourceArn", json!(QUEUE)),
        ("FunctionArn", json!("arn:aws:lambda:us-east-1:111122223333:function:f")),
        ("ScalingConfig", json!({"MaximumConcurrency": 2})),
        ("FunctionResponseTypes", json!([])),
    ];
    shown.iter().for_each(|(name, value)| assert_eq!(made[*name], *value, "{name}"));
    let uuid = made["UUID"].as_str().unwrap();
    assert_eq!(code(&cloud.map(json!({})).await), "ResourceConflictException");
    cloud.until("it is enabled", async || cloud.mapping(uuid).await["State"] == "Enabled").await;
    let changed = cloud.change(uuid, "PUT", json!({"Enabled": false})).await;
    assert_eq!((changed.status, &changed.json()["State"]), (202, &json!("Disabling")));
    assert_eq!(cloud.mapping(uuid).await["State"], "Disabled");
    cloud.send("waits").await;
    assert_eq!((cloud.left("q").await, cloud.events().len()), (1, 0));
    assert_eq!(cloud.change(uuid, "PUT", json!({"Enabled": true})).await.json()["State"], "Enabling");
    cloud.until("it goes on", async || cloud.bodies() == ["waits"]).await;
    let deleted = cloud.change(uuid, "DELETE", json!({})).await;
    assert_eq!((deleted.status, &deleted.json()["State"]), (202, &json!("Deleting")));
    assert_eq!(cloud.mapping(uuid).await["Message"], "The resource you requested does not exist.");
}

#[tokio::test]
async fn what_could_not_work_is_refused() {
    let cloud = Cloud::new(fine).await;
    let refused = async |more: Value, expected: &str| {
        let reply = cloud.map(more.clone()).await;
        assert_eq!(code(&reply), expected, "{more}: {}", reply.text());
        reply.message()
    };
    let invalid = "InvalidParameterValueException";
    refused(json!({"FunctionName": "none"}), "ResourceNotFoundException").await;
    refused(json!({"EventSourceArn": QUEUE.replace(":q", ":none")}), invalid).await;
    refused(json!({"BatchSize": 11}), invalid).await;
    refused(json!({"FilterCriteria": {"Filters": [{"Pattern": "{"}]}}), invalid).await;
    refused(json!({"StartingPosition": "LATEST"}), "NotImplemented").await;
    refused(json!({"EventSourceArn": "arn:aws:kinesis:us-east-1:111122223333:stream/s"}), "NotImplemented").await;
    cloud.sqs("SetQueueAttributes", json!({"QueueUrl": url("q"), "Attributes": {"VisibilityTimeout": "2"}})).await;
    let said = refused(json!({}), invalid).await;
    assert_eq!(said, "Queue visibility timeout: 2 seconds is less than Function timeout: 3 seconds");
    cloud.permit("sqs:GetQueueAttributes").await;
    let said = refused(json!({}), invalid).await;
    assert_eq!(said, "The function execution role does not have permissions to call ReceiveMessage on SQS");
}
