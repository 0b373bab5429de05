"""Three machines among themselves, entered with ssh: what groups, lists and access lists let through, what flow logs tell of it, an interface
that moves; disks that grow, are shared, are slow, or are lost."""
import json
import re

import pytest

from conftest import until
from machines import advance, in_state, key_pair, quick_start, role

# Each machine says who it is, on a port that no group lets in by itself.
SERVER = "#!/bin/sh\nmkdir -p /srv/who && hostname >/srv/who/index.html && exec busybox httpd -p 9000 -h /srv/who\n"

# A network namespace of the machine's own, whose packets it translates.
BEHIND = """
ip netns add inner
ip link add outer type veth peer name eth0 netns inner
ip address add 172.20.0.1/24 dev outer
ip link set outer up
ip -n inner address add 172.20.0.2/24 dev eth0
ip -n inner link set eth0 up
ip -n inner route add default via 172.20.0.1
sysctl -qw net.ipv4.ip_forward=1
nft "add table ip own; add chain ip own post { type nat hook postrouting priority 100; }; add rule ip own post ip saddr 172.20.0.0/24 masquerade"
"""


class Lab:
    """A client, a server in another zone's subnet, and a neighbour of the client's with an instance store."""

    def __init__(self, cloud, folder):
        self.cloud, self.ec2, self.ssh = cloud, cloud.client("ec2"), key_pair(cloud, folder, "together")
        subnets = sorted(self.ec2.describe_subnets(Filters=[{"Name": "default-for-az", "Values": ["true"]}])["Subnets"], key=lambda it: it["AvailabilityZone"])
        self.subnet, other = subnets[0]["SubnetId"], subnets[1]["SubnetId"]
        self.vpc, self.zone = subnets[0]["VpcId"], subnets[0]["AvailabilityZone"]
        self.clients, self.servers = self.group("clients"), self.group("servers")
        (folder / "template.json").write_text(json.dumps({"ImageId": quick_start(cloud), "InstanceType": "t3.micro", "KeyName": "together"}))
        template = cloud.aws("ec2", "create-launch-template", "--launch-template-name", "together", "--launch-template-data",
                             f"file://{folder / 'template.json'}")["LaunchTemplate"]["LaunchTemplateId"]
        (folder / "user-data").write_text(SERVER)
        names = [cloud.aws("ec2", "run-instances", "--launch-template", f"LaunchTemplateId={template},Version=$Latest", "--user-data",
                           f"file://{folder / 'user-data'}", *more)["Instances"][0]["InstanceId"]
                 for more in (["--subnet-id", self.subnet, "--security-group-ids", self.clients],
                              ["--subnet-id", other, "--security-group-ids", self.servers],
                              ["--subnet-id", self.subnet, "--security-group-ids", self.clients, "--instance-type", "m5d.large"])]
        self.client, self.server, self.neighbour = (in_state(cloud, name, "running") for name in names)
        for machine in (self.client, self.server, self.neighbour):
            until(lambda: self.enter(machine, "busybox wget -qO- 127.0.0.1:9000", check=False).stdout, what="its user data's end")

    def group(self, name):
        group = self.ec2.create_security_group(GroupName=name, Description=name, VpcId=self.vpc)["GroupId"]
        self.ec2.authorize_security_group_ingress(GroupId=group, IpProtocol="tcp", FromPort=22, ToPort=22, CidrIp="0.0.0.0/0")
        return group

    def enter(self, machine, command, check=True):
        return self.ssh(machine["PublicIpAddress"], command, check=check)

    def answers(self, address, machine=None):
        """Who answers the client (or another machine) at an address; nobody: an empty text."""
        return self.enter(machine or self.client, f"curl -s -m 1 http://{address}:9000/", check=False).stdout.strip()

    def leave(self):
        names = [machine["InstanceId"] for machine in (self.client, self.server, self.neighbour)]
        self.ec2.terminate_instances(InstanceIds=names)
        for name in names:
            in_state(self.cloud, name, "terminated")


@pytest.fixture(scope="module")
def lab(cloud, tmp_path_factory):
    made = Lab(cloud, tmp_path_factory.mktemp("together"))
    yield made
    made.leave()


def port(**source):
    return {"IpPermissions": [{"IpProtocol": "tcp", "FromPort": 9000, "ToPort": 9000, **{name: [value] for name, value in source.items()}}]}


def flow_log(lab):
    """A log of what the server's interface sees, and its lines so far."""
    logs, deliverer = lab.cloud.client("logs"), role(lab.cloud, "flows", "vpc-flow-logs.amazonaws.com", "logs:*")
    logs.create_log_group(logGroupName="flows")
    made = lab.ec2.create_flow_logs(ResourceType="NetworkInterface", ResourceIds=[lab.server["NetworkInterfaces"][0]["NetworkInterfaceId"]],
                                    TrafficType="ALL", LogGroupName="flows", DeliverLogsPermissionArn=deliverer, MaxAggregationInterval=60)
    assert not made["Unsuccessful"]
    return lambda: [event["message"].split() for event in logs.filter_log_events(logGroupName="flows")["events"]]


def test_who_may_speak_to_whom_and_what_is_told_of_it(lab):
    ec2, server, client = lab.ec2, lab.server["PrivateIpAddress"], lab.client["PrivateIpAddress"]
    name, lines = lab.enter(lab.server, "hostname"), flow_log(lab)
    lets = lambda what: until(lambda: lab.answers(server) == name, what=f"that {what} lets in")
    walls = lambda what: until(lambda: lab.answers(server) == "", what=f"that {what} keeps out")
    assert lab.answers(server) == "", "no rule lets it in"

    members = port(UserIdGroupPairs={"GroupId": lab.clients})
    ec2.authorize_security_group_ingress(GroupId=lab.servers, **members)
    lets("a rule about the group")
    assert lab.answers(server, lab.neighbour) == name, "another member of it"
    ec2.revoke_security_group_ingress(GroupId=lab.servers, **members)
    walls("what was revoked")

    listed = ec2.create_managed_prefix_list(PrefixListName="clients", MaxEntries=5, AddressFamily="IPv4", Entries=[{"Cidr": f"{client}/32"}])["PrefixList"]
    ec2.authorize_security_group_ingress(GroupId=lab.servers, **port(PrefixListIds={"PrefixListId": listed["PrefixListId"]}))
    lets("a list of prefixes")
    assert lab.answers(server, lab.neighbour) == "", "who isn't on the list"
    until(lambda: ec2.describe_managed_prefix_lists(PrefixListIds=[listed["PrefixListId"]])["PrefixLists"][0]["State"] == "create-complete")
    ec2.modify_managed_prefix_list(PrefixListId=listed["PrefixListId"], CurrentVersion=1, RemoveEntries=[{"Cidr": f"{client}/32"}])
    walls("a list without the client")
    until(lambda: ec2.describe_managed_prefix_lists(PrefixListIds=[listed["PrefixListId"]])["PrefixLists"][0]["State"] == "modify-complete")
    ec2.modify_managed_prefix_list(PrefixListId=listed["PrefixListId"], CurrentVersion=2, AddEntries=[{"Cidr": f"{client}/32"}])
    lets("a list with it")

    acl = ec2.describe_network_acls(Filters=[{"Name": "association.subnet-id", "Values": [lab.server["SubnetId"]]}])["NetworkAcls"][0]["NetworkAclId"]
    entry = {"NetworkAclId": acl, "RuleNumber": 50, "Egress": False}
    ec2.create_network_acl_entry(**entry, Protocol="6", PortRange={"From": 9000, "To": 9000}, CidrBlock=f"{client}/32", RuleAction="deny")
    walls("an access list")
    assert lab.enter(lab.server, "hostname") == name, "the rest of it goes on"
    ec2.delete_network_acl_entry(**entry)
    lets("the access list without the entry")

    advance(lab.cloud, 61)
    told = lambda verdict: [line for line in lines() if line[3:5] == [client, server] and line[6] == "9000" and line[12] == verdict]
    until(lambda: told("ACCEPT") and told("REJECT"), what="the flow log's lines")
    ec2.delete_flow_logs(FlowLogIds=[it["FlowLogId"] for it in ec2.describe_flow_logs()["FlowLogs"]])


def test_an_interface_moves_to_another_machine(lab):
    ec2 = lab.ec2
    everybody = lab.group("moving")
    ec2.authorize_security_group_ingress(GroupId=everybody, **port(IpRanges={"CidrIp": "0.0.0.0/0"}))
    made = ec2.create_network_interface(SubnetId=lab.subnet, Groups=[everybody])["NetworkInterface"]
    address, interface = made["PrivateIpAddress"], made["NetworkInterfaceId"]
    for machine in (lab.client, lab.neighbour):
        attached = ec2.attach_network_interface(NetworkInterfaceId=interface, InstanceId=machine["InstanceId"], DeviceIndex=1)["AttachmentId"]
        until(lambda: made["MacAddress"] in lab.enter(machine, "ip -o link"), what="the interface")
        until(lambda: lab.answers(address, lab.server) == lab.enter(machine, "hostname"), what=f"{machine['InstanceId']} at the moved address")
        ec2.detach_network_interface(AttachmentId=attached)
        until(lambda: ec2.describe_network_interfaces(NetworkInterfaceIds=[interface])["NetworkInterfaces"][0]["Status"] == "available", what="the detachment")
        until(lambda: made["MacAddress"] not in lab.enter(machine, "ip -o link"), what="its end inside")
    ec2.delete_network_interface(NetworkInterfaceId=interface)


def test_an_answer_with_a_token_goes_as_many_hops_as_it_may(lab):
    name = lab.client["InstanceId"]
    lab.enter(lab.client, f"sudo sh -ec '{BEHIND}'")
    token = "curl -s -m 1 -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' http://169.254.169.254/latest/api/token"
    inside = lambda: lab.enter(lab.client, f"sudo ip netns exec inner {token}", check=False).stdout
    lab.ec2.modify_instance_metadata_options(InstanceId=name, HttpPutResponseHopLimit=1, HttpTokens="required")
    until(lambda: inside() == "", what="the limit")
    assert lab.enter(lab.client, token), "the machine itself gets one"
    lab.ec2.modify_instance_metadata_options(InstanceId=name, HttpPutResponseHopLimit=2)
    until(inside, what="a token behind the machine")


def volume(lab, **wanted):
    made = lab.ec2.create_volume(AvailabilityZone=lab.zone, **wanted)["VolumeId"]
    lab.ec2.get_waiter("volume_available").wait(VolumeIds=[made], WaiterConfig={"Delay": 1})
    return made


def attach(lab, made, machine, device):
    lab.ec2.attach_volume(VolumeId=made, InstanceId=machine["InstanceId"], Device=device)
    until(lambda: lab.enter(machine, f"test -b {device}", check=False).returncode == 0, what="the disk")


def take_away(lab, made):
    """Detached from wherever it is, and deleted."""
    for attachment in lab.ec2.describe_volumes(VolumeIds=[made])["Volumes"][0]["Attachments"]:
        lab.ec2.detach_volume(VolumeId=made, InstanceId=attachment["InstanceId"])
    lab.ec2.get_waiter("volume_available").wait(VolumeIds=[made], WaiterConfig={"Delay": 1})
    lab.ec2.delete_volume(VolumeId=made)


def test_a_disk_grows_while_it_is_used(lab):
    made = volume(lab, Size=1, VolumeType="gp3")
    attach(lab, made, lab.client, "/dev/sdf")
    lab.enter(lab.client, "sudo sh -ec 'mkfs.xfs -q /dev/sdf; mkdir -p /data; mount /dev/sdf /data; echo kept >/data/file'")
    size = lambda: int(lab.enter(lab.client, "df --output=size -m /data | tail -n 1"))
    before = size()
    change = lab.cloud.aws("ec2", "modify-volume", "--volume-id", made, "--size", "2", "--throughput", "250")["VolumeModification"]
    assert (change["ModificationState"], change["OriginalSize"], change["TargetSize"], change["TargetThroughput"]) == ("modifying", 1, 2, 250)
    until(lambda: lab.enter(lab.client, "sudo blockdev --getsize64 /dev/sdf") == str(2 << 30), what="the larger disk")
    lab.enter(lab.client, "sudo xfs_growfs /data")
    assert size() > before + 900
    assert lab.enter(lab.client, "cat /data/file; sudo umount /data") == "kept"
    state = lab.ec2.describe_volumes_modifications(VolumeIds=[made])["VolumesModifications"][0]["ModificationState"]
    assert state in ("optimizing", "completed")
    take_away(lab, made)


def test_a_disk_of_two_machines_is_as_slow_as_it_was_ordered(lab):
    shared, quick = volume(lab, Size=4, VolumeType="io2", Iops=100, MultiAttachEnabled=True), volume(lab, Size=4, VolumeType="gp3")
    attach(lab, shared, lab.client, "/dev/sdg")
    attach(lab, shared, lab.neighbour, "/dev/sdg")
    attach(lab, quick, lab.client, "/dev/sdh")
    for writer, reader, text in ((lab.client, lab.neighbour, "one"), (lab.neighbour, lab.client, "two")):
        lab.enter(writer, f"printf '%-512s' {text} | sudo dd of=/dev/sdg oflag=direct bs=512 status=none")
        assert lab.enter(reader, "sudo dd if=/dev/sdg iflag=direct bs=512 count=1 status=none").strip() == text

    def seconds(device):
        """For two hundred operations, as dd counts it."""
        said = lab.enter(lab.client, f"sudo env LC_ALL=C dd if=/dev/zero of={device} oflag=direct bs=4k count=200 2>&1")
        return float(re.search(r"([0-9.e-]+) s,", said).group(1))
    slow, fast = seconds("/dev/sdg"), seconds("/dev/sdh")
    assert slow > 3 * fast, f"100 operations a second beside 3000: {slow} s, {fast} s"
    take_away(lab, shared)
    take_away(lab, quick)


def test_an_instance_store_is_lost_by_a_stop(lab):
    name = lab.neighbour["InstanceId"]
    lab.enter(lab.neighbour, "sudo mkfs.ext4 -qF /dev/sdb; sudo mount /dev/sdb /mnt; echo gone | sudo tee /mnt/file; echo kept >file; sync")
    lab.ec2.stop_instances(InstanceIds=[name])
    in_state(lab.cloud, name, "stopped")
    lab.ec2.start_instances(InstanceIds=[name])
    lab.neighbour = in_state(lab.cloud, name, "running")
    assert lab.enter(lab.neighbour, "cat file") == "kept"
    assert lab.enter(lab.neighbour, "sudo mount /dev/sdb /mnt", check=False).returncode != 0, "an empty disk"
    assert lab.enter(lab.neighbour, "sudo head -c 1M /dev/sdb | tr -d '\\0' | wc -c") == "0"
