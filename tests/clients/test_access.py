"""Who gets at machines, and what their hosts do to them: the serial console by ssh, events of the owner's, a cloud that goes down and up."""
import json
import os
import re
import select
import shutil
import subprocess

import botocore.exceptions
import pytest

from conftest import Cloud, until
from machines import advance, in_state, key_pair, launch, quick_start, shown, ssh_group


@pytest.fixture(scope="module")
def lab(cloud, tmp_path_factory):
    """A machine, and who enters it."""
    ssh = key_pair(cloud, tmp_path_factory.mktemp("keys"), "access")
    machine = launch(cloud, "--image-id", quick_start(cloud), "--key-name", "access", "--security-group-ids", ssh_group(cloud, "access-ssh"))
    yield cloud, ssh, machine
    cloud.aws("ec2", "terminate-instances", "--instance-ids", machine["InstanceId"])
    in_state(cloud, machine["InstanceId"], "terminated")


class Console:
    """Somebody at a serial console."""

    def __init__(self, cloud, machine, key):
        address, port = json.loads(cloud.hillfog("status", "--json").stdout)["serial_console"].rsplit(":", 1)
        self.ssh = subprocess.Popen(
            ["ssh", "-tt", "-i", str(key), "-p", port, "-o", "IdentitiesOnly=yes", "-o", "StrictHostKeyChecking=no",
             "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "-o", "BatchMode=yes", f"{machine}.port0@{address}"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.heard = ""

    def type(self, text):
        self.ssh.stdin.write(text.encode())
        self.ssh.stdin.flush()

    def hears(self, text):
        """Whether that has come by now."""
        while select.select([self.ssh.stdout], [], [], 0.1)[0]:
            more = os.read(self.ssh.stdout.fileno(), 4096)
            if not more:
                break
            self.heard += more.decode(errors="replace")
        return text in self.heard

    def leave(self):
        self.ssh.kill()
        self.ssh.wait()


@pytest.fixture
def pushed(lab, tmp_path):
    """A key of somebody's own, and how it is pushed."""
    cloud, _, machine = lab
    if not shutil.which("ssh-keygen"):
        pytest.skip("NOT RUN: ssh-keygen is not installed")
    key = tmp_path / "own"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True, timeout=60)

    def push(check=True):
        return cloud.aws("ec2-instance-connect", "send-serial-console-ssh-public-key", "--instance-id", machine["InstanceId"],
                         "--ssh-public-key", f"file://{key}.pub", check=check)
    return key, push


def test_the_serial_console_is_entered_with_a_pushed_key(lab, pushed):
    cloud, ssh, machine = lab
    key, push = pushed
    refused = push(check=False)
    assert "SerialConsoleAccessDisabledException" in refused.stderr
    cloud.aws("ec2", "enable-serial-console-access")
    stranger = Console(cloud, machine["InstanceId"], key)
    assert stranger.ssh.wait(60) == 255, "no key was pushed"
    assert push()["Success"] is True
    seat = Console(cloud, machine["InstanceId"], key)
    say = lambda: ssh(machine["PublicIpAddress"], "echo hello from inside | sudo tee /dev/console") and seat.hears("hello from inside")
    until(say, what="what the machine writes")
    assert "SerialConsoleSessionLimitExceededException" in push(check=False).stderr
    second = Console(cloud, machine["InstanceId"], key)
    until(lambda: second.hears("Only 1 session is supported"), what="the refusal of a second session")
    second.leave()
    reader = subprocess.Popen(["ssh", "-i", str(ssh.key), "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
                               "-o", "LogLevel=ERROR", f"ec2-user@{machine['PublicIpAddress']}", "sudo head -n 1 /dev/console"],
                              stdout=subprocess.PIPE, text=True)

    def read():
        seat.type("typed by hand\r")
        try:
            return reader.wait(2) == 0
        except subprocess.TimeoutExpired:
            return False
    until(read, what="what was typed")
    assert "typed by hand" in reader.stdout.read()
    seat.leave()
    until(lambda: isinstance(push(check=False), dict), what="a seat that is free")
    seat = Console(cloud, machine["InstanceId"], key)
    until(lambda: ssh(machine["PublicIpAddress"], "echo still here | sudo tee /dev/console") and seat.hears("still here"), what="the console again")
    cloud.aws("ec2", "stop-instances", "--instance-ids", machine["InstanceId"])
    seat.ssh.wait(60)
    in_state(cloud, machine["InstanceId"], "stopped")
    cloud.aws("ec2", "start-instances", "--instance-ids", machine["InstanceId"])
    machine.update(in_state(cloud, machine["InstanceId"], "running"))
    advance(cloud, 61)
    late = Console(cloud, machine["InstanceId"], key)
    assert late.ssh.wait(60) == 255, "the key has expired"


def boot(ssh, machine):
    return ssh(machine["PublicIpAddress"], "cut -d' ' -f22 /proc/1/stat", check=False).stdout.strip()


def events(cloud, machine):
    found = cloud.aws("ec2", "describe-instance-status", "--include-all-instances", "--instance-ids", machine["InstanceId"])["InstanceStatuses"][0]
    return [(it["Code"], it["Description"]) for it in found.get("Events", [])]


def boots(cloud, machine):
    """How often it has shown its host keys."""
    return cloud.aws("ec2", "get-console-output", "--instance-id", machine["InstanceId"], "--latest").get("Output", "").count("BEGIN SSH HOST KEY KEYS")


def test_the_owner_schedules_events(own_cloud):
    # A cloud of its own, whose clock can be moved by days; without a public address, which clouds on one host would compete for.
    cloud = own_cloud
    machine = launch(cloud, "--image-id", quick_start(cloud), "--no-associate-public-ip-address")
    until(lambda: boots(cloud, machine) == 1, what="the first boot")
    said = cloud.hillfog("instance", "reboot", machine["InstanceId"], "--in", "2h").stdout
    assert re.match(r"instance-reboot is scheduled for i-\w+ at .*: instance-event-", said), said
    assert events(cloud, machine) == [("instance-reboot", "scheduled reboot")]
    advance(cloud, 2 * 3600)
    until(lambda: boots(cloud, machine) == 2, what="the reboot")
    assert events(cloud, machine) == [("instance-reboot", "[Completed] scheduled reboot")]
    cloud.hillfog("instance", "retire", machine["InstanceId"], "--in", "3d")
    advance(cloud, 3 * 24 * 3600)
    in_state(cloud, machine["InstanceId"], "stopped")
    unknown = cloud.hillfog("instance", "stop", "i-0123456789abcdef0", check=False)
    assert unknown.returncode != 0 and "there is no instance" in unknown.stderr


def test_machines_that_ran_are_booted_by_the_next_up(lab):
    cloud, ssh, machine = lab
    until(lambda: boot(ssh, machine), what="the machine")
    ssh(machine["PublicIpAddress"], "echo kept >note && sync")
    off = launch(cloud, "--image-id", machine["ImageId"], "--no-associate-public-ip-address")
    cloud.aws("ec2", "stop-instances", "--instance-ids", off["InstanceId"])
    in_state(cloud, off["InstanceId"], "stopped")
    before = boot(ssh, machine)
    cloud.down()
    cloud.up()
    now = shown(cloud, machine["InstanceId"])
    assert (now["State"]["Name"], now["PublicIpAddress"]) == ("running", machine["PublicIpAddress"])
    until(lambda: boot(ssh, machine) not in ("", before), seconds=120, what="the machine, booted again")
    assert ssh(machine["PublicIpAddress"], "cat note") == "kept"
    assert shown(cloud, off["InstanceId"])["State"]["Name"] == "stopped", "what was off stays off"
    cloud.aws("ec2", "terminate-instances", "--instance-ids", off["InstanceId"])
    in_state(cloud, off["InstanceId"], "terminated")


def test_how_much_is_given_away_and_how_groups_are_kept_are_settings(root, tmp_path, monkeypatch):
    for name, value in {"OVERCOMMIT_CPU": "10000", "OVERCOMMIT_MEMORY": "50", "STRICT_PLACEMENT_GROUPS": "true"}.items():
        monkeypatch.setenv(f"HILLFOG_{name}", value)
    cloud = Cloud(tmp_path / "cloud").up()
    try:
        capacity = json.loads(cloud.hillfog("status", "--json").stdout)["capacity"]
        assert (capacity["overcommit_cpu"], capacity["overcommit_memory"], capacity["strict_placement_groups"]) == (10000, 50, True)
        assert "Machines take 0 of" in cloud.hillfog("status").stdout
        image, ec2 = quick_start(cloud), cloud.client("ec2")
        run = lambda kind, **more: ec2.run_instances(ImageId=image, InstanceType=kind, MinCount=1, MaxCount=1, **more)
        with pytest.raises(botocore.exceptions.ClientError, match="InsufficientInstanceCapacity"):
            run("r5.24xlarge")
        ec2.create_placement_group(GroupName="apart", Strategy="spread", SpreadLevel="rack")
        run("c5.large", Placement={"GroupName": "apart"})
        with pytest.raises(botocore.exceptions.ClientError, match="InsufficientInstanceCapacity"):
            run("c5.large", Placement={"GroupName": "apart"})
    finally:
        cloud.hillfog("down", check=False)
