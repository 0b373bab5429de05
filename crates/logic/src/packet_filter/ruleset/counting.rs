//! Counts packets for flow logs; see [`super::super::flows`].

use super::super::flows::{FlowKind, FlowSet, flow_sets, place};
use super::plan::Plan;
use super::text::{Family, chain, quoted, set};
use std::fmt::Write as _;

/// How many flows a set holds; what is beyond is not counted.
const SIZE: u32 = 65_535;

/// What becomes of packets at the places where they would be counted.
#[derive(Clone, Copy)]
pub(super) struct Verdicts {
    counts: bool,
}

impl Verdicts {
    pub(super) fn of(plan: &Plan<'_>) -> Self {
        Self { counts: !plan.vpc.logged.is_empty() }
    }

    /// It enters the receiver's interface.
    pub(super) fn accept(self) -> &'static str {
        if self.counts { "goto accept-in" } else { "accept" }
    }

    /// It does not enter the receiver's interface, or leave the sender's.
    pub(super) fn deny(self, egress: bool) -> &'static str {
        match (self.counts, egress) {
            (false, _) => "drop",
            (true, false) => "goto deny-in",
            (true, true) => "goto deny-out",
        }
    }

    /// It has left the sender's interface.
    pub(super) fn left(self) -> Option<String> {
        self.counts.then(|| "jump passed-out".into())
    }

    /// It may enter the receiver's interface, and what follows accepts it.
    pub(super) fn entered(self) -> Option<String> {
        self.counts.then(|| "jump passed-in".into())
    }
}

/// The sets, and the chains that count in them.
pub(super) fn chains(text: &mut String, plan: &Plan<'_>) {
    if plan.vpc.logged.is_empty() {
        return;
    }
    let mut logged: Vec<_> = plan.vpc.logged.iter().map(|link| quoted(link)).collect();
    logged.sort();
    logged.dedup();
    set(text, "set logged", "ifname", logged);
    let spoken = || flow_sets().filter(|it| plan.families().any(|family| family == family_of(*it)));
    for flows in spoken() {
        let address = family_of(flows).kind();
        let last = if flows.kind == FlowKind::Other { "inet_proto" } else { "inet_service . inet_service" };
        let _infallible = writeln!(
            text,
            "\tset {} {{ type ifname . {address} . {address} . {last}; size {SIZE}; flags dynamic,timeout; timeout 30m; }}",
            flows.name()
        );
    }
    for (egress, accepted) in [(true, true), (true, false), (false, true), (false, false)] {
        let link = if egress { "iifname" } else { "oifname" };
        let here = spoken().filter(|it| (it.egress, it.accepted) == (egress, accepted));
        let rules = here.map(|it| {
            let family = if it.ipv6 { "ipv6" } else { "ipv4" };
            format!("meta nfproto {family} {} update @{} {{ {} counter }}", it.kind.condition(), it.name(), key(it, link))
        });
        chain(text, place(egress, accepted), [format!("{link} != @logged return")].into_iter().chain(rules));
    }
    chain(text, "accept-in", ["jump passed-in".into(), "accept".into()]);
    chain(text, "deny-in", ["jump denied-in".into(), "drop".into()]);
    chain(text, "deny-out", ["jump denied-out".into(), "drop".into()]);
}

fn family_of(flows: FlowSet) -> Family {
    if flows.ipv6 { Family::V6 } else { Family::V4 }
}

fn key(flows: FlowSet, link: &str) -> String {
    let last = if flows.kind == FlowKind::Other { "meta l4proto" } else { "th sport . th dport" };
    let ip = family_of(flows).ip();
    format!("{link} . {ip} saddr . {ip} daddr . {last}")
}
