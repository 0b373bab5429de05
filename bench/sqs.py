#!/usr/bin/env python3
"""Queues: what sending, receiving and deleting a message costs, beside moto's server and ministack, in one run. The ratios are what counts:
messages per second of the server's processor time. Ours are on the disk when they are acknowledged; theirs are in memory.

    bench/sqs.py [--messages 20000] [--connections 8]

Needs a release build in target/release/hillfog (or $HILLFOG), moto_server and ministack in .cache/bench-venv (or $PEERS/bin).
"""
import argparse
import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
HILLFOG = os.environ.get("HILLFOG", str(ROOT / "target/release/hillfog"))
PEERS = pathlib.Path(os.environ.get("PEERS", ROOT / ".cache/bench-venv")) / "bin"
SCOPE = "test/20260101/us-east-1/sqs/aws4_request"
TICKS = os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Client:
    """One connection."""

    def __init__(self, port):
        self.port, self.connection = port, http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def call(self, operation, **parameters):
        self.connection.request("POST", "/", json.dumps(parameters), {
            "Host": f"127.0.0.1:{self.port}",
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": f"AmazonSQS.{operation}",
            "X-Amz-Date": "20260101T000000Z",
            "Authorization": f"AWS4-HMAC-SHA256 Credential={SCOPE}, SignedHeaders=host, Signature=00",
        })
        answer = self.connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{operation}: {body[:300]}")
        return json.loads(body or b"{}")


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
        """Seconds of processor time that the server itself has used."""
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


def work(port, url, count, done):
    client = Client(port)
    body = "x" * 1024
    for _ in range(count):
        client.call("SendMessage", QueueUrl=url, MessageBody=body)
        for message in client.call("ReceiveMessage", QueueUrl=url).get("Messages", []):
            client.call("DeleteMessage", QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            done.append(None)


def measure(server, messages, connections):
    url = Client(server.port).call("CreateQueue", QueueName="bench")["QueueUrl"]
    done, before, started = [], server.cpu(), time.monotonic()
    threads = [threading.Thread(target=work, args=(server.port, url, messages // connections, done)) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took, spent = time.monotonic() - started, server.cpu() - before
    print(f"{server.name:10} {len(done):7} messages  {len(done) / took:8.0f}/s  {len(done) / spent:8.0f} per CPU second")
    return len(done) / spent


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--messages", type=int, default=20000)
    arguments.add_argument("--connections", type=int, default=8)
    asked = arguments.parse_args()
    rates = {}
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        ours = Server("hillfog", [HILLFOG, "up", "--data", f"{folder}/cloud", "--listen", f"127.0.0.1:{port}"], port)
        try:
            rates["hillfog"] = measure(ours, asked.messages, asked.connections)
        finally:
            ours.end()
            subprocess.run([HILLFOG, "down", "--data", f"{folder}/cloud"], capture_output=True)
        port = free_port()
        for name, command, environment in [
            ("moto", [str(PEERS / "moto_server"), "-p", str(port)], {}),
            ("ministack", [str(PEERS / "ministack")], {"GATEWAY_PORT": str(port)}),
        ]:
            peer = Server(name, command, port, environment)
            try:
                rates[name] = measure(peer, max(asked.messages // 10, asked.connections), asked.connections)
            finally:
                peer.end()
    for name in ("moto", "ministack"):
        print(f"{rates['hillfog'] / rates[name]:6.1f}x {name}, per CPU second")


if __name__ == "__main__":
    main()
