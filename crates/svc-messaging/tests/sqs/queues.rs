//! Queues themselves: names, attributes, tags, deletion, purging, lists.

use super::{Cloud, arn, redrive};
use serde_json::json;

#[tokio::test]
async fn a_queue_is_made_once_and_shows_its_attributes() {
    let cloud = Cloud::new();
    let url = cloud.queue("q", json!({"VisibilityTimeout": "60"})).await;
    assert_eq!(url, "http://localhost:4566/111122223333/q");
    assert_eq!(cloud.queue("q", json!({})).await, url);
    assert_eq!(cloud.queue("q", json!({"VisibilityTimeout": "60"})).await, url);
    let input = json!({"QueueName": "q", "Attributes": {"VisibilityTimeout": "61"}});
    let message = cloud.fails("CreateQueue", input, "QueueNameExists").await;
    assert_eq!(message, "A queue already exists with the same name and a different value for attribute VisibilityTimeout");
    let expected = json!({
        "ApproximateNumberOfMessages": "0", "ApproximateNumberOfMessagesDelayed": "0", "ApproximateNumberOfMessagesNotVisible": "0",
        "CreatedTimestamp": "1767225600", "LastModifiedTimestamp": "1767225600", "DelaySeconds": "0", "MaximumMessageSize": "1048576",
        "MessageRetentionPeriod": "345600", "ReceiveMessageWaitTimeSeconds": "0", "VisibilityTimeout": "60", "QueueArn": arn("q"),
        "SqsManagedSseEnabled": "true",
    });
    assert_eq!(cloud.attributes(&url).await, expected);
    assert_eq!(cloud.ok("GetQueueUrl", json!({"QueueName": "q"})).await["QueueUrl"], url.as_str());
    let other = cloud.bench.account("999988887777");
    assert_eq!(other.json("sqs", "GetQueueUrl", json!({"QueueName": "q"})).await.code(), "QueueDoesNotExist");
}

#[tokio::test]
async fn attributes_have_ranges_and_names() {
    let cloud = Cloud::new();
    let url = cloud.queue("q", json!({})).await;
    for (name, good, bad) in [
        ("DelaySeconds", "900", "901"),
        ("MaximumMessageSize", "1024", "1023"),
        ("MaximumMessageSize", "1048576", "1048577"),
        ("MessageRetentionPeriod", "60", "59"),
        ("ReceiveMessageWaitTimeSeconds", "20", "21"),
        ("VisibilityTimeout", "43200", "-1"),
        ("SqsManagedSseEnabled", "false", "no"),
    ] {
        cloud.ok("SetQueueAttributes", json!({"QueueUrl": url, "Attributes": {name: good}})).await;
        assert_eq!(cloud.attributes(&url).await[name], good);
        let message =
            cloud.fails("SetQueueAttributes", json!({"QueueUrl": url, "Attributes": {name: bad}}), "InvalidAttributeValue").await;
        assert_eq!(message, format!("Invalid value for the parameter {name}."));
    }
    for name in ["Colour", "FifoQueue", "ContentBasedDeduplication", "QueueArn"] {
        cloud.fails("SetQueueAttributes", json!({"QueueUrl": url, "Attributes": {name: "true"}}), "InvalidAttributeName").await;
    }
    cloud.fails("SetQueueAttributes", json!({"QueueUrl": url, "Attributes": {"Policy": "{"}}), "InvalidAttributeValue").await;
    cloud.fails("GetQueueAttributes", json!({"QueueUrl": url, "AttributeNames": ["FifoQueue"]}), "InvalidAttributeName").await;
    let some = cloud.ok("GetQueueAttributes", json!({"QueueUrl": url, "AttributeNames": ["QueueArn"]})).await;
    assert_eq!(some, json!({"Attributes": {"QueueArn": arn("q")}}));
}

#[tokio::test]
async fn names_and_fifo_belong_together() {
    let cloud = Cloud::new();
    let long = "x".repeat(81);
    for name in ["", "a b", "a.b", "q.fifo", long.as_str()] {
        cloud.fails("CreateQueue", json!({"QueueName": name}), "InvalidParameterValue").await;
    }
    cloud.fails("CreateQueue", json!({"QueueName": "q", "Attributes": {"FifoQueue": "true"}}), "InvalidParameterValue").await;
    cloud.fails("CreateQueue", json!({"QueueName": "q", "Attributes": {"FifoQueue": "false"}}), "InvalidAttributeName").await;
    let limit = json!({"FifoQueue": "true", "FifoThroughputLimit": "perMessageGroupId"});
    cloud.fails("CreateQueue", json!({"QueueName": "q.fifo", "Attributes": limit}), "InvalidAttributeValue").await;
    let url = cloud.queue("q.fifo", json!({"FifoQueue": "true"})).await;
    let found = cloud.attributes(&url).await;
    assert_eq!((&found["FifoQueue"], &found["DeduplicationScope"]), (&json!("true"), &json!("queue")));
    assert_eq!((&found["ContentBasedDeduplication"], &found["FifoThroughputLimit"]), (&json!("false"), &json!("perQueue")));
}

#[tokio::test]
async fn a_deleted_queues_name_rests_for_a_minute() {
    let cloud = Cloud::new();
    let url = cloud.queue("q", json!({})).await;
    cloud.send(&url, "old").await;
    cloud.ok("DeleteQueue", json!({"QueueUrl": url})).await;
    cloud.fails("SendMessage", json!({"QueueUrl": url, "MessageBody": "x"}), "QueueDoesNotExist").await;
    cloud.fails("DeleteQueue", json!({"QueueUrl": url}), "QueueDoesNotExist").await;
    cloud.advance(59);
    cloud.fails("CreateQueue", json!({"QueueName": "q"}), "QueueDeletedRecently").await;
    cloud.advance(1);
    let url = cloud.queue("q", json!({})).await;
    assert_eq!(cloud.receive(&url).await.len(), 0);
}

#[tokio::test]
async fn a_purged_queue_is_empty_and_can_be_purged_once_a_minute() {
    let cloud = Cloud::new();
    let url = cloud.queue("q", json!({})).await;
    cloud.send(&url, "one").await;
    cloud.send(&url, "two").await;
    let in_flight = cloud.receive_with(&url, json!({"MaxNumberOfMessages": 1})).await;
    cloud.ok("PurgeQueue", json!({"QueueUrl": url})).await;
    assert_eq!(cloud.counts(&url).await, ["0", "0", "0"]);
    cloud.delete(&url, &in_flight[0]).await;
    let message = cloud.fails("PurgeQueue", json!({"QueueUrl": url}), "PurgeQueueInProgress").await;
    assert_eq!(message, "Only one PurgeQueue operation on q is allowed every 60 seconds.");
    cloud.advance(60);
    cloud.ok("PurgeQueue", json!({"QueueUrl": url})).await;
}

#[tokio::test]
async fn queues_are_listed_in_pages() {
    let cloud = Cloud::new();
    assert_eq!(cloud.ok("ListQueues", json!({})).await, json!({}));
    for name in ["a1", "a2", "a3", "b"] {
        cloud.queue(name, if name == "b" { json!({}) } else { json!({"DelaySeconds": "1"}) }).await;
    }
    let url = |name: &str| format!("http://localhost:4566/111122223333/{name}");
    let first = cloud.ok("ListQueues", json!({"QueueNamePrefix": "a", "MaxResults": 2})).await;
    assert_eq!(first["QueueUrls"], json!([url("a1"), url("a2")]));
    let second = cloud.ok("ListQueues", json!({"QueueNamePrefix": "a", "MaxResults": 2, "NextToken": first["NextToken"]})).await;
    assert_eq!(second, json!({"QueueUrls": [url("a3")]}));
    cloud.fails("ListQueues", json!({"MaxResults": 1001}), "InvalidParameterValue").await;
    for name in ["a1", "a3"] {
        cloud.ok("SetQueueAttributes", json!({"QueueUrl": url(name), "Attributes": redrive("b", 3)})).await;
    }
    let sources = cloud.ok("ListDeadLetterSourceQueues", json!({"QueueUrl": url("b"), "MaxResults": 1})).await;
    assert_eq!(sources["queueUrls"], json!([url("a1")]));
    let rest = json!({"QueueUrl": url("b"), "MaxResults": 1, "NextToken": sources["NextToken"]});
    assert_eq!(cloud.ok("ListDeadLetterSourceQueues", rest).await, json!({"queueUrls": [url("a3")]}));
}

#[tokio::test]
async fn queues_have_tags() {
    let cloud = Cloud::new();
    let made = cloud.ok("CreateQueue", json!({"QueueName": "q", "tags": {"team": "a"}})).await;
    let url = &made["QueueUrl"];
    cloud.ok("TagQueue", json!({"QueueUrl": url, "Tags": {"team": "b", "stage": "x"}})).await;
    assert_eq!(cloud.ok("ListQueueTags", json!({"QueueUrl": url})).await, json!({"Tags": {"team": "b", "stage": "x"}}));
    cloud.ok("UntagQueue", json!({"QueueUrl": url, "TagKeys": ["team", "none"]})).await;
    assert_eq!(cloud.ok("ListQueueTags", json!({"QueueUrl": url})).await, json!({"Tags": {"stage": "x"}}));
    cloud.fails("TagQueue", json!({"QueueUrl": url, "Tags": {"aws:x": "b"}}), "InvalidParameterValue").await;
}

#[tokio::test]
async fn what_is_no_queues_url_is_refused() {
    let cloud = Cloud::new();
    cloud.fails("SendMessage", json!({"QueueUrl": "http://localhost/x", "MessageBody": "x"}), "InvalidAddress").await;
    cloud.fails("SendMessage", json!({"MessageBody": "x"}), "MissingParameter").await;
}
