//! Security groups, tried with real sockets.

use crate::lab::*;
use agent_proto::network::Protocol;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};

#[tokio::test(flavor = "multi_thread")]
async fn members_of_a_named_group_get_in_and_nobody_else() {
    let Some(lab) = Lab::new("members") else { return };
    let vpc = vpc("vpc-members")
        .group("sg-web", &[(tcp(80), "sg-app"), (Protocol::Icmp(Some(8), None), "sg-app")])
        .group("sg-app", &[])
        .group("sg-other", &[])
        .with("web", 10, &["sg-web"])
        .with("app1", 11, &["sg-app"])
        .with("app2", 12, &["sg-other", "sg-app"])
        .with("other", 13, &["sg-other"]);
    lab.ensure(&[&vpc]).await;
    let (web, app1, app2, other) =
        (lab.join(&vpc, "web").await, lab.join(&vpc, "app1").await, lab.join(&vpc, "app2").await, lab.join(&vpc, "other").await);
    let _listeners = [80, 81].map(|port| web.tcp_listen(any(port)).expect("a free port"));
    let _app = app1.tcp_listen(any(80)).expect("a free port");
    assert!(reaches(&app1, (at(10), 80)) && reaches(&app2, (at(10), 80)));
    assert!(is_silent(&app1, (at(10), 81)), "the port is not allowed");
    assert!(is_silent(&other, (at(10), 80)), "the group is not allowed");
    assert!(is_silent(&app2, (at(11), 80)), "members of one group don't reach each other unless a rule says so");
    assert!(reaches(&web, (at(10), 81)), "nothing is between a workload and itself");
    assert!(is_silent(&app1, (at(200), 80)) || connect(&app1, (at(200), 80), SILENCE).is_err(), "nobody is there");
}

#[tokio::test(flavor = "multi_thread")]
async fn egress_rules_count_too_and_answers_pass() {
    let Some(lab) = Lab::new("egress") else { return };
    let vpc = vpc("vpc-egress")
        .closed_group("sg-server", &[(Protocol::Tcp(0, 65535), "10.0.1.0/28")], &[])
        .closed_group("sg-client", &[], &[(tcp(80), "10.0.1.2/32")])
        .with("server", 2, &["sg-server"])
        .with("client", 5, &["sg-client"])
        .with("far", 77, &["sg-client"]);
    lab.ensure(&[&vpc]).await;
    let (server, client, far) = (lab.join(&vpc, "server").await, lab.join(&vpc, "client").await, lab.join(&vpc, "far").await);
    let listener = server.tcp_listen(any(80)).expect("a free port");
    let _other = server.tcp_listen(any(81)).expect("a free port");
    assert!(is_silent(&client, (at(2), 81)), "allowed in, but not out");
    assert!(is_silent(&far, (at(2), 80)), "allowed out, but not in");
    let mut ours = connect(&client, (at(2), 80), PATIENCE).expect("allowed out and in");
    listener.set_nonblocking(false).expect("blocking");
    let (mut theirs, from) = listener.accept().expect("a connection");
    assert_eq!(from.ip(), at(5));
    theirs.set_nonblocking(false).expect("blocking");
    theirs.write_all(b"an answer needs no rule").expect("sent");
    drop(theirs);
    let mut answer = String::new();
    ours.read_to_string(&mut answer).expect("received");
    assert_eq!(answer, "an answer needs no rule");
    assert!(is_silent(&server, (at(5), 80)), "but a question does");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_rule_changes_what_is_let_in() {
    let Some(lab) = Lab::new("changed") else { return };
    let base = || vpc("vpc-changed").with("server", 2, &["sg-1"]).with("client", 3, &["sg-1"]);
    let (closed, open) = (base().group("sg-1", &[]), base().group("sg-1", &[(tcp(80), "sg-1")]));
    lab.ensure(&[&closed]).await;
    let (server, client) = (lab.join(&closed, "server").await, lab.join(&closed, "client").await);
    let _listener = server.tcp_listen(any(80)).expect("a free port");
    assert!(is_silent(&client, (at(2), 80)));
    lab.ensure(&[&open]).await;
    assert!(reaches(&client, (at(2), 80)));
    lab.ensure(&[&closed]).await;
    assert!(is_silent(&client, (at(2), 80)));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_speaks_with_anothers_address() {
    let Some(lab) = Lab::new("spoof") else { return };
    let vpc = vpc("vpc-spoof")
        .group("sg-all", &[(Protocol::All, "0.0.0.0/0")])
        .with("server", 2, &["sg-all"])
        .with("honest", 3, &["sg-all"])
        .with("liar", 4, &["sg-all"]);
    lab.ensure(&[&vpc]).await;
    let (server, liar) = (lab.join(&vpc, "server").await, lab.join(&vpc, "liar").await);
    lab.join(&vpc, "honest").await;
    let socket = server.udp_bind(any(7)).expect("a free port");
    for borrowed in [at(3), at(99), Ipv4Addr::new(8, 8, 8, 8)] {
        command(&liar, &format!("ip addr add {borrowed}/32 dev eth0"));
        send(&liar, borrowed, b"a lie");
    }
    send(&liar, at(4), b"the truth");
    assert_eq!(heard(&socket), (b"the truth".to_vec(), (at(4), 9).into()), "what was sent before it never came");
}

fn send(from: &netns::Namespace, source: Ipv4Addr, what: &[u8]) {
    let socket = from.udp_bind((source, 9).into()).expect("a free port");
    socket.send_to(what, (at(2), 7)).expect("sent");
}

fn heard(socket: &UdpSocket) -> (Vec<u8>, SocketAddr) {
    socket.set_nonblocking(false).expect("blocking");
    socket.set_read_timeout(Some(PATIENCE)).expect("a deadline");
    let mut space = [0; 100];
    let (length, from) = loop {
        match socket.recv_from(&mut space) {
            // By the signal of a child that has ended, for example.
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            received => break received.expect("something"),
        }
    };
    (space[..length].to_vec(), from)
}

#[tokio::test(flavor = "multi_thread")]
async fn vpcs_with_the_same_addresses_do_not_meet() {
    let Some(lab) = Lab::new("overlap") else { return };
    let all = [(Protocol::All, "0.0.0.0/0")];
    let one = vpc("vpc-one").group("sg-all", &all).with("a", 2, &["sg-all"]).with("b", 3, &["sg-all"]);
    let two = vpc("vpc-two").group("sg-all", &all).with("c", 2, &["sg-all"]).with("d", 4, &["sg-all"]);
    lab.ensure(&[&one, &two]).await;
    let (a, b, c, d) =
        (lab.join(&one, "a").await, lab.join(&one, "b").await, lab.join(&two, "c").await, lab.join(&two, "d").await);
    let (of_a, of_c) = (a.tcp_listen(any(80)).expect("free"), c.tcp_listen(any(80)).expect("free"));
    assert!(reaches(&b, (at(2), 80)) && reaches(&d, (at(2), 80)));
    assert!(of_a.accept().is_ok() && of_a.accept().is_err(), "one of them came here");
    assert!(of_c.accept().is_ok() && of_c.accept().is_err(), "and one there");
    assert!(connect(&b, (at(4), 80), SILENCE).is_err() && connect(&d, (at(3), 80), SILENCE).is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_balancer_stands_in_the_router() {
    let Some(lab) = Lab::new("edge") else { return };
    let vpc = vpc("vpc-edge")
        .group("sg-lb", &[(tcp(80), "sg-client")])
        .group("sg-web", &[(tcp(8080), "sg-lb")])
        .group("sg-client", &[])
        .with_edge("lb", 9, &["sg-lb"])
        .with("web", 10, &["sg-web"])
        .with("client", 11, &["sg-client"]);
    lab.ensure(&[&vpc]).await;
    let (web, client, router) = (lab.join(&vpc, "web").await, lab.join(&vpc, "client").await, lab.router("vpc-edge"));
    let _front = [80, 81].map(|port| router.tcp_listen((at(9), port).into()).expect("the balancer's own address"));
    let _target = web.tcp_listen(any(8080)).expect("a free port");
    assert!(reaches(&client, (at(9), 80)));
    assert!(is_silent(&client, (at(9), 81)) && is_silent(&web, (at(9), 80)));
    assert!(is_silent(&client, (at(10), 8080)), "only by way of the balancer");
    assert!(dial(&router, at(9), (at(10), 8080).into()).await.is_ok());
    assert!(
        tokio::time::timeout(SILENCE, dial(&router, at(1), (at(10), 8080).into())).await.map_or(true, |it| it.is_err()),
        "a router's other addresses may not"
    );
}

async fn dial(router: &netns::Namespace, source: Ipv4Addr, to: SocketAddr) -> std::io::Result<tokio::net::TcpStream> {
    let socket = router.tcp_socket_bound((source, 0).into()).expect("a socket");
    tokio::net::TcpSocket::from_std_stream(socket).connect(to).await
}

#[tokio::test(flavor = "multi_thread")]
async fn name_servers_and_metadata_are_always_reached() {
    let Some(lab) = Lab::new("services") else { return };
    let vpc = vpc("vpc-services").closed_group("sg-none", &[], &[]).with("a", 10, &["sg-none"]).with("b", 11, &[]);
    lab.ensure(&[&vpc]).await;
    let (a, b, router) = (lab.join(&vpc, "a").await, lab.join(&vpc, "b").await, lab.router("vpc-services"));
    let server: Ipv4Addr = "10.0.0.2".parse().expect("an address");
    let tasks: Ipv4Addr = [169, 254, 170, 2].into();
    for (address, port) in
        [(server, 53), ([169, 254, 169, 253].into(), 53), ([169, 254, 169, 254].into(), 80), (tasks, 80), (tasks, 4566)]
    {
        let _listener = router.tcp_listen((address, port).into()).expect("the router's own address");
        assert!(reaches(&a, (address, port)) && reaches(&b, (address, port)), "{address}");
    }
    let _other = router.tcp_listen((server, 22).into()).expect("the router's own address");
    assert!(is_silent(&a, (server, 22)), "nothing else of the router is");
    let names = router.udp_bind((server, 53).into()).expect("the router's own address");
    let question = a.udp_bind(any(0)).expect("a port");
    question.send_to(b"who?", (server, 53)).expect("sent");
    let (what, from) = heard(&names);
    assert_eq!((what.as_slice(), from.ip()), (b"who?".as_slice(), at(10).into()));
    names.send_to(b"me", from).expect("answered");
    assert_eq!(heard(&question), (b"me".to_vec(), (server, 53).into()));
}
