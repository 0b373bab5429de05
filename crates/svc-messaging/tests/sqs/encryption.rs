//! What messages are on the disk, and who needs which permission of KMS.

use super::{Cloud, arn, bodies, redrive};
use front::testing::{Bench, Signer};
use serde_json::{Value, json};
use std::path::Path;

const BODY: &str = "the words that nobody else reads";
const VALUE: &str = "nor this attribute";

impl Cloud {
    /// Calls an operation of KMS or IAM that has to succeed.
    async fn other(&self, service: &str, operation: &str, input: Value) -> Value {
        let reply = self.bench.json(service, operation, input).await;
        assert_eq!(reply.status, 200, "{operation}: {}", reply.text());
        reply.json()
    }

    /// Makes a KMS key; its ARN.
    async fn key(&self) -> String {
        self.other("kms", "CreateKey", json!({})).await["KeyMetadata"]["Arn"].as_str().unwrap().to_owned()
    }

    /// A user with that policy.
    async fn user(&self, name: &str, actions: Value) -> Bench {
        let policy =
            json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": actions, "Resource": "*"}}).to_string();
        let form = async |operation: &str, parameters: &[(&str, &str)]| {
            let reply = self.bench.form("iam", operation, parameters).await;
            assert_eq!(reply.status, 200, "{operation}: {}", reply.text());
            reply
        };
        form("CreateUser", &[("UserName", name)]).await;
        form("PutUserPolicy", &[("UserName", name), ("PolicyName", "p"), ("PolicyDocument", &policy)]).await;
        let key = form("CreateAccessKey", &[("UserName", name)]).await;
        let (id, secret) = (key.element("AccessKeyId"), key.element("SecretAccessKey"));
        self.bench.signed_by(Signer { access_key_id: id, secret_access_key: secret, token: None })
    }

    async fn send_secret(&self, url: &str) {
        let attributes = json!({"secret": {"DataType": "String", "StringValue": VALUE}});
        self.ok("SendMessage", json!({"QueueUrl": url, "MessageBody": BODY, "MessageAttributes": attributes})).await;
    }

    /// Receives what [`Cloud::send_secret`] has sent.
    async fn receive_secret(&self, url: &str) -> Vec<Value> {
        let received = self.receive_with(url, json!({"MessageAttributeNames": ["All"]})).await;
        assert_eq!((bodies(&received), &received[0]["MessageAttributes"]["secret"]["StringValue"]), (vec![BODY], &json!(VALUE)));
        received
    }
}

/// Whether a text is in a file below a folder.
fn stands_in(folder: &Path, text: &str) -> bool {
    std::fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        let holds = |bytes: Vec<u8>| bytes.windows(text.len()).any(|window| window == text.as_bytes());
        if path.is_dir() { stands_in(&path, text) } else { holds(std::fs::read(&path).unwrap()) }
    })
}

#[tokio::test]
async fn messages_are_sealed_on_the_disk_unless_the_queue_says_otherwise() {
    for (attributes, readable) in [
        (json!({}), false),
        (json!({"KmsMasterKeyId": "alias/aws/sqs"}), false),
        (json!({"SqsManagedSseEnabled": "false"}), true),
    ] {
        let cloud = Cloud::new();
        let url = cloud.queue("q", attributes).await;
        cloud.send_secret(&url).await;
        let found = [BODY, VALUE].map(|text| stands_in(cloud.folder.path(), text));
        assert_eq!(found, [readable, readable]);
        let cloud = cloud.again();
        cloud.receive_secret(&url).await;
    }
}

#[tokio::test]
async fn there_is_one_kind_of_encryption_at_a_time() {
    let cloud = Cloud::new();
    let url = cloud.queue("q", json!({})).await;
    let shown = async || {
        let found = cloud.attributes(&url).await;
        ["SqsManagedSseEnabled", "KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds"]
            .map(|name| found[name].as_str().map(str::to_owned))
    };
    let set = |attributes: Value| json!({"QueueUrl": url, "Attributes": attributes});
    assert_eq!(shown().await, [Some("true".into()), None, None]);
    cloud.ok("SetQueueAttributes", set(json!({"KmsMasterKeyId": "alias/mine"}))).await;
    assert_eq!(shown().await, [Some("false".into()), Some("alias/mine".into()), Some("300".into())]);
    let message = cloud.fails("SetQueueAttributes", set(json!({"SqsManagedSseEnabled": "true"})), "InvalidAttributeValue").await;
    assert!(message.starts_with("You can use one type of server-side encryption (SSE) at one time."), "{message}");
    let reuse = |seconds: &str| set(json!({"KmsDataKeyReusePeriodSeconds": seconds}));
    cloud.fails("SetQueueAttributes", reuse("59"), "InvalidAttributeValue").await;
    cloud.ok("SetQueueAttributes", reuse("60")).await;
    cloud.ok("SetQueueAttributes", set(json!({"KmsMasterKeyId": "", "SqsManagedSseEnabled": "true"}))).await;
    assert_eq!(shown().await, [Some("true".into()), None, Some("60".into())]);
}

#[tokio::test]
async fn a_key_that_cant_be_used_is_said_in_the_words_of_sqs_when_its_data_key_is_over() {
    let cloud = Cloud::new();
    let key = cloud.key().await;
    let url =
        cloud.queue("q", json!({"KmsMasterKeyId": key, "KmsDataKeyReusePeriodSeconds": "60", "VisibilityTimeout": "0"})).await;
    cloud.send_secret(&url).await;
    cloud.receive_secret(&url).await;
    cloud.other("kms", "DisableKey", json!({"KeyId": key})).await;
    cloud.send_secret(&url).await;
    cloud.advance(60);
    let send = json!({"QueueUrl": url, "MessageBody": "x"});
    let message = cloud.fails("SendMessage", send.clone(), "KmsDisabled").await;
    assert!(message.contains("is disabled. (Service: AWSKMS; Status Code: 400; Error Code: DisabledException;"), "{message}");
    cloud.fails("ReceiveMessage", json!({"QueueUrl": url}), "KmsDisabled").await;
    assert_eq!(cloud.counts(&url).await, ["2", "0", "0"], "nothing counts as received");
    cloud.other("kms", "ScheduleKeyDeletion", json!({"KeyId": key})).await;
    cloud.fails("SendMessage", send, "KmsInvalidState").await;
    let other = cloud.queue("other", json!({"KmsMasterKeyId": "alias/nobody"})).await;
    cloud.fails("SendMessage", json!({"QueueUrl": other, "MessageBody": "x"}), "KmsNotFound").await;
    for (name, spec, usage) in [("mac", "HMAC_256", "GENERATE_VERIFY_MAC"), ("pair", "ECC_NIST_P256", "SIGN_VERIFY")] {
        let key = cloud.other("kms", "CreateKey", json!({"KeySpec": spec, "KeyUsage": usage})).await;
        let url = cloud.queue(name, json!({"KmsMasterKeyId": key["KeyMetadata"]["Arn"]})).await;
        cloud.fails("SendMessage", json!({"QueueUrl": url, "MessageBody": "x"}), "KmsInvalidKeyUsage").await;
    }
}

#[tokio::test]
async fn senders_and_receivers_need_kms_to_let_them() {
    let cloud = Cloud::new();
    let key = cloud.key().await;
    let url = cloud.queue("q", json!({"KmsMasterKeyId": key})).await;
    let send = json!({"QueueUrl": url, "MessageBody": "x"});
    let receive = json!({"QueueUrl": url});
    let stranger = cloud.user("stranger", json!(["sqs:*"])).await;
    let half = cloud.user("half", json!(["sqs:*", "kms:GenerateDataKey"])).await;
    let sender = cloud.user("sender", json!(["sqs:*", "kms:GenerateDataKey", "kms:Decrypt"])).await;
    let reader = cloud.user("reader", json!(["sqs:*", "kms:Decrypt"])).await;
    let code = async |who: &Bench, operation: &str, input: &Value| {
        let reply = who.json("sqs", operation, input.clone()).await;
        if reply.status == 200 { String::new() } else { reply.code() }
    };
    for (who, sends, receives) in [
        (&stranger, "KmsAccessDenied", "KmsAccessDenied"),
        (&half, "KmsAccessDenied", "KmsAccessDenied"),
        (&reader, "KmsAccessDenied", ""),
        (&sender, "", ""),
    ] {
        assert_eq!(
            (code(who, "SendMessage", &send).await, code(who, "ReceiveMessage", &receive).await),
            (sends.into(), receives.into())
        );
    }
    let managed = cloud.queue("managed", json!({"KmsMasterKeyId": "alias/aws/sqs"})).await;
    assert_eq!(
        code(&stranger, "SendMessage", &json!({"QueueUrl": managed, "MessageBody": "x"})).await,
        "",
        "AWS's key is everybody's"
    );
}

#[tokio::test]
async fn a_message_stays_sealed_as_it_was_wherever_it_goes() {
    let cloud = Cloud::new();
    let key = cloud.key().await;
    let grave = cloud.queue("grave", json!({"SqsManagedSseEnabled": "false"})).await;
    let mut attributes = redrive("grave", 1);
    attributes["KmsMasterKeyId"] = json!(key);
    let url = cloud.queue("q", attributes).await;
    cloud.send_secret(&url).await;
    cloud.ok("SetQueueAttributes", json!({"QueueUrl": url, "Attributes": {"KmsMasterKeyId": ""}})).await;
    assert_eq!(cloud.receive(&url).await.len(), 1);
    cloud.advance(30);
    assert_eq!(cloud.receive(&url).await.len(), 0);
    assert!(!stands_in(cloud.folder.path(), BODY));
    let buried = cloud.receive_secret(&grave).await;
    assert_eq!(buried[0]["Attributes"]["DeadLetterQueueSourceArn"], arn("q"));
}
