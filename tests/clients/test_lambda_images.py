"""Functions whose runtime an image brings: one that is configured for a runtime, and one that is the function's own."""
import concurrent.futures
import hashlib
import importlib.util
import io
import json
import os
import pathlib
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
    maker = importlib.util.spec_from_file_location("image", ROOT / "demo/image.py")
    image = importlib.util.module_from_spec(maker)
    maker.loader.exec_module(image)
    tree, raw = {"bin/busybox": BUSYBOX.read_bytes(), "var/runtime/bootstrap": BOOTSTRAP.encode()}, io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as archive:
        for name, data in tree.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(data), 0o755
            archive.addfile(member, io.BytesIO(data))
        for applet in APPLETS:
            member = tarfile.TarInfo(f"bin/{applet}")
            member.type, member.linkname = tarfile.SYMTYPE, "busybox"
            archive.addfile(member)
    made = image.Layout(tmp_path_factory.mktemp("runtime") / "layout")
    return finish(made, raw.getvalue())


def finish(made, layer):
    """The layout's folder, with an image of that layer."""
    machine = {"x86_64": "amd64", "aarch64": "arm64"}[os.uname().machine]
    config = {
        "architecture": machine, "os": "linux", "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
        "config": {"Entrypoint": ["/var/runtime/bootstrap"], "Cmd": ["of-image"], "Env": ["PATH=/bin", "SAID=by the image"]}}
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
