//! Rules with a schedule, on a clock that is moved.

use crate::cloud::{ACCOUNT, Cloud, queue};
use serde_json::{Value, json};
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

async fn rule(cloud: &Cloud, expression: &str) {
    cloud.ok("PutRule", json!({"Name": "r", "ScheduleExpression": expression})).await;
    cloud.ok("PutTargets", json!({"Rule": "r", "Targets": [{"Id": "q", "Arn": queue("jobs")}]})).await;
    cloud.settle().await;
}

fn times(events: &[Value]) -> Vec<&str> {
    events.iter().map(|it| it["time"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_rate_counts_from_when_it_was_said() {
    let cloud = Cloud::new();
    rule(&cloud, "rate(5 minutes)").await;
    let mut found = Vec::new();
    for _ in 0..16 {
        cloud.advance(MINUTE).await;
        found.extend(cloud.bodies().await);
    }
    assert_eq!(times(&found), ["2026-01-01T00:05:00Z", "2026-01-01T00:10:00Z", "2026-01-01T00:15:00Z"]);
    assert_eq!((found[0]["source"].as_str(), found[0]["detail-type"].as_str()), (Some("aws.events"), Some("Scheduled Event")));
    assert_eq!(found[0]["resources"], json!([format!("arn:aws:events:us-east-1:{ACCOUNT}:rule/r")]));
    assert_eq!(found[0]["detail"], json!({}));
}

#[tokio::test]
async fn a_day_of_cron_passes_at_once() {
    let cloud = Cloud::new();
    rule(&cloud, "cron(0 9,17 * * ? *)").await;
    let mut found = Vec::new();
    for _ in 0..48 {
        cloud.advance(30 * MINUTE).await;
        found.extend(cloud.bodies().await);
    }
    assert_eq!(times(&found), ["2026-01-01T09:00:00Z", "2026-01-01T17:00:00Z"]);
}

#[tokio::test]
async fn a_backlog_is_not_worked_off() {
    let cloud = Cloud::new();
    rule(&cloud, "rate(1 hour)").await;
    cloud.advance(5 * 60 * MINUTE + MINUTE).await;
    assert_eq!(times(&cloud.bodies().await), ["2026-01-01T01:00:00Z"], "the one that was due, late");
    cloud.advance(59 * MINUTE).await;
    assert_eq!(times(&cloud.bodies().await), ["2026-01-01T06:00:00Z"]);
}

#[tokio::test]
async fn a_rule_that_is_off_does_nothing_and_begins_anew() {
    let cloud = Cloud::new();
    rule(&cloud, "rate(2 minutes)").await;
    cloud.advance(MINUTE).await;
    cloud.ok("DisableRule", json!({"Name": "r"})).await;
    cloud.advance(10 * MINUTE).await;
    assert!(cloud.bodies().await.is_empty());
    cloud.ok("EnableRule", json!({"Name": "r"})).await;
    cloud.settle().await;
    cloud.advance(2 * MINUTE).await;
    assert_eq!(times(&cloud.bodies().await), ["2026-01-01T00:13:00Z"]);
    // Said again as it was, it goes on as it did.
    cloud.ok("PutRule", json!({"Name": "r", "ScheduleExpression": "rate(2 minutes)", "Description": "d"})).await;
    cloud.advance(MINUTE).await;
    assert!(cloud.bodies().await.is_empty());
    cloud.advance(MINUTE).await;
    assert_eq!(times(&cloud.bodies().await), ["2026-01-01T00:15:00Z"]);
}
