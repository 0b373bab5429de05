//! IPv6: within a VPC, to the internet, out of it alone, between peered VPCs, at the host.

use crate::lab::*;
use agent::network::Network as _;
use agent_proto::flow::FlowRecord;
use agent_proto::network::{
    AclRule, FlowLog, FlowSource, Interface, NetworkAcl, Peering, Protocol, Route, Subnet, Target, Traffic, Vpc,
};
use model::Timestamp;
use netns::Namespace;
use nix::sys::socket::sockopt::ReceiveTimeout;
use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, SockaddrIn6, recv, sendto, setsockopt, socket,
};
use nix::sys::time::{TimeVal, TimeValLike};
use std::net::{IpAddr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::os::fd::AsRawFd;

const EVERYWHERE: &str = "::/0";

/// 2001:db8:0:`net`00::/56, of which `subnet-1` has the first part and others the next.
fn dual(id: &str, net: u16, target: Target) -> Vpc {
    let mut vpc = vpc(id);
    vpc.ipv6 = vec![format!("2001:db8:0:{net}00::/56").parse().expect("a network")];
    open(&mut vpc, "subnet-1", net << 8, target);
    vpc
}

/// Gives a subnet a block and a way to everywhere.
fn open(vpc: &mut Vpc, subnet: &str, net: u16, target: Target) {
    let subnet = vpc.subnets.iter_mut().find(|it| it.id == subnet).expect("the subnet");
    subnet.ipv6 = vec![format!("2001:db8:0:{net:x}::/64").parse().expect("a network")];
    subnet.routes.push(Route { destination: EVERYWHERE.parse().expect("a network"), target });
}

/// 2001:db8:0:`net`::`last`
fn v6(net: u16, last: u16) -> Ipv6Addr {
    Ipv6Addr::new(0x2001, 0xdb8, 0, net, 0, 0, 0, last)
}

trait Words6 {
    fn at6(self, net: u16, last: u16) -> Self;
    fn group6(self, id: &str, ingress: &[(Protocol, &str)]) -> Self;
}

impl Words6 for Vpc {
    /// Gives the last interface an address.
    fn at6(mut self, net: u16, last: u16) -> Self {
        let interface: &mut Interface = self.interfaces.last_mut().expect("an interface");
        interface.ipv6.push(v6(net, last));
        self
    }

    fn group6(self, id: &str, ingress: &[(Protocol, &str)]) -> Self {
        self.closed_group(id, ingress, &[(Protocol::All, EVERYWHERE)])
    }
}

/// A socket that takes connections of IPv6.
fn listen(inside: &Namespace, port: u16) -> std::net::TcpListener {
    inside.tcp_listen((IpAddr::V6(Ipv6Addr::UNSPECIFIED), port).into()).expect("a free port")
}

/// Whether an echo request (RFC 4443, section 4.1) is answered; `scope` is the link of a link-local address.
fn pings(from: &Namespace, to: Ipv6Addr, scope: u32) -> bool {
    let echoed = from.run(|| {
        let socket = socket(AddressFamily::Inet6, SockType::Datagram, SockFlag::empty(), SockProtocol::IcmpV6)?;
        setsockopt(&socket, ReceiveTimeout, &TimeVal::milliseconds(SILENCE.as_millis() as i64))?;
        let to = SockaddrIn6::from(SocketAddrV6::new(to, 0, 0, scope));
        sendto(socket.as_raw_fd(), &[128, 0, 0, 0, 0, 0, 0, 1], &to, MsgFlags::empty())?;
        recv(socket.as_raw_fd(), &mut [0; 64], MsgFlags::empty())
    });
    echoed.expect("entered").is_ok()
}

/// The number of the container's interface.
fn link(inside: &Namespace) -> u32 {
    let text = command(inside, "cat /sys/class/net/eth0/ifindex");
    text.trim().parse().unwrap_or(2)
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_judge_packets_of_ipv6() {
    let Some(lab) = Lab::new("ipv6-groups") else { return };
    let vpc = dual("vpc-6", 1, Target::Blackhole)
        .group6("sg-a", &[])
        .group6("sg-b", &[(tcp(80), "sg-a"), (Protocol::Icmpv6(Some(128), None), "2001:db8:0:100::/64"), (tcp(81), "0.0.0.0/0")])
        .with("one", 10, &["sg-a"])
        .at6(0x100, 10)
        .with("two", 11, &["sg-b"])
        .at6(0x100, 11)
        .with("three", 12, &["sg-b"])
        .at6(0x100, 12);
    lab.ensure(&[&vpc]).await;
    let (one, two, three) = (lab.join(&vpc, "one").await, lab.join(&vpc, "two").await, lab.join(&vpc, "three").await);
    let listeners = [80, 81, 82].map(|port| listen(&two, port));
    assert!(reaches(&one, (v6(0x100, 11), 80)), "a member of the group that the rule names");
    assert_eq!(listeners[0].accept().expect("a connection").1.ip(), IpAddr::from(v6(0x100, 10)));
    assert!(is_silent(&one, (v6(0x100, 11), 81)), "a rule for IPv4 says nothing of IPv6");
    assert!(is_silent(&one, (v6(0x100, 11), 82)) && is_silent(&three, (v6(0x100, 11), 80)));
    assert!(is_silent(&one, (at(11), 80)), "nor the other way round: nothing of IPv4 may leave");
    assert!(pings(&one, v6(0x100, 11), 0) && !pings(&two, v6(0x100, 10), 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_bears_anothers_address_does_not_arrive() {
    let Some(lab) = Lab::new("ipv6-spoofed") else { return };
    let vpc = dual("vpc-6-spoofed", 2, Target::Blackhole)
        .group6("sg-1", &[(Protocol::All, EVERYWHERE)])
        .with("one", 10, &["sg-1"])
        .at6(0x200, 10)
        .with("two", 11, &["sg-1"])
        .at6(0x200, 11);
    lab.ensure(&[&vpc]).await;
    let (one, two) = (lab.join(&vpc, "one").await, lab.join(&vpc, "two").await);
    let answer = two.udp_bind(SocketAddr::from((Ipv6Addr::UNSPECIFIED, 53))).expect("a port");
    answer.set_nonblocking(false).expect("a socket");
    answer.set_read_timeout(Some(SILENCE)).expect("a socket");
    let hears = || answer.recv_from(&mut [0; 8]).is_ok();
    let says = |from: Ipv6Addr| {
        let question = one.udp_bind(SocketAddr::from((from, 0))).expect("a port");
        question.send_to(b"?", SocketAddr::from((v6(0x200, 11), 53))).expect("sent");
    };
    // The kernel takes an address into use a moment after it has been given one; what comes before that is lost.
    let heard = (0..50).any(|_| {
        says(v6(0x200, 10));
        hears()
    });
    assert!(heard);
    command(&one, "ip -6 addr add 2001:db8:0:200::66/128 dev eth0 nodad");
    says(v6(0x200, 0x66));
    assert!(!hears(), "an address that nobody has");
    let (router, everybody) =
        (Ipv6Addr::new(0xfe80, 0, 0, 0, 0x68, 0x66ff, 0xfe00, 1), Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1));
    assert!(!pings(&one, router, link(&one)), "the router answers nothing but who it is");
    assert!(!pings(&one, everybody, link(&one)), "and nobody else is on the link");
}

/// Somebody on the internet, at 2001:db8:0:900::3.
fn internet() -> Vpc {
    dual("vpc-6-internet", 9, Target::InternetGateway)
        .group6("sg-1", &[(Protocol::All, EVERYWHERE)])
        .with("far", 10, &["sg-1"])
        .at6(0x900, 3)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_egress_only_gateway_lets_out_and_not_in() {
    let Some(lab) = Lab::new("ipv6-egress") else { return };
    let before = lab.traces();
    let mut vpc = dual("vpc-6-egress", 3, Target::InternetGateway).subnet("subnet-2", "10.0.2.0/24", &[]);
    open(&mut vpc, "subnet-2", 0x301, Target::EgressOnlyInternetGateway);
    let vpc = vpc
        .group6("sg-1", &[(Protocol::All, EVERYWHERE)])
        .with("public", 10, &["sg-1"])
        .at6(0x300, 10)
        .with("inner", 11, &["sg-1"])
        .placed("subnet-2", [10, 0, 2, 11])
        .at6(0x301, 11);
    let internet = internet();
    lab.ensure(&[&vpc, &internet]).await;
    let (public, inner) = (lab.join(&vpc, "public").await, lab.join(&vpc, "inner").await);
    let far = lab.join(&internet, "far").await;
    let listener = listen(&far, 80);
    for (from, expected) in [(&public, v6(0x300, 10)), (&inner, v6(0x301, 11))] {
        assert!(reaches(from, (v6(0x900, 3), 80)), "{expected} gets out");
        assert_eq!(listener.accept().expect("a connection").1.ip(), IpAddr::from(expected), "as itself");
    }
    let (_public, _inner) = (listen(&public, 80), listen(&inner, 80));
    assert!(reaches(&far, (v6(0x300, 10), 80)), "an internet gateway lets in");
    assert!(is_silent(&far, (v6(0x301, 11), 80)), "an egress-only one does not");
    assert!(reaches(&lab.host(), (v6(0x300, 10), 80)), "the host's users are on the internet too");
    assert!(is_silent(&lab.host(), (v6(0x301, 11), 80)));
    assert!(reaches(&public, (v6(0x301, 11), 80)), "within the VPC there is no difference");

    for workload in ["public", "inner", "far"] {
        lab.world.leave(workload).await.expect("it leaves");
    }
    lab.ensure(&[]).await;
    lab.world.teardown().await.expect("down");
    assert_eq!(lab.traces(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn peered_vpcs_and_acls_know_ipv6() {
    let Some(lab) = Lab::new("ipv6-peered") else { return };
    let side = |id: &str, net: u16, cidr: &str, other: (&str, u16)| {
        let mut vpc = dual(id, net, Target::Peering("pcx-6".into())).group6("sg-1", &[(Protocol::All, EVERYWHERE)]);
        vpc.cidr = self::cidr(cidr);
        let cidrs = vec![format!("2001:db8:0:{}00::/56", other.1).parse().expect("a network")];
        vpc.peerings = vec![Peering { id: "pcx-6".into(), vpc: other.0.into(), cidrs }];
        vpc.with(&format!("w{net}"), 10, &["sg-1"]).at6(net << 8, 10)
    };
    let one = side("vpc-6-one", 4, "10.0.0.0/16", ("vpc-6-two", 5));
    let mut two = side("vpc-6-two", 5, "10.0.0.0/16", ("vpc-6-one", 4));
    lab.ensure(&[&one, &two]).await;
    let (here, there) = (lab.join(&one, "w4").await, lab.join(&two, "w5").await);
    let (_one, _two) = (listen(&there, 80), listen(&there, 81));
    assert!(reaches(&here, (v6(0x500, 10), 80)) && reaches(&here, (v6(0x500, 10), 81)));

    let rule = |number, allow, protocol| AclRule { number, allow, protocol, cidr: EVERYWHERE.parse().expect("a network") };
    two.acls = vec![NetworkAcl {
        id: "acl-6".into(),
        ingress: vec![rule(90, false, tcp(81)), rule(100, true, Protocol::All)],
        egress: vec![rule(100, true, Protocol::All)],
    }];
    two.subnets = two.subnets.into_iter().map(|it| Subnet { acl: Some("acl-6".into()), ..it }).collect();
    lab.ensure(&[&one, &two]).await;
    assert!(reaches(&here, (v6(0x500, 10), 80)) && is_silent(&here, (v6(0x500, 10), 81)));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_rules_let_begin_is_counted() {
    let Some(lab) = Lab::new("counted") else { return };
    let mut vpc = dual("vpc-counted", 8, Target::Blackhole)
        .group6("sg-1", &[(tcp(80), EVERYWHERE), (tcp(81), EVERYWHERE)])
        .with("one", 10, &["sg-1"])
        .at6(0x800, 10)
        .with("two", 11, &["sg-1"])
        .at6(0x800, 11);
    let name = |number: usize| format!("sgr-{number}");
    for (number, rule) in vpc.groups[0].ingress.iter_mut().enumerate() {
        rule.id = Some(name(number));
    }
    lab.ensure(&[&vpc]).await;
    let (one, two) = (lab.join(&vpc, "one").await, lab.join(&vpc, "two").await);
    let _listener = listen(&two, 80);
    assert!(reaches(&one, (v6(0x800, 11), 80)));
    let count = async |number| lab.world.rule_counts().await[&name(number)].packets;
    let first = count(0).await;
    assert!(first >= 1 && count(1).await == 0);
    vpc.groups[0].ingress.reverse();
    lab.ensure(&[&vpc]).await;
    assert_eq!(count(0).await, first, "what was counted is not forgotten when rules change");
    assert!(is_silent(&one, (v6(0x800, 11), 82)));
    assert!(reaches(&one, (v6(0x800, 11), 80)));
    assert!(count(0).await > first && count(1).await == 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn flow_logs_tell_of_ipv6() {
    let Some(lab) = Lab::new("ipv6-flows") else { return };
    let log = FlowLog { id: "fl-6".into(), source: FlowSource::Vpc, traffic: Traffic::All, interval_seconds: 60 };
    let vpc = dual("vpc-6-flows", 7, Target::Blackhole)
        .group6("sg-1", &[(tcp(80), EVERYWHERE)])
        .with("one", 10, &["sg-1"])
        .at6(0x700, 10)
        .with("two", 11, &["sg-1"])
        .at6(0x700, 11);
    let vpc = Vpc { flow_logs: vec![log], ..vpc };
    lab.ensure(&[&vpc]).await;
    let (one, two) = (lab.join(&vpc, "one").await, lab.join(&vpc, "two").await);
    lab.world.flows(Timestamp(0)).await;
    let _listener = listen(&two, 80);
    assert!(reaches(&one, (v6(0x700, 11), 80)) && is_silent(&one, (v6(0x700, 11), 81)));
    lab.world.flows(Timestamp(1000)).await;
    let records = lab.world.flows(Timestamp(60_000)).await;
    let seen = |port, accepted, egress| {
        let meant = |it: &&FlowRecord| (it.destination_port, it.accepted, it.egress) == (port, accepted, egress);
        let ends = |it: &FlowRecord| (it.source, it.destination) == (v6(0x700, 10).into(), v6(0x700, 11).into());
        records.iter().find(meant).is_some_and(ends)
    };
    assert!(seen(80, true, true) && seen(80, true, false) && seen(81, false, false), "{records:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_of_ipv6_come_and_go() {
    let Some(lab) = Lab::new("ipv6-moves") else { return };
    let with = |addresses: &[u16]| {
        let vpc = dual("vpc-6-moves", 6, Target::Blackhole)
            .group6("sg-1", &[(Protocol::All, EVERYWHERE)])
            .with("one", 10, &["sg-1"])
            .at6(0x600, 10)
            .with("two", 11, &["sg-1"]);
        addresses.iter().fold(vpc, |vpc, last| vpc.at6(0x600, *last))
    };
    let (none, both, one) = (with(&[]), with(&[11, 12]), with(&[12]));
    lab.ensure(&[&none]).await;
    let (here, there) = (lab.join(&none, "one").await, lab.join(&none, "two").await);
    let _listener = listen(&there, 80);
    assert!(is_silent(&here, (v6(0x600, 11), 80)));
    for (vpc, reached) in [(&both, [true, true]), (&one, [false, true]), (&none, [false, false])] {
        lab.ensure(&[vpc]).await;
        lab.join(vpc, "two").await;
        for (last, reached) in [11, 12].into_iter().zip(reached) {
            let address = (v6(0x600, last), 80);
            assert_eq!(
                if reached { reaches(&here, address) } else { connect(&here, address, SILENCE).is_ok() },
                reached,
                "{last}"
            );
        }
    }
}
