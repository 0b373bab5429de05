//! Renews the credentials of workloads before they expire, for as long as the roles' trust policies let their services assume them.

use anyhow::Context;
use async_trait::async_trait;
use front::{current_key, renew_credentials};
use logic::workload_credentials::{RETRY, Renewal, renewal};
use model::{
    Key, Record,
    iam::{Role, WorkloadCredentials},
};
use spine::{
    Read, Row, Scope, StoreError,
    reconcile::{ReconcileCx, Reconciler, Wake},
};

/// The reconciler of workloads' credentials.
pub struct Workloads;

#[async_trait]
impl Reconciler for Workloads {
    fn name(&self) -> &'static str {
        "sts/workloads"
    }

    fn watches(&self) -> &'static [&'static str] {
        const KINDS: &[&str] = &[WorkloadCredentials::KIND, Role::KIND];
        KINDS
    }

    async fn reconcile(&self, cx: &ReconcileCx) -> anyhow::Result<Wake> {
        let (mut wake, mut failed) = (Wake::Idle, None);
        for (key, row) in cx.store.snapshot().list::<WorkloadCredentials>(Scope::All)? {
            match look_after(cx, &key, &row).await.with_context(|| key.id.clone()) {
                Ok(again) => wake = wake.min(again),
                Err(error) => failed = Some(error),
            }
        }
        // One workload's trouble is no other's: the error is told once all have had their turn.
        failed.map_or(Ok(wake), Err)
    }
}

async fn look_after(
    cx: &ReconcileCx,
    key: &Key<WorkloadCredentials>,
    row: &Row<WorkloadCredentials>,
) -> Result<Wake, StoreError> {
    match renewal(current_key(row), cx.env.now()) {
        Renewal::At(moment) => Ok(Wake::At(moment)),
        Renewal::Due => renew(cx, key).await,
    }
}

/// Renews them, or leaves the workload with those that it has, until they expire.
async fn renew(cx: &ReconcileCx, key: &Key<WorkloadCredentials>) -> Result<Wake, StoreError> {
    match cx.store.transact(|tx| renew_credentials(tx, &cx.env, key)).await? {
        // What was written makes this run again.
        Ok(()) => Ok(Wake::Idle),
        Err(reason) => {
            tracing::warn!(workload = key.id, %reason, "the credentials of a workload are not renewed");
            Ok(Wake::At(cx.env.now() + RETRY))
        }
    }
}
