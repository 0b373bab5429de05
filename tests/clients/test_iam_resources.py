"""On which resources and on which conditions a policy counts: one operation of each service, and the keys of each."""
import json

import pytest

from inputs import ACCOUNT, TRUST, arn
from people import Person, is_denial, root

BALANCING = "elasticloadbalancing"


@pytest.fixture(scope="module")
def anna(cloud):
    return Person(cloud, root(cloud, "iam"), "resources-anna")


def allowed(error):
    assert not is_denial(error), error["Message"]


def denied(error, *words):
    assert is_denial(error), error
    for word in words:
        assert word in error["Message"]


def group_arn(name):
    return arn(BALANCING, f"targetgroup/{name}/0123456789abcdef")


# An operation on something of a name, and its ARN.
ON_ONE = [
    ("ecr", "DescribeImages", lambda name: {"repositoryName": name}, lambda name: arn("ecr", f"repository/{name}")),
    ("ecs", "DeleteService", lambda name: {"cluster": "prod", "service": name}, lambda name: arn("ecs", f"service/prod/{name}")),
    ("elbv2", "DeleteTargetGroup", lambda name: {"TargetGroupArn": group_arn(name)}, group_arn),
    ("logs", "DeleteRetentionPolicy", lambda name: {"logGroupName": name},
     lambda name: arn("logs", f"log-group:{name}:log-stream:")),
    ("iam", "ListUserTags", lambda name: {"UserName": name}, lambda name: arn("iam", f"user/{name}")),
    ("ec2", "DeleteSecurityGroup", lambda name: {"GroupId": name}, lambda name: arn("ec2", f"security-group/{name}")),
    ("sts", "GetFederationToken", lambda name: {"Name": name}, lambda name: arn("sts", f"federated-user/{name}")),
]


@pytest.mark.parametrize("service, operation, arguments, named", ON_ONE, ids=[row[0] for row in ON_ONE])
def test_a_policy_on_one_resource_says_nothing_of_another(anna, service, operation, arguments, named):
    action = f"{BALANCING if service == 'elbv2' else service}:{operation}"
    anna.may({"Action": action, "Resource": named("team-web")})
    allowed(anna.call(service, operation, arguments("team-web")))
    denied(anna.call(service, operation, arguments("team-api")), f"on resource: {named('team-api')}")
    anna.may({"Action": action, "Resource": named("team-*")})
    allowed(anna.call(service, operation, arguments("team-api")))
    denied(anna.call(service, operation, arguments("other")))
    anna.may({"Action": action}, {"Effect": "Deny", "Action": action, "Resource": named("team-?eb")})
    allowed(anna.call(service, operation, arguments("team-api")))
    denied(anna.call(service, operation, arguments("team-web")), "explicit deny in an identity-based policy")


def test_a_role_is_assumed_by_whom_its_trust_and_their_policy_let(cloud, anna):
    iam = root(cloud, "iam")
    one = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": anna.arn}, "Action": "sts:AssumeRole"}]}
    for name, trust in (("res-open", TRUST), ("res-other", TRUST), ("res-annas", json.dumps(one))):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)

    def assume(name):
        return anna.call("sts", "AssumeRole", {"RoleArn": arn("iam", f"role/{name}"), "RoleSessionName": "session"})
    anna.may({"Action": "sts:AssumeRole", "Resource": arn("iam", "role/res-open")})
    assert assume("res-open") is None
    denied(assume("res-other"))
    # A trust policy that names somebody of the same account is enough.
    anna.may({"Action": "sts:GetAccessKeyInfo"})
    assert assume("res-annas") is None
    anna.may({"Action": "sts:*"}, {"Effect": "Deny", "Action": "sts:AssumeRole"})
    denied(assume("res-annas"), "explicit deny")


@pytest.mark.parametrize("spelling", [
    {"cluster": "prod", "service": "web"},
    {"cluster": arn("ecs", "cluster/prod"), "service": "web"},
    {"cluster": "prod", "service": arn("ecs", "service/prod/web")},
    {"cluster": "prod", "service": arn("ecs", "service/web")},
    {"cluster": "prod", "service": arn("ecs", "service/prod/web").replace("arn:aws:", "arn:aws-cn:")},
])
def test_no_spelling_of_a_name_evades_a_denial(cloud, anna, spelling):
    ecs = root(cloud, "ecs")
    ecs.create_cluster(clusterName="prod")
    anna.may({"Action": "ecs:*"}, {"Effect": "Deny", "Action": "ecs:*", "Resource": arn("ecs", "service/prod/*")})
    error = anna.call("ecs", "DeleteService", spelling)
    assert is_denial(error) or error["Code"] == "InvalidParameterException", error


def test_in_which_cluster_tasks_are_run_and_seen(anna):
    here = {"ArnEquals": {"ecs:cluster": arn("ecs", "cluster/lab")}}
    anna.may({"Action": ["ecs:RunTask", "ecs:StopTask", "ecs:ListTasks", "ecs:ListServices", "ecs:CreateService"], "Condition": here})
    for operation, arguments in [
        ("RunTask", {"taskDefinition": "web"}),
        ("StopTask", {"task": "0" * 32}),
        ("ListTasks", {}),
        ("ListServices", {}),
        ("CreateService", {"serviceName": "web"}),
    ]:
        allowed(anna.call("ecs", operation, arguments | {"cluster": "lab"}))
        allowed(anna.call("ecs", operation, arguments | {"cluster": arn("ecs", "cluster/lab")}))
        denied(anna.call("ecs", operation, arguments | {"cluster": "prod"}))
        denied(anna.call("ecs", operation, arguments))


def test_a_revision_that_is_left_out_is_the_one_that_would_run(cloud, anna):
    ecs = root(cloud, "ecs")
    containers = [{"name": "web", "image": "web", "memory": 32}]
    ecs.register_task_definition(family="res-web", containerDefinitions=containers)
    ecs.register_task_definition(family="res-web", containerDefinitions=containers)
    anna.may({"Action": "ecs:RunTask", "Resource": arn("ecs", "task-definition/res-web:1")})
    allowed(anna.call("ecs", "RunTask", {"cluster": "none", "taskDefinition": "res-web:1"}))
    denied(anna.call("ecs", "RunTask", {"cluster": "none", "taskDefinition": "res-web"}), "task-definition/res-web:2")


# What makes something with tags: the action, that which tags it, the input without tags, and the tags as the service writes them.
MAKERS = [
    ("ecs", "CreateCluster", "ecs:TagResource", {"clusterName": "tagged"}, lambda tag: {"tags": [{"key": "team", "value": tag}]}),
    ("ecr", "CreateRepository", "ecr:TagResource", {"repositoryName": "tagged"}, lambda tag: {"tags": [{"Key": "team", "Value": tag}]}),
    ("logs", "CreateLogGroup", "logs:TagResource", {"logGroupName": "tagged"}, lambda tag: {"tags": {"team": tag}}),
    ("elbv2", "CreateTargetGroup", f"{BALANCING}:AddTags", {"Name": "tagged"}, lambda tag: {"Tags": [{"Key": "team", "Value": tag}]}),
    ("ec2", "CreateSecurityGroup", "ec2:CreateTags", {"GroupName": "tagged", "Description": "d", "DryRun": True}, lambda tag: {
        "TagSpecifications": [{"ResourceType": "security-group", "Tags": [{"Key": "team", "Value": tag}]}]}),
    ("iam", "CreateUser", "iam:TagUser", {"UserName": "tagged"}, lambda tag: {"Tags": [{"Key": "team", "Value": tag}]}),
]


@pytest.mark.parametrize("service, operation, tagger, arguments, tags", MAKERS, ids=[row[0] for row in MAKERS])
def test_what_is_made_with_tags_needs_the_permission_to_tag(anna, service, operation, tagger, arguments, tags):
    prefix = tagger.split(":")[0]
    action = f"{prefix}:{operation}"

    def make(tag=None):
        return anna.call(service, operation, arguments | (tags(tag) if tag else {}))
    anna.may({"Action": [action, tagger], "Condition": {"StringEquals": {"aws:RequestTag/team": "red"}}})
    denied(make())
    denied(make("blue"), action)
    allowed(make("red"))
    anna.may({"Action": action, "Condition": {"ForAllValues:StringEquals": {"aws:TagKeys": ["stage"]}}}, {"Action": tagger})
    denied(make("red"), action)
    anna.may({"Action": action})
    allowed(make())
    # Logs, which takes one of two permissions, doesn't say which.
    denied(make("red"), "CreateLogGroup with Tags" if service == "logs" else tagger)
    if service in ("ecs", "ec2", "elbv2"):
        anna.may({"Action": action}, {"Action": tagger, "Condition": {"StringEquals": {f"{prefix}:CreateAction": operation}}})
        allowed(make("red"))
        anna.may({"Action": action}, {"Action": tagger, "Condition": {"StringEquals": {f"{prefix}:CreateAction": "Other"}}})
        denied(make("red"), tagger)


def test_tags_of_what_is_there_decide(cloud, anna):
    tag = {"Key": "team", "Value": "red"}
    root(cloud, "ecs").create_cluster(clusterName="red", tags=[{"key": "team", "value": "red"}])
    root(cloud, "ecs").create_cluster(clusterName="blue")
    root(cloud, "ecr").create_repository(repositoryName="red", tags=[tag])
    root(cloud, "ecr").create_repository(repositoryName="blue")
    root(cloud, "logs").create_log_group(logGroupName="red", tags={"team": "red"})
    root(cloud, "logs").create_log_group(logGroupName="blue")
    iam = root(cloud, "iam")
    iam.create_role(RoleName="red", AssumeRolePolicyDocument=TRUST, Tags=[tag])
    iam.create_role(RoleName="blue", AssumeRolePolicyDocument=TRUST)
    ec2 = root(cloud, "ec2")
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    groups = {name: ec2.create_security_group(GroupName=f"res-{name}", Description="d", VpcId=vpc)["GroupId"]
              for name in ("red", "blue")}
    ec2.create_tags(Resources=[groups["red"]], Tags=[tag])
    elbv2 = root(cloud, "elbv2")
    targets = {name: elbv2.create_target_group(Name=f"res-{name}", Protocol="HTTP", Port=80, VpcId=vpc)["TargetGroups"][0][
        "TargetGroupArn"] for name in ("red", "blue")}
    elbv2.add_tags(ResourceArns=[targets["red"]], Tags=[tag])

    anna.may({"Action": "*", "Condition": {"StringEquals": {"aws:ResourceTag/team": "red"}}})
    asked = [
        ("ecs", "DescribeClusters", lambda name: {"clusters": [name]}),
        ("ecr", "DescribeImages", lambda name: {"repositoryName": name}),
        ("logs", "ListTagsLogGroup", lambda name: {"logGroupName": name}),
        ("iam", "GetRole", lambda name: {"RoleName": name}),
        ("ec2", "RevokeSecurityGroupIngress", lambda name: {"GroupId": groups[name], "DryRun": True}),
        ("ec2", "RevokeSecurityGroupIngress", lambda name: {"GroupName": f"res-{name}", "DryRun": True}),
        ("elbv2", "ModifyTargetGroup", lambda name: {"TargetGroupArn": targets[name]}),
    ]
    for service, operation, arguments in asked:
        allowed(anna.call(service, operation, arguments("red")))
        denied(anna.call(service, operation, arguments("blue")))
    # Services have the key under their own name as well; Logs alone hasn't.
    for service, operation, arguments in asked:
        prefix = {"elbv2": BALANCING}.get(service, service)
        if service != "logs":
            anna.may({"Action": "*", "Condition": {"StringEquals": {f"{prefix}:ResourceTag/team": "red"}}})
            allowed(anna.call(service, operation, arguments("red")))
            denied(anna.call(service, operation, arguments("blue")))


def test_security_groups_of_one_vpc_and_a_dry_run(cloud, anna):
    ec2 = root(cloud, "ec2")
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    group = ec2.create_security_group(GroupName="res-vpc", Description="d", VpcId=vpc)["GroupId"]
    ask = {"GroupId": group, "DryRun": True}
    anna.may({"Action": "ec2:*", "Condition": {"ArnEquals": {"ec2:Vpc": arn("ec2", f"vpc/{vpc}")}}})
    assert anna.call("ec2", "DeleteSecurityGroup", ask)["Code"] == "DryRunOperation"
    anna.may({"Action": "ec2:*", "Condition": {"ArnEquals": {"ec2:Vpc": arn("ec2", "vpc/vpc-0123456789abcdef0")}}})
    denied(anna.call("ec2", "DeleteSecurityGroup", ask), "Encoded authorization failure message: ")
    anna.may({"Action": "ec2:*", "Condition": {"StringEquals": {"ec2:Region": "us-east-1"}}})
    assert anna.call("ec2", "DeleteSecurityGroup", ask)["Code"] == "DryRunOperation"
    assert anna.call("ec2", "DescribeVpcs", {"DryRun": True})["Code"] == "DryRunOperation"
    # A group that is made touches its VPC as well.
    anna.may({"Action": "ec2:CreateSecurityGroup", "Resource": arn("ec2", "security-group/*")})
    denied(anna.call("ec2", "CreateSecurityGroup", {"GroupName": "n", "Description": "d", "DryRun": True}), f"vpc/{vpc}")


def test_a_load_balancer_only_inside(anna):
    anna.may({"Action": f"{BALANCING}:CreateLoadBalancer", "Condition": {"StringEquals": {f"{BALANCING}:Scheme": "internal"}}})
    allowed(anna.call("elbv2", "CreateLoadBalancer", {"Name": "lb", "Scheme": "internal"}))
    denied(anna.call("elbv2", "CreateLoadBalancer", {"Name": "lb"}), "loadbalancer/app/lb/*")
    only = {"ForAllValues:StringEquals": {f"{BALANCING}:Subnet": ["subnet-0123456789abcdef0"]}}
    anna.may({"Action": f"{BALANCING}:CreateLoadBalancer", "Condition": only})
    denied(anna.call("elbv2", "CreateLoadBalancer", {"Name": "lb", "Subnets": ["subnet-0aaaaaaaaaaaaaaaa"]}))


def test_a_repositorys_policy_lets_another_account_in_and_keeps_its_own_out(cloud, anna):
    ecr = root(cloud, "ecr")
    ecr.create_repository(repositoryName="res-shared")
    stranger = "975318642086"
    bert = Person(cloud, root(cloud, "iam", stranger), "resources-bert")
    ask = {"registryId": ACCOUNT, "repositoryName": "res-shared", "imageIds": [{"imageTag": "v1"}]}
    bert.may({"Action": "ecr:*"})
    denied(bert.call("ecr", "BatchGetImage", ask), "because no resource-based policy allows the ecr:BatchGetImage action")

    def policy(*statements):
        document = {"Version": "2012-10-17", "Statement": list(statements)}
        ecr.set_repository_policy(repositoryName="res-shared", policyText=json.dumps(document))
    policy({"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{stranger}:root"}, "Action": "ecr:BatchGetImage"})
    allowed(bert.call("ecr", "BatchGetImage", ask))
    denied(bert.call("ecr", "ListImages", {"registryId": ACCOUNT, "repositoryName": "res-shared"}))
    bert.may({"Action": "ecr:ListImages"})
    denied(bert.call("ecr", "BatchGetImage", ask), "because no identity-based policy allows")
    # Within the account a resource policy is enough to let somebody in, and to keep somebody out.
    anna.may({"Action": "ecr:ListImages"})
    own = {"repositoryName": "res-shared", "imageIds": [{"imageTag": "v1"}]}
    denied(anna.call("ecr", "BatchGetImage", own))
    policy({"Effect": "Allow", "Principal": {"AWS": anna.arn}, "Action": "ecr:BatchGetImage"},
           {"Effect": "Deny", "Principal": "*", "Action": "ecr:ListImages"})
    allowed(anna.call("ecr", "BatchGetImage", own))
    denied(anna.call("ecr", "ListImages", {"repositoryName": "res-shared"}), "with an explicit deny in a resource-based policy")
