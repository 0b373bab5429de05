#!/usr/bin/env python3
"""What a put and a get of S3 cost beside a plain write with fsync and a plain read of the same bytes on the same disk, in one run, a request
and a plain one in turn; and beside moto's server and ministack, which keep objects in memory and encrypt nothing.

Requests are made by http.client over one connection, since a client of botocore costs more than the server: what counts is the server.

    bench/objects.py [--rounds 7] [--folder DIR]

Needs root, a release build in target/release/hillfog (or $HILLFOG), moto_server and ministack in .cache/bench-venv (or $PEERS/bin); what isn't
there is left out. DIR is where the bytes go: ours and the plain ones.
"""
import argparse
import http.client
import os
import pathlib
import signal
import socket
import statistics
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
HILLFOG = os.environ.get("HILLFOG", str(ROOT / "target/release/hillfog"))
PEERS = pathlib.Path(os.environ.get("PEERS", ROOT / ".cache/bench-venv")) / "bin"
HEADERS = {
    "x-amz-content-sha256": "UNSIGNED-PAYLOAD", "x-amz-date": "20260101T000000Z",
    "authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=00",
}
SIZES = {"1 KiB": (1 << 10, 60), "100 MiB": (100 << 20, 1)}
KINDS = {"SSE-S3": {}, "SSE-KMS": {"x-amz-server-side-encryption": "aws:kms"}}
# A request is near the disk if it takes no longer than twice what the disk takes for the same bytes.
NEAR = 2
TICKS = os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def taken(call):
    """Milliseconds."""
    begun = time.perf_counter()
    call()
    return (time.perf_counter() - begun) * 1000


class Server:
    """A server that answers S3's API, and one connection to it."""

    def __init__(self, port, pid):
        self.pid, self.connection = pid, http.client.HTTPConnection("127.0.0.1", port, timeout=120)

    def ask(self, method, path, body=None, headers=None):
        self.connection.request(method, path, body, HEADERS | (headers or {}))
        answer = self.connection.getresponse()
        content = answer.read()
        assert answer.status < 300, content[:500]
        return content

    def cpu(self):
        """Milliseconds of processor time that the server has used."""
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) * 1000 / TICKS


def write(folder, number, body):
    """A plain write that survives a power cut: the file and its folder are synced."""
    file = os.open(folder / str(number), os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
    os.write(file, body)
    os.fsync(file)
    os.close(file)
    at = os.open(folder, os.O_RDONLY)
    os.fsync(at)
    os.close(at)


def measure(server, plain, rounds, headers):
    """Medians and the server's processor time of a request, by what and size; beside plain ones if there is a folder for them."""
    found = {}
    for name, (size, times) in SIZES.items():
        body, count = os.urandom(size), rounds * times
        for what in ("put", "get"):
            ours, theirs, spent = [], [], server.cpu()
            for number in range(count):
                path = f"/bench/{size}/{number % 7}"
                if what == "put":
                    ours.append(taken(lambda: server.ask("PUT", path, body, headers)))
                    if plain:
                        theirs.append(taken(lambda: write(plain, number % 7, body)))
                else:
                    ours.append(taken(lambda: server.ask("GET", path)))
                    if plain:
                        theirs.append(taken((plain / str(number % 7)).read_bytes))
            spent = (server.cpu() - spent) / count
            found[what, name] = statistics.median(ours), statistics.median(theirs or [0]), spent
    return found


def hillfog(folder, rounds):
    data, plain, port = folder / "data", folder / "plain", free_port()
    plain.mkdir()
    command = lambda *args: subprocess.run([HILLFOG, *args, "--data", str(data)], check=True, capture_output=True, timeout=120)
    command("up", "--detach", "--listen", f"127.0.0.1:{port}")
    try:
        inode = next(row.split()[9] for row in open("/proc/net/tcp") if row.split()[1].endswith(f":{port:04X}") and row.split()[3] == "0A")
        held = lambda pid: any(os.readlink(it) == f"socket:[{inode}]" for it in pathlib.Path(f"/proc/{pid}/fd").iterdir())
        server = Server(port, next(pid for pid in os.listdir("/proc") if pid.isdigit() and owns(held, pid)))
        server.ask("PUT", "/bench")
        return {kind: measure(server, plain, rounds, headers) for kind, headers in KINDS.items()}
    finally:
        command("down")


def owns(held, pid):
    try:
        return held(pid)
    except OSError:
        return False


def peer(command, environment, port, rounds):
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, **environment})
    try:
        server, end = Server(port, process.pid), time.monotonic() + 60
        while True:
            try:
                server.ask("PUT", "/bench")
                return measure(server, None, rounds, {})
            except OSError:
                server = Server(port, process.pid)
                if time.monotonic() > end:
                    raise
                time.sleep(0.05)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def main():
    asked = argparse.ArgumentParser()
    asked.add_argument("--rounds", type=int, default=7)
    asked.add_argument("--folder")
    asked = asked.parse_args()
    with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
        ours = hillfog(pathlib.Path(folder), asked.rounds)
    port, others = free_port(), {}
    for name, command, environment in [
        ("moto", [str(PEERS / "moto_server"), "-p", str(port)], {}),
        ("ministack", [str(PEERS / "ministack")], {"GATEWAY_PORT": str(port)}),
    ]:
        if pathlib.Path(command[0]).exists():
            others[name] = peer(command, environment, port, asked.rounds)
    print("| | p50 | plain, p50 | ratio | CPU of the server |\n|---|---|---|---|---|")
    for kind, found in ours.items():
        for (what, size), (time_of, plain, cpu) in found.items():
            print(f"| {what} of {size}, {kind} | {time_of:.2f} ms | {plain:.2f} ms | {time_of / plain:.2f} | {cpu:.2f} ms |")
    for name, found in others.items():
        for (what, size), (time_of, _, cpu) in found.items():
            print(f"| {what} of {size}, {name} | {time_of:.2f} ms | | | {cpu:.2f} ms |")
    print("\n| what | aim | measured | met |\n|---|---|---|---|")
    for (what, size), (time_of, plain, _) in ours["SSE-S3"].items():
        beside = "a plain write + fsync" if what == "put" else "a plain read"
        met = "yes" if time_of <= NEAR * plain else "no"
        print(f"| S3 {what} of {size} | near the disk (≤ {NEAR}× {beside}) | {time_of:.2f} ms beside {plain:.2f} ms: {time_of / plain:.2f}× | {met} |")


if __name__ == "__main__":
    main()
