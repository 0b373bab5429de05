//! Inside real network namespaces. Needs root; skipped aloud without.

use crate::support::*;
use agent_proto::{
    edge::{Edge, Lease, Table, TargetHealth, Zone},
    network::{ROUTER_ADDRESS, ROUTER_MAC},
};
use edge::{Config, Link, Networks};
use model::Env;
use netns::Namespace;
use std::{
    collections::BTreeMap,
    io::{Read, Write},
    net::{Ipv6Addr, SocketAddrV6, UdpSocket},
    path::Path,
    process::Command,
    time::Duration,
};

/// A namespace that is removed at the end of the test.
struct Network {
    path: std::path::PathBuf,
    namespace: Namespace,
}

impl Network {
    fn make(path: &Path) -> Result<Self, netns::Error> {
        let namespace = Namespace::create(path)?;
        let up = namespace.run(|| Command::new("ip").args(["link", "set", "lo", "up"]).status())?;
        assert!(up.unwrap().success());
        Ok(Self { path: path.to_owned(), namespace })
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        let _ = Namespace::remove(&self.path);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_happens_inside_the_vpc() {
    if !nix::unistd::geteuid().is_root() {
        eprintln!("SKIPPED: network namespaces need root");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run/netns").join(VPC);
    let config = Config {
        runtime: folder.path().join("run"),
        data: folder.path().join("data"),
        networks: Networks::Namespaces(folder.path().join("run/netns")),
    };
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = tokio::spawn(edge::run(config, Env::system(), async { drop(stopped.await) }));
    let link = Link::start(link_config(folder.path(), "/nonexistent".as_ref()), Env::system());

    let target_address = address();
    let mut table = table(vec![target(target_address)]);
    table.group().health_check.enabled = true;
    // The first check counts: that there was no network before is not held against the target.
    table.group().health_check.interval = std::time::Duration::from_secs(3600);
    table.zones.insert(VPC.into(), Zone { servers: vec![address()], ..Zone::default() });
    link.apply(table.clone()).await.unwrap();
    // The VPC isn't there yet.
    let mut report = link.report();
    report.wait_for(|report| report.listener_faults.contains_key(LISTENER)).await.unwrap();

    for round in 0..2 {
        // The second time it is another network at the same path.
        let network = match Network::make(&path) {
            Ok(network) => network,
            Err(netns::Error::Denied(_)) => return eprintln!("SKIPPED: this machine allows no network namespaces"),
            Err(error) => panic!("{error}"),
        };
        let listener = network.namespace.tcp_listen((target_address, PORT).into()).unwrap();
        let backend = tokio::net::TcpListener::from_std(listener).unwrap();
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = backend.accept().await {
                tokio::spawn(answer_all(stream, |_| ("200 OK".into(), "inside".into())));
            }
        });
        report.wait_for(|report| report.listener_faults.is_empty()).await.unwrap();
        let at = table.at();
        let asked = tokio::task::block_in_place(|| network.namespace.run(|| ask_inside(at)).unwrap());
        assert_eq!(body(&asked), "inside", "round {round}");
        report.wait_for(|report| report.targets[GROUP][0].health == TargetHealth::Healthy).await.unwrap();
        assert!(tokio::net::TcpStream::connect(at).await.is_err(), "nobody listens outside");
        serving.abort();
        drop(network);
        report.wait_for(|report| report.listener_faults.contains_key(LISTENER)).await.unwrap();
    }
    drop(stop);
    running.await.unwrap().unwrap();
}

/// Waits until somebody listens, and asks.
fn ask_inside(at: std::net::SocketAddr) -> String {
    for _ in 0..3000 {
        if let Ok(mut stream) = std::net::TcpStream::connect(at) {
            stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            return answer;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("nobody listens at {at}");
}

/// Runs `ip` in a network, and gives what it says.
fn ip(network: &Network, arguments: &str) -> String {
    let said = network.namespace.run(|| Command::new("ip").args(arguments.split(' ')).output()).unwrap().unwrap();
    assert!(said.status.success(), "{arguments}: {}", String::from_utf8_lossy(&said.stderr));
    String::from_utf8_lossy(&said.stdout).into_owned()
}

/// A system of its own on a link of the VPC's: its kernel hears of the router, and a client of DHCPv6 learns its address.
#[tokio::test(flavor = "multi_thread")]
async fn a_system_of_its_own_learns_its_address_of_ipv6() {
    if !nix::unistd::geteuid().is_root() {
        return eprintln!("SKIPPED: network namespaces need root");
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run/netns").join(VPC);
    let (vpc, host) = match (Network::make(&path), Network::make(&folder.path().join("run/netns/host"))) {
        (Ok(vpc), Ok(host)) => (vpc, host),
        (Err(netns::Error::Denied(_)), _) => return eprintln!("SKIPPED: this machine allows no network namespaces"),
        (one, other) => panic!("{:?} {:?}", one.err(), other.err()),
    };
    let config = Config {
        runtime: folder.path().join("run"),
        data: folder.path().join("data"),
        networks: Networks::Namespaces(folder.path().join("run/netns")),
    };
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = tokio::spawn(edge::run(config, Env::system(), async { drop(stopped.await) }));
    let link = Link::start(link_config(folder.path(), "/nonexistent".as_ref()), Env::system());
    let own: Ipv6Addr = "2001:db8::7".parse().unwrap();
    let lease = Lease {
        address: [10, 0, 0, 7].into(),
        prefix: 24,
        gateway: [10, 0, 0, 1].into(),
        name_servers: Vec::new(),
        domain: None,
        host_name: "ip-10-0-0-7".into(),
        ntp_servers: Vec::new(),
        mtu: 1400,
        ipv6: vec![own],
    };
    let leases = BTreeMap::from([(VPC.into(), BTreeMap::from([("02:00:00:00:00:07".into(), lease)]))]);
    link.apply(Table { leases, ..Table::default() }).await.unwrap();
    let router = ROUTER_MAC.map(|byte| format!("{byte:02x}")).join(":");
    ip(&vpc, &format!("link add port address {router} type veth peer name eth0 address 02:00:00:00:00:07"));
    ip(&vpc, &format!("link set eth0 netns {}", host.path.display()));
    ip(&vpc, "link set port up");
    ip(&host, "link set eth0 up");
    // Its kernel asks for routers by itself, a few times.
    let learnt = async {
        while !ip(&host, "-6 route show default").contains(&format!("default via {ROUTER_ADDRESS} dev eth0 proto ra")) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, learnt).await.expect("no router was heard of");
    let mtu = host.namespace.run(|| std::fs::read_to_string("/proc/sys/net/ipv6/conf/eth0/mtu")).unwrap();
    assert_eq!(mtu.unwrap().trim(), "1400");
    let answer = tokio::task::block_in_place(|| host.namespace.run(solicit).unwrap());
    assert_eq!(answer[0], 2, "it is an advertisement of a server");
    assert!(answer.windows(16).any(|part| part == own.octets()), "with its address");
    drop(stop);
    running.await.unwrap().unwrap();
}

/// Asks all servers of DHCPv6, as who has nothing yet, until one answers.
fn solicit() -> Vec<u8> {
    let eth0 = std::fs::read_to_string("/proc/thread-self/net/if_inet6").unwrap();
    let index = eth0.lines().find(|line| line.ends_with("eth0")).and_then(|line| line.split(' ').nth(1)).unwrap();
    let index = u32::from_str_radix(index, 16).unwrap();
    let socket = UdpSocket::bind("[::]:546").unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    let everybody: Ipv6Addr = "ff02::1:2".parse().unwrap();
    // A client's identifier, and something that wants an address.
    let message = [&[1, 7, 8, 9, 0, 1, 0, 4, 0, 4, 1, 2, 0, 3, 0, 12, 0, 0, 0, 1][..], &[0; 8]].concat();
    let mut buffer = [0; 1500];
    for _ in 0..30 {
        socket.send_to(&message, SocketAddrV6::new(everybody, 547, 0, index)).unwrap();
        if let Ok((count, _)) = socket.recv_from(&mut buffer) {
            return buffer[..count].to_vec();
        }
    }
    panic!("nobody answers")
}
