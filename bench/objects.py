#!/usr/bin/env python3
"""What a put and a get of S3 cost beside a plain write with fsync and a plain read of the same bytes on the same disk, in one run.

Requests are made by http.client over one connection, since a client of botocore costs more than the server: what counts is the server.
Usage: bench/objects.py [path to the binary]; needs root, and a quiet machine.
"""
import http.client
import os
import pathlib
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
BINARY = sys.argv[1] if len(sys.argv) > 1 else str(ROOT / "target/release/hillfog")
HEADERS = {
    "x-amz-content-sha256": "UNSIGNED-PAYLOAD", "x-amz-date": "20260101T000000Z",
    "authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=00",
}
SIZES = {"1 KiB": (1 << 10, 500), "100 MiB": (100 << 20, 7)}


def timed(call, times):
    """The median of the times that a call takes, in milliseconds."""
    taken = []
    for number in range(times):
        begun = time.perf_counter()
        call(number)
        taken.append((time.perf_counter() - begun) * 1000)
    return statistics.median(taken)


class Client:
    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port)

    def ask(self, method, path, body=None):
        self.connection.request(method, path, body, HEADERS)
        answer = self.connection.getresponse()
        content = answer.read()
        assert answer.status < 300, content[:500]
        return content


def write(folder, body):
    """A plain write that survives a power cut: the file and its folder are synced."""
    def one(number):
        file = os.open(folder / str(number), os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
        os.write(file, body)
        os.fsync(file)
        os.close(file)
        at = os.open(folder, os.O_RDONLY)
        os.fsync(at)
        os.close(at)
    return one


def main():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DIR")) as folder:
        folder = pathlib.Path(folder)
        data, plain = folder / "data", folder / "plain"
        plain.mkdir()
        hillfog = lambda *args: subprocess.run([BINARY, *args, "--data", str(data)], check=True, capture_output=True, timeout=120)
        hillfog("up", "--detach", "--listen", f"127.0.0.1:{port}")
        try:
            client = Client(port)
            client.ask("PUT", "/bench")
            print("| what | S3 | plain | ratio |\n|---|---|---|---|")
            for name, (size, times) in SIZES.items():
                body = os.urandom(size)
                put = timed(lambda number: client.ask("PUT", f"/bench/{size}/{number % 7}", body), times)
                synced = timed(write(plain, body), times)
                get = timed(lambda number: client.ask("GET", f"/bench/{size}/{number % 7}"), times)
                read = timed(lambda number: (plain / str(number % 7)).read_bytes(), times)
                print(f"| put of {name} | {put:.2f} ms | {synced:.2f} ms (write, fsync) | {put / synced:.2f} |")
                print(f"| get of {name} | {get:.2f} ms | {read:.2f} ms (read) | {get / read:.2f} |")
        finally:
            hillfog("down")


if __name__ == "__main__":
    main()
