//! Flow logs: what real packets leave in them.

use crate::lab::*;
use agent::network::Network as _;
use agent_proto::flow::FlowRecord;
use agent_proto::network::{AclRule, FlowLog, FlowSource, NetworkAcl, Protocol, Traffic, Vpc};
use model::Timestamp;
use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::IpAddr;

fn watched(id: &str) -> Vpc {
    let log = FlowLog { id: "fl-1".into(), source: FlowSource::Vpc, traffic: Traffic::All, interval_seconds: 60 };
    let vpc = vpc(id)
        .group("sg-server", &[(tcp(80), "sg-client"), (Protocol::Udp(53, 53), "0.0.0.0/0")])
        .group("sg-client", &[])
        .with("server", 10, &["sg-server"])
        .public(1)
        .with("client", 11, &["sg-client"]);
    Vpc { flow_logs: vec![log], ..vpc }
}

fn minute(number: i64) -> Timestamp {
    Timestamp(number * 60_000)
}

/// Interface, direction, verdict, addresses' last numbers, the port that is below 1024, packets, TCP flags.
type Line = (String, &'static str, bool, (u8, u8), u16, u64, u8);

fn line(record: &FlowRecord) -> Line {
    let last = |address: IpAddr| match address {
        IpAddr::V4(address) => address.octets()[3],
        IpAddr::V6(_) => 0,
    };
    let direction = if record.egress { "egress" } else { "ingress" };
    let addresses = (last(record.packet_source), last(record.packet_destination));
    let port = record.source_port.min(record.destination_port);
    (record.interface.clone(), direction, record.accepted, addresses, port, record.packets, record.tcp_flags)
}

fn lines(records: &[FlowRecord]) -> Vec<Line> {
    let mut lines: Vec<_> = records.iter().map(line).collect();
    lines.sort();
    lines
}

#[tokio::test(flavor = "multi_thread")]
async fn packets_are_told_of_at_both_ends() {
    let Some(lab) = Lab::new("flows") else { return };
    let vpc = watched("vpc-flows");
    lab.ensure(&[&vpc]).await;
    let (server, client) = (lab.join(&vpc, "server").await, lab.join(&vpc, "client").await);
    assert_eq!(lab.world.flows(minute(10)).await, []);
    let (names, question) = (server.udp_bind(any(53)).expect("a port"), client.udp_bind(any(2000)).expect("a port"));
    for _ in 0..3 {
        question.send_to(b"four", (at(10), 53)).expect("sent");
    }
    question.send_to(b"four", (at(10), 54)).expect("sent");
    names.send_to(b"back", (at(11), 2000)).expect("sent");
    assert_eq!(lab.world.flows(minute(10)).await, [], "the minute is not over");
    let records = lab.world.flows(minute(11)).await;
    let told = |eni: &str, direction, accepted, addresses, port, packets| {
        (format!("eni-{eni}"), direction, accepted, addresses, port, packets, 0)
    };
    let mut meant = vec![
        told("client", "egress", true, (11, 10), 53, 3),
        told("client", "egress", true, (11, 10), 54, 1),
        told("client", "ingress", true, (10, 11), 53, 1),
        told("server", "egress", true, (10, 11), 53, 1),
        told("server", "ingress", true, (11, 10), 53, 3),
        told("server", "ingress", false, (11, 10), 54, 1),
    ];
    meant.sort();
    assert_eq!(lines(&records), meant);
    assert!(records.iter().all(|it| it.bytes == it.packets * (20 + 8 + 4) && it.protocol == 17 && it.log == "fl-1"));
    assert_eq!(lab.world.flows(minute(20)).await, [], "and nothing is told twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_is_told_of_with_its_flags() {
    let Some(lab) = Lab::new("flags") else { return };
    let vpc = watched("vpc-flags");
    lab.ensure(&[&vpc]).await;
    let (server, client) = (lab.join(&vpc, "server").await, lab.join(&vpc, "client").await);
    lab.world.flows(minute(1)).await;
    let listener = server.tcp_listen(any(80)).expect("a free port");
    let mut ours = connect(&client, (at(10), 80), PATIENCE).expect("connected");
    listener.set_nonblocking(false).expect("blocking");
    let (mut theirs, _) = listener.accept().expect("a connection");
    theirs.set_nonblocking(false).expect("blocking");
    ours.write_all(b"question").expect("sent");
    theirs.read_exact(&mut [0; 8]).expect("received");
    drop(theirs);
    assert_eq!(ours.read(&mut [0; 8]).expect("the end"), 0);
    drop(ours);
    assert!(is_silent(&client, (at(10), 81)));
    lab.world.flows(minute(1)).await;
    let records = lab.world.flows(minute(2)).await;
    let flags = |interface: &str, egress, accepted| {
        let of = |it: &&FlowRecord| (it.interface.as_str(), it.egress, it.accepted) == (interface, egress, accepted);
        records.iter().filter(of).map(|it| (it.source_port.min(it.destination_port), it.tcp_flags)).collect::<BTreeSet<_>>()
    };
    assert_eq!(flags("eni-client", true, true), BTreeSet::from([(80, 0x02 | 0x01), (81, 0x02)]));
    assert_eq!(flags("eni-server", true, true), BTreeSet::from([(80, 0x12 | 0x01)]));
    assert_eq!(flags("eni-server", false, false), BTreeSet::from([(81, 0x02)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_counted_outlives_a_change_of_the_rules() {
    let Some(lab) = Lab::new("flows-change") else { return };
    let vpc = watched("vpc-flowc");
    lab.ensure(&[&vpc]).await;
    let (server, client) = (lab.join(&vpc, "server").await, lab.join(&vpc, "client").await);
    let _names = server.udp_bind(any(53)).expect("a port");
    lab.world.flows(minute(1)).await;
    let question = client.udp_bind(any(2000)).expect("a port");
    let ask = || assert_eq!(question.send_to(b"?", (at(10), 53)).expect("sent"), 1);
    ask();
    let mut closed = vpc.clone();
    closed.subnets.push(agent_proto::network::Subnet::new("subnet-9", cidr("10.0.9.0/24")));
    closed.subnets[0].acl = Some("acl-1".into());
    let rule = |number, allow| AclRule { number, allow, protocol: Protocol::All, cidr: cidr("0.0.0.0/0").into() };
    closed.acls = vec![NetworkAcl { id: "acl-1".into(), ingress: vec![rule(1, false)], egress: vec![rule(1, true)] }];
    lab.ensure(&[&closed]).await;
    ask();
    drop(connect(&lab.host(), ([198, 18, 0, 1], 80), SILENCE));
    lab.world.flows(minute(1)).await;
    let records = lab.world.flows(minute(2)).await;
    let of = |interface: &str, accepted| {
        let mine = records.iter().filter(|it| it.interface == interface && it.accepted == accepted);
        mine.map(|it| (it.packets, it.egress)).collect::<Vec<_>>()
    };
    assert_eq!(of("eni-client", true), [(2, true)]);
    assert_eq!(of("eni-server", true), [(2, false)], "the ACL is not asked within the subnet");
    assert_eq!(of("eni-server", false).len(), 1, "but from outside: {records:#?}");
}
