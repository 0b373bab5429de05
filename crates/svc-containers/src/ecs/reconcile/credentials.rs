//! Renews the credentials of tasks' roles before they expire, for as long as the roles' trust policies let ECS assume them.

use crate::ecs::{metadata::current, roles};
use anyhow::Context;
use async_trait::async_trait;
use logic::task::{CREDENTIALS_RETRY, Renewal, renewal};
use model::{
    Key, Record,
    ecs::{Task, TaskCredentials, TaskCredentialsPlan},
    iam::Role,
};
use spine::{
    Read, Row, Scope, StoreError,
    reconcile::{ReconcileCx, Reconciler, Wake},
};

/// The reconciler of tasks' credentials.
pub struct Credentials;

#[async_trait]
impl Reconciler for Credentials {
    fn name(&self) -> &'static str {
        "ecs/credentials"
    }

    fn watches(&self) -> &'static [&'static str] {
        const KINDS: &[&str] = &[TaskCredentials::KIND, Role::KIND];
        KINDS
    }

    async fn reconcile(&self, cx: &ReconcileCx) -> anyhow::Result<Wake> {
        let (mut wake, mut failed) = (Wake::Idle, None);
        for (key, row) in cx.store.snapshot().list::<TaskCredentials>(Scope::All)? {
            match look_after(cx, &key, &row).await.with_context(|| key.id.clone()) {
                Ok(again) => wake = wake.min(again),
                Err(error) => failed = Some(error),
            }
        }
        // One task's trouble is no other's: the error is told once all have had their turn.
        failed.map_or(Ok(wake), Err)
    }
}

async fn look_after(cx: &ReconcileCx, key: &Key<TaskCredentials>, row: &Row<TaskCredentials>) -> Result<Wake, StoreError> {
    match renewal(current(row), cx.env.now()) {
        Renewal::At(moment) => Ok(Wake::At(moment)),
        Renewal::Due => renew(cx, key).await,
    }
}

/// Renews them, or leaves the task with those that it has, until they expire.
async fn renew(cx: &ReconcileCx, key: &Key<TaskCredentials>) -> Result<Wake, StoreError> {
    let renewed = cx.store.transact(|tx| {
        let Some(spec) = tx.spec(key)? else { return Ok(Ok(())) };
        let task = Key::<Task>::new(&key.account, &key.region, key.id.clone()).arn();
        match roles::assume(tx, &cx.env, &task, &key.account, &spec.role)? {
            Ok(key_now) => tx.put_plan(key, &TaskCredentialsPlan { renewed: Some(key_now) }).map(Ok),
            Err(reason) => Ok(Err(reason)),
        }
    });
    match renewed.await? {
        // What was written makes this run again.
        Ok(()) => Ok(Wake::Idle),
        Err(reason) => {
            tracing::warn!(task = key.id, reason, "the credentials of a task are not renewed");
            Ok(Wake::At(cx.env.now() + CREDENTIALS_RETRY))
        }
    }
}
