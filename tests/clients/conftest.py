"""A cloud for the tests: the real binary, on a data folder and a port of its own, and real clients that are pointed at it."""
import contextlib
import json
import os
import pathlib
import random
import shutil
import socket
import subprocess
import time

import boto3
import botocore.config
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
HILLFOG = os.environ.get("HILLFOG_BIN", str(ROOT / "target/debug/hillfog"))
REGION = "us-east-1"


# What leaves the host alone, or runs in a cloud of its own that soon goes, and mostly waits: Terraform's provider asks every few seconds
# whether a change has come.
RECORDS = {
    "codecs", "ecr", "events", "iam_matrix", "iam_resources", "iam_roles", "iam_users", "instance_types", "kms", "lambda_api", "parameters",
    "permissions_ecr", "s3", "sdk_rust", "sqs", "sts", "terraform_events", "terraform_iam", "terraform_kms", "terraform_lambda", "terraform_s3",
}


def pytest_configure(config):
    config.addinivalue_line("markers", "records: it runs nothing, and so goes beside those that need the host for themselves")


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.stem.removeprefix("test_") in RECORDS:
            item.add_marker(pytest.mark.records)


def free_port():
    """None of those out of which the kernel takes one for each connection, and might before this one is listened at."""
    while True:
        port = random.randrange(10_000, 32_768)
        with socket.socket() as s, contextlib.suppress(OSError):
            s.bind(("127.0.0.1", port))
            return port


def until(condition, seconds=60, what="the condition"):
    """The first true value of `condition()`; asks again and again until then."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come true in {seconds} s; last value: {value!r}")
        time.sleep(0.1)


class Cloud:
    """A running cloud, and the clients that speak to it."""

    def __init__(self, data, listen=None):
        self.data = pathlib.Path(data)
        self.listen = listen or f"127.0.0.1:{free_port()}"

    def hillfog(self, *args, check=True):
        done = subprocess.run([HILLFOG, *args, "--data", str(self.data)], capture_output=True, text=True, timeout=120)
        if check and done.returncode != 0:
            raise AssertionError(f"hillfog {' '.join(args)}: {done.stdout}{done.stderr}\n{self.log()}")
        return done

    def up(self):
        self.hillfog("up", "--detach", "--listen", self.listen)
        return self

    def down(self):
        self.hillfog("down")

    def log(self):
        path = self.data / "server.log"
        return path.read_text()[-4000:] if path.exists() else ""

    @property
    def endpoint(self):
        return f"http://{self.listen}"

    @property
    def environment(self):
        exports = json.loads(self.hillfog("env", "--json", "--region", REGION).stdout)
        kept = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        return {**kept, **exports, "AWS_PAGER": "", "AWS_CONFIG_FILE": "/nonexistent", "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent"}

    def client(self, service, region=REGION, account="test", secret="test"):
        return boto3.client(
            service, endpoint_url=self.endpoint, region_name=region, aws_access_key_id=account, aws_secret_access_key=secret,
            config=botocore.config.Config(retries={"max_attempts": 0}, connect_timeout=5, read_timeout=60))

    def aws(self, *args, check=True):
        done = subprocess.run([str(ROOT / ".venv/bin/aws"), *args, "--output", "json"], capture_output=True, text=True,
                              env=self.environment, timeout=120)
        if check and done.returncode != 0:
            raise AssertionError(f"aws {' '.join(args)}: {done.stdout}{done.stderr}")
        return json.loads(done.stdout) if done.returncode == 0 and done.stdout.strip() else done

    def server_pid(self):
        runtime = pathlib.Path("/run/hillfog")
        for file in runtime.glob("*/server.json"):
            server = json.loads(file.read_text())
            if server["listen"] == self.listen:
                return server["pid"]
        raise AssertionError("no server.json")


@pytest.fixture(scope="session")
def root():
    """The tests of this fixture make containers, so they need root."""
    if os.geteuid() != 0:
        pytest.skip("NOT RUN: needs root")


@pytest.fixture(scope="session")
def cloud(root, tmp_path_factory):
    """One cloud for the tests that don't disturb each other."""
    running = Cloud(tmp_path_factory.mktemp("cloud")).up()
    yield running
    running.down()


@pytest.fixture
def own_cloud(root, tmp_path):
    """A cloud for one test alone, which may kill and reset it."""
    running = Cloud(tmp_path / "cloud").up()
    yield running
    running.hillfog("down", check=False)


@pytest.fixture(scope="session")
def web_image():
    """The demo's image: an OCI layout with nginx, made out of the distribution's packages."""
    layout = ROOT / ".cache/demo-image"
    subprocess.run(["python3", str(ROOT / "demo/image.py"), str(layout)], check=True, timeout=300)
    return layout


@pytest.fixture(scope="session")
def debian(cloud, tmp_path_factory):
    """An image of Debian's packages with cloud-init, as soon as it is made."""
    from debian import Debian
    made = Debian(cloud, tmp_path_factory.mktemp("debian") / "log")
    yield made
    made.leave()


@pytest.fixture(scope="session")
def skopeo():
    path = shutil.which("skopeo")
    if not path:
        pytest.skip("NOT RUN: skopeo is not installed")
    return path


def push(cloud, layout, repository, tag="latest"):
    """Pushes an OCI layout to a repository, which is made if it isn't there; the image's URI."""
    ecr = cloud.client("ecr")
    try:
        ecr.create_repository(repositoryName=repository)
    except ecr.exceptions.RepositoryAlreadyExistsException:
        pass
    uri = ecr.describe_repositories(repositoryNames=[repository])["repositories"][0]["repositoryUri"]
    password = cloud_password(cloud)
    subprocess.run(["skopeo", "copy", "--quiet", "--dest-tls-verify=false", f"--dest-creds=AWS:{password}",
                    f"oci:{layout}:latest", f"docker://{uri}:{tag}"], check=True, capture_output=True, text=True, timeout=120)
    return f"{uri}:{tag}"


def cloud_password(cloud):
    import base64
    token = cloud.client("ecr").get_authorization_token()["authorizationData"][0]["authorizationToken"]
    return base64.b64decode(token).decode().split(":", 1)[1]
