//! A host of functions for tests: its environments are names, and a closure is what all of them run.

use agent_proto::function::{Answer, Environment, Found, FunctionError, FunctionFault, FunctionHost, Invocation, Invoked};
use async_trait::async_trait;
use bytes::Bytes;
use futures::future::BoxFuture;
use model::Timestamp;
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::mpsc;

/// What every function does.
pub type Handler = Arc<dyn Fn(Environment, Invocation) -> BoxFuture<'static, Result<Invoked, FunctionFault>> + Send + Sync>;

/// See the module.
pub struct FakeHost {
    room_mib: u64,
    handler: Handler,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    alive: HashMap<String, (Environment, bool)>,
    started: usize,
    most: usize,
    broken: bool,
    refusal: Option<FunctionFault>,
}

impl FakeHost {
    /// A host with so much memory, whose functions do that.
    pub fn new(room_mib: u64, handler: Handler) -> Arc<Self> {
        Arc::new(Self { room_mib, handler, state: Mutex::default() })
    }

    /// How many environments were started, how many there are, and the most that there were.
    pub fn counts(&self) -> (usize, usize, usize) {
        let state = self.lock();
        (state.started, state.alive.len(), state.most)
    }

    /// How many environments have an invocation.
    pub fn busy(&self) -> usize {
        self.lock().alive.values().filter(|(_, busy)| *busy).count()
    }

    /// Whether an environment was ever given two invocations at a time.
    pub fn was_misused(&self) -> bool {
        self.lock().broken
    }

    /// The environments that there are.
    pub fn environments(&self) -> Vec<Environment> {
        self.lock().alive.values().map(|(environment, _)| environment.clone()).collect()
    }

    /// From now on starts fail so, or not any more.
    pub fn refuse(&self, fault: Option<FunctionFault>) {
        self.lock().refusal = fault;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self, id: &str) -> Result<Environment, FunctionFault> {
        let mut state = self.lock();
        let gone = || FunctionFault::Gone(id.to_owned());
        let (environment, busy) = state.alive.get_mut(id).ok_or_else(gone)?;
        let (environment, was_busy) = (environment.clone(), std::mem::replace(busy, true));
        state.broken |= was_busy;
        Ok(environment)
    }
}

#[async_trait]
impl FunctionHost for FakeHost {
    fn refuses(&self, _: Option<&str>) -> Option<String> {
        None
    }

    fn room_mib(&self) -> u64 {
        self.room_mib
    }

    async fn start(&self, environment: Environment) -> Result<Duration, FunctionFault> {
        tokio::task::yield_now().await;
        let mut state = self.lock();
        if let Some(fault) = &state.refusal {
            return Err(fault.clone());
        }
        state.started += 1;
        state.alive.insert(environment.id.clone(), (environment, false));
        state.most = state.most.max(state.alive.len());
        Ok(Duration::from_millis(20))
    }

    async fn invoke(&self, id: &str, invocation: Invocation) -> Result<Invoked, FunctionFault> {
        let environment = self.begin(id)?;
        let invoked = (self.handler)(environment, invocation).await;
        if let Some((_, busy)) = self.lock().alive.get_mut(id) {
            *busy = false;
        }
        invoked
    }

    async fn stop(&self, id: &str) -> Result<(), FunctionFault> {
        self.lock().alive.remove(id);
        Ok(())
    }

    async fn found(&self) -> Vec<Found> {
        let found = |(environment, busy): &(Environment, bool)| Found {
            environment: environment.clone(),
            started: Timestamp(0),
            busy: *busy,
        };
        self.lock().alive.values().map(found).collect()
    }

    fn ended(&self) -> Option<mpsc::UnboundedReceiver<String>> {
        None
    }
}

/// What a function answers that is done at once.
pub fn whole(payload: impl Into<Bytes>) -> Result<Invoked, FunctionFault> {
    Ok(Invoked { answer: Answer::Whole(payload.into()), report: None, tail: Bytes::from_static(b"END\n"), over: false })
}

/// What a function answers that fails at once.
pub fn failed(kind: &str, message: &str) -> Result<Invoked, FunctionFault> {
    let payload = json!({"errorMessage": message, "errorType": kind}).to_string().into();
    let answer = Answer::Failed(FunctionError { kind: kind.into(), payload });
    Ok(Invoked { answer, report: None, tail: Bytes::new(), over: false })
}

/// Functions that answer with their event.
pub fn echo() -> Handler {
    Arc::new(|_, invocation| Box::pin(async move { whole(invocation.payload) }))
}

/// Functions that do as their event says: `{"fail": "why"}` fails, everything else comes back.
pub fn obedient() -> Handler {
    Arc::new(|_, invocation| {
        Box::pin(async move {
            let event: Value = serde_json::from_slice(&invocation.payload).unwrap_or_default();
            match event["fail"].as_str() {
                Some(why) => failed("Error", why),
                None => whole(invocation.payload),
            }
        })
    })
}
