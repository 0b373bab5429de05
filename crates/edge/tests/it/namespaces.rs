//! Inside real network namespaces. Needs root; skipped aloud without.

use crate::support::*;
use agent_proto::edge::{Edge, TargetHealth, Zone};
use edge::{Config, Link, Networks};
use model::Env;
use netns::Namespace;
use std::{
    io::{Read, Write},
    path::Path,
    process::Command,
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
