"""Images of what people have: a folder, an archive, a container image in ECR, disks, launched and entered; what is hostile, refused."""
import json
import os
import shutil
import stat
import subprocess
import tarfile

import pytest

from conftest import push, until
from machines import in_state, key_pair, launch, quick_start, ssh_group

PROGRAMS = ["sh", "cat", "id", "ls", "sleep", "stat"]


@pytest.fixture(scope="module")
def lab(cloud, tmp_path_factory):
    """The key, and the options of a launch."""
    ssh = key_pair(cloud, tmp_path_factory.mktemp("keys"), "images")
    return ssh, ["--key-name", "images", "--security-group-ids", ssh_group(cloud, "images-ssh")]


@pytest.fixture(scope="module")
def root_folder(root, tmp_path_factory):
    """A root file system that is as small as can be: a shell, some programs of this machine, and what they are linked with."""
    folder = tmp_path_factory.mktemp("root")
    for name in ("bin", "etc", "root", "tmp", "dev", "proc", "sys", "run", "var", "home", "lib64"):
        (folder / name).mkdir()
    for program in PROGRAMS:
        source = shutil.which(program)
        shutil.copy(source, folder / "bin" / program)
        linked = subprocess.run(["ldd", source], capture_output=True, text=True).stdout
        for library in (word for word in linked.split() if word.startswith("/")):
            (folder / library[1:]).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(library, folder / library[1:])
    (folder / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
    (folder / "etc/group").write_text("root:x:0:\n")
    (folder / "etc/mine").write_text("hello\n")
    os.chown(folder / "etc/mine", 1234, 4321)
    os.chmod(folder / "etc/mine", 0o4705)
    return folder


def imported(cloud, *arguments):
    done = cloud.hillfog("image", "import", *[str(argument) for argument in arguments], "--json")
    return json.loads(done.stdout)


def refused(cloud, *arguments):
    done = cloud.hillfog("image", "import", *[str(argument) for argument in arguments], check=False)
    assert done.returncode != 0 and done.stdout == "", done.stdout
    return done.stderr


def image_of(cloud, made):
    return cloud.aws("ec2", "describe-images", "--image-ids", made["ImageId"])["Images"][0]


def terminate(cloud, machine):
    cloud.aws("ec2", "terminate-instances", "--instance-ids", machine)
    in_state(cloud, machine, "terminated")


def test_a_folder_and_an_archive_become_machines(cloud, lab, root_folder, tmp_path):
    ssh, options = lab
    made = imported(cloud, root_folder, "--name", "of-a-folder", "--description", "mine")
    image = image_of(cloud, made)
    assert (image["State"], image["Name"], image["Description"], image["Architecture"]) == ("available", "of-a-folder", "mine", made["Architecture"])
    assert "BootMode" not in image
    machine = launch(cloud, "--image-id", made["ImageId"], *options)
    assert ssh(machine["PublicIpAddress"], "cat /etc/mine; stat -c '%u %g %a' /etc/mine") == "hello\n1234 4321 4705"
    terminate(cloud, machine["InstanceId"])

    archive = tmp_path / "root.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(root_folder, ".")
    again = imported(cloud, archive)
    assert (again["Name"], again["Size"]) == ("root", made["Size"])
    assert "already" in refused(cloud, archive)


def test_a_container_image_becomes_a_machine(cloud, lab, skopeo, web_image):
    ssh, options = lab
    uri = push(cloud, web_image, "machine")
    made = imported(cloud, uri, "--size", "2")
    assert (made["Name"], made["Size"], made["BootMode"]) == ("machine-latest", 2, None)
    machine = launch(cloud, "--image-id", made["ImageId"], *options)
    assert "nginx" in ssh(machine["PublicIpAddress"], "ls /usr/sbin")
    terminate(cloud, machine["InstanceId"])
    absent = refused(cloud, uri.replace(":latest", ":absent"), "--name", "absent")
    assert "not found" in absent, absent


def test_an_image_of_a_machine_that_runs_and_its_root_replaced(cloud, lab):
    ssh, options = lab
    machine = launch(cloud, "--image-id", quick_start(cloud), *options)
    name, address = machine["InstanceId"], machine["PublicIpAddress"]
    boot = lambda: ssh(address, "cut -d' ' -f22 /proc/1/stat", check=False).stdout.strip()
    before = boot()
    # Not written through to the disk: a system that is shut down does that.
    ssh(address, "echo kept >mine")
    image = cloud.aws("ec2", "create-image", "--instance-id", name, "--name", "of-a-machine")["ImageId"]
    assert cloud.aws("ec2", "describe-instances", "--instance-ids", name)["Reservations"][0]["Instances"][0]["State"]["Name"] == "running"
    until(lambda: cloud.aws("ec2", "describe-images", "--image-ids", image)["Images"][0]["State"] == "available", what="the image")
    until(lambda: boot() not in ("", before), what="another boot")
    copy = launch(cloud, "--image-id", image, *options)
    assert ssh(copy["PublicIpAddress"], "cat mine") == "kept"
    terminate(cloud, copy["InstanceId"])

    old = machine["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]
    task = cloud.aws("ec2", "create-replace-root-volume-task", "--instance-id", name, "--delete-replaced-root-volume")
    task = task["ReplaceRootVolumeTask"]["ReplaceRootVolumeTaskId"]
    until(lambda: cloud.aws("ec2", "describe-replace-root-volume-tasks", "--replace-root-volume-task-ids", task)
          ["ReplaceRootVolumeTasks"][0]["TaskState"] == "succeeded", what="the replacement")
    assert until(lambda: ssh(address, "ls mine || echo gone", check=False).stdout.strip(), what="the machine") == "gone", "as it was launched"
    until(lambda: "NotFound" in getattr(cloud.aws("ec2", "describe-volumes", "--volume-ids", old, check=False), "stderr", ""), what="the old volume's end")
    data = cloud.aws("ec2", "get-launch-template-data", "--instance-id", name)["LaunchTemplateData"]
    assert (data["ImageId"], data["InstanceType"], data["KeyName"]) == (machine["ImageId"], "t3.micro", "images")
    terminate(cloud, name)


def test_who_may_not_write_snapshots_imports_nothing(cloud, root_folder, monkeypatch):
    cloud.aws("iam", "create-user", "--user-name", "importer")
    key = cloud.aws("iam", "create-access-key", "--user-name", "importer")["AccessKey"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
    assert "not authorized" in refused(cloud, root_folder, "--name", "forbidden")


def disk(path):
    """A disk that a BIOS boots, of 40 MiB with something in its middle."""
    with open(path, "wb") as file:
        file.truncate(40 << 20)
        entry = bytes([0x80, 0, 0, 0, 0x83, 0, 0, 0]) + (2048).to_bytes(4, "little") + (4096).to_bytes(4, "little")
        file.seek(446)
        file.write(entry)
        file.seek(510)
        file.write(b"\x55\xaa")
        file.seek((20 << 20) + 5)
        file.write(b"in the middle")
    return path


def blocks_of(cloud, snapshot):
    """The content of a snapshot, as the direct APIs give it."""
    ebs = cloud.client("ebs")
    listed = ebs.list_snapshot_blocks(SnapshotId=snapshot)
    size, found = listed["BlockSize"], {}
    for block in listed["Blocks"]:
        answer = ebs.get_snapshot_block(SnapshotId=snapshot, BlockIndex=block["BlockIndex"], BlockToken=block["BlockToken"])
        found[block["BlockIndex"]] = answer["BlockData"].read()
    return size, found


def test_disks_come_through_whole(cloud, tmp_path):
    if not shutil.which("qemu-img"):
        pytest.skip("NOT RUN: qemu-img is not installed")
    raw, packed = disk(tmp_path / "disk.img"), tmp_path / "packed.qcow2"
    subprocess.run(["qemu-img", "convert", "-c", "-O", "qcow2", raw, packed], check=True)
    expected = raw.read_bytes()
    for file in (raw, packed):
        made = imported(cloud, file)
        assert (made["BootMode"], made["Size"]) == ("legacy-bios", 1)
        assert image_of(cloud, made)["BootMode"] == "legacy-bios"
        size, found = blocks_of(cloud, made["SnapshotId"])
        assert sorted(found) == [0, 40]
        for index, data in found.items():
            assert data == expected[index * size:(index + 1) * size]


def test_hostile_images_are_refused_and_leave_nothing(cloud, tmp_path):
    before = len(cloud.aws("ec2", "describe-snapshots", "--owner-ids", "self")["Snapshots"])
    header = bytearray(4 << 16)
    header[:8] = b"QFI\xfb\x00\x00\x00\x03"
    for at, size, value in [(20, 4, 16), (24, 8, 1 << 30), (36, 4, 2), (40, 8, 1 << 16), (96, 4, 4), (100, 4, 104)]:
        header[at:at + size] = value.to_bytes(size, "big")
    cases = {
        "backing file": [(8, 8, 200), (16, 4, 11)],
        "first table": [(36, 4, 0)],
        "isn't in the file": [(40, 8, 1 << 40)],
        "another file": [(72, 8, 4)],
        "encrypted": [(32, 4, 2)],
        "64 TiB": [(24, 8, (1 << 64) - 1)],
    }
    for expected, changes in cases.items():
        image = bytearray(header)
        image[200:211] = b"/etc/shadow"
        for at, size, value in changes:
            image[at:at + size] = value.to_bytes(size, "big")
        path = tmp_path / "hostile.qcow2"
        path.write_bytes(image)
        assert expected in refused(cloud, path), expected

    climbing = tmp_path / "climbing.tar"
    with tarfile.open(climbing, "w") as tar:
        member = tarfile.TarInfo("../../outside")
        tar.addfile(member)
    assert "leads out" in refused(cloud, climbing)
    device = tmp_path / "device"
    (device / "bin").mkdir(parents=True)
    (device / "bin/sh").write_text("")
    os.mknod(device / "sda", stat.S_IFBLK | 0o600, os.makedev(8, 0))
    assert "/sda is a device of a host" in refused(cloud, device)
    (tmp_path / "text").write_text("hello")
    assert "neither a partition table" in refused(cloud, tmp_path / "text")
    assert len(cloud.aws("ec2", "describe-snapshots", "--owner-ids", "self")["Snapshots"]) == before
