//! How long things take, beside the bare programs that do the same. Run by hand:
//! `cargo nextest run -p agent --test network --run-ignored only --no-capture`.

use crate::lab::*;
use agent_proto::network::{Protocol, Vpc};
use netns::Namespace;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

const ROUNDS: u32 = 20;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn one_workload_joins() {
    let Some(lab) = Lab::new("measure-join") else { return };
    let vpc = wide("vpc-join", ROUNDS + 1);
    lab.ensure(&[&vpc]).await;
    let (mut ours, mut bare) = (vec![], vec![]);
    for round in 0..ROUNDS {
        let begin = Instant::now();
        lab.join(&vpc, &format!("w{round}")).await;
        ours.push(begin.elapsed());
        bare.push(by_hand(&lab.router("vpc-join"), &folder_of(&lab).join(format!("bare-{round}")), round));
        let begin = Instant::now();
        lab.join(&vpc, &format!("w{round}")).await;
        eprintln!("again: {:?}", begin.elapsed());
    }
    report("join", ours, "ip, one process for each step", bare);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn a_ruleset_is_loaded() {
    let Some(lab) = Lab::new("measure-load") else { return };
    for size in [200, 1000] {
        let vpc = wide("vpc-load", size);
        lab.ensure(&[&vpc]).await;
        let (mut ours, mut same, mut bare) = (vec![], vec![], vec![]);
        let text = command(&lab.router("vpc-load"), "nft list ruleset");
        let file = folder_of(&lab).with_file_name("rules.nft");
        std::fs::write(&file, format!("flush ruleset\n{text}")).expect("written");
        for round in 0..ROUNDS {
            let changed = vpc.clone().group(&format!("sg-new-{round}"), &[(tcp(80), "sg-1")]);
            ours.push(ensured(&lab, &changed).await);
            same.push(ensured(&lab, &changed).await);
            let begin = Instant::now();
            command(&lab.router("vpc-load"), &format!("nft -f {}", file.display()));
            bare.push(begin.elapsed());
        }
        report(&format!("{size} interfaces: a changed VPC"), ours, "nft -f", bare.clone());
        report(&format!("{size} interfaces: an unchanged VPC"), same, "nft -f", bare);
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn bytes_pass() {
    let Some(lab) = Lab::new("measure-pass") else { return };
    let vpc = wide("vpc-pass", 200);
    lab.ensure(&[&vpc]).await;
    let (a, b) = (lab.join(&vpc, "w0").await, lab.join(&vpc, "w10").await);
    let path = |name: &str| folder_of(&lab).join(name);
    let (c, d) = (Namespace::create(&path("c")).expect("made"), Namespace::create(&path("d")).expect("made"));
    let mut child = d.run(|| Command::new("sleep").arg("600").spawn()).expect("entered").expect("sleep");
    command(&c, &format!("ip link add v0 type veth peer name v1 netns {}", child.id()));
    for (namespace, link, address) in [(&c, "v0", "10.7.0.1/24"), (&d, "v1", "10.7.0.2/24")] {
        command(namespace, &format!("ip addr add {address} dev {link}"));
        command(namespace, &format!("ip link set {link} up"));
    }
    let target = vpc.interfaces[10].address;
    let (mut ours, mut bare) = (vec![], vec![]);
    for _ in 0..5 {
        ours.push(transfer(&a, &b, (target, 80).into()));
        bare.push(transfer(&c, &d, ([10, 7, 0, 2], 80).into()));
    }
    report("512 MiB through the router", ours, "a bare pair of interfaces", bare);
    child.kill().and_then(|()| child.wait()).expect("ended");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn a_thousand_join_and_speak() {
    let Some(lab) = Lab::new("measure-thousand") else { return };
    let vpc = wide("vpc-thousand", 1000);
    lab.ensure(&[&vpc]).await;
    let mut inside = vec![];
    let begin = Instant::now();
    for number in 0..1000 {
        let begin = Instant::now();
        inside.push(lab.join(&vpc, &format!("w{number}")).await);
        if number % 250 < 3 {
            eprintln!("number {number}: {:?}", begin.elapsed());
        }
    }
    eprintln!("1000 joins: {:?}", begin.elapsed());
    let _listeners: Vec<_> = inside.iter().map(|it| it.tcp_listen(any(80)).expect("a free port")).collect();
    let begin = Instant::now();
    for from in inside.iter().step_by(40) {
        assert!(vpc.interfaces.iter().step_by(10).all(|to| reaches(from, (to.address, 80))));
    }
    eprintln!("25 of them connect to 100 of them: {:?}", begin.elapsed());
    let begin = Instant::now();
    lab.join(&vpc, "w0").await;
    eprintln!("one joins again: {:?}", begin.elapsed());
    let begin = Instant::now();
    let names: Vec<_> = (0..1000).map(|number| format!("w{number}")).collect();
    let left = futures::future::join_all(names.iter().map(|name| agent::network::Network::leave(&lab.world, name))).await;
    assert!(left.iter().all(Result::is_ok));
    eprintln!("1000 leave: {:?}", begin.elapsed());
}

/// Sends 512 MiB over one connection.
fn transfer(from: &Namespace, to: &Namespace, address: SocketAddr) -> Duration {
    let listener = to.tcp_listen(any(address.port())).expect("a free port");
    let mut sender = connect(from, address, PATIENCE).expect("connected");
    listener.set_nonblocking(false).expect("blocking");
    let mut receiver = listener.accept().expect("a connection").0;
    receiver.set_nonblocking(false).expect("blocking");
    let begin = Instant::now();
    std::thread::scope(|scope| {
        scope.spawn(move || (0..512).for_each(|_| sender.write_all(&vec![0; 1 << 20]).expect("sent")));
        let mut space = vec![0; 1 << 20];
        while receiver.read(&mut space).expect("received") > 0 {}
    });
    begin.elapsed()
}

async fn ensured(lab: &Lab, vpc: &Vpc) -> Duration {
    let begin = Instant::now();
    lab.ensure(&[vpc]).await;
    begin.elapsed()
}

/// A VPC of so many interfaces `w0`, `w1`… in ten groups.
fn wide(id: &str, size: u32) -> Vpc {
    let mut wide = vpc(id).group("sg-1", &[(Protocol::All, "sg-1")]);
    wide.subnets[0].cidr = cidr("10.0.0.0/16");
    for number in 0..10 {
        wide = wide.group(
            &format!("sg-app-{number}"),
            &[(tcp(80), "sg-1"), (tcp(443), "0.0.0.0/0"), (Protocol::Udp(1000, 2000), "10.0.0.0/16")],
        );
    }
    for number in 0..size {
        wide = wide.with(&format!("w{number}"), 0, &["sg-1", &format!("sg-app-{}", number % 10)]);
        let last = wide.interfaces.last_mut().expect("an interface");
        last.address = wide.cidr.nth(256 + u64::from(number)).expect("an address");
    }
    wide
}

/// The same with `ip`, step by step.
fn by_hand(router: &Namespace, path: &Path, round: u32) -> Duration {
    let begin = Instant::now();
    let inside = Namespace::create(path).expect("a namespace");
    let run = |namespace: &Namespace, line: String| drop(command(namespace, &line));
    run(router, format!("ip link add x{round} type veth peer name y{round}"));
    let mut child = inside.run(|| Command::new("sleep").arg("60").spawn()).expect("entered").expect("sleep");
    run(router, format!("ip link set y{round} netns {}", child.id()));
    run(router, format!("ip link set x{round} up"));
    run(router, format!("ip route add 10.9.0.{round}/32 dev x{round}"));
    run(&inside, format!("ip link set y{round} name eth0"));
    run(&inside, "ip link set lo up".into());
    run(&inside, format!("ip addr add 10.9.0.{round}/16 dev eth0"));
    run(&inside, "ip link set eth0 up".into());
    run(&inside, "ip route add default via 10.9.255.1".into());
    let taken = begin.elapsed();
    child.kill().and_then(|()| child.wait()).expect("ended");
    run(&inside, "ip link del eth0".into());
    Namespace::remove(path).expect("removed");
    taken
}

fn report(what: &str, mut ours: Vec<Duration>, beside: &str, mut bare: Vec<Duration>) {
    ours.sort();
    bare.sort();
    let (our, other) = (ours[ours.len() / 2], bare[bare.len() / 2]);
    eprintln!(
        "{what}: {our:?} (fastest {:?}); {beside}: {other:?}; ratio {:.2}",
        ours[0],
        our.as_secs_f64() / other.as_secs_f64()
    );
}
