//! A machine as it really is: a volume that begins as the quick start image's snapshot, interfaces in a VPC, a system container, and an agent
//! that dies in between.

mod support;

use agent::{
    Config, LocalHost,
    image::ImageLimits,
    net::{NetWorld, Settings},
    network::Network as _,
};
use agent_proto::{Desired, Host, Observed, machine, machine::*, network::*, volume::*};
use model::Env;
use netns::Namespace;
use std::{
    fs::File,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    sync::Arc,
    time::Duration,
};
use support::{
    MemoryBlobs,
    machine::{disk, volume},
    real,
};
use tokio::io::AsyncReadExt;

const TEST: &str = "a_machine_with_a_volume_and_two_interfaces_outlives_the_agent";

/// 10.0.0.0/16 with two interfaces of the machine (.10 and .20), and a load balancer's (.99), from which they are tried.
fn vpc() -> Vpc {
    let cidr = |a, b, c, prefix| Cidr { address: Ipv4Addr::new(a, b, c, 0), prefix };
    let rule = |protocol| vec![Rule { id: None, protocol, peer: Peer::Cidr(cidr(0, 0, 0, 0).into()) }];
    let interface = |id: &str, last, attachment| network_interface(id, last, attachment);
    let machine = Attachment::Machine("i-1".into());
    Vpc {
        subnets: vec![Subnet::new("subnet-1", cidr(10, 0, 1, 24))],
        interfaces: vec![
            interface("eni-0", 10, machine.clone()),
            interface("eni-1", 20, machine),
            interface("eni-lb", 99, Attachment::Edge),
        ],
        groups: vec![SecurityGroup { id: "sg-1".into(), ingress: rule(Protocol::Tcp(22, 22)), egress: rule(Protocol::All) }],
        ..Vpc::new("vpc-1", cidr(10, 0, 0, 16))
    }
}

fn network_interface(id: &str, last: u8, attachment: Attachment) -> agent_proto::network::Interface {
    agent_proto::network::Interface {
        id: id.into(),
        subnet: "subnet-1".into(),
        address: Ipv4Addr::new(10, 0, 1, last),
        public_address: None,
        secondary: vec![],
        ipv6: vec![],
        source_dest_check: true,
        mac: format!("02:00:00:00:00:{last:02x}"),
        groups: vec!["sg-1".into()],
        attachment,
    }
}

/// The host's folders, and a namespace in the host's own place.
struct Site {
    machine: real::Machine,
    tag: String,
}

impl Site {
    fn network(&self) -> NetWorld {
        let host = Namespace::open(&self.machine.folder.path().join("host")).unwrap();
        let runtime = self.machine.places().runtime;
        NetWorld::on(host, Settings { runtime, tag: self.tag.clone(), domain: Some("ec2.internal".into()) })
    }

    async fn boot(&self) -> Arc<LocalHost> {
        let places = self.machine.places();
        let config = Config {
            data_dir: places.data,
            runtime_dir: places.runtime,
            tag: places.tag,
            env: Env::system(),
            exe: places.program,
            block_store: self.store(),
            limits: ImageLimits::default(),
            output_bytes: 1 << 20,
        };
        LocalHost::new(config, Arc::new(MemoryBlobs::default()), Arc::new(self.network())).await.unwrap()
    }

    fn store(&self) -> std::path::PathBuf {
        self.machine.folder.path().join("blocks")
    }

    /// Makes the quick start image and the snapshot `snap-1` of it.
    fn make_snapshot(&self) {
        let folder = self.machine.folder.path();
        machine_init::quick_start::build(folder, &folder.join("image"), 1 << 30).unwrap();
        let store = blocks::BlockStore::open(&self.store()).unwrap();
        blocks::import(&store, "snap-1", &File::open(folder.join("image")).unwrap(), None).unwrap();
    }

    /// What a machine's SSH server says first, asked at that address.
    async fn banner(&self, last: u8) -> String {
        let router = Namespace::open(&self.network().router_path("vpc-1")).unwrap();
        let source = SocketAddr::from((Ipv4Addr::new(10, 0, 1, 99), 0));
        let try_once = async || {
            let socket = tokio::net::TcpSocket::from_std_stream(router.tcp_socket_bound(source).unwrap());
            let mut stream = socket.connect(SocketAddr::from((Ipv4Addr::new(10, 0, 1, last), 22))).await?;
            let mut start = [0; 8];
            stream.read_exact(&mut start).await.map(|_| String::from_utf8_lossy(&start).into_owned())
        };
        let patient = async {
            loop {
                match tokio::time::timeout(Duration::from_secs(5), try_once()).await {
                    Ok(Ok(banner)) => return banner,
                    // It isn't listening yet.
                    _ => tokio::time::sleep(Duration::from_millis(20)).await,
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(30), patient).await.expect("an answer")
    }
}

async fn until(host: &LocalHost, what: &str, so: impl Fn(&Observed) -> bool) -> Arc<Observed> {
    let mut observed = host.observed();
    let seen = tokio::time::timeout(Duration::from_secs(60), observed.wait_for(|observed| so(observed))).await.is_ok();
    let last = host.observed().borrow().clone();
    assert!(seen, "never seen: {what}; last: {last:?}");
    last
}

fn is_running(observed: &Observed, boot: u32) -> bool {
    let status = observed.machines.get("i-1");
    status.is_some_and(|it| it.boot == boot && it.reachable && matches!(it.state, MachineState::Running { .. }))
}

fn is_off(observed: &Observed) -> bool {
    observed.machines.get("i-1").is_some_and(|it| matches!(it.state, MachineState::Off { .. }))
}

fn desired() -> Desired {
    let second = machine::Interface { device: 1, interface: "eni-1".into() };
    let mut machine = support::machine::machine("i-1");
    machine.interfaces.push(second);
    machine.disks.push(Disk { device: "/dev/sdb".into(), backing: Backing::InstanceStore(1), root: false });
    let source = Some(Source { snapshot: "snap-1".into(), key: None });
    let root = Volume { source, limits: IoLimits::default(), ..volume("vol-root") };
    Desired { networks: vec![vpc()], machines: vec![machine], volumes: vec![root, volume("vol-data")], ..Desired::default() }
}

fn can_run() -> bool {
    let devices = Path::new("/dev/fuse").exists() && Path::new("/dev/loop-control").exists();
    if !devices {
        eprintln!("SKIPPED {TEST}: it needs /dev/fuse and /dev/loop-control");
    }
    support::is_root(TEST) && devices
}

#[tokio::test]
async fn a_machine_with_a_volume_and_two_interfaces_outlives_the_agent() {
    if !can_run() {
        return;
    }
    let site = Site { machine: real::Machine::new(), tag: Env::system().hex(8) };
    Namespace::create(&site.machine.folder.path().join("host")).unwrap();
    if let Some(lacking) = site.network().missing().into_iter().find(|missing| missing.fatal) {
        eprintln!("SKIPPED {TEST}: {lacking:?}");
        return;
    }
    site.make_snapshot();
    let mut wanted = desired();

    let host = site.boot().await;
    host.apply(wanted.clone()).await.unwrap();
    let before = until(&host, "running", |seen| is_running(seen, 1)).await;
    assert_eq!(before.machines["i-1"].disks.len(), 2);
    assert_eq!(site.banner(10).await, "SSH-2.0-");
    assert_eq!(site.banner(20).await, "SSH-2.0-", "what comes in by the second interface is answered by it");

    // The agent dies; the machine and its volumes don't notice, and get another disk from the next one.
    host.leave();
    assert_eq!(site.banner(10).await, "SSH-2.0-");
    let host = site.boot().await;
    wanted.machines[0].disks.push(disk("/dev/sdf", "vol-data"));
    host.apply(wanted.clone()).await.unwrap();
    let after = until(&host, "a third disk", |seen| seen.machines["i-1"].disks.len() == 3).await;
    assert_eq!(after.machines["i-1"].state, before.machines["i-1"].state, "it is the same boot");
    assert!(after.volumes["vol-data"].used_by.contains("i-1"));

    // An interface is taken out, and a snapshot is made of what runs.
    wanted.machines[0].interfaces.pop();
    wanted.volumes[0].snapshots.insert("snap-2".into(), None);
    host.apply(wanted.clone()).await.unwrap();
    let stored =
        |seen: &Observed| matches!(seen.volumes["vol-root"].snapshots.get("snap-2"), Some(SnapshotStatus::Completed { .. }));
    until(&host, "a snapshot", |seen| stored(seen) && seen.machines["i-1"].interfaces.len() == 1).await;

    wanted.machines[0].power = Power::Off { boot: 1, how: Halt::Ask };
    host.apply(wanted.clone()).await.unwrap();
    let off = until(&host, "off", is_off).await;
    assert!(matches!(off.machines["i-1"].state, MachineState::Off { cause: OffCause::Told, .. }), "{off:?}");
    until(&host, "closed", |seen| seen.volumes.values().all(|volume| volume.used_by.is_empty())).await;
    wanted.machines[0].power = Power::On { boot: 2 };
    host.apply(wanted.clone()).await.unwrap();
    until(&host, "running again", |seen| is_running(seen, 2)).await;
    assert_eq!(site.banner(10).await, "SSH-2.0-");
    assert!(!host.console("i-1").await.unwrap().is_empty());

    host.teardown().await.unwrap();
    Namespace::remove(&site.machine.folder.path().join("host")).unwrap();
    assert_eq!(site.machine.traces(), Vec::<String>::new());
}
