//! What is known of a target from one table to the next: its health, its requests under way, and its open connections.

mod connection;
mod dial;
mod pool;

pub(crate) use connection::{RequestBody, Sender};
pub(crate) use dial::{DialError, Dialler, Stream};
pub(crate) use pool::Pool;

use logic::balancer::health::{Judgement, Outcome, State, Thresholds};
use model::Timestamp;
use std::{
    collections::HashMap,
    net::SocketAddrV4,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU32, Ordering::SeqCst},
    },
};
use tokio::sync::Notify;

/// What makes a target the same in two tables.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct TargetKey {
    pub(crate) group: String,
    pub(crate) id: String,
    pub(crate) address: SocketAddrV4,
}

/// What is known of a target.
pub(crate) struct Live {
    health: Mutex<Health>,
    in_flight: AtomicU32,
    /// It gets no new requests. Here and not only in the routes, so that it is so for requests that began with older routes too.
    draining: AtomicBool,
    pub(crate) pool: Pool,
    /// Told when what a report would say has changed.
    changed: Arc<Notify>,
}

#[derive(Clone, Copy)]
struct Health {
    judgement: Judgement,
    healthy_since: Timestamp,
}

impl Live {
    fn new(changed: Arc<Notify>) -> Self {
        let health = Health { judgement: Judgement::NEW, healthy_since: Timestamp::default() };
        Self {
            health: Mutex::new(health),
            in_flight: AtomicU32::new(0),
            draining: AtomicBool::new(false),
            pool: Pool::default(),
            changed,
        }
    }

    /// What it is held to be.
    pub(crate) fn state(&self) -> State {
        self.health().judgement.state
    }

    /// Since when it is healthy, if it is.
    pub(crate) fn healthy_since(&self) -> Option<Timestamp> {
        let health = *self.health();
        (health.judgement.state == State::Healthy).then_some(health.healthy_since)
    }

    /// Takes a check's outcome into account.
    pub(crate) fn judge(&self, outcome: Outcome, thresholds: Thresholds, now: Timestamp) {
        let mut health = self.health();
        let before = health.judgement.state;
        health.judgement = health.judgement.after(outcome, thresholds);
        if before != health.judgement.state {
            health.healthy_since = now;
            self.changed.notify_one();
        }
    }

    /// Requests under way.
    pub(crate) fn in_flight(&self) -> u32 {
        self.in_flight.load(SeqCst)
    }

    /// From now on no request can [`enter`](Self::enter), or again can.
    pub(crate) fn set_draining(&self, draining: bool) {
        self.draining.store(draining, SeqCst);
    }

    /// It gets no new requests.
    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(SeqCst)
    }

    /// Counts a request as under way for as long as the guard lives. None if the target drains: who has seen that it drains, and then
    /// that nothing is under way, can rely on it.
    pub(crate) fn enter(self: &Arc<Self>) -> Option<InFlight> {
        self.in_flight.fetch_add(1, SeqCst);
        let entered = InFlight(self.clone());
        (!self.is_draining()).then_some(entered)
    }

    fn health(&self) -> MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// See [`Live::enter`].
pub(crate) struct InFlight(Arc<Live>);

impl Drop for InFlight {
    fn drop(&mut self) {
        if self.0.in_flight.fetch_sub(1, SeqCst) == 1 {
            self.0.changed.notify_one();
        }
    }
}

/// All targets of which something is known.
pub(crate) struct Shelf {
    lives: Mutex<HashMap<TargetKey, Arc<Live>>>,
    changed: Arc<Notify>,
}

impl Shelf {
    pub(crate) fn new(changed: Arc<Notify>) -> Self {
        Self { lives: Mutex::default(), changed }
    }

    /// What is known of a target, which may be nothing yet.
    pub(crate) fn find(&self, key: TargetKey) -> Arc<Live> {
        let mut lives = self.lives.lock().unwrap_or_else(PoisonError::into_inner);
        lives.entry(key).or_insert_with(|| Arc::new(Live::new(self.changed.clone()))).clone()
    }

    /// Forgets all others.
    pub(crate) fn keep_only<'a>(&self, wanted: impl Iterator<Item = &'a Arc<Live>>) {
        let wanted: Vec<*const Live> = wanted.map(Arc::as_ptr).collect();
        let mut lives = self.lives.lock().unwrap_or_else(PoisonError::into_inner);
        lives.retain(|_, live| wanted.contains(&Arc::as_ptr(live)));
    }
}
