//! The cloud's clock as hyper's timer.

use hyper::rt::{Sleep, Timer};
use model::{Env, env};
use std::{
    future::Future,
    pin::Pin,
    sync::Mutex,
    task::{Context, Poll},
    time::{Duration, Instant},
};

/// See the module.
#[derive(Clone)]
pub(crate) struct EnvTimer(pub(crate) Env);

/// A sleep that may be shared, as hyper wants it; nobody but its owner ever polls it.
struct Nap(Mutex<env::Sleep>);

impl Future for Nap {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let sleep = self.0.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner);
        sleep.as_mut().poll(cx)
    }
}

impl Sleep for Nap {}

impl Timer for EnvTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        Box::pin(Nap(Mutex::new(self.0.sleep(duration))))
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        self.sleep(deadline.saturating_duration_since(self.now()))
    }
}
