"""Tasks outside of services: what goes wrong is said, and the cloud goes on."""
import json
import pathlib

import pytest

from conftest import push, until


@pytest.fixture(scope="module")
def ecs(cloud):
    client = cloud.client("ecs")
    client.create_cluster(clusterName="jobs")
    return client


@pytest.fixture(scope="module")
def image(cloud, web_image, skopeo):
    return push(cloud, web_image, "job")


def run(ecs, containers, family, **more):
    ecs.register_task_definition(family=family, networkMode="none", containerDefinitions=containers, memory="128", **more)
    answer = ecs.run_task(cluster="jobs", taskDefinition=family, launchType="EC2")
    assert answer["failures"] == []
    return answer["tasks"][0]["taskArn"]


def ended(ecs, arn):
    def stopped():
        task = ecs.describe_tasks(cluster="jobs", tasks=[arn])["tasks"][0]
        return task if task["lastStatus"] == "STOPPED" else None
    return until(stopped, 60, f"the end of {arn}")


def shell(image, command, **more):
    return {"name": "main", "image": image, "entryPoint": ["/bin/sh", "-c"], "command": [command], "essential": True, **more}


def test_an_exit_code_is_kept(ecs, image):
    task = ended(ecs, run(ecs, [shell(image, "exit 7")], "exits"))
    assert task["containers"][0]["exitCode"] == 7
    assert task["stopCode"] == "EssentialContainerExited"


def test_a_stopped_task_gets_its_images_stop_signal(ecs, image):
    arn = run(ecs, [shell(image, "trap 'exit 3' QUIT; while :; do sleep 0.1; done")], "stops")
    until(lambda: ecs.describe_tasks(cluster="jobs", tasks=[arn])["tasks"][0]["lastStatus"] == "RUNNING", 60, "the task")
    ecs.stop_task(cluster="jobs", task=arn, reason="enough")
    task = ended(ecs, arn)
    assert (task["containers"][0]["exitCode"], task["stoppedReason"], task["stopCode"]) == (3, "enough", "UserInitiated")


def test_a_missing_image_is_the_stopped_reason(ecs, image):
    task = ended(ecs, run(ecs, [shell(image.rsplit(":", 1)[0] + ":none", "true")], "missing"))
    assert "CannotPullContainerError" in task["stoppedReason"]
    assert task["stopCode"] == "TaskFailedToStart"


def test_an_image_for_another_processor_is_the_stopped_reason(cloud, ecs, web_image, tmp_path):
    foreign = tmp_path / "layout"
    import hashlib, shutil
    shutil.copytree(web_image, foreign)
    blobs = foreign / "blobs/sha256"
    def put(value):
        data = json.dumps(value).encode()
        digest = hashlib.sha256(data).hexdigest()
        (blobs / digest).write_bytes(data)
        return digest, len(data)
    index = json.loads((foreign / "index.json").read_text())
    manifest = json.loads((blobs / index["manifests"][0]["digest"][7:]).read_text())
    config = json.loads((blobs / manifest["config"]["digest"][7:]).read_text())
    config["architecture"] = "s390x"
    digest, size = put(config)
    manifest["config"].update(digest=f"sha256:{digest}", size=size)
    digest, size = put(manifest)
    index["manifests"][0].update(digest=f"sha256:{digest}", size=size)
    (foreign / "index.json").write_text(json.dumps(index))
    task = ended(ecs, run(ecs, [shell(push(cloud, foreign, "foreign"), "true")], "foreign"))
    assert "platform" in task["stoppedReason"]


def test_memory_is_bounded(ecs, image):
    eat = "x=a; while :; do x=$x$x; done"
    task = ended(ecs, run(ecs, [shell(image, eat, memory=32)], "eats"))
    assert task["containers"][0]["exitCode"] == 137
    assert "OutOfMemory" in task["containers"][0]["reason"]


def test_containers_start_in_the_order_of_their_dependencies(ecs, image):
    first = {**shell(image, "exit 0"), "name": "first", "essential": False}
    main = {**shell(image, "exit 0"), "dependsOn": [{"containerName": "first", "condition": "SUCCESS"}]}
    task = ended(ecs, run(ecs, [main, first], "ordered"))
    assert {c["name"]: c["exitCode"] for c in task["containers"]} == {"first": 0, "main": 0}


def test_a_container_is_confined(ecs, image):
    """Each forbidden thing that works adds a bit to the exit code."""
    script = "c=0; mount -t tmpfs none /tmp 2>/dev/null && c=$((c+1)); " \
             "[ -e /dev/vda ] && c=$((c+2)); echo 1 >/proc/sys/kernel/panic 2>/dev/null && c=$((c+4)); " \
             "[ $(ls /proc | grep -c '^[0-9]') -gt 4 ] && c=$((c+8)); exit $c"
    task = ended(ecs, run(ecs, [shell(image, script)], "confined"))
    assert task["containers"][0]["exitCode"] == 0


def test_run_task_says_what_is_lacking(ecs, image):
    ecs.register_task_definition(family="huge", networkMode="none", memory="99999999", containerDefinitions=[shell(image, "true")])
    answer = ecs.run_task(cluster="jobs", taskDefinition="huge", launchType="EC2")
    assert answer["tasks"] == [] and answer["failures"][0]["reason"] == "RESOURCE:MEMORY"


def test_a_host_port_in_use_is_refused(ecs, image):
    container = {**shell(image, "sleep 60"), "portMappings": [{"containerPort": 80, "hostPort": 18080}]}
    ecs.register_task_definition(family="ported", networkMode="bridge", memory="64", containerDefinitions=[container])
    first = ecs.run_task(cluster="jobs", taskDefinition="ported", launchType="EC2")
    second = ecs.run_task(cluster="jobs", taskDefinition="ported", launchType="EC2")
    assert len(first["tasks"]) == 1
    assert second["failures"][0]["reason"] == "RESOURCE:PORTS"
    ecs.stop_task(cluster="jobs", task=first["tasks"][0]["taskArn"])
    ended(ecs, first["tasks"][0]["taskArn"])
