//! How long a registry is waited for, and how often it is asked again. Time is the environment's.

use super::failure::Failure;
use model::Env;
use std::{future::Future, time::Duration};

/// How patient a pull is. The defaults are the ECS agent's own where it has any.
#[derive(Clone, Debug)]
pub struct Patience {
    /// How often one thing is asked for.
    pub attempts: u32,
    /// Before the second attempt; each later pause is half as long again.
    pub pause: Duration,
    /// No pause is longer.
    pub longest_pause: Duration,
    /// For an answer's head, the connection and the handshakes included.
    pub answer: Duration,
    /// Between two pieces of a body.
    pub silence: Duration,
    /// For a whole image, however steadily it trickles in.
    pub pull: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            attempts: 5,
            pause: Duration::from_millis(1100),
            longest_pause: Duration::from_secs(5),
            answer: Duration::from_secs(30),
            silence: Duration::from_secs(60),
            pull: Duration::from_secs(2 * 60 * 60),
        }
    }
}

/// The attempts at one thing.
pub struct Attempts<'a> {
    env: &'a Env,
    patience: &'a Patience,
    made: u32,
}

/// All attempts have failed, or one for good.
#[derive(Debug)]
pub struct GivenUp {
    /// How many there were.
    pub attempts: u32,
    /// The last one's failure.
    pub failure: Failure,
}

impl<'a> Attempts<'a> {
    /// None was made yet, or some were.
    pub fn new(env: &'a Env, patience: &'a Patience, made: u32) -> Self {
        Self { env, patience, made }
    }

    /// Counts a failed attempt, and pauses if another may be made.
    pub async fn failed(&mut self, failure: Failure) -> Result<(), GivenUp> {
        self.made += 1;
        if self.made >= self.patience.attempts || !failure.is_passing() {
            return Err(GivenUp { attempts: self.made, failure });
        }
        tracing::debug!(attempts = self.made, %failure, "a registry is asked again");
        self.env.sleep(self.patience.pause_after(self.made)).await;
        Ok(())
    }

    /// How many have failed.
    pub fn made(&self) -> u32 {
        self.made
    }
}

impl Patience {
    fn pause_after(&self, attempts: u32) -> Duration {
        let factor = 1.5_f64.powi(i32::try_from(attempts.saturating_sub(1)).unwrap_or(i32::MAX).min(64));
        self.pause.mul_f64(factor.min(1e6)).min(self.longest_pause)
    }
}

/// What comes of some work, or `None` if it takes longer than this.
pub async fn within<F: Future>(env: &Env, time: Duration, work: F) -> Option<F::Output> {
    tokio::select! {
        biased;
        output = work => Some(output),
        () = env.sleep(time) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_a_bound() {
        let pauses: Vec<_> = [1, 2, 3, 4, 5, 1000].map(|n| Patience::default().pause_after(n).as_millis()).into();
        assert_eq!(pauses, [1100, 1650, 2475, 3712, 5000, 5000]);
    }
}
