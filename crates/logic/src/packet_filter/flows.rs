//! How packets are counted for flow logs: sets of the table whose elements are flows, each with a counter.
//!
//! A packet is counted where it is decided whether it leaves its sender's interface, and where it is decided whether it enters the
//! receiver's. The kernel does it all; whoever wants the numbers lists the sets. They begin anew with each ruleset.

/// A set of flows that are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FlowSet {
    /// On the way out of an interface of the VPC; otherwise into it.
    pub egress: bool,
    /// Groups and ACLs let the packets pass.
    pub accepted: bool,
    /// Which packets.
    pub kind: FlowKind,
    /// Of IPv6.
    pub ipv6: bool,
}

/// Which packets a set is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FlowKind {
    /// All of TCP. The elements are network interface, source, destination, source port and destination port.
    Tcp,
    /// All of UDP, with the same elements.
    Udp,
    /// All others: network interface, source, destination and protocol.
    Other,
    /// TCP with SYN and without ACK.
    Syn,
    /// TCP with SYN and ACK.
    SynAck,
    /// TCP with FIN.
    Fin,
    /// TCP with RST.
    Rst,
}

impl FlowKind {
    const ALL: [Self; 7] = [Self::Tcp, Self::Udp, Self::Other, Self::Syn, Self::SynAck, Self::Fin, Self::Rst];

    fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Other => "other",
            Self::Syn => "syn",
            Self::SynAck => "synack",
            Self::Fin => "fin",
            Self::Rst => "rst",
        }
    }

    /// What the packets have in common, in nftables' words.
    pub(super) fn condition(self) -> &'static str {
        match self {
            Self::Tcp => "meta l4proto tcp",
            Self::Udp => "meta l4proto udp",
            Self::Other => "meta l4proto != { tcp, udp }",
            Self::Syn => "tcp flags & (syn | ack) == syn",
            Self::SynAck => "tcp flags & (syn | ack) == syn | ack",
            Self::Fin => "tcp flags & fin != 0",
            Self::Rst => "tcp flags & rst != 0",
        }
    }

    /// The flags that the packets of the set bear, as bits of the TCP header; AWS has ACK with SYN alone.
    pub fn tcp_flags(self) -> u8 {
        match self {
            Self::Tcp | Self::Udp | Self::Other => 0,
            Self::Fin => 0x01,
            Self::Syn => 0x02,
            Self::Rst => 0x04,
            Self::SynAck => 0x12,
        }
    }

    /// The protocol that all packets of the set have.
    pub fn protocol(self) -> Option<u8> {
        match self {
            Self::Udp => Some(17),
            Self::Other => None,
            _ => Some(6),
        }
    }
}

impl FlowSet {
    /// What it is called in the table.
    pub fn name(self) -> String {
        format!("{}-{}{}", self.place(), self.kind.name(), if self.ipv6 { "6" } else { "" })
    }

    fn place(self) -> &'static str {
        place(self.egress, self.accepted)
    }
}

/// What sets and chains are called after: the direction, and whether packets passed.
pub(super) fn place(egress: bool, accepted: bool) -> &'static str {
    match (egress, accepted) {
        (true, true) => "passed-out",
        (true, false) => "denied-out",
        (false, true) => "passed-in",
        (false, false) => "denied-in",
    }
}

/// All sets by which packets are counted. Only a VPC of which something is counted has them, and those of IPv6 if it has that.
pub fn flow_sets() -> impl Iterator<Item = FlowSet> {
    let places = [(true, true), (true, false), (false, true), (false, false)];
    let kinds = |ipv6| FlowKind::ALL.map(|kind| (kind, ipv6));
    places.into_iter().flat_map(move |(egress, accepted)| {
        [false, true].into_iter().flat_map(kinds).map(move |(kind, ipv6)| FlowSet { egress, accepted, kind, ipv6 })
    })
}
