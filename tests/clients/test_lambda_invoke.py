"""Functions that really run: Python functions on this host, invoked, streamed, queued, behind URLs, and over a kill of the server."""
import base64
import concurrent.futures
import io
import json
import os
import signal
import subprocess
import urllib.request
import zipfile

import botocore.exceptions
import pytest

from conftest import until
from people import root
from test_lambda_api import TRUST

CODE = '''
import os, sys, time

def handler(event, context):
    print("asked for", event)
    if "raise" in event:
        raise ValueError(event["raise"])
    if "exit" in event:
        sys.exit(event["exit"])
    if "sleep" in event:
        time.sleep(event["sleep"])
    if "note" in event:
        with open("/tmp/notes", "a") as notes:
            notes.write("x")
    if "who" in event:
        import boto3
        return boto3.client("sts").get_caller_identity()["Arn"]
    return {"event": event, "pid": os.getpid(), "id": context.aws_request_id, "version": context.function_version}

def web(event, context):
    if event["rawPath"] == "/raise":
        raise ValueError("secret")
    return {"statusCode": 201, "headers": {"X-Path": event["rawPath"]}, "body": event.get("body", "nothing"), "cookies": ["a=1"]}
'''


@pytest.fixture(scope="module")
def functions(cloud):
    iam = root(cloud, "iam")
    role = iam.create_role(RoleName="invoked", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    iam.attach_role_policy(RoleName="invoked", PolicyArn="arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole")
    client = root(cloud, "lambda")
    make(client, role, "runs")
    make(client, role, "web", Handler="app.web")
    return client


def zipped(code=CODE, name="app.py"):
    """The code, readable for everybody: functions don't run as the owner of their files."""
    made, entry = io.BytesIO(), zipfile.ZipInfo(name)
    entry.external_attr = 0o644 << 16
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr(entry, code)
    return made.getvalue()


def make(client, role, name, code=CODE, **more):
    wished = {"Handler": "app.handler", "Timeout": 10, "MemorySize": 256, **more}
    client.create_function(FunctionName=name, Runtime=runtime(), Role=role, Code={"ZipFile": zipped(code)}, **wished)
    client.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})


def runtime():
    """The one that this host's Python is."""
    version = subprocess.run(["/usr/bin/python3", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"], capture_output=True, text=True)
    return f"python{version.stdout.strip()}"


def invoke(client, name, event, **more):
    answer = client.invoke(FunctionName=name, Payload=json.dumps(event), **more)
    return answer, json.loads(answer["Payload"].read() or "null")


def test_a_function_answers_and_its_environment_is_used_again(functions):
    first, said = invoke(functions, "runs", {"a": 1}, LogType="Tail")
    assert (first["StatusCode"], first["ExecutedVersion"], said["event"]) == (200, "$LATEST", {"a": 1})
    tail = base64.b64decode(first["LogResult"]).decode()
    assert f"START RequestId: {said['id']} Version: $LATEST" in tail and "asked for" in tail and "REPORT RequestId:" in tail
    _, again = invoke(functions, "runs", {})
    assert again["pid"] == said["pid"]


def test_errors_have_the_words_of_lambda(functions):
    answer, said = invoke(functions, "runs", {"raise": "it broke"})
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    assert (said["errorType"], said["errorMessage"]) == ("ValueError", "it broke")
    answer, said = invoke(functions, "runs", {"exit": 3})
    assert said["errorType"] == "Runtime.ExitError"
    answer, said = invoke(functions, "runs", {"sleep": 20})
    assert "Task timed out after 10.00 seconds" in said["errorMessage"]
    assert invoke(functions, "runs", {})[1]["event"] == {}
    with pytest.raises(botocore.exceptions.ClientError) as error:
        functions.invoke(FunctionName="runs", Payload=b"nonsense")
    assert error.value.response["Error"]["Code"] == "InvalidRequestContentException"
    assert functions.invoke(FunctionName="runs", InvocationType="DryRun")["StatusCode"] == 204


def test_a_stream_comes_in_events(functions):
    stream = functions.invoke_with_response_stream(FunctionName="runs", Payload=json.dumps({"s": 1}))["EventStream"]
    events = list(stream)
    whole = b"".join(event["PayloadChunk"]["Payload"] for event in events if "PayloadChunk" in event)
    assert json.loads(whole)["event"] == {"s": 1}
    assert "InvokeComplete" in events[-1]


def test_many_at_once_all_end_right(functions):
    with concurrent.futures.ThreadPoolExecutor(40) as pool:
        said = list(pool.map(lambda number: invoke(functions, "runs", {"n": number, "sleep": 0.1})[1], range(80)))
    assert [answer["event"]["n"] for answer in said] == list(range(80))
    assert len({answer["id"] for answer in said}) == 80


def test_what_a_function_writes_is_in_its_stream(cloud, functions):
    _, said = invoke(functions, "runs", {"logged": 1})
    logs = root(cloud, "logs")

    def lines():
        recent = {"orderBy": "LastEventTime", "descending": True}
        streams = logs.describe_log_streams(logGroupName="/aws/lambda/runs", **recent)["logStreams"]
        events = [logs.get_log_events(logGroupName="/aws/lambda/runs", logStreamName=it["logStreamName"])["events"] for it in streams]
        return [event["message"] for some in events for event in some if said["id"] in event["message"]]
    found = until(lambda: len(lines()) >= 3 and lines(), what="START, END and REPORT")
    assert {line.split()[0] for line in found} == {"START", "END", "REPORT"}


def test_a_url_answers_to_curl(cloud, functions):
    functions.create_function_url_config(FunctionName="web", AuthType="NONE", Cors={"AllowOrigins": ["https://a.example"]})
    functions.add_permission(
        FunctionName="web", StatementId="open", Action="lambda:InvokeFunctionUrl", Principal="*", FunctionUrlAuthType="NONE")
    functions.add_permission(
        FunctionName="web", StatementId="invoke", Action="lambda:InvokeFunction", Principal="*", InvokedViaFunctionUrl=True)
    url = functions.get_function_url_config(FunctionName="web")["FunctionUrl"]

    def curl(path, *more):
        done = subprocess.run(["curl", "--silent", "--include", *more, url.rstrip("/") + path], capture_output=True, text=True, timeout=60)
        head, _, body = done.stdout.partition("\n\n")
        return head.lower(), body
    head, body = curl("/some/path", "--data", "hello", "--header", "Content-Type: text/plain")
    assert " 201 " in head.splitlines()[0] and "x-path: /some/path" in head and "set-cookie: a=1" in head and body == "hello"
    head, body = curl("/raise")
    assert " 502 " in head.splitlines()[0] and "secret" not in body
    head, _ = curl("/", "--request", "OPTIONS", "--header", "Origin: https://a.example", "--header", "Access-Control-Request-Method: GET")
    assert "access-control-allow-origin: https://a.example" in head
    functions.remove_permission(FunctionName="web", StatementId="open")
    assert " 403 " in curl("/")[0].splitlines()[0]


def test_what_is_reserved_is_the_most(functions):
    functions.put_function_concurrency(FunctionName="web", ReservedConcurrentExecutions=0)
    with pytest.raises(functions.exceptions.TooManyRequestsException) as error:
        functions.invoke(FunctionName="web", Payload=b"{}")
    assert error.value.response["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
    functions.delete_function_concurrency(FunctionName="web")


def advance(cloud, seconds):
    request = urllib.request.Request(
        f"{cloud.endpoint}/_hillfog/clock", json.dumps({"advance_seconds": seconds}).encode(), {"Content-Type": "application/json"})
    urllib.request.urlopen(request, timeout=10).read()


def test_a_failed_event_is_tried_again_and_then_told_of_and_none_is_lost_by_a_kill(own_cloud):
    cloud = own_cloud
    iam = root(cloud, "iam")
    role = iam.create_role(RoleName="invoked", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    iam.attach_role_policy(RoleName="invoked", PolicyArn="arn:aws:iam::aws:policy/AmazonSQSFullAccess")
    iam.attach_role_policy(RoleName="invoked", PolicyArn="arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole")
    functions, queues = root(cloud, "lambda"), root(cloud, "sqs")
    queue = queues.create_queue(QueueName="told")["QueueUrl"]
    arn = queues.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    make(functions, role, "fails")
    make(functions, role, "slow")
    told = {"OnSuccess": {"Destination": arn}, "OnFailure": {"Destination": arn}}
    for name in ["fails", "slow"]:
        functions.put_function_event_invoke_config(FunctionName=name, DestinationConfig=told)
    records = []

    def receive():
        for message in queues.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", []):
            records.append(json.loads(message["Body"]))
            queues.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return records

    assert functions.invoke(FunctionName="fails", InvocationType="Event", Payload=b'{"raise": "no"}')["StatusCode"] == 202
    for wait in [1, 61, 121]:
        advance(cloud, wait)
        until(lambda: attempts(cloud, "fails") >= {1: 1, 61: 2, 121: 3}[wait], what="the next attempt")
    until(receive, what="the record of the failure")
    assert records[0]["requestContext"]["condition"] == "RetriesExhausted"
    assert records[0]["requestContext"]["approximateInvokeCount"] == 3
    assert records[0]["responsePayload"]["errorMessage"] == "no"

    records.clear()
    for number in range(5):
        functions.invoke(FunctionName="slow", InvocationType="Event", Payload=json.dumps({"sleep": 1, "n": number}))
    os.kill(cloud.server_pid(), signal.SIGKILL)
    cloud.up()
    done = lambda: {record["requestPayload"]["n"] for record in receive()} == set(range(5))
    until(done, what="all events have been run")


def attempts(cloud, name):
    logs = root(cloud, "logs")
    try:
        streams = logs.describe_log_streams(logGroupName=f"/aws/lambda/{name}")["logStreams"]
    except logs.exceptions.ResourceNotFoundException:
        return 0
    events = [logs.get_log_events(logGroupName=f"/aws/lambda/{name}", logStreamName=it["logStreamName"])["events"] for it in streams]
    return sum(event["message"].startswith("REPORT") for some in events for event in some)
