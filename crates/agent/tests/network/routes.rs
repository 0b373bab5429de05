//! Route tables: NAT gateways, routers of people's own, peering connections.

use crate::lab::*;
use agent::network::Network as _;
use agent_proto::network::{Attachment, Peering, Protocol, Subnet, Target, Vpc};
use netns::Namespace;
use std::net::{IpAddr, Ipv4Addr, TcpListener};

const EVERYWHERE: &str = "0.0.0.0/0";

/// Somebody on the internet, at 198.18.0.3.
fn internet() -> Vpc {
    vpc("vpc-internet").group("sg-1", &[(Protocol::All, EVERYWHERE)]).with("far", 10, &["sg-1"]).public(3)
}

const FAR: Ipv4Addr = Ipv4Addr::new(198, 18, 0, 3);

/// A public subnet-1 and a private subnet-2 with somebody in it, whose packets go to the target.
fn private(id: &str, target: Target) -> Vpc {
    vpc(id)
        .subnet("subnet-2", "10.0.2.0/24", &[(EVERYWHERE, target)])
        .group("sg-1", &[(Protocol::All, EVERYWHERE)])
        .with("inner", 10, &["sg-1"])
        .placed("subnet-2", [10, 0, 2, 10])
}

async fn leave(lab: &Lab, workload: &str) {
    lab.world.leave(workload).await.expect("it leaves");
}

/// Who the last connection came from.
fn caller(listener: &TcpListener) -> IpAddr {
    listener.accept().expect("a connection").1.ip()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nat_gateway_lets_out_and_not_in() {
    let Some(lab) = Lab::new("nat") else { return };
    let before = lab.traces();
    let without = private("vpc-nat", Target::Blackhole);
    let gateway =
        plugged(private("vpc-nat", Target::NatGateway("nat-1".into())), "nat", 5, &[], Attachment::NatGateway("nat-1".into()));
    let (with, internet) = (gateway.public(50), internet());
    lab.ensure(&[&without, &internet]).await;
    let (inner, far) = (lab.join(&without, "inner").await, lab.join(&internet, "far").await);
    let listener = far.tcp_listen(any(80)).expect("a free port");
    assert!(is_silent(&inner, (FAR, 80)), "no way out");
    lab.ensure(&[&with, &internet]).await;
    for _ in 0..2 {
        assert!(reaches(&inner, (FAR, 80)));
        assert_eq!(caller(&listener), IpAddr::from([198, 18, 0, 50]), "the gateway's address");
    }
    let (question, answer) = (inner.udp_bind(any(0)).expect("a port"), far.udp_bind(any(53)).expect("a port"));
    question.send_to(b"?", (FAR, 53)).expect("sent");
    let mut space = [0; 8];
    let (_, from) = answer.recv_from(&mut space).expect("received");
    assert_eq!(from.ip(), IpAddr::from([198, 18, 0, 50]));
    answer.send_to(b"!", from).expect("sent");
    assert!(question.recv_from(&mut space).is_ok());
    let _inner = inner.tcp_listen(any(80)).expect("a free port");
    assert!(is_silent(&far, ([198, 18, 0, 50], 80)) && is_silent(&lab.host(), ([198, 18, 0, 50], 80)));
    assert!(is_silent(&inner, (at(5), 80)), "the gateway itself is nobody");
    leave(&lab, "inner").await;
    leave(&lab, "far").await;
    lab.ensure(&[]).await;
    lab.world.teardown().await.expect("down");
    assert_eq!(lab.traces(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nat_gateway_leads_beyond_the_host() {
    let Some(lab) = Lab::new("nat-beyond") else { return };
    if !has_far_side(&lab) {
        return;
    }
    let vpc =
        plugged(private("vpc-nat-b", Target::NatGateway("nat-1".into())), "nat", 5, &[], Attachment::NatGateway("nat-1".into()));
    let vpc = vpc.public(50);
    lab.ensure(&[&vpc]).await;
    let inner = lab.join(&vpc, "inner").await;
    let _beyond = lab.host().tcp_listen(([203, 0, 113, 1], 9000).into()).expect("the host's address");
    assert!(reaches(&inner, ([203, 0, 113, 1], 9000)));
}

/// Lets a namespace pass on packets, with its own address as their source or not.
fn make_router(namespace: &Namespace, masquerade: bool) {
    command(namespace, "sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.eth0.send_redirects=0");
    if masquerade {
        command(namespace, "nft add table ip nat");
        command(namespace, "nft add chain ip nat post { type nat hook postrouting priority srcnat; }");
        command(namespace, "nft add rule ip nat post oifname eth0 masquerade");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_may_be_the_nat() {
    let Some(lab) = Lab::new("nat-instance") else { return };
    let with = |checked: bool| {
        let mut vpc = private("vpc-nat-i", Target::Interface("eni-mid".into())).with("mid", 5, &["sg-1"]).public(5);
        vpc.interfaces.last_mut().expect("an interface").source_dest_check = checked;
        vpc
    };
    let (vpc, internet) = (with(false), internet());
    lab.ensure(&[&with(true), &internet]).await;
    let (inner, mid, far) = (lab.join(&vpc, "inner").await, lab.join(&vpc, "mid").await, lab.join(&internet, "far").await);
    make_router(&mid, true);
    let listener = far.tcp_listen(any(80)).expect("a free port");
    assert!(is_silent(&inner, (FAR, 80)), "its source/destination check is on");
    lab.ensure(&[&vpc, &internet]).await;
    assert!(reaches(&inner, (FAR, 80)));
    assert_eq!(caller(&listener), IpAddr::from([198, 18, 0, 5]));
    leave(&lab, "mid").await;
    assert!(is_silent(&inner, (FAR, 80)), "a route to what is not there leads nowhere");
    let mid = lab.join(&vpc, "mid").await;
    make_router(&mid, true);
    assert!(reaches(&inner, (FAR, 80)), "it is back");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_router_stands_between_two_subnets() {
    let Some(lab) = Lab::new("between") else { return };
    let by_router = || Target::Interface("eni-mid".into());
    let mut vpc = vpc("vpc-between")
        .subnet("subnet-2", "10.0.2.0/24", &[("10.0.3.0/24", by_router())])
        .subnet("subnet-3", "10.0.3.0/24", &[("10.0.2.0/24", by_router())])
        .group("sg-1", &[(Protocol::All, EVERYWHERE)])
        .with("client", 2, &["sg-1"])
        .placed("subnet-2", [10, 0, 2, 10])
        .with("server", 3, &["sg-1"])
        .placed("subnet-3", [10, 0, 3, 10])
        .with("mid", 5, &["sg-1"]);
    vpc.interfaces[2].source_dest_check = false;
    lab.ensure(&[&vpc]).await;
    let (client, server, mid) = (lab.join(&vpc, "client").await, lab.join(&vpc, "server").await, lab.join(&vpc, "mid").await);
    let listener = server.tcp_listen(any(80)).expect("a free port");
    assert!(is_silent(&client, ([10, 0, 3, 10], 80)), "it passes nothing on yet");
    make_router(&mid, false);
    assert!(reaches(&client, ([10, 0, 3, 10], 80)));
    assert_eq!(caller(&listener), IpAddr::from([10, 0, 2, 10]), "with the address that it had");
    lab.ensure(&[&Vpc {
        subnets: vpc.subnets.iter().map(|it| Subnet { routes: vec![], ..it.clone() }).collect(),
        ..vpc.clone()
    }])
    .await;
    command(&mid, "sysctl -qw net.ipv4.ip_forward=0");
    assert!(reaches(&client, ([10, 0, 3, 10], 80)), "without the routes, straight");
}

/// A VPC 10.`block`.0.0/16 that sends what is for another to a peering connection.
fn peered(block: u8, peers: &[(&str, u8)], routes: &[(u8, &str)], ingress: &[(Protocol, &str)]) -> Vpc {
    let routes: Vec<_> =
        routes.iter().map(|(block, id)| (format!("10.{block}.0.0/16"), Target::Peering(id.to_string()))).collect();
    let routes: Vec<_> = routes.iter().map(|(to, target)| (to.as_str(), target.clone())).collect();
    let peering = |(id, other): &(&str, u8)| Peering {
        id: id.to_string(),
        vpc: format!("vpc-{other}"),
        cidrs: vec![cidr(&format!("10.{other}.0.0/16")).into()],
    };
    Vpc { peerings: peers.iter().map(peering).collect(), ..Vpc::new(format!("vpc-{block}"), cidr(&format!("10.{block}.0.0/16"))) }
        .subnet("subnet-1", &format!("10.{block}.1.0/24"), &routes)
        .group(&format!("sg-{block}"), ingress)
        .with(&format!("w{block}"), 10, &[&format!("sg-{block}")])
        .placed("subnet-1", [10, block, 1, 10])
}

fn host(block: u8) -> Ipv4Addr {
    [10, block, 1, 10].into()
}

#[tokio::test(flavor = "multi_thread")]
async fn peered_vpcs_meet_as_routes_and_groups_say() {
    let Some(lab) = Lab::new("peering") else { return };
    let before = lab.traces();
    let one = peered(1, &[("pcx-12", 2)], &[(2, "pcx-12"), (3, "pcx-12")], &[(tcp(81), "10.2.1.0/24")]);
    let two = |back: bool| {
        let routes: &[_] = if back { &[(1, "pcx-12"), (3, "pcx-23")] } else { &[] };
        peered(2, &[("pcx-12", 1), ("pcx-23", 3)], routes, &[(tcp(80), "sg-1")])
    };
    let three = peered(3, &[("pcx-23", 2)], &[(1, "pcx-23"), (2, "pcx-23")], &[(Protocol::All, EVERYWHERE)]);
    lab.ensure(&[&one, &two(false), &three]).await;
    let (a, b, c) = (lab.join(&one, "w1").await, lab.join(&two(true), "w2").await, lab.join(&three, "w3").await);
    let listener = b.tcp_listen(any(80)).expect("a free port");
    let _others = [(&a, 80), (&a, 81), (&b, 81), (&c, 80)].map(|(it, port)| it.tcp_listen(any(port)).expect("a free port"));
    assert!(is_silent(&a, (host(2), 80)), "no way back");
    lab.ensure(&[&one, &two(true), &three]).await;
    assert!(reaches(&a, (host(2), 80)), "a group of the other VPC is named");
    assert_eq!(caller(&listener), IpAddr::from(host(1)));
    assert!(is_silent(&a, (host(2), 81)) && reaches(&b, (host(1), 81)) && is_silent(&b, (host(1), 80)));
    assert!(is_silent(&c, (host(2), 80)), "it is not in the group");
    assert!(reaches(&b, (host(3), 80)));
    assert!(is_silent(&a, (host(3), 80)) && is_silent(&c, (host(1), 81)), "nothing goes through a VPC to a third");

    let alone = Vpc { peerings: vec![], ..one.clone() };
    lab.ensure(&[&alone, &two(true), &three]).await;
    assert!(is_silent(&a, (host(2), 80)), "the connection is gone");
    lab.ensure(&[&one, &two(true), &three]).await;
    assert!(reaches(&a, (host(2), 80)), "and is made again");
    for name in ["w1", "w2", "w3"] {
        leave(&lab, name).await;
    }
    lab.world.teardown().await.expect("down");
    assert_eq!(lab.traces(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_nat_gateway_hides_who_asks() {
    let Some(lab) = Lab::new("nat-private") else { return };
    let nat = Attachment::NatGateway("nat-7".into());
    let one = peered(1, &[("pcx-12", 2)], &[(2, "pcx-12")], &[])
        .subnet("subnet-2", "10.1.2.0/24", &[("10.2.0.0/16", Target::NatGateway("nat-7".into()))])
        .with("hidden", 20, &["sg-1"])
        .placed("subnet-2", [10, 1, 2, 20]);
    let one = plugged(one, "nat", 5, &[], nat).placed("subnet-1", [10, 1, 1, 5]);
    let two = peered(2, &[("pcx-12", 1)], &[(1, "pcx-12")], &[(tcp(80), "10.1.1.5/32")]);
    lab.ensure(&[&one, &two]).await;
    let (hidden, shown, server) = (lab.join(&one, "hidden").await, lab.join(&one, "w1").await, lab.join(&two, "w2").await);
    let listener = server.tcp_listen(any(80)).expect("a free port");
    assert!(reaches(&hidden, (host(2), 80)));
    assert_eq!(caller(&listener), IpAddr::from([10, 1, 1, 5]));
    assert!(is_silent(&shown, (host(2), 80)), "it comes with an address of its own");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_balancer_reaches_targets_in_a_peered_vpc() {
    let Some(lab) = Lab::new("peered-lb") else { return };
    let one = peered(1, &[("pcx-12", 2)], &[(2, "pcx-12")], &[]).with_edge("lb", 9, &["sg-1"]).placed("subnet-1", [10, 1, 1, 9]);
    let two = peered(2, &[("pcx-12", 1)], &[(1, "pcx-12")], &[(tcp(80), "sg-1")]);
    lab.ensure(&[&one, &two]).await;
    let (server, router) = (lab.join(&two, "w2").await, lab.router("vpc-1"));
    let listener = server.tcp_listen(any(80)).expect("a free port");
    let socket = router.tcp_socket_bound(([10, 1, 1, 9], 0).into()).expect("a socket");
    let dialled =
        tokio::time::timeout(PATIENCE, tokio::net::TcpSocket::from_std_stream(socket).connect((host(2), 80).into())).await;
    assert!(matches!(dialled, Ok(Ok(_))), "{dialled:?}");
    assert_eq!(caller(&listener), IpAddr::from([10, 1, 1, 9]));
}
