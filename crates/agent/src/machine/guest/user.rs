//! As whom a monitor runs. Pure.

use std::collections::BTreeSet;

/// Above the ranges that system containers have (`super::super::container::ids`), and unused by everybody else likewise.
const FIRST: u32 = 0x7fff_0000;
const COUNT: u32 = 0xfff0;

/// A user that isn't taken, who is a group of its own too. Clouds on one host begin to look at places of their own, given by their tags.
pub fn free(taken: &BTreeSet<u32>, tag: &str) -> Option<u32> {
    let place = tag.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    (0..COUNT).map(|step| FIRST + (place % COUNT + step) % COUNT).find(|user| !taken.contains(user))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_given_once() {
        let one = free(&BTreeSet::new(), "tag").unwrap();
        let other = free(&BTreeSet::from([one]), "tag").unwrap();
        assert!(one != other && one >= FIRST && other < FIRST + COUNT);
    }
}
