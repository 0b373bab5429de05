"""Parameter Store: through boto3 and Terraform, and an image that a parameter names through the AWS CLI."""
import pytest

from machines import in_state, quick_start
from people import Person, root
from terraform import Terraform

PUBLIC = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"


def test_parameters_live_through_boto3(cloud):
    ssm = cloud.client("ssm")
    ssm.put_parameter(Name="/lab/db/url", Value="one", Type="String", Tags=[{"Key": "team", "Value": "a"}])
    with pytest.raises(ssm.exceptions.ParameterAlreadyExists):
        ssm.put_parameter(Name="/lab/db/url", Value="two", Type="String")
    assert ssm.put_parameter(Name="/lab/db/url", Value="two", Overwrite=True)["Version"] == 2
    ssm.put_parameter(Name="/lab/db/password", Value="hunter2", Type="SecureString")
    ssm.put_parameter(Name="/lab/hosts", Value="a,b", Type="StringList")
    ssm.label_parameter_version(Name="/lab/db/url", ParameterVersion=1, Labels=["prod"])
    assert ssm.get_parameter(Name="/lab/db/url:prod")["Parameter"]["Value"] == "one"
    assert ssm.get_parameter(Name="/lab/db/password", WithDecryption=True)["Parameter"]["Value"] == "hunter2"
    assert ssm.get_parameter(Name="/lab/db/password")["Parameter"]["Value"] != "hunter2"
    pages = ssm.get_paginator("get_parameters_by_path").paginate(Path="/lab", Recursive=True, PaginationConfig={"PageSize": 1})
    assert [it["Name"] for page in pages for it in page["Parameters"]] == ["/lab/db/password", "/lab/db/url", "/lab/hosts"]
    found = ssm.describe_parameters(ParameterFilters=[{"Key": "tag:team", "Values": ["a"]}])["Parameters"]
    assert [(it["Name"], it["Version"]) for it in found] == [("/lab/db/url", 2)]
    with pytest.raises(ssm.exceptions.ParameterNotFound):
        ssm.get_parameter(Name="/lab/none")
    gone = ssm.delete_parameters(Names=["/lab/db/url", "/lab/db/password", "/lab/hosts", "/lab/none"])
    assert gone["InvalidParameters"] == ["/lab/none"]


def test_terraform_keeps_parameters(cloud, tmp_path):
    configuration = """
variable "value" { default = "one" }
resource "aws_ssm_parameter" "text" {
  name            = "/tf/text"
  type            = "String"
  value           = var.value
  description     = "a text"
  allowed_pattern = "[a-z]+"
  tags            = { team = "a" }
}
resource "aws_ssm_parameter" "secret" {
  name  = "/tf/secret"
  type  = "SecureString"
  value = "s-${var.value}"
}
resource "aws_ssm_parameter" "large" {
  name  = "/tf/large"
  type  = "StringList"
  tier  = "Intelligent-Tiering"
  value = "a,b"
}
data "aws_ssm_parameter" "image" { name = "%s" }
output "image" { value = nonsensitive(data.aws_ssm_parameter.image.value) }
""" % PUBLIC
    image = quick_start(cloud)
    lab = Terraform(cloud, tmp_path, configuration)
    lab.apply()
    assert lab.changes() == {}
    assert lab.outputs()["image"] == image
    lab.apply(value="two")
    ssm = cloud.client("ssm")
    assert ssm.get_parameter(Name="/tf/secret", WithDecryption=True)["Parameter"]["Value"] == "s-two"
    assert lab.changes(value="two") == {}
    lab.destroy(value="two")
    assert ssm.get_parameters_by_path(Path="/tf", Recursive=True)["Parameters"] == []


def test_a_parameter_names_the_image_of_a_machine(cloud):
    image = quick_start(cloud)
    made = cloud.aws("ec2", "run-instances", "--image-id", f"resolve:ssm:{PUBLIC}", "--instance-type", "t3.micro")["Instances"][0]
    assert made["ImageId"] == image
    cloud.aws("ssm", "put-parameter", "--name", "/golden", "--type", "String", "--data-type", "aws:ec2:image", "--value", image)
    ec2 = cloud.client("ec2")
    ec2.create_launch_template(LaunchTemplateName="golden", LaunchTemplateData={"ImageId": "resolve:ssm:/golden:1", "InstanceType": "t3.nano"})
    shown = ec2.describe_launch_template_versions(LaunchTemplateName="golden", ResolveAlias=True)["LaunchTemplateVersions"][0]
    assert shown["LaunchTemplateData"]["ImageId"] == image
    other = ec2.run_instances(LaunchTemplate={"LaunchTemplateName": "golden"}, MinCount=1, MaxCount=1)["Instances"][0]
    assert other["ImageId"] == image
    person = Person(cloud, root(cloud, "iam"), "launches-without-parameters")
    person.may({"Effect": "Allow", "Action": "ec2:*"})
    error = person.call("ec2", "RunInstances", {"ImageId": "resolve:ssm:/golden", "MinCount": 1, "MaxCount": 1, "InstanceType": "t3.nano"})
    assert error["Code"] == "UnauthorizedOperation" and "ssm:GetParameters" in error["Message"]
    ids = [made["InstanceId"], other["InstanceId"]]
    cloud.aws("ec2", "terminate-instances", "--instance-ids", *ids)
    for one in ids:
        in_state(cloud, one, "terminated")
    cloud.aws("ec2", "delete-launch-template", "--launch-template-name", "golden")
    cloud.aws("ssm", "delete-parameter", "--name", "/golden")
