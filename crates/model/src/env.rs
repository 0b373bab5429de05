//! The clock and the dice. Nothing else in the project reads the system's clock, sleeps or draws random numbers.

mod clock;
mod dice;
mod ids;

pub use clock::{ManualClock, SystemClock};
pub use dice::{SeededDice, SystemDice};

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

/// A moment, in milliseconds since 1970-01-01T00:00:00Z of the cloud's own clock.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Seconds since the epoch, with milliseconds as the fraction, as the JSON protocols send them.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1000.0
    }
    /// The time from `earlier` to this, zero if `earlier` is later.
    pub fn since(self, earlier: Timestamp) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0).max(0) as u64)
    }
}

impl std::ops::Add<Duration> for Timestamp {
    type Output = Timestamp;
    fn add(self, by: Duration) -> Timestamp {
        Timestamp(self.0.saturating_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)))
    }
}

impl std::ops::Sub<Duration> for Timestamp {
    type Output = Timestamp;
    fn sub(self, by: Duration) -> Timestamp {
        Timestamp(self.0.saturating_sub(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)))
    }
}

/// A future that ends when the clock has reached a moment.
pub type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A source of time: the system's, or one that a test or a lab moves.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;
    /// Ends when `now()` has reached `until`, at once if it has already.
    fn sleep_until(&self, until: Timestamp) -> Sleep;
    /// Moves the clock forward, waking every sleeper whose moment has come.
    fn advance(&self, by: Duration);
}

/// A source of randomness.
pub trait Dice: Send + Sync {
    /// Fills the buffer with random bytes.
    fn fill(&self, buffer: &mut [u8]);
}

/// The clock and the dice together, handed to everything that needs either.
#[derive(Clone)]
pub struct Env {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub dice: Arc<dyn Dice>,
}

impl Env {
    /// The system's clock and the system's randomness.
    pub fn system() -> Env {
        Env { clock: Arc::new(SystemClock::new()), dice: Arc::new(SystemDice) }
    }

    /// A clock that stands at `start` until it is moved, and dice that fall the same way for the same seed.
    pub fn manual(start: Timestamp, seed: u64) -> (Env, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::new(start));
        (Env { clock: clock.clone(), dice: Arc::new(SeededDice::new(seed)) }, clock)
    }

    /// The present moment.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Ends when the clock has moved on by `time`.
    pub fn sleep(&self, time: Duration) -> Sleep {
        self.clock.sleep_until(self.now() + time)
    }
}

impl std::fmt::Debug for Env {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Env").field("now", &self.now()).finish_non_exhaustive()
    }
}
