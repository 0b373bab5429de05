"""AWS's SDK for Rust, and a function built with AWS's runtime crate: tests/sdk-rust, one run for each area of it."""
import datetime
import json
import pathlib
import subprocess
import zipfile

import pytest

import people
from conftest import HILLFOG, REGION, Cloud

BUILT = pathlib.Path(HILLFOG).parent
TRUST = {"Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Principal": {"Service": ["lambda.amazonaws.com", "scheduler.amazonaws.com"]}, "Action": "sts:AssumeRole"}]}
MAY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["logs:*", "sqs:SendMessage"], "Resource": "*"}]}


@pytest.fixture(scope="module")
def zipped(tmp_path_factory):
    """The function as it is deployed: one file, which may be run."""
    path = tmp_path_factory.mktemp("rust") / "function.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        entry = zipfile.ZipInfo("bootstrap")
        entry.external_attr, entry.compress_type = 0o755 << 16, zipfile.ZIP_DEFLATED
        archive.writestr(entry, (BUILT / "rust-function").read_bytes(), compresslevel=1)
    return path


@pytest.fixture(scope="module")
def told(root, zipped, tmp_path_factory):
    """What the program is told: a cloud of its own, whose clock nobody moves, with an issued key; a role; the zip."""
    cloud = Cloud(tmp_path_factory.mktemp("sdk")).up()
    iam = people.root(cloud, "iam")
    person = people.Person(cloud, iam, "crab")
    person.may({"Action": "*"})
    key, secret = person.key
    role = iam.create_role(RoleName="rust", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    iam.put_role_policy(RoleName="rust", PolicyName="may", PolicyDocument=json.dumps(MAY))
    yield {"AWS_ENDPOINT_URL": cloud.endpoint, "AWS_REGION": REGION, "AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret,
           "ROLE_ARN": role, "FUNCTION_ZIP": str(zipped)}
    cloud.down()


@pytest.mark.parametrize("area", ["objects", "presigned", "queues", "events", "schedules", "functions", "http_api"])
def test_the_sdk_finds_what_it_expects(told, area):
    soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=4)
    told = told | {"SCHEDULE_AT": soon.strftime("%Y-%m-%dT%H:%M:%S")}
    done = subprocess.run([BUILT / "sdk-rust", area], env=told, capture_output=True, text=True, timeout=150)
    assert done.returncode == 0, done.stdout + done.stderr
