"""EC2 machines for the tests: launched through the AWS CLI, entered with ssh."""
import json
import shutil
import subprocess
import urllib.request

import pytest

from conftest import until


class Ssh:
    """Enters machines with a key."""

    def __init__(self, key):
        self.key = key

    def __call__(self, address, command, check=True, user="ec2-user"):
        options = ["-i", str(self.key), "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR",
                   "-o", "BatchMode=yes", "-o", "ConnectTimeout=10", "-o", "ConnectionAttempts=5"]
        done = subprocess.run(["ssh", *options, f"{user}@{address}", command], capture_output=True, text=True, timeout=120)
        if check and done.returncode != 0:
            raise AssertionError(f"ssh {address} {command!r}: {done.returncode} {done.stdout}{done.stderr}")
        return done.stdout.strip() if check else done


def key_pair(cloud, folder, name):
    """A key pair of the AWS CLI's, and who enters machines with it."""
    if not shutil.which("ssh"):
        pytest.skip("NOT RUN: ssh is not installed")
    path = folder / f"{name}.pem"
    path.write_text(cloud.aws("ec2", "create-key-pair", "--key-name", name, "--key-type", "ed25519")["KeyMaterial"])
    path.chmod(0o600)
    return Ssh(path)


def ssh_group(cloud, name):
    """A security group that lets ssh in."""
    group = cloud.aws("ec2", "create-security-group", "--group-name", name, "--description", "ssh")["GroupId"]
    cloud.aws("ec2", "authorize-security-group-ingress", "--group-id", group, "--protocol", "tcp", "--port", "22", "--cidr", "0.0.0.0/0")
    return group


def quick_start(cloud):
    """The image that is there from the first minute."""
    def found():
        images = cloud.aws("ec2", "describe-images", "--owners", "amazon", "--filters", "Name=name,Values=hillfog-quick-start-*")["Images"]
        return images and images[0]["ImageId"]
    return until(found, what="a quick start image")


def launch(cloud, *arguments):
    """A machine that runs."""
    made = cloud.aws("ec2", "run-instances", "--instance-type", "t3.micro", *arguments)
    return in_state(cloud, made["Instances"][0]["InstanceId"], "running")


def shown(cloud, machine):
    return cloud.aws("ec2", "describe-instances", "--instance-ids", machine)["Reservations"][0]["Instances"][0]


def in_state(cloud, machine, state):
    """The machine, once it is in that state."""
    def there():
        now = shown(cloud, machine)
        return now if now["State"]["Name"] == state else None
    return until(there, seconds=150, what=f"{machine} {state}")


def role(cloud, name, service, *actions):
    """The ARN of a role that a service may assume, and that may do these."""
    policy = lambda **more: json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **more}]})
    iam = cloud.client("iam")
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy(Principal={"Service": service}, Action="sts:AssumeRole"))["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="may", PolicyDocument=policy(Action=actions, Resource="*"))
    return made


def advance(cloud, seconds):
    """Moves the cloud's clock, which is that of all the tests beside this one."""
    request = urllib.request.Request(f"{cloud.endpoint}/_hillfog/clock", json.dumps({"advance_seconds": seconds}).encode(), method="POST")
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert answer.status == 200
