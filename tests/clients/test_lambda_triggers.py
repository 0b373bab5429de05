"""What brings functions about, and what becomes of it when things go wrong: buckets and queues, a server that is killed, a crowd."""
import concurrent.futures
import http.client
import itertools
import json
import os
import random
import signal
import threading
import time

import botocore.exceptions
import pytest

from conftest import REGION, Cloud, until
from inputs import ACCOUNT
from people import root
from test_lambda_api import TRUST
from test_lambda_invoke import advance, invoke, make

CODE = '''
import json, os, time

SELF = os.urandom(8).hex()

def told(event, context):
    return None

def same(event, context):
    time.sleep(event.get("sleep", 0))
    return {"n": event["n"], "by": SELF}

def worker(event, context):
    """Does what each message says; those that it can't do it reports, or fails as a whole."""
    print("by " + json.dumps([SELF]))
    print("batch " + json.dumps([[record["messageId"], record["body"]] for record in event["Records"]]))
    failures = []
    for record in event["Records"]:
        wish = json.loads(record["body"])
        received = int(record["attributes"]["ApproximateReceiveCount"])
        if "raise" in wish and not (wish["raise"] == "once" and received > 1):
            raise ValueError(wish["raise"])
        if "sleep" in wish and received == 1:
            time.sleep(wish["sleep"])
        if wish.get("fail", 0) >= received:
            failures.append({"itemIdentifier": record["messageId"]})
        else:
            print("done " + json.dumps([wish["n"], received]))
    return {"batchItemFailures": failures}
'''


@pytest.fixture(scope="module")
def place(root, tmp_path_factory):
    """A cloud whose clock is moved, and which is killed."""
    running = Cloud(tmp_path_factory.mktemp("triggers")).up()
    yield running
    running.hillfog("down", check=False)


@pytest.fixture(scope="module")
def role(place):
    iam = root(place, "iam")
    arn = iam.create_role(RoleName="works", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    for policy in ["AmazonSQSFullAccess", "service-role/AWSLambdaBasicExecutionRole"]:
        iam.attach_role_policy(RoleName="works", PolicyArn=f"arn:aws:iam::aws:policy/{policy}")
    return arn


class Queue:
    """A queue, and what was received from it."""

    def __init__(self, cloud, name, allows=None, **attributes):
        self.client = root(cloud, "sqs")
        self.arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"
        if allows:
            attributes["Policy"] = json.dumps({"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Principal": {"Service": allows}, "Action": "sqs:SendMessage", "Resource": self.arn}]})
        self.url = self.client.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        self.bodies = []

    def send(self, *wishes):
        for some in [wishes[at:at + 10] for at in range(0, len(wishes), 10)]:
            sent = self.client.send_message_batch(QueueUrl=self.url, Entries=[
                {"Id": str(at), "MessageBody": json.dumps(wish)} for at, wish in enumerate(some)])
            assert len(sent["Successful"]) == len(some)

    def received(self):
        """All that has come until now, as JSON."""
        for message in self.client.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get("Messages", []):
            self.bodies.append(json.loads(message["Body"]))
            self.client.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        return self.bodies

    def left(self):
        """How many messages it has, whether they can be seen or not."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        return sum(int(count) for count in self.client.get_queue_attributes(QueueUrl=self.url, AttributeNames=names)["Attributes"].values())


def function(cloud, role, name, handler, **more):
    client = root(cloud, "lambda")
    make(client, role, name, CODE, Handler=f"app.{handler}", **more)
    return client, f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"


def said(cloud, name, word):
    """What follows that word in the lines of a function's log, as JSON."""
    logs = root(cloud, "logs")
    try:
        events = logs.filter_log_events(logGroupName=f"/aws/lambda/{name}", filterPattern=f'"{word}"')["events"]
    except logs.exceptions.ResourceNotFoundException:
        return []
    return [json.loads(event["message"].removeprefix(word)) for event in events if event["message"].startswith(f"{word} ")]


def test_a_bucket_tells_a_function_a_queue_and_a_bus_of_the_keys_that_they_want(place, role):
    told, texts = Queue(place, "told"), Queue(place, "texts", "s3.amazonaws.com")
    events = Queue(place, "bus", "events.amazonaws.com")
    functions, pictures = function(place, role, "pictures", "told")
    functions.put_function_event_invoke_config(FunctionName="pictures", DestinationConfig={"OnSuccess": {"Destination": told.arn}})
    functions.add_permission(FunctionName="pictures", StatementId="s3", Action="lambda:InvokeFunction", Principal="s3.amazonaws.com",
                             SourceArn="arn:aws:s3:::triggers", SourceAccount=ACCOUNT)
    bus = root(place, "events")
    bus.put_rule(Name="objects", EventPattern=json.dumps({
        "source": ["aws.s3"], "detail-type": ["Object Created"], "detail": {"object": {"key": [{"prefix": "bus/"}]}}}))
    bus.put_targets(Rule="objects", Targets=[{"Id": "queue", "Arn": events.arn}])
    s3 = root(place, "s3")
    s3.create_bucket(Bucket="triggers")
    only = lambda prefix, suffix: {"Key": {"FilterRules": [{"Name": "prefix", "Value": prefix}, {"Name": "suffix", "Value": suffix}]}}
    s3.put_bucket_notification_configuration(Bucket="triggers", NotificationConfiguration={
        "LambdaFunctionConfigurations": [
            {"LambdaFunctionArn": pictures, "Events": ["s3:ObjectCreated:*"], "Filter": only("photos/", ".png")}],
        "QueueConfigurations": [{"QueueArn": texts.arn, "Events": ["s3:ObjectCreated:Put", "s3:ObjectRemoved:*"], "Filter": only("texts/", ".txt")}],
        "EventBridgeConfiguration": {}})
    # The last of each is wanted: when it has come, the others would have.
    for key in ["photos/a.txt", "other/a.png", "photos/a b.png", "texts/a.png", "photos/a.txt", "texts/a.txt", "elsewhere/x", "bus/x"]:
        s3.put_object(Bucket="triggers", Key=key, Body=b"four")
    s3.delete_object(Bucket="triggers", Key="texts/a.txt")

    until(told.received, what="the function has been invoked")
    of = lambda record: (record["eventName"], record["s3"]["bucket"]["name"], record["s3"]["object"]["key"], record["s3"]["object"].get("size"))
    assert [[of(record) for record in body["requestPayload"]["Records"]] for body in told.received()] == [
        [("ObjectCreated:Put", "triggers", "photos/a+b.png", 4)]]
    until(lambda: len(texts.received()) == 3, what="the test event and two others")
    assert [body["Event"] for body in texts.bodies if "Event" in body] == ["s3:TestEvent"]
    assert sorted((of(record) for body in texts.bodies for record in body.get("Records", [])), key=str) == [
        ("ObjectCreated:Put", "triggers", "texts/a.txt", 4), ("ObjectRemoved:Delete", "triggers", "texts/a.txt", None)]
    until(events.received, what="the bus's event")
    assert [(body["source"], body["detail"]["object"]["key"], body["detail"]["reason"]) for body in events.received()] == [
        ("aws.s3", "bus/x", "PutObject")]


def test_a_queues_messages_are_filtered_batched_tried_again_and_given_up(place, role):
    dead = Queue(place, "dead")
    redrive = json.dumps({"deadLetterTargetArn": dead.arn, "maxReceiveCount": 2})
    work, fails = [Queue(place, name, RedrivePolicy=redrive) for name in ["work", "fails"]]
    functions, _ = function(place, role, "worker", "worker")
    work.send(*[{"n": n, "kind": "wanted"} for n in range(5)], {"n": 5, "kind": "wanted", "fail": 1}, {"n": 6, "kind": "other"})
    work.send({"n": 7, "kind": "wanted", "fail": 9})
    fails.send({"n": 8, "raise": "no"})
    functions.create_event_source_mapping(
        FunctionName="worker", EventSourceArn=work.arn, BatchSize=3, FunctionResponseTypes=["ReportBatchItemFailures"],
        FilterCriteria={"Filters": [{"Pattern": json.dumps({"body": {"kind": ["wanted"]}})}]})
    functions.create_event_source_mapping(FunctionName="worker", EventSourceArn=fails.arn)

    done = lambda: sorted(map(tuple, said(place, "worker", "done")))
    first = [(n, 1) for n in range(5)]
    until(lambda: done() == first, what="five messages are done")
    # Three are left: one failed, two will always fail. The one that isn't wanted has gone without being seen.
    until(lambda: (work.left(), fails.left()) == (2, 1), what="what is done is deleted")
    advance(place, 31)
    until(lambda: done() == first + [(5, 2)], what="what failed once is done the second time")
    until(lambda: work.left() == 1, what="it is deleted")
    advance(place, 31)
    until(lambda: len(dead.received()) == 2, what="what always fails is a dead letter")
    assert sorted(body["n"] for body in dead.bodies) == [7, 8]
    assert (work.left(), fails.left()) == (0, 0)
    batches = said(place, "worker", "batch")
    assert max(len(batch) for batch in batches) == 3, batches
    assert not any('"n": 6' in body for batch in batches for _, body in batch)


def test_order_is_kept_in_groups_and_a_mapping_takes_no_more_environments_than_it_may(place, role):
    ordered, many = Queue(place, "ordered.fifo", FifoQueue="true", ContentBasedDeduplication="true"), Queue(place, "many")
    functions, _ = function(place, role, "ordered", "worker")
    function(place, role, "many", "worker")
    for number in range(8):
        wish = {"n": number, "raise": "once"} if number == 3 else {"n": number}
        ordered.client.send_message(QueueUrl=ordered.url, MessageGroupId="even" if number % 2 == 0 else "odd", MessageBody=json.dumps(wish))
    many.send(*[{"n": n, "sleep": 0.3} for n in range(12)])
    functions.create_event_source_mapping(FunctionName="ordered", EventSourceArn=ordered.arn, BatchSize=1)
    functions.create_event_source_mapping(FunctionName="many", EventSourceArn=many.arn, BatchSize=1, ScalingConfig={"MaximumConcurrency": 2})

    until(lambda: {n for n, _ in said(place, "ordered", "done")} == {0, 1, 2, 4, 6}, what="one group is done, the other stops at its third")
    until(lambda: many.left() == 0, what="all of the many are done")
    until(lambda: sorted(n for n, _ in said(place, "many", "done")) == list(range(12)), what="each was done once")
    assert len({by for by, in said(place, "many", "by")}) <= 2
    advance(place, 31)
    until(lambda: len(said(place, "ordered", "done")) == 8, what="the other group goes on")
    done = [n for n, _ in said(place, "ordered", "done")]
    assert ([n for n in done if n % 2 == 0], [n for n in done if n % 2]) == ([0, 2, 4, 6], [1, 3, 5, 7])


def test_what_came_of_an_event_is_told_to_functions_and_buses(place, role):
    iam = root(place, "iam")
    iam.put_role_policy(RoleName="works", PolicyName="tells", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["lambda:InvokeFunction", "events:PutEvents"], "Resource": "*"}]}))
    functions, _ = function(place, role, "first", "same")
    _, second = function(place, role, "second", "told")
    third, events = Queue(place, "third"), root(place, "events")
    results = Queue(place, "results", "events.amazonaws.com")
    bus = events.create_event_bus(Name="told")["EventBusArn"]
    events.put_rule(Name="results", EventBusName="told", EventPattern=json.dumps({"source": ["lambda"]}))
    events.put_targets(Rule="results", EventBusName="told", Targets=[{"Id": "queue", "Arn": results.arn}])
    functions.put_function_event_invoke_config(
        FunctionName="first", MaximumRetryAttempts=0, DestinationConfig={"OnSuccess": {"Destination": second}, "OnFailure": {"Destination": bus}})
    functions.put_function_event_invoke_config(FunctionName="second", DestinationConfig={"OnSuccess": {"Destination": third.arn}})
    for event in [{"n": 1}, {"wrong": 2}]:
        functions.invoke(FunctionName="first", InvocationType="Event", Payload=json.dumps(event))
    until(third.received, what="the second function is told by the first, and tells")
    told = third.bodies[0]["requestPayload"]
    assert (told["requestPayload"], told["responsePayload"]["n"], told["requestContext"]["condition"]) == ({"n": 1}, 1, "Success")
    until(results.received, what="the bus is told")
    told = results.bodies[0]
    assert (told["detail-type"], told["resources"][0]) == ("Lambda Function Invocation Result - Failure", bus)
    assert (told["detail"]["requestPayload"], told["detail"]["responsePayload"]["errorType"]) == ({"wrong": 2}, "KeyError")


def test_a_killed_servers_callers_hear_of_it_and_its_queues_lose_nothing(place, role):
    queue = Queue(place, "interrupted")
    functions, _ = function(place, role, "slow", "same", Timeout=30)
    function(place, role, "batches", "worker", Timeout=30)
    functions.create_event_source_mapping(FunctionName="batches", EventSourceArn=queue.arn, BatchSize=2)
    queue.send(*[{"n": n, "sleep": 2} for n in range(6)])
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        waits = pool.submit(invoke, functions, "slow", {"n": 1, "sleep": 20})
        until(lambda: said(place, "batches", "batch"), what="a batch is being worked on")
        until(lambda: starts(place, "slow"), what="the invocation has begun")
        os.kill(place.server_pid(), signal.SIGKILL)
        with pytest.raises(botocore.exceptions.ConnectionClosedError):
            waits.result(timeout=60)
    place.up()
    assert invoke(functions, "slow", {"n": 2})[1]["n"] == 2

    advance(place, 31)
    until(lambda: queue.left() == 0, what="every message has been deleted")
    done = lambda: said(place, "batches", "done")
    until(lambda: {n for n, _ in done()} == set(range(6)), what="each was done")
    assert max(received for _, received in done()) >= 2, "what was being worked on came again"


def starts(cloud, name):
    logs = root(cloud, "logs")
    try:
        return logs.filter_log_events(logGroupName=f"/aws/lambda/{name}", filterPattern="START")["events"]
    except logs.exceptions.ResourceNotFoundException:
        return []


def test_a_thousand_at_once_end_right_in_a_hundred_environments(place, role):
    crowd, most = 1000, 100
    client, _ = function(place, role, "crowd", "same", MemorySize=128)
    client.put_function_concurrency(FunctionName="crowd", ReservedConcurrentExecutions=most)
    reasons, together = set(), threading.Barrier(crowd)

    def persist(number):
        """Invokes as SDKs do: who is throttled comes again, after ever longer pauses. (A thousand of boto3's clients would be all that is measured.)"""
        connection = http.client.HTTPConnection(place.listen, timeout=300)
        together.wait()
        for tries in itertools.count():
            connection.request("POST", "/2015-03-31/functions/crowd/invocations", json.dumps({"n": number}), {
                "X-Amz-Date": "20260101T000000Z",
                "Authorization": f"AWS4-HMAC-SHA256 Credential={ACCOUNT}/20260101/{REGION}/lambda/aws4_request, SignedHeaders=host, Signature=00"})
            answer = connection.getresponse()
            said = json.loads(answer.read())
            if answer.status != 429:
                return answer.status, said
            reasons.add(said["Reason"])
            time.sleep(int(answer.headers["Retry-After"]) * min(2 ** tries, 8) * random.uniform(0.5, 1.5))

    with concurrent.futures.ThreadPoolExecutor(crowd) as pool:
        answers = list(pool.map(persist, range(crowd)))
    assert [(status, said.get("n")) for status, said in answers] == [(200, number) for number in range(crowd)]
    assert 1 < len({said["by"] for _, said in answers}) <= most
    assert reasons == {"ReservedFunctionConcurrentInvocationLimitExceeded"}
