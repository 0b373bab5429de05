//! What comes, goes, is found again and is left behind.

use crate::lab::*;
use agent::network::Network as _;
use agent_proto::network::{Protocol, Vpc};
use agent_proto::workload::Network;
use std::collections::BTreeSet;
use std::io::{Read, Write};

fn full(id: &str) -> Vpc {
    vpc(id)
        .group("sg-1", &[(Protocol::All, "0.0.0.0/0")])
        .with("a", 10, &["sg-1"])
        .public(1)
        .with("b", 11, &["sg-1"])
        .with_edge("lb", 12, &["sg-1"])
        .with_instance("i-1", 13, &["sg-1"])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_teardown_leaves_nothing() {
    let Some(lab) = Lab::new("teardown") else { return };
    let before = lab.traces();
    let vpc = full("vpc-teardown");
    lab.ensure(&[&vpc]).await;
    lab.join(&vpc, "a").await;
    let bridged = workload("bridged", Network::Bridge { vpc: vpc.id.clone(), instance: "i-1".into() }, &[]);
    lab.world.join(&bridged).await.expect("it joins");
    lab.world
        .join(&workload("host", Network::Host { vpc: vpc.id.clone(), instance: "i-1".into() }, &[]))
        .await
        .expect("it joins");
    lab.world.join(&workload("none", Network::None, &[])).await.expect("it joins");
    assert_ne!(lab.traces(), before);
    lab.world.teardown().await.expect("down");
    assert_eq!(lab.traces(), before);
    lab.world.teardown().await.expect("twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_longer_wished_for_goes() {
    let Some(lab) = Lab::new("goes") else { return };
    let before = lab.traces();
    let vpc = full("vpc-goes");
    lab.ensure(&[&vpc]).await;
    lab.join(&vpc, "a").await;
    lab.ensure(&[]).await;
    assert!(lab.world.router_path("vpc-goes").exists(), "not while somebody is in it");
    lab.world.leave("a").await.expect("it leaves");
    lab.world.leave("a").await.expect("twice");
    lab.world.leave("never-was").await.expect("no error");
    lab.ensure(&[]).await;
    lab.world.teardown().await.expect("down");
    assert_eq!(lab.traces(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_outlive_the_server() {
    let Some(mut lab) = Lab::new("outlive") else { return };
    let vpc = full("vpc-outlive");
    lab.ensure(&[&vpc]).await;
    let (a, b, host) = (lab.join(&vpc, "a").await, lab.join(&vpc, "b").await, lab.host());
    let listener = a.tcp_listen(any(80)).expect("a free port");
    let mut clients = [
        connect(&b, (at(10), 80), PATIENCE).expect("connected"),
        connect(&host, ([198, 18, 0, 1], 80), PATIENCE).expect("connected"),
    ];
    listener.set_nonblocking(false).expect("blocking");
    let mut servers = [listener.accept().expect("a connection").0, listener.accept().expect("a connection").0];
    let links = links_of(&lab, "vpc-outlive");

    lab.restart();
    lab.world.recover(&BTreeSet::from(["a".to_owned(), "b".to_owned()])).await.expect("taken over");
    let more = full("vpc-outlive").with("c", 20, &["sg-1"]).group("sg-2", &[(tcp(1), "0.0.0.0/0")]);
    lab.ensure(&[&more]).await;
    lab.join(&more, "c").await;
    assert!(links_of(&lab, "vpc-outlive").starts_with(&links), "what was there has not been touched");
    assert_eq!(lab.join(&more, "a").await.identity().ok(), a.identity().ok());
    for (client, server) in clients.iter_mut().zip(&mut servers) {
        client.write_all(b"still").expect("sent");
        client.set_read_timeout(Some(PATIENCE)).expect("a deadline");
        server.set_read_timeout(Some(PATIENCE)).expect("a deadline");
        let mut word = [0; 5];
        server.read_exact(&mut word).expect("received");
        server.write_all(b"here!").expect("sent");
        client.read_exact(&mut word).expect("received");
        assert_eq!(&word, b"here!");
    }
    // No process has such a number: one that was killed while it tried what the host can.
    let tried = lab.world.router_path("probe-4194305");
    netns::Namespace::create(&tried).expect("a namespace");
    lab.restart();
    lab.world.recover(&BTreeSet::from(["a".to_owned()])).await.expect("taken over");
    assert!(!tried.exists());
    assert!(connect(&host, (at(11), 80), SILENCE).is_err());
    assert!(
        !lab.world.router_path("w-b").exists() && lab.world.router_path("w-a").exists(),
        "what has ended meanwhile is removed"
    );
}

/// The router's links, in the order in which they were made; loopback bears a note that changes.
fn links_of(lab: &Lab, vpc: &str) -> Vec<String> {
    command(&lab.router(vpc), "ip -o link").lines().skip(1).map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn many_join_at_once() {
    let Some(lab) = Lab::new("many") else { return };
    let names: Vec<_> = (10..42_u8).map(|last| (format!("task-{last}"), last)).collect();
    let vpc = names
        .iter()
        .fold(vpc("vpc-many").group("sg-1", &[(tcp(80), "sg-1")]), |vpc, (name, last)| vpc.with(name, *last, &["sg-1"]));
    lab.ensure(&[&vpc]).await;
    let joined = futures::future::join_all(names.iter().map(|(name, _)| lab.join(&vpc, name))).await;
    let _listeners: Vec<_> = joined.iter().map(|it| it.tcp_listen(any(80)).expect("a free port")).collect();
    for ((_, last), _) in names.iter().zip(&joined) {
        assert!(reaches(&joined[0], (at(*last), 80)));
    }
    let left = futures::future::join_all(names.iter().map(|(name, _)| lab.world.leave(name))).await;
    assert!(left.iter().all(Result::is_ok));
    assert!(!command(&lab.router("vpc-many"), "ip -o link").contains(": h"));
}

#[tokio::test(flavor = "multi_thread")]
async fn half_of_a_plug_is_mended() {
    let Some(lab) = Lab::new("half") else { return };
    let vpc = full("vpc-half");
    lab.ensure(&[&vpc]).await;
    let (a, b) = (lab.join(&vpc, "a").await, lab.join(&vpc, "b").await);
    command(&a, "ip addr flush dev eth0");
    lab.join(&vpc, "a").await;
    netns::Namespace::remove(&lab.world.router_path("w-b")).expect("removed");
    drop(b);
    let b = lab.join(&vpc, "b").await;
    let _listener = a.tcp_listen(any(80)).expect("a free port");
    assert!(reaches(&b, (at(10), 80)));
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_say_what_to_do() {
    let Some(lab) = Lab::new("faults") else { return };
    let mut broken = vpc("vpc-broken").group("sg-1", &[(tcp(80), "0.0.0.0/0")]).with("b", 10, &["sg-1"]).public(9).with_instance(
        "i-1",
        13,
        &["sg-1"],
    );
    broken.interfaces[1].subnet = "subnet-gone".into();
    let sound = full("vpc-sound");
    let faults = lab.world.ensure(&[broken.clone(), sound.clone()]).await;
    assert_eq!(faults.into_iter().collect::<Vec<_>>(), [("vpc-broken".into(), "eni-i-1 is in no subnet of vpc-broken".into())]);
    lab.join(&sound, "a").await;
    let _listener = lab.join(&broken, "b").await.tcp_listen(any(80)).expect("a free port");
    assert!(reaches(&lab.host(), ([198, 18, 0, 9], 80)), "the rest of a VPC with a fault is there");
    let stray = Network::Interface { vpc: "vpc-none".into(), interface: "eni-1".into() };
    assert_eq!(lab.world.join(&workload("x", stray, &[])).await, Err("the network of vpc-none is not up".into()));

    command(&lab.host(), "ip route del 198.18.0.0/15");
    command(&lab.host(), "ip route add blackhole 198.18.0.0/15");
    lab.ensure(&[&sound]).await;
    let missing = lab.world.missing();
    assert!(missing.iter().all(|it| !it.what.contains("route")), "{missing:?}");
    let routes = command(&lab.host(), "ip route");
    assert!(routes.lines().any(|it| it.starts_with("198.18.0.") && it.contains("hf-")), "one for each address: {routes}");
}
