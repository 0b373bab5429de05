//! What is there after the server has died.

use super::{Cloud, bodies, redrive};
use serde_json::json;
use spine::reconcile::{ReconcileCx, Reconciler};
use svc_messaging::sqs::Sweeper;

#[tokio::test]
async fn what_was_acknowledged_is_there_and_what_was_deleted_is_not() {
    let cloud = Cloud::new();
    let url = cloud.queue("q", json!({})).await;
    for body in ["1", "2", "3"] {
        cloud.send(&url, body).await;
    }
    let received = cloud.receive_with(&url, json!({"MaxNumberOfMessages": 2})).await;
    cloud.delete(&url, &received[0]).await;
    let cloud = cloud.again();
    assert_eq!(cloud.counts(&url).await, ["2", "0", "0"], "nobody remembers who has received what");
    cloud.delete(&url, &received[1]).await;
    assert_eq!(cloud.counts(&url).await, ["1", "0", "0"], "a receipt from before is good still");
    assert_eq!(bodies(&cloud.receive(&url).await), ["3"]);
}

#[tokio::test]
async fn a_fifo_queue_remembers_who_has_received_what_and_what_was_sent() {
    let cloud = Cloud::new();
    let url = cloud.queue("q.fifo", json!({"FifoQueue": "true"})).await;
    for (group, body) in [("a", "a1"), ("a", "a2"), ("b", "b1")] {
        cloud.send_in(&url, group, body).await;
    }
    let first = cloud.receive_with(&url, json!({"MaxNumberOfMessages": 1})).await;
    let cloud = cloud.again();
    cloud.send_in(&url, "a", "a1").await;
    assert_eq!(cloud.counts(&url).await, ["2", "1", "0"]);
    assert_eq!(bodies(&cloud.receive(&url).await), ["b1"], "the group is held back still");
    cloud.delete(&url, &first[0]).await;
    let cloud = cloud.again();
    assert_eq!(bodies(&cloud.receive(&url).await), ["a2"]);
}

#[tokio::test]
async fn receipts_count_towards_the_dead_letter_queue_over_a_crash() {
    let cloud = Cloud::new();
    let grave = cloud.queue("grave", json!({})).await;
    let url = cloud.queue("q", redrive("grave", 1)).await;
    cloud.send(&url, "poison").await;
    assert_eq!(cloud.receive(&url).await.len(), 1);
    let cloud = cloud.again();
    cloud.advance(30);
    assert_eq!(cloud.receive(&url).await.len(), 0);
    let cloud = cloud.again();
    assert_eq!(bodies(&cloud.receive(&grave).await), ["poison"]);
    assert_eq!(cloud.counts(&url).await, ["0", "0", "0"]);
}

#[tokio::test]
async fn delays_outlive_a_crash() {
    let cloud = Cloud::new();
    let url = cloud.queue("q", json!({"DelaySeconds": "10"})).await;
    cloud.send(&url, "x").await;
    let cloud = cloud.again();
    assert_eq!(cloud.receive(&url).await.len(), 0);
    cloud.advance(10);
    assert_eq!(bodies(&cloud.receive(&url).await), ["x"]);
}

#[tokio::test]
async fn the_sweeper_leaves_nothing_of_queues_that_are_gone() {
    let cloud = Cloud::new();
    let (gone, purged) = (cloud.queue("gone", json!({})).await, cloud.queue("purged", json!({})).await);
    let kept = cloud.queue("kept", json!({})).await;
    for url in [&gone, &purged, &kept] {
        cloud.send(url, "x").await;
    }
    cloud.ok("DeleteQueue", json!({"QueueUrl": gone})).await;
    cloud.ok("PurgeQueue", json!({"QueueUrl": purged})).await;
    assert_eq!(cloud.queues.mail.owners().unwrap().len(), 3);
    let cx = ReconcileCx::new(cloud.store.clone(), cloud.bench.env.clone());
    Sweeper::new(cloud.queues.clone()).reconcile(&cx).await.unwrap();
    assert_eq!(cloud.queues.mail.owners().unwrap().len(), 1);
    assert_eq!(bodies(&cloud.receive(&kept).await), ["x"]);
}
