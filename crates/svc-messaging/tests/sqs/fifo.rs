//! FIFO queues: the order of groups, deduplication, attempts.

use super::{Cloud, bodies};
use serde_json::{Value, json};

async fn fifo(cloud: &Cloud, more: Value) -> String {
    let mut attributes = json!({"FifoQueue": "true"});
    attributes.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    cloud.queue("q.fifo", attributes).await
}

#[tokio::test]
async fn a_group_is_received_in_its_order_and_waits_for_what_is_in_flight() {
    let cloud = Cloud::new();
    let url = fifo(&cloud, json!({})).await;
    for (group, body) in [("a", "a1"), ("b", "b1"), ("a", "a2"), ("a", "a3")] {
        cloud.send_in(&url, group, body).await;
    }
    let first = cloud.receive_with(&url, json!({"MaxNumberOfMessages": 2})).await;
    assert_eq!(bodies(&first), ["a1", "a2"]);
    assert_eq!(first[0]["Attributes"]["MessageGroupId"], "a");
    assert_eq!(first[0]["Attributes"]["MessageDeduplicationId"], "a1");
    assert!(first[0]["Attributes"]["SequenceNumber"].as_str() < first[1]["Attributes"]["SequenceNumber"].as_str());
    assert_eq!(bodies(&cloud.receive(&url).await), ["b1"]);
    assert_eq!(cloud.receive(&url).await.len(), 0);
    cloud.delete(&url, &first[0]).await;
    assert_eq!(cloud.receive(&url).await.len(), 0);
    cloud.delete(&url, &first[1]).await;
    assert_eq!(bodies(&cloud.receive(&url).await), ["a3"]);
    cloud.advance(30);
    let stale = json!({"QueueUrl": url, "ReceiptHandle": first[1]["ReceiptHandle"]});
    cloud.ok("DeleteMessage", stale).await;
    assert_eq!(bodies(&cloud.receive(&url).await), ["b1", "a3"]);
}

#[tokio::test]
async fn an_expired_receipt_deletes_nothing() {
    let cloud = Cloud::new();
    let url = fifo(&cloud, json!({})).await;
    cloud.send_in(&url, "a", "x").await;
    let received = cloud.receive(&url).await;
    cloud.advance(30);
    let input = json!({"QueueUrl": url, "ReceiptHandle": received[0]["ReceiptHandle"]});
    let message = cloud.fails("DeleteMessage", input, "InvalidParameterValue").await;
    assert!(message.ends_with("Reason: The receipt handle has expired."), "{message}");
}

#[tokio::test]
async fn a_waiting_receiver_gets_the_next_of_the_group_when_the_last_is_deleted() {
    let cloud = Cloud::new();
    let url = fifo(&cloud, json!({})).await;
    cloud.send_in(&url, "a", "1").await;
    cloud.send_in(&url, "a", "2").await;
    let first = cloud.receive_with(&url, json!({"MaxNumberOfMessages": 1})).await;
    let (second, ()) = tokio::join!(cloud.receive_with(&url, json!({"WaitTimeSeconds": 20})), async {
        tokio::task::yield_now().await;
        cloud.delete(&url, &first[0]).await;
    });
    assert_eq!(bodies(&second), ["2"]);
}

#[tokio::test]
async fn what_was_sent_is_not_sent_again_for_five_minutes() {
    let cloud = Cloud::new();
    let url = fifo(&cloud, json!({"ContentBasedDeduplication": "true"})).await;
    let send = async |id: Option<&str>, body: &str| {
        let mut input = json!({"QueueUrl": url, "MessageBody": body, "MessageGroupId": "g"});
        if let Some(id) = id {
            input["MessageDeduplicationId"] = json!(id);
        }
        cloud.ok("SendMessage", input).await
    };
    let first = send(None, "x").await;
    let again = send(None, "x").await;
    assert_eq!((&first["MessageId"], &first["SequenceNumber"]), (&again["MessageId"], &again["SequenceNumber"]));
    assert_eq!(first["SequenceNumber"].as_str().unwrap().len(), 20);
    send(Some("1"), "y").await;
    send(Some("1"), "z").await;
    let received = cloud.receive(&url).await;
    assert_eq!(bodies(&received), ["x", "y"]);
    for message in &received {
        cloud.delete(&url, message).await;
    }
    cloud.advance(299);
    send(Some("1"), "late").await;
    assert_eq!(cloud.receive(&url).await.len(), 0, "it counts even after it was deleted");
    cloud.advance(1);
    send(Some("1"), "new").await;
    assert_eq!(bodies(&cloud.receive(&url).await), ["new"]);
}

#[tokio::test]
async fn groups_may_have_their_own_deduplication() {
    let cloud = Cloud::new();
    let url = fifo(&cloud, json!({"DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId"})).await;
    for group in ["a", "b", "a"] {
        cloud.send_in(&url, group, "same").await;
    }
    assert_eq!(cloud.counts(&url).await, ["2", "0", "0"]);
}

#[tokio::test]
async fn a_fifo_message_needs_a_group_and_an_id() {
    let cloud = Cloud::new();
    let url = fifo(&cloud, json!({})).await;
    let message = cloud.fails("SendMessage", json!({"QueueUrl": url, "MessageBody": "x"}), "MissingParameter").await;
    assert_eq!(message, "The request must contain the parameter MessageGroupId.");
    let input = json!({"QueueUrl": url, "MessageBody": "x", "MessageGroupId": "g"});
    cloud.fails("SendMessage", input, "InvalidParameterValue").await;
    for (name, value) in
        [("MessageGroupId", json!("a b")), ("MessageGroupId", json!("x".repeat(129))), ("DelaySeconds", json!(1))]
    {
        let mut input = json!({"QueueUrl": url, "MessageBody": "x", "MessageGroupId": "g", "MessageDeduplicationId": "d"});
        input[name] = value;
        cloud.fails("SendMessage", input, "InvalidParameterValue").await;
    }
}

#[tokio::test]
async fn an_attempt_that_is_made_again_gets_the_same_messages() {
    let cloud = Cloud::new();
    let url = fifo(&cloud, json!({})).await;
    cloud.send_in(&url, "a", "1").await;
    cloud.send_in(&url, "b", "2").await;
    let attempt = json!({"ReceiveRequestAttemptId": "one", "MaxNumberOfMessages": 1});
    let first = cloud.receive_with(&url, attempt.clone()).await;
    cloud.advance(20);
    let again = cloud.receive_with(&url, attempt.clone()).await;
    assert_eq!(first[0]["ReceiptHandle"], again[0]["ReceiptHandle"]);
    cloud.delete(&url, &again[0]).await;
    assert_eq!(bodies(&cloud.receive_with(&url, attempt).await), ["2"]);
}

#[tokio::test]
async fn the_queues_delay_holds_for_all_messages() {
    let cloud = Cloud::new();
    let url = fifo(&cloud, json!({"DelaySeconds": "10"})).await;
    cloud.send_in(&url, "a", "1").await;
    assert_eq!(cloud.counts(&url).await, ["0", "0", "1"]);
    cloud.advance(5);
    assert_eq!(cloud.receive(&url).await.len(), 0);
    cloud.ok("SetQueueAttributes", json!({"QueueUrl": url, "Attributes": {"DelaySeconds": "5"}})).await;
    assert_eq!(bodies(&cloud.receive(&url).await), ["1"], "a change holds for what is there already");
}

/// How many of so many calls go through.
async fn through(cloud: &Cloud, operation: &str, inputs: impl Iterator<Item = Value>) -> usize {
    let mut through = 0;
    for input in inputs {
        let reply = cloud.call(operation, input).await;
        match (reply.status, reply.code().as_str()) {
            (200, _) => through += 1,
            (403, "RequestThrottled") => {}
            other => panic!("{operation}: {other:?} {}", reply.text()),
        }
    }
    through
}

#[tokio::test]
async fn a_queue_takes_three_hundred_calls_of_each_kind_in_a_second() {
    let cloud = Cloud::new();
    let url = fifo(&cloud, json!({})).await;
    let send = |n: usize| json!({"QueueUrl": url, "MessageBody": "x", "MessageGroupId": n.to_string(), "MessageDeduplicationId": n.to_string()});
    assert_eq!(through(&cloud, "SendMessage", (0..310).map(send)).await, 300);
    let entries: Vec<Value> = (0..10).map(|n| json!({"Id": n.to_string(), "MessageBody": "x", "MessageGroupId": "g", "MessageDeduplicationId": format!("b{n}")})).collect();
    let batch = json!({"QueueUrl": url, "Entries": entries});
    cloud.fails("SendMessageBatch", batch.clone(), "RequestThrottled").await;
    assert_eq!(
        through(&cloud, "ReceiveMessage", (0..310).map(|_| json!({"QueueUrl": url}))).await,
        300,
        "the other kinds have their own"
    );
    cloud.advance(1);
    assert_eq!(cloud.ok("SendMessageBatch", batch).await["Successful"].as_array().unwrap().len(), 10, "a batch is one call");
    assert_eq!(through(&cloud, "SendMessage", (400..700).map(send)).await, 299);
}

#[tokio::test]
async fn with_high_throughput_each_group_has_its_own_quota() {
    let cloud = Cloud::new();
    let url = fifo(&cloud, json!({"DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId"})).await;
    let send = |group: &str, n: usize| json!({"QueueUrl": url, "MessageBody": "x", "MessageGroupId": group, "MessageDeduplicationId": n.to_string()});
    assert_eq!(through(&cloud, "SendMessage", (0..310).map(|n| send("a", n))).await, 300);
    assert_eq!(through(&cloud, "SendMessage", (0..310).map(|n| send("b", n))).await, 300);
    let entry =
        |id: &str, group: &str| json!({"Id": id, "MessageBody": "x", "MessageGroupId": group, "MessageDeduplicationId": id});
    let batch = json!({"QueueUrl": url, "Entries": [entry("1", "a"), entry("2", "c"), entry("3", "c")]});
    let sent = cloud.ok("SendMessageBatch", batch).await;
    assert_eq!((sent["Successful"].as_array().unwrap().len(), &sent["Failed"][0]["Code"]), (2, &json!("RequestThrottled")));
}
