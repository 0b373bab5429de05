//! SQS: messages one by one and in batches, waited for, in order, and refused.

use crate::cloud::{Cloud, until};
use anyhow::{Context, Result};
use aws_sdk_sqs::{
    Client,
    error::ProvideErrorMetadata,
    types::{
        DeleteMessageBatchRequestEntry, Message, MessageAttributeValue, MessageSystemAttributeName, QueueAttributeName,
        SendMessageBatchRequestEntry,
    },
};
use std::collections::BTreeSet;

pub async fn run(cloud: &Cloud) -> Result<()> {
    let sqs = cloud.queues();
    let url = create(&sqs, "rust-queue").await?;
    one(&sqs, &url).await?;
    batches(&sqs, &url).await?;
    in_order(&sqs).await?;
    refused(cloud, &sqs, &url).await?;
    taken_down(&sqs, &url).await
}

/// A queue with no attributes but the usual ones; its address.
pub async fn create(sqs: &Client, name: &str) -> Result<String> {
    sqs.create_queue().queue_name(name).send().await?.queue_url.context("an address")
}

/// The ARN of a queue.
pub async fn arn(sqs: &Client, url: &str) -> Result<String> {
    let asked = sqs.get_queue_attributes().queue_url(url).attribute_names(QueueAttributeName::QueueArn).send().await?;
    asked.attributes().and_then(|it| it.get(&QueueAttributeName::QueueArn)).cloned().context("an ARN")
}

/// Takes the next message out of the queue, waiting for it; its body.
pub async fn next(sqs: &Client, url: &str) -> Result<String> {
    let message = until("a message", async || {
        Ok(sqs.receive_message().queue_url(url).wait_time_seconds(20).send().await?.messages.and_then(|mut it| it.pop()))
    });
    let message = message.await?;
    sqs.delete_message().queue_url(url).receipt_handle(message.receipt_handle.context("a handle")?).send().await?;
    message.body.context("a body")
}

/// Who waits is answered when a message comes. The SDK checks the digests of what it sends and receives.
async fn one(sqs: &Client, url: &str) -> Result<()> {
    let waiting = sqs.receive_message().queue_url(url).wait_time_seconds(20).message_attribute_names("All").send();
    let raw = MessageAttributeValue::builder()
        .data_type("Binary")
        .binary_value(aws_sdk_sqs::primitives::Blob::new([0, 255]))
        .build()?;
    let sending = sqs.send_message().queue_url(url).message_body("snow \u{2603}").message_attributes("raw", raw.clone()).send();
    let (received, sent) = futures::future::try_join(async { Ok(waiting.await?) }, async { anyhow::Ok(sending.await?) }).await?;
    let [message] = received.messages() else { panic!("{received:?}") };
    assert_eq!((message.body(), message.message_id()), (Some("snow \u{2603}"), sent.message_id()));
    assert_eq!(message.md5_of_message_attributes(), sent.md5_of_message_attributes());
    assert_eq!(message.message_attributes().and_then(|it| it.get("raw")), Some(&raw));
    let handle = message.receipt_handle().context("a handle")?;
    sqs.change_message_visibility().queue_url(url).receipt_handle(handle).visibility_timeout(0).send().await?;
    assert_eq!(next(sqs, url).await?, "snow \u{2603}", "it can be seen again");
    Ok(())
}

async fn batches(sqs: &Client, url: &str) -> Result<()> {
    let entry = |n: usize| SendMessageBatchRequestEntry::builder().id(n.to_string()).message_body(format!("body {n}")).build();
    let entries = (0..10).map(entry).collect::<Result<_, _>>()?;
    let sent = sqs.send_message_batch().queue_url(url).set_entries(Some(entries)).send().await?;
    assert_eq!((sent.successful().len(), sent.failed().len()), (10, 0));
    let mut seen = BTreeSet::new();
    while seen.len() < 10 {
        let received = sqs.receive_message().queue_url(url).max_number_of_messages(10).wait_time_seconds(20).send().await?;
        seen.extend(received.messages().iter().filter_map(|it| it.body().map(str::to_owned)));
        let handle = |(n, it): (usize, &Message)| {
            DeleteMessageBatchRequestEntry::builder()
                .id(n.to_string())
                .receipt_handle(it.receipt_handle().unwrap_or_default())
                .build()
        };
        let handles = received.messages().iter().enumerate().map(handle).collect::<Result<_, _>>()?;
        let deleted = sqs.delete_message_batch().queue_url(url).set_entries(Some(handles)).send().await?;
        assert!(deleted.failed().is_empty(), "{deleted:?}");
    }
    let error = sqs.send_message_batch().queue_url(url).set_entries(Some(vec![entry(1)?, entry(1)?])).send().await;
    let error = error.expect_err("the same id twice").into_service_error();
    assert!(error.is_batch_entry_ids_not_distinct(), "{error:?}");
    Ok(())
}

/// A FIFO queue keeps the order of each group, and takes the same message once.
async fn in_order(sqs: &Client) -> Result<()> {
    let made = sqs.create_queue().queue_name("rust-ordered.fifo");
    let made = made.attributes(QueueAttributeName::FifoQueue, "true");
    let made = made.attributes(QueueAttributeName::ContentBasedDeduplication, "true").send().await?;
    let url = made.queue_url().context("an address")?;
    for body in ["a", "b", "a", "c"] {
        sqs.send_message().queue_url(url).message_group_id("g").message_body(body).send().await?;
    }
    let sequence = MessageSystemAttributeName::SequenceNumber;
    let received =
        sqs.receive_message().queue_url(url).max_number_of_messages(10).message_system_attribute_names(sequence.clone());
    let received = received.send().await?;
    assert_eq!(received.messages().iter().filter_map(|it| it.body()).collect::<Vec<_>>(), ["a", "b", "c"]);
    let number = |it: &Message| it.attributes().and_then(|it| it.get(&sequence)).cloned();
    assert!(received.messages().is_sorted_by_key(number) && received.messages().iter().all(|it| number(it).is_some()));
    sqs.delete_queue().queue_url(url).send().await?;
    Ok(())
}

async fn refused(cloud: &Cloud, sqs: &Client, url: &str) -> Result<()> {
    let error = sqs.get_queue_url().queue_name("none").send().await.expect_err("no such queue").into_service_error();
    assert!(error.is_queue_does_not_exist(), "{error:?}");
    assert_eq!(error.code(), Some("AWS.SimpleQueueService.NonExistentQueue"));
    let other = sqs.create_queue().queue_name("rust-queue").attributes(QueueAttributeName::DelaySeconds, "7").send().await;
    let error = other.expect_err("it is another").into_service_error();
    assert!(error.is_queue_name_exists(), "{error:?}");
    let error =
        sqs.delete_message().queue_url(url).receipt_handle("junk").send().await.expect_err("no handle").into_service_error();
    assert!(error.is_receipt_handle_is_invalid(), "{error:?}");
    let error = sqs.send_message_batch().queue_url(url).set_entries(Some(Vec::new())).send().await;
    let error = error.expect_err("an empty batch").into_service_error();
    assert!(error.is_empty_batch_request(), "{error:?}");
    let stranger = cloud.of_account("999988887777").queues();
    let error = stranger.send_message().queue_url(url).message_body("x").send().await.expect_err("it is somebody else's");
    assert_eq!((error.raw_response().map(|it| it.status().as_u16()), error.code()), (Some(403), Some("AccessDenied")));
    Ok(())
}

async fn taken_down(sqs: &Client, url: &str) -> Result<()> {
    let listed = sqs.list_queues().queue_name_prefix("rust-queue").send().await?;
    assert_eq!(listed.queue_urls(), [url.to_owned()]);
    sqs.delete_queue().queue_url(url).send().await?;
    let error = sqs.send_message().queue_url(url).message_body("x").send().await.expect_err("it is gone").into_service_error();
    assert!(error.is_queue_does_not_exist(), "{error:?}");
    Ok(())
}
