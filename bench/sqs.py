#!/usr/bin/env python3
"""Queues: what sending, receiving and deleting a message costs, beside moto's server and ministack, in one run. The ratios are what counts:
round trips per second of the server's processor time, that of all its processes. Ours are on the disk when they are acknowledged, and encrypted
there; theirs are in memory.

    bench/sqs.py [--messages 20000] [--connections 32] [--only hillfog]

Everybody gets the same load: connections that are kept where the server keeps them, each of which sends a message, receives one and deletes
it, from several processes, so that the server is what is busy. The first row is the one that counts; the others say what makes a
difference: fewer connections, which share fewer waits for the disk; the query protocol; other sizes; signatures that are checked.

Needs a release build in target/release/hillfog (or $HILLFOG), moto_server and ministack in .cache/bench-venv (or $PEERS/bin).
"""
import argparse
import collections
import hashlib
import hmac
import json
import multiprocessing
import os
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.parse
import urllib.request
from xml.sax.saxutils import unescape

ROOT = pathlib.Path(__file__).resolve().parents[1]
HILLFOG = os.environ.get("HILLFOG", str(ROOT / "target/release/hillfog"))
PEERS = pathlib.Path(os.environ.get("PEERS", ROOT / ".cache/bench-venv")) / "bin"
TICKS = os.sysconf("SC_CLK_TCK")
PROCESSES = 4
AIM = 10

Load = collections.namedtuple("Load", "what connections size protocol signed")
USUAL = Load("32 connections, JSON, 1 KiB", 32, 1024, "json", False)
OTHERS = [
    USUAL._replace(what="1 connection", connections=1),
    USUAL._replace(what="8 connections", connections=8),
    USUAL._replace(what="the query protocol", protocol="query"),
    USUAL._replace(what="100 bytes", size=100),
    USUAL._replace(what="64 KiB", size=65536),
]
SIGNED = USUAL._replace(what="with an issued key", signed=True)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Client:
    """One connection, that says as much as an SDK says and costs less."""

    def __init__(self, port, protocol="json", key=None):
        self.port, self.protocol, self.key, self.socket, self.kept = port, protocol, key, None, b""

    def call(self, operation, **parameters):
        if self.protocol == "json":
            body, kind = json.dumps(parameters).encode(), "application/x-amz-json-1.0"
            target = f"X-Amz-Target: AmazonSQS.{operation}\r\n"
        else:
            form = {"Action": operation, "Version": "2012-11-05", **parameters}
            body, kind, target = urllib.parse.urlencode(form).encode(), "application/x-www-form-urlencoded; charset=utf-8", ""
        head = (f"POST / HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nUser-Agent: bench\r\nContent-Type: {kind}\r\n{target}"
                f"{self.signature(body)}Content-Length: {len(body)}\r\n\r\n")
        status, answer = self.ask(head.encode() + body)
        if status != 200:
            raise RuntimeError(f"{operation}: {answer[:300]}")
        return answer.decode()

    def signature(self, body):
        """A signature that isn't checked, or one that is (IAM user guide, "Create a signed AWS API request")."""
        if self.key is None:
            scope = "test/20260101/us-east-1/sqs/aws4_request"
            return f"X-Amz-Date: 20260101T000000Z\r\nAuthorization: AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=00\r\n"
        now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        scope = f"{now[:8]}/us-east-1/sqs/aws4_request"
        hashed = hashlib.sha256(body).hexdigest()
        canonical = f"POST\n/\n\nhost:127.0.0.1:{self.port}\nx-amz-date:{now}\n\nhost;x-amz-date\n{hashed}"
        text = f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        secret = b"AWS4" + self.key["secret_access_key"].encode()
        for part in scope.split("/"):
            secret = hmac.new(secret, part.encode(), "sha256").digest()
        found = hmac.new(secret, text.encode(), "sha256").hexdigest()
        credential = f"{self.key['access_key_id']}/{scope}"
        return (f"X-Amz-Date: {now}\r\nAuthorization: AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host;x-amz-date, "
                f"Signature={found}\r\n")

    def ask(self, request):
        try:
            return self.exchange(request)
        except ConnectionError:
            # The server keeps no connections, or not this one.
            self.socket = None
            return self.exchange(request)

    def exchange(self, request):
        if self.socket is None:
            self.socket, self.kept = socket.create_connection(("127.0.0.1", self.port), timeout=120), b""
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.sendall(request)
        head = self.until(lambda kept: kept.find(b"\r\n\r\n") + 4 if b"\r\n\r\n" in kept else None)
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
        length = int(length.group(1)) if length else 0
        body = self.until(lambda kept: length if len(kept) >= length else None)
        if head.startswith(b"HTTP/1.0") or re.search(rb"(?i)\r\nconnection: *close", head):
            self.socket.close()
            self.socket = None
        return int(head[9:12]), body

    def until(self, end):
        while (at := end(self.kept)) is None:
            piece = self.socket.recv(1 << 18)
            if not piece:
                raise ConnectionError("closed")
            self.kept += piece
        found, self.kept = self.kept[:at], self.kept[at:]
        return found

    def handles(self, url):
        """The receipt handles of the messages that there are to receive."""
        answer = self.call("ReceiveMessage", QueueUrl=url)
        if self.protocol == "json":
            return [message["ReceiptHandle"] for message in json.loads(answer or "{}").get("Messages", [])]
        return [unescape(handle) for handle in re.findall("<ReceiptHandle>(.*?)</ReceiptHandle>", answer)]


class Server:
    """A server that answers SQS's API."""

    def __init__(self, name, command, port, environment=None):
        self.name, self.port = name, port
        self.process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, **(environment or {})})
        end = time.monotonic() + 60
        while not self.answers():
            if time.monotonic() > end:
                raise SystemExit(f"{name} doesn't answer")
            time.sleep(0.05)

    def answers(self):
        try:
            Client(self.port).call("ListQueues")
            return True
        except (OSError, RuntimeError):
            return False

    def cpu(self):
        """Seconds of processor time that the server and all below it have used."""
        used, children = {}, collections.defaultdict(list)
        for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            pid = int(stat.parent.name)
            used[pid] = (int(fields[11]) + int(fields[12])) / TICKS
            children[int(fields[1])].append(pid)
        total, waiting = 0, [self.process.pid]
        while waiting:
            pid = waiting.pop()
            total += used.get(pid, 0)
            waiting += children[pid]
        return total

    def written(self):
        """Bytes that the server has had written to the disk."""
        found = re.search(r"^write_bytes: (\d+)", pathlib.Path(f"/proc/{self.process.pid}/io").read_text(), re.M)
        return int(found.group(1))

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


def work(port, url, load, count, key, done):
    client, body = Client(port, load.protocol, key), "x" * load.size
    for _ in range(count):
        client.call("SendMessage", QueueUrl=url, MessageBody=body)
        for handle in client.handles(url):
            client.call("DeleteMessage", QueueUrl=url, ReceiptHandle=handle)
            done.append(None)


def clients(port, url, load, connections, count, key, results):
    """One of the processes that make the load."""
    done = []
    threads = [threading.Thread(target=work, args=(port, url, load, count, key, done)) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    results.put(len(done))


def measure(server, load, messages, key=None):
    """Round trips per second of processor time."""
    queue = re.sub(r"\W", "-", load.what)
    url = json.loads(Client(server.port).call("CreateQueue", QueueName=queue))["QueueUrl"]
    processes = min(PROCESSES, load.connections)
    each, count = load.connections // processes, max(messages // load.connections, 1)
    results = multiprocessing.Queue()
    arguments = (server.port, url, load, each, count, key if load.signed else None, results)
    before, written, started = server.cpu(), server.written(), time.monotonic()
    working = [multiprocessing.Process(target=clients, args=arguments) for _ in range(processes)]
    for process in working:
        process.start()
    done = sum(results.get() for _ in working)
    for process in working:
        process.join()
    took, spent = time.monotonic() - started, server.cpu() - before
    per_message = (server.written() - written) / done
    print(f"{server.name:10} {load.what:28} {done:7} messages {done / took:7.0f}/s {done / spent:7.0f} per CPU second "
          f"{per_message:8.0f} bytes to the disk each", flush=True)
    return done / spent


def issued_key(port):
    """A key of a user who may use queues, so that signatures are checked and policies are asked."""
    def iam(action, **parameters):
        form = urllib.parse.urlencode({"Action": action, "Version": "2010-05-08", "UserName": "bench", **parameters}).encode()
        scope = "test/20260101/us-east-1/iam/aws4_request"
        headers = {"X-Amz-Date": "20260101T000000Z",
                   "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=00"}
        with urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{port}/", form, headers)) as answer:
            return answer.read().decode()

    policy = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}}
    iam("CreateUser")
    iam("PutUserPolicy", PolicyName="queues", PolicyDocument=json.dumps(policy))
    made = iam("CreateAccessKey")
    named = lambda name: re.search(f"<{name}>(.*?)</{name}>", made).group(1)
    return {"access_key_id": named("AccessKeyId"), "secret_access_key": named("SecretAccessKey")}


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--messages", type=int, default=20000)
    arguments.add_argument("--only", choices=["hillfog", "moto", "ministack"])
    arguments.add_argument("--usual", action="store_true", help="the first row alone")
    asked = arguments.parse_args()
    rates = {}
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DIR")) as folder:
        port = free_port()
        if asked.only in (None, "hillfog"):
            ours = Server("hillfog", [HILLFOG, "up", "--data", f"{folder}/cloud", "--listen", f"127.0.0.1:{port}"], port)
            try:
                rates["hillfog"] = measure(ours, USUAL, asked.messages)
                if not asked.usual:
                    key = issued_key(port)
                    for load in [*OTHERS, SIGNED]:
                        measure(ours, load, asked.messages // 4, key)
            finally:
                ours.end()
                subprocess.run([HILLFOG, "down", "--data", f"{folder}/cloud"], capture_output=True)
        for name, command, environment in [
            ("moto", [str(PEERS / "moto_server"), "-p", str(port)], {}),
            ("ministack", [str(PEERS / "ministack")], {"GATEWAY_PORT": str(port)}),
        ]:
            if asked.only not in (None, name):
                continue
            peer = Server(name, command, port, environment)
            try:
                rates[name] = measure(peer, USUAL, max(asked.messages // 10, USUAL.connections))
            finally:
                peer.end()
    for name in ("moto", "ministack"):
        if "hillfog" in rates and name in rates:
            ratio = rates["hillfog"] / rates[name]
            met = "met" if ratio >= AIM else "not met"
            print(f"SQS send + receive + delete per CPU second / {name}'s | aim {AIM} | {ratio:.1f} | {met}")


if __name__ == "__main__":
    main()
