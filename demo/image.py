#!/usr/bin/env python3
"""Makes the demo's container image, an OCI image layout, out of Debian's (or Ubuntu's) packages.

It holds nginx, the shared libraries that nginx needs, a static busybox for a shell, and the page beside this file: about
30 MB, and no network is needed but the distribution's own mirror. Nothing is installed on the machine.

    demo/image.py OUT_DIR

Does nothing if OUT_DIR already holds the image that these inputs make.
"""
import gzip
import hashlib
import io
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
PAGE = HERE / "page"
ARCHITECTURES = {"amd64": "amd64", "arm64": "arm64"}
# Trees of the packages that a server has no use for.
LEFT_OUT = re.compile(r"^\./(usr/share/(doc|man|locale|lintian|bug|vim)|etc/(init\.d|logrotate\.d|ufw)|lib/systemd|usr/lib/systemd)(/|$)")


def run(*command, cwd=None):
    """The standard output of a command; its failure ends the program with the command's own words."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} failed:\n{done.stderr.strip()}")
    return done.stdout


def packages():
    """nginx, its configuration, busybox, and every library that nginx depends on, however far."""
    listing = run(
        "apt-cache", "depends", "--recurse", "--important", "--no-pre-depends", "nginx",
    )
    depends, current = {}, None
    for line in listing.splitlines():
        if not line.startswith((" ", "|")):
            current = depends.setdefault(line.strip(), [])
        elif current is not None and "Depends:" in line:
            current.append(line.split("Depends:", 1)[1].strip())
    library = re.compile(r"^(lib|zlib|gcc-\d+-base)")
    found, queue = [], ["nginx"]
    while queue:
        name = queue.pop()
        if name in found or name.startswith("<"):
            continue
        found.append(name)
        queue += [d for d in depends.get(name, []) if library.match(d)]
    return sorted(set(found) | {"nginx-common", "busybox-static"})


def root_file_system(root, names, scratch):
    """Unpacks the packages below `root` and adds what a container needs besides."""
    # apt downloads as its own user where it can; a folder that user may write saves a warning.
    os.chmod(scratch, 0o777)
    run("apt-get", "download", "-qq", *names, cwd=scratch)
    for package in sorted(scratch.glob("*.deb")):
        run("dpkg-deb", "--extract", str(package), str(root))
    busybox = next(p for p in (root / "bin/busybox", root / "usr/bin/busybox") if p.exists())
    shell_folder = root / "bin"
    shell_folder.mkdir(exist_ok=True)
    for applet in ("sh", "cat", "echo", "ls", "ps", "wget", "sleep", "nslookup", "ip", "id", "hostname", "env", "kill", "nc"):
        link = shell_folder / applet
        if not link.exists() and not link.is_symlink():
            link.symlink_to(os.path.relpath(busybox, shell_folder))
    for folder in ("tmp", "run", "proc", "sys", "dev", "var/lib/nginx", "var/log/nginx", "usr/share/page", "root"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    os.chmod(root / "tmp", 0o1777)
    (root / "etc/passwd").write_text(
        "root:x:0:0:root:/root:/bin/sh\nwww-data:x:33:33:www-data:/var/www:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n")
    (root / "etc/group").write_text("root:x:0:\nwww-data:x:33:\nnogroup:x:65534:\n")
    shutil.copy(PAGE / "nginx.conf", root / "etc/nginx/nginx.conf")
    shutil.copy(PAGE / "index.html", root / "usr/share/page/index.html")


def layer(root):
    """The tree as a tar archive that is the same for the same tree."""
    def member(info):
        if LEFT_OUT.match(info.name):
            return None
        info.mtime, info.uid, info.gid, info.uname, info.gname = 0, 0, 0, "", ""
        return info

    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path in sorted(root.iterdir()):
            archive.add(path, f"./{path.name}", filter=member)
    return raw.getvalue()


class Layout:
    """An OCI image layout on disk (OCI image specification, "Image Layout Specification")."""

    def __init__(self, folder):
        self.folder = folder
        (folder / "blobs/sha256").mkdir(parents=True)

    def blob(self, data, media_type):
        digest = hashlib.sha256(data).hexdigest()
        (self.folder / "blobs/sha256" / digest).write_bytes(data)
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(data)}

    def json(self, value, media_type):
        return self.blob(json.dumps(value, sort_keys=True).encode(), media_type)

    def finish(self, manifest, tag):
        manifest["annotations"] = {"org.opencontainers.image.ref.name": tag}
        (self.folder / "oci-layout").write_text(json.dumps({"imageLayoutVersion": "1.0.0"}))
        (self.folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [manifest]}))


def build(out):
    names = packages()
    inputs = hashlib.sha256()
    for path in sorted([*PAGE.iterdir(), pathlib.Path(__file__)]):
        inputs.update(path.read_bytes())
    inputs.update(run("apt-cache", "policy", *names).encode())
    stamp = out / ".inputs"
    if stamp.exists() and stamp.read_text() == inputs.hexdigest():
        return
    print(f"    downloading and unpacking {len(names)} packages", flush=True)
    with tempfile.TemporaryDirectory() as scratch_name:
        scratch = pathlib.Path(scratch_name)
        root, debs, made = scratch / "root", scratch / "debs", scratch / "layout"
        root.mkdir()
        debs.mkdir()
        os.chmod(scratch, 0o755)
        root_file_system(root, names, debs)
        archive = layer(root)
        layout = Layout(made)
        compressed = gzip.compress(archive, compresslevel=6, mtime=0)
        layers = [layout.blob(compressed, "application/vnd.oci.image.layer.v1.tar+gzip")]
        architecture = run("dpkg", "--print-architecture").strip()
        config = {
            "architecture": ARCHITECTURES.get(architecture, architecture),
            "os": "linux",
            "config": {
                "Cmd": ["nginx", "-c", "/etc/nginx/nginx.conf"],
                "Env": ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"],
                "ExposedPorts": {"80/tcp": {}},
                "StopSignal": "SIGQUIT",
            },
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(archive).hexdigest()}"]},
        }
        manifest = {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": layout.json(config, "application/vnd.oci.image.config.v1+json"),
            "layers": layers,
        }
        layout.finish(layout.json(manifest, "application/vnd.oci.image.manifest.v1+json"), "latest")
        (made / ".inputs").write_text(inputs.hexdigest())
        if out.exists():
            shutil.rmtree(out)
        out.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(str(made), out)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    build(pathlib.Path(sys.argv[1]))
