"""The server is killed (`kill -9`) while something happens to machines: after the next `up` all of it ends where it would have, what was written is
there, and nothing is left over."""
import contextlib
import os
import signal
import subprocess

import pytest

from conftest import until
from machines import in_state, key_pair, launch, quick_start, shown, ssh_group
from test_host import left, traces


@pytest.fixture(scope="module")
def ssh(cloud, tmp_path_factory):
    return key_pair(cloud, tmp_path_factory.mktemp("keys"), "crashes")


def killed_after(cloud, call):
    """What a call answers, whose server is killed as soon as it has; then another is started."""
    server = cloud.server_pid()
    answer = call()
    os.kill(server, signal.SIGKILL)
    until(lambda: not os.path.exists(f"/proc/{server}"), what="the end of the server")
    cloud.up()
    return answer


def test_what_was_begun_ends_where_it_would_have(cloud, ssh):
    ec2 = cloud.client("ec2")
    image, group = quick_start(cloud), ssh_group(cloud, "crashes-ssh")
    # It is there before the others and goes after them: what the network itself takes of the host is none of theirs.
    first = launch(cloud, "--image-id", image, "--key-name", "crashes", "--security-group-ids", group)
    before = traces()

    run = {"ImageId": image, "InstanceType": "t3.micro", "KeyName": "crashes", "SecurityGroupIds": [group]}
    begun = killed_after(cloud, lambda: ec2.run_instances(**run, MinCount=2, MaxCount=2))["Instances"]
    assert [it["State"]["Name"] for it in begun] == ["pending"] * 2
    one, two = ([in_state(cloud, it["InstanceId"], "running") for it in begun])
    name, enter = one["InstanceId"], lambda command, check=True: ssh(shown(cloud, one["InstanceId"])["PublicIpAddress"], command, check=check)
    enter("echo kept >file")

    # While it runs, and somebody works in it.
    boot = enter("cut -d' ' -f22 /proc/1/stat")
    session = subprocess.Popen(["ssh", "-i", str(ssh.key), "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR",
                                f"ec2-user@{one['PublicIpAddress']}", "read line; echo $line"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    zone = one["Placement"]["AvailabilityZone"]
    volume = killed_after(cloud, lambda: ec2.create_volume(Size=1, AvailabilityZone=zone))["VolumeId"]
    assert session.communicate("still here\n", timeout=60)[0] == "still here\n"
    assert enter("cut -d' ' -f22 /proc/1/stat; cat file") == f"{boot}\nkept"

    until(lambda: ec2.describe_volumes(VolumeIds=[volume])["Volumes"][0]["State"] == "available", what="the volume")
    attached = killed_after(cloud, lambda: ec2.attach_volume(VolumeId=volume, InstanceId=name, Device="/dev/sdf"))
    assert attached["State"] == "attaching"
    until(lambda: enter("test -b /dev/sdf", check=False).returncode == 0, what="the disk")
    until(lambda: ec2.describe_volumes(VolumeIds=[volume])["Volumes"][0]["Attachments"][0]["State"] == "attached", what="its state")
    enter("sudo sh -ec 'mkfs.ext4 -q /dev/sdf; mount /dev/sdf /mnt; echo data >/mnt/file'")

    made = killed_after(cloud, lambda: ec2.create_image(InstanceId=name, Name="crashes"))["ImageId"]
    until(lambda: ec2.describe_images(ImageIds=[made])["Images"][0]["State"] == "available", what="the image")
    until(lambda: enter("cut -d' ' -f22 /proc/1/stat", check=False).stdout.strip() not in ("", boot), what="the reboot for it")
    run["ImageId"] = made
    copy = ec2.run_instances(**run, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    assert ssh(in_state(cloud, copy, "running")["PublicIpAddress"], "cat file; sudo mount /dev/sdf /mnt; cat /mnt/file") == "kept\ndata"

    stopping = killed_after(cloud, lambda: ec2.stop_instances(InstanceIds=[name]))["StoppingInstances"][0]
    assert stopping["CurrentState"]["Name"] == "stopping"
    assert in_state(cloud, name, "stopped")["StateReason"]["Code"] == "Client.UserInitiatedShutdown"
    starting = killed_after(cloud, lambda: ec2.start_instances(InstanceIds=[name]))["StartingInstances"][0]
    assert starting["CurrentState"]["Name"] == "pending"
    in_state(cloud, name, "running")
    assert enter("cat file; sudo mount /dev/sdf /mnt; cat /mnt/file") == "kept\ndata"

    all_of_them = [name, two["InstanceId"], copy]
    ending = killed_after(cloud, lambda: ec2.terminate_instances(InstanceIds=all_of_them))["TerminatingInstances"]
    assert [it["CurrentState"]["Name"] for it in ending] == ["shutting-down"] * 3
    for one_of_them in all_of_them:
        in_state(cloud, one_of_them, "terminated")
    until(lambda: ec2.describe_volumes(VolumeIds=[volume])["Volumes"][0]["State"] == "available", what="the volume without its machine")
    ec2.delete_volume(VolumeId=volume)
    ec2.deregister_image(ImageId=made, DeleteAssociatedSnapshots=True)
    assert ec2.describe_volumes(Filters=[{"Name": "attachment.instance-id", "Values": all_of_them}])["Volumes"] == []
    # (Routes aren't any machine's. The kernel adds one of its own, a moment after the first address.)
    over = lambda: {kind: more for kind, more in left(before, cloud).items() if kind != "routes"}
    with contextlib.suppress(AssertionError):
        until(lambda: not over(), 180)
    assert over() == {}

    ec2.terminate_instances(InstanceIds=[first["InstanceId"]])
    in_state(cloud, first["InstanceId"], "terminated")
