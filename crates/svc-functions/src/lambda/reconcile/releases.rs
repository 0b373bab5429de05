//! Brings releases into service: the code and configuration that were asked for last become what invocations run, if this host can run
//! them. The only writer of a version's `Plan`.

use agent_proto::function::FunctionHost;
use async_trait::async_trait;
use model::{
    Key, Record,
    lambda::{Failure, Release, Version, VersionPlan},
};
use spine::{
    Read, Scope, StoreError,
    reconcile::{ReconcileCx, Reconciler, Wake},
};
use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

/// Decides for each release whether it can be run.
pub struct Releases {
    host: Arc<dyn FunctionHost>,
    /// As OCI says it.
    architecture: String,
    /// The failures that this server has seen for itself: what a host couldn't run it may be able to after a restart.
    judged: Mutex<HashSet<(Key<Version>, String)>>,
}

impl Releases {
    /// For a host of that architecture, in OCI's words.
    pub fn new(host: Arc<dyn FunctionHost>, architecture: &str) -> Self {
        Self { host, architecture: architecture.to_owned(), judged: Mutex::default() }
    }

    /// Why the release can't be run, if it can't.
    fn judge(&self, release: &Release) -> Option<Failure> {
        let configuration = &release.configuration;
        if configuration.architecture.oci() != self.architecture {
            let (wanted, host) = (configuration.architecture.as_str(), &self.architecture);
            let reason = format!("The function's architecture {wanted} is not that of this host ({host}).");
            return Some(Failure { code: "InvalidConfiguration".into(), reason });
        }
        let reason = self.host.refuses(configuration.runtime.as_deref())?;
        Some(Failure { code: "InvalidRuntime".into(), reason })
    }

    /// Whether it is for us to decide: it wasn't decided yet, or failed under another server.
    fn is_due(&self, key: &Key<Version>, release: &Release, plan: &VersionPlan) -> bool {
        if plan.settled.as_ref() != Some(&release.revision) {
            return true;
        }
        let judged = self.judged.lock().unwrap_or_else(PoisonError::into_inner);
        plan.failure.is_some() && !judged.contains(&(key.clone(), release.revision.clone()))
    }

    async fn settle(&self, cx: &ReconcileCx, key: &Key<Version>) -> Result<(), StoreError> {
        cx.store
            .transact(|tx| {
                let Some(row) = tx.get(key)? else { return Ok::<_, StoreError>(()) };
                let release = &row.spec.release;
                let failure = self.judge(release);
                let serving = if failure.is_none() { Some(release.clone()) } else { row.plan.serving.clone() };
                tx.put_plan(key, &VersionPlan { settled: Some(release.revision.clone()), failure, serving })
            })
            .await
    }
}

#[async_trait]
impl Reconciler for Releases {
    fn name(&self) -> &'static str {
        "lambda/releases"
    }

    fn watches(&self) -> &'static [&'static str] {
        &[Version::KIND]
    }

    async fn reconcile(&self, cx: &ReconcileCx) -> anyhow::Result<Wake> {
        for (key, row) in cx.store.snapshot().list::<Version>(Scope::All)? {
            let release = &row.spec.release;
            if self.is_due(&key, release, &row.plan) {
                self.settle(cx, &key).await?;
                let mut judged = self.judged.lock().unwrap_or_else(PoisonError::into_inner);
                judged.insert((key, release.revision.clone()));
            }
        }
        Ok(Wake::Idle)
    }
}
