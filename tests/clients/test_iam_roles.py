"""IAM's roles and policies through boto3: what its shapes, waiters and paginators make of the answers."""
import itertools
import json

import pytest

ACCOUNTS = itertools.count(320000000001)
TRUST = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
READ = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::a/*"}]}
AT_ONCE = {"Delay": 0, "MaxAttempts": 1}


@pytest.fixture
def iam(cloud):
    """The root of an account of its own."""
    return cloud.client("iam", account=str(next(ACCOUNTS)))


def test_documents_come_back_as_they_were_given(iam):
    iam.create_role(RoleName="task", AssumeRolePolicyDocument=json.dumps(TRUST), Tags=[{"Key": "team", "Value": "a"}])
    iam.get_waiter("role_exists").wait(RoleName="task", WaiterConfig=AT_ONCE)
    role = iam.get_role(RoleName="task")["Role"]
    assert role["AssumeRolePolicyDocument"] == TRUST and role["RoleLastUsed"] == {}
    assert role["Tags"] == [{"Key": "team", "Value": "a"}]
    iam.put_role_policy(RoleName="task", PolicyName="read", PolicyDocument=json.dumps(READ, indent=2))
    assert iam.get_role_policy(RoleName="task", PolicyName="read")["PolicyDocument"] == READ
    policy = iam.create_policy(PolicyName="read", PolicyDocument=json.dumps(READ))["Policy"]
    iam.get_waiter("policy_exists").wait(PolicyArn=policy["Arn"], WaiterConfig=AT_ONCE)
    iam.attach_role_policy(RoleName="task", PolicyArn=policy["Arn"])
    assert iam.get_policy_version(PolicyArn=policy["Arn"], VersionId="v1")["PolicyVersion"]["Document"] == READ
    iam.create_instance_profile(InstanceProfileName="machine")
    iam.get_waiter("instance_profile_exists").wait(InstanceProfileName="machine", WaiterConfig=AT_ONCE)
    iam.add_role_to_instance_profile(InstanceProfileName="machine", RoleName="task")
    [profile] = iam.list_instance_profiles_for_role(RoleName="task")["InstanceProfiles"]
    assert profile["Roles"][0]["AssumeRolePolicyDocument"] == TRUST

    details = iam.get_account_authorization_details(Filter=["Role", "LocalManagedPolicy"])
    [role], [managed] = details["RoleDetailList"], details["Policies"]
    assert role["RolePolicyList"] == [{"PolicyName": "read", "PolicyDocument": READ}]
    assert role["AttachedManagedPolicies"] == [{"PolicyName": "read", "PolicyArn": policy["Arn"]}]
    assert managed["AttachmentCount"] == 1 and managed["PolicyVersionList"][0]["Document"] == READ
    with pytest.raises(iam.exceptions.DeleteConflictException):
        iam.delete_role(RoleName="task")


def test_every_policy_of_aws_is_paged_through_and_can_be_read(iam):
    pages = iam.get_paginator("list_policies").paginate(Scope="AWS", PaginationConfig={"PageSize": 50})
    policies = [policy for page in pages for policy in page["Policies"]]
    assert len({policy["Arn"] for policy in policies}) == len(policies) > 100
    for policy in policies:
        version = iam.get_policy_version(PolicyArn=policy["Arn"], VersionId=policy["DefaultVersionId"])["PolicyVersion"]
        assert version["IsDefaultVersion"] and version["Document"]["Statement"], policy["Arn"]
    with pytest.raises(iam.exceptions.ClientError, match="outside your own account"):
        iam.delete_policy(PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")


def test_what_a_role_may_do_is_simulated(iam):
    arn = iam.create_role(RoleName="task", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    iam.put_role_policy(RoleName="task", PolicyName="read", PolicyDocument=json.dumps(READ))
    pages = iam.get_paginator("simulate_principal_policy").paginate(
        PolicySourceArn=arn, ActionNames=["s3:GetObject", "s3:PutObject"], ResourceArns=["arn:aws:s3:::a/b", "arn:aws:s3:::c/d"],
        PaginationConfig={"PageSize": 3})
    results = [result for page in pages for result in page["EvaluationResults"]]
    decisions = {(r["EvalActionName"], r["EvalResourceName"]): r["EvalDecision"] for r in results}
    assert decisions.pop(("s3:GetObject", "arn:aws:s3:::a/b")) == "allowed"
    assert list(decisions.values()) == ["implicitDeny"] * 3
    [statement] = results[0]["MatchedStatements"]
    assert statement["SourcePolicyId"] == "role_task_read" and statement["StartPosition"]["Line"] == 1


def test_a_service_linked_role_comes_and_goes(iam):
    role = iam.create_service_linked_role(AWSServiceName="ecs.amazonaws.com")["Role"]
    assert role["Path"] == "/aws-service-role/ecs.amazonaws.com/"
    with pytest.raises(iam.exceptions.UnmodifiableEntityException):
        iam.delete_role(RoleName=role["RoleName"])
    task = iam.delete_service_linked_role(RoleName=role["RoleName"])["DeletionTaskId"]
    assert iam.get_service_linked_role_deletion_status(DeletionTaskId=task)["Status"] == "SUCCEEDED"
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_role(RoleName=role["RoleName"])
