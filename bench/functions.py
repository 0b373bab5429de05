#!/usr/bin/env python3
"""Functions: what an invocation costs, warm and cold, from making a function to its first answer, and a thousand at once, beside ministack in
one run. The ratios are what counts.

    bench/functions.py [--warm 3000] [--cold 9] [--burst 1000] [--seconds 10] [--alone]

Needs root, wrk, rustc, a release build in target/release/hillfog (or $HILLFOG), and ministack in .cache/bench-venv (or $PEERS/bin). The peer runs a bare process;
ours is isolated. "Of ours" is what the server adds to what the function's own process takes, as its REPORT line says it.
"""
import argparse
import base64
import concurrent.futures
import functools
import http.client
import io
import json
import os
import pathlib
import random
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
        time.sleep(0.002)


def zipped(name, data, mode=0o644):
    made, entry = io.BytesIO(), zipfile.ZipInfo(name)
    entry.external_attr = mode << 16
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(entry, data)
    return base64.b64encode(made.getvalue()).decode()


@functools.cache
def kinds():
    """What functions are made of, by name: runtime, handler, zip."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["rustc", "--edition", "2024", "-O", str(ROOT / "bench/bootstrap.rs"), "-o", f"{folder}/bootstrap"], check=True)
        binary = (pathlib.Path(folder) / "bootstrap").read_bytes()
    return {"python": (runtime(), "app.handler", zipped("app.py", CODE)),
            "provided": ("provided.al2023", "bootstrap", zipped("bootstrap", binary, 0o755))}


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

    def make(self, name, kind="python"):
        runtime, handler, code = kinds()[kind]
        # With so much memory comes one processor: with less, a Python function is held back long before the server is.
        wished = {"FunctionName": name, "Runtime": runtime, "Handler": handler, "Code": {"ZipFile": code}, "MemorySize": 1769,
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


SCRIPT = """
wrk.method, wrk.body = "POST", "{}"
wrk.headers["X-Amz-Date"] = "20260101T000000Z"
wrk.headers["Authorization"] = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/lambda/aws4_request, SignedHeaders=host, Signature=00"
"""


def rate(cloud, seconds):
    """Invocations in a second, of callers at a time: wrk's, which take little of the processors that they share with the functions."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(SCRIPT)
        script.flush()
        address = f"http://127.0.0.1:{cloud.port}/2015-03-31/functions/warm/invocations"
        load = ["wrk", "--threads", "1", "--connections", "4", "--script", script.name, "--duration"]
        subprocess.run([*load, "2", address], capture_output=True, check=True)
        printed = subprocess.run([*load, str(seconds), address], capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in printed:
        raise RuntimeError(f"{cloud.name}: {printed}")
    return float(re.search(r"Requests/sec: *([0-9.]+)", printed).group(1))


def settle():
    """What ended or was made in advance because of the round before isn't measured beside the next one, on anybody's cloud."""
    time.sleep(0.3)


def from_nothing(cloud, count):
    took = []
    for number in range(count):
        settle()
        name = f"new{number}"
        def make_and_ask():
            cloud.make(name)
            cloud.first_answer(name)
        took.append(timed(make_and_ask)[0])
    return statistics.median(took)


def cold(cloud, count, kind):
    """An invocation for which an environment is started: each time the function has other variables (for which the peer, too, starts anew)."""
    name = f"cold-{kind}"
    cloud.make(name, kind)
    cloud.first_answer(name)
    took = []
    for number in range(count):
        cloud.send("PUT", f"/2015-03-31/functions/{name}/configuration", json.dumps({"Environment": {"Variables": {"NUMBER": str(number)}}}).encode())
        until(lambda: b'"Successful"' in cloud.send("GET", f"/2015-03-31/functions/{name}/configuration")[2], 30, "the update")
        settle()
        took.append(timed(lambda: cloud.invoke(name))[0])
    return statistics.median(took)


def burst(cloud, count):
    """So many at once, none of whose environments is there yet. Who is throttled asks again, as SDKs do."""
    cloud.make("burst")
    until(lambda: b'"Active"' in cloud.send("GET", "/2015-03-31/functions/burst/configuration")[2], 30, "the function")

    def ask(number):
        while (answer := cloud.invoke("burst", str(number).encode()))[0] == 429:
            time.sleep(random.random() / 5)
        return answer

    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        took, answers = timed(lambda: list(pool.map(ask, range(count))))
    right = sum(status == 200 and body == str(n).encode() for n, (status, _, body) in enumerate(answers))
    return took / 1000, right


def measure(cloud, arguments):
    cloud.role()
    whole, ours = warm(cloud, arguments.warm)
    took, right = burst(cloud, arguments.burst)
    return {
        "warm": whole, "ours": ours, "rate": rate(cloud, arguments.seconds),
        "cold provided": cold(cloud, arguments.cold, "provided"), "cold python": cold(cloud, arguments.cold, "python"),
        "new": from_nothing(cloud, arguments.cold), "burst": took, "wrong": arguments.burst - right,
    }


# What is measured, in which unit, and the aim: at most so much, or at least.
AIMS = [
    ("warm", "warm invocation, p50", "ms", None, None), ("ours", "the same without the function's own time", "ms", "<", 1),
    ("rate", "warm invocations in a second, four callers", "/s", ">", 3000), ("cold provided", "cold start, provided", "ms", "<", 30),
    ("cold python", "cold start, Python", "ms", "<", 80), ("new", "create-function to first answer, Python", "ms", "<", 250),
    ("burst", "so many at once, on at most 100 environments", "s", None, None), ("wrong", "wrong answers among them", "", "<", 1),
]


def show(ours, peer):
    print(f"{'':47}{'aim':>9}{'Hillfog':>10}{'':5}{'MiniStack':>10}{'times':>8}")
    for key, what, unit, sign, aim in AIMS:
        value, other = ours[key], (peer or {}).get(key)
        met = "" if aim is None else "met" if (value < aim) == (sign == "<") else "NOT"
        ratio = (value / other if sign == ">" else other / value) if value and other else None
        cells = [f"{sign} {aim} {unit}" if aim else "", f"{value:.2f}", met, "" if other is None else f"{other:.2f}", f"{ratio:.1f}" if ratio else ""]
        print(f"{what:47}{cells[0]:>9}{cells[1]:>10} {cells[2]:4}{cells[3]:>10}{cells[4]:>8}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--warm", type=int, default=3000)
    parser.add_argument("--cold", type=int, default=9)
    parser.add_argument("--burst", type=int, default=1000)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--alone", action="store_true", help="without the peer")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        cloud = Cloud("hillfog", [HILLFOG, "up", "--data", folder, "--listen", f"127.0.0.1:{port}",
                                 "--function-environments", "100"], port)
        try:
            ours = measure(cloud, arguments)
        finally:
            cloud.end()
            subprocess.run([HILLFOG, "down", "--data", folder], stdout=subprocess.DEVNULL)
    peer = None
    if not arguments.alone and (PEERS / "ministack").exists():
        port = free_port()
        # In a PID namespace: it leaves the processes of its functions behind.
        contained = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", str(PEERS / "ministack")]
        cloud = Cloud("ministack", contained, port, {"GATEWAY_PORT": str(port)})
        try:
            fewer = argparse.Namespace(warm=200, cold=arguments.cold, burst=min(100, arguments.burst), seconds=3)
            peer = measure(cloud, fewer)
        finally:
            cloud.end(signal.SIGKILL)
    show(ours, peer)


if __name__ == "__main__":
    main()
