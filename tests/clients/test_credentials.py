"""The credentials of tasks: what a container and a real SDK find in a task's network, and what is kept from them."""
import json
import os
import pathlib
import subprocess
import sys
import urllib.request

import pytest

from conftest import REGION, push, until

DOOR = "http://169.254.170.2"
VARIABLE = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"

# What a container that has a role does with its own tools: the door may be opened a moment after it has been started.
FETCH = f'until wget -qO /tmp/key {DOOR}${VARIABLE}; do sleep 0.1; done; busybox grep -q \'"AccessKeyId":"ASIA\' /tmp/key || exit 9; '

# An answer of the door, or of the cloud behind it: status and body.
ASK = """
import sys, urllib.error, urllib.request
try:
    answer = urllib.request.urlopen(sys.argv[1], timeout=10)
except urllib.error.HTTPError as refused:
    answer = refused
print(answer.status, answer.read().decode())
"""

# Who the SDK's own search for credentials and endpoint leads to.
WHO = """
import boto3, botocore.config, json, sys
config = botocore.config.Config(retries={"max_attempts": 0}, connect_timeout=5, read_timeout=20)
given = dict(aws_access_key_id="test", aws_secret_access_key="test") if "test" in sys.argv else {}
try:
    print(json.dumps({"arn": boto3.client("sts", config=config, **given).get_caller_identity()["Arn"]}))
except Exception as error:
    print(json.dumps({"refused": f"{type(error).__name__}: {error}"}))
"""

# What the SDK may do with what it has found.
USE = """
import boto3, botocore.exceptions, json
ecs, seen = boto3.client("ecs"), {}
for call in ("list_clusters", "list_task_definitions"):
    try:
        seen[call] = len(getattr(ecs, call)()) > 0
    except botocore.exceptions.ClientError as error:
        seen[call] = error.response["Error"]["Code"]
print(json.dumps(seen))
"""


class Tasks:
    """Tasks of a cluster of their own, each with an interface of its own, which run until they are stopped."""

    def __init__(self, cloud, image):
        self.cloud, self.image, self.ecs = cloud, image, cloud.client("ecs")
        self.ecs.create_cluster(clusterName="roles")
        ec2 = cloud.client("ec2")
        self.subnets = [subnet["SubnetId"] for subnet in ec2.describe_subnets()["Subnets"]]

    def register(self, family, script, **more):
        container = {"name": "main", "image": self.image, "entryPoint": ["/bin/sh", "-c"], "command": [script], "essential": True}
        self.ecs.register_task_definition(
            family=family, networkMode="awsvpc", requiresCompatibilities=["FARGATE"], cpu="256", memory="512",
            containerDefinitions=[container], **more)

    def run(self, family):
        network = {"awsvpcConfiguration": {"subnets": self.subnets, "securityGroups": [self.closed_group()]}}
        answer = self.ecs.run_task(
            cluster="roles", taskDefinition=family, launchType="FARGATE", networkConfiguration=network)
        assert answer["failures"] == []
        return answer["tasks"][0]["taskArn"]

    def closed_group(self):
        """A security group that lets nothing out and nothing in: what is link-local is not its concern."""
        ec2 = self.cloud.client("ec2")
        there = ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["closed"]}])["SecurityGroups"]
        if there:
            return there[0]["GroupId"]
        vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
        group = ec2.create_security_group(GroupName="closed", Description="nothing", VpcId=vpc)["GroupId"]
        ec2.revoke_security_group_egress(GroupId=group, IpPermissions=[{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}])
        return group

    def state(self, task):
        return self.ecs.describe_tasks(cluster="roles", tasks=[task])["tasks"][0]

    def running(self, family):
        task = self.run(family)
        until(lambda: self.state(task)["lastStatus"] == "RUNNING", 60, f"{family}: {self.state(task)}")
        return task

    def environment(self, task):
        """The environment of the task's first process, as the kernel has it."""
        def process():
            status = json.load(urllib.request.urlopen(f"{self.cloud.endpoint}/_hillfog/status", timeout=10))
            return next((row["pid"] for row in status["workloads"] if row["id"] == task.rsplit("/")[-1]), None)
        pairs = pathlib.Path(f"/proc/{until(process, 30, 'the process')}/environ").read_bytes().split(b"\0")
        return dict(pair.decode().split("=", 1) for pair in pairs if pair)

    def inside(self, task, script, *arguments):
        """The output of a script of this machine's Python in the network and with the environment of a task."""
        network = next(pathlib.Path("/run/hillfog").glob(f"*/netns/w-{task.rsplit('/')[-1]}"))
        found = {name: value for name, value in self.environment(task).items() if name.startswith("AWS_")}
        environment = {"PATH": os.environ["PATH"], "AWS_DEFAULT_REGION": REGION, "AWS_EC2_METADATA_DISABLED": "true", **found}
        done = subprocess.run(["nsenter", f"--net={network}", sys.executable, "-c", script, *arguments],
                              capture_output=True, text=True, timeout=60, env=environment)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def ask(self, task, url):
        status, body = self.inside(task, ASK, url).split(" ", 1)
        return int(status), body


@pytest.fixture(scope="module")
def tasks(cloud, web_image, skopeo):
    tasks = Tasks(cloud, push(cloud, web_image, "roles"))
    yield tasks
    for task in tasks.ecs.list_tasks(cluster="roles")["taskArns"]:
        tasks.ecs.stop_task(cluster="roles", task=task)


@pytest.fixture(scope="module")
def role(cloud):
    arn, iam = make_role(cloud, "task-reader", "ecs-tasks.amazonaws.com"), cloud.client("iam")
    allowed = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ecs:ListClusters", "Resource": "*"}]}
    iam.put_role_policy(RoleName="task-reader", PolicyName="clusters", PolicyDocument=json.dumps(allowed))
    return arn


def make_role(cloud, name, service):
    trust = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}]}
    return cloud.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]


@pytest.fixture(scope="module")
def with_role(tasks, role):
    tasks.register("with-role", FETCH + "sleep 600", taskRoleArn=role)
    return tasks.running("with-role")


@pytest.fixture(scope="module")
def without_role(tasks):
    tasks.register("without-role", "sleep 600")
    return tasks.running("without-role")


def test_an_sdk_in_a_task_is_a_session_of_its_role(cloud, tasks, role, with_role):
    session = f"arn:aws:sts::000000000000:assumed-role/task-reader/{with_role.rsplit('/')[-1]}"
    assert json.loads(tasks.inside(with_role, WHO)) == {"arn": session}
    assert json.loads(tasks.inside(with_role, USE)) == {"list_clusters": True, "list_task_definitions": "AccessDeniedException"}
    path = tasks.environment(with_role)[VARIABLE]
    status, body = tasks.ask(with_role, DOOR + path)
    key = json.loads(body)
    assert (status, sorted(key), key["RoleArn"]) == (
        200, ["AccessKeyId", "Expiration", "RoleArn", "SecretAccessKey", "Token"], role)
    import boto3
    outside = boto3.client("sts", endpoint_url=cloud.endpoint, region_name=REGION, aws_access_key_id=key["AccessKeyId"],
                           aws_secret_access_key=key["SecretAccessKey"], aws_session_token=key["Token"])
    assert outside.get_caller_identity()["Arn"] == session
    assert tasks.state(with_role)["lastStatus"] == "RUNNING", "its own container has found them as well"


def test_a_task_without_a_role_has_no_credentials(tasks, without_role):
    assert VARIABLE not in tasks.environment(without_role)
    assert "NoCredentials" in json.loads(tasks.inside(without_role, WHO))["refused"]
    status, body = tasks.ask(without_role, f"{DOOR}/v2/credentials/")
    assert (status, json.loads(body)["code"]) == (400, "NoIdInRequest")


def test_a_task_does_not_get_the_credentials_of_another(tasks, with_role, without_role):
    path = tasks.environment(with_role)[VARIABLE]
    status, body = tasks.ask(without_role, DOOR + path)
    assert (status, json.loads(body)["code"]) == (400, "InvalidIdInRequest")
    assert tasks.ask(with_role, DOOR + path)[0] == 200


def test_nobody_is_the_owner_through_the_door(tasks, without_role):
    refused = json.loads(tasks.inside(without_role, WHO, "test"))["refused"]
    assert "InvalidClientTokenId" in refused
    assert tasks.ask(without_role, f"{DOOR}:4566/_hillfog/status")[0] == 403
    assert tasks.ask(without_role, f"{DOOR}:4566/_hillfog/health")[0] == 200


def test_a_role_that_does_not_trust_ecs_is_no_role_for_a_task(cloud, tasks):
    arn = make_role(cloud, "task-stranger", "ec2.amazonaws.com")
    tasks.register("stranger", "sleep 600", taskRoleArn=arn)
    with pytest.raises(tasks.ecs.exceptions.ClientException, match=f"ECS was unable to assume the role '{arn}' that was provided"):
        tasks.run("stranger")


@pytest.mark.parametrize("mode", ["bridge", "host"])
def test_a_container_behind_an_instance_finds_its_credentials(tasks, role, mode):
    script = FETCH + "wget -qO /tmp/health $AWS_ENDPOINT_URL/_hillfog/health || exit 8; [ $AWS_EXECUTION_ENV = AWS_ECS_EC2 ] || exit 7"
    container = {"name": "main", "image": tasks.image, "entryPoint": ["/bin/sh", "-c"], "command": [script], "essential": True}
    tasks.ecs.register_task_definition(
        family=f"behind-{mode}", networkMode=mode, memory="64", containerDefinitions=[container], taskRoleArn=role)
    answer = tasks.ecs.run_task(cluster="roles", taskDefinition=f"behind-{mode}", launchType="EC2")
    assert answer["failures"] == []
    task = answer["tasks"][0]["taskArn"]
    until(lambda: tasks.state(task)["lastStatus"] == "STOPPED", 60, "the end of the task")
    assert tasks.state(task)["containers"][0]["exitCode"] == 0, tasks.state(task)
