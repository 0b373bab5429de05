//! Flow logs: from counters that only ever grow to records of what passed in each interval.
//!
//! A host reads its packet filters' counters ([`crate::packet_filter::flow_sets`]) every few seconds. What was added since the last reading
//! belongs to the interval in which that reading was; when an interval has ended, what was gathered in it becomes records.

pub mod line;
#[cfg(test)]
mod tests;

use crate::packet_filter::FlowSet;
use agent_proto::flow::FlowRecord;
use agent_proto::network::{FlowSource, Interface, Traffic, Vpc};
use model::Timestamp;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

/// A flow, as packets of one direction show it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Flow {
    /// The interface's id.
    pub interface: String,
    /// Where the packets come from.
    pub source: IpAddr,
    /// Where they go.
    pub destination: IpAddr,
    /// 0 for protocols without ports.
    pub source_port: u16,
    /// 0 for protocols without ports.
    pub destination_port: u16,
    /// The IP protocol's number.
    pub protocol: u8,
}

/// A counter as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Which packets it counts.
    pub set: FlowSet,
    /// Of what flow.
    pub flow: Flow,
    /// So far.
    pub packets: u64,
    /// So far, with IP headers.
    pub bytes: u64,
}

/// What is known of counters, and gathered of intervals that have not ended.
#[derive(Debug, Default)]
pub struct Ledger {
    vpcs: BTreeMap<String, Counters>,
    open: BTreeMap<Place, Gathered>,
    latest: Timestamp,
}

/// The counters of one VPC, as they were read last.
#[derive(Debug, Default)]
struct Counters {
    read_at: Option<Timestamp>,
    values: BTreeMap<(FlowSet, Flow), (u64, u64)>,
}

/// Whose record something is gathered for: flow log, the interval's beginning and length in milliseconds, direction and verdict, flow.
type Place = (String, i64, i64, (bool, bool), Flow);

#[derive(Debug, Default)]
struct Gathered {
    primary: Option<Ipv4Addr>,
    packets: u64,
    bytes: u64,
    tcp_flags: u8,
    start: Timestamp,
    end: Timestamp,
}

impl Ledger {
    /// The VPC's counters begin anew, all at zero.
    pub fn begin(&mut self, vpc: &str) {
        self.vpcs.entry(vpc.into()).or_default().values.clear();
    }

    /// When anything was last read.
    pub fn latest(&self) -> Timestamp {
        self.latest
    }

    /// Takes down the counters of a VPC. What they say at the first time, if it is not known when they began, is not gathered.
    pub fn read(&mut self, vpc: &Vpc, readings: Vec<Reading>, now: Timestamp) {
        let values: BTreeMap<_, _> = readings.into_iter().map(|it| ((it.set, it.flow), (it.packets, it.bytes))).collect();
        self.latest = self.latest.max(now);
        let before = self.vpcs.insert(vpc.id.clone(), Counters { read_at: Some(now), values: values.clone() });
        let Some(before) = before else { return };
        let since = before.read_at.unwrap_or(now);
        for ((set, flow), (packets, bytes)) in values {
            // A counter that has not been used for long goes, and comes back at zero.
            let (was, were) = match before.values.get(&(set, flow.clone())) {
                Some((was, were)) if *was <= packets => (*was, *were),
                _ => (0, 0),
            };
            if packets > was {
                self.gather(vpc, set, &flow, (packets - was, bytes.saturating_sub(were)), (since, now));
            }
        }
    }

    /// Ends the intervals that are over, and answers their records in order.
    pub fn close(&mut self, now: Timestamp) -> Vec<FlowRecord> {
        let over = |(_, begin, length, _, _): &Place| begin + length <= now.0;
        let ended: Vec<_> = self.open.keys().filter(|place| over(place)).cloned().collect();
        ended.into_iter().filter_map(|place| Some(record(&place, &self.open.remove(&place)?))).collect()
    }

    fn gather(&mut self, vpc: &Vpc, set: FlowSet, flow: &Flow, added: (u64, u64), (since, now): (Timestamp, Timestamp)) {
        let Some(interface) = vpc.interfaces.iter().find(|it| it.id == flow.interface) else { return };
        for log in vpc.flow_logs.iter().filter(|log| wants(log.traffic, set.accepted) && watches(&log.source, interface)) {
            let length = i64::from(log.interval_seconds.max(1)) * 1000;
            let begin = since.0.div_euclid(length) * length;
            let place = (log.id.clone(), begin, length, (set.egress, set.accepted), flow.clone());
            let gathered = self.open.entry(place).or_insert_with(|| Gathered { start: since, ..Gathered::default() });
            gathered.primary = Some(interface.address);
            gathered.end = now.min(Timestamp(begin + length));
            match set.kind.tcp_flags() {
                0 => (gathered.packets, gathered.bytes) = (gathered.packets + added.0, gathered.bytes + added.1),
                flags => gathered.tcp_flags |= flags,
            }
        }
    }
}

/// The interfaces of the VPC that any flow log watches.
pub fn watched(vpc: &Vpc) -> impl Iterator<Item = &Interface> {
    vpc.interfaces.iter().filter(|it| vpc.flow_logs.iter().any(|log| watches(&log.source, it)))
}

fn watches(source: &FlowSource, interface: &Interface) -> bool {
    match source {
        FlowSource::Vpc => true,
        FlowSource::Subnet(id) => *id == interface.subnet,
        FlowSource::Interface(id) => *id == interface.id,
    }
}

fn wants(traffic: Traffic, accepted: bool) -> bool {
    match traffic {
        Traffic::Accept => accepted,
        Traffic::Reject => !accepted,
        Traffic::All => true,
    }
}

fn record((log, _, _, (egress, accepted), flow): &Place, gathered: &Gathered) -> FlowRecord {
    let own = |address: IpAddr| gathered.primary.filter(|_| address.is_ipv4()).map_or(address, IpAddr::V4);
    let (source, destination) = match egress {
        true => (own(flow.source), flow.destination),
        false => (flow.source, own(flow.destination)),
    };
    FlowRecord {
        log: log.clone(),
        interface: flow.interface.clone(),
        source,
        destination,
        packet_source: flow.source,
        packet_destination: flow.destination,
        source_port: flow.source_port,
        destination_port: flow.destination_port,
        protocol: flow.protocol,
        packets: gathered.packets,
        bytes: gathered.bytes,
        start: gathered.start,
        end: gathered.end,
        accepted: *accepted,
        egress: *egress,
        tcp_flags: gathered.tcp_flags,
    }
}
