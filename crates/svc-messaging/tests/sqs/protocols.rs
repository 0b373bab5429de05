//! The two protocols, and the ways to address a queue.

use super::Cloud;
use front::testing::Reply;
use serde_json::{Value, json};

#[tokio::test]
async fn the_query_protocol_is_spoken_as_well() {
    let cloud = Cloud::new();
    let form = async |operation: &str, parameters: &[(&str, &str)]| cloud.bench.form("sqs", operation, parameters).await;
    let made = form(
        "CreateQueue",
        &[
            ("QueueName", "q"),
            ("Attribute.1.Name", "VisibilityTimeout"),
            ("Attribute.1.Value", "40"),
            ("Tag.1.Key", "team"),
            ("Tag.1.Value", "a"),
        ],
    )
    .await;
    let url = made.element("QueueUrl");
    assert_eq!(url, "http://localhost:4566/111122223333/q", "{}", made.text());
    assert!(
        made.text().contains("<CreateQueueResponse xmlns=\"http://queue.amazonaws.com/doc/2012-11-05/\">"),
        "{}",
        made.text()
    );
    let sent = form(
        "SendMessage",
        &[
            ("QueueUrl", &url),
            ("MessageBody", "<x>"),
            ("MessageAttribute.1.Name", "kind"),
            ("MessageAttribute.1.Value.DataType", "String"),
            ("MessageAttribute.1.Value.StringValue", "a"),
        ],
    )
    .await;
    assert_eq!(sent.status, 200, "{}", sent.text());
    let asked = [("QueueUrl", url.as_str()), ("AttributeName.1", "SentTimestamp"), ("MessageAttributeName.1", "All")];
    let received = form("ReceiveMessage", &asked).await.text();
    assert!(received.contains("<Body>&lt;x&gt;</Body>"), "{received}");
    assert!(received.contains("<Attribute><Name>SentTimestamp</Name><Value>1767225600000</Value></Attribute>"), "{received}");
    assert!(received.contains("<MessageAttribute><Name>kind</Name><Value><StringValue>a</StringValue>"), "{received}");
    let attributes = form("GetQueueAttributes", &[("QueueUrl", &url), ("AttributeName.1", "VisibilityTimeout")]).await.text();
    assert!(attributes.contains("<Attribute><Name>VisibilityTimeout</Name><Value>40</Value></Attribute>"), "{attributes}");
    let entry = "SendMessageBatchRequestEntry.1";
    let (id, body) = (format!("{entry}.Id"), format!("{entry}.MessageBody"));
    let batch = form("SendMessageBatch", &[("QueueUrl", &url), (&id, "a"), (&body, "y")]).await;
    assert!(batch.text().contains("<SendMessageBatchResultEntry><Id>a</Id>"), "{}", batch.text());
    let listed = form("ListQueues", &[]).await.text();
    assert!(listed.contains(&format!("<ListQueuesResult><QueueUrl>{url}</QueueUrl></ListQueuesResult>")), "{listed}");
    let missing = form("SendMessage", &[("QueueUrl", "http://localhost:4566/111122223333/none"), ("MessageBody", "x")]).await;
    assert_eq!((missing.status, missing.element("Code")), (400, "AWS.SimpleQueueService.NonExistentQueue".into()));
}

#[tokio::test]
async fn a_request_may_be_addressed_to_the_queue() {
    let cloud = Cloud::new();
    let url = cloud.queue("q", json!({})).await;
    let scope = "111122223333/20260101/us-east-1/sqs/aws4_request";
    let authorization = format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=00");
    let path = "/111122223333/q?Action=SendMessage&MessageBody=x&Version=2012-11-05";
    let request = http::Request::get(path).header("host", "sqs.us-east-1.localhost:4566");
    let request = request.header("x-amz-date", "20260101T000000Z").header("authorization", authorization);
    let reply = cloud.bench.send(request.body(Default::default()).unwrap()).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(cloud.counts(&url).await, ["1", "0", "0"]);
}

/// Asks as a client of the JSON protocol that knows the codes of the query protocol.
async fn in_query_mode(cloud: &Cloud, account: &str, operation: &str, input: Value) -> Reply {
    let scope = format!("{account}/20260101/us-east-1/sqs/aws4_request");
    let authorization = format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=00");
    let request = http::Request::post("/").header("host", "localhost:4566").header("x-amz-date", "20260101T000000Z");
    let request = request.header("authorization", authorization).header("x-amz-target", format!("AmazonSQS.{operation}"));
    let request = request.header("x-amzn-query-mode", "true").header("content-type", "application/x-amz-json-1.0");
    cloud.bench.send(request.body(input.to_string().into()).unwrap()).await
}

#[tokio::test]
async fn clients_of_the_older_protocol_get_its_codes() {
    let reply = in_query_mode(&Cloud::new(), "111122223333", "GetQueueUrl", json!({"QueueName": "none"})).await;
    assert_eq!(reply.headers["x-amzn-query-error"], "AWS.SimpleQueueService.NonExistentQueue;Sender");
    assert_eq!((reply.status, reply.code()), (400, "QueueDoesNotExist".into()));
}

#[tokio::test]
async fn a_denial_is_the_same_in_both_protocols() {
    let cloud = Cloud::new();
    let url = cloud.queue("q", json!({})).await;
    let reply = in_query_mode(&cloud, "999988887777", "SendMessage", json!({"QueueUrl": url, "MessageBody": "x"})).await;
    assert_eq!(reply.headers["x-amzn-query-error"], "AccessDenied;Sender");
    assert_eq!((reply.status, reply.code()), (403, "AccessDeniedException".into()));
    let other = cloud.bench.account("999988887777");
    let reply = other.form("sqs", "SendMessage", &[("QueueUrl", &url), ("MessageBody", "x")]).await;
    assert_eq!((reply.status, reply.element("Code")), (403, "AccessDenied".into()));
}
