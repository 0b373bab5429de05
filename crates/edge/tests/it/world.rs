//! The edge in the real network world: routers, packet filters, security groups, public addresses. Needs root; skipped aloud without.

#[allow(dead_code, reason = "the network's tests use the rest of it")]
#[path = "../../../agent/tests/network/lab.rs"]
mod lab;

use crate::support::{self, GROUP, LISTENER, PORT, answer_all, body, field, link_config, table};
use agent_proto::{
    edge::{Edge, TargetHealth, Zone},
    network::Vpc,
};
use edge::{Config, Link, Networks};
use lab::{Lab, Words};
use model::Env;
use netns::Namespace;
use std::{
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, UdpSocket},
};

const VPC: &str = "vpc-world";
const NAME_SERVERS: [Ipv4Addr; 2] = [Ipv4Addr::new(10, 0, 0, 2), Ipv4Addr::new(169, 254, 169, 253)];
const BALANCER: Ipv4Addr = Ipv4Addr::new(10, 0, 1, 20);
const APPLICATION: Ipv4Addr = Ipv4Addr::new(10, 0, 1, 10);
const PUBLIC: Ipv4Addr = Ipv4Addr::new(198, 18, 0, 1);

/// An application that only members of the balancer's group may reach.
fn vpc() -> Vpc {
    lab::vpc(VPC)
        .group("sg-lb", &[(lab::tcp(PORT), "0.0.0.0/0")])
        .group("sg-app", &[(lab::tcp(PORT), "sg-lb")])
        .group("sg-client", &[])
        .with("app", 10, &["sg-app"])
        .with("client", 11, &["sg-client"])
        .with_edge("lb", 20, &["sg-lb"])
        .public(1)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_balancer_is_the_only_way_to_the_application() {
    let Some(lab) = Lab::new("edge") else { return };
    let folder = tempfile::tempdir().unwrap();
    let namespaces = lab::folder_of(&lab);
    let config = Config {
        runtime: folder.path().join("run"),
        data: folder.path().join("data"),
        networks: Networks::Namespaces(namespaces),
    };
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = tokio::spawn(edge::run(config, Env::system(), async { drop(stopped.await) }));
    let link = Link::start(link_config(folder.path(), "/nonexistent".as_ref()), Env::system());

    // The table comes first, as it may: the network is made while the edge waits for it.
    let mut table = table(vec![support::target(APPLICATION)]);
    let balancer = table.balancers.values_mut().next().unwrap();
    balancer.addresses = vec![BALANCER];
    balancer.vpc = VPC.into();
    let name = balancer.dns_name.clone();
    let group = table.target_groups.get_mut(GROUP).unwrap();
    group.vpc = VPC.into();
    group.health_check.enabled = true;
    table.zones.insert(VPC.into(), Zone { servers: NAME_SERVERS.into(), ..Zone::default() });
    link.apply(table).await.unwrap();
    assert!(link.report().borrow().listener_faults.contains_key(LISTENER));

    let vpc = vpc();
    lab.ensure(&[&vpc]).await;
    let (application, client) = (lab.join(&vpc, "app").await, lab.join(&vpc, "client").await);
    let _serving = serve(&application);
    let mut report = link.report();
    let healthy =
        report.wait_for(|report| report.listener_faults.is_empty() && report.targets[GROUP][0].health == TargetHealth::Healthy);
    tokio::time::timeout(support::PATIENCE, healthy).await.expect("it becomes healthy").unwrap();

    assert!(lab::is_silent(&client, (APPLICATION, PORT)), "nobody but the balancer reaches the application");
    let seen = ask(&client, (BALANCER, PORT).into());
    assert_eq!(field(body(&seen), "x-forwarded-for"), Some("10.0.1.11"), "{seen}");
    let seen = ask(&lab.host(), (PUBLIC, PORT).into());
    assert_eq!(field(body(&seen), "x-forwarded-for"), Some("198.19.255.254"), "{seen}");
    for server in NAME_SERVERS {
        assert!(resolve(&client, server, &name).ends_with(&BALANCER.octets()), "{server} knows the balancer");
    }
    drop(stop);
    running.await.unwrap().unwrap();
}

/// Answers with what was asked.
fn serve(application: &Namespace) -> tokio::task::JoinHandle<()> {
    let listener = tokio::net::TcpListener::from_std(application.tcp_listen(lab::any(PORT)).unwrap()).unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let answer = |request: String| {
                ("200 OK".to_owned(), if request.starts_with("GET /health ") { String::new() } else { request })
            };
            tokio::spawn(answer_all(stream, answer));
        }
    })
}

fn ask(from: &Namespace, to: SocketAddr) -> String {
    let mut stream = lab::connect(from, to, lab::PATIENCE).unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// The answer's bytes; the address is last.
fn resolve(from: &Namespace, server: Ipv4Addr, name: &str) -> Vec<u8> {
    let socket: UdpSocket = from.udp_bind(lab::any(0)).unwrap();
    socket.set_nonblocking(false).unwrap();
    socket.set_read_timeout(Some(lab::PATIENCE)).unwrap();
    socket.send_to(&crate::names::question(name), (server, 53)).unwrap();
    let mut answer = [0; 512];
    let length = socket.recv(&mut answer).unwrap();
    answer[..length].to_vec()
}
