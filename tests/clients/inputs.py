"""Minimal inputs of operations, made out of botocore's models: the required members, with values that pass the models' constraints."""
import base64
import datetime
import json
import re

ACCOUNT = "246813579024"
REGION = "us-east-1"

TRUST = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"}]})
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]})
RESOURCE_POLICY = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "ecr:BatchGetImage"}]})


def arn(service, resource):
    region = "" if service in ("iam", "sts") else REGION
    return f"arn:aws:{service}:{region}:{ACCOUNT}:{resource}"


# By service and the member's name, whatever its case.
NAMED = {
    ("apigatewayv2", "protocoltype"): "HTTP",
    ("apigatewayv2", "integrationtype"): "HTTP_PROXY",
    ("apigatewayv2", "resourcearn"): f"arn:aws:apigateway:{REGION}::/apis/matrix1234",
    ("apigatewayv2", "body"): json.dumps({"openapi": "3.0.1", "info": {"title": "matrix", "version": "1"}, "paths": {}}),
    ("cloudtrail", "resourceid"): arn("cloudtrail", "trail/matrix"),
    ("cloudtrail", "resourceidlist"): arn("cloudtrail", "trail/matrix"),
    ("ecr", "resourcearn"): arn("ecr", "repository/matrix"),
    ("ecr", "policytext"): RESOURCE_POLICY,
    ("ecr", "imagemanifest"): json.dumps({"schemaVersion": 2}),
    ("ecs", "resourcearn"): arn("ecs", "cluster/matrix"),
    ("logs", "resourcearn"): arn("logs", "log-group:matrix"),
    ("logs", "policydocument"): RESOURCE_POLICY,
    ("elbv2", "loadbalancerarn"): arn("elasticloadbalancing", "loadbalancer/app/matrix/0123456789abcdef"),
    ("elbv2", "listenerarn"): arn("elasticloadbalancing", "listener/app/matrix/0123456789abcdef/0123456789abcdef"),
    ("elbv2", "rulearn"):
        arn("elasticloadbalancing", "listener-rule/app/matrix/0123456789abcdef/0123456789abcdef/0123456789abcdef"),
    ("elbv2", "targetgrouparn"): arn("elasticloadbalancing", "targetgroup/matrix/0123456789abcdef"),
    ("elbv2", "resourcearn"): arn("elasticloadbalancing", "targetgroup/matrix/0123456789abcdef"),
    ("ec2", "vpcid"): "vpc-0123456789abcdef0",
    ("ec2", "subnetid"): "subnet-0123456789abcdef0",
    ("ec2", "internetgatewayid"): "igw-0123456789abcdef0",
    ("ec2", "egressonlyinternetgatewayid"): "eigw-0123456789abcdef0",
    ("ec2", "routetableid"): "rtb-0123456789abcdef0",
    ("ec2", "networkinterfaceid"): "eni-0123456789abcdef0",
    ("ec2", "networkaclid"): "acl-0123456789abcdef0",
    ("ec2", "natgatewayid"): "nat-0123456789abcdef0",
    ("ec2", "vpcpeeringconnectionid"): "pcx-0123456789abcdef0",
    ("ec2", "vpcendpointid"): "vpce-0123456789abcdef0",
    ("ec2", "prefixlistresourceid"): "pl-0123456789abcdef0",
    ("ec2", "prefixlistid"): "pl-0123456789abcdef0",
    ("ec2", "dhcpoptionsid"): "dopt-0123456789abcdef0",
    ("ec2", "flowlogid"): "fl-0123456789abcdef0",
    ("ec2", "allocationid"): "eipalloc-0123456789abcdef0",
    ("ec2", "groupid"): "sg-0123456789abcdef0",
    ("ec2", "taggableresourceid"): "sg-0123456789abcdef0",
    ("ec2", "securitygroupruleid"): "sgr-0123456789abcdef0",
    ("ec2", "instanceid"): "i-0123456789abcdef0",
    ("ec2", "iaminstanceprofileassociationid"): "iip-assoc-0123456789abcdef0",
    ("ec2", "volumeid"): "vol-0123456789abcdef0",
    ("ec2", "snapshotid"): "snap-0123456789abcdef0",
    ("ec2", "sourcesnapshotid"): "snap-0123456789abcdef0",
    ("ec2", "sourceregion"): REGION,
    ("ec2", "kmskeyid"): "alias/aws/ebs",
    ("ec2-instance-connect", "instanceid"): "i-0123456789abcdef0",
    ("ec2-instance-connect", "sshpublickey"): "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJx4uAlbm0SwzVmfNFQDS8oSRJbwYPzmC3lZEn1FzjkJ me",
    ("ebs", "snapshotid"): "snap-0123456789abcdef0",
    ("ebs", "secondsnapshotid"): "snap-0123456789abcdef0",
    # Parameters alone have tags.
    ("ssm", "resourcetype"): "Parameter",
    ("iam", "policyarn"): arn("iam", "policy/matrix"),
    ("iam", "permissionsboundary"): arn("iam", "policy/matrix"),
    ("iam", "policysourcearn"): arn("iam", "user/matrix"),
    ("iam", "openidconnectproviderarn"): arn("iam", "oidc-provider/oidc.example.com/matrix"),
    ("iam", "url"): "https://oidc.example.com/matrix",
    ("iam", "assumerolepolicydocument"): TRUST,
    ("iam", "policydocument"): POLICY,
    ("iam", "policydocumenttype"): POLICY,
    ("iam", "awsservicename"): "ecs.amazonaws.com",
    ("iam", "globalendpointtokenversion"): "v2Token",
    ("iam", "deletiontaskid"): "task/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS/0123456789abcdef",
    ("kms", "keyid"): arn("kms", "key/01234567-89ab-cdef-0123-456789abcdef"),
    ("kms", "targetkeyid"): arn("kms", "key/01234567-89ab-cdef-0123-456789abcdef"),
    ("kms", "destinationkeyid"): arn("kms", "key/01234567-89ab-cdef-0123-456789abcdef"),
    ("kms", "aliasname"): "alias/matrix",
    ("kms", "policy"): RESOURCE_POLICY,
    ("lambda", "role"): arn("iam", "role/matrix"),
    ("lambda", "resource"): arn("lambda", "function:matrix"),
    ("lambda", "arn"): arn("lambda", "layer:matrix:1"),
    ("lambda", "action"): "lambda:GetLayerVersion",
    ("lambda", "principal"): "123456789012",
    ("s3", "copysource"): "matrix/matrix",
    ("s3", "policy"): json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "s3:GetObject",
         "Resource": "arn:aws:s3:::matrix/*"}]}),
    ("events", "resourcearn"): arn("events", "rule/matrix"),
    ("scheduler", "resourcearn"): arn("scheduler", "schedule-group/matrix"),
    ("scheduler", "rolearn"): arn("iam", "role/matrix"),
    ("sqs", "queueurl"): f"http://localhost:4566/{ACCOUNT}/matrix",
    ("sqs", "sourcearn"): arn("sqs", "matrix"),
    ("sqs", "taskhandle"): base64.b64encode(json.dumps({"taskId": "matrix", "sourceArn": arn("sqs", "matrix")}).encode()).decode(),
    ("sts", "rolearn"): arn("iam", "role/matrix-trusts-the-account"),
    ("sts", "accesskeyid"): "AKIAIOSFODNN7EXAMPLE",
}
# Members that are optional in the model, and that say what the call is about, by the structure that they are in.
TELLING = {
    "FilterLogEventsRequest": ["logGroupName"],
    "GetLogEventsRequest": ["logGroupName"],
    "DescribeLogStreamsRequest": ["logGroupName"],
    "PutResourcePolicyRequest": ["policyName", "policyDocument"],
    "DeleteResourcePolicyRequest": ["policyName"],
    "RulePriorityPair": ["RuleArn"],
    "CreatePlacementGroupRequest": ["GroupName", "Strategy"],
    "DeleteKeyPairRequest": ["KeyName"],
    "RunInstancesRequest": ["ImageId"],
    "CreateVolumeRequest": ["AvailabilityZone", "Size"],
    # Structures without any member are left out of what is sent as a form.
    "IamInstanceProfileSpecification": ["Name"],
    "NewDhcpConfiguration": ["Key"],
    "RequestLaunchTemplateData": ["InstanceType"],
    "Tag": ["Key", "key"],
    "RuleCondition": ["Field"],
    "ListenerAttribute": ["Key"],
    "LoadBalancerAttribute": ["Key"],
    "TargetGroupAttribute": ["Key"],
}
# Texts of every shape that a pattern may ask for.
SAMPLES = ["matrix", "sha256:" + "0" * 64, "01234567-89ab-cdef-0123-456789abcdef", "123456789012", "AKIAIOSFODNN7EXAMPLE", "v1",
           "/matrix/", "https://example.com/matrix"]


def minimal(model, service):
    """The input of an operation's model."""
    if model.input_shape is None:
        return {}
    return structure(model.input_shape, service)


def structure(shape, service):
    needed = shape.required_members + TELLING.get(shape.name, [])
    wanted = [name for name in shape.members if name in needed]
    return {name: value(shape.members[name], service, name) for name in wanted}


def value(shape, service, name):
    match shape.type_name:
        case "structure":
            return structure(shape, service)
        case "list":
            return [value(shape.member, service, singular(name, shape.member))] * max(1, shape.metadata.get("min", 1))
        case "map":
            return {value(shape.key, service, name): value(shape.value, service, name)}
        case "string":
            return text(shape, service, name)
        case "integer" | "long":
            return shape.metadata.get("min", 1)
        case "boolean":
            return False
        case "timestamp":
            return datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
        case "blob":
            return b"matrix"
        case other:
            raise NotImplementedError(f"{service} {name}: {other}")


def singular(name, member):
    """The name under which an item of a list is looked up: the list's without its s, or that of the item's shape."""
    return name.removesuffix("s") if member.type_name == "string" else member.name


def text(shape, service, name):
    for known in (name, shape.name):
        if (service, known.lower()) in NAMED:
            return NAMED[service, known.lower()]
    if shape.enum:
        return shape.enum[0]
    least = shape.metadata.get("min", 0)
    for sample in SAMPLES:
        stretched = sample + sample[-1] * (least - len(sample))
        if len(stretched) <= shape.metadata.get("max", 1 << 20) and matches(shape.metadata.get("pattern"), stretched):
            return stretched
    raise NotImplementedError(f"{service} {name}: no sample matches {shape.metadata}")


def matches(pattern, sample):
    if pattern is None:
        return True
    # Java's classes of letters and digits, which Python's patterns don't have.
    for java, python in ((r"\p{L}", r"a-zA-Z"), (r"\p{Z}", " "), (r"\p{N}", "0-9"), (r"\p{M}", ""), (r"\p{S}", ""), (r"\p{P}", "")):
        pattern = pattern.replace(java, python)
    return re.fullmatch(pattern, sample) is not None
