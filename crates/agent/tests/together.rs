//! Everything together on a host of its own: images, containers and a real VPC between them.

mod support;

use agent::{
    Config, LocalHost,
    image::ImageLimits,
    net::{NetWorld, Settings},
    network::Network as _,
};
use agent_proto::{Desired, Host, Observed, network::*, workload};
use model::Env;
use netns::Namespace;
use serde_json::json;
use std::{net::Ipv4Addr, path::Path, sync::Arc, time::Duration};
use support::{
    MemoryBlobs,
    real::Machine,
    workload::{can_run, image, sh, workload},
};

/// 10.0.0.0/16 with the interfaces `eni-web` (.10) and `eni-client` (.11) of the workloads `web` and `client`.
fn vpc() -> Vpc {
    let cidr = |a, b, c, prefix| Cidr { address: Ipv4Addr::new(a, b, c, 0), prefix };
    let everyone = Peer::Cidr(cidr(0, 0, 0, 0).into());
    let rule = |protocol| vec![Rule { id: None, protocol, peer: everyone.clone() }];
    let interface = |name: &str, last| Interface {
        id: format!("eni-{name}"),
        subnet: "subnet-1".into(),
        address: Ipv4Addr::new(10, 0, 1, last),
        public_address: None,
        secondary: vec![],
        ipv6: vec![],
        source_dest_check: true,
        mac: format!("02:00:00:00:00:{last:02x}"),
        groups: vec!["sg-1".into()],
        attachment: Attachment::Workload(name.into()),
    };
    Vpc {
        subnets: vec![Subnet::new("subnet-1", cidr(10, 0, 1, 24))],
        interfaces: vec![interface("web", 10), interface("client", 11)],
        groups: vec![SecurityGroup { id: "sg-1".into(), ingress: rule(Protocol::Tcp(80, 80)), egress: rule(Protocol::All) }],
        ..Vpc::new("vpc-1", cidr(10, 0, 0, 16))
    }
}

fn in_vpc(name: &str, container: workload::Container) -> workload::Workload {
    let network = workload::Network::Interface { vpc: "vpc-1".into(), interface: format!("eni-{name}") };
    let container = workload::Container { stop_timeout: Duration::ZERO, ..container };
    workload::Workload { network, ..workload(name, vec![container]) }
}

async fn until(host: &LocalHost, so: impl Fn(&Observed) -> bool) {
    let mut observed = host.observed();
    let seen = tokio::time::timeout(Duration::from_secs(60), observed.wait_for(|observed| so(observed))).await.is_ok();
    assert!(seen, "{:?}", host.observed().borrow());
}

fn network(folder: &Path, tag: &str) -> NetWorld {
    let host = Namespace::open(&folder.join("host")).unwrap();
    NetWorld::on(host, Settings { runtime: folder.join("run"), tag: tag.into(), domain: Some("ec2.internal".into()) })
}

#[tokio::test]
async fn containers_meet_in_a_vpc_and_leave_nothing() {
    if !can_run("containers_meet_in_a_vpc_and_leave_nothing") {
        return;
    }
    let machine = Machine::new();
    let folder = machine.folder.path();
    Namespace::create(&folder.join("host")).unwrap();
    let tag = Env::system().hex(8);
    let world = network(folder, &tag);
    if let Some(lacking) = world.missing().into_iter().find(|missing| missing.fatal) {
        eprintln!("SKIPPED containers_meet_in_a_vpc_and_leave_nothing: {lacking:?}");
        Namespace::remove(&folder.join("host")).unwrap();
        return;
    }
    let mut blobs = MemoryBlobs::default();
    let image = image(&mut blobs, json!({}));
    let places = machine.places();
    let config = Config {
        data_dir: places.data,
        runtime_dir: places.runtime,
        tag: places.tag,
        env: Env::system(),
        exe: places.program,
        block_store: machine.folder.path().join("blocks"),
        limits: ImageLimits::default(),
        output_bytes: 1 << 20,
    };
    let host = LocalHost::new(config, Arc::new(blobs), Arc::new(world)).await.unwrap();
    let server = sh("main", &image, "mkdir /www; echo it works >/www/index.html; exec busybox httpd -f -p 80 -h /www");
    let client = sh(
        "main",
        &image,
        "hostname; grep $(hostname) /etc/hosts; grep nameserver /etc/resolv.conf
         until busybox wget -q -O - http://10.0.1.10/ 2>/dev/null; do sleep 0.05; done",
    );
    let desired = |workloads| Desired { networks: vec![vpc()], workloads, ..Desired::default() };
    host.apply(desired(vec![in_vpc("web", server.clone()), in_vpc("client", client)])).await.unwrap();
    until(&host, |seen| seen.workloads.get("client").is_some_and(|status| status.cleaned)).await;
    let chunk = host.read_log("client", "main", workload::LogPosition(0)).await.unwrap();
    let lines: Vec<&str> = chunk.lines.iter().map(|line| &*line.text).collect();
    assert_eq!(lines[0], "ip-10-0-1-11.ec2.internal");
    assert_eq!(lines[1..], ["10.0.1.11 ip-10-0-1-11.ec2.internal", "nameserver 10.0.0.2", "it works"]);

    // The server's shim was started while the client's namespace was there; it must not hold it alive.
    host.apply(desired(vec![in_vpc("web", server)])).await.unwrap();
    until(&host, |seen| !seen.workloads.contains_key("client") && seen.workloads.contains_key("web")).await;
    host.teardown().await.unwrap();
    Namespace::remove(&folder.join("host")).unwrap();
    assert_eq!(machine.traces(), Vec::<String>::new());
}
