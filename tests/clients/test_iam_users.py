"""IAM's users through boto3 and the AWS CLI: who is made, gets a key, and does with it what policies let it do."""
import csv
import io
import itertools
import json

import boto3
import botocore.config
import botocore.exceptions
import pytest

from conftest import REGION
from terraform import Terraform

ACCOUNTS = itertools.count(310000000001)


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(*actions, resource="*"):
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource}


class Account:
    """An account of its own, as its root sees it."""

    def __init__(self, cloud):
        self.cloud, self.id = cloud, str(next(ACCOUNTS))
        self.iam = cloud.client("iam", account=self.id)

    def user(self, name, **more):
        return self.iam.create_user(UserName=name, **more)["User"]

    def key(self, name):
        return self.iam.create_access_key(UserName=name)["AccessKey"]

    def client(self, service, key):
        return boto3.client(
            service, endpoint_url=self.cloud.endpoint, region_name=REGION, aws_access_key_id=key["AccessKeyId"],
            aws_secret_access_key=key["SecretAccessKey"], config=botocore.config.Config(retries={"max_attempts": 0}))


@pytest.fixture
def account(cloud):
    return Account(cloud)


def refused(call, code, **parameters):
    with pytest.raises(botocore.exceptions.ClientError) as error:
        call(**parameters)
    assert error.value.response["Error"]["Code"] == code
    return error.value.response["Error"]["Message"]


def test_a_user_does_with_its_key_what_its_policies_say(account):
    account.user("anna", Path="/lab/")
    key = account.key("anna")
    me = account.client("sts", key).get_caller_identity()
    assert me["Arn"] == f"arn:aws:iam::{account.id}:user/lab/anna"
    ecr = account.client("ecr", key)
    message = refused(ecr.describe_repositories, "AccessDeniedException")
    assert message.startswith(f"User: {me['Arn']} is not authorized to perform: ecr:DescribeRepositories on resource: ")
    account.iam.put_user_policy(UserName="anna", PolicyName="look", PolicyDocument=policy(allow("ecr:Describe*")))
    assert ecr.describe_repositories()["repositories"] == []
    refused(ecr.create_repository, "AccessDeniedException", repositoryName="web")
    account.iam.create_group(GroupName="makers")
    account.iam.attach_group_policy(
        GroupName="makers", PolicyArn="arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryFullAccess")
    account.iam.add_user_to_group(GroupName="makers", UserName="anna")
    ecr.create_repository(repositoryName="web")
    account.iam.update_access_key(UserName="anna", AccessKeyId=key["AccessKeyId"], Status="Inactive")
    refused(ecr.describe_repositories, "UnrecognizedClientException")


def test_a_managed_policy_of_the_account_is_attached(account):
    account.user("anna")
    made = account.iam.create_policy(PolicyName="look", PolicyDocument=policy(allow("ecr:DescribeRepositories")))["Policy"]
    account.iam.attach_user_policy(UserName="anna", PolicyArn=made["Arn"])
    assert account.iam.list_attached_user_policies(UserName="anna")["AttachedPolicies"] == [
        {"PolicyName": "look", "PolicyArn": made["Arn"]}]
    ecr = account.client("ecr", account.key("anna"))
    ecr.describe_repositories()
    account.iam.put_user_permissions_boundary(
        UserName="anna", PermissionsBoundary="arn:aws:iam::aws:policy/IAMReadOnlyAccess")
    refused(ecr.describe_repositories, "AccessDeniedException")
    account.iam.delete_user_permissions_boundary(UserName="anna")
    ecr.describe_repositories()
    account.iam.detach_user_policy(UserName="anna", PolicyArn=made["Arn"])
    refused(ecr.describe_repositories, "AccessDeniedException")


def test_a_renamed_user_keeps_its_key(account):
    account.user("anna")
    key = account.key("anna")
    account.iam.attach_user_policy(UserName="anna", PolicyArn="arn:aws:iam::aws:policy/IAMFullAccess")
    account.iam.update_user(UserName="anna", NewUserName="berta")
    assert account.client("iam", key).get_user()["User"]["UserName"] == "berta"
    used = account.iam.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])
    assert used["UserName"] == "berta"
    assert (used["AccessKeyLastUsed"]["ServiceName"], used["AccessKeyLastUsed"]["Region"]) == ("iam", REGION)


def test_inline_documents_come_back_as_they_were(account):
    account.user("anna")
    document = policy(allow("s3:GetObject", resource="arn:aws:s3:::büro/${aws:username}/*"))
    account.iam.put_user_policy(UserName="anna", PolicyName="p", PolicyDocument=document)
    assert account.iam.get_user_policy(UserName="anna", PolicyName="p")["PolicyDocument"] == json.loads(document)
    message = refused(account.iam.put_user_policy, "MalformedPolicyDocument",
                      UserName="anna", PolicyName="q", PolicyDocument='{"Version": "2012-10-17"')
    assert "Syntax errors in policy." in message
    assert account.iam.list_user_policies(UserName="anna")["PolicyNames"] == ["p"]


def test_lists_are_paged(account):
    names = [f"user-{n:02}" for n in range(7)]
    for name in names:
        account.user(name, Tags=[{"Key": "team", "Value": name}])
    pages = list(account.iam.get_paginator("list_users").paginate(PaginationConfig={"PageSize": 3}))
    assert [len(page["Users"]) for page in pages] == [3, 3, 1]
    assert [user["UserName"] for page in pages for user in page["Users"]] == names
    assert account.iam.list_user_tags(UserName="user-03")["Tags"] == [{"Key": "team", "Value": "user-03"}]


def test_the_credential_report_can_be_read(account):
    account.user("anna")
    account.key("anna")
    account.iam.create_login_profile(UserName="anna", Password="Correct-horse-1")
    while account.iam.generate_credential_report()["State"] != "COMPLETE":
        pass
    report = account.iam.get_credential_report()
    rows = list(csv.DictReader(io.StringIO(report["Content"].decode())))
    assert [row["user"] for row in rows] == ["<root_account>", "anna"]
    assert (rows[1]["password_enabled"], rows[1]["access_key_1_active"], rows[1]["access_key_2_active"]) == ("true", "true", "false")
    summary = account.iam.get_account_summary()["SummaryMap"]
    assert (summary["Users"], summary["UsersQuota"]) == (1, 5000)


def test_the_waiter_and_the_errors_of_the_sdk_know_users(account):
    account.user("anna")
    account.iam.get_waiter("user_exists").wait(UserName="anna", WaiterConfig={"Delay": 1, "MaxAttempts": 2})
    with pytest.raises(account.iam.exceptions.EntityAlreadyExistsException):
        account.user("ANNA")
    account.key("anna")
    with pytest.raises(account.iam.exceptions.DeleteConflictException):
        account.iam.delete_user(UserName="anna")
    with pytest.raises(account.iam.exceptions.NoSuchEntityException):
        account.iam.get_user(UserName="nobody")


def test_the_cli_makes_a_user_with_a_key(cloud):
    name = "cli-user"
    assert cloud.aws("iam", "create-user", "--user-name", name)["User"]["UserName"] == name
    key = cloud.aws("iam", "create-access-key", "--user-name", name)["AccessKey"]
    assert key["Status"] == "Active"
    cloud.aws("iam", "create-login-profile", "--user-name", name, "--password", "Correct-horse-1", "--password-reset-required")
    listed = cloud.aws("iam", "list-access-keys", "--user-name", name)["AccessKeyMetadata"]
    assert [entry["AccessKeyId"] for entry in listed] == [key["AccessKeyId"]]
    cloud.aws("iam", "delete-access-key", "--user-name", name, "--access-key-id", key["AccessKeyId"])
    cloud.aws("iam", "delete-login-profile", "--user-name", name)
    cloud.aws("iam", "delete-user", "--user-name", name)
    gone = cloud.aws("iam", "get-user", "--user-name", name, check=False)
    assert gone.returncode != 0 and "(NoSuchEntity)" in gone.stderr


def test_terraform_destroys_a_user_with_what_others_gave_it(own_cloud, tmp_path):
    configuration = 'resource "aws_iam_user" "anna" {\n  name = "anna"\n  force_destroy = true\n}\n'
    terraform = Terraform(own_cloud, tmp_path, configuration)
    terraform.apply()
    environment = own_cloud.environment
    iam = own_cloud.client("iam", account=environment["AWS_ACCESS_KEY_ID"], secret=environment["AWS_SECRET_ACCESS_KEY"])
    iam.create_access_key(UserName="anna")
    iam.create_login_profile(UserName="anna", Password="Correct-horse-1")
    iam.create_group(GroupName="devs")
    iam.add_user_to_group(GroupName="devs", UserName="anna")
    terraform.destroy()
    assert iam.list_users()["Users"] == []
