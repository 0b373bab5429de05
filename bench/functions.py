#!/usr/bin/env python3
"""Functions: what an invocation costs, warm and cold, from making a function to its first answer, and a thousand at once, beside ministack in
one run. The ratios are what counts.

    bench/functions.py [--warm 3000] [--cold 9] [--burst 1000]

Needs root, a release build in target/release/hillfog (or $HILLFOG), and ministack in .cache/bench-venv (or $PEERS/bin). The peer runs a bare process;
ours is isolated. "Of ours" is what the server adds to what the function's own process takes, as its REPORT line says it.
"""
import argparse
import base64
import concurrent.futures
import http.client
import io
import json
import os
import pathlib
import re
import signal
import socket
import statistics
import subprocess
import tempfile
import threading
import time
import zipfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
HILLFOG = os.environ.get("HILLFOG", str(ROOT / "target/release/hillfog"))
PEERS = pathlib.Path(os.environ.get("PEERS", ROOT / ".cache/bench-venv")) / "bin"
CODE = "def handler(event, context):\n    return event\n"
TRUST = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]})


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def until(condition, seconds, what):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise RuntimeError(f"it never came to this: {what}")
        time.sleep(0.02)


def zipped():
    made, entry = io.BytesIO(), zipfile.ZipInfo("app.py")
    entry.external_attr = 0o644 << 16
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr(entry, CODE)
    return base64.b64encode(made.getvalue()).decode()


class Cloud:
    """A server that answers Lambda's API; each thread has a connection of its own."""

    def __init__(self, name, command, port, environment=None):
        self.name, self.port, self.local = name, port, threading.local()
        self.process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, **(environment or {})})
        until(self.answers, 60, f"{name} answers")

    def answers(self):
        try:
            return self.send("GET", "/2015-03-31/functions")[0] == 200
        except OSError:
            self.local.connection = None
            return False

    def send(self, method, path, body=b"", service="lambda", kind="application/json"):
        connection = getattr(self.local, "connection", None)
        if connection is None:
            connection = self.local.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
        connection.request(method, path, body, {
            "Host": f"127.0.0.1:{self.port}", "Content-Type": kind, "X-Amz-Date": "20260101T000000Z", "X-Amz-Log-Type": "Tail",
            "Authorization": f"AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=00"})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()

    def make(self, name):
        wished = {"FunctionName": name, "Runtime": runtime(), "Handler": "app.handler", "Code": {"ZipFile": zipped()},
                  "Role": "arn:aws:iam::000000000000:role/bench", "Timeout": 30}
        status, _, body = self.send("POST", "/2015-03-31/functions", json.dumps(wished).encode())
        if status != 201:
            raise RuntimeError(f"{self.name}: {body}")

    def first_answer(self, name):
        until(lambda: self.invoke(name)[0] == 200, 60, "the function answers")

    def invoke(self, name, event=b"{}"):
        return self.send("POST", f"/2015-03-31/functions/{name}/invocations", event)

    def role(self):
        body = f"Action=CreateRole&Version=2010-05-08&RoleName=bench&AssumeRolePolicyDocument={quoted(TRUST)}".encode()
        self.send("POST", "/", body, "iam", "application/x-www-form-urlencoded")

    def end(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        self.process.wait()


def quoted(text):
    import urllib.parse
    return urllib.parse.quote(text, safe="")


def runtime():
    version = subprocess.run(["/usr/bin/python3", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"], capture_output=True, text=True)
    return f"python{version.stdout.strip()}"


def timed(what):
    begin = time.perf_counter()
    answer = what()
    return (time.perf_counter() - begin) * 1000, answer


def of_ours(milliseconds, headers):
    """Without what the function's process took."""
    tail = base64.b64decode(headers.get("X-Amz-Log-Result", "")).decode(errors="replace")
    found = re.search(r"\tDuration: ([0-9.]+) ms", tail)
    return milliseconds - float(found.group(1)) if found else None


def warm(cloud, count):
    cloud.make("warm")
    cloud.first_answer("warm")
    for _ in range(50):
        cloud.invoke("warm")
    all_of_it, ours = [], []
    for _ in range(count):
        took, (_, headers, _) = timed(lambda: cloud.invoke("warm"))
        all_of_it.append(took)
        ours.append(of_ours(took, headers))
    known = [value for value in ours if value is not None]
    return statistics.median(all_of_it), statistics.median(known) if known else None


def rate(cloud, count):
    """Invocations in a second of eight callers at a time."""
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: cloud.invoke("warm"), range(100)))
        took, _ = timed(lambda: list(pool.map(lambda _: cloud.invoke("warm"), range(count))))
    return count / took * 1000


def from_nothing(cloud, count):
    took = []
    for number in range(count):
        name = f"new{number}"
        def make_and_ask():
            cloud.make(name)
            cloud.first_answer(name)
        took.append(timed(make_and_ask)[0])
    return statistics.median(took)


def cold(cloud, count):
    """An invocation for which an environment is started: each time the function has another configuration."""
    cloud.make("cold")
    cloud.first_answer("cold")
    took = []
    for number in range(count):
        cloud.send("PUT", "/2015-03-31/functions/cold/configuration", json.dumps({"Description": str(number)}).encode())
        until(lambda: b'"Successful"' in cloud.send("GET", "/2015-03-31/functions/cold/configuration")[2], 30, "the update")
        took.append(timed(lambda: cloud.invoke("cold"))[0])
    return statistics.median(took)


def burst(cloud, count):
    cloud.make("burst")
    cloud.first_answer("burst")
    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        took, answers = timed(lambda: list(pool.map(lambda n: cloud.invoke("burst", str(n).encode()), range(count))))
    right = sum(status == 200 and body == str(n).encode() for n, (status, _, body) in enumerate(answers))
    return took / 1000, right


def measure(cloud, arguments):
    cloud.role()
    whole, ours = warm(cloud, arguments.warm)
    return {
        "warm, p50 (ms)": whole, "warm, of ours, p50 (ms)": ours, "warm, a second": rate(cloud, arguments.warm),
        "cold (ms)": cold(cloud, arguments.cold), "create to first answer (ms)": from_nothing(cloud, arguments.cold),
        f"{arguments.burst} at once (s, right)": burst(cloud, arguments.burst),
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--warm", type=int, default=3000)
    parser.add_argument("--cold", type=int, default=9)
    parser.add_argument("--burst", type=int, default=1000)
    arguments = parser.parse_args()
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        cloud = Cloud("hillfog", [HILLFOG, "up", "--data", folder, "--listen", f"127.0.0.1:{port}"], port)
        try:
            results["hillfog"] = measure(cloud, arguments)
        finally:
            cloud.end()
            subprocess.run([HILLFOG, "down", "--data", folder], stdout=subprocess.DEVNULL)
    if (PEERS / "ministack").exists():
        port = free_port()
        # In a PID namespace: it leaves the processes of its functions behind.
        contained = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", str(PEERS / "ministack")]
        cloud = Cloud("ministack", contained, port, {"GATEWAY_PORT": str(port)})
        try:
            results["ministack"] = measure(cloud, argparse.Namespace(warm=200, cold=arguments.cold, burst=min(100, arguments.burst)))
        finally:
            cloud.end(signal.SIGKILL)
    for name, measured in results.items():
        print(name)
        for what, value in measured.items():
            print(f"  {what}: {value if not isinstance(value, float) else round(value, 2)}")


if __name__ == "__main__":
    main()
