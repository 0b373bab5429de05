"""Machines through Terraform, with their disks, images, interfaces and templates: made, found unchanged, changed in place, and destroyed
without a trace."""
import pytest

from conftest import until
from terraform import Terraform

IMAGE = """
variable "stage" { default = "first" }

data "aws_availability_zones" "all" {}
data "aws_ami" "quick" {
  most_recent = true
  owners      = ["amazon"]
  filter {
    name   = "name"
    values = ["hillfog-quick-start-*"]
  }
}
"""

MACHINE = IMAGE + """
variable "type" { default = "t3.micro" }
variable "running" { default = "running" }
variable "size" { default = 8 }

data "aws_ec2_instance_type" "small" { instance_type = "t3.micro" }
data "aws_ec2_instance_type_offerings" "small" {
  filter {
    name   = "instance-type"
    values = ["t3.micro"]
  }
  location_type = "availability-zone"
}
data "aws_ec2_instance_type_offering" "best" {
  filter {
    name   = "instance-type"
    values = ["t3.micro", "m5.large"]
  }
  preferred_instance_types = ["t3.micro", "m5.large"]
}

resource "aws_vpc" "lab" { cidr_block = "10.40.0.0/16" }
resource "aws_subnet" "lab" {
  vpc_id            = aws_vpc.lab.id
  cidr_block        = "10.40.1.0/24"
  availability_zone = data.aws_availability_zones.all.names[0]
}
resource "aws_internet_gateway" "lab" { vpc_id = aws_vpc.lab.id }
resource "aws_security_group" "ssh" {
  name   = "ssh"
  vpc_id = aws_vpc.lab.id
}
resource "aws_vpc_security_group_ingress_rule" "ssh" {
  security_group_id = aws_security_group.ssh.id
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 22
  to_port           = 22
  tags              = { stage = var.stage }
}
resource "aws_security_group_rule" "out" {
  security_group_id = aws_security_group.ssh.id
  type              = "egress"
  protocol          = "-1"
  from_port         = 0
  to_port           = 0
  cidr_blocks       = ["0.0.0.0/0"]
}
resource "aws_key_pair" "people" {
  key_name   = "people"
  public_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl somebody"
  tags       = { stage = var.stage }
}
resource "aws_iam_role" "machine" {
  name = "machine"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ec2.amazonaws.com" } }]
  })
}
resource "aws_iam_instance_profile" "machine" {
  name = "machine"
  role = aws_iam_role.machine.name
}

resource "aws_instance" "lab" {
  ami                         = data.aws_ami.quick.id
  instance_type               = var.type
  subnet_id                   = aws_subnet.lab.id
  vpc_security_group_ids      = [aws_security_group.ssh.id]
  key_name                    = aws_key_pair.people.key_name
  iam_instance_profile        = aws_iam_instance_profile.machine.name
  user_data                   = "#!/bin/sh\\necho made > /made\\n"
  user_data_replace_on_change = true
  disable_api_stop            = false
  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = var.stage == "first" ? "required" : "optional"
    http_put_response_hop_limit = 2
    instance_metadata_tags      = "enabled"
  }
  credit_specification { cpu_credits = var.stage == "first" ? "standard" : "unlimited" }
  root_block_device {
    volume_type = "gp3"
    volume_size = var.size
  }
  ebs_block_device {
    device_name = "/dev/sdb"
    volume_size = 1
    volume_type = "gp3"
  }
  volume_tags = { stage = var.stage }
  tags        = { Name = "lab", stage = var.stage }
}
resource "aws_ec2_instance_state" "lab" {
  instance_id = aws_instance.lab.id
  state       = var.running
}

resource "aws_eip" "lab" {
  domain = "vpc"
  tags   = { stage = var.stage }
}
resource "aws_eip_association" "lab" {
  allocation_id = aws_eip.lab.id
  instance_id   = aws_instance.lab.id
  depends_on    = [aws_internet_gateway.lab]
}
resource "aws_network_interface" "second" {
  subnet_id       = aws_subnet.lab.id
  security_groups = [aws_security_group.ssh.id]
  private_ips     = ["10.40.1.77"]
  tags            = { stage = var.stage }
}
resource "aws_network_interface_attachment" "second" {
  instance_id          = aws_instance.lab.id
  network_interface_id = aws_network_interface.second.id
  device_index         = 1
  depends_on           = [aws_eip_association.lab] # which names no interface, so there may be one alone
}

data "aws_instance" "lab" { instance_id = aws_instance.lab.id }
data "aws_instances" "lab" {
  instance_tags        = { Name = "lab" }
  instance_state_names = ["running"]
  depends_on           = [aws_instance.lab]
}

output "small" { value = data.aws_ec2_instance_type.small }
output "zones" { value = data.aws_ec2_instance_type_offerings.small.locations }
output "best" { value = data.aws_ec2_instance_type_offering.best.instance_type }
output "instance" { value = aws_instance.lab.id }
output "shown" { value = data.aws_instance.lab }
output "found" { value = data.aws_instances.lab.ids }
output "address" { value = aws_eip.lab.public_ip }
output "interface" { value = aws_network_interface.second.id }
"""

DISKS = IMAGE + """
variable "size" { default = 8 }
variable "iops" { default = 3000 }
variable "checked" { default = true }

resource "aws_instance" "lab" {
  ami               = data.aws_ami.quick.id
  instance_type     = "t3.micro"
  availability_zone = data.aws_availability_zones.all.names[0]
  source_dest_check = var.checked
}
resource "aws_ebs_volume" "lab" {
  availability_zone = data.aws_availability_zones.all.names[0]
  size              = var.size
  type              = "gp3"
  iops              = var.iops
  tags              = { Name = "lab", stage = var.stage }
}
resource "aws_volume_attachment" "lab" {
  device_name = "/dev/sdf"
  volume_id   = aws_ebs_volume.lab.id
  instance_id = aws_instance.lab.id
}
resource "aws_ebs_volume" "source" {
  availability_zone = data.aws_availability_zones.all.names[1]
  size              = 1
}
resource "aws_ebs_snapshot" "lab" {
  volume_id   = aws_ebs_volume.source.id
  description = "of the lab"
  tags        = { Name = "lab", stage = var.stage }
}
resource "aws_ebs_snapshot_copy" "lab" {
  source_snapshot_id = aws_ebs_snapshot.lab.id
  source_region      = "us-east-1"
  description        = "a copy"
  tags               = { stage = var.stage }
}
resource "aws_ebs_volume" "again" {
  availability_zone = data.aws_availability_zones.all.names[1]
  snapshot_id       = aws_ebs_snapshot_copy.lab.id
}
resource "aws_ami" "lab" {
  name                = "lab"
  description         = "of the ${var.stage} stage"
  virtualization_type = "hvm"
  root_device_name    = "/dev/xvda"
  ena_support         = true
  ebs_block_device {
    device_name = "/dev/xvda"
    snapshot_id = aws_ebs_snapshot.lab.id
    volume_size = 1
  }
  tags = { stage = var.stage }
}
resource "aws_ami_copy" "lab" {
  name              = "lab-copy"
  description       = "of the ${var.stage} stage"
  source_ami_id     = aws_ami.lab.id
  source_ami_region = "us-east-1"
  tags              = { stage = var.stage }
}
resource "aws_ami_from_instance" "lab" {
  name               = "lab-from-instance"
  source_instance_id = aws_instance.lab.id
  tags               = { stage = var.stage }
}
resource "aws_ami_launch_permission" "lab" {
  image_id   = aws_ami.lab.id
  account_id = "123456789012"
}

data "aws_ebs_volume" "lab" {
  filter {
    name   = "volume-id"
    values = [aws_ebs_volume.lab.id]
  }
}
data "aws_ebs_snapshot" "lab" {
  snapshot_ids = [aws_ebs_snapshot.lab.id]
}

output "volume" { value = aws_ebs_volume.lab.id }
output "shown" { value = data.aws_ebs_volume.lab.size }
output "snapshot" { value = data.aws_ebs_snapshot.lab.volume_id == aws_ebs_volume.source.id }
output "image" { value = aws_ami.lab.id }
output "instance" { value = aws_instance.lab.id }
"""

SETTINGS = """
variable "safe" { default = true }

resource "aws_ebs_encryption_by_default" "all" { enabled = var.safe }
resource "aws_ebs_snapshot_block_public_access" "all" { state = var.safe ? "block-all-sharing" : "block-new-sharing" }
resource "aws_ec2_image_block_public_access" "all" { state = var.safe ? "block-new-sharing" : "unblocked" }
resource "aws_ec2_serial_console_access" "all" { enabled = var.safe }
"""

TEMPLATE = IMAGE + """
variable "type" { default = "t3.nano" }

resource "aws_placement_group" "far" {
  name     = "far"
  strategy = "spread"
  tags     = { stage = var.stage }
}
resource "aws_placement_group" "parts" {
  name            = "parts"
  strategy        = "partition"
  partition_count = 3
}
resource "aws_security_group" "lab" { name = "lab" }
resource "aws_launch_template" "lab" {
  name                   = "lab"
  description            = "for the lab"
  image_id               = data.aws_ami.quick.id
  instance_type          = var.type
  update_default_version = true
  vpc_security_group_ids = [aws_security_group.lab.id]
  user_data              = base64encode("#!/bin/sh\\necho ${var.stage} > /made\\n")
  block_device_mappings {
    device_name = "/dev/xvda"
    ebs {
      volume_size = 9
      volume_type = "gp3"
    }
  }
  metadata_options { http_tokens = "required" }
  credit_specification { cpu_credits = "standard" }
  tag_specifications {
    resource_type = "instance"
    tags          = { Name = "templated" }
  }
  tags = { stage = var.stage }
}
resource "aws_instance" "lab" {
  placement_group = aws_placement_group.parts.name
  launch_template {
    id      = aws_launch_template.lab.id
    version = "$Default"
  }
  tags = { Name = "templated" }
  # The provider hashes what a template says a second time, and then finds a change (its issue 30825).
  lifecycle { ignore_changes = [user_data] }
}

data "aws_launch_template" "lab" { id = aws_launch_template.lab.id }

output "version" { value = data.aws_launch_template.lab.default_version }
output "instance" { value = aws_instance.lab.id }
"""


@pytest.fixture
def ec2(own_cloud):
    ec2 = own_cloud.client("ec2")
    until(lambda: ec2.describe_images(Owners=["amazon"])["Images"], what="the quick start image")
    return ec2


def instance(ec2, id):
    return ec2.describe_instances(InstanceIds=[id])["Reservations"][0]["Instances"][0]


def changed_in_place(terraform, **variables):
    """A plan that changes without making anything anew, carried out, after which there is nothing to change."""
    changes = terraform.changes(**variables)
    assert changes and all(actions == ["update"] for actions in changes.values()), changes
    terraform.apply(**variables)
    assert terraform.changes(**variables) == {}


def test_a_machine_is_made_changed_and_destroyed(own_cloud, ec2, tmp_path):
    before = left(ec2)
    terraform = Terraform(own_cloud, tmp_path, MACHINE)
    terraform.apply()
    assert terraform.changes() == {}
    made = terraform.outputs()
    assert made["small"]["default_vcpus"] == 2 and made["small"]["memory_size"] == 1024
    assert made["zones"] and made["best"] == "t3.micro"
    assert made["found"] == [made["instance"]] and made["shown"]["credit_specification"] == [{"cpu_credits": "standard"}]
    shown = instance(ec2, made["instance"])
    assert shown["State"]["Name"] == "running" and shown["PublicIpAddress"] == made["address"]
    assert {it["NetworkInterfaceId"] for it in shown["NetworkInterfaces"]} >= {made["interface"]}

    second = {"stage": "second", "type": "t3.small", "size": 10}
    changed_in_place(terraform, **second)
    shown = instance(ec2, made["instance"])
    assert (shown["InstanceType"], shown["State"]["Name"]) == ("t3.small", "running")
    assert shown["PublicIpAddress"] == made["address"]

    changed_in_place(terraform, **second, running="stopped")
    assert instance(ec2, made["instance"])["State"]["Name"] == "stopped"

    terraform.destroy(**second, running="stopped")
    assert left(ec2) == before


def test_disks_and_images_are_made_changed_and_destroyed(own_cloud, ec2, tmp_path):
    before = left(ec2)
    terraform = Terraform(own_cloud, tmp_path, DISKS)
    terraform.apply()
    assert terraform.changes() == {}
    made = terraform.outputs()
    assert made["shown"] == 8 and made["snapshot"]
    volume = ec2.describe_volumes(VolumeIds=[made["volume"]])["Volumes"][0]
    assert [it["InstanceId"] for it in volume["Attachments"]] == [made["instance"]]
    allowed = ec2.describe_image_attribute(ImageId=made["image"], Attribute="launchPermission")["LaunchPermissions"]
    assert allowed == [{"UserId": "123456789012"}]

    second = {"stage": "second", "size": 10, "iops": 4000, "checked": "false"}
    changed_in_place(terraform, **second)
    volume = ec2.describe_volumes(VolumeIds=[made["volume"]])["Volumes"][0]
    assert (volume["Size"], volume["Iops"], volume["State"]) == (10, 4000, "in-use")

    terraform.destroy(**second)
    assert left(ec2) == before


def test_a_machine_of_a_template_is_made_changed_and_destroyed(own_cloud, ec2, tmp_path):
    before = left(ec2)
    terraform = Terraform(own_cloud, tmp_path, TEMPLATE)
    terraform.apply()
    assert terraform.changes() == {}
    made = terraform.outputs()
    shown = instance(ec2, made["instance"])
    assert (shown["InstanceType"], shown["Placement"]["GroupName"]) == ("t3.nano", "parts")
    assert shown["MetadataOptions"]["HttpTokens"] == "required"
    root = ec2.describe_volumes(VolumeIds=[shown["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]])["Volumes"][0]
    assert (root["Size"], root["VolumeType"]) == (9, "gp3")

    changes = terraform.changes(stage="second")
    assert changes["aws_launch_template.lab"] == ["update"], changes
    terraform.apply(stage="second")
    # Now the default version is another than the machine's, which only a new machine can follow.
    assert terraform.changes(stage="second") == {"aws_instance.lab": ["delete", "create"]}
    terraform.apply(stage="second")
    assert terraform.changes(stage="second") == {}
    assert terraform.outputs()["version"] == 2 and terraform.outputs()["instance"] != made["instance"]

    terraform.destroy(stage="second")
    assert left(ec2) == before


def test_settings_of_a_region_are_made_changed_and_destroyed(own_cloud, ec2, tmp_path):
    before = settings(ec2)
    terraform = Terraform(own_cloud, tmp_path, SETTINGS)
    terraform.apply()
    assert terraform.changes() == {}
    assert settings(ec2) == (True, "block-all-sharing", "block-new-sharing", True)
    changed_in_place(terraform, safe="false")
    assert settings(ec2) == (False, "block-new-sharing", "unblocked", False)
    terraform.destroy(safe="false")
    assert settings(ec2) == before


def settings(ec2):
    return (
        ec2.get_ebs_encryption_by_default()["EbsEncryptionByDefault"],
        ec2.get_snapshot_block_public_access_state()["State"],
        ec2.get_image_block_public_access_state()["ImageBlockPublicAccessState"],
        ec2.get_serial_console_access_status()["SerialConsoleAccessEnabled"],
    )


def left(ec2):
    """The ids of what there is, by kind; a terminated instance is not."""
    own = {"OwnerIds": ["self"]}
    kinds = {
        "volumes": (ec2.describe_volumes()["Volumes"], "VolumeId"),
        "snapshots": (ec2.describe_snapshots(**own)["Snapshots"], "SnapshotId"),
        "images": (ec2.describe_images(Owners=["self"])["Images"], "ImageId"),
        "keys": (ec2.describe_key_pairs()["KeyPairs"], "KeyName"),
        "templates": (ec2.describe_launch_templates()["LaunchTemplates"], "LaunchTemplateId"),
        "placement groups": (ec2.describe_placement_groups()["PlacementGroups"], "GroupName"),
        "interfaces": (ec2.describe_network_interfaces()["NetworkInterfaces"], "NetworkInterfaceId"),
        "addresses": (ec2.describe_addresses()["Addresses"], "AllocationId"),
        "groups": (ec2.describe_security_groups()["SecurityGroups"], "GroupId"),
        "vpcs": (ec2.describe_vpcs()["Vpcs"], "VpcId"),
    }
    found = {kind: sorted(it[name] for it in those) for kind, (those, name) in kinds.items()}
    every = [it for reservation in ec2.describe_instances()["Reservations"] for it in reservation["Instances"]]
    return {**found, "instances": [it["InstanceId"] for it in every if it["State"]["Name"] != "terminated"]}
