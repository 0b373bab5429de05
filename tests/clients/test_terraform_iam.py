"""IAM through Terraform: made, found unchanged, changed in place, and destroyed without a trace."""
import json

import pytest

from terraform import Terraform

CONFIGURATION = """
variable "stage" { default = "first" }
variable "hours" { default = 1 }

data "aws_caller_identity" "me" {}
data "aws_partition" "here" {}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com", "ec2.amazonaws.com"]
    }
  }
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "AWS"
      identifiers = [aws_iam_user.anna.arn, "arn:aws:iam::${data.aws_caller_identity.me.account_id}:root"]
    }
    condition {
      test     = "StringEquals"
      variable = "sts:ExternalId"
      values   = [var.stage]
    }
  }
}

data "aws_iam_policy_document" "read" {
  statement {
    sid       = "Read"
    actions   = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    resources = ["arn:aws:ecr:*:${data.aws_caller_identity.me.account_id}:repository/${var.stage}/*"]
  }
}

resource "aws_iam_user" "anna" {
  name = "tf-anna"
  path = "/people/"
  tags = { stage = var.stage }
}
resource "aws_iam_user" "bob" {
  name                 = "tf-bob"
  permissions_boundary = aws_iam_policy.read.arn
}
resource "aws_iam_group" "devs" { name = "tf-devs" }
resource "aws_iam_group" "operators" { name = "tf-operators" }
resource "aws_iam_group_membership" "devs" {
  name  = "devs"
  group = aws_iam_group.devs.name
  users = [aws_iam_user.anna.name, aws_iam_user.bob.name]
}
resource "aws_iam_user_group_membership" "anna" {
  user   = aws_iam_user.anna.name
  groups = [aws_iam_group.operators.name]
}
resource "aws_iam_access_key" "anna" { user = aws_iam_user.anna.name }
resource "aws_iam_user_login_profile" "anna" {
  user            = aws_iam_user.anna.name
  password_length = 20
}

resource "aws_iam_role" "task" {
  name                 = "tf-task"
  path                 = "/service-role/"
  description          = "of the ${var.stage} stage"
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  max_session_duration = var.hours * 3600
  permissions_boundary = "arn:aws:iam::aws:policy/PowerUserAccess"
  tags                 = { stage = var.stage }
}
resource "aws_iam_policy" "read" {
  name        = "tf-read"
  path        = "/app/"
  description = "reads images"
  policy      = data.aws_iam_policy_document.read.json
  tags        = { stage = var.stage }
}
resource "aws_iam_role_policy" "own" {
  name   = "own"
  role   = aws_iam_role.task.id
  policy = data.aws_iam_policy_document.read.json
}
resource "aws_iam_user_policy" "own" {
  name   = "own"
  user   = aws_iam_user.anna.name
  policy = data.aws_iam_policy_document.read.json
}
resource "aws_iam_group_policy" "own" {
  name   = "own"
  group  = aws_iam_group.devs.name
  policy = data.aws_iam_policy_document.read.json
}
resource "aws_iam_role_policy_attachment" "execution" {
  role       = aws_iam_role.task.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
}
resource "aws_iam_role_policy_attachment" "read" {
  role       = aws_iam_role.task.name
  policy_arn = aws_iam_policy.read.arn
}
resource "aws_iam_user_policy_attachment" "read" {
  user       = aws_iam_user.anna.name
  policy_arn = aws_iam_policy.read.arn
}
resource "aws_iam_group_policy_attachment" "read" {
  group      = aws_iam_group.devs.name
  policy_arn = data.aws_iam_policy.view.arn
}
resource "aws_iam_instance_profile" "machine" {
  name = "tf-machine"
  role = aws_iam_role.task.name
  tags = { stage = var.stage }
}
resource "aws_iam_openid_connect_provider" "cluster" {
  url             = "https://oidc.example.com/id/tf"
  client_id_list  = ["sts.amazonaws.com", var.stage]
  thumbprint_list = ["0123456789abcdef0123456789abcdef01234567"]
  tags            = { stage = var.stage }
}
resource "aws_iam_service_linked_role" "ecs" {
  aws_service_name = "ecs.amazonaws.com"
  description      = "of the ${var.stage} stage"
}
resource "aws_iam_account_alias" "alias" { account_alias = "tf-hillfog" }
resource "aws_iam_account_password_policy" "rules" {
  minimum_password_length        = 10 + var.hours
  require_symbols                = true
  require_numbers                = true
  require_lowercase_characters   = true
  require_uppercase_characters   = true
  allow_users_to_change_password = true
}

data "aws_iam_policy" "administrator" { arn = "arn:aws:iam::aws:policy/AdministratorAccess" }
data "aws_iam_policy" "view" { name = "ViewOnlyAccess" }
data "aws_iam_role" "task" { name = aws_iam_role.task.name }
data "aws_iam_user" "anna" { user_name = aws_iam_user.anna.name }
data "aws_iam_group" "devs" {
  group_name = aws_iam_group.devs.name
  depends_on = [aws_iam_group_membership.devs]
}
data "aws_iam_principal_policy_simulation" "task" {
  action_names      = ["ecr:BatchGetImage"]
  policy_source_arn = aws_iam_role.task.arn
  resource_arns     = ["arn:aws:ecr:us-east-1:${data.aws_caller_identity.me.account_id}:repository/${var.stage}/web"]
  depends_on        = [aws_iam_role_policy.own]
}

output "administrator" { value = data.aws_iam_policy.administrator.policy }
output "task" { value = data.aws_iam_role.task }
output "members" { value = [for user in data.aws_iam_group.devs.users : user.user_name] }
output "allowed" { value = data.aws_iam_principal_policy_simulation.task.all_allowed }
output "account" { value = data.aws_caller_identity.me.account_id }
"""


@pytest.fixture
def iam(own_cloud):
    environment = own_cloud.environment
    return own_cloud.client("iam", account=environment["AWS_ACCESS_KEY_ID"], secret=environment["AWS_SECRET_ACCESS_KEY"])


def test_identities_are_made_changed_and_destroyed(own_cloud, iam, tmp_path):
    terraform = Terraform(own_cloud, tmp_path, CONFIGURATION)
    terraform.apply()
    assert terraform.changes() == {}
    made = terraform.outputs()
    assert json.loads(made["administrator"])["Statement"][0]["Action"] == "*"
    assert made["task"]["arn"] == f"arn:aws:iam::{made['account']}:role/service-role/tf-task"
    assert sorted(made["members"]) == ["tf-anna", "tf-bob"] and made["allowed"]

    second = {"stage": "second", "hours": 2}
    changes = terraform.changes(**second)
    assert changes and all(actions == ["update"] for actions in changes.values()), changes
    before = iam.get_role(RoleName="tf-task")["Role"]["RoleId"]
    terraform.apply(**second)
    assert terraform.changes(**second) == {}
    role = iam.get_role(RoleName="tf-task")["Role"]
    assert (role["RoleId"], role["MaxSessionDuration"], role["Description"]) == (before, 7200, "of the second stage")
    assert iam.get_policy(PolicyArn=f"arn:aws:iam::{made['account']}:policy/app/tf-read")["Policy"]["DefaultVersionId"] == "v2"

    terraform.destroy(**second)
    assert left(iam) == {}


def left(iam):
    """What there is in the account, by kind."""
    found = {
        "users": iam.list_users()["Users"],
        "groups": iam.list_groups()["Groups"],
        "roles": iam.list_roles()["Roles"],
        "policies": iam.list_policies(Scope="Local")["Policies"],
        "profiles": iam.list_instance_profiles()["InstanceProfiles"],
        "providers": iam.list_open_id_connect_providers()["OpenIDConnectProviderList"],
        "aliases": iam.list_account_aliases()["AccountAliases"],
        "keys": iam.list_access_keys()["AccessKeyMetadata"][1:],
    }
    try:
        found["rules"] = iam.get_account_password_policy()["PasswordPolicy"]
    except iam.exceptions.NoSuchEntityException:
        pass
    return {kind: things for kind, things in found.items() if things}
