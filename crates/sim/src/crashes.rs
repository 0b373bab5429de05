//! When the server of a world dies.

use model::env::{Dice, SeededDice};

/// The most runs of reconcilers that a drawn crash waits for. A cloud that starts makes about a dozen.
const MOST_RUNS: u64 = 40;

/// The most yields that a crash comes later than its last run, so that it falls into the middle of things.
const MOST_YIELDS: u64 = 30;

/// A plan of crashes. What a seed draws is always the same; how far the store's thread has come at that moment isn't, so a seed
/// that failed once may need some tries to fail again.
pub struct Crashes {
    plan: Plan,
    left: u32,
    made: u32,
}

enum Plan {
    Never,
    Every(u64),
    Drawn(SeededDice),
}

/// How far a server comes before it dies.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fate {
    /// So many runs of its reconcilers have started.
    pub(crate) runs: u64,
    /// And everybody else had so many turns.
    pub(crate) yields: u64,
}

impl Crashes {
    /// The server lives for ever.
    pub fn never() -> Self {
        Self::of(Plan::Never)
    }

    /// The server dies whenever so many runs of reconcilers have been started.
    pub fn every(runs: u64) -> Self {
        Self::of(Plan::Every(runs))
    }

    /// The server dies when the dice say so.
    pub fn drawn(seed: u64) -> Self {
        Self::of(Plan::Drawn(SeededDice::new(seed)))
    }

    /// How often it has died by now.
    pub fn made(&self) -> u32 {
        self.made
    }

    /// From now on it may die so often. A server that always dies before its work is done never gets it done.
    pub fn allow(&mut self, crashes: u32) {
        self.left = crashes;
    }

    /// Whether and when it dies next.
    pub(crate) fn next(&mut self) -> Option<Fate> {
        let fate = match &self.plan {
            Plan::Never => None,
            _ if self.left == 0 => None,
            Plan::Every(runs) => Some(Fate { runs: *runs, yields: 0 }),
            Plan::Drawn(dice) => Some(Fate { runs: draw(dice, MOST_RUNS), yields: draw(dice, MOST_YIELDS) }),
        };
        self.left -= u32::from(fate.is_some());
        fate
    }

    /// It has died.
    pub(crate) fn count(&mut self) {
        self.made += 1;
    }

    fn of(plan: Plan) -> Self {
        Self { plan, left: 0, made: 0 }
    }
}

fn draw(dice: &SeededDice, below: u64) -> u64 {
    let mut bytes = [0; 8];
    dice.fill(&mut bytes);
    u64::from_le_bytes(bytes) % below
}
