"""Who may push, pull and change repositories: skopeo and boto3 as users with policies."""
import base64
import json
import subprocess
import uuid

import botocore.exceptions
import pytest

from conftest import push

OTHER = "444455556666"
PULL = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
PUSH = ["ecr:BatchCheckLayerAvailability", "ecr:InitiateLayerUpload", "ecr:UploadLayerPart", "ecr:CompleteLayerUpload", "ecr:PutImage"]


class Person:
    """A user with one policy, and its clients."""

    def __init__(self, cloud, statements, account="test"):
        self.cloud, self.name = cloud, f"u-{uuid.uuid4().hex[:12]}"
        self.iam = cloud.client("iam", account=account)
        self.arn = self.iam.create_user(UserName=self.name)["User"]["Arn"]
        self.may(statements)
        self.key = self.iam.create_access_key(UserName=self.name)["AccessKey"]
        self.ecr = cloud.client("ecr", account=self.key["AccessKeyId"], secret=self.key["SecretAccessKey"])

    def may(self, statements):
        document = {"Version": "2012-10-17", "Statement": statements}
        self.iam.put_user_policy(UserName=self.name, PolicyName="own", PolicyDocument=json.dumps(document))

    def password(self):
        token = self.ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"]
        return base64.b64decode(token).decode()

    def denied(self, call, **arguments):
        with pytest.raises(botocore.exceptions.ClientError) as refused:
            call(**arguments)
        assert refused.value.response["Error"]["Code"] == "AccessDeniedException"
        return refused.value.response["Error"]["Message"]


def allow(actions, resource="*"):
    return {"Effect": "Allow", "Action": actions, "Resource": resource}


def repository(cloud, name):
    """A new repository's ARN."""
    return cloud.client("ecr").create_repository(repositoryName=name)["repository"]["repositoryArn"]


def set_policy(cloud, name, statement):
    document = {"Version": "2012-10-17", "Statement": [statement]}
    cloud.client("ecr").set_repository_policy(repositoryName=name, policyText=json.dumps(document))


def copy(skopeo, source, target, password, side):
    return subprocess.run([skopeo, "copy", "--quiet", f"--{side}-tls-verify=false", f"--{side}-creds={password}", source, target],
                          capture_output=True, text=True, timeout=120)


def test_who_may_pull_may_not_push(cloud, web_image, skopeo, tmp_path):
    uri = push(cloud, web_image, "perm-pull", "v1")
    arn = cloud.client("ecr").describe_repositories(repositoryNames=["perm-pull"])["repositories"][0]["repositoryArn"]
    anna = Person(cloud, [allow("ecr:GetAuthorizationToken"), allow(PULL, arn)])
    pulled = copy(skopeo, f"docker://{uri}", f"oci:{tmp_path}/out:v1", anna.password(), "src")
    assert pulled.returncode == 0, pulled.stderr
    pushed = copy(skopeo, f"oci:{web_image}:latest", f"docker://{uri}-2", anna.password(), "dest")
    assert pushed.returncode != 0
    assert "denied" in pushed.stderr.lower() or "forbidden" in pushed.stderr.lower(), pushed.stderr
    images = cloud.client("ecr").list_images(repositoryName="perm-pull")["imageIds"]
    assert [image["imageTag"] for image in images] == ["v1"]


def test_who_may_push_pushes_where_it_may(cloud, web_image, skopeo):
    arn = repository(cloud, "perm-push")
    repository(cloud, "perm-closed")
    bert = Person(cloud, [allow("ecr:GetAuthorizationToken"), allow(PUSH + PULL, arn)])
    uri = cloud.client("ecr").describe_repositories(repositoryNames=["perm-push"])["repositories"][0]["repositoryUri"]
    pushed = copy(skopeo, f"oci:{web_image}:latest", f"docker://{uri}:v1", bert.password(), "dest")
    assert pushed.returncode == 0, pushed.stderr
    closed = uri.replace("perm-push", "perm-closed")
    assert copy(skopeo, f"oci:{web_image}:latest", f"docker://{closed}:v1", bert.password(), "dest").returncode != 0
    assert cloud.client("ecr").list_images(repositoryName="perm-closed")["imageIds"] == []


def test_a_password_dies_with_its_key(cloud, web_image, skopeo, tmp_path):
    uri = push(cloud, web_image, "perm-key", "v1")
    anna = Person(cloud, [allow("ecr:GetAuthorizationToken"), allow(PULL)])
    password = anna.password()
    inspect = lambda: copy(skopeo, f"docker://{uri}", f"oci:{tmp_path}/{uuid.uuid4().hex}:v1", password, "src").returncode
    assert inspect() == 0
    anna.iam.update_access_key(UserName=anna.name, AccessKeyId=anna.key["AccessKeyId"], Status="Inactive")
    assert inspect() != 0
    anna.iam.update_access_key(UserName=anna.name, AccessKeyId=anna.key["AccessKeyId"], Status="Active")
    assert inspect() == 0
    anna.iam.delete_access_key(UserName=anna.name, AccessKeyId=anna.key["AccessKeyId"])
    assert inspect() != 0


def test_a_repositorys_policy_allows_and_denies(cloud):
    arn = repository(cloud, "perm-policy")
    anna, bert = Person(cloud, [allow("ecr:*")]), Person(cloud, [allow("ecr:GetAuthorizationToken")])
    listed = {"repositoryName": "perm-policy"}
    message = bert.denied(bert.ecr.list_images, **listed)
    assert message == (f"User: {bert.arn} is not authorized to perform: ecr:ListImages on resource: {arn} "
                       "because no identity-based policy allows the ecr:ListImages action")
    set_policy(cloud, "perm-policy", {"Effect": "Allow", "Principal": {"AWS": bert.arn}, "Action": "ecr:ListImages"})
    assert bert.ecr.list_images(**listed)["imageIds"] == []
    bert.denied(bert.ecr.describe_images, **listed)
    assert json.loads(anna.ecr.get_repository_policy(**listed)["policyText"])["Statement"][0]["Action"] == "ecr:ListImages"
    set_policy(cloud, "perm-policy", {"Effect": "Deny", "Principal": {"AWS": anna.arn}, "Action": "ecr:ListImages"})
    message = anna.denied(anna.ecr.list_images, **listed)
    assert message == (f"User: {anna.arn} is not authorized to perform: ecr:ListImages on resource: {arn} "
                       "with an explicit deny in a resource-based policy")
    anna.ecr.delete_repository_policy(**listed)
    assert anna.ecr.list_images(**listed)["imageIds"] == []
    with pytest.raises(anna.ecr.exceptions.RepositoryPolicyNotFoundException):
        anna.ecr.get_repository_policy(**listed)


def test_another_account_needs_both_policies(cloud):
    arn = repository(cloud, "perm-shared")
    account = arn.split(":")[4]
    carl = Person(cloud, [allow("ecr:ListImages")], account=OTHER)
    dora = Person(cloud, [allow("ecr:GetAuthorizationToken")], account=OTHER)
    shared = {"registryId": account, "repositoryName": "perm-shared"}
    message = carl.denied(carl.ecr.list_images, **shared)
    assert message == (f"User: {carl.arn} is not authorized to perform: ecr:ListImages on resource: {arn} "
                       "because no resource-based policy allows the ecr:ListImages action")
    set_policy(cloud, "perm-shared", {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{OTHER}:root"}, "Action": "ecr:ListImages"})
    assert carl.ecr.list_images(**shared)["imageIds"] == []
    dora.denied(dora.ecr.list_images, **shared)
    carl.denied(carl.ecr.describe_images, **shared)
    carl.denied(carl.ecr.delete_repository, **shared)
    with pytest.raises(carl.ecr.exceptions.RepositoryNotFoundException):
        carl.ecr.list_images(repositoryName="perm-shared")
