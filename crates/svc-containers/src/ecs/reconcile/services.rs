//! Runs the service scheduler.

use super::schedule::Scheduling;
use agent_proto::{Capabilities, record::Hosted};
use anyhow::Context;
use async_trait::async_trait;
use model::{
    Record,
    ecs::{Service, Task, TaskStop},
    elbv2::Target,
    iam::Role,
};
use spine::{
    Read, Scope,
    reconcile::{ReconcileCx, Reconciler, Wake},
};
use std::sync::Arc;

/// The reconciler of services.
pub struct Services {
    machine: Arc<Capabilities>,
}

impl Services {
    /// Services whose tasks run on a machine.
    pub fn new(machine: Arc<Capabilities>) -> Self {
        Self { machine }
    }
}

#[async_trait]
impl Reconciler for Services {
    fn name(&self) -> &'static str {
        "ecs/services"
    }

    fn watches(&self) -> &'static [&'static str] {
        const KINDS: &[&str] = &[Service::KIND, Task::KIND, TaskStop::KIND, Hosted::KIND, Target::KIND, Role::KIND];
        KINDS
    }

    async fn reconcile(&self, cx: &ReconcileCx) -> anyhow::Result<Wake> {
        let services = cx.store.snapshot().list::<Service>(Scope::All)?;
        let (mut wake, mut failed) = (Wake::Idle, None);
        for (key, _) in services.iter().filter(|(_, row)| row.plan.inactive_at.is_none()) {
            let scheduling = Scheduling { key, env: &cx.env, machine: &self.machine, now: cx.env.now() };
            match cx.store.transact(|tx| scheduling.run(tx)).await.with_context(|| key.id.clone()) {
                Ok(due) => wake = due.map_or(wake, |at| wake.min(Wake::At(at))),
                Err(error) => failed = Some(error),
            }
        }
        // One service's trouble is no other's: the error is told once all have had their turn.
        failed.map_or(Ok(wake), Err)
    }
}
