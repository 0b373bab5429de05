"""Queues through real clients: boto3, the AWS CLI, Terraform; and what is left of them when the server is killed."""
import json
import os
import signal
import threading
import urllib.request

import botocore.exceptions
import pytest

from conftest import until
from terraform import Terraform

LAB = """
variable "delay" { default = 5 }

resource "aws_sqs_queue" "grave" {
  name                      = "tf-grave"
  message_retention_seconds = 1209600
}
resource "aws_sqs_queue" "work" {
  name                       = "tf-work"
  delay_seconds              = var.delay
  visibility_timeout_seconds = 60
  kms_master_key_id          = "alias/aws/sqs"
  tags                       = { stage = "lab" }
}
resource "aws_sqs_queue_redrive_policy" "work" {
  queue_url      = aws_sqs_queue.work.id
  redrive_policy = jsonencode({ deadLetterTargetArn = aws_sqs_queue.grave.arn, maxReceiveCount = 3 })
}
resource "aws_sqs_queue_redrive_allow_policy" "grave" {
  queue_url            = aws_sqs_queue.grave.id
  redrive_allow_policy = jsonencode({ redrivePermission = "byQueue", sourceQueueArns = [aws_sqs_queue.work.arn] })
}
resource "aws_sqs_queue" "ordered" {
  name                        = "tf-ordered.fifo"
  fifo_queue                  = true
  content_based_deduplication = true
  deduplication_scope         = "messageGroup"
  fifo_throughput_limit       = "perMessageGroupId"
}
resource "aws_sqs_queue_policy" "work" {
  queue_url = aws_sqs_queue.work.id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { Service = "s3.amazonaws.com" }, Action = "sqs:SendMessage", Resource = aws_sqs_queue.work.arn }]
  })
}
data "aws_sqs_queue" "work" {
  name       = "tf-work"
  depends_on = [aws_sqs_queue.work]
}
output "found" { value = data.aws_sqs_queue.work.arn }
output "arn" { value = aws_sqs_queue.work.arn }
"""


def test_messages_go_round(cloud):
    sqs = cloud.client("sqs")
    url = sqs.create_queue(QueueName="round")["QueueUrl"]
    attributes = {"kind": {"DataType": "String", "StringValue": "é"}, "raw": {"DataType": "Binary", "BinaryValue": b"\x00\xff"}}
    # boto3 checks the digests of what is sent and received.
    sqs.send_message(QueueUrl=url, MessageBody="hello \u2603", MessageAttributes=attributes)
    sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": str(n), "MessageBody": f"body {n}"} for n in range(5)])
    received = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"],
                                   MessageSystemAttributeNames=["All"], WaitTimeSeconds=5)["Messages"]
    assert [message["Body"] for message in received] == ["hello \u2603", *(f"body {n}" for n in range(5))]
    assert received[0]["MessageAttributes"] == attributes
    done = sqs.delete_message_batch(
        QueueUrl=url, Entries=[{"Id": str(n), "ReceiptHandle": m["ReceiptHandle"]} for n, m in enumerate(received)])
    assert len(done["Successful"]) == 6
    with pytest.raises(sqs.exceptions.QueueDoesNotExist) as refused:
        sqs.get_queue_url(QueueName="none")
    assert refused.value.response["Error"]["Code"] == "AWS.SimpleQueueService.NonExistentQueue"


def test_queues_let_others_in_delay_and_move(cloud):
    sqs, other = cloud.client("sqs"), cloud.client("sqs", account="444455556666")
    arn = lambda url: sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    grave = sqs.create_queue(QueueName="grave")["QueueUrl"]
    redrive = json.dumps({"deadLetterTargetArn": arn(grave), "maxReceiveCount": 1})
    url = sqs.create_queue(QueueName="work", Attributes={"RedrivePolicy": redrive, "VisibilityTimeout": "0"})["QueueUrl"]
    take = lambda url, wait=0: [message["Body"] for message in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=wait).get("Messages", [])]

    with pytest.raises(botocore.exceptions.ClientError):
        other.send_message(QueueUrl=url, MessageBody="no")
    sqs.add_permission(QueueUrl=url, Label="friends", AWSAccountIds=["444455556666"], Actions=["SendMessage"])
    other.send_message(QueueUrl=url, MessageBody="theirs")
    sqs.remove_permission(QueueUrl=url, Label="friends")
    with pytest.raises(botocore.exceptions.ClientError):
        other.send_message(QueueUrl=url, MessageBody="no more")

    # What was received once goes to the grave, and comes back from there.
    assert (take(url), take(url)) == (["theirs"], [])
    sqs.start_message_move_task(SourceArn=arn(grave))
    moved = lambda: sqs.list_message_move_tasks(SourceArn=arn(grave))["Results"][0]
    until(lambda: moved()["Status"] == "COMPLETED", what="the messages to be moved")
    assert moved()["ApproximateNumberOfMessagesMoved"] == 1 and take(url) == ["theirs"]

    plain = sqs.create_queue(QueueName="plain")["QueueUrl"]
    sqs.send_message(QueueUrl=plain, MessageBody="later", DelaySeconds=2)
    assert (take(plain), take(plain, 10)) == ([], ["later"])


def test_a_waiting_receiver_is_woken(cloud):
    sqs = cloud.client("sqs")
    url = sqs.create_queue(QueueName="waiting")["QueueUrl"]
    found = []
    waiting = threading.Thread(target=lambda: found.extend(
        cloud.client("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=20).get("Messages", [])))
    waiting.start()
    sqs.send_message(QueueUrl=url, MessageBody="now")
    waiting.join(15)
    assert [message["Body"] for message in found] == ["now"]


def test_the_command_line_speaks_to_queues(cloud):
    def sqs(*args, check=True):
        # The first version of the AWS CLI has a name of its own for SQS's endpoint, which AWS_ENDPOINT_URL doesn't replace.
        return cloud.aws("--endpoint-url", cloud.endpoint, "sqs", *args, check=check)

    url = sqs("create-queue", "--queue-name", "cli.fifo", "--attributes",
              "FifoQueue=true,ContentBasedDeduplication=true")["QueueUrl"]
    sent = sqs("send-message", "--queue-url", url, "--message-body", "x", "--message-group-id", "g")
    again = sqs("send-message", "--queue-url", url, "--message-body", "x", "--message-group-id", "g")
    assert sent["MessageId"] == again["MessageId"]
    received = sqs("receive-message", "--queue-url", url, "--attribute-names", "All")["Messages"]
    assert received[0]["Attributes"]["MessageGroupId"] == "g"
    sqs("delete-queue", "--queue-url", url)
    refused = sqs("get-queue-attributes", "--queue-url", url, check=False)
    assert "AWS.SimpleQueueService.NonExistentQueue" in refused.stderr


def test_what_was_acknowledged_survives_a_kill(own_cloud):
    """Senders and receivers at work when the server is killed: every message that was acknowledged and not deleted comes, in the order of its
    group, and none that was deleted."""
    sqs = own_cloud.client("sqs")
    # Each group with its own quota: what is throttled here would be the end of a sender.
    attributes = {"FifoQueue": "true", "VisibilityTimeout": "2", "DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId"}
    url = sqs.create_queue(QueueName="k.fifo", Attributes=attributes)["QueueUrl"]
    sent, deleted, stop = {group: [] for group in "abcd"}, set(), threading.Event()

    def send(group):
        client, number = own_cloud.client("sqs"), 0
        while not stop.is_set():
            body = f"{group}{number:06}"
            try:
                client.send_message(QueueUrl=url, MessageBody=body, MessageGroupId=group, MessageDeduplicationId=body)
            except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError):
                return
            sent[group].append(body)
            number += 1

    def receive():
        client = own_cloud.client("sqs")
        while not stop.is_set():
            try:
                for message in client.receive_message(QueueUrl=url, MaxNumberOfMessages=3, WaitTimeSeconds=1).get("Messages", []):
                    client.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                    deleted.add(message["Body"])
            except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError):
                return

    threads = [threading.Thread(target=send, args=group) for group in "abcd"] + [threading.Thread(target=receive)]
    for thread in threads:
        thread.start()
    until(lambda: all(len(bodies) > 50 for bodies in sent.values()) and len(deleted) > 10, 60, "there is work")
    os.kill(own_cloud.server_pid(), signal.SIGKILL)
    for thread in threads:
        thread.join(90)
    stop.set()
    own_cloud.up()
    sqs = own_cloud.client("sqs")
    came = {group: [] for group in "abcd"}

    def drained():
        messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=5).get("Messages", [])
        for message in messages:
            came[message["Body"][0]].append(message["Body"])
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return not messages

    until(drained, 120, "the queue is empty")
    for group, bodies in came.items():
        assert bodies == sorted(bodies), f"the order of {group}"
        assert not deleted & set(bodies), f"deleted messages of {group} came back"
        missing = set(sent[group]) - set(bodies) - deleted
        # One may have been deleted whose deletion nobody was told of.
        assert len(missing) <= 1, f"lost of {group}: {sorted(missing)}"


def test_messages_are_encrypted_on_the_disk_by_keys_that_can_be_taken_away(own_cloud):
    """By SQS's own key, by a key of KMS's, and not at all; after a restart too. The text is looked for in all files of the cloud."""
    sqs, kms = own_cloud.client("sqs"), own_cloud.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    queues = {"own": {}, "kms": {"KmsMasterKeyId": key, "KmsDataKeyReusePeriodSeconds": "60"}, "open": {"SqsManagedSseEnabled": "false"}}
    urls = {name: sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"] for name, attributes in queues.items()}
    said = {name: f"nobody else reads this, {name}: {os.urandom(8).hex()}" for name in queues}
    for name, url in urls.items():
        attributes = {"also": {"DataType": "String", "StringValue": f"{said[name]} as an attribute"}}
        sqs.send_message(QueueUrl=url, MessageBody=said[name], MessageAttributes=attributes)

    def on_disk(text):
        return any(text.encode() in path.read_bytes() for path in own_cloud.data.rglob("*") if path.is_file())

    assert {name: on_disk(text) for name, text in said.items()} == {"own": False, "kms": False, "open": True}
    os.kill(own_cloud.server_pid(), signal.SIGKILL)
    own_cloud.up()
    sqs, kms = own_cloud.client("sqs"), own_cloud.client("kms")
    for name, url in urls.items():
        received = sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"], VisibilityTimeout=0)["Messages"][0]
        assert (received["Body"], received["MessageAttributes"]["also"]["StringValue"]) == (said[name], f"{said[name]} as an attribute")
    kms.disable_key(KeyId=key)
    moved = json.dumps({"advance_seconds": 61}).encode()
    urllib.request.urlopen(urllib.request.Request(f"{own_cloud.endpoint}/_hillfog/clock", data=moved, method="POST")).close()
    with pytest.raises(sqs.exceptions.KmsDisabled):
        sqs.send_message(QueueUrl=urls["kms"], MessageBody="x")
    with pytest.raises(sqs.exceptions.KmsDisabled):
        sqs.receive_message(QueueUrl=urls["kms"])


def test_queues_are_made_changed_and_destroyed_by_terraform(cloud, tmp_path):
    lab = Terraform(cloud, tmp_path, LAB)
    lab.apply()
    assert lab.changes() == {}
    told = lab.outputs()
    assert told["arn"] == told["found"]
    lab.apply(delay=7)
    assert lab.changes(delay=7) == {}
    sqs = cloud.client("sqs")
    url = sqs.get_queue_url(QueueName="tf-work")["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert (attributes["DelaySeconds"], json.loads(attributes["RedrivePolicy"])["maxReceiveCount"]) == ("7", 3)
    lab.destroy()
    assert "QueueUrls" not in sqs.list_queues(QueueNamePrefix="tf-")
