#!/usr/bin/env python3
"""Machines: how long one takes from the call to `running` and to an SSH login, what a second snapshot copies, how many run beside each other, and
what describing them costs beside the mocks (moto's server, ministack), in one run. The ratios are what counts.

    bench/machines.py [--machines 200] [--single 9] [--no-crates]

Needs root, a release build in target/release/hillfog (or $HILLFOG), ssh, moto_server and ministack in .cache/bench-venv (or $PEERS/bin), 3 GiB of
disk; for what is described among 100,000, cargo (left out by --no-crates). The peers' instances are rows in a table; ours run.
What is said of virtual machines is measured by bench/guest.sh.
"""
import argparse
import base64
import http.client
import os
import pathlib
import re
import shutil
import signal
import socket
import statistics
import subprocess
import tempfile
import time
import urllib.parse

import aims

ROOT = pathlib.Path(__file__).resolve().parents[1]
HILLFOG = os.environ.get("HILLFOG", str(ROOT / "target/release/hillfog"))
PEERS = pathlib.Path(os.environ.get("PEERS", ROOT / ".cache/bench-venv")) / "bin"
SCOPE = "test/20260101/us-east-1/ec2/aws4_request"
TICKS = os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Cloud:
    """A server that answers EC2's API, and this script's connection to it."""

    def __init__(self, name, command, port, environment=None):
        self.name, self.port = name, port
        self.process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, **(environment or {})})
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        until(lambda: self.answers(), 60, f"{name} answers")

    def answers(self):
        try:
            self.call("DescribeVpcs")
            return True
        except OSError:
            self.connection.close()
            return False

    def send(self, body):
        self.connection.request("POST", "/", body, {
            "Host": f"127.0.0.1:{self.port}",
            "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
            "X-Amz-Date": "20260101T000000Z",
            "Authorization": f"AWS4-HMAC-SHA256 Credential={SCOPE}, SignedHeaders=host, Signature=00",
        })
        answer = self.connection.getresponse()
        return answer.status, answer.read().decode()

    def call(self, action, **parameters):
        status, text = self.send(form(action, parameters))
        if status != 200:
            raise RuntimeError(f"{self.name}: {action}: {text}")
        return text

    def cpu(self):
        """Seconds of processor time that the server itself has used."""
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def end(self, how=signal.SIGTERM):
        self.connection.close()
        self.process.send_signal(how)
        self.process.wait()


def form(action, parameters):
    pairs = {"Action": action, "Version": "2016-11-15", **{k.replace("_", "."): v for k, v in parameters.items()}}
    return urllib.parse.urlencode(pairs)


def all_of(text, element):
    return re.findall(f"<{element}>([^<]*)</{element}>", text)


def until(holds, seconds, what):
    """Asks every 5 ms: whoever asks all the time takes the processor from what is waited for."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            raise SystemExit(f"not in {seconds} s: {what}")
        time.sleep(0.005)


class Keys:
    def __init__(self, folder):
        self.file = folder / "key"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.file], check=True)
        self.public = (folder / "key.pub").read_text()

    def enters(self, address, command="true"):
        options = ["BatchMode=yes", "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR", "ConnectTimeout=2"]
        command = ["ssh", "-F", "none", "-i", self.file, *(part for option in options for part in ("-o", option)), f"ec2-user@{address}", command]
        return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


def launch(cloud, image, count, **more):
    text = cloud.call("RunInstances", ImageId=image, InstanceType="t3.nano", MinCount=count, MaxCount=count, **more)
    return all_of(text, "instanceId")


def by_id(ids):
    return {f"InstanceId.{number}": id for number, id in enumerate(ids, 1)}


def in_state(cloud, ids, code):
    """How many of them are in the state of that number."""
    text = cloud.call("DescribeInstances", **by_id(ids))
    return len(re.findall(rf"<instanceState>\s*<code>{code}</code>", text))


def running(cloud, ids):
    return in_state(cloud, ids, 16)


def terminate(cloud, ids):
    """Waits for the end, and for that of their disks: what follows isn't measured beside it."""
    cloud.call("TerminateInstances", **by_id(ids))
    until(lambda: in_state(cloud, ids, 48) == len(ids), 120, "machines end")
    until(lambda: not all_of(cloud.call("DescribeVolumes"), "volumeId"), 120, "their disks are gone")
    # The host is still putting away their network, which nobody can be asked about.
    time.sleep(0.5)


def one_by_one(cloud, image, keys, rounds):
    """Seconds from the call to `running`, to the first SSH login, and of a login to a machine that has been up for long."""
    to_running, to_login, login = [], [], []
    for _ in range(rounds):
        start = time.monotonic()
        ids = launch(cloud, image, 1, KeyName="bench")
        until(lambda: running(cloud, ids) == 1, 60, "a machine runs")
        to_running.append(time.monotonic() - start)
        address = all_of(cloud.call("DescribeInstances", **by_id(ids)), "ipAddress")[0]
        until(lambda: keys.enters(address), 60, "a machine takes ssh")
        to_login.append(time.monotonic() - start)
        start = time.monotonic()
        keys.enters(address)
        login.append(time.monotonic() - start)
        terminate(cloud, ids)
    return to_running, to_login, login


def milliseconds(values):
    ordered = sorted(value * 1000 for value in values)
    return f"{ordered[0]:8.0f} {statistics.median(ordered):8.0f} {ordered[-1]:8.0f}"


def kept(folder):
    """Bytes that the block store takes on the disk."""
    return sum(file.stat().st_blocks * 512 for file in (folder / "data/block-store").rglob("*") if file.is_file())


def second_snapshot(cloud, folder, image, keys):
    """Percent of a volume of 10 GiB that its second snapshot copies: 1 % has changed since the first, in places far from each other."""
    disk = {"BlockDeviceMapping.1.DeviceName": "/dev/sdf", "BlockDeviceMapping.1.Ebs.VolumeSize": 10,
            "BlockDeviceMapping.1.Ebs.DeleteOnTermination": "true"}
    ids = launch(cloud, image, 1, KeyName="bench", **disk)
    until(lambda: running(cloud, ids) == 1, 60, "a machine runs")
    address = all_of(cloud.call("DescribeInstances", **by_id(ids)), "ipAddress")[0]
    until(lambda: keys.enters(address), 60, "a machine takes ssh")
    volume = all_of(cloud.call("DescribeVolumes", **{
        "Filter.1.Name": "attachment.device", "Filter.1.Value.1": "/dev/sdf"}), "volumeId")[0]
    part = "sudo dd if=/dev/urandom of=/dev/sdf bs=512k conv=notrunc,fsync"
    copied = []
    for command in [f"{part} count=2048", f"for at in $(seq 0 100 20400); do {part} count=1 seek=$at || exit 1; done"]:
        assert keys.enters(address, command), command
        # It has said nothing for long, and may be closed.
        cloud.connection.close()
        before, snapshot = kept(folder), all_of(cloud.call("CreateSnapshot", VolumeId=volume), "snapshotId")[0]
        done = {"SnapshotId.1": snapshot}
        until(lambda: all_of(cloud.call("DescribeSnapshots", **done), "status") == ["completed"], 300, "a snapshot is whole")
        copied.append(kept(folder) - before)
    terminate(cloud, ids)
    return [bytes * 100 / (10 << 30) for bytes in copied]


def crowd(cloud, image, count):
    """Starts so many; gives their ids and the seconds until all of them run."""
    start = time.monotonic()
    ids = []
    while len(ids) < count:
        ids += launch(cloud, image, min(50, count - len(ids)), KeyName="bench")
    until(lambda: running(cloud, ids) == count, 300, f"{count} machines run")
    return ids, time.monotonic() - start


def cost(cloud, body, seconds=2.0):
    """Milliseconds of the server's processor time that a request costs, asked again and again over one connection."""
    cloud.send(body)
    count, before, start = 0, cloud.cpu(), time.monotonic()
    while time.monotonic() - start < seconds or cloud.cpu() - before < 0.2:
        status, text = cloud.send(body)
        assert status == 200, text
        count += 1
    return (cloud.cpu() - before) * 1000 / count


def questions(ids):
    return {
        f"{min(100, len(ids))} by id": form("DescribeInstances", by_id(ids[:100])),
        "those that run": form("DescribeInstances", {"Filter.1.Name": "instance-state-name", "Filter.1.Value.1": "running"}),
        "one by its tag": form("DescribeInstances", {"Filter.1.Name": "tag:Name", "Filter.1.Value.1": "last"}),
        "status of all": form("DescribeInstanceStatus", {"IncludeAllInstances": "true"}),
    }


def asked(cloud, ids):
    cloud.call("CreateTags", **{"ResourceId.1": ids[-1], "Tag.1.Key": "Name", "Tag.1.Value": "last"})
    return {what: cost(cloud, body) for what, body in questions(ids).items()}


def peers():
    """The mocks, one after another."""
    port = free_port()
    yield Cloud("moto", [PEERS / "moto_server", "-H", "127.0.0.1", "-p", str(port)], port)
    port = free_port()
    yield Cloud("ministack", [PEERS / "ministack"], port, {"GATEWAY_PORT": str(port)})


def machines_memory(folder):
    """MiB that the processes of this cloud hold, shared pages counted in parts."""
    total = 0
    for process in pathlib.Path("/proc").iterdir():
        try:
            if str(folder) in (process / "cmdline").read_text():
                rollup = (process / "smaps_rollup").read_text()
                total += int(re.search(r"Pss:\s+(\d+)", rollup)[1])
        except (OSError, TypeError):
            continue
    return total / 1024


def beside_peers(cloud, ids):
    """What each question costs us, and each of the mocks with as many instances."""
    ours, theirs = asked(cloud, ids), {}
    for peer in peers():
        try:
            image = (all_of(peer.call("DescribeImages"), "imageId") or ["ami-12345678"])[0]
            rows = []
            while len(rows) < len(ids):
                rows += launch(peer, image, min(50, len(ids) - len(rows)))
            theirs[peer.name] = asked(peer, rows)
        finally:
            peer.end()
    for name, costs in theirs.items():
        for what, mine in ours.items():
            aims.above(f"{what}, beside {name} ({mine:.2f} ms of processor time)", 20, costs[what] / mine)


def measure(cloud, folder, wanted):
    keys = Keys(folder)
    cloud.call("ImportKeyPair", KeyName="bench", PublicKeyMaterial=base64.b64encode(keys.public.encode()).decode())
    cloud.call("AuthorizeSecurityGroupIngress", GroupName="default", **{
        "IpPermissions.1.IpProtocol": "tcp", "IpPermissions.1.FromPort": "22", "IpPermissions.1.ToPort": "22",
        "IpPermissions.1.IpRanges.1.CidrIp": "0.0.0.0/0"})
    owner = {"Owner.1": "amazon"}
    until(lambda: all_of(cloud.call("DescribeImages", **owner), "imageState") == ["available"], 60, "the quick start image is there")
    image = all_of(cloud.call("DescribeImages", **owner), "imageId")[0]

    to_running, to_login, login = one_by_one(cloud, image, keys, wanted.single)
    print(f"one machine, ms: min, median, max of {wanted.single}")
    for what, values in [("RunInstances to running", to_running), ("to the first ssh login", to_login), ("a login later", login)]:
        print(f"  {what:34}{milliseconds(values)}")
    aims.below("system container: RunInstances to running, median", 100, statistics.median(to_running) * 1000, "ms")
    aims.below("system container: RunInstances to an ssh login, median", 300, statistics.median(to_login) * 1000, "ms")

    first, second = second_snapshot(cloud, folder, image, keys)
    aims.below(f"10 GiB, 1 % changed: its snapshot copies (the first {first:.1f} %)", 1.1, second, "%", 2)

    before = machines_memory(folder)
    ids, seconds = crowd(cloud, image, wanted.machines)
    held = (machines_memory(folder) - before) / wanted.machines
    aims.line("system containers on one host", "200", str(len(ids)), len(ids) >= 200)
    idle = cloud.cpu()
    time.sleep(10)
    print(f"  all run after {seconds:.1f} s; {held:.1f} MiB each of our own processes; the server with them idle: "
          f"{(cloud.cpu() - idle) * 10:.1f} % of a core")
    beside_peers(cloud, ids)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--machines", type=int, default=200)
    arguments.add_argument("--single", type=int, default=9)
    arguments.add_argument("--no-crates", action="store_true")
    wanted = arguments.parse_args()
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="hillfog-bench-"))
    port = free_port()
    cloud = Cloud("hillfog", [HILLFOG, "up", "--data", folder / "data", "--listen", f"127.0.0.1:{port}"], port)
    try:
        measure(cloud, folder, wanted)
    finally:
        cloud.end(signal.SIGINT)
        subprocess.run([HILLFOG, "down", "--data", folder / "data"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        shutil.rmtree(folder)
    if not wanted.no_crates:
        aims.describing()
    print(f"load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
