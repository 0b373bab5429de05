//! Doing what the fleet says: environments are started and ended, each in a task of its own.

use super::{
    NotRun, Pool, logs,
    state::{Deployed, Missed, State},
};
use crate::lambda::errors;
use agent_proto::function::{Environment, FunctionFault};
use logic::function::{
    concurrency::Throttle,
    fleet::{EnvironmentId, Orders, Start, Ticket},
};
use spine::reconcile::{Busy, ReconcileCx};
use std::sync::Arc;
use wire::Fault;

/// Why an environment isn't there.
enum NotStarted {
    Host(FunctionFault),
    Fault(Fault),
}

impl From<Fault> for NotStarted {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl Pool {
    /// Does what the fleet says; `cx` is busy with it, if it is a reconciler's.
    pub(super) fn obey(self: &Arc<Self>, orders: Orders, cx: Option<&ReconcileCx>) {
        let busy = || cx.map(ReconcileCx::busy);
        for start in orders.start {
            tokio::spawn(with(busy(), self.clone().start(start)));
        }
        for environment in orders.end {
            tokio::spawn(with(busy(), self.clone().end(environment)));
        }
        if !orders.lapsed.is_empty() {
            let mut state = self.lock();
            for ticket in orders.lapsed {
                state.disappoint(Some(ticket), || NotRun::Throttled(Throttle::Concurrent).into());
            }
        }
    }

    async fn start(self: Arc<Self>, start: Start) {
        let deployed = self.lock().deployed.get(&start.release).cloned();
        let Some(deployed) = deployed else { return self.act(|state, _| state.gone(start.environment)) };
        match self.bring_up(start, &deployed).await {
            Ok(environment) => {
                self.act(|state, now| {
                    state.failures.remove(&start.release);
                    let ticket = state.fleet.ready(start.environment, now);
                    state.give(start.environment, ticket, now);
                });
                // Not before: of what a host doesn't run yet it can't say that more will be written. Nobody waits for this; if the server dies
                // meanwhile, the next one sees to it.
                if let Err(fault) = self.open_log(&deployed, &environment).await {
                    tracing::error!(id = environment.id, %fault, "the output of an environment is not read");
                }
            }
            Err(why) => self.act(|state, _| not_started(state, start, why)),
        }
    }

    async fn bring_up(&self, start: Start, deployed: &Deployed) -> Result<Environment, NotStarted> {
        let environment = self.equip(deployed, start.provisioned).await?;
        let id: Arc<str> = environment.id.as_str().into();
        self.lock().environments.insert(start.environment, id.clone());
        let init = self.host.start(environment.clone()).await.map_err(NotStarted::Host)?;
        tracing::debug!(function = environment.arn, version = environment.version, %id, ?init, "an environment has been started");
        Ok(environment)
    }

    /// Has the output of an environment read.
    pub(super) async fn open_log(&self, deployed: &Deployed, environment: &Environment) -> Result<(), Fault> {
        let Some(release) = deployed.release() else { return Ok(()) };
        let (snapshot, now) = (self.store.snapshot(), self.env.now());
        let may = logs::may_write(&snapshot, &deployed.version, environment, &release.configuration.role, now)?;
        Ok(self.store.transact(|tx| logs::open(tx, &self.env, &deployed.version, environment, may)).await?)
    }

    async fn end(self: Arc<Self>, environment: EnvironmentId) {
        let id = self.lock().environments.get(&environment).cloned();
        if let Some(id) = id
            && let Err(fault) = self.host.stop(&id).await
        {
            tracing::warn!(%id, %fault, "an environment could not be ended");
        }
        self.act(|state, _| state.gone(environment));
    }
}

async fn with(busy: Option<Busy>, work: impl Future<Output = ()>) {
    work.await;
    drop(busy);
}

fn not_started(state: &mut State, start: Start, why: NotStarted) {
    state.environments.remove(&start.environment);
    if let NotStarted::Host(FunctionFault::NoRoom(reason)) = why {
        tracing::debug!(reason, "the host has no room for an environment");
        let ticket = state.fleet.refused(start.environment);
        return state.disappoint(ticket, || NotRun::Throttled(Throttle::Concurrent).into());
    }
    let ticket = state.fleet.failed(start.environment);
    note_failure(state, start, &why, ticket);
    state.disappoint(ticket, || match why {
        NotStarted::Host(FunctionFault::Function(error)) => Missed::Failed(error),
        NotStarted::Host(fault) => errors::host(fault).into(),
        NotStarted::Fault(fault) => fault.into(),
    });
}

/// Nobody may be waiting for an environment that is to be kept ready: whoever looks at the configuration learns why it isn't there.
fn note_failure(state: &mut State, start: Start, why: &NotStarted, waited: Option<Ticket>) {
    let reason = match why {
        NotStarted::Host(fault) => fault.to_string(),
        NotStarted::Fault(fault) => fault.message.clone(),
    };
    if waited.is_none() {
        tracing::warn!(reason, "an environment could not be started");
    }
    if start.provisioned {
        state.failures.insert(start.release, reason);
    }
}
