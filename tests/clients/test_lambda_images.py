"""Functions whose runtime an image brings: one that is configured for a runtime, and one that is the function's own."""
import base64
import concurrent.futures
import hashlib
import importlib.metadata
import importlib.util
import io
import json
import os
import pathlib
import re
import subprocess
import sys
import sysconfig
import tarfile

import pytest

import test_lambda_triggers
from conftest import ROOT, Cloud, free_port, push, until
from test_lambda_api import TRUST
from test_lambda_invoke import invoke, make, zipped

BUSYBOX = pathlib.Path("/bin/busybox")
APPLETS = ["sh", "wget", "sed", "tr", "cat", "id", "touch"]
MOST = 3

# A runtime in shell. It says what it was given.
BOOTSTRAP = r'''#!/bin/sh
api=http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation
while true; do
  event=$(wget -S -q -O - $api/next 2>/tmp/head)
  id=$(sed -n 's/.*lambda-runtime-aws-request-id: *//Ip' /tmp/head | tr -d '\r')
  code=$(cat $LAMBDA_TASK_ROOT/app.rb 2>/dev/null)
  touch /own 2>/dev/null && sealed=false || sealed=true
  wget -q -O /dev/null --post-data "{\"event\": $event, \"handler\": \"$_HANDLER\", \"runs\": \"$AWS_EXECUTION_ENV\", \"said\": \"$SAID\", \"gems\": \"$GEM_PATH\",
    \"argument\": \"$1\", \"code\": \"$code\", \"sealed\": $sealed}" $api/$id/response
done
'''


@pytest.fixture(scope="module")
def layout(tmp_path_factory):
    """An OCI layout with that runtime and a static busybox."""
    if not BUSYBOX.exists():
        pytest.skip("NOT RUN: /bin/busybox is not there")
    tree = {"bin/busybox": BUSYBOX.read_bytes(), "var/runtime/bootstrap": BOOTSTRAP.encode()}
    config = {"Entrypoint": ["/var/runtime/bootstrap"], "Cmd": ["of-image"], "Env": ["PATH=/bin", "SAID=by the image"]}
    return image_of(tmp_path_factory.mktemp("runtime") / "layout", tree, {f"bin/{applet}": "busybox" for applet in APPLETS}, config)


def image_of(folder, tree, links, config):
    """An OCI layout, with an image of these files, all of which may be executed, and links."""
    maker = importlib.util.spec_from_file_location("image", ROOT / "demo/image.py")
    image = importlib.util.module_from_spec(maker)
    maker.loader.exec_module(image)
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as archive:
        for name, data in tree.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(data), 0o755
            archive.addfile(member, io.BytesIO(data))
        for name, target in links.items():
            member = tarfile.TarInfo(name)
            member.type, member.linkname = tarfile.SYMTYPE, target
            archive.addfile(member)
    return finish(image.Layout(folder), raw.getvalue(), config)


def finish(made, layer, config):
    """The layout's folder, with an image of that layer."""
    machine = {"x86_64": "amd64", "aarch64": "arm64"}[os.uname().machine]
    config = {
        "architecture": machine, "os": "linux", "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
        "config": config}
    kind = "application/vnd.oci.image"
    manifest = {
        "schemaVersion": 2, "mediaType": f"{kind}.manifest.v1+json", "config": made.json(config, f"{kind}.config.v1+json"),
        "layers": [made.blob(layer, f"{kind}.layer.v1.tar")]}
    made.finish(made.json(manifest, f"{kind}.manifest.v1+json"), "latest")
    return made.folder


@pytest.fixture(scope="module")
def place(root, layout, tmp_path_factory):
    """A cloud with a runtime image and room for a few environments."""
    running = Cloud(tmp_path_factory.mktemp("images"), f"127.0.0.1:{free_port()}")
    running.hillfog("up", "--detach", "--listen", running.listen, "--runtime", f"ruby3.4=oci:{layout}", "--function-environments", str(MOST))
    yield running
    running.hillfog("down", check=False)


@pytest.fixture(scope="module")
def role(place):
    return place.client("iam").create_role(RoleName="runs", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]


def test_a_runtime_image_runs_the_functions_of_its_runtime(place, role):
    client = place.client("lambda")
    wished = {"Role": role, "Handler": "app.handler", "Code": {"ZipFile": zipped("puts 1", "app.rb")}}
    client.create_function(FunctionName="ruby", Runtime="ruby3.4", **wished)
    client.get_waiter("function_active_v2").wait(FunctionName="ruby", WaiterConfig={"Delay": 1})
    assert invoke(client, "ruby", {"n": 1})[1] == {
        "event": {"n": 1}, "handler": "app.handler", "runs": "AWS_Lambda_ruby3.4", "said": "by the image", "gems": "/opt/ruby/gems:/var/runtime",
        "argument": "", "code": "puts 1", "sealed": True}
    client.create_function(FunctionName="java", Runtime="java21", **wished)
    state = lambda: client.get_function_configuration(FunctionName="java")
    until(lambda: state()["State"] == "Failed", what="a function without a runtime has failed")
    assert "--runtime java21=IMAGE" in state()["StateReason"]


def test_an_image_of_ones_own_brings_what_asks_for_invocations(place, role, layout, skopeo):
    client, uri = place.client("lambda"), push(place, layout, "own")
    client.create_function(FunctionName="own", PackageType="Image", Role=role, Code={"ImageUri": uri}, ImageConfig={"Command": ["of-function"]})
    client.get_waiter("function_active_v2").wait(FunctionName="own", WaiterConfig={"Delay": 1})
    said = invoke(client, "own", {"n": 2})[1]
    assert (said["event"], said["argument"], said["said"], said["runs"], said["code"]) == ({"n": 2}, "of-function", "by the image", "", "")


HANDLER = """import os

def handler(event, context):
    print("told", context.aws_request_id)
    if event.get("fails"):
        raise ValueError("on purpose")
    left = 0 < context.get_remaining_time_in_millis() <= 30000
    return {"event": event, "name": context.function_name, "left": left, "sealed": not os.access("/function", os.W_OK)}
"""


def with_awss_own_client():
    """The interpreter that runs this test with its library, what both need of the host, AWS's own client of the Runtime API, and a handler."""
    library = pathlib.Path(sysconfig.get_path("stdlib"))
    left_out = {"test", "tests", "idlelib", "tkinter", "ensurepip", "site-packages", "dist-packages", "__pycache__"}
    files = [pathlib.Path(os.path.realpath(sys.executable))]
    files += [file for file in library.rglob("*") if file.is_file() and not left_out & set(file.relative_to(library).parts)]
    tree = {str(file).lstrip("/"): file.read_bytes() for file in files}
    needed = [file for file in files if file == files[0] or file.suffix == ".so"]
    for name in ["awslambdaric", "simplejson", "snapshot-restore-py"]:
        for file in importlib.metadata.files(name):
            tree[f"function/{file}"] = file.locate().read_bytes()
            needed += [file.locate()] if file.suffix == ".so" else []
    for line in subprocess.run(["ldd", *needed], capture_output=True, text=True).stdout.splitlines():
        if found := re.search(r"(/\S+) \(0x", line):
            tree[found[1].lstrip("/")] = pathlib.Path(found[1]).read_bytes()
    return {**tree, "function/app.py": HANDLER.encode()}, f"/{next(iter(tree))}"


def test_awss_own_runtime_interface_client_serves_an_image(place, role, skopeo, tmp_path):
    tree, interpreter = with_awss_own_client()
    config = {"Entrypoint": [interpreter, "-m", "awslambdaric"], "Cmd": ["app.handler"], "WorkingDir": "/function", "Env": ["PYTHONPATH=/function"]}
    client, uri = place.client("lambda"), push(place, image_of(tmp_path / "layout", tree, {}, config), "client")
    client.create_function(FunctionName="client", PackageType="Image", Role=role, Code={"ImageUri": uri}, Timeout=30, MemorySize=512)
    client.get_waiter("function_active_v2").wait(FunctionName="client", WaiterConfig={"Delay": 1})
    answer, said = invoke(client, "client", {"n": 3}, LogType="Tail")
    assert said == {"event": {"n": 3}, "name": "client", "left": True, "sealed": True}
    assert "told " + answer["ResponseMetadata"]["RequestId"] in base64.b64decode(answer["LogResult"]).decode()
    answer, said = invoke(client, "client", {"fails": True})
    assert (answer["FunctionError"], said["errorType"], said["errorMessage"]) == ("Unhandled", "ValueError", "on purpose")
    assert any("on purpose" in line or "app.py" in line for line in said["stackTrace"])
    assert invoke(client, "client", {"n": 4})[1]["event"] == {"n": 4}


def test_who_looks_is_told_what_runs_functions(place, layout):
    of = lambda *command: {row["runtime"]: row["by"] for row in json.loads(place.hillfog(*command, "--json", check=False).stdout)["runtimes"]}
    assert of("status")["ruby3.4"] == f"the image oci:{layout}"
    assert of("doctor").keys() == of("status").keys() - {"ruby3.4"}
    assert any(by.startswith("Python 3.") for by in of("doctor").values())
    assert "ruby3.4" in place.hillfog("status").stdout
    wrong = place.hillfog("up", "--runtime", "ruby3.4=oci:/nowhere", check=False)
    assert wrong.returncode != 0 and "no OCI layout in /nowhere" in wrong.stderr


def test_who_finds_the_host_full_waits(place, role):
    client = place.client("lambda")
    make(client, role, "crowded", test_lambda_triggers.CODE, Handler="app.same")
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        said = list(pool.map(lambda n: invoke(client, "crowded", {"n": n, "sleep": 0.1})[1], range(24)))
    assert [answer["n"] for answer in said] == list(range(24))
    assert len({answer["by"] for answer in said}) <= MOST
