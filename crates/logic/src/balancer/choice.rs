//! Which target group of a weighted action, and which target of a group, gets a request.
//!
//! Chance comes in as a number drawn by the caller, turns as a number that the caller counts up.

use std::time::Duration;

/// `load_balancing.algorithm.type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// In turn.
    RoundRobin,
    /// The one with the fewest requests under way.
    LeastOutstandingRequests,
    /// At random, all alike.
    WeightedRandom,
}

/// A full share of requests, in [`Candidate::share`]'s unit.
pub const FULL_SHARE: u16 = 1000;

/// A target as far as the choice is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Its health checks pass, or it has none.
    pub healthy: bool,
    /// It may get new requests: it does not drain, and was not already tried for this request.
    pub open: bool,
    /// Requests under way.
    pub in_flight: u32,
    /// In thousandths; less than [`FULL_SHARE`] while it starts slowly.
    pub share: u16,
}

/// The index of a group, chosen by weight; `draw` is any random number. None if no weight is above zero.
pub fn group(weights: impl Iterator<Item = u32> + Clone, draw: u64) -> Option<usize> {
    let total: u64 = weights.clone().map(u64::from).sum();
    let mut point = draw.checked_rem(total)?;
    weights.into_iter().position(|weight| match point.checked_sub(u64::from(weight)) {
        Some(rest) => {
            point = rest;
            false
        }
        None => true,
    })
}

/// The index of a target; `turn` counts the group's requests, `draw` is any random number. None if no target is open.
///
/// Healthy targets come first; if none is, all that are open take part (the documented *fail open*).
pub fn target(candidates: &[Candidate], algorithm: Algorithm, turn: u64, draw: u64) -> Option<usize> {
    let healthy = candidates.iter().any(|candidate| candidate.open && candidate.healthy);
    let eligible = |index: &usize| candidates[*index].open && (candidates[*index].healthy || !healthy);
    let eligible: Vec<usize> = (0..candidates.len()).filter(eligible).collect();
    match algorithm {
        Algorithm::RoundRobin => in_turn(candidates, &eligible, turn, draw),
        Algorithm::LeastOutstandingRequests => least(candidates, &eligible, turn),
        Algorithm::WeightedRandom => nth(&eligible, draw),
    }
}

/// The share of a target that became healthy `age` ago: it grows linearly over `slow_start`, from a little above nothing.
pub fn share(age: Duration, slow_start: Option<Duration>) -> u16 {
    let Some(slow_start) = slow_start.filter(|time| age < *time) else { return FULL_SHARE };
    let grown = age.as_millis() * u128::from(FULL_SHARE) / slow_start.as_millis().max(1);
    u16::try_from(grown).unwrap_or(FULL_SHARE).clamp(1, FULL_SHARE)
}

/// The one whose turn it is, unless it has less than a full share and the draw is against it: then the next. If the draw is
/// against all, the first after all.
fn in_turn(candidates: &[Candidate], eligible: &[usize], turn: u64, draw: u64) -> Option<usize> {
    let lucky = |index: &usize| draw % u64::from(FULL_SHARE) < u64::from(candidates[*index].share);
    let start = usize::try_from(turn.checked_rem(eligible.len() as u64)?).ok()?;
    let ring = || eligible[start..].iter().chain(&eligible[..start]).copied();
    ring().find(lucky).or_else(|| ring().next())
}

fn least(candidates: &[Candidate], eligible: &[usize], turn: u64) -> Option<usize> {
    let fewest = eligible.iter().map(|index| candidates[*index].in_flight).min()?;
    let tied: Vec<usize> = eligible.iter().copied().filter(|index| candidates[*index].in_flight == fewest).collect();
    nth(&tied, turn)
}

fn nth(indices: &[usize], number: u64) -> Option<usize> {
    let index = usize::try_from(number.checked_rem(indices.len() as u64)?).ok()?;
    indices.get(index).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HEALTHY: Candidate = Candidate { healthy: true, open: true, in_flight: 0, share: FULL_SHARE };
    const SICK: Candidate = Candidate { healthy: false, ..HEALTHY };
    const CLOSED: Candidate = Candidate { open: false, ..HEALTHY };

    fn turns(candidates: &[Candidate]) -> Vec<Option<usize>> {
        (0..4).map(|turn| target(candidates, Algorithm::RoundRobin, turn, 0)).collect()
    }

    #[test]
    fn healthy_targets_take_turns() {
        assert_eq!(turns(&[HEALTHY, SICK, HEALTHY, CLOSED]), [Some(0), Some(2), Some(0), Some(2)]);
    }

    #[test]
    fn fails_open_when_none_is_healthy() {
        assert_eq!(turns(&[SICK, CLOSED, SICK]), [Some(0), Some(2), Some(0), Some(2)]);
        assert_eq!(turns(&[CLOSED]), [None; 4]);
        assert_eq!(turns(&[]), [None; 4]);
    }

    #[test]
    fn the_least_busy_gets_it() {
        let busy = Candidate { in_flight: 2, ..HEALTHY };
        let idle = Candidate { in_flight: 0, ..SICK };
        let chosen = |turn| target(&[busy, HEALTHY, idle, HEALTHY], Algorithm::LeastOutstandingRequests, turn, 0);
        assert_eq!([chosen(0), chosen(1), chosen(2)], [Some(1), Some(3), Some(1)]);
    }

    #[test]
    fn a_slow_starter_gets_its_share_of_turns() {
        let slow = Candidate { share: 250, ..HEALTHY };
        let got = (0..1000).filter(|draw| target(&[slow, HEALTHY], Algorithm::RoundRobin, 0, *draw) == Some(0)).count();
        assert_eq!(got, 250);
        assert_eq!(target(&[slow], Algorithm::RoundRobin, 0, 999), Some(0), "somebody has to");
    }

    #[test]
    fn shares_grow() {
        let seconds = Duration::from_secs;
        let shares: Vec<u16> = [0, 15, 30, 31].map(|age| share(seconds(age), Some(seconds(30)))).into();
        assert_eq!(shares, [1, 500, 1000, 1000]);
        assert_eq!(share(seconds(0), None), FULL_SHARE);
    }

    #[test]
    fn groups_by_weight() {
        let weights = [1, 0, 3];
        let count = |wanted| (0..400).filter(|draw| group(weights.into_iter(), *draw) == Some(wanted)).count();
        assert_eq!([count(0), count(1), count(2)], [100, 0, 300]);
        assert_eq!(group([0, 0].into_iter(), 5), None);
        assert_eq!(group([].into_iter(), 5), None);
    }

    fn candidates() -> impl Strategy<Value = Vec<Candidate>> {
        let candidate = (any::<bool>(), any::<bool>(), 0u32..4, 1u16..=FULL_SHARE)
            .prop_map(|(healthy, open, in_flight, share)| Candidate { healthy, open, in_flight, share });
        proptest::collection::vec(candidate, 0..8)
    }

    proptest! {
        #[test]
        fn the_chosen_one_is_open_and_healthy_if_any_is(candidates in candidates(), turn: u64, draw: u64) {
            for algorithm in [Algorithm::RoundRobin, Algorithm::LeastOutstandingRequests, Algorithm::WeightedRandom] {
                let chosen = target(&candidates, algorithm, turn, draw);
                prop_assert_eq!(chosen.is_some(), candidates.iter().any(|candidate| candidate.open));
                let Some(chosen) = chosen.map(|index| candidates[index]) else { continue };
                prop_assert!(chosen.open);
                prop_assert!(chosen.healthy || !candidates.iter().any(|candidate| candidate.open && candidate.healthy));
            }
        }

        #[test]
        fn a_group_without_weight_is_never_chosen(weights in proptest::collection::vec(0u32..5, 0..6), draw: u64) {
            let chosen = group(weights.iter().copied(), draw);
            prop_assert_eq!(chosen.is_some(), weights.iter().any(|weight| *weight > 0));
            prop_assert!(chosen.is_none_or(|index| weights[index] > 0));
        }
    }
}
