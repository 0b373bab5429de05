"""The one address: protocols, keys, refusals."""
import subprocess
import urllib.request

import boto3
import botocore.exceptions
import pytest

from conftest import Cloud, free_port


def code(error):
    return error.value.response["Error"]["Code"]


def test_the_cli_knows_who_it_is(cloud):
    assert cloud.aws("sts", "get-caller-identity") == {
        "UserId": "000000000000", "Account": "000000000000", "Arn": "arn:aws:iam::000000000000:root"}


def test_a_12_digit_key_names_its_account(cloud):
    assert cloud.client("sts", account="123456789012").get_caller_identity()["Account"] == "123456789012"
    cloud.client("ecs", account="123456789012").create_cluster(clusterName="theirs")
    assert not any("theirs" in arn for arn in cloud.client("ecs").list_clusters()["clusterArns"])


def test_an_unknown_key_is_refused(cloud):
    with pytest.raises(botocore.exceptions.ClientError) as error:
        cloud.client("ecs", account="AKIAIOSFODNN7EXAMPLE").list_clusters()
    assert code(error) == "UnrecognizedClientException"


def test_an_issued_key_is_verified(cloud):
    import json
    key = json.loads(cloud.hillfog("key", "--account", "210987654321", "--json").stdout)
    sts = cloud.client("sts", account=key["access_key_id"], secret=key["secret_access_key"])
    assert sts.get_caller_identity()["Account"] == "210987654321"
    with pytest.raises(botocore.exceptions.ClientError) as error:
        cloud.client("sts", account=key["access_key_id"], secret="wrong").get_caller_identity()
    assert code(error) == "SignatureDoesNotMatch"


@pytest.mark.parametrize("service, operation, arguments", [
    ("lambda", "list_code_signing_configs", {}),
    ("s3", "get_object_torrent", {"Bucket": "photos", "Key": "hill"}),
    ("iam", "list_saml_providers", {}),
    ("batch", "describe_job_queues", {}),
    ("ecs", "create_task_set", {"service": "a", "cluster": "b", "taskDefinition": "c"}),
    ("cloudwatch", "list_dashboards", {}),
])
def test_what_is_not_built_says_so_by_name(cloud, service, operation, arguments):
    with pytest.raises(botocore.exceptions.ClientError) as error:
        getattr(cloud.client(service), operation)(**arguments)
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert operation.replace("_", "") in error.value.response["Error"]["Message"].lower()


def test_health_needs_no_key(cloud):
    with urllib.request.urlopen(f"{cloud.endpoint}/_hillfog/health") as answer:
        assert answer.status == 200


def test_on_another_address_only_issued_keys_are_accepted(root, tmp_path):
    cloud = Cloud(tmp_path / "open", f"0.0.0.0:{free_port()}").up()
    try:
        cloud.listen = cloud.listen.replace("0.0.0.0", "127.0.0.1")
        with pytest.raises(botocore.exceptions.ClientError):
            cloud.client("sts").get_caller_identity()
        environment = cloud.environment
        sts = boto3.client("sts", endpoint_url=cloud.endpoint, region_name="us-east-1",
                           aws_access_key_id=environment["AWS_ACCESS_KEY_ID"], aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"])
        assert sts.get_caller_identity()["Account"] == "000000000000"
    finally:
        cloud.down()


def test_the_clouds_clock_moves(own_cloud):
    request = urllib.request.Request(f"{own_cloud.endpoint}/_hillfog/clock", b'{"advance_seconds": 86400}', {"Content-Type": "application/json"})
    logs = own_cloud.client("logs")
    logs.create_log_group(logGroupName="before")
    urllib.request.urlopen(request).close()
    # The client's signature is from the real time, so only the tutorials' keys still work; issued ones would be skewed.
    logs.create_log_group(logGroupName="after")
    times = {g["logGroupName"]: g["creationTime"] for g in logs.describe_log_groups()["logGroups"]}
    assert times["after"] - times["before"] >= 86_400_000
