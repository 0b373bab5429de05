//! Takes each task one step further, as `logic::task` says.

use super::{execution, logs, place::Placing, steps, targets};
use crate::ecs::load::{self, LoadedTask};
use agent_proto::{Capabilities, record::Hosted};
use anyhow::Context;
use async_trait::async_trait;
use logic::task::{Outside, Step, next};
use model::{
    Key, Record,
    ecs::{Cluster, Task, TaskStop},
    elbv2::Target,
    logs::LogSource,
};
use spine::{
    Read, Scope, Snapshot, StoreError, Tx,
    reconcile::{ReconcileCx, Reconciler, Wake},
};
use std::sync::Arc;

/// The reconciler of tasks.
pub struct Tasks {
    machine: Arc<Capabilities>,
    endpoint: String,
}

impl Tasks {
    /// Tasks on a machine. `endpoint` is the cloud's own `host:port`, by which images of its registry may be named.
    pub fn new(machine: Arc<Capabilities>, endpoint: impl Into<String>) -> Self {
        Self { machine, endpoint: endpoint.into() }
    }

    /// Takes one step of one task, if there is one to take.
    async fn step(&self, cx: &ReconcileCx, key: &Key<Task>, refusal: Option<String>) -> Result<Wake, StoreError> {
        cx.store
            .transact(|tx| {
                let Some(task) = load::task(tx, key)? else { return Ok(Wake::Idle) };
                let step = next(&task.facts(), &outside(tx, &task)?, cx.env.now());
                self.take(cx, tx, &task, step, refusal.clone())
            })
            .await
    }

    /// Places a task, if its execution role lets it be placed.
    async fn place(&self, cx: &ReconcileCx, snapshot: &Snapshot, task: &LoadedTask) -> anyhow::Result<Wake> {
        let refusal = execution::refusal(snapshot, &self.endpoint, task, cx.env.now())?;
        Ok(self.step(cx, &task.key, refusal).await?)
    }

    fn take(
        &self,
        cx: &ReconcileCx,
        tx: &mut Tx,
        task: &LoadedTask,
        step: Step,
        refusal: Option<String>,
    ) -> Result<Wake, StoreError> {
        let now = cx.env.now();
        match step {
            Step::Place => {
                Placing { env: &cx.env, machine: &self.machine, endpoint: &self.endpoint, task, now, refusal }.place(tx)?
            }
            Step::Register => targets::register(tx, task, now)?,
            Step::Deregister => targets::deregister(tx, task, now)?,
            Step::Halt => steps::halt(tx, task, now)?,
            Step::Finish => steps::finish(tx, task, now)?,
            Step::Unhost => steps::unhost(tx, task)?,
            Step::Forget => steps::forget(tx, task)?,
            Step::Rest => {}
            Step::Wait(until) => return Ok(Wake::At(until)),
        }
        Ok(Wake::Idle)
    }
}

fn outside(read: &impl Read, task: &LoadedTask) -> Result<Outside, StoreError> {
    Ok(Outside { hosted: task.hosted, draining: targets::draining(read, task)?, logs_drained: logs::drained(read, task)? })
}

#[async_trait]
impl Reconciler for Tasks {
    fn name(&self) -> &'static str {
        "ecs/tasks"
    }

    fn watches(&self) -> &'static [&'static str] {
        const KINDS: &[&str] = &[Task::KIND, TaskStop::KIND, Hosted::KIND, Target::KIND, LogSource::KIND];
        KINDS
    }

    async fn reconcile(&self, cx: &ReconcileCx) -> anyhow::Result<Wake> {
        let snapshot = cx.store.snapshot();
        let (mut wake, mut failed) = (Wake::Idle, None);
        for (cluster, _) in snapshot.specs::<Cluster>(Scope::All)? {
            for task in load::tasks(&snapshot, &cluster)? {
                let due = match next(&task.facts(), &outside(&snapshot, &task)?, cx.env.now()) {
                    Step::Rest => Ok(Wake::Idle),
                    Step::Wait(until) => Ok(Wake::At(until)),
                    Step::Place => self.place(cx, &snapshot, &task).await.with_context(|| task.key.id.clone()),
                    _ => self.step(cx, &task.key, None).await.with_context(|| task.key.id.clone()),
                };
                match due {
                    Ok(due) => wake = wake.min(due),
                    Err(error) => failed = Some(error),
                }
            }
        }
        // One task's trouble is no other's: the error is told once all have had their turn.
        failed.map_or(Ok(wake), Err)
    }
}
