//! Which version an alias leads to.

use std::collections::BTreeMap;

/// The version that an invocation by an alias runs: one of those that `weights` gives a share of the invocations, or the alias's own
/// version for all others. `thrown` is a throw of the dice, evenly between 0 and 1 and never 1 (Lambda developer guide, "Implement Lambda
/// canary deployments using a weighted alias").
pub fn version<'a>(main: &'a str, weights: &'a BTreeMap<String, f64>, thrown: f64) -> &'a str {
    let mut below = 0.0;
    for (version, weight) in weights {
        below += weight;
        if thrown < below {
            return version;
        }
    }
    main
}

/// A throw of the dice between 0 and 1 out of random bits.
pub fn throw(bits: u64) -> f64 {
    // 53 bits are what a double holds exactly.
    (bits >> 11) as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_version_gets_its_share() {
        let weights = BTreeMap::from([("2".to_owned(), 0.25)]);
        let of = |thrown| version("1", &weights, thrown);
        assert_eq!([of(0.0), of(0.249), of(0.25), of(0.999)], ["2", "2", "1", "1"]);
        assert_eq!(version("1", &BTreeMap::new(), 0.0), "1");
        assert_eq!(version("1", &BTreeMap::from([("2".to_owned(), 1.0)]), 0.999_999), "2");
        assert_eq!(version("1", &BTreeMap::from([("2".to_owned(), 0.0)]), 0.0), "1");
    }

    #[test]
    fn a_throw_is_below_one() {
        assert_eq!(throw(0), 0.0);
        assert!(throw(u64::MAX) < 1.0);
    }
}
