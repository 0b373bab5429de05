//! What passed an interface, as flow logs have it: gathered by hosts, made into lines by the control plane.
//!
//! A record is one direction of one flow at one interface in one interval. The host counts; which fields are shown, and in which
//! order, is the control plane's business.

use model::Timestamp;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// Records from a position on.
///
/// Hosts keep a bounded number of records, in memory: flow logs are gathered as well as can be, as at AWS. A position that is older than
/// the oldest record is answered from that one on; one that the host does not know (it was started anew) from the first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FlowChunk {
    /// In the order in which they were closed.
    pub records: Vec<FlowRecord>,
    /// Where the next read begins.
    pub next: FlowPosition,
}

/// A place in a host's records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FlowPosition {
    /// Which start of the host counts; 0 is none.
    pub epoch: u64,
    /// How many records came before.
    pub number: u64,
}

/// One direction of one flow at one interface in one interval. Fields are named as in the flow logs' format, version 5.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowRecord {
    /// The flow log, `fl-…`.
    pub log: String,
    /// `eni-…`.
    pub interface: String,
    /// Where the packets come from; the interface's own primary address if it sent them from any of its addresses.
    pub source: IpAddr,
    /// Where they go; the interface's own primary address if it got them at any of its addresses.
    pub destination: IpAddr,
    /// The address in the packets.
    pub packet_source: IpAddr,
    /// The address in the packets.
    pub packet_destination: IpAddr,
    /// 0 for protocols without ports.
    pub source_port: u16,
    /// 0 for protocols without ports.
    pub destination_port: u16,
    /// The IP protocol's number.
    pub protocol: u8,
    /// In the interval.
    pub packets: u64,
    /// In the interval, with their IP headers.
    pub bytes: u64,
    /// When the first of them was seen.
    pub start: Timestamp,
    /// When the last of them was seen, or the interval ended.
    pub end: Timestamp,
    /// Whether groups and ACLs let them pass.
    pub accepted: bool,
    /// The interface sent them; otherwise it got them.
    pub egress: bool,
    /// The TCP flags that were seen of SYN, FIN and RST (and ACK with SYN), as the bits of the TCP header.
    pub tcp_flags: u8,
}
