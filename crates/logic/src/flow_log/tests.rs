//! Readings in, records out.

use super::*;
use crate::packet_filter::FlowKind;
use agent_proto::network::{Attachment, FlowLog};

fn log(id: &str, source: FlowSource, traffic: Traffic, interval_seconds: u32) -> FlowLog {
    FlowLog { id: id.into(), source, traffic, interval_seconds }
}

fn vpc(flow_logs: Vec<FlowLog>) -> Vpc {
    let interface = |id: &str, last, subnet: &str| Interface {
        id: id.into(),
        subnet: subnet.into(),
        address: [10, 0, 1, last].into(),
        public_address: None,
        secondary: vec![],
        ipv6: vec![],
        source_dest_check: true,
        mac: String::new(),
        groups: vec![],
        attachment: Attachment::Edge,
    };
    let interfaces = vec![interface("eni-1", 1, "subnet-1"), interface("eni-2", 2, "subnet-2")];
    Vpc { interfaces, flow_logs, ..Vpc::new("vpc-1", model::Cidr::ANY) }
}

fn reading(kind: FlowKind, accepted: bool, interface: &str, packets: u64) -> Reading {
    Reading {
        set: FlowSet { egress: false, accepted, kind, ipv6: false },
        flow: Flow {
            interface: interface.into(),
            source: [192, 0, 2, 1].into(),
            destination: [10, 0, 1, 9].into(),
            source_port: 40000,
            destination_port: 80,
            protocol: 6,
        },
        packets,
        bytes: packets * 100,
    }
}

fn accepted(packets: u64) -> Vec<Reading> {
    vec![reading(FlowKind::Tcp, true, "eni-1", packets)]
}

const SECOND: i64 = 1000;

fn at(seconds: i64) -> Timestamp {
    Timestamp(seconds * SECOND)
}

#[test]
fn an_interval_becomes_a_record() {
    let vpc = vpc(vec![log("fl-1", FlowSource::Vpc, Traffic::All, 60)]);
    let mut ledger = Ledger::default();
    ledger.begin("vpc-1");
    ledger.read(&vpc, vec![], at(0));
    ledger.read(&vpc, vec![reading(FlowKind::Tcp, true, "eni-1", 3), reading(FlowKind::Syn, true, "eni-1", 1)], at(10));
    ledger.read(&vpc, vec![reading(FlowKind::Tcp, true, "eni-1", 5), reading(FlowKind::Syn, true, "eni-1", 1)], at(20));
    assert_eq!(ledger.close(at(59)), []);
    let records = ledger.close(at(60));
    let [record] = records.as_slice() else { panic!("{records:?}") };
    assert_eq!((record.packets, record.bytes, record.tcp_flags, record.accepted, record.egress), (5, 500, 2, true, false));
    assert_eq!((record.start, record.end), (at(0), at(20)));
    assert_eq!(record.destination, IpAddr::from([10, 0, 1, 1]), "the interface's primary address");
    assert_eq!(record.packet_destination, IpAddr::from([10, 0, 1, 9]));
    assert_eq!(ledger.close(at(600)), [], "once");
}

#[test]
fn what_is_added_belongs_to_the_interval_in_which_it_was_begun_to_be_counted() {
    let vpc = vpc(vec![log("fl-1", FlowSource::Vpc, Traffic::All, 60)]);
    let mut ledger = Ledger::default();
    ledger.begin("vpc-1");
    ledger.read(&vpc, vec![], at(0));
    for (seconds, packets) in [(50, 1), (61, 3), (70, 6)] {
        ledger.read(&vpc, accepted(packets), at(seconds));
    }
    let counts = |records: Vec<FlowRecord>| records.iter().map(|it| (it.packets, it.end)).collect::<Vec<_>>();
    assert_eq!(counts(ledger.close(at(119))), [(3, at(60))]);
    assert_eq!(counts(ledger.close(at(120))), [(3, at(70))]);
}

#[test]
fn counters_that_begin_anew_are_not_counted_twice() {
    let vpc = vpc(vec![log("fl-1", FlowSource::Vpc, Traffic::All, 60)]);
    let mut ledger = Ledger::default();
    ledger.read(&vpc, accepted(100), at(0));
    ledger.read(&vpc, accepted(101), at(10));
    ledger.begin("vpc-1");
    ledger.read(&vpc, accepted(104), at(20));
    ledger.read(&vpc, vec![], at(30));
    ledger.read(&vpc, accepted(2), at(40));
    ledger.read(&vpc, accepted(1), at(50));
    let packets: Vec<_> = ledger.close(at(60)).iter().map(|it| it.packets).collect();
    assert_eq!(packets, [1 + 104 + 2 + 1], "what was there before anybody looked is nobody's");
}

#[test]
fn each_log_has_what_it_watches() {
    let vpc = vpc(vec![
        log("fl-accept", FlowSource::Vpc, Traffic::Accept, 60),
        log("fl-reject", FlowSource::Subnet("subnet-2".into()), Traffic::Reject, 600),
        log("fl-eni", FlowSource::Interface("eni-2".into()), Traffic::All, 60),
    ]);
    let mut ledger = Ledger::default();
    ledger.begin("vpc-1");
    ledger.read(&vpc, vec![], at(0));
    let readings =
        ["eni-1", "eni-2"].iter().flat_map(|id| [true, false].map(|accepted| reading(FlowKind::Tcp, accepted, id, 1))).collect();
    ledger.read(&vpc, readings, at(10));
    let told = |records: Vec<FlowRecord>| records.into_iter().map(|it| (it.log, it.interface, it.accepted)).collect::<Vec<_>>();
    let line = |log: &str, interface: &str, accepted| (log.to_owned(), interface.to_owned(), accepted);
    assert_eq!(
        told(ledger.close(at(60))),
        [
            line("fl-accept", "eni-1", true),
            line("fl-accept", "eni-2", true),
            line("fl-eni", "eni-2", false),
            line("fl-eni", "eni-2", true)
        ]
    );
    assert_eq!(told(ledger.close(at(600))), [line("fl-reject", "eni-2", false)]);
}
