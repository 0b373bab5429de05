//! Dead letters: when messages become some, and how they come back.

use super::{Cloud, arn, bodies, redrive};
use serde_json::{Value, json};
use spine::reconcile::{ReconcileCx, Reconciler};
use svc_messaging::sqs::Mover;

async fn pair(cloud: &Cloud) -> (String, String) {
    let grave = cloud.queue("grave", json!({})).await;
    let mut attributes = redrive("grave", 2);
    attributes["VisibilityTimeout"] = json!("1");
    (cloud.queue("q", attributes).await, grave)
}

async fn die(cloud: &Cloud, url: &str) {
    for _ in 0..2 {
        assert!(!cloud.receive(url).await.is_empty());
        cloud.advance(1);
    }
    assert_eq!(cloud.receive(url).await.len(), 0);
}

async fn move_all(cloud: &Cloud) {
    let mover = Mover::new(cloud.queues.clone());
    let cx = ReconcileCx::new(cloud.store.clone(), cloud.bench.env.clone());
    for _ in 0..4 {
        mover.reconcile(&cx).await.unwrap();
        cloud.advance(1);
    }
}

#[tokio::test]
async fn what_was_received_too_often_goes_to_the_dead_letter_queue() {
    let cloud = Cloud::new();
    let (url, grave) = pair(&cloud).await;
    let sent = cloud.send(&url, "poison").await;
    die(&cloud, &url).await;
    assert_eq!(
        (cloud.counts(&url).await, cloud.counts(&grave).await),
        (["0", "0", "0"].map(String::from), ["1", "0", "0"].map(String::from))
    );
    let dead = cloud.receive(&grave).await;
    assert_eq!((&dead[0]["Body"], &dead[0]["MessageId"]), (&json!("poison"), &sent["MessageId"]));
    let attributes = &dead[0]["Attributes"];
    assert_eq!(
        (&attributes["DeadLetterQueueSourceArn"], &attributes["SentTimestamp"]),
        (&json!(arn("q")), &json!("1767225600000"))
    );
    cloud.delete(&grave, &dead[0]).await;
    assert_eq!(cloud.counts(&grave).await, ["0", "0", "0"]);
}

#[tokio::test]
async fn a_dead_letter_holds_its_group_back_no_longer() {
    let cloud = Cloud::new();
    let grave = cloud.queue("grave.fifo", json!({"FifoQueue": "true"})).await;
    let mut attributes = redrive("grave.fifo", 1);
    attributes["FifoQueue"] = json!("true");
    let url = cloud.queue("q.fifo", attributes).await;
    cloud.send_in(&url, "g", "1").await;
    cloud.send_in(&url, "g", "2").await;
    assert_eq!(bodies(&cloud.receive_with(&url, json!({"MaxNumberOfMessages": 1})).await), ["1"]);
    cloud.advance(30);
    assert_eq!(bodies(&cloud.receive(&url).await), ["2"]);
    assert_eq!(bodies(&cloud.receive(&grave).await), ["1"]);
}

#[tokio::test]
async fn a_redrive_policy_is_checked() {
    let cloud = Cloud::new();
    cloud.queue("grave", json!({})).await;
    cloud.queue("closed", json!({"RedriveAllowPolicy": "{\"redrivePermission\":\"denyAll\"}"})).await;
    let by = json!({"redrivePermission": "byQueue", "sourceQueueArns": [arn("friend")]}).to_string();
    cloud.queue("friendly", json!({"RedriveAllowPolicy": by})).await;
    cloud.queue("f.fifo", json!({"FifoQueue": "true"})).await;
    let create = |attributes: Value| json!({"QueueName": "q", "Attributes": attributes});
    for bad in [
        redrive("none", 3),
        redrive("grave", 0),
        redrive("grave", 1001),
        redrive("closed", 3),
        redrive("friendly", 3),
        redrive("f.fifo", 3),
    ] {
        cloud.fails("CreateQueue", create(bad), "InvalidParameterValue").await;
    }
    for text in ["x", "[]", "{\"maxReceiveCount\":1}", "{\"deadLetterTargetArn\":\"x\",\"maxReceiveCount\":1}"] {
        cloud.fails("CreateQueue", create(json!({"RedrivePolicy": text})), "InvalidParameterValue").await;
    }
    cloud.queue("friend", redrive("friendly", 3)).await;
    for text in ["{\"redrivePermission\":\"some\"}", "{\"redrivePermission\":\"byQueue\"}", "x"] {
        cloud.fails("CreateQueue", create(json!({"RedriveAllowPolicy": text})), "InvalidParameterValue").await;
    }
    let url = cloud.queue("ok", redrive("grave", 3)).await;
    assert_eq!(cloud.attributes(&url).await["RedrivePolicy"], redrive("grave", 3)["RedrivePolicy"]);
    cloud.ok("SetQueueAttributes", json!({"QueueUrl": url, "Attributes": {"RedrivePolicy": ""}})).await;
    assert!(cloud.attributes(&url).await["RedrivePolicy"].is_null());
}

#[tokio::test]
async fn dead_letters_are_moved_back_to_where_they_came_from() {
    let cloud = Cloud::new();
    let (url, grave) = pair(&cloud).await;
    for body in ["one", "two"] {
        cloud.send(&url, body).await;
    }
    die(&cloud, &url).await;
    cloud.fails("StartMessageMoveTask", json!({"SourceArn": arn("none")}), "ResourceNotFoundException").await;
    cloud.fails("StartMessageMoveTask", json!({"SourceArn": arn("q")}), "InvalidParameterValue").await;
    let started = cloud.ok("StartMessageMoveTask", json!({"SourceArn": arn("grave")})).await;
    cloud.fails("StartMessageMoveTask", json!({"SourceArn": arn("grave")}), "UnsupportedOperation").await;
    let running = &cloud.ok("ListMessageMoveTasks", json!({"SourceArn": arn("grave")})).await["Results"][0];
    assert_eq!((&running["Status"], &running["TaskHandle"]), (&json!("RUNNING"), &started["TaskHandle"]));
    move_all(&cloud).await;
    let done = &cloud.ok("ListMessageMoveTasks", json!({"SourceArn": arn("grave")})).await["Results"][0];
    assert_eq!((&done["Status"], &done["ApproximateNumberOfMessagesMoved"]), (&json!("COMPLETED"), &json!(2)));
    assert_eq!((&done["ApproximateNumberOfMessagesToMove"], &done["TaskHandle"]), (&json!(2), &Value::Null));
    assert_eq!(cloud.counts(&grave).await, ["0", "0", "0"]);
    let back = cloud.receive(&url).await;
    assert_eq!(bodies(&back), ["one", "two"]);
    assert_eq!(back[0]["Attributes"]["ApproximateReceiveCount"], "1");
    assert!(back[0]["Attributes"]["DeadLetterQueueSourceArn"].is_null());
}

#[tokio::test]
async fn a_move_has_a_rate_a_destination_and_an_end() {
    let cloud = Cloud::new();
    let (url, grave) = pair(&cloud).await;
    let other = cloud.queue("other", json!({})).await;
    for body in ["1", "2", "3", "4", "5"] {
        cloud.send(&url, body).await;
    }
    die(&cloud, &url).await;
    let input = json!({"SourceArn": arn("grave"), "DestinationArn": arn("other"), "MaxNumberOfMessagesPerSecond": 1});
    let handle = cloud.ok("StartMessageMoveTask", input).await["TaskHandle"].clone();
    let mover = Mover::new(cloud.queues.clone());
    let cx = ReconcileCx::new(cloud.store.clone(), cloud.bench.env.clone());
    for _ in 0..2 {
        mover.reconcile(&cx).await.unwrap();
    }
    let cancelled = cloud.ok("CancelMessageMoveTask", json!({"TaskHandle": handle})).await;
    assert_eq!(cancelled["ApproximateNumberOfMessagesMoved"], 2);
    cloud.fails("CancelMessageMoveTask", json!({"TaskHandle": handle}), "UnsupportedOperation").await;
    move_all(&cloud).await;
    let done = &cloud.ok("ListMessageMoveTasks", json!({"SourceArn": arn("grave"), "MaxResults": 10})).await["Results"][0];
    assert_eq!((&done["Status"], &done["DestinationArn"]), (&json!("CANCELLED"), &json!(arn("other"))));
    assert_eq!((cloud.counts(&other).await[0].as_str(), cloud.counts(&grave).await[0].as_str()), ("2", "3"));
    cloud.fails("CancelMessageMoveTask", json!({"TaskHandle": "junk"}), "InvalidParameterValue").await;
}
