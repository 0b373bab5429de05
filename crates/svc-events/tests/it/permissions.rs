//! Who may put events where: the policies of buses.

use crate::cloud::{ACCOUNT, Cloud};
use serde_json::{Value, json};

const OTHER: &str = "444455556666";

fn entry(bus: &str) -> Value {
    json!({"Entries": [{"Source": "s", "DetailType": "t", "Detail": "{}", "EventBusName": bus}]})
}

#[tokio::test]
async fn a_bus_lets_others_in() {
    let cloud = Cloud::new();
    let stranger = cloud.account(OTHER);
    let bus = format!("arn:aws:events:us-east-1:{ACCOUNT}:event-bus/default");
    stranger.fails("PutEvents", entry(&bus), "AccessDeniedException").await;
    let statement = json!({"Action": "events:PutEvents", "Principal": OTHER, "StatementId": "friend"});
    cloud.ok("PutPermission", statement).await;
    stranger.ok("PutEvents", entry(&bus)).await;
    let policy = cloud.ok("DescribeEventBus", json!({})).await["Policy"].clone();
    let policy: Value = serde_json::from_str(policy.as_str().unwrap()).unwrap();
    assert_eq!(
        policy["Statement"],
        json!([{"Sid": "friend", "Effect": "Allow", "Principal": {"AWS": format!("arn:aws:iam::{OTHER}:root")},
            "Action": "events:PutEvents", "Resource": bus}])
    );
    assert_eq!(
        cloud.fails("RemovePermission", json!({"StatementId": "x"}), "ResourceNotFoundException").await,
        "Statement with the provided id does not exist."
    );
    cloud.ok("RemovePermission", json!({"StatementId": "friend"})).await;
    stranger.fails("PutEvents", entry(&bus), "AccessDeniedException").await;
    assert_eq!(
        cloud.fails("RemovePermission", json!({"StatementId": "friend"}), "ResourceNotFoundException").await,
        "EventBus does not have a policy."
    );
    let whole = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": "*", "Action": "events:*", "Resource": bus}});
    cloud.ok("PutPermission", json!({"Policy": whole.to_string()})).await;
    stranger.ok("PutEvents", entry(&bus)).await;
    cloud.ok("RemovePermission", json!({"RemoveAllPermissions": true})).await;
    stranger.fails("PutEvents", entry(&bus), "AccessDeniedException").await;
    for wrong in [
        json!({"Action": "events:PutRule", "Principal": OTHER, "StatementId": "a"}),
        json!({"Action": "events:PutEvents", "Principal": "me", "StatementId": "a"}),
        json!({"Action": "events:PutEvents", "Principal": OTHER}),
        json!({"Policy": "{"}),
        json!({"Policy": whole.to_string(), "StatementId": "a"}),
    ] {
        cloud.fails("PutPermission", wrong, "ValidationException").await;
    }
}

#[tokio::test]
async fn users_do_what_their_policies_say() {
    let cloud = Cloud::new();
    cloud.ok("CreateEventBus", json!({"Name": "own"})).await;
    let bus = format!("arn:aws:events:us-east-1:{ACCOUNT}:event-bus/own");
    let statement = json!([{"Effect": "Allow", "Action": "events:PutEvents", "Resource": bus,
        "Condition": {"ForAllValues:StringEquals": {"events:source": ["s"]}}}]);
    let user = cloud.user("putter", statement).await;
    user.ok("PutEvents", entry("own")).await;
    user.fails("PutEvents", entry("default"), "AccessDeniedException").await;
    let other = json!({"Entries": [{"Source": "z", "DetailType": "t", "Detail": "{}", "EventBusName": "own"}]});
    user.fails("PutEvents", other, "AccessDeniedException").await;
    let rule = json!({"Name": "r", "EventPattern": r#"{"source":["s"]}"#});
    user.fails("PutRule", rule, "AccessDeniedException").await;
}

#[tokio::test]
async fn a_role_has_to_be_passed() {
    let cloud = Cloud::new();
    let role = cloud.role("forwarder", "events.amazonaws.com").await;
    cloud.ok("PutRule", json!({"Name": "r", "EventPattern": r#"{"source":["s"]}"#})).await;
    let user = cloud.user("builder", json!([{"Effect": "Allow", "Action": "events:*", "Resource": "*"}])).await;
    let bus = format!("arn:aws:events:us-east-1:{OTHER}:event-bus/b");
    let targets = json!({"Rule": "r", "Targets": [{"Id": "b", "Arn": bus, "RoleArn": role}]});
    let message = user.fails("PutTargets", targets.clone(), "AccessDeniedException").await;
    assert!(message.contains("iam:PassRole"), "{message}");
    cloud.ok("PutTargets", targets).await;
}
