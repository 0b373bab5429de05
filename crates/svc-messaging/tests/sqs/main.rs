//! SQS through the front: requests as a client would send them, and a clock that stands until it is moved.

mod dead_letters;
mod encryption;
mod fifo;
mod messages;
mod permissions;
mod protocols;
mod queues;
mod restart;

use front::testing::{Bench, Reply};
use serde_json::{Value, json};
use spine::Store;
use std::{sync::Arc, time::Duration};
use svc_identity::iam;
use svc_messaging::sqs::{self, Queues, mail::MailStore};
use svc_secrets::kms;

const ACCOUNT: &str = "111122223333";

/// A cloud with SQS, whose messages are in a folder.
struct Cloud {
    bench: Bench,
    queues: Arc<Queues>,
    folder: Arc<tempfile::TempDir>,
    store: Store,
}

impl Cloud {
    fn new() -> Self {
        Self::on(Store::ephemeral(), Arc::new(tempfile::tempdir().unwrap()))
    }

    fn on(store: Store, folder: Arc<tempfile::TempDir>) -> Self {
        let mut kept = None;
        let bench = Bench::on(store.clone(), |front, store, env| {
            let queues = Queues::new(store.clone(), env.clone(), Arc::new(MailStore::new(folder.path())));
            kept = Some(queues.clone());
            front.service(sqs::service(&queues)).service(iam::service()).service(kms::service(&Arc::new(store.clone())))
        });
        Self { bench, queues: kept.unwrap(), folder, store }
    }

    /// The same cloud after a crash: what was only in memory is gone.
    fn again(self) -> Self {
        let Self { bench, queues, folder, store } = self;
        let passed = bench.env.now().since(front::testing::START);
        drop((bench, queues));
        let cloud = Self::on(store, folder);
        cloud.advance_by(passed);
        cloud
    }

    async fn call(&self, operation: &str, input: Value) -> Reply {
        self.bench.json("sqs", operation, input).await
    }

    async fn ok(&self, operation: &str, input: Value) -> Value {
        let reply = self.call(operation, input).await;
        assert_eq!(reply.status, 200, "{operation}: {}", reply.text());
        reply.json()
    }

    /// Calls an operation that has to fail with a code; its message.
    async fn fails(&self, operation: &str, input: Value, code: &str) -> String {
        let reply = self.call(operation, input).await;
        assert_eq!(reply.code(), code, "{operation}: {} {}", reply.status, reply.text());
        reply.message()
    }

    /// Makes a queue; its URL.
    async fn queue(&self, name: &str, attributes: Value) -> String {
        let made = self.ok("CreateQueue", json!({"QueueName": name, "Attributes": attributes})).await;
        made["QueueUrl"].as_str().unwrap().to_owned()
    }

    async fn send(&self, url: &str, body: &str) -> Value {
        self.ok("SendMessage", json!({"QueueUrl": url, "MessageBody": body})).await
    }

    /// Sends to a FIFO queue.
    async fn send_in(&self, url: &str, group: &str, body: &str) -> Value {
        let input = json!({"QueueUrl": url, "MessageBody": body, "MessageGroupId": group, "MessageDeduplicationId": body});
        self.ok("SendMessage", input).await
    }

    /// Receives up to ten messages with everything that is known of them.
    async fn receive(&self, url: &str) -> Vec<Value> {
        self.receive_with(url, json!({})).await
    }

    async fn receive_with(&self, url: &str, more: Value) -> Vec<Value> {
        let mut input = json!({"QueueUrl": url, "MaxNumberOfMessages": 10, "MessageSystemAttributeNames": ["All"]});
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.ok("ReceiveMessage", input).await["Messages"].as_array().cloned().unwrap_or_default()
    }

    async fn delete(&self, url: &str, message: &Value) {
        self.ok("DeleteMessage", json!({"QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"]})).await;
    }

    async fn attributes(&self, url: &str) -> Value {
        self.ok("GetQueueAttributes", json!({"QueueUrl": url, "AttributeNames": ["All"]})).await["Attributes"].clone()
    }

    /// How many messages can be received, are in flight, are delayed.
    async fn counts(&self, url: &str) -> [String; 3] {
        let found = self.attributes(url).await;
        ["", "NotVisible", "Delayed"].map(|kind| found[format!("ApproximateNumberOfMessages{kind}")].as_str().unwrap().to_owned())
    }

    fn advance(&self, seconds: u64) {
        self.advance_by(Duration::from_secs(seconds));
    }

    fn advance_by(&self, by: Duration) {
        self.bench.advance(by);
    }
}

fn bodies(messages: &[Value]) -> Vec<&str> {
    messages.iter().map(|message| message["Body"].as_str().unwrap()).collect()
}

fn arn(name: &str) -> String {
    format!("arn:aws:sqs:us-east-1:{ACCOUNT}:{name}")
}

/// A redrive policy.
fn redrive(target: &str, most: u32) -> Value {
    json!({"RedrivePolicy": json!({"deadLetterTargetArn": arn(target), "maxReceiveCount": most}).to_string()})
}
