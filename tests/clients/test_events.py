"""EventBridge and its scheduler through boto3 and the AWS CLI: events that come, and schedules that really run."""
import json

import botocore.exceptions
import pytest

from conftest import until
from inputs import ACCOUNT, REGION
from people import root

GROUP = "/aws/events/seen"


def lines(logs):
    """What has come to the log group, as JSON."""
    found = logs.filter_log_events(logGroupName=GROUP)["events"]
    return [json.loads(event["message"]) for event in found]


@pytest.fixture(scope="module")
def seen(cloud):
    """A log group that rules may write to, and its ARN."""
    logs = root(cloud, "logs")
    logs.create_log_group(logGroupName=GROUP)
    arn = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{GROUP}"
    policy = {"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"Service": ["events.amazonaws.com", "delivery.logs.amazonaws.com"]},
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": f"{arn}:*"}]}
    logs.put_resource_policy(policyName="events", policyDocument=json.dumps(policy))
    return logs, arn


def role(cloud, name, service, actions):
    iam = root(cloud, "iam")
    statement = lambda more: json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **more}]})
    trust = statement({"Principal": {"Service": service}, "Action": "sts:AssumeRole"})
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=statement({"Action": actions, "Resource": "*"}))
    return arn


def test_events_go_where_rules_send_them(cloud, seen):
    logs, group = seen
    events = root(cloud, "events")
    pattern = {"source": ["shop"], "detail": {"total": [{"numeric": [">", 100]}], "card": [{"anything-but": {"prefix": "test-"}}]}}
    events.put_rule(Name="large-orders", EventPattern=json.dumps(pattern))
    done = events.put_targets(Rule="large-orders", Targets=[{"Id": "log", "Arn": group}])
    assert done["FailedEntryCount"] == 0
    put = lambda total, card: {"Source": "shop", "DetailType": "order", "Detail": json.dumps({"total": total, "card": card})}
    done = events.put_events(Entries=[put(500, "real-1"), put(50, "real-2"), put(700, "test-3"), {"Source": "shop"}])
    assert [entry.get("ErrorCode") for entry in done["Entries"]] == [None, None, None, "InvalidArgument"]
    found = until(lambda: lines(logs), what="the event")
    assert [(event["detail"], event["detail-type"], event["account"]) for event in found] == [
        ({"total": 500, "card": "real-1"}, "order", ACCOUNT)]
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        events.put_rule(Name="wrong", EventPattern='{"source": "shop"}')
    error = refused.value.response["Error"]
    assert error["Code"] == "InvalidEventPatternException"
    assert error["Message"].startswith('Event pattern is not valid. Reason: "source" must be an object or an array')
    event = {"id": "1", "account": ACCOUNT, "source": "shop", "time": "2026-01-01T00:00:00Z", "region": REGION, "resources": [],
             "detail-type": "order", "detail": {"total": 101, "card": "x"}}
    tried = cloud.aws("events", "test-event-pattern", "--event-pattern", json.dumps(pattern), "--event", json.dumps(event))
    assert tried["Result"] is True


def test_schedules_call_at_their_time(cloud, seen):
    logs, group = seen
    events, scheduler = root(cloud, "events"), root(cloud, "scheduler")
    events.put_rule(Name="from-the-clock", EventPattern=json.dumps({"source": ["clock"]}))
    template = {"InputPathsMap": {"arn": "$.detail.arn"}, "InputTemplate": '{"rule": <aws.events.rule-name>, "arn": "<arn>"}'}
    events.put_targets(Rule="from-the-clock", Targets=[{"Id": "log", "Arn": group, "InputTransformer": template}])
    target = {
        "Arn": f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default",
        "RoleArn": role(cloud, "clock", "scheduler.amazonaws.com", "events:PutEvents"),
        "EventBridgeParameters": {"Source": "clock", "DetailType": "tick"},
        "Input": json.dumps({"arn": "<aws.scheduler.schedule-arn>"}),
    }
    made = scheduler.create_schedule(
        Name="ticker", ScheduleExpression="rate(1 hours)", ScheduleExpressionTimezone="Europe/Berlin", Target=target,
        FlexibleTimeWindow={"Mode": "OFF"})
    ours = lambda: [line for line in lines(logs) if line.get("rule") == "from-the-clock"]
    assert until(ours, what="the first tick")[0]["arn"] == made["ScheduleArn"]
    assert scheduler.get_schedule(Name="ticker")["Target"] == target
    assert [found["Name"] for found in scheduler.list_schedules(NamePrefix="ticker")["Schedules"]] == ["ticker"]
    scheduler.delete_schedule(Name="ticker")
    with pytest.raises(scheduler.exceptions.ResourceNotFoundException):
        scheduler.get_schedule(Name="ticker")
