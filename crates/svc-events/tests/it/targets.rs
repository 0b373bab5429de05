//! What targets may be, and what they get.

use crate::cloud::{ACCOUNT, Cloud, queue};
use model::delivery::{Caller, Delivery};
use serde_json::{Value, json};
use spine::{Read, Scope};

async fn put(cloud: &Cloud, target: Value) {
    cloud.ok("PutRule", json!({"Name": "r", "EventPattern": r#"{"source":["s"]}"#})).await;
    cloud.ok("PutTargets", json!({"Rule": "r", "Targets": [target]})).await;
}

#[tokio::test]
async fn a_target_gets_what_it_asks_for() {
    let cloud = Cloud::new();
    let target = |more: Value| {
        let mut target = json!({"Id": "t", "Arn": queue("jobs")});
        target.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        target
    };
    for (more, wanted) in [
        (json!({"Input": r#"{"constant": true}"#}), r#"{"constant": true}"#),
        (json!({"InputPath": "$.detail"}), r#"{"name":"a"}"#),
        (json!({"InputPath": "$.detail.name"}), r#""a""#),
        (
            json!({"InputTransformer": {"InputPathsMap": {"name": "$.detail.name"}, "InputTemplate": r#""<name> by <aws.events.rule-name>""#}}),
            r#""a by r""#,
        ),
    ] {
        put(&cloud, target(more)).await;
        cloud.put("s", json!({"name": "a"})).await;
        let sent = cloud.sent().await;
        assert_eq!(sent.iter().map(|it| it.body.as_str()).collect::<Vec<_>>(), [wanted]);
    }
    let fifo = json!({"Id": "t", "Arn": queue("jobs.fifo"), "SqsParameters": {"MessageGroupId": "g"}});
    put(&cloud, fifo.clone()).await;
    cloud.put("s", json!({})).await;
    assert_eq!(cloud.sent().await[0].group.as_deref(), Some("g"));
    assert_eq!(cloud.ok("ListTargetsByRule", json!({"Rule": "r"})).await["Targets"], json!([fifo]));
}

#[tokio::test]
async fn each_kind_of_target_has_its_call() {
    let cloud = Cloud::new();
    let role = cloud.role("runner", "events.amazonaws.com").await;
    let of = |service: &str, rest: &str| format!("arn:aws:{service}:us-east-1:{ACCOUNT}:{rest}");
    let cases = [
        (
            json!({"Arn": of("lambda", "function:f")}),
            "Invoke",
            json!({"FunctionName": of("lambda", "function:f"), "InvocationType": "Event"}),
        ),
        (
            json!({"Arn": of("ecs", "cluster/c"), "RoleArn": role, "EcsParameters": {"TaskDefinitionArn": of("ecs", "task-definition/t:1"), "LaunchType": "FARGATE"}}),
            "RunTask",
            json!({"cluster": of("ecs", "cluster/c"), "taskDefinition": of("ecs", "task-definition/t:1"), "startedBy": "events-rule/r"}),
        ),
        (
            json!({"Arn": of("logs", "log-group:/aws/events/x:*")}),
            "CreateLogStream",
            json!({"logGroupName": "/aws/events/x", "logStreamName": "r"}),
        ),
        (
            json!({"Arn": of("events", "target/stop-instance"), "RoleArn": role, "Input": r#""i-1""#}),
            "StopInstances",
            json!({"InstanceIds": ["i-1"]}),
        ),
        (
            json!({"Arn": of("events", "target/create-snapshot"), "RoleArn": role, "Input": format!("\"{}\"", of("ec2", "volume/vol-1"))}),
            "CreateSnapshot",
            json!({"VolumeId": "vol-1"}),
        ),
    ];
    for (mut target, operation, wanted) in cases {
        target["Id"] = json!("t");
        put(&cloud, target.clone()).await;
        cloud.put("s", json!({})).await;
        let found = cloud.bench.store.snapshot().specs::<Delivery>(Scope::All).unwrap();
        let (_, spec) = found.iter().find(|(_, spec)| spec.call.operation == operation).expect(operation);
        let input: Value = serde_json::from_str(&spec.call.input).unwrap();
        for (name, value) in wanted.as_object().unwrap() {
            assert_eq!(&input[name], value, "{operation} {name}");
        }
        let as_role = matches!(&spec.by, Caller::Role { .. });
        assert_eq!(as_role, target.get("RoleArn").is_some(), "{operation}");
        cloud.settle().await;
    }
}

#[tokio::test]
async fn what_can_be_no_target() {
    let cloud = Cloud::new();
    cloud.ok("PutRule", json!({"Name": "r", "EventPattern": r#"{"source":["s"]}"#})).await;
    let with = |target: Value| json!({"Rule": "r", "Targets": [target]});
    let stranger = cloud.role("stranger", "ec2.amazonaws.com").await;
    for (target, message) in [
        (json!({"Id": "t", "Arn": "queue"}), "Parameter queue is not valid. Reason: Provided Arn is not in correct format."),
        (json!({"Id": "t", "Arn": queue("q.fifo")}), "Parameter(s) SqsParameters must be specified for target: t."),
        (
            json!({"Id": "t", "Arn": queue("q"), "Input": "{}", "InputPath": "$.detail"}),
            "Only one of Input, InputPath, or InputTransformer must be provided for target t.",
        ),
        (json!({"Id": "t", "Arn": queue("q"), "Input": "{"}), "JSON syntax error in input for target t at line 1, column 1"),
        (
            json!({"Id": "t", "Arn": queue("q"), "InputTransformer": {"InputTemplate": "\"<x>\""}}),
            "InputTemplate for target t contains invalid placeholder x.",
        ),
        (
            json!({"Id": "t", "Arn": format!("arn:aws:ecs:us-east-1:{ACCOUNT}:cluster/c"), "EcsParameters": {"TaskDefinitionArn": "t"}}),
            &format!("RoleArn is required for target arn:aws:ecs:us-east-1:{ACCOUNT}:cluster/c."),
        ),
        (
            json!({"Id": "t", "Arn": queue("q"), "RoleArn": stranger}),
            &format!("Provided role '{stranger}' cannot be assumed by principal 'events.amazonaws.com'."),
        ),
    ] {
        assert_eq!(cloud.fails("PutTargets", with(target), "ValidationException").await, message);
    }
    for unbuilt in [
        json!({"Id": "t", "Arn": format!("arn:aws:sns:us-east-1:{ACCOUNT}:topic")}),
        json!({"Id": "t", "Arn": format!("arn:aws:events:us-east-1:{ACCOUNT}:api-destination/d/1")}),
        json!({"Id": "t", "Arn": queue("q"), "RunCommandParameters": {"RunCommandTargets": [{"Key": "k", "Values": ["v"]}]}}),
    ] {
        assert_eq!(cloud.call("PutTargets", with(unbuilt)).await.status, 501);
    }
    let six: Vec<Value> = (0..6).map(|n| json!({"Id": n.to_string(), "Arn": queue("q")})).collect();
    cloud.fails("PutTargets", json!({"Rule": "r", "Targets": six}), "LimitExceededException").await;
    let nowhere = json!({"Rule": "x", "Targets": [{"Id": "t", "Arn": queue("q")}]});
    cloud.fails("PutTargets", nowhere, "ResourceNotFoundException").await;
}

#[tokio::test]
async fn a_target_that_fails_is_tried_until_the_event_is_too_old() {
    let cloud = Cloud::new();
    cloud.ok("PutRule", json!({"Name": "r", "EventPattern": r#"{"source":["s"]}"#})).await;
    let target = |id: &str, arn: &str| {
        json!({"Id": id, "Arn": queue(arn), "RetryPolicy": {"MaximumEventAgeInSeconds": 60, "MaximumRetryAttempts": 185},
        "DeadLetterConfig": {"Arn": queue("dead")}})
    };
    cloud.ok("PutTargets", json!({"Rule": "r", "Targets": [target("a", "broken"), target("b", "flaky")]})).await;
    cloud.put("s", json!({"n": 1})).await;
    assert!(cloud.sent().await.is_empty());
    let mut came = Vec::new();
    for second in 1..=31 {
        cloud.advance(std::time::Duration::from_secs(1)).await;
        came.extend(cloud.sent().await.into_iter().map(|message| (second, message)));
    }
    let shown: Vec<(u32, &str)> = came.iter().map(|(second, message)| (*second, message.queue.as_str())).collect();
    assert_eq!(shown, [(3, "flaky"), (31, "dead")], "{came:?}");
    let said = |name: &str| came[1].1.attributes.iter().find(|(it, _)| it == name).map(|(_, value)| value.as_str());
    assert_eq!((said("EXHAUSTED_RETRY_CONDITION"), said("RETRY_ATTEMPTS")), (Some("MaximumEventAgeInSeconds"), Some("5")));
    assert_eq!(cloud.waiting(), 0);
}
