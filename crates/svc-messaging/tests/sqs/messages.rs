//! Messages of standard queues: what they hold, when they are seen, batches, long polling.

use super::{Cloud, bodies};
use serde_json::{Value, json};
use std::time::Duration;

#[tokio::test]
async fn a_message_is_sent_received_and_deleted() {
    let cloud = Cloud::new();
    let url = cloud.queue("q", json!({})).await;
    let sent = cloud.send(&url, "hello").await;
    assert_eq!(sent["MD5OfMessageBody"], "5d41402abc4b2a76b9719d911017c592");
    assert_eq!(cloud.counts(&url).await, ["1", "0", "0"]);
    let received = cloud.receive(&url).await;
    assert_eq!(received.len(), 1);
    assert_eq!((&received[0]["Body"], &received[0]["MessageId"]), (&json!("hello"), &sent["MessageId"]));
    let attributes = json!({
        "SenderId": "111122223333", "SentTimestamp": "1767225600000", "ApproximateReceiveCount": "1",
        "ApproximateFirstReceiveTimestamp": "1767225600000",
    });
    assert_eq!(received[0]["Attributes"], attributes);
    assert_eq!(cloud.counts(&url).await, ["0", "1", "0"]);
    assert_eq!(cloud.receive(&url).await.len(), 0);
    cloud.delete(&url, &received[0]).await;
    cloud.delete(&url, &received[0]).await;
    cloud.advance(31);
    assert_eq!((cloud.receive(&url).await.len(), cloud.counts(&url).await), (0, ["0", "0", "0"].map(String::from)));
}

#[tokio::test]
async fn an_undeleted_message_comes_back_and_old_receipts_delete_nothing() {
    let cloud = Cloud::new();
    let url = cloud.queue("q", json!({"VisibilityTimeout": "10"})).await;
    cloud.send(&url, "x").await;
    let first = cloud.receive(&url).await;
    cloud.advance(10);
    let second = cloud.receive(&url).await;
    assert_eq!(second[0]["Attributes"]["ApproximateReceiveCount"], "2");
    cloud.delete(&url, &first[0]).await;
    assert_eq!(cloud.counts(&url).await, ["0", "1", "0"]);
    cloud.delete(&url, &second[0]).await;
    assert_eq!(cloud.counts(&url).await, ["0", "0", "0"]);
    cloud.fails("DeleteMessage", json!({"QueueUrl": url, "ReceiptHandle": "junk"}), "ReceiptHandleIsInvalid").await;
    let other = cloud.queue("other", json!({})).await;
    let input = json!({"QueueUrl": other, "ReceiptHandle": second[0]["ReceiptHandle"]});
    cloud.fails("DeleteMessage", input, "ReceiptHandleIsInvalid").await;
}

#[tokio::test]
async fn visibility_can_be_changed_for_twelve_hours_in_all() {
    let cloud = Cloud::new();
    let url = cloud.queue("q", json!({})).await;
    cloud.send(&url, "x").await;
    let handle = cloud.receive(&url).await[0]["ReceiptHandle"].clone();
    let change = |seconds: i64| json!({"QueueUrl": url, "ReceiptHandle": handle, "VisibilityTimeout": seconds});
    cloud.fails("ChangeMessageVisibility", change(43_201), "InvalidParameterValue").await;
    cloud.ok("ChangeMessageVisibility", change(43_200)).await;
    cloud.advance(43_000);
    let message = cloud.fails("ChangeMessageVisibility", change(201), "InvalidParameterValue").await;
    assert!(message.ends_with("Total VisibilityTimeout for the message is beyond the limit [43200 seconds]."), "{message}");
    cloud.ok("ChangeMessageVisibility", change(0)).await;
    cloud.fails("ChangeMessageVisibility", change(1), "MessageNotInflight").await;
    let again = cloud.receive_with(&url, json!({"VisibilityTimeout": 5})).await;
    cloud.advance(5);
    assert_eq!(cloud.receive(&url).await.len(), 1);
    let entries = json!([
        {"Id": "a", "ReceiptHandle": again[0]["ReceiptHandle"], "VisibilityTimeout": 5},
        {"Id": "b", "ReceiptHandle": "junk", "VisibilityTimeout": 5},
    ]);
    let batch = cloud.ok("ChangeMessageVisibilityBatch", json!({"QueueUrl": url, "Entries": entries})).await;
    assert_eq!(
        (&batch["Failed"][0]["Code"], &batch["Failed"][1]["Code"]),
        (&json!("MessageNotInflight"), &json!("ReceiptHandleIsInvalid"))
    );
}

#[tokio::test]
async fn messages_wait_for_their_delay() {
    let cloud = Cloud::new();
    let url = cloud.queue("q", json!({"DelaySeconds": "10"})).await;
    cloud.send(&url, "late").await;
    cloud.ok("SendMessage", json!({"QueueUrl": url, "MessageBody": "soon", "DelaySeconds": 5})).await;
    cloud.ok("SendMessage", json!({"QueueUrl": url, "MessageBody": "now", "DelaySeconds": 0})).await;
    cloud.fails("SendMessage", json!({"QueueUrl": url, "MessageBody": "x", "DelaySeconds": 901}), "InvalidParameterValue").await;
    assert_eq!(cloud.counts(&url).await, ["1", "0", "2"]);
    assert_eq!(bodies(&cloud.receive(&url).await), ["now"]);
    cloud.advance(5);
    assert_eq!(bodies(&cloud.receive(&url).await), ["soon"]);
    cloud.advance(5);
    assert_eq!(bodies(&cloud.receive(&url).await), ["late"]);
}

#[tokio::test]
async fn a_waiting_receiver_gets_what_comes() {
    let cloud = Cloud::new();
    let url = cloud.queue("q", json!({"VisibilityTimeout": "15"})).await;
    let wait = async |seconds: u64| cloud.receive_with(&url, json!({"WaitTimeSeconds": seconds})).await;
    let (received, ()) = tokio::join!(wait(20), async {
        tokio::task::yield_now().await;
        cloud.send(&url, "x").await;
    });
    assert_eq!(bodies(&received), ["x"]);
    // It comes back while somebody waits.
    let (again, ()) = tokio::join!(wait(20), pass(&cloud, 10, 4));
    assert_eq!(again[0]["Attributes"]["ApproximateReceiveCount"], "2");
    cloud.delete(&url, &again[0]).await;
    let (none, ()) = tokio::join!(wait(2), pass(&cloud, 1, 3));
    assert_eq!(none.len(), 0);
}

/// Lets time pass in steps, and whoever waits have a look after each.
async fn pass(cloud: &Cloud, seconds: u64, times: usize) {
    for _ in 0..times {
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        cloud.advance(seconds);
    }
}

#[tokio::test]
async fn whoever_waits_at_a_queue_that_is_deleted_is_told() {
    let cloud = Cloud::new();
    let url = cloud.queue("q", json!({"ReceiveMessageWaitTimeSeconds": "20"})).await;
    let (reply, ()) = tokio::join!(cloud.call("ReceiveMessage", json!({"QueueUrl": url})), async {
        tokio::task::yield_now().await;
        cloud.ok("DeleteQueue", json!({"QueueUrl": url})).await;
    });
    assert_eq!(reply.code(), "QueueDoesNotExist");
}

#[tokio::test]
async fn the_header_of_a_trace_is_kept_where_no_attribute_says_it() {
    let cloud = Cloud::new();
    let url = cloud.queue("q", json!({})).await;
    let given = json!({"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1-5e3d83c1-00"}});
    for (input, kept) in [(json!({}), "Root=1-5e3d83c1-e6"), (json!({"MessageSystemAttributes": given}), "Root=1-5e3d83c1-00")] {
        let mut input = input;
        (input["QueueUrl"], input["MessageBody"]) = (json!(url), json!("x"));
        let reply = cloud.bench.json_with("sqs", "SendMessage", input, &[("x-amzn-trace-id", "Root=1-5e3d83c1-e6")]).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        let message = &cloud.receive_with(&url, json!({"MessageSystemAttributeNames": ["AWSTraceHeader"]})).await[0];
        assert_eq!(message["Attributes"]["AWSTraceHeader"], kept);
    }
}

#[tokio::test]
async fn message_attributes_come_with_their_digests() {
    let cloud = Cloud::new();
    let url = cloud.queue("q", json!({})).await;
    let attributes = json!({
        "kind.a": {"DataType": "String", "StringValue": "é"}, "kind.b": {"DataType": "Binary", "BinaryValue": "AAH/"},
        "n": {"DataType": "Number", "StringValue": "7"},
    });
    let system = json!({"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1-5e3d83c1-e6a0db584850d61342823d4c"}});
    let input = json!({"QueueUrl": url, "MessageBody": "x", "MessageAttributes": attributes, "MessageSystemAttributes": system});
    let sent = cloud.ok("SendMessage", input).await;
    assert!(sent["MD5OfMessageSystemAttributes"].is_string());
    let message = &cloud.receive_with(&url, json!({"MessageAttributeNames": ["All"], "VisibilityTimeout": 0})).await[0];
    assert_eq!(message["MD5OfMessageAttributes"], sent["MD5OfMessageAttributes"]);
    assert_eq!(message["MessageAttributes"], attributes);
    assert_eq!(message["Attributes"]["AWSTraceHeader"], "Root=1-5e3d83c1-e6a0db584850d61342823d4c");
    let some = &cloud.receive_with(&url, json!({"MessageAttributeNames": ["kind.*"], "VisibilityTimeout": 0})).await[0];
    assert_eq!(some["MessageAttributes"].as_object().unwrap().len(), 2);
    let none =
        &cloud.receive_with(&url, json!({"AttributeNames": ["SentTimestamp"], "MessageSystemAttributeNames": []})).await[0];
    assert!(none["MessageAttributes"].is_null() && none["MD5OfMessageAttributes"].is_null());
    assert_eq!(none["Attributes"], json!({"SentTimestamp": "1767225600000"}));
    cloud.fails("ReceiveMessage", json!({"QueueUrl": url, "AttributeNames": ["Colour"]}), "InvalidAttributeName").await;
}

#[tokio::test]
async fn what_is_no_message_is_refused() {
    let cloud = Cloud::new();
    let url = cloud.queue("q", json!({"MaximumMessageSize": "1024"})).await;
    let message = |body: &str| json!({"QueueUrl": url, "MessageBody": body});
    cloud.fails("SendMessage", message(""), "MissingParameter").await;
    cloud.fails("SendMessage", message("\u{1}"), "InvalidMessageContents").await;
    cloud.fails("SendMessage", message(&"x".repeat(1025)), "InvalidParameterValue").await;
    cloud.send(&url, &"x".repeat(1024)).await;
    let mut with_id = message("x");
    with_id["MessageDeduplicationId"] = json!("d");
    cloud.fails("SendMessage", with_id, "InvalidParameterValue").await;
    for (name, value) in
        [("MaxNumberOfMessages", 11), ("MaxNumberOfMessages", 0), ("WaitTimeSeconds", 21), ("VisibilityTimeout", 43_201)]
    {
        cloud.fails("ReceiveMessage", json!({"QueueUrl": url, name: value}), "InvalidParameterValue").await;
    }
}

#[tokio::test]
async fn batches_fail_entry_by_entry() {
    let cloud = Cloud::new();
    let url = cloud.queue("q", json!({})).await;
    let batch = |entries: Value| json!({"QueueUrl": url, "Entries": entries});
    let entry = |id: &str, body: &str| json!({"Id": id, "MessageBody": body});
    cloud.fails("SendMessageBatch", batch(json!([])), "EmptyBatchRequest").await;
    let eleven: Vec<Value> = (0..11).map(|id| entry(&id.to_string(), "x")).collect();
    cloud.fails("SendMessageBatch", batch(json!(eleven)), "TooManyEntriesInBatchRequest").await;
    cloud.fails("SendMessageBatch", batch(json!([entry("a", "x"), entry("a", "y")])), "BatchEntryIdsNotDistinct").await;
    cloud.fails("SendMessageBatch", batch(json!([entry("a b", "x")])), "InvalidBatchEntryId").await;
    let large = "x".repeat(600_000);
    cloud.fails("SendMessageBatch", batch(json!([entry("a", &large), entry("b", &large)])), "BatchRequestTooLong").await;
    let sent = cloud.ok("SendMessageBatch", batch(json!([entry("a", "one"), entry("b", "\u{2}"), entry("c", "two")]))).await;
    assert_eq!((sent["Successful"].as_array().unwrap().len(), &sent["Failed"][0]["Id"]), (2, &json!("b")));
    assert_eq!((&sent["Failed"][0]["Code"], &sent["Failed"][0]["SenderFault"]), (&json!("InvalidMessageContents"), &json!(true)));
    let received = cloud.receive(&url).await;
    assert_eq!(bodies(&received), ["one", "two"]);
    let entries = json!([
        {"Id": "a", "ReceiptHandle": received[0]["ReceiptHandle"]}, {"Id": "b", "ReceiptHandle": "junk"},
        {"Id": "c", "ReceiptHandle": received[1]["ReceiptHandle"]},
    ]);
    let deleted = cloud.ok("DeleteMessageBatch", batch(entries)).await;
    assert_eq!(
        (deleted["Successful"].as_array().unwrap().len(), &deleted["Failed"][0]["Code"]),
        (2, &json!("ReceiptHandleIsInvalid"))
    );
    assert_eq!(cloud.counts(&url).await, ["0", "0", "0"]);
}

#[tokio::test]
async fn messages_are_kept_as_long_as_the_queue_says() {
    let cloud = Cloud::new();
    let url = cloud.queue("q", json!({"MessageRetentionPeriod": "60"})).await;
    cloud.send(&url, "old").await;
    cloud.advance(30);
    cloud.send(&url, "young").await;
    cloud.advance_by(Duration::from_millis(29_999));
    assert_eq!(cloud.counts(&url).await, ["2", "0", "0"]);
    cloud.advance_by(Duration::from_millis(1));
    assert_eq!(cloud.counts(&url).await, ["1", "0", "0"]);
    assert_eq!(bodies(&cloud.receive(&url).await), ["young"]);
}

#[tokio::test]
async fn many_messages_come_once_each() {
    let cloud = Cloud::new();
    let url = cloud.queue("q", json!({})).await;
    for batch in 0..30 {
        let entries: Vec<Value> =
            (0..10).map(|id| json!({"Id": id.to_string(), "MessageBody": format!("{batch}-{id}")})).collect();
        cloud.ok("SendMessageBatch", json!({"QueueUrl": url, "Entries": entries})).await;
    }
    let mut seen = std::collections::BTreeSet::new();
    loop {
        let received = cloud.receive(&url).await;
        if received.is_empty() {
            break;
        }
        assert!(bodies(&received).iter().all(|body| seen.insert((*body).to_owned())));
    }
    assert_eq!(seen.len(), 300);
}

#[tokio::test]
async fn a_noisy_tenant_of_a_standard_queue_comes_behind_the_others() {
    let cloud = Cloud::new();
    let url = cloud.queue("q", json!({})).await;
    let send = async |group: &str, body: &str| {
        cloud.ok("SendMessage", json!({"QueueUrl": url, "MessageBody": body, "MessageGroupId": group})).await;
    };
    for n in 0..40 {
        send("loud", &format!("loud {n}")).await;
    }
    for _ in 0..3 {
        assert_eq!(cloud.receive(&url).await.len(), 10);
    }
    send("quiet", "quiet").await;
    let next = cloud.receive_with(&url, json!({"MaxNumberOfMessages": 2})).await;
    assert_eq!(bodies(&next), ["quiet", "loud 30"]);
    assert_eq!(next[0]["Attributes"]["MessageGroupId"], "quiet");
}
