"""The course's labs on machines, through the AWS CLI and ssh: launch, connect, a disk, stop, resize, start, make an image, launch it."""
import base64
import json
import os
import subprocess

import boto3
import pytest

from conftest import HILLFOG, ROOT, until
from machines import Ssh, advance, in_state, key_pair, launch, quick_start, ssh_group


@pytest.fixture(scope="module")
def lab(cloud, tmp_path_factory):
    """The key, the group and the image of the labs."""
    ssh = key_pair(cloud, tmp_path_factory.mktemp("keys"), "lab")
    options = ["--key-name", "lab", "--security-group-ids", ssh_group(cloud, "lab-ssh")]
    return ssh, options, quick_start(cloud)


@pytest.fixture
def machine(cloud, lab):
    """A machine that is terminated at the end."""
    made = []

    def run(*arguments, image=None):
        _, options, quick = lab
        found = launch(cloud, "--image-id", image or quick, *options, *arguments)
        made.append(found["InstanceId"])
        return found
    yield run
    if made:
        cloud.aws("ec2", "terminate-instances", "--instance-ids", *made)
        for one in made:
            in_state(cloud, one, "terminated")


def test_a_machine_is_entered_and_knows_itself(cloud, lab, machine):
    ssh, _, image = lab
    found = machine("--tag-specifications", "ResourceType=instance,Tags=[{Key=Name,Value=web}]")
    address = found["PublicIpAddress"]
    assert ssh(address, "whoami") == "ec2-user"
    assert ssh(address, "sudo whoami") == "root"
    assert ssh(address, "hostname") == found["PrivateDnsName"]
    token = "T=$(curl -s -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' http://169.254.169.254/latest/api/token)"
    ask = f"{token}; curl -s -H \"X-aws-ec2-metadata-token: $T\" http://169.254.169.254/latest"
    assert ssh(address, f"{ask}/meta-data/instance-id") == found["InstanceId"]
    document = json.loads(ssh(address, f"{ask}/dynamic/instance-identity/document"))
    assert (document["imageId"], document["privateIp"]) == (image, found["PrivateIpAddress"])
    status = until(lambda: [it for it in cloud.aws("ec2", "describe-instance-status", "--instance-ids", found["InstanceId"])["InstanceStatuses"]
                            if it["InstanceStatus"]["Status"] == "ok"], what="the status checks")
    assert status[0]["SystemStatus"]["Status"] == "ok"
    console = cloud.aws("ec2", "get-console-output", "--instance-id", found["InstanceId"], "--latest")["Output"]
    assert "BEGIN SSH HOST KEY FINGERPRINTS" in console
    other = ssh(address, "true", check=False, user="nobody")
    assert other.returncode != 0, "the key lets in nobody else"


def test_user_data_runs_once_and_the_groups_are_walls(cloud, lab, machine, tmp_path):
    ssh, _, _ = lab
    script = tmp_path / "user-data"
    script.write_text("#!/bin/sh\necho $(id -un) >>/var/ran\n")
    found = machine("--user-data", f"file://{script}")
    kept = cloud.aws("ec2", "describe-instance-attribute", "--instance-id", found["InstanceId"], "--attribute", "userData")
    assert base64.b64decode(kept["UserData"]["Value"]).decode() == script.read_text()
    until(lambda: ssh(found["PublicIpAddress"], "cat /var/ran", check=False).stdout.strip() == "root", what="the script's trace")
    boot = lambda: ssh(found["PublicIpAddress"], "cut -d' ' -f22 /proc/1/stat", check=False).stdout
    before = boot()
    cloud.aws("ec2", "reboot-instances", "--instance-ids", found["InstanceId"])
    until(lambda: boot() not in ("", before), what="another boot")
    assert ssh(found["PublicIpAddress"], "cat /var/ran") == "root", "once for each instance"
    group = found["SecurityGroups"][0]["GroupId"]
    cloud.aws("ec2", "revoke-security-group-ingress", "--group-id", group, "--protocol", "tcp", "--port", "22", "--cidr", "0.0.0.0/0")
    try:
        until(lambda: ssh(found["PublicIpAddress"], "true", check=False).returncode == 255, what="the wall")
    finally:
        cloud.aws("ec2", "authorize-security-group-ingress", "--group-id", group, "--protocol", "tcp", "--port", "22", "--cidr", "0.0.0.0/0")


def test_disks_stay_while_machines_stop_grow_and_become_images(cloud, lab, machine):
    ssh, _, _ = lab
    found = machine()
    name = found["InstanceId"]
    volume = cloud.aws("ec2", "create-volume", "--size", "1", "--availability-zone", found["Placement"]["AvailabilityZone"])["VolumeId"]
    until(lambda: volume_state(cloud, volume) == "available", what="the volume")
    cloud.aws("ec2", "attach-volume", "--volume-id", volume, "--instance-id", name, "--device", "/dev/sdf")
    until(lambda: ssh(found["PublicIpAddress"], "test -b /dev/sdf", check=False).returncode == 0, what="the disk")
    ssh(found["PublicIpAddress"], "sudo mkfs.ext4 -q /dev/sdf && sudo mount /dev/sdf /mnt && echo data | sudo tee /mnt/file && echo own >own && sync")

    cloud.aws("ec2", "stop-instances", "--instance-ids", name)
    stopped = in_state(cloud, name, "stopped")
    assert stopped["StateReason"]["Code"] == "Client.UserInitiatedShutdown"
    assert "PublicIpAddress" not in stopped
    cloud.aws("ec2", "modify-instance-attribute", "--instance-id", name, "--instance-type", "Value=t3.small")
    cloud.aws("ec2", "start-instances", "--instance-ids", name)
    started = in_state(cloud, name, "running")
    assert started["InstanceType"] == "t3.small"
    assert started["PrivateIpAddress"] == found["PrivateIpAddress"]
    assert ssh(started["PublicIpAddress"], "cat own; sudo mount /dev/sdf /mnt; cat /mnt/file; sync") == "own\ndata"

    image = cloud.aws("ec2", "create-image", "--instance-id", name, "--name", "golden", "--no-reboot")["ImageId"]
    until(lambda: cloud.aws("ec2", "describe-images", "--image-ids", image)["Images"][0]["State"] == "available", what="the image")
    copy = machine(image=image)
    assert copy["ImageId"] == image
    assert ssh(copy["PublicIpAddress"], "cat own; sudo mount /dev/sdf /mnt; cat /mnt/file") == "own\ndata"

    cloud.aws("ec2", "detach-volume", "--volume-id", volume, "--force")
    until(lambda: volume_state(cloud, volume) == "available", what="the detachment")
    cloud.aws("ec2", "delete-volume", "--volume-id", volume)


def volume_state(cloud, volume):
    return cloud.aws("ec2", "describe-volumes", "--volume-ids", volume)["Volumes"][0]["State"]


def test_who_shuts_it_down_inside_decides_with_the_attribute(cloud, lab, machine):
    ssh, _, _ = lab
    stays, goes = machine(), machine("--instance-initiated-shutdown-behavior", "terminate")
    for one in (stays, goes):
        ssh(one["PublicIpAddress"], "sudo shutdown -h now", check=False)
    assert in_state(cloud, stays["InstanceId"], "stopped")["StateReason"]["Code"] == "Client.InstanceInitiatedShutdown"
    assert in_state(cloud, goes["InstanceId"], "terminated")["StateReason"]["Code"] == "Client.InstanceInitiatedShutdown"


def test_protection_and_the_words_of_refusals(cloud, machine):
    found = machine("--disable-api-termination")
    refused = cloud.aws("ec2", "terminate-instances", "--instance-ids", found["InstanceId"], check=False)
    assert "OperationNotPermitted" in refused.stderr and "disableApiTermination" in refused.stderr
    cloud.aws("ec2", "modify-instance-attribute", "--instance-id", found["InstanceId"], "--no-disable-api-termination")
    refused = cloud.aws("ec2", "start-instances", "--instance-ids", "i-0123456789abcdef0", check=False)
    assert "InvalidInstanceID.NotFound" in refused.stderr
    dry = cloud.aws("ec2", "stop-instances", "--instance-ids", found["InstanceId"], "--dry-run", check=False)
    assert "DryRunOperation" in dry.stderr


def test_a_machine_acts_as_its_role(cloud, lab, machine):
    ssh, _, _ = lab
    trust = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
    may = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ec2:DescribeRegions", "Resource": "*"}]}
    cloud.aws("iam", "create-role", "--role-name", "lab", "--assume-role-policy-document", json.dumps(trust))
    cloud.aws("iam", "put-role-policy", "--role-name", "lab", "--policy-name", "may", "--policy-document", json.dumps(may))
    cloud.aws("iam", "create-instance-profile", "--instance-profile-name", "lab")
    cloud.aws("iam", "add-role-to-instance-profile", "--instance-profile-name", "lab", "--role-name", "lab")
    found = machine("--iam-instance-profile", "Name=lab")
    base = "curl -s http://169.254.169.254/latest/meta-data/iam/security-credentials"
    until(lambda: ssh(found["PublicIpAddress"], f"{base}/") == "lab", what="the role")
    key = json.loads(ssh(found["PublicIpAddress"], f"{base}/lab"))
    assert key["Code"] == "Success" and key["AccessKeyId"].startswith("ASIA")
    session = boto3.Session(key["AccessKeyId"], key["SecretAccessKey"], key["Token"], region_name="us-east-1")
    who = session.client("sts", endpoint_url=cloud.endpoint).get_caller_identity()
    assert who["Arn"].endswith(f":assumed-role/lab/{found['InstanceId']}")
    assert session.client("ec2", endpoint_url=cloud.endpoint).describe_regions()["Regions"]
    with pytest.raises(Exception, match="UnauthorizedOperation"):
        session.client("ec2", endpoint_url=cloud.endpoint).describe_instances()


def test_a_machine_speaks_ipv6_and_reaches_an_endpoint(cloud, lab, machine):
    ssh, _, _ = lab
    ec2 = lambda *arguments: cloud.aws("ec2", *arguments)
    vpc = ec2("create-vpc", "--cidr-block", "10.66.0.0/16", "--amazon-provided-ipv6-cidr-block")["Vpc"]
    named = ["--vpc-id", vpc["VpcId"]]
    ec2("modify-vpc-attribute", *named, "--enable-dns-hostnames")
    block = vpc["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"].replace("/56", "/64")
    subnet = ec2("create-subnet", *named, "--cidr-block", "10.66.0.0/24", "--ipv6-cidr-block", block)["Subnet"]["SubnetId"]
    gateway = ec2("create-internet-gateway")["InternetGateway"]["InternetGatewayId"]
    ec2("attach-internet-gateway", *named, "--internet-gateway-id", gateway)
    table = ec2("describe-route-tables", "--filters", f"Name=vpc-id,Values={vpc['VpcId']}")["RouteTables"][0]["RouteTableId"]
    for destination in ["--destination-cidr-block=0.0.0.0/0", "--destination-ipv6-cidr-block=::/0"]:
        ec2("create-route", "--route-table-id", table, destination, "--gateway-id", gateway)
    group = ec2("create-security-group", *named, "--group-name", "six", "--description", "six")["GroupId"]
    everybody = "IpProtocol=tcp,FromPort=22,ToPort=22,Ipv6Ranges=[{CidrIpv6=::/0}]"
    rule = ec2("authorize-security-group-ingress", "--group-id", group, "--ip-permissions", everybody)["SecurityGroupRules"][0]
    interface = f"DeviceIndex=0,SubnetId={subnet},Groups={group},Ipv6AddressCount=1"
    made = ec2("run-instances", "--image-id", lab[2], "--instance-type", "t3.micro", "--key-name", "lab", "--network-interfaces", interface)
    found = in_state(cloud, made["Instances"][0]["InstanceId"], "running")
    address = found["NetworkInterfaces"][0]["Ipv6Addresses"][0]["Ipv6Address"]
    assert "PublicIpAddress" not in found
    assert ssh(address, "whoami") == "ec2-user", "it is entered by IPv6 alone"
    assert address in ssh(address, "ip -6 -o addr show dev eth0")
    counted = [it for it in json.loads(cloud.hillfog("status", "--json").stdout)["security_group_rules"] if it["rule"] == rule["SecurityGroupRuleId"]]
    assert counted[0]["packets"] >= 1

    endpoint = ec2("create-vpc-endpoint", *named, "--vpc-endpoint-type", "Interface", "--service-name", "com.amazonaws.us-east-1.sts",
                   "--subnet-ids", subnet, "--security-group-ids", group)["VpcEndpoint"]["VpcEndpointId"]
    ask = "curl -s -m 3 -o /dev/null -w '%{http_code}' 'http://sts.us-east-1.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15'"
    assert ssh(address, ask, check=False).stdout == "000", "its group lets nothing in"
    ec2("authorize-security-group-ingress", "--group-id", group, "--protocol", "tcp", "--port", "80", "--source-group", group)
    until(lambda: ssh(address, ask, check=False).stdout == "403", what="an answer of STS, to whom nobody has said who asks")

    # What the endpoint's policy doesn't allow, nobody may who comes by it, whatever he may otherwise.
    iam = cloud.client("iam")
    iam.create_user(UserName="within")
    iam.attach_user_policy(UserName="within", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    key = iam.create_access_key(UserName="within")["AccessKey"]
    signed = f"curl -s -m 9 --aws-sigv4 aws:amz:us-east-1:sts --user '{key['AccessKeyId']}:{key['SecretAccessKey']}'"
    signed += f" 'http://sts.us-east-1.amazonaws.com/?AccessKeyId={key['AccessKeyId']}&Action=GetAccessKeyInfo&Version=2011-06-15'"
    assert "<Account>" in ssh(address, signed)
    narrow = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sts:GetCallerIdentity", "Resource": "*"}]}
    ec2("modify-vpc-endpoint", "--vpc-endpoint-id", endpoint, "--policy-document", json.dumps(narrow))
    assert "no VPC endpoint policy allows the sts:GetAccessKeyInfo action" in ssh(address, signed)

    # S3 by a gateway endpoint: a route and no address. Without it the machine, which has no public address, finds no way.
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="by-gateway")
    s3.put_object(Bucket="by-gateway", Key="in/k", Body=b"by the gateway")
    s3.put_object(Bucket="by-gateway", Key="out/k", Body=b"not this one")
    narrow["Statement"][0] |= {"Action": "s3:GetObject", "Resource": "arn:aws:s3:::by-gateway/in/*"}
    leads = ec2("create-vpc-endpoint", *named, "--service-name", "com.amazonaws.us-east-1.s3", "--policy-document",
                json.dumps(narrow))["VpcEndpoint"]["VpcEndpointId"]
    get = lambda key, host="s3.us-east-1.amazonaws.com/by-gateway": f"curl -s -m 3 --aws-sigv4 aws:amz:us-east-1:s3 --user " \
        f"'{user['AccessKeyId']}:{user['SecretAccessKey']}' -H 'x-amz-content-sha256: UNSIGNED-PAYLOAD' http://{host}/{key}"
    user = key
    asked = "getent hosts by-gateway.s3.us-east-1.amazonaws.com"
    until(lambda: ssh(address, asked, check=False).stdout.startswith("192.0.2.3"), what="S3's names in the VPC")
    assert ssh(address, get("in/k"), check=False).returncode != 0, "no route leads to it"
    ec2("modify-vpc-endpoint", "--vpc-endpoint-id", leads, "--add-route-table-ids", table)
    until(lambda: ssh(address, get("in/k"), check=False).stdout == "by the gateway", what="S3 by the gateway endpoint")
    assert ssh(address, get("in/k", "by-gateway.s3.us-east-1.amazonaws.com")) == "by the gateway"
    assert "no VPC endpoint policy allows the s3:GetObject action" in ssh(address, get("out/k"))
    ec2("modify-vpc-endpoint", "--vpc-endpoint-id", leads, "--remove-route-table-ids", table)
    until(lambda: ssh(address, get("in/k"), check=False).returncode != 0, what="no way to S3")
    ec2("delete-vpc-endpoints", "--vpc-endpoint-ids", leads)
    for name in ["in/k", "out/k"]:
        s3.delete_object(Bucket="by-gateway", Key=name)
    s3.delete_bucket(Bucket="by-gateway")
    iam.delete_access_key(UserName="within", AccessKeyId=key["AccessKeyId"])
    iam.detach_user_policy(UserName="within", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    iam.delete_user(UserName="within")

    cloud.aws("ec2", "terminate-instances", "--instance-ids", found["InstanceId"])
    in_state(cloud, found["InstanceId"], "terminated")
    ec2("delete-vpc-endpoints", "--vpc-endpoint-ids", endpoint)
    ec2("delete-subnet", "--subnet-id", subnet)
    ec2("detach-internet-gateway", *named, "--internet-gateway-id", gateway)
    ec2("delete-internet-gateway", "--internet-gateway-id", gateway)
    ec2("delete-security-group", "--group-id", group)
    ec2("delete-vpc", *named)


def test_a_pushed_key_lets_in_for_a_minute_of_the_clouds_clock(cloud, lab, machine, tmp_path):
    found = machine()
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "pushed")], check=True)
    pushed = Ssh(tmp_path / "pushed")
    assert pushed(found["PublicIpAddress"], "true", check=False).returncode != 0
    cloud.aws("ec2-instance-connect", "send-ssh-public-key", "--instance-id", found["InstanceId"], "--instance-os-user", "ec2-user",
              "--ssh-public-key", f"file://{tmp_path / 'pushed.pub'}")
    until(lambda: pushed(found["PublicIpAddress"], "whoami", check=False).stdout.strip() == "ec2-user", what="the way in")
    advance(cloud, 61)
    until(lambda: pushed(found["PublicIpAddress"], "true", check=False).returncode != 0, what="the end of it")
    assert lab[0](found["PublicIpAddress"], "whoami") == "ec2-user", "the launch's key lets in for ever"


def test_the_demo_runs_twice(cloud, lab):
    """On the cloud of the other tests: two clouds on a host can't both be reached at public addresses."""
    environment = {**os.environ, "HILLFOG_BIN": HILLFOG, "HILLFOG_DATA": str(cloud.data), "HILLFOG_LISTEN": cloud.listen}
    for _ in range(2):
        done = subprocess.run([str(ROOT / "demo/ec2.sh")], env=environment, capture_output=True, text=True, timeout=400,
                              stdin=subprocess.DEVNULL)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "I am ec2-user on ip-" in done.stdout and "Done." in done.stdout
