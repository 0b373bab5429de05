//! Events in a whole cloud, with a server that keeps dying: what was accepted comes, and schedules keep their times.

use crate::instances::{call, image};
use model::{delivery::Delivery, events::ToldState};
use serde_json::{Value, json};
use sim::{Crashes, User, World, state::keys};
use std::time::Duration;

const GROUP: &str = "/aws/events/seen";

/// How often the server may die after each of the user's wishes.
const CRASHES: u32 = 3;

async fn go_on(world: &mut World, seconds: u64) {
    world.crashes.allow(CRASHES);
    world.pass(Duration::from_secs(seconds)).await;
}

async fn ask(world: &World, service: &str, operation: &str, input: Value) -> Value {
    world.user(User::FIRST).json(service, operation, input).await
}

/// A log group that rules write to; its ARN.
async fn group(world: &World) -> String {
    let arn = format!("arn:aws:logs:us-east-1:{}:log-group:{GROUP}", User::FIRST);
    ask(world, "logs", "CreateLogGroup", json!({"logGroupName": GROUP})).await;
    let policy = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Resource": format!("{arn}:*"),
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
    }]});
    let input = json!({"policyName": "events", "policyDocument": policy.to_string()});
    ask(world, "logs", "PutResourcePolicy", input).await;
    arn
}

async fn rule(world: &World, rule: Value, group: &str) {
    ask(world, "events", "PutRule", rule.clone()).await;
    ask(world, "events", "PutTargets", json!({"Rule": rule["Name"], "Targets": [{"Id": "log", "Arn": group}]})).await;
}

/// What has come, each event once however often it was delivered.
async fn seen(world: &World) -> Vec<Value> {
    let found = ask(world, "logs", "FilterLogEvents", json!({"logGroupName": GROUP})).await;
    let mut seen: Vec<Value> = Vec::new();
    for event in found["events"].as_array().unwrap() {
        let event: Value = serde_json::from_str(event["message"].as_str().unwrap()).unwrap();
        if !seen.iter().any(|it| it["id"] == event["id"]) {
            seen.push(event);
        }
    }
    seen
}

async fn accepted_events_come(crashes: Crashes) {
    let mut world = World::on_disk(crashes).await;
    let group = group(&world).await;
    rule(&world, json!({"Name": "shop", "EventPattern": r#"{"source":["shop"]}"#}), &group).await;
    let mut accepted = Vec::new();
    for n in 0..5 {
        let entry = json!({"Source": "shop", "DetailType": "order", "Detail": json!({"n": n}).to_string()});
        let done = ask(&world, "events", "PutEvents", json!({"Entries": [entry]})).await;
        accepted.push(done["Entries"][0]["EventId"].clone());
        go_on(&mut world, 3).await;
    }
    go_on(&mut world, 60).await;
    let mut found: Vec<Value> = seen(&world).await.into_iter().map(|event| event["id"].clone()).collect();
    found.sort_by_key(ToString::to_string);
    accepted.sort_by_key(ToString::to_string);
    assert_eq!(found, accepted);
    assert!(keys::<Delivery>(&world.snapshot()).is_empty());
}

#[tokio::test]
async fn what_was_accepted_comes_though_the_server_keeps_dying() {
    for every in [1, 3, 7] {
        accepted_events_come(Crashes::every(every)).await;
    }
}

#[tokio::test]
async fn a_schedule_keeps_its_times_though_the_server_keeps_dying() {
    for every in [1, 5] {
        let mut world = World::on_disk(Crashes::every(every)).await;
        let group = group(&world).await;
        rule(&world, json!({"Name": "often", "ScheduleExpression": "rate(10 minutes)"}), &group).await;
        for _ in 0..6 {
            go_on(&mut world, 600).await;
        }
        go_on(&mut world, 30).await;
        let times: Vec<Value> = seen(&world).await.into_iter().map(|event| event["time"].clone()).collect();
        assert_eq!(times.len(), 6, "every {every}: {times:?}");
    }
}

#[tokio::test]
async fn machines_tell_of_their_states() {
    let mut world = World::on_disk(Crashes::every(5)).await;
    let image = image(&mut world).await;
    let group = group(&world).await;
    let pattern = json!({"source": ["aws.ec2"], "detail-type": ["EC2 Instance State-change Notification"]});
    rule(&world, json!({"Name": "machines", "EventPattern": pattern.to_string()}), &group).await;
    let launch = [("ImageId", image.as_str()), ("InstanceType", "t3.nano"), ("MinCount", "1"), ("MaxCount", "1")];
    let id = call(&world, "RunInstances", &launch).await;
    go_on(&mut world, 60).await;
    call(&world, "TerminateInstances", &[("InstanceId.1", &id)]).await;
    go_on(&mut world, 300).await;
    let told = seen(&world).await;
    let states: Vec<&str> = told.iter().map(|event| event["detail"]["state"].as_str().unwrap()).collect();
    for state in ["running", "terminated"] {
        assert_eq!(states.iter().filter(|it| **it == state).count(), 1, "{states:?}");
    }
    assert_eq!(told[0]["detail"]["instance-id"], id);
    assert_eq!(told[0]["resources"], json!([format!("arn:aws:ec2:us-east-1:{}:instance/{id}", User::FIRST)]));
    go_on(&mut world, 4000).await;
    assert!(keys::<ToldState>(&world.snapshot()).is_empty());
}
