//! The environments that functions run in: who takes an invocation, which are started, and which are ended.
//!
//! What is decided, [`logic::function::fleet`] decides; here it is done. A [`Pool`] holds the fleet behind a lock that nobody holds while
//! waiting for anything: an invocation that finds an environment costs a look at the fleet, the invocation itself, and another look.
//! Nothing of a pool is in the store, for nobody was told of it. What lives on is with the host, which a server that comes back asks
//! ([`agent_proto::function::FunctionHost::found`]).
//!
//! * `target`: what an invocation runs.
//! * `equip`: what an environment is made of: the code, the variables, the credentials of its role, its log stream.
//! * `keeper`: the reconciler that sees to idle environments, provisioned ones, and those of old releases.

mod credentials;
mod equip;
mod keeper;
mod logs;
mod obey;
mod state;
mod target;

pub use keeper::Keeper;
pub use target::{Call, Target, resolve};

use super::errors;
use agent_proto::function::{Answer, FunctionError, FunctionFault, FunctionHost, Invocation, Invoked, Piece};
use bytes::Bytes;
use credentials::Cache;
use logic::function::{
    concurrency::Throttle,
    fleet::{Arrival, Ask, Rules, Ticket},
};
use model::{Env, Timestamp};
use spine::Store;
use state::{Missed, Seat, State};
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::{mpsc, oneshot};
use wire::Fault;

/// How often an invocation is handed to another environment because the one that it was given had just died.
const MOST_TRIES: u32 = 3;
/// Pieces of an answer that wait for whoever reads them.
const PIECES: usize = 16;

/// What holds on a machine where nobody says otherwise. An environment lives for less time than the credentials that it was given are good for:
/// these are shared for two hours at most (`credentials`), last for six, and an invocation takes a quarter of an hour at the longest.
pub fn rules(host: &dyn FunctionHost) -> Rules {
    Rules {
        environments: host.most_environments().unwrap_or(logic::function::concurrency::OF_AN_ACCOUNT as usize),
        memory_mib: host.room_mib(),
        starts: 8,
        start_counts_for: Duration::from_secs(1),
        idle: Duration::from_secs(300),
        life: Duration::from_secs(3 * 3600 + 1800),
        patience: Duration::from_secs(300),
    }
}

/// The pools of all functions of a host. See the module.
pub struct Pool {
    store: Store,
    env: Env,
    host: Arc<dyn FunctionHost>,
    credentials: Cache,
    state: Mutex<State>,
}

/// Why nothing was run.
#[derive(Debug, thiserror::Error)]
pub enum NotRun {
    /// There is no concurrency left.
    #[error("throttled: {}", .0.reason())]
    Throttled(Throttle),
    /// It can't be run, or couldn't be.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<NotRun> for Fault {
    fn from(why: NotRun) -> Self {
        match why {
            NotRun::Throttled(throttle) => errors::throttled(throttle.reason()),
            NotRun::Fault(fault) => fault,
        }
    }
}

impl Pool {
    /// A pool of the host's environments.
    pub fn new(store: Store, env: Env, host: Arc<dyn FunctionHost>, rules: Rules) -> Arc<Self> {
        Arc::new(Self { store, env, host, credentials: Cache::default(), state: Mutex::new(State::new(rules)) })
    }

    /// How many environments wait for an invocation.
    pub fn idle(&self) -> usize {
        let state = self.lock();
        state.deployed.keys().map(|release| state.fleet.census(*release).idle as usize).sum()
    }

    /// Runs an invocation; `paced` says that it counts among the requests in a second. It goes on to its end if whoever waits for it goes away, once an environment has it.
    pub async fn run(self: &Arc<Self>, target: &Target, paced: bool, invocation: Invocation) -> Result<Invoked, NotRun> {
        for _ in 0..MOST_TRIES {
            let seat = match self.take(target, paced).await {
                Ok(seat) => seat,
                Err(Missed::NotRun(why)) => return Err(why),
                Err(Missed::Failed(error)) => return Ok(failed(error)),
            };
            let (pool, invocation) = (self.clone(), invocation.clone());
            let served = tokio::spawn(async move { pool.serve(seat, invocation).await }).await;
            match served.unwrap_or_else(|panic| Err(FunctionFault::Failed(panic.to_string()))) {
                Ok(invoked) => return Ok(invoked),
                Err(FunctionFault::Gone(_)) => {}
                Err(FunctionFault::Function(error)) => return Ok(failed(error)),
                Err(fault) => return Err(errors::host(fault).into()),
            }
        }
        Err(errors::host("environments end as soon as they are used").into())
    }

    /// An environment that has no invocation, and has one now.
    async fn take(self: &Arc<Self>, target: &Target, paced: bool) -> Result<Seat, Missed> {
        match self.act(|state, now| self.arrive(state, (target, paced), now))? {
            Taken::Now(seat) => Ok(seat),
            Taken::Later(ticket, seat) => Waiting { pool: self.clone(), ticket, seat: Some(seat) }.seat().await,
        }
    }

    fn arrive(&self, state: &mut State, (target, paced): (&Target, bool), now: Timestamp) -> Result<Taken, Missed> {
        let snapshot = self.store.snapshot();
        let (release, place) = state.release(target, &snapshot)?;
        let ask = Ask { release, reserved: target.reserved, unreserved: state.unreserved(place), paced };
        match state.fleet.arrive(ask, now).map_err(NotRun::Throttled)? {
            Arrival::Taken(_, environment) => Ok(Taken::Now(state.seat(environment)?)),
            Arrival::Waits(ticket) => {
                let (sender, receiver) = oneshot::channel();
                state.waiting.insert(ticket, sender);
                Ok(Taken::Later(ticket, receiver))
            }
        }
    }

    async fn serve(self: Arc<Self>, seat: Seat, invocation: Invocation) -> Result<Invoked, FunctionFault> {
        let mut invoked = match self.host.invoke(&seat.id, invocation).await {
            Ok(invoked) => invoked,
            Err(FunctionFault::Gone(id)) => {
                self.act(|state, _| state.gone(seat.environment));
                return Err(FunctionFault::Gone(id));
            }
            Err(fault) => {
                self.free(&seat, true);
                return Err(fault);
            }
        };
        match &mut invoked.answer {
            Answer::Pieces { pieces, .. } => *pieces = self.relay(seat, std::mem::replace(pieces, mpsc::channel(1).1)),
            Answer::Whole(_) | Answer::Failed(_) => self.free(&seat, invoked.over),
        }
        Ok(invoked)
    }

    /// Passes the pieces of an answer on. The environment is free behind the last one, whether anybody reads them or not.
    fn relay(self: &Arc<Self>, seat: Seat, mut from: mpsc::Receiver<Piece>) -> mpsc::Receiver<Piece> {
        let (to, pieces) = mpsc::channel(PIECES);
        let pool = self.clone();
        tokio::spawn(async move {
            while let Some(piece) = from.recv().await {
                let last = matches!(piece, Piece::End { .. });
                if last {
                    pool.free(&seat, false);
                }
                // Nobody may read it any more; the function goes on all the same.
                let _ = to.send(piece).await;
                if last {
                    return;
                }
            }
            pool.free(&seat, true);
        });
        pieces
    }

    /// The invocation of an environment has ended.
    fn free(self: &Arc<Self>, seat: &Seat, over: bool) {
        self.act(|state, now| {
            let next = state.fleet.freed(seat.environment, over, now);
            state.give(seat.environment, next, now);
        });
    }

    /// Changes the state, and has done what follows from that.
    fn act<T>(self: &Arc<Self>, change: impl FnOnce(&mut State, Timestamp) -> T) -> T {
        let now = self.env.now();
        let (value, orders) = {
            let mut state = self.lock();
            let value = change(&mut state, now);
            (value, state.fleet.orders(now))
        };
        self.obey(orders, None);
        value
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The answer of a function whose initialization failed before anybody called it.
fn failed(error: FunctionError) -> Invoked {
    Invoked { answer: Answer::Failed(error), report: None, tail: Bytes::new(), over: true }
}

enum Taken {
    Now(Seat),
    Later(Ticket, oneshot::Receiver<Result<Seat, Missed>>),
}

/// An invocation that waits for an environment. When it is dropped it waits no more, and what it was just given goes to the next.
struct Waiting {
    pool: Arc<Pool>,
    ticket: Ticket,
    seat: Option<oneshot::Receiver<Result<Seat, Missed>>>,
}

impl Waiting {
    async fn seat(mut self) -> Result<Seat, Missed> {
        let Some(receiver) = &mut self.seat else { return Err(nobody()) };
        let seat = receiver.await;
        self.seat = None;
        seat.unwrap_or_else(|_| Err(nobody()))
    }
}

fn nobody() -> Missed {
    NotRun::from(errors::host("the pool has forgotten an invocation")).into()
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let Some(mut seat) = self.seat.take() else { return };
        seat.close();
        match seat.try_recv() {
            Ok(Ok(seat)) => self.pool.free(&seat, false),
            _ => self.pool.act(|state, _| {
                state.waiting.remove(&self.ticket);
                state.fleet.leave(self.ticket);
            }),
        }
    }
}
