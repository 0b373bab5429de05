//! Whether a host has room for machines. How much more is given away than there is, is a setting ([`Overcommitment`]).

use agent_proto::Capabilities;

/// What a machine takes of a host, or what a host has left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Demand {
    /// Thousandths of a processor.
    pub cpu: u64,
    /// MiB.
    pub memory_mib: u64,
}

/// How much of a host is given away, in percent of what it has.
///
/// A processor that is shared is slow and nothing worse, and most machines are idle most of the time; so by default there are sixteen
/// virtual processors for each of the host's, and a burstable type counts with its baseline. Memory that is not there ends processes: a
/// system container takes what it touches, which is a fraction of what its type says, so that by default five times the host's memory is
/// given away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overcommitment {
    /// Of processors.
    pub cpu: u64,
    /// Of memory.
    pub memory: u64,
}

impl Default for Overcommitment {
    fn default() -> Self {
        Self { cpu: 1600, memory: 500 }
    }
}

impl std::iter::Sum for Demand {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |sum, one| Self { cpu: sum.cpu + one.cpu, memory_mib: sum.memory_mib + one.memory_mib })
    }
}

/// What a host has left when so much is taken. A host that doesn't say how much it has is taken to have enough.
pub fn left(host: &Capabilities, over: Overcommitment, taken: Demand) -> Demand {
    let of = |has: u64, percent: u64, taken: u64| if has == 0 { u64::MAX } else { (has * percent / 100).saturating_sub(taken) };
    Demand {
        cpu: of(u64::from(host.cpus) * 1000, over.cpu, taken.cpu),
        memory_mib: of(host.memory_mib, over.memory, taken.memory_mib),
    }
}

/// How many machines that take so much have room in what is left.
pub fn how_many(each: Demand, left: Demand, at_most: u32) -> u32 {
    let fit = |each: u64, left: u64| left.checked_div(each).map_or(at_most, |fit| u32::try_from(fit).unwrap_or(u32::MAX));
    at_most.min(fit(each.cpu, left.cpu)).min(fit(each.memory_mib, left.memory_mib))
}

/// Whether the host runs machines of an architecture in EC2's words.
pub fn runs(host: &Capabilities, architecture: &str) -> bool {
    match architecture {
        "x86_64" | "i386" => host.architecture == "amd64",
        "arm64" => host.architecture == "arm64",
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EACH: Demand = Demand { cpu: 200, memory_mib: 1024 };

    fn host(cpus: u32, memory_mib: u64) -> Capabilities {
        Capabilities { architecture: "amd64".into(), cpus, memory_mib, missing: Vec::new() }
    }

    #[test]
    fn what_is_scarcer_decides() {
        let over = Overcommitment { cpu: 100, memory: 100 };
        for (host, taken, expected) in [
            (host(2, 100_000), Demand::default(), 10),
            (host(2, 4096), Demand::default(), 4),
            (host(2, 4096), Demand { cpu: 1500, memory_mib: 0 }, 2),
            (host(2, 4096), Demand { cpu: 0, memory_mib: 9999 }, 0),
            (host(0, 0), Demand::default(), 50),
        ] {
            assert_eq!(how_many(EACH, left(&host, over, taken), 50), expected, "{host:?} {taken:?}");
        }
    }

    #[test]
    fn more_is_given_away_than_there_is() {
        let over = Overcommitment { cpu: 300, memory: 200 };
        assert_eq!(left(&host(2, 1000), over, EACH), Demand { cpu: 5800, memory_mib: 976 });
        assert_eq!(how_many(Demand::default(), Demand::default(), 7), 7);
    }

    #[test]
    fn architectures_are_ec2s_words_for_ocis() {
        assert!(runs(&host(1, 1), "x86_64") && runs(&host(1, 1), "i386"));
        assert!(!runs(&host(1, 1), "arm64") && !runs(&host(1, 1), "x86_64_mac"));
    }
}
