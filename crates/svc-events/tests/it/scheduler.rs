//! EventBridge Scheduler: schedules, groups, and what they call.

use crate::cloud::{ACCOUNT, Cloud, Message, queue};
use model::delivery::Delivery;
use serde_json::{Value, json};
use spine::{Read, Scope};
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);
const SERVICE: &str = "scheduler.amazonaws.com";

struct Timed {
    cloud: Cloud,
    role: String,
}

impl Timed {
    async fn new() -> Self {
        let cloud = Cloud::new();
        let role = cloud.role("runner", SERVICE).await;
        Self { cloud, role }
    }

    /// The input for a schedule that sends `tick` to the queue `jobs`, with more of it.
    fn input(&self, expression: &str, more: Value) -> Value {
        let mut input = json!({
            "ScheduleExpression": expression, "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": {"Arn": queue("jobs"), "RoleArn": self.role, "Input": "tick"},
        });
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        input
    }

    async fn create(&self, name: &str, expression: &str, more: Value) -> Value {
        let made = self.cloud.done("POST", &format!("/schedules/{name}"), self.input(expression, more)).await;
        self.cloud.settle().await;
        made
    }

    /// At which minutes something came, looking at each minute of so many.
    async fn minutes(&self, count: u32) -> Vec<u32> {
        let mut found = Vec::new();
        for minute in 1..=count {
            self.cloud.advance(MINUTE).await;
            found.extend(self.cloud.sent().await.iter().map(|_| minute));
        }
        found
    }
}

#[tokio::test]
async fn schedules_are_kept_as_they_were_said() {
    let timed = Timed::new().await;
    let cloud = &timed.cloud;
    let more = json!({"Description": "d", "ScheduleExpressionTimezone": "Europe/Berlin", "ClientToken": "once", "StartDate": 1_800_000_000,
        "FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 5}, "ActionAfterCompletion": "DELETE"});
    let made = timed.create("nightly", "cron(0 2 * * ? *)", more.clone()).await;
    let arn = format!("arn:aws:scheduler:us-east-1:{ACCOUNT}:schedule/default/nightly");
    assert_eq!(made["ScheduleArn"], arn);
    assert_eq!(
        timed.create("nightly", "cron(0 2 * * ? *)", more).await["ScheduleArn"],
        arn,
        "the same token is the same request"
    );
    let again = timed.input("rate(1 hours)", json!({"ClientToken": "twice"}));
    let message = cloud.refused("POST", "/schedules/nightly", again.clone(), "ConflictException").await;
    assert_eq!(message, "Schedule nightly already exists.");
    let shown = cloud.done("GET", "/schedules/nightly", json!({})).await;
    for (member, wanted) in [
        ("Arn", json!(arn)),
        ("GroupName", json!("default")),
        ("State", json!("ENABLED")),
        ("ScheduleExpressionTimezone", json!("Europe/Berlin")),
        ("FlexibleTimeWindow", json!({"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 5})),
        ("ActionAfterCompletion", json!("DELETE")),
        ("Target", json!({"Arn": queue("jobs"), "RoleArn": timed.role, "Input": "tick"})),
    ] {
        assert_eq!(shown[member], wanted, "{member}");
    }
    cloud.done("PUT", "/schedules/nightly", again).await;
    let shown = cloud.done("GET", "/schedules/nightly", json!({})).await;
    assert_eq!((shown["ScheduleExpression"].as_str(), shown.get("Description")), (Some("rate(1 hours)"), None));
    cloud.done("DELETE", "/schedules/nightly", json!({})).await;
    let gone = cloud.refused("GET", "/schedules/nightly", json!({}), "ResourceNotFoundException").await;
    assert_eq!(gone, "Schedule nightly does not exist.");
}

#[tokio::test]
async fn groups_hold_schedules() {
    let timed = Timed::new().await;
    let cloud = &timed.cloud;
    let group = json!({"Tags": [{"Key": "a", "Value": "1"}]});
    let made = cloud.done("POST", "/schedule-groups/shop", group.clone()).await;
    let arn = format!("arn:aws:scheduler:us-east-1:{ACCOUNT}:schedule-group/shop");
    assert_eq!(made["ScheduleGroupArn"], arn);
    cloud.refused("POST", "/schedule-groups/shop", group, "ConflictException").await;
    assert_eq!(cloud.done("GET", "/schedule-groups/shop", json!({})).await["State"], "ACTIVE");
    let names = |found: Value, list: &str| -> Vec<String> {
        found[list].as_array().unwrap().iter().map(|it| it["Name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(cloud.done("GET", "/schedule-groups", json!({})).await, "ScheduleGroups"), ["default", "shop"]);
    for (name, group, state) in [("a", "shop", "ENABLED"), ("b", "shop", "DISABLED"), ("c", "default", "ENABLED")] {
        timed.create(name, "rate(1 days)", json!({"GroupName": group, "State": state})).await;
    }
    assert_eq!(names(cloud.done("GET", "/schedules", json!({})).await, "Schedules"), ["c", "a", "b"]);
    assert_eq!(names(cloud.done("GET", "/schedules?ScheduleGroup=shop", json!({})).await, "Schedules"), ["a", "b"]);
    assert_eq!(names(cloud.done("GET", "/schedules?State=DISABLED", json!({})).await, "Schedules"), ["b"]);
    let page = cloud.done("GET", "/schedules?MaxResults=2", json!({})).await;
    let next = format!("/schedules?NextToken={}", page["NextToken"].as_str().unwrap());
    assert_eq!(names(cloud.done("GET", &next, json!({})).await, "Schedules"), ["b"]);
    let tags = format!("/tags/{}", arn.replace(':', "%3A").replace('/', "%2F"));
    cloud.done("POST", &tags, json!({"Tags": [{"Key": "b", "Value": "2"}]})).await;
    cloud.done("DELETE", &format!("{tags}?TagKeys=a"), json!({})).await;
    assert_eq!(cloud.done("GET", &tags, json!({})).await["Tags"], json!([{"Key": "b", "Value": "2"}]));
    cloud.done("DELETE", "/schedule-groups/shop", json!({})).await;
    assert_eq!(names(cloud.done("GET", "/schedules", json!({})).await, "Schedules"), ["c"]);
    cloud.refused("DELETE", "/schedule-groups/shop", json!({}), "ResourceNotFoundException").await;
    cloud.refused("DELETE", "/schedule-groups/default", json!({}), "ValidationException").await;
    let nowhere = timed.input("rate(1 days)", json!({"GroupName": "shop"}));
    cloud.refused("POST", "/schedules/x", nowhere, "ResourceNotFoundException").await;
}

#[tokio::test]
async fn schedules_run_at_their_times() {
    let timed = Timed::new().await;
    timed.create("every-four", "rate(4 minutes)", json!({})).await;
    assert_eq!(timed.cloud.sent().await.len(), 1, "a rate begins at once");
    assert_eq!(timed.minutes(9).await, [4, 8]);
    timed.cloud.done("DELETE", "/schedules/every-four", json!({})).await;
    // It is nine minutes past midnight, in Berlin an hour later.
    timed.create("zoned", "cron(15 1 * * ? *)", json!({"ScheduleExpressionTimezone": "Europe/Berlin"})).await;
    timed.create("bounded", "rate(1 minutes)", json!({"StartDate": 1_767_226_260, "EndDate": 1_767_226_360})).await;
    timed.create("off", "rate(1 minutes)", json!({"State": "DISABLED"})).await;
    // The bounds are 11 minutes and 12 minutes 40 seconds past midnight.
    assert_eq!(timed.minutes(8).await, [2, 3, 6]);
}

#[tokio::test]
async fn one_time_schedules_run_once_and_go_if_they_are_told_to() {
    let timed = Timed::new().await;
    timed.create("stays", "at(2026-01-01T00:02:00)", json!({})).await;
    timed.create("goes", "at(2026-01-01T00:04:00)", json!({"ActionAfterCompletion": "DELETE"})).await;
    assert_eq!(timed.minutes(10).await, [2, 4]);
    timed.cloud.done("GET", "/schedules/stays", json!({})).await;
    timed.cloud.refused("GET", "/schedules/goes", json!({}), "ResourceNotFoundException").await;
}

#[tokio::test]
async fn flexible_windows_spread_what_runs_once_in_each() {
    let timed = Timed::new().await;
    let window = json!({"FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 30}});
    timed.create("spread", "cron(0 * * * ? *)", window).await;
    let found = timed.minutes(10 * 60).await;
    let hours: Vec<u32> = found.iter().map(|minute| minute / 60).collect();
    assert_eq!(hours, (1..10).collect::<Vec<u32>>(), "{found:?}");
    assert!(found.iter().all(|minute| minute % 60 <= 30), "{found:?}");
    let places: std::collections::BTreeSet<u32> = found.iter().map(|minute| minute % 60).collect();
    assert!(places.len() > 3, "{found:?}");
}

#[tokio::test]
async fn context_attributes_are_filled_in() {
    let timed = Timed::new().await;
    let input = r#"{"arn": "<aws.scheduler.schedule-arn>", "at": "<aws.scheduler.scheduled-time>", "id": "<aws.scheduler.execution-id>"}"#;
    let target = json!({"Target": {"Arn": queue("jobs"), "RoleArn": timed.role, "Input": input}});
    timed.create("ctx", "at(2026-01-01T00:01:00)", target).await;
    let usual = json!({"Target": {"Arn": queue("jobs"), "RoleArn": timed.role}});
    timed.create("usual", "at(2026-01-01T00:02:00)", usual).await;
    timed.cloud.advance(MINUTE).await;
    let said = timed.cloud.bodies().await.remove(0);
    assert_eq!(said["arn"], format!("arn:aws:scheduler:us-east-1:{ACCOUNT}:schedule/default/ctx"));
    assert_eq!((said["at"].as_str(), said["id"].as_str().map(str::len)), (Some("2026-01-01T00:01:00Z"), Some(36)));
    timed.cloud.advance(MINUTE).await;
    let said = timed.cloud.bodies().await.remove(0);
    assert_eq!((said["source"].as_str(), said["time"].as_str()), (Some("aws.scheduler"), Some("2026-01-01T00:02:00Z")));
}

#[tokio::test]
async fn any_operation_can_be_called() {
    let timed = Timed::new().await;
    let target = |action: &str, input: Value| json!({"Target": {"Arn": format!("arn:aws:scheduler:::aws-sdk:{action}"), "RoleArn": timed.role, "Input": input.to_string()}});
    let bus = target("eventbridge:createEventBus", json!({"Name": "made-by-the-clock"}));
    timed.create("universal", "at(2026-01-01T00:01:00)", bus).await;
    timed.cloud.advance(MINUTE).await;
    assert_eq!(timed.cloud.ok("DescribeEventBus", json!({"Name": "made-by-the-clock"})).await["Name"], "made-by-the-clock");
    for (action, input) in [
        ("sqs:receiveMessage", json!({})),
        ("nothing:doIt", json!({})),
        ("eventbridge:createEventBus", json!({})),
        ("eventbridge:createEventBus", json!({"Name": 5})),
    ] {
        let input = timed.input("rate(1 days)", target(action, input));
        timed.cloud.refused("POST", "/schedules/x", input, "ValidationException").await;
    }
    let unbuilt = timed.input("rate(1 days)", target("batch:submitJob", json!({})));
    assert_eq!(timed.cloud.scheduler("POST", "/schedules/x", unbuilt).await.status, 501);
}

#[tokio::test]
async fn templated_targets_have_their_calls() {
    let timed = Timed::new().await;
    let of = |service: &str, rest: &str| format!("arn:aws:{service}:us-east-1:{ACCOUNT}:{rest}");
    let targets = [
        (
            json!({"Arn": of("lambda", "function:f"), "Input": "{}"}),
            "Invoke",
            json!({"InvocationType": "Event", "Payload": "e30="}),
        ),
        (
            json!({"Arn": of("ecs", "cluster/c"), "EcsParameters": {"TaskDefinitionArn": of("ecs", "task-definition/t:1"), "TaskCount": 2,
                "NetworkConfiguration": {"awsvpcConfiguration": {"Subnets": ["subnet-1"]}}}}),
            "RunTask",
            json!({"cluster": of("ecs", "cluster/c"), "count": 2, "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}}),
        ),
        (
            json!({"Arn": of("events", "event-bus/default"), "EventBridgeParameters": {"DetailType": "t", "Source": "s"}, "Input": "{\"a\":1}"}),
            "PutEvents",
            json!({"Entries": [{"Source": "s", "DetailType": "t", "Detail": "{\"a\":1}", "EventBusName": of("events", "event-bus/default")}]}),
        ),
    ];
    for (mut target, operation, wanted) in targets {
        target["RoleArn"] = json!(timed.role);
        let name = format!("of-{operation}");
        let input = timed.input("rate(1 days)", json!({"Target": target}));
        timed.cloud.done("POST", &format!("/schedules/{name}"), input).await;
        let cx = spine::reconcile::ReconcileCx::new(timed.cloud.bench.store.clone(), timed.cloud.bench.env.clone());
        spine::reconcile::Reconciler::reconcile(&svc_events::scheduler::Schedules, &cx).await.unwrap();
        let found = timed.cloud.bench.store.snapshot().specs::<Delivery>(Scope::All).unwrap();
        let (_, spec) = found.iter().find(|(_, spec)| spec.call.operation == operation).expect(operation);
        let said: Value = serde_json::from_str(&spec.call.input).unwrap();
        for (member, value) in wanted.as_object().unwrap() {
            assert_eq!(&said[member], value, "{operation} {member}");
        }
        timed.cloud.settle().await;
    }
}

#[tokio::test]
async fn what_fails_ends_as_a_dead_letter() {
    let timed = Timed::new().await;
    let target = json!({"Target": {"Arn": queue("broken"), "RoleArn": timed.role, "Input": "tick",
        "RetryPolicy": {"MaximumRetryAttempts": 0}, "DeadLetterConfig": {"Arn": queue("dead")}}});
    timed.create("doomed", "at(2026-01-01T00:01:00)", target).await;
    timed.cloud.advance(MINUTE).await;
    let letters: Vec<Message> = timed.cloud.sent().await;
    assert_eq!((letters.len(), letters[0].queue.as_str(), letters[0].body.as_str()), (1, "dead", "tick"));
    let said = |name: &str| letters[0].attributes.iter().find(|(it, _)| it == name).map(|(_, value)| value.as_str());
    assert_eq!(said("SCHEDULE_ARN"), Some(format!("arn:aws:scheduler:us-east-1:{ACCOUNT}:schedule/default/doomed").as_str()));
    assert_eq!((said("ERROR_CODE"), said("SCHEDULED_TIME")), (Some("InternalError"), Some("2026-01-01T00:01:00Z")));
}

#[tokio::test]
async fn what_fails_at_first_succeeds_and_knows_how_often_it_was_tried() {
    let timed = Timed::new().await;
    let target = json!({"Target": {"Arn": queue("flaky"), "RoleArn": timed.role, "Input": "try <aws.scheduler.attempt-number>"}});
    timed.create("stubborn", "at(2026-01-01T00:01:00)", target).await;
    timed.cloud.advance(MINUTE).await;
    assert_eq!((timed.cloud.sent().await, timed.cloud.waiting()), (Vec::new(), 1));
    timed.cloud.advance(Duration::from_secs(1)).await;
    assert_eq!((timed.cloud.sent().await, timed.cloud.waiting()), (Vec::new(), 1));
    timed.cloud.advance(Duration::from_secs(2)).await;
    let sent = timed.cloud.sent().await;
    assert_eq!((sent.len(), sent[0].body.as_str(), timed.cloud.waiting()), (1, "try 3", 0));
}

#[tokio::test]
async fn what_becomes_too_old_is_given_up() {
    let timed = Timed::new().await;
    let target = json!({"Target": {"Arn": queue("broken"), "RoleArn": timed.role, "Input": "try <aws.scheduler.attempt-number>",
        "RetryPolicy": {"MaximumEventAgeInSeconds": 60}, "DeadLetterConfig": {"Arn": queue("dead")}}});
    timed.create("aging", "at(2026-01-01T00:01:00)", target).await;
    // After 0, 1, 3, 7, 15, 31 seconds; the next time would be past the minute.
    timed.cloud.advance(MINUTE).await;
    for _ in 0..30 {
        timed.cloud.advance(Duration::from_secs(1)).await;
        assert!(timed.cloud.sent().await.is_empty());
    }
    timed.cloud.advance(Duration::from_secs(1)).await;
    let letters = timed.cloud.sent().await;
    let said = |name: &str| letters[0].attributes.iter().find(|(it, _)| it == name).map(|(_, value)| value.as_str());
    assert_eq!((letters.len(), letters[0].body.as_str()), (1, "try 6"));
    assert_eq!((said("EXHAUSTED_RETRY_CONDITION"), said("RETRY_ATTEMPTS")), (Some("MaximumEventAgeInSeconds"), Some("5")));
    assert_eq!(timed.cloud.waiting(), 0);
}

#[tokio::test]
async fn what_is_no_schedule() {
    let timed = Timed::new().await;
    let stranger = timed.cloud.role("stranger", "ec2.amazonaws.com").await;
    let target = |target: Value| json!({ "Target": target });
    for (expression, more, wanted) in [
        ("cron(0 0 * * * *)", json!({}), "Invalid Schedule Expression cron(0 0 * * * *)."),
        ("rate(1 days)", json!({"ScheduleExpressionTimezone": "Mars/Base"}), "Invalid Schedule Expression Timezone Mars/Base."),
        ("rate(1 days)", json!({"FlexibleTimeWindow": {"Mode": "FLEXIBLE"}}), "MaximumWindowInMinutes must be specified"),
        (
            "rate(1 days)",
            json!({"StartDate": 1_800_000_000, "EndDate": 1_700_000_000}),
            "The EndDate of a schedule must be after",
        ),
        (
            "rate(1 days)",
            target(json!({"Arn": queue("jobs"), "RoleArn": stranger})),
            "The execution role you provide must allow AWS EventBridge Scheduler to assume the role.",
        ),
        ("rate(1 days)", target(json!({"Arn": "queue", "RoleArn": timed.role})), "Invalid target ARN queue."),
        ("rate(1 days)", target(json!({"Arn": queue("q.fifo"), "RoleArn": timed.role})), "MessageGroupId must be specified"),
    ] {
        let found = timed.cloud.refused("POST", "/schedules/x", timed.input(expression, more), "ValidationException").await;
        assert!(found.starts_with(wanted), "{found}");
    }
    for unbuilt in [
        json!({"KmsKeyArn": format!("arn:aws:kms:us-east-1:{ACCOUNT}:key/k")}),
        target(json!({"Arn": format!("arn:aws:sns:us-east-1:{ACCOUNT}:t"), "RoleArn": timed.role})),
    ] {
        assert_eq!(timed.cloud.scheduler("POST", "/schedules/x", timed.input("rate(1 days)", unbuilt)).await.status, 501);
    }
    let user = timed.cloud.user("builder", json!([{"Effect": "Allow", "Action": "scheduler:*", "Resource": "*"}])).await;
    let denied = user.scheduler("POST", "/schedules/x", timed.input("rate(1 days)", json!({}))).await;
    assert!(denied.message().contains("iam:PassRole"), "{}", denied.text());
}
