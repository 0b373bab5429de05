//! The two clocks: the system's with an offset, and one that stands still until it is moved.

use super::{Clock, Sleep, Timestamp};
use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering::SeqCst},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::sync::watch;

/// The longest that a sleeper goes without a look at the clock: timers stand still while a machine is suspended, and
/// the system's time doesn't.
const LONGEST_NAP: Duration = Duration::from_secs(30);

/// The system's time plus an offset that [`Clock::advance`] grows. It never goes backwards: when the system's time is set
/// back, this clock stands still until it is overtaken.
pub struct SystemClock(Arc<SystemTimeWithOffset>);

struct SystemTimeWithOffset {
    offset: watch::Sender<Duration>,
    latest: AtomicI64,
}

impl SystemTimeWithOffset {
    fn now(&self) -> Timestamp {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = (Timestamp(0) + since_epoch + *self.offset.borrow()).0;
        Timestamp(self.latest.fetch_max(now, SeqCst).max(now))
    }
}

impl SystemClock {
    /// The system's clock, not yet moved forward.
    pub fn new() -> Self {
        let offset = watch::Sender::new(Duration::ZERO);
        Self(Arc::new(SystemTimeWithOffset { offset, latest: AtomicI64::new(i64::MIN) }))
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    fn sleep_until(&self, until: Timestamp) -> Sleep {
        let time = self.0.clone();
        let mut moved = time.offset.subscribe();
        Box::pin(async move {
            loop {
                let left = until.since(time.now());
                if left.is_zero() {
                    return;
                }
                tokio::select! {
                    () = tokio::time::sleep(left.min(LONGEST_NAP)) => {}
                    Ok(()) = moved.changed() => {}
                }
            }
        })
    }

    fn advance(&self, by: Duration) {
        self.0.offset.send_modify(|offset| *offset = offset.saturating_add(by));
    }
}

/// A clock that moves only when it is told to. Whoever sleeps by it when the clock is dropped sleeps for ever.
pub struct ManualClock(watch::Sender<Timestamp>);

impl ManualClock {
    /// A clock that stands at `start`.
    pub fn new(start: Timestamp) -> Self {
        Self(watch::Sender::new(start))
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.0.borrow()
    }

    fn sleep_until(&self, until: Timestamp) -> Sleep {
        let mut now = self.0.subscribe();
        Box::pin(async move {
            if now.wait_for(|now| *now >= until).await.is_err() {
                std::future::pending::<()>().await;
            }
        })
    }

    fn advance(&self, by: Duration) {
        self.0.send_modify(|now| *now = *now + by);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::{Context, Poll, Waker};

    fn ended(sleep: &mut Sleep) -> bool {
        sleep.as_mut().poll(&mut Context::from_waker(Waker::noop())) == Poll::Ready(())
    }

    #[test]
    fn a_manual_clock_wakes_those_whose_moment_has_come() {
        let clock = ManualClock::new(Timestamp(1_000));
        let mut soon = clock.sleep_until(Timestamp(1_500));
        let mut late = clock.sleep_until(Timestamp(2_001));
        assert!(!ended(&mut soon));
        clock.advance(Duration::from_secs(1));
        assert_eq!(clock.now(), Timestamp(2_000));
        assert!(ended(&mut soon));
        assert!(!ended(&mut late));
        assert!(ended(&mut clock.sleep_until(Timestamp(2_000))), "a moment that has come is not waited for");
    }

    #[tokio::test]
    async fn advancing_the_system_clock_wakes_its_sleepers() {
        let clock = SystemClock::new();
        let before = clock.now();
        let sleep = clock.sleep_until(before + Duration::from_secs(86_400));
        let sleeper = tokio::spawn(sleep);
        clock.advance(Duration::from_secs(86_401));
        sleeper.await.unwrap();
        assert!(clock.now().since(before) >= Duration::from_secs(86_400));
    }

    #[test]
    fn the_system_clock_never_goes_backwards() {
        let clock = SystemClock::new();
        clock.0.latest.store(i64::MAX - 5, SeqCst);
        assert_eq!(clock.now(), Timestamp(i64::MAX - 5));
    }
}
