#!/usr/bin/env python3
"""How long a cloud takes from being started on an empty folder to its first answer, and how much memory it holds when idle:
Hillfog beside moto's server, in turn, in one run. The ratios are what counts.

    bench/start.py [runs]

Needs root, a release build in target/release/hillfog (or $HILLFOG), and moto_server (or $MOTO_SERVER).
"""
import http.client
import os
import pathlib
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
HILLFOG = os.environ.get("HILLFOG", str(ROOT / "target/release/hillfog"))
MOTO = os.environ.get("MOTO_SERVER", str(ROOT / ".cache/bench-venv/bin/moto_server"))
IDLE_SECONDS = 10
# A call that every AWS emulator answers and that is signed by nobody that has to be verified.
BODY = "Action=GetCallerIdentity&Version=2011-06-15"
HEADERS = {
    "Content-Type": "application/x-www-form-urlencoded",
    "X-Amz-Date": "20260101T000000Z",
    "Authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/sts/aws4_request, SignedHeaders=host, Signature=00",
}


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def first_answer(port, started):
    """Seconds from `started` to the end of the first good answer."""
    while time.monotonic() - started < 60:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("POST", "/", BODY, {**HEADERS, "Host": f"127.0.0.1:{port}"})
            answer = connection.getresponse()
            answer.read()
            if answer.status == 200:
                return time.monotonic() - started
        except OSError:
            time.sleep(0.0005)
    raise SystemExit("no answer in 60 s")


def tree(pid):
    """A process and all below it."""
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children")
    return [pid] + [p for child in children.read_text().split() for p in tree(int(child))]


def resident_mib(pid):
    def of(one):
        lines = pathlib.Path(f"/proc/{one}/status").read_text().splitlines()
        return int(next(line.split()[1] for line in lines if line.startswith("VmRSS")))
    return sum(of(one) for one in tree(pid)) / 1024


def measure(command, port, idle):
    started = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        seconds = first_answer(port, started)
        if not idle:
            return seconds, None
        time.sleep(IDLE_SECONDS)
        return seconds, resident_mib(process.pid)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()


def hillfog(idle):
    port, data = free_port(), tempfile.mkdtemp(prefix="hillfog-bench-")
    try:
        return measure([HILLFOG, "up", "--data", data, "--listen", f"127.0.0.1:{port}"], port, idle)
    finally:
        shutil.rmtree(data)


def moto(idle):
    port = free_port()
    return measure([MOTO, "-H", "127.0.0.1", "-p", str(port)], port, idle)


def main():
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    for program in (HILLFOG, MOTO):
        if not os.path.exists(program):
            raise SystemExit(f"{program} is missing")
    results = {"hillfog": [], "moto": []}
    for run in range(runs):
        results["hillfog"].append(hillfog(idle=run == 0))
        results["moto"].append(moto(idle=run == 0))
    print(f"{'':10}{'first answer, ms (min, median, max)':>40}{'idle, MiB':>12}")
    for name, rows in results.items():
        times = sorted(seconds * 1000 for seconds, _ in rows)
        print(f"{name:10}{times[0]:>16.0f}{statistics.median(times):>12.0f}{times[-1]:>12.0f}{rows[0][1]:>12.1f}")
    ratio = [h[0] / m[0] for h, m in zip(results["hillfog"], results["moto"])]
    print(f"hillfog/moto: first answer {statistics.median(ratio):.3f}, idle memory {results['hillfog'][0][1] / results['moto'][0][1]:.2f}")


if __name__ == "__main__":
    main()
