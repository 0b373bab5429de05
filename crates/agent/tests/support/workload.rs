//! Workloads as tests write them, and real images made of a static busybox.
#![allow(dead_code, missing_docs)]

use super::{Layer, MemoryBlobs, Packing};
use agent_proto::workload::{Container, Image, ImageSource, Limits, Network, Workload};
use std::{path::Path, time::Duration};

/// A static busybox, as Debian's package `busybox-static` has it.
pub const BUSYBOX: &str = "/bin/busybox";

/// Whether real containers can be tried here; says loudly if not.
pub fn can_run(test: &str) -> bool {
    let busybox = Path::new(BUSYBOX).exists();
    if !busybox {
        eprintln!("SKIPPED {test}: it needs {BUSYBOX} (Debian package busybox-static)");
    }
    super::is_root(test) && busybox
}

/// The layers of a tiny root file system.
pub fn busybox_layer() -> Vec<u8> {
    let applets = [
        "sh", "true", "false", "sleep", "cat", "ls", "id", "env", "pwd", "hostname", "mount", "touch", "seq", "dd", "yes",
        "head", "ps", "kill", "mknod", "mkdir", "chmod", "grep", "tail", "echo", "ulimit", "stat", "tr", "readlink", "unshare",
        "tty", "wc", "date", "sed", "wget",
    ];
    let mut layer = Layer::new()
        .folder("bin/", 0o755)
        .folder("etc/", 0o755)
        .folder("tmp/", 0o1777)
        .file("etc/passwd", b"root:x:0:0:root:/root:/bin/sh\nweb:x:33:34:web:/srv:/bin/sh\n")
        .file("etc/group", b"root:x:0:\nweb:x:34:\nextra:x:77:web\n")
        .program("bin/busybox", &std::fs::read(BUSYBOX).unwrap());
    for applet in applets {
        layer = layer.hard_link(&format!("bin/{applet}"), "bin/busybox");
    }
    layer.tar()
}

/// An image of busybox with this command.
pub fn image(blobs: &mut MemoryBlobs, config: serde_json::Value) -> Image {
    let digest = blobs.image(&[(Packing::Plain, busybox_layer())], config);
    registry(&digest.to_string())
}

pub fn registry(digest: &str) -> Image {
    let source = ImageSource::Registry { namespace: "test".into(), digest: digest.into() };
    Image { reference: digest.into(), source }
}

pub fn remote(reference: &str) -> Image {
    Image { reference: reference.into(), source: ImageSource::Remote { credentials: None } }
}

pub fn container(name: &str, image: Image) -> Container {
    Container {
        name: name.into(),
        image,
        entry_point: None,
        command: None,
        environment: Default::default(),
        working_directory: None,
        user: None,
        hostname: None,
        essential: true,
        depends_on: vec![],
        health_check: None,
        start_timeout: None,
        stop_timeout: Duration::from_secs(30),
        limits: Limits::default(),
        ulimits: vec![],
        read_only_root: false,
        privileged: false,
        add_capabilities: vec![],
        drop_capabilities: vec![],
        init: false,
        interactive: false,
        pseudo_terminal: false,
        mounts: vec![],
        tmpfs: vec![],
        shared_memory_mib: None,
        sysctls: Default::default(),
        extra_hosts: vec![],
        dns_servers: vec![],
        dns_search: vec![],
        ports: vec![],
        keep_output: true,
    }
}

pub fn sh(name: &str, image: &Image, script: &str) -> Container {
    let command = ["/bin/sh", "-c", script].map(str::to_owned).to_vec();
    Container { entry_point: Some(vec![]), command: Some(command), ..container(name, image.clone()) }
}

pub fn workload(id: &str, containers: Vec<Container>) -> Workload {
    Workload {
        id: id.into(),
        label: id.into(),
        run: true,
        network: Network::None,
        containers,
        volumes: vec![],
        limits: Limits::default(),
    }
}
