//! Which ids of the host a machine's users have. Pure.
//!
//! Each machine has a range of 65,536 that nobody else has: its root is nobody outside, and no machine's user is another's. Files carry the plain
//! ids 0 to 65,535, so the range may be another one with each release.

use std::collections::BTreeSet;

/// Ids of a machine.
pub const COUNT: u32 = 65_536;

/// What systemd's table of ids calls unused: above what it gives its own containers, below what older programs take for negative numbers.
/// (Distributions begin with theirs, `/etc/subuid`, at 100,000.)
const FIRST: u32 = 0x7000_0000;
const RANGES: u32 = 0xffe;

/// The first id of a range that isn't taken. Clouds on one host know nothing of each other: each begins to look at a place of its own,
/// given by its tag.
pub fn free(taken: &BTreeSet<u32>, tag: &str) -> Option<u32> {
    // FNV-1a: any function that spreads will do.
    let place = tag.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    let ranges = (0..RANGES).map(|step| FIRST + (place % RANGES + step) % RANGES * COUNT);
    ranges.into_iter().find(|base| !taken.contains(base))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_never_meet_and_end_somewhere() {
        let mut taken = BTreeSet::new();
        while let Some(base) = free(&taken, "tag") {
            assert!(base.is_multiple_of(COUNT) && (FIRST..0x7fff_0000).contains(&base));
            assert!(taken.insert(base));
        }
        assert_eq!(taken.len(), RANGES as usize);
        taken.remove(&(FIRST + COUNT));
        assert_eq!(free(&taken, "another"), Some(FIRST + COUNT));
    }
}
