//! Queue policies: who else may do what.

use super::{Cloud, arn};
use front::testing::Reply;
use serde_json::{Value, json};

const OTHER: &str = "999988887777";

fn denied(reply: &Reply) -> bool {
    reply.status == 403 && reply.code() == "AccessDeniedException"
}

#[tokio::test]
async fn a_policy_lets_others_in() {
    let cloud = Cloud::new();
    let url = cloud.queue("q", json!({})).await;
    let other = cloud.bench.account(OTHER);
    let send = json!({"QueueUrl": url, "MessageBody": "x"});
    assert!(denied(&other.json("sqs", "SendMessage", send.clone()).await));
    let add = json!({"QueueUrl": url, "Label": "friends", "AWSAccountIds": [OTHER], "Actions": ["SendMessage"]});
    cloud.ok("AddPermission", add.clone()).await;
    cloud.fails("AddPermission", add, "InvalidParameterValue").await;
    assert_eq!(other.json("sqs", "SendMessage", send.clone()).await.status, 200);
    let batch = json!({"QueueUrl": url, "Entries": [{"Id": "1", "MessageBody": "x"}]});
    assert_eq!(other.json("sqs", "SendMessageBatch", batch).await.status, 200, "a batch needs the same permission");
    assert!(denied(&other.json("sqs", "ReceiveMessage", json!({"QueueUrl": url})).await));
    let policy: Value = serde_json::from_str(cloud.attributes(&url).await["Policy"].as_str().unwrap()).unwrap();
    let statement = json!({
        "Sid": "friends", "Effect": "Allow", "Principal": {"AWS": format!("arn:aws:iam::{OTHER}:root")}, "Action": "SQS:SendMessage",
        "Resource": arn("q"),
    });
    assert_eq!(policy["Statement"], json!([statement]));
    cloud.ok("RemovePermission", json!({"QueueUrl": url, "Label": "friends"})).await;
    cloud.fails("RemovePermission", json!({"QueueUrl": url, "Label": "friends"}), "InvalidParameterValue").await;
    assert!(denied(&other.json("sqs", "SendMessage", send).await));
    assert!(cloud.attributes(&url).await["Policy"].is_null());
}

#[tokio::test]
async fn what_only_the_owner_can_do_no_policy_gives_away() {
    let cloud = Cloud::new();
    let url = cloud.queue("q", json!({})).await;
    let all = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": "*", "Action": "sqs:*", "Resource": arn("q")}});
    cloud.ok("SetQueueAttributes", json!({"QueueUrl": url, "Attributes": {"Policy": all.to_string()}})).await;
    let other = cloud.bench.account(OTHER);
    for (operation, input) in [
        ("DeleteQueue", json!({"QueueUrl": url})),
        ("TagQueue", json!({"QueueUrl": url, "Tags": {"a": "b"}})),
        ("SetQueueAttributes", json!({"QueueUrl": url, "Attributes": {"DelaySeconds": "1"}})),
        ("AddPermission", json!({"QueueUrl": url, "Label": "x", "AWSAccountIds": [OTHER], "Actions": ["*"]})),
    ] {
        assert!(denied(&other.json("sqs", operation, input).await), "{operation}");
    }
    assert_eq!(other.json("sqs", "ReceiveMessage", json!({"QueueUrl": url})).await.status, 200);
}

#[tokio::test]
async fn permissions_are_checked_before_they_are_given() {
    let cloud = Cloud::new();
    let url = cloud.queue("q", json!({})).await;
    let add = |label: &str, account: &str, action: &str| json!({"QueueUrl": url, "Label": label, "AWSAccountIds": [account], "Actions": [action]});
    cloud.fails("AddPermission", add("a b", OTHER, "*"), "InvalidParameterValue").await;
    cloud.fails("AddPermission", add("a", "1", "*"), "InvalidParameterValue").await;
    cloud.fails("AddPermission", add("a", OTHER, "CreateQueue"), "InvalidParameterValue").await;
}
