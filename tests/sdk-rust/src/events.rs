//! EventBridge: what matches a rule comes to a queue.

use crate::{cloud::Cloud, queues};
use anyhow::{Context, Result};
use aws_sdk_eventbridge::types::{PutEventsRequestEntry, Target};
use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::{Value, json};

const RULE: &str = "rust-rule";

pub async fn run(cloud: &Cloud) -> Result<()> {
    let (events, sqs) = (cloud.events(), cloud.queues());
    let url = queues::create(&sqs, "rust-events").await?;
    let queue = queues::arn(&sqs, &url).await?;
    let pattern = json!({"source": ["rust"], "detail": {"number": [{"numeric": [">", 10]}]}}).to_string();
    let rule = events.put_rule().name(RULE).event_pattern(pattern).send().await?.rule_arn.context("an ARN")?;
    let policy = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": queue,
        "Condition": {"ArnEquals": {"aws:SourceArn": rule}},
    }]});
    sqs.set_queue_attributes().queue_url(&url).attributes(QueueAttributeName::Policy, policy.to_string()).send().await?;
    let added = events.put_targets().rule(RULE).targets(Target::builder().id("queue").arn(&queue).build()?).send().await?;
    assert_eq!(added.failed_entry_count(), 0, "{added:?}");
    let entry = |source: &str, number: u32| {
        let detail = json!({"number": number}).to_string();
        PutEventsRequestEntry::builder().source(source).detail_type("counted").detail(detail).build()
    };
    let put = events.put_events().entries(entry("rust", 5)).entries(entry("go", 50)).entries(entry("rust", 500)).send().await?;
    assert!(put.failed_entry_count() == 0 && put.entries().iter().all(|it| it.event_id().is_some()), "{put:?}");
    let event: Value = serde_json::from_str(&queues::next(&sqs, &url).await?)?;
    assert_eq!((&event["detail"]["number"], event["id"].as_str()), (&json!(500), put.entries()[2].event_id()));
    refused(&events).await?;
    let error = events.delete_rule().name(RULE).send().await.expect_err("it has a target");
    assert_eq!(error.raw_response().map(|it| it.status().as_u16()), Some(400));
    events.remove_targets().rule(RULE).ids("queue").send().await?;
    events.delete_rule().name(RULE).send().await?;
    assert!(events.list_rules().name_prefix(RULE).send().await?.rules().is_empty());
    sqs.delete_queue().queue_url(url).send().await?;
    Ok(())
}

async fn refused(events: &aws_sdk_eventbridge::Client) -> Result<()> {
    let error = events.describe_rule().name("none").send().await.expect_err("no such rule").into_service_error();
    assert!(error.is_resource_not_found_exception(), "{error:?}");
    let error = events.put_rule().name("wrong").event_pattern(r#"{"source": "x"}"#).send().await.expect_err("no pattern");
    let error = error.into_service_error();
    assert!(error.is_invalid_event_pattern_exception(), "{error:?}");
    Ok(())
}
