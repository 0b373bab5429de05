//! Public addresses, and what is beyond the host.

use crate::lab::*;
use agent::network::Network as _;
use agent_proto::network::Protocol;
use agent_proto::workload::Network;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

const FIRST: Ipv4Addr = Ipv4Addr::new(198, 18, 0, 1);
const SECOND: Ipv4Addr = Ipv4Addr::new(198, 18, 0, 2);

#[tokio::test(flavor = "multi_thread")]
async fn the_host_reaches_public_addresses_as_the_groups_allow() {
    let Some(lab) = Lab::new("public") else { return };
    let base = || {
        vpc("vpc-public")
            .with("web", 10, &["sg-1"])
            .public(1)
            .with("hidden", 11, &["sg-1"])
            .with_edge("lb", 12, &["sg-1"])
            .public(2)
    };
    let (open, closed) = (base().group("sg-1", &[(tcp(80), "0.0.0.0/0")]), base().group("sg-1", &[]));
    lab.ensure(&[&open]).await;
    let (web, hidden, host) = (lab.join(&open, "web").await, lab.join(&open, "hidden").await, lab.host());
    let listener = web.tcp_listen(any(80)).expect("a free port");
    let _others = [web.tcp_listen(any(81)), hidden.tcp_listen(any(80)), lab.router("vpc-public").tcp_listen((at(12), 80).into())];
    assert!(reaches(&host, (FIRST, 80)));
    assert_eq!(listener.accept().expect("a connection").1.ip(), IpAddr::from([198, 19, 255, 254]), "the host's own address");
    assert!(reaches(&host, (SECOND, 80)), "a balancer in the router");
    assert!(is_silent(&host, (FIRST, 81)));
    assert!(connect(&host, (at(11), 80), SILENCE).is_err(), "what has no public address can't be reached");
    assert!(connect(&host, (Ipv4Addr::new(198, 18, 0, 99), 80), SILENCE).is_err(), "nobody has this one");
    lab.ensure(&[&closed]).await;
    assert!(is_silent(&host, (FIRST, 80)), "the rule is gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn public_addresses_mean_the_same_from_everywhere() {
    let Some(lab) = Lab::new("hairpin") else { return };
    let rules = [(tcp(80), "198.18.0.2/32"), (tcp(80), "198.18.0.3/32"), (tcp(81), "sg-1")];
    let one =
        vpc("vpc-one").group("sg-1", &rules).with("web", 10, &["sg-1"]).public(1).with("near", 11, &["sg-1"]).public(2).with(
            "hidden",
            12,
            &["sg-1"],
        );
    let two = vpc("vpc-two").group("sg-1", &[]).with("far", 10, &["sg-1"]).public(3);
    lab.ensure(&[&one, &two]).await;
    let (web, near, hidden, far) =
        (lab.join(&one, "web").await, lab.join(&one, "near").await, lab.join(&one, "hidden").await, lab.join(&two, "far").await);
    let listeners = [80, 81].map(|port| web.tcp_listen(any(port)).expect("a free port"));
    for (client, seen) in [(&near, [198, 18, 0, 2]), (&far, [198, 18, 0, 3])] {
        assert!(reaches(client, (FIRST, 80)));
        assert_eq!(listeners[0].accept().expect("a connection").1.ip(), IpAddr::from(seen));
    }
    assert!(is_silent(&near, (FIRST, 81)), "a rule that names a group means private addresses");
    assert!(reaches(&near, (at(10), 81)));
    assert!(is_silent(&hidden, (FIRST, 80)), "without a public address nothing leaves the VPC");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subnet_without_a_gateway_has_no_public_addresses() {
    let Some(lab) = Lab::new("private") else { return };
    let mut vpc = vpc("vpc-private").group("sg-1", &[(Protocol::All, "0.0.0.0/0")]).with("web", 10, &["sg-1"]).public(1);
    vpc.subnets[0].routes.clear();
    let before = lab.traces();
    lab.ensure(&[&vpc]).await;
    assert!(lab.world.router_path("vpc-private").exists());
    assert_eq!(command(&lab.host(), "ip -o link").lines().count(), 1, "the host is joined to nothing");
    lab.ensure(&[]).await;
    lab.world.teardown().await.expect("down");
    assert_eq!(lab.traces(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn workloads_do_not_begin_anything_with_the_host() {
    let Some(lab) = Lab::new("host") else { return };
    let vpc = vpc("vpc-host").group("sg-1", &[(Protocol::All, "0.0.0.0/0")]).with("a", 10, &["sg-1"]).public(1);
    lab.ensure(&[&vpc]).await;
    let a = lab.join(&vpc, "a").await;
    let _service = lab.host().tcp_listen(any(22)).expect("a free port");
    assert!(is_silent(&a, ([198, 19, 255, 254], 22)));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_a_public_address_reaches_beyond_the_host() {
    let Some(lab) = Lab::new("beyond") else { return };
    if !has_far_side(&lab) {
        return;
    }
    let host = lab.host();
    let vpc = vpc("vpc-beyond").group("sg-1", &[]).with("public", 10, &["sg-1"]).public(1).with("hidden", 11, &["sg-1"]);
    lab.ensure(&[&vpc]).await;
    let (public, hidden) = (lab.join(&vpc, "public").await, lab.join(&vpc, "hidden").await);
    let _beyond = host.tcp_listen(([203, 0, 113, 1], 9000).into()).expect("the host's address");
    let _loopback = host.tcp_listen(([127, 0, 0, 1], 9001).into()).expect("the host's address");
    assert!(reaches(&public, ([203, 0, 113, 1], 9000)));
    assert!(is_silent(&hidden, ([203, 0, 113, 1], 9000)), "it has no public address");
    assert!(connect(&public, ([198, 19, 255, 250], 9001), SILENCE).is_err(), "the host's loopback is not there");
    let before = pid(&lab);
    lab.ensure(&[&vpc]).await;
    assert_eq!(pid(&lab), before, "it is found again");
    lab.world.teardown().await.expect("down");
    let command = std::fs::read(format!("/proc/{before}/cmdline")).unwrap_or_default();
    assert_eq!(command, b"", "it has ended");
}

fn pid(lab: &Lab) -> String {
    std::fs::read_to_string(folder_of(lab).with_file_name("pasta.pid")).expect("it runs").trim().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_clouds_on_a_host_are_both_reached() {
    let Some(lab) = Lab::new("two-clouds") else { return };
    let (one, other) = (lab.host(), lab.neighbour());
    let cloud = |id: &str, last: u8| vpc(id).group("sg-1", &[(tcp(80), "0.0.0.0/0")]).with(id, 10, &["sg-1"]).public(last);
    let (first, second) = (cloud("vpc-first", 41), cloud("vpc-second", 42));
    lab.ensure(&[&first]).await;
    assert_eq!(other.ensure(std::slice::from_ref(&second)).await, BTreeMap::new());
    let here = lab.join(&first, "vpc-first").await;
    let network = Network::Interface { vpc: second.id.clone(), interface: "eni-vpc-second".into() };
    let joined = other.join(&workload("vpc-second", network, &[])).await.expect("it joins");
    let there = namespace(&joined.containers["main"]);
    let (_here, _there) = (here.tcp_listen(any(80)).expect("a free port"), there.tcp_listen(any(80)).expect("a free port"));
    assert!(reaches(&one, ([198, 18, 0, 41], 80)) && reaches(&one, ([198, 18, 0, 42], 80)));
    assert!(other.missing().iter().all(|it| !it.what.contains("route")), "{:?}", other.missing());
    other.leave("vpc-second").await.expect("it leaves");
    other.teardown().await.expect("down");
    assert!(reaches(&one, ([198, 18, 0, 41], 80)), "the first one noticed nothing");
}
