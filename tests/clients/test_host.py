"""What Hillfog does to the machine that it runs on: everything it makes is gone when it is down."""
import contextlib
import hashlib
import json
import os
import pathlib
import re
import signal
import subprocess

from conftest import Cloud, free_port, push, until
from web import Web


def traces():
    """All that a cloud could leave on a host: mounts, interfaces, routes, firewall rules, cgroups, processes, folders."""
    run = lambda *command: subprocess.run(command, capture_output=True, text=True).stdout.splitlines()
    mounts = [line for line in pathlib.Path("/proc/mounts").read_text().splitlines() if "hillfog" in line]
    links = sorted(line.split(": ")[1] for line in run("ip", "-o", "link"))
    routes = sorted(run("ip", "route", "show", "table", "all"))
    rules = run("nft", "list", "ruleset")
    # (Groups that go while one looks are no error of os.walk's.)
    cgroups = sorted(f"{folder}/{name}" for folder, names, _ in os.walk("/sys/fs/cgroup") for name in names if name.startswith("hillfog"))
    processes = []
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"hillfog" in words[0] or b"pasta" in words[0]:
            processes.append(b" ".join(words).decode())
    folders = sorted(str(p) for p in pathlib.Path("/run/hillfog").glob("*")) if os.path.isdir("/run/hillfog") else []
    return {"mounts": mounts, "links": links, "routes": routes, "rules": rules, "cgroups": cgroups, "processes": sorted(processes),
            "folders": folders}


def may_be_of(cloud, trace):
    """Whether it doesn't name another cloud: there are those of the tests beside these. (A cloud's tag follows from its folder.)"""
    folder = os.path.realpath(cloud.data)
    tags = re.findall(r"hillfog[-/]([0-9a-f]{8})\b", trace)
    return hashlib.sha256(folder.encode()).hexdigest()[:8] in tags if tags else "--data" not in trace or folder in trace


def left(before, cloud):
    """What is there now of a cloud and wasn't then."""
    is_left = lambda kind, one: one not in before[kind] and may_be_of(cloud, one)
    return {kind: more for kind, now in traces().items() if (more := [one for one in now if is_left(kind, one)])}


def all_goes(before, cloud):
    """Nothing stays."""
    with contextlib.suppress(AssertionError):
        until(lambda: not left(before, cloud), 180)
    assert left(before, cloud) == {}


def test_down_leaves_nothing(root, tmp_path, web_image, skopeo):
    before = traces()
    cloud = Cloud(tmp_path / "cloud").up()
    Web(cloud, web_image, "one", count=1).steady(1)
    assert left(before, cloud).keys() >= {"mounts", "cgroups", "processes", "folders"}
    cloud.down()
    all_goes(before, cloud)


def test_down_after_a_killed_server_leaves_nothing(root, tmp_path, web_image, skopeo):
    before = traces()
    cloud = Cloud(tmp_path / "cloud").up()
    Web(cloud, web_image, "one", count=1).steady(1)
    os.kill(cloud.server_pid(), signal.SIGKILL)
    cloud.down()
    all_goes(before, cloud)


def test_up_after_down_brings_services_back(own_cloud, web_image, skopeo):
    web = Web(own_cloud, web_image, "back", count=1).steady(1)
    old = web.running()
    own_cloud.down()
    own_cloud.up()
    until(lambda: web.running() and web.running() != old, 60, "a new task")
    web.steady(1)
    assert web.get()[0] == 200


def test_reset_empties_a_running_cloud(own_cloud, web_image, skopeo):
    bare = traces()
    Web(own_cloud, web_image, "gone", count=1).steady(1)
    own_cloud.hillfog("reset")
    # The edge process may stay with the server; nothing of the workloads does. What the server tries anew of its host is gone in a moment.
    workloads = lambda left: {"mounts", "links", "routes"} & left.keys() or [p for p in left.get("processes", []) if " shim" in p]
    until(lambda: not workloads(left(bare, own_cloud)), what="that nothing of the workloads is left")
    assert own_cloud.client("ecr").describe_repositories()["repositories"] == []
    assert own_cloud.client("ecs").list_clusters()["clusterArns"] == []
    assert own_cloud.client("logs").describe_log_groups()["logGroups"] == []
    push(own_cloud, web_image, "after")


def test_a_second_server_on_one_folder_is_refused(own_cloud):
    second = own_cloud.hillfog("up", "--listen", f"127.0.0.1:{free_port()}", check=False)
    assert second.returncode != 0
    assert str(own_cloud.server_pid()) in second.stderr


def test_a_taken_port_is_an_error_that_says_so(own_cloud, tmp_path):
    other = Cloud(tmp_path / "other", own_cloud.listen)
    done = other.hillfog("up", "--detach", "--listen", own_cloud.listen, check=False)
    assert done.returncode != 0
    assert "--listen" in done.stderr


def test_status_and_doctor_speak_json(own_cloud):
    assert json.loads(own_cloud.hillfog("status", "--json").stdout)["running"] is True
    assert json.loads(own_cloud.hillfog("doctor", "--json", check=False).stdout)["cpus"] > 0
