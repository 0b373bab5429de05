"""A distribution as it is, in a system container: Debian with systemd, an SSH server, the real cloud-init, and Debian's own AWS SDK."""
import json

import pytest

from conftest import until
from machines import in_state, key_pair, launch, role, ssh_group

USER_DATA = """#cloud-config
write_files:
- path: /etc/written
  content: by cloud-init
  permissions: '0640'
runcmd:
- [sh, -c, 'echo $(id -un) >>/var/ran']
"""

# What the SDK is told is the region and the way to the cloud; the credentials it finds by itself.
SDK = """
import boto3, json
client = lambda name: boto3.client(name, region_name="us-east-1", endpoint_url="http://169.254.170.2:4566")
regions = client("ec2").describe_regions()["Regions"]
print(json.dumps([client("sts").get_caller_identity()["Arn"], len(regions) > 0, boto3.Session().get_credentials().method]))
"""


@pytest.fixture(scope="module")
def machine(cloud, debian, tmp_path_factory):
    """A machine of Debian's, whose metadata wants a token, with a role and a tag; and who enters it."""
    folder = tmp_path_factory.mktemp("keys")
    ssh = key_pair(cloud, folder, "systemd")
    (folder / "user-data").write_text(USER_DATA)
    role(cloud, "systemd", "ec2.amazonaws.com", "ec2:DescribeRegions")
    cloud.client("iam").create_instance_profile(InstanceProfileName="systemd")
    cloud.client("iam").add_role_to_instance_profile(InstanceProfileName="systemd", RoleName="systemd")
    found = launch(cloud, "--image-id", debian.image(), "--key-name", "systemd", "--security-group-ids", ssh_group(cloud, "systemd-ssh"),
                   "--iam-instance-profile", "Name=systemd", "--user-data", f"file://{folder / 'user-data'}",
                   "--metadata-options", "HttpTokens=required,InstanceMetadataTags=enabled",
                   "--tag-specifications", "ResourceType=instance,Tags=[{Key=Name,Value=deb}]")
    enter = lambda command, check=True: ssh(found["PublicIpAddress"], command, check=check)
    until(lambda: enter("true", check=False).returncode == 0, seconds=120, what="sshd")
    yield found, enter
    cloud.aws("ec2", "terminate-instances", "--instance-ids", found["InstanceId"])
    in_state(cloud, found["InstanceId"], "terminated")


def test_a_real_cloud_init_finds_all_that_it_asks_for(cloud, machine):
    found, enter = machine
    assert "status: done" in enter("cloud-init status --wait")
    known = json.loads(enter("sudo cloud-init query --all"))
    assert [known["v1"][name] for name in ("cloud_name", "platform", "instance_id", "region", "availability_zone")] == [
        "aws", "ec2", found["InstanceId"], "us-east-1", found["Placement"]["AvailabilityZone"]]
    assert known["userdata"] == USER_DATA
    told = known["ds"]["meta-data"]
    assert (told["public-ipv4"], told["tags"]["instance"], told["iam"]["info"]["Code"]) == (found["PublicIpAddress"], {"Name": "deb"}, "Success")
    interface = told["network"]["interfaces"]["macs"][told["mac"]]
    assert (interface["subnet-id"], interface["local-ipv4s"]) == (found["SubnetId"], found["PrivateIpAddress"])
    document = known["ds"]["dynamic"]["instance-identity"]["document"]
    assert (document["imageId"], document["accountId"]) == (found["ImageId"], "000000000000")
    assert enter("sudo cat /etc/written; sudo stat -c %a /etc/written") == "by cloud-init640"
    assert enter("id -un; sudo id -un; hostname -f").split() == ["ec2-user", "root", found["PrivateDnsName"]]
    assert "Traceback" not in enter("sudo cat /var/log/cloud-init.log")


def test_the_sdk_inside_acts_as_the_machines_role(machine):
    found, enter = machine
    who, regions, method = json.loads(enter(f"python3 -c '{SDK}'"))
    assert (who, regions, method) == (f"arn:aws:sts::000000000000:assumed-role/systemd/{found['InstanceId']}", True, "iam-role")


def test_systemd_is_up_and_boots_again(cloud, machine):
    found, enter = machine
    assert enter("systemctl is-system-running --wait; systemctl --failed --no-legend") == "running"
    boot = lambda: enter("cut -d' ' -f22 /proc/1/stat", check=False).stdout
    before = boot()
    cloud.aws("ec2", "reboot-instances", "--instance-ids", found["InstanceId"])
    until(lambda: boot() not in ("", before), seconds=120, what="another boot")
    assert "status: done" in enter("cloud-init status --wait")
    assert enter("systemctl is-active multi-user.target; cat /var/ran") == "active\nroot", "user data has run once"
    cloud.aws("ec2", "stop-instances", "--instance-ids", found["InstanceId"])
    assert in_state(cloud, found["InstanceId"], "stopped")["StateReason"]["Code"] == "Client.UserInitiatedShutdown"
    console = cloud.aws("ec2", "get-console-output", "--instance-id", found["InstanceId"], "--latest")["Output"]
    assert "Reached target" in console and "poweroff.target" in console, "it was asked to, and did"
