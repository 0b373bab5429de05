"""What is seen of calls: CloudTrail's event history, the policy that they need, and why a call is decided as it is."""
import json
import os
import signal

import boto3
import botocore.exceptions
import pytest

from conftest import until

ACCOUNT = "123123123123"


def lookup(cloud, key, value, account=ACCOUNT, region="us-east-1"):
    """The events, newest first, and the records in them."""
    client = cloud.client("cloudtrail", account=account, region=region)
    pages = client.get_paginator("lookup_events").paginate(LookupAttributes=[{"AttributeKey": key, "AttributeValue": value}])
    return [(event, json.loads(event["CloudTrailEvent"])) for page in pages for event in page["Events"]]


def user(cloud, name, policy, account=ACCOUNT):
    """A user with an inline policy: the ARN, and a function that makes clients which act as the user."""
    iam = cloud.client("iam", account=account)
    arn = iam.create_user(UserName=name)["User"]["Arn"]
    iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=json.dumps(policy))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return arn, key, lambda service: cloud.client(service, account=key["AccessKeyId"], secret=key["SecretAccessKey"])


def allow(action, resource="*"):
    return {"Version": "2012-10-17", "Statement": [{"Sid": "Own", "Effect": "Allow", "Action": action, "Resource": resource}]}


def test_a_call_is_an_event(cloud):
    cloud.client("ecs", account=ACCOUNT).create_cluster(clusterName="seen", tags=[{"key": "Team", "value": "blue"}])
    (event, record), = lookup(cloud, "EventName", "CreateCluster")
    assert (event["Username"], event["ReadOnly"], event["EventSource"]) == ("root", "false", "ecs.amazonaws.com")
    assert record["eventVersion"] == "1.11"
    assert record["sourceIPAddress"] == "127.0.0.1"
    assert "Boto3" in record["userAgent"]
    assert record["requestParameters"] == {"clusterName": "seen", "tags": [{"key": "Team", "value": "blue"}]}
    assert record["responseElements"]["cluster"]["status"] == "ACTIVE"


def test_an_error_is_an_event(cloud):
    logs = cloud.client("logs", account=ACCOUNT)
    logs.create_log_group(logGroupName="/twice")
    with pytest.raises(logs.exceptions.ResourceAlreadyExistsException):
        logs.create_log_group(logGroupName="/twice")
    (_, record), *_ = lookup(cloud, "ResourceName", "/twice")
    assert record["errorCode"] == "ResourceAlreadyExistsException"
    assert record["errorMessage"] == "The specified log group already exists"
    assert record["responseElements"] is None


def test_no_secret_is_in_an_event(cloud):
    iam = cloud.client("iam", account=ACCOUNT)
    iam.create_user(UserName="hidden")
    iam.create_login_profile(UserName="hidden", Password="verySecret1!")
    secret = iam.create_access_key(UserName="hidden")["AccessKey"]["SecretAccessKey"]
    token = cloud.client("sts", account=ACCOUNT).get_session_token()["Credentials"]["SessionToken"]
    (_, record), *_ = lookup(cloud, "EventName", "CreateLoginProfile")
    assert record["requestParameters"]["password"] == "HIDDEN_DUE_TO_SECURITY_REASONS"
    (_, record), *_ = lookup(cloud, "EventName", "CreateAccessKey")
    assert record["responseElements"]["accessKey"]["secretAccessKey"] == "HIDDEN_DUE_TO_SECURITY_REASONS"
    everything = str(lookup(cloud, "Username", "root"))
    assert "GetSessionToken" in everything
    for hidden in ("verySecret1!", secret, token):
        assert hidden not in everything


def test_the_events_of_iam_are_in_virginia(cloud):
    cloud.client("iam", account="321321321321", region="eu-west-1").create_user(UserName="abroad")
    assert lookup(cloud, "EventName", "CreateUser", "321321321321", "eu-west-1") == []
    (event, record), = lookup(cloud, "EventName", "CreateUser", "321321321321")
    assert record["awsRegion"] == "us-east-1"
    assert {"ResourceType": "AWS::IAM::User", "ResourceName": "abroad"} in event["Resources"]


def test_the_cli_reads_the_history(cloud):
    cloud.aws("ecs", "create-cluster", "--cluster-name", "by-cli")
    found = cloud.aws("cloudtrail", "lookup-events", "--lookup-attributes", "AttributeKey=EventName,AttributeValue=CreateCluster",
                      "--max-items", "1")
    record = json.loads(found["Events"][0]["CloudTrailEvent"])
    assert record["requestParameters"]["clusterName"] == "by-cli" and "aws-cli" in record["userAgent"]


def test_a_trail_needs_a_bucket(cloud):
    trails = cloud.client("cloudtrail", account=ACCOUNT)
    with pytest.raises(trails.exceptions.S3BucketDoesNotExistException):
        trails.create_trail(Name="mine", S3BucketName="my-bucket")
    assert trails.describe_trails()["trailList"] == []
    with pytest.raises(trails.exceptions.TrailNotFoundException):
        trails.get_trail_status(Name="mine")


def test_a_kill_loses_no_event_that_was_answered(own_cloud):
    logs = own_cloud.client("logs")
    done = []
    # More than fit into what is noted before the history's database is open, and then as many again.
    for turn in range(2):
        for number in range(250):
            name = f"/group/{turn}/{number}"
            logs.create_log_group(logGroupName=name, tags={"filler": "x" * 200})
            done.append(name)
        os.kill(own_cloud.server_pid(), signal.SIGKILL)
        until(lambda: own_cloud.hillfog("status", check=False).returncode == 3, what="the server's end")
        own_cloud.up()
    seen = [record["requestParameters"]["logGroupName"] for _, record in lookup(own_cloud, "EventName", "CreateLogGroup", "test")]
    assert seen == done[::-1]


def test_a_reset_empties_the_history(own_cloud):
    own_cloud.client("logs").create_log_group(logGroupName="/gone")
    assert len(lookup(own_cloud, "EventName", "CreateLogGroup", "test")) == 1
    own_cloud.hillfog("reset")
    assert lookup(own_cloud, "EventName", "CreateLogGroup", "test") == []


def test_the_observed_policy_is_what_a_principal_needs(cloud):
    arn, _, of = user(cloud, "observed", allow("logs:*"))
    logs = of("logs")
    logs.create_log_group(logGroupName="/observed")
    logs.create_log_stream(logGroupName="/observed", logStreamName="one")
    logs.put_log_events(logGroupName="/observed", logStreamName="one", logEvents=[{"timestamp": 1, "message": "m"}])
    with pytest.raises(botocore.exceptions.ClientError):
        of("ecs").create_cluster(clusterName="denied")
    policy = json.loads(cloud.hillfog("iam", "observed", "--principal", arn).stdout)
    used = {action for statement in policy["Statement"] for action in statement["Action"]}
    assert used == {"logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"}
    assert all("*" not in resource for statement in policy["Statement"] for resource in statement["Resource"])
    # Another user with this policy can do just that.
    _, _, of = user(cloud, "heir", policy)
    of("logs").put_log_events(logGroupName="/observed", logStreamName="one", logEvents=[{"timestamp": 2, "message": "m"}])
    with pytest.raises(botocore.exceptions.ClientError) as denied:
        of("logs").delete_log_group(logGroupName="/observed")
    assert denied.value.response["Error"]["Code"] == "AccessDeniedException"
    (_, record), *_ = lookup(cloud, "EventName", "DeleteLogGroup")
    assert record["errorCode"] == "AccessDenied" and record["userIdentity"]["userName"] == "heir"


def test_a_sessions_calls_are_observed_of_its_role(cloud):
    iam = cloud.client("iam", account=ACCOUNT)
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}]}
    role = iam.create_role(RoleName="observed", Path="/ci/", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    iam.put_role_policy(RoleName="observed", PolicyName="own", PolicyDocument=json.dumps(allow("ecs:*")))
    _, _, of = user(cloud, "assumer", allow("sts:AssumeRole"))
    session = of("sts").assume_role(RoleArn=role, RoleSessionName="run-7")
    credentials = session["Credentials"]
    boto3.client("ecs", endpoint_url=cloud.endpoint, region_name="us-east-1", aws_access_key_id=credentials["AccessKeyId"],
                 aws_secret_access_key=credentials["SecretAccessKey"], aws_session_token=credentials["SessionToken"]).list_clusters()
    for principal in (role, session["AssumedRoleUser"]["Arn"]):
        policy = json.loads(cloud.hillfog("iam", "observed", "--json", "--since", "1h", "--principal", principal).stdout)
        assert [statement["Action"] for statement in policy["Statement"]] == [["ecs:ListClusters"]]
    (_, record), = lookup(cloud, "AccessKeyId", credentials["AccessKeyId"])
    identity = record["userIdentity"]
    assert (identity["type"], identity["sessionContext"]["sessionIssuer"]["arn"]) == ("AssumedRole", role)
    (_, record), *_ = lookup(cloud, "EventName", "AssumeRole")
    assert record["responseElements"]["credentials"]["accessKeyId"] == credentials["AccessKeyId"]
    assert credentials["SecretAccessKey"] not in json.dumps(record) and credentials["SessionToken"] not in json.dumps(record)


def test_nothing_observed_says_so(cloud):
    done = cloud.hillfog("iam", "observed", "--principal", "arn:aws:iam::123123123123:user/nobody", check=False)
    assert done.returncode == 3 and "No allowed call" in done.stderr


def test_a_decision_is_explained(cloud):
    arn, _, _ = user(cloud, "asked", allow("logs:Get*"))
    decide = lambda *args: cloud.hillfog("iam", "decide", "--principal", arn, *args, check=False)
    allowed = decide("--action", "logs:GetLogEvents", "--resource", f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/a")
    assert allowed.returncode == 0 and allowed.stdout.startswith("allowed because an identity-based policy allows")
    assert "statement 1 (Own) of own (identity), line 1" in allowed.stdout
    denied = decide("--action", "ecs:RunTask", "--explain")
    assert denied.returncode == 3
    assert denied.stdout.startswith("denied because no identity-based policy allows the ecs:RunTask action")
    assert "no: Action" in denied.stdout
    explained = json.loads(decide("--action", "ecs:RunTask", "--json").stdout)
    assert explained["decision"]["because"] == {"not-allowed": "identity"}
    nobody = cloud.hillfog("iam", "decide", "--principal", arn + "x", "--action", "ecs:RunTask", check=False)
    assert nobody.returncode == 1 and "there is no" in nobody.stderr
