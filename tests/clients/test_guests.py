"""Virtual machines through the AWS CLI, boto3 and ssh: an image with a boot loader is registered, launched, entered, sleeps and goes on."""
import base64
import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest

from conftest import HILLFOG, ROOT, until
from machines import in_state, key_pair, launch, shown, ssh_group

BLOCK = 512 * 1024
TOOLS = ["qemu-system-x86_64", "mformat", "syslinux", "strip"]


@pytest.fixture(scope="module")
def disk(tmp_path_factory):
    """A disk image that boots by BIOS and by UEFI."""
    missing = [tool for tool in TOOLS if not shutil.which(tool)]
    if missing:
        pytest.skip(f"NOT RUN: {', '.join(missing)} is not installed")
    out = tmp_path_factory.mktemp("guest") / "disk.img"
    made = subprocess.run([ROOT / "scripts" / "guest-image.sh", HILLFOG, out], capture_output=True, text=True)
    assert made.returncode == 0, made.stdout + made.stderr
    return out


@pytest.fixture(scope="module")
def snapshot(cloud, disk):
    """The image as a snapshot, block by block; blocks of nothing aren't written."""
    direct = cloud.client("ebs")
    begun = direct.start_snapshot(VolumeSize=1)["SnapshotId"]
    count = 0
    with disk.open("rb") as image:
        for index in range((disk.stat().st_size + BLOCK - 1) // BLOCK):
            block = image.read(BLOCK).ljust(BLOCK, b"\0")
            if any(block):
                checksum = base64.b64encode(hashlib.sha256(block).digest()).decode()
                direct.put_snapshot_block(SnapshotId=begun, BlockIndex=index, BlockData=block, DataLength=BLOCK,
                                          Checksum=checksum, ChecksumAlgorithm="SHA256")
                count += 1
    direct.complete_snapshot(SnapshotId=begun, ChangedBlocksCount=count)
    cloud.aws("ec2", "wait", "snapshot-completed", "--snapshot-ids", begun)
    return begun


def register(cloud, snapshot, mode):
    mapping = f"DeviceName=/dev/xvda,Ebs={{SnapshotId={snapshot},DeleteOnTermination=true}}"
    return cloud.aws("ec2", "register-image", "--name", f"guest-{mode}", "--architecture", "x86_64", "--virtualization-type", "hvm", "--ena-support",
                     "--root-device-name", "/dev/xvda", "--block-device-mappings", mapping, "--boot-mode", mode)["ImageId"]


def test_a_virtual_machine_is_entered_sleeps_and_goes_on(cloud, snapshot, tmp_path):
    ssh = key_pair(cloud, tmp_path, "guest")
    image = register(cloud, snapshot, "legacy-bios")
    found = launch(cloud, "--image-id", image, "--key-name", "guest", "--security-group-ids", ssh_group(cloud, "guest-ssh"),
                   "--hibernation-options", "Configured=true", "--block-device-mappings", "DeviceName=/dev/xvda,Ebs={VolumeSize=4,Encrypted=true}")
    name = found["InstanceId"]

    def enter(command):
        return ssh(shown(cloud, name)["PublicIpAddress"], command)

    until(lambda: ssh(found["PublicIpAddress"], "true", check=False).returncode == 0, seconds=120, what="ssh")
    assert enter("id -un; cat /sys/class/dmi/id/sys_vendor") == "ec2-user\nAmazon EC2"
    assert found["PrivateIpAddress"] in enter("ip -4 addr show eth0")
    ask = "wget -qO- http://169.254.169.254/latest/meta-data/instance-id"
    assert enter(ask) == name

    # A disk comes, under its volume's name, and goes.
    volume = cloud.aws("ec2", "create-volume", "--size", "1", "--availability-zone", found["Placement"]["AvailabilityZone"])["VolumeId"]
    cloud.aws("ec2", "wait", "volume-available", "--volume-ids", volume)
    cloud.aws("ec2", "attach-volume", "--volume-id", volume, "--instance-id", name, "--device", "/dev/sdf")
    until(lambda: ssh(found["PublicIpAddress"], "cat /sys/block/vdb/serial", check=False).stdout == volume.replace("vol-", "vol"), what="the disk")
    cloud.aws("ec2", "detach-volume", "--volume-id", volume)
    cloud.aws("ec2", "wait", "volume-available", "--volume-ids", volume)
    assert enter("ls /sys/block | grep -c vdb || true") == "0"

    picture = cloud.aws("ec2", "get-console-screenshot", "--instance-id", name)["ImageData"]
    assert base64.b64decode(picture)[:2] == b"\xff\xd8", "it is a JPEG"

    # It sleeps: what ran goes on to run.
    enter("echo kept >/dev/shm/memory; sleep 10000 >/dev/null 2>&1 </dev/null & echo $! >/dev/shm/process")
    boot = "cat /proc/sys/kernel/random/boot_id"
    before = enter(boot)
    cloud.aws("ec2", "stop-instances", "--instance-ids", name, "--hibernate")
    asleep = in_state(cloud, name, "stopped")
    assert asleep["StateReason"]["Code"] == "Client.UserInitiatedHibernate"
    cloud.aws("ec2", "start-instances", "--instance-ids", name)
    found = in_state(cloud, name, "running")
    until(lambda: ssh(found["PublicIpAddress"], "true", check=False).returncode == 0, what="ssh")
    assert (enter(boot), enter("cat /dev/shm/memory")) == (before, "kept")
    enter("kill -0 $(cat /dev/shm/process)")

    # Asked by its power button, it shuts down.
    cloud.aws("ec2", "stop-instances", "--instance-ids", name)
    in_state(cloud, name, "stopped")
    console = cloud.aws("ec2", "get-console-output", "--instance-id", name, "--latest")["Output"]
    assert "the machine powers off" in console
    cloud.aws("ec2", "terminate-instances", "--instance-ids", name)
    in_state(cloud, name, "terminated")


def test_a_virtual_machine_boots_by_uefi(cloud, snapshot):
    if not Path("/usr/share/OVMF").exists():
        pytest.skip("NOT RUN: ovmf is not installed")
    found = launch(cloud, "--image-id", register(cloud, snapshot, "uefi"))
    name = found["InstanceId"]
    console = lambda: cloud.client("ec2").get_console_output(InstanceId=name, Latest=True).get("Output", "")
    until(lambda: "takes SSH" in console(), seconds=120, what="the system's greeting")
    cloud.aws("ec2", "terminate-instances", "--instance-ids", name)
    in_state(cloud, name, "terminated")
