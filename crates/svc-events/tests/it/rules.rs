//! Buses and rules: made, shown, listed, changed, deleted.

use crate::cloud::{ACCOUNT, Cloud, queue};
use serde_json::{Value, json};

const PATTERN: &str = r#"{"source":["s"]}"#;

#[tokio::test]
async fn buses() {
    let cloud = Cloud::new();
    let input = json!({"Name": "own", "Description": "mine", "Tags": [{"Key": "a", "Value": "b"}]});
    let made = cloud.ok("CreateEventBus", input.clone()).await;
    let arn = format!("arn:aws:events:us-east-1:{ACCOUNT}:event-bus/own");
    assert_eq!(made["EventBusArn"], arn);
    assert_eq!(cloud.fails("CreateEventBus", input, "ResourceAlreadyExistsException").await, "Event bus own already exists.");
    cloud.fails("CreateEventBus", json!({"Name": "default"}), "ResourceAlreadyExistsException").await;
    cloud.fails("CreateEventBus", json!({"Name": "a/b"}), "ValidationException").await;
    let shown = cloud.ok("DescribeEventBus", json!({"Name": arn})).await;
    assert_eq!((shown["Name"].as_str(), shown["Description"].as_str()), (Some("own"), Some("mine")));
    assert_eq!(cloud.ok("DescribeEventBus", json!({})).await["Name"], "default");
    let names = |found: Value| -> Vec<String> {
        found["EventBuses"].as_array().unwrap().iter().map(|it| it["Name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(cloud.ok("ListEventBuses", json!({})).await), ["default", "own"]);
    assert_eq!(names(cloud.ok("ListEventBuses", json!({"NamePrefix": "o"})).await), ["own"]);
    cloud.ok("UpdateEventBus", json!({"Name": "own", "Description": "ours"})).await;
    assert_eq!(cloud.ok("DescribeEventBus", json!({"Name": "own"})).await["Description"], "ours");
    cloud.ok("PutRule", json!({"Name": "r", "EventBusName": "own", "EventPattern": PATTERN})).await;
    cloud.fails("DeleteEventBus", json!({"Name": "own"}), "ValidationException").await;
    cloud.ok("DeleteRule", json!({"Name": "r", "EventBusName": "own"})).await;
    cloud.ok("DeleteEventBus", json!({"Name": "own"})).await;
    cloud.ok("DeleteEventBus", json!({"Name": "own"})).await;
    assert_eq!(
        cloud.fails("DescribeEventBus", json!({"Name": "own"}), "ResourceNotFoundException").await,
        "Event bus own does not exist."
    );
    assert_eq!(
        cloud.fails("DeleteEventBus", json!({"Name": "default"}), "ValidationException").await,
        "Cannot delete event bus default."
    );
    for refused in [json!({"KmsKeyIdentifier": "k"}), json!({"EventSourceName": "aws.partner/x/y"})] {
        let mut input = refused;
        input["Name"] = json!("other");
        assert_eq!(cloud.call("CreateEventBus", input).await.status, 501);
    }
}

#[tokio::test]
async fn rules() {
    let cloud = Cloud::new();
    let made = cloud.ok("PutRule", json!({"Name": "r", "EventPattern": PATTERN, "Description": "d"})).await;
    assert_eq!(made["RuleArn"], format!("arn:aws:events:us-east-1:{ACCOUNT}:rule/r"));
    let shown = cloud.ok("DescribeRule", json!({"Name": "r"})).await;
    assert_eq!((shown["State"].as_str(), shown["EventPattern"].as_str()), (Some("ENABLED"), Some(PATTERN)));
    assert_eq!((shown["CreatedBy"].as_str(), shown["EventBusName"].as_str()), (Some(ACCOUNT), Some("default")));
    cloud.ok("PutRule", json!({"Name": "r", "ScheduleExpression": "rate(5 minutes)", "State": "DISABLED"})).await;
    let shown = cloud.ok("DescribeRule", json!({"Name": "r"})).await;
    assert_eq!((shown["State"].as_str(), shown.get("EventPattern"), shown.get("Description")), (Some("DISABLED"), None, None));
    cloud.ok("EnableRule", json!({"Name": "r"})).await;
    assert_eq!(cloud.ok("DescribeRule", json!({"Name": "r"})).await["State"], "ENABLED");
    for (input, message) in [
        (json!({"Name": "x"}), "Parameter(s) EventPattern or ScheduleExpression must be specified."),
        (json!({"Name": "x", "ScheduleExpression": "rate(1 minutes)"}), "Parameter ScheduleExpression is not valid."),
        (json!({"Name": "x", "ScheduleExpression": "at(2026-01-01T00:00:00)"}), "Parameter ScheduleExpression is not valid."),
    ] {
        assert_eq!(cloud.fails("PutRule", input, "ValidationException").await, message);
    }
    let wrong = json!({"Name": "x", "EventPattern": r#"{"source":"s"}"#});
    let message = cloud.fails("PutRule", wrong, "InvalidEventPatternException").await;
    assert!(message.starts_with("Event pattern is not valid. Reason: \"source\" must be an object or an array\n at [Source: "));
    let nowhere = json!({"Name": "x", "EventPattern": PATTERN, "EventBusName": "nowhere"});
    cloud.fails("PutRule", nowhere, "ResourceNotFoundException").await;
    cloud.ok("CreateEventBus", json!({"Name": "own"})).await;
    let timed = json!({"Name": "x", "ScheduleExpression": "rate(1 minute)", "EventBusName": "own"});
    assert_eq!(
        cloud.fails("PutRule", timed, "ValidationException").await,
        "ScheduleExpression is supported only on the default event bus."
    );
    assert_eq!(
        cloud.fails("DescribeRule", json!({"Name": "x"}), "ResourceNotFoundException").await,
        "Rule x does not exist on EventBus default."
    );
    cloud.ok("PutTargets", json!({"Rule": "r", "Targets": [{"Id": "1", "Arn": queue("q")}]})).await;
    assert_eq!(
        cloud.fails("DeleteRule", json!({"Name": "r"}), "ValidationException").await,
        "Rule can't be deleted since it has targets."
    );
    cloud.ok("RemoveTargets", json!({"Rule": "r", "Ids": ["1", "2"]})).await;
    cloud.ok("DeleteRule", json!({"Name": "r"})).await;
    cloud.ok("DeleteRule", json!({"Name": "r"})).await;
}

#[tokio::test]
async fn rules_are_listed_in_pages() {
    let cloud = Cloud::new();
    for name in ["a1", "a2", "a3", "b1"] {
        cloud.rule(name, json!({"source": ["s"]})).await;
    }
    let names = |found: &Value| -> Vec<String> {
        found["Rules"].as_array().unwrap().iter().map(|it| it["Name"].as_str().unwrap().to_owned()).collect()
    };
    let first = cloud.ok("ListRules", json!({"NamePrefix": "a", "Limit": 2})).await;
    assert_eq!(names(&first), ["a1", "a2"]);
    let second = cloud.ok("ListRules", json!({"NamePrefix": "a", "Limit": 2, "NextToken": first["NextToken"]})).await;
    assert_eq!((names(&second), second.get("NextToken")), (vec!["a3".to_owned()], None));
    cloud.fails("ListRules", json!({"NextToken": "?"}), "ValidationException").await;
    let found = cloud.ok("ListRuleNamesByTarget", json!({"TargetArn": queue("jobs")})).await;
    assert_eq!(found["RuleNames"], json!(["a1", "a2", "a3", "b1"]));
    assert!(
        cloud.ok("ListRuleNamesByTarget", json!({"TargetArn": queue("x")})).await["RuleNames"].as_array().unwrap().is_empty()
    );
}

#[tokio::test]
async fn tags() {
    let cloud = Cloud::new();
    cloud.ok("PutRule", json!({"Name": "r", "EventPattern": PATTERN, "Tags": [{"Key": "a", "Value": "1"}]})).await;
    let bus = format!("arn:aws:events:us-east-1:{ACCOUNT}:event-bus/default");
    let rule = format!("arn:aws:events:us-east-1:{ACCOUNT}:rule/r");
    for arn in [&rule, &bus] {
        cloud.ok("TagResource", json!({"ResourceARN": arn, "Tags": [{"Key": "b", "Value": "2"}]})).await;
        cloud.ok("UntagResource", json!({"ResourceARN": arn, "TagKeys": ["a"]})).await;
        let found = cloud.ok("ListTagsForResource", json!({"ResourceARN": arn})).await;
        assert_eq!(found["Tags"], json!([{"Key": "b", "Value": "2"}]), "{arn}");
    }
    let missing = json!({"ResourceARN": format!("{rule}x")});
    cloud.fails("ListTagsForResource", missing, "ResourceNotFoundException").await;
    let own = json!({"ResourceARN": rule, "Tags": [{"Key": "aws:x", "Value": "2"}]});
    cloud.fails("TagResource", own, "ValidationException").await;
}

#[tokio::test]
async fn patterns_are_tried() {
    let cloud = Cloud::new();
    let event = json!({"id": "1", "account": ACCOUNT, "source": "s", "time": "2026-01-01T00:00:00Z", "region": "us-east-1",
        "resources": [], "detail-type": "t", "detail": {"n": 1}});
    let ask = |pattern: &str, event: &Value| json!({"EventPattern": pattern, "Event": event.to_string()});
    assert_eq!(cloud.ok("TestEventPattern", ask(PATTERN, &event)).await["Result"], true);
    assert_eq!(cloud.ok("TestEventPattern", ask(r#"{"detail":{"n":[2]}}"#, &event)).await["Result"], false);
    cloud.fails("TestEventPattern", ask("{}", &event), "InvalidEventPatternException").await;
    cloud.fails("TestEventPattern", ask(PATTERN, &json!({"id": "1"})), "ValidationException").await;
}
