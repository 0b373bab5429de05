//! The host's flow records: gathered while some VPC has a flow log, and kept until newer ones need the room.

use crate::network::Network;
use agent_proto::{
    Desired,
    flow::{FlowChunk, FlowPosition, FlowRecord},
};
use model::Env;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::watch;

/// Between two readings of the counters: a sixth of the shortest interval, and less than the time for which the shortest flow is of interest.
const READ: Duration = Duration::from_secs(10);

/// How many records are kept.
const KEPT: usize = 100_000;

/// How many records are told at once.
const TOLD: usize = 1_000;

/// The records of one host since its start.
pub struct FlowBook {
    epoch: u64,
    pages: Mutex<Pages>,
}

#[derive(Default)]
struct Pages {
    records: VecDeque<FlowRecord>,
    /// How many came before the first.
    before: u64,
}

impl FlowBook {
    /// An empty book, begun now.
    pub fn new(env: &Env) -> Self {
        Self { epoch: u64::try_from(env.now().0).unwrap_or_default().max(1), pages: Mutex::default() }
    }

    /// The records from a position on; see [`FlowChunk`].
    pub fn read(&self, from: FlowPosition) -> FlowChunk {
        let pages = self.pages();
        let number = if from.epoch == self.epoch { from.number.max(pages.before) } else { pages.before };
        let skipped = usize::try_from(number - pages.before).unwrap_or(usize::MAX);
        let records: Vec<_> = pages.records.iter().skip(skipped).take(TOLD).cloned().collect();
        let next = FlowPosition { epoch: self.epoch, number: number + records.len() as u64 };
        FlowChunk { records, next }
    }

    /// Reads the network's counters, every few seconds while there is a flow log, for as long as the host lives.
    pub async fn keep(&self, network: Arc<dyn Network>, env: Env, mut desired: watch::Receiver<Option<Desired>>) {
        let wanted = |desired: &Option<Desired>| {
            desired.as_ref().is_some_and(|it| it.networks.iter().any(|vpc| !vpc.flow_logs.is_empty()))
        };
        while desired.wait_for(wanted).await.is_ok() {
            env.sleep(READ).await;
            self.add(network.flows(env.now()).await);
        }
    }

    fn add(&self, records: Vec<FlowRecord>) {
        let mut pages = self.pages();
        pages.records.extend(records);
        let surplus = pages.records.len().saturating_sub(KEPT);
        pages.records.drain(..surplus);
        pages.before += surplus as u64;
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Timestamp;
    use std::net::Ipv4Addr;

    fn record(number: u64) -> FlowRecord {
        let (address, moment) = (Ipv4Addr::LOCALHOST.into(), Timestamp(0));
        FlowRecord {
            log: "fl-1".into(),
            interface: "eni-1".into(),
            source: address,
            destination: address,
            packet_source: address,
            packet_destination: address,
            source_port: 1,
            destination_port: 2,
            protocol: 6,
            packets: number,
            bytes: number,
            start: moment,
            end: moment,
            accepted: true,
            egress: true,
            tcp_flags: 0,
        }
    }

    fn numbers(chunk: &FlowChunk) -> Vec<u64> {
        chunk.records.iter().map(|it| it.packets).collect()
    }

    #[test]
    fn records_are_read_on_from_where_one_was() {
        let book = FlowBook::new(&Env::manual(Timestamp(7), 1).0);
        assert!(book.read(FlowPosition::default()).records.is_empty());
        book.add(vec![record(1), record(2)]);
        let first = book.read(FlowPosition::default());
        assert_eq!(numbers(&first), [1, 2]);
        book.add(vec![record(3)]);
        assert_eq!(numbers(&book.read(first.next)), [3]);
        assert_eq!(numbers(&book.read(FlowPosition { epoch: 6, number: 2 })), [1, 2, 3], "another start's position");
        assert!(book.read(FlowPosition { number: 99, ..first.next }).records.is_empty());
    }

    #[test]
    fn the_oldest_go_first() {
        let book = FlowBook::new(&Env::manual(Timestamp(7), 1).0);
        book.add((0..KEPT as u64 + 3).map(record).collect());
        let chunk = book.read(FlowPosition::default());
        assert_eq!((chunk.records.len(), chunk.records[0].packets, chunk.next.number), (TOLD, 3, 3 + TOLD as u64));
    }
}
