//! Frees the zips that neither a function nor a layer needs any more.

use crate::lambda::CodeStore;
use async_trait::async_trait;
use model::{
    Record, Timestamp,
    lambda::{Configuration, LayerVersion, Release, Version},
};
use spine::{
    Read, Scope, Snapshot, StoreError,
    reconcile::{ReconcileCx, Reconciler, Wake},
};
use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// How long after a sweep the next one comes at the earliest.
const PAUSE: Duration = Duration::from_secs(60);

/// Sweeps the code store. Environments that run have unpacked what they need.
pub struct Sweeper {
    code: Arc<CodeStore>,
    last: Mutex<Option<Timestamp>>,
}

impl Sweeper {
    /// Sweeps this store.
    pub fn new(code: Arc<CodeStore>) -> Self {
        Self { code, last: Mutex::default() }
    }

    /// When the next sweep may be, if that isn't now; now is the last one otherwise.
    fn pause(&self, now: Timestamp) -> Option<Timestamp> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let next = last.map(|last| last + PAUSE).filter(|next| now < *next);
        if next.is_none() {
            *last = Some(now);
        }
        next
    }
}

/// The digests of all zips that a record names.
fn named(snapshot: &Snapshot) -> Result<HashSet<String>, StoreError> {
    let mut named = HashSet::new();
    for (_, row) in snapshot.list::<Version>(Scope::All)? {
        for Release { code, configuration: Configuration { layers, .. }, .. } in
            [Some(&row.spec.release), row.plan.serving.as_ref()].into_iter().flatten()
        {
            named.extend(code.archive().map(|archive| archive.sha256.clone()));
            named.extend(layers.iter().map(|layer| layer.archive.sha256.clone()));
        }
    }
    let layers = snapshot.specs::<LayerVersion>(Scope::All)?;
    named.extend(layers.into_iter().map(|(_, layer)| layer.archive.sha256.clone()));
    Ok(named)
}

#[async_trait]
impl Reconciler for Sweeper {
    fn name(&self) -> &'static str {
        "lambda/sweeper"
    }

    fn watches(&self) -> &'static [&'static str] {
        &[Version::KIND, LayerVersion::KIND]
    }

    async fn reconcile(&self, cx: &ReconcileCx) -> anyhow::Result<Wake> {
        if let Some(next) = self.pause(cx.env.now()) {
            return Ok(Wake::At(next));
        }
        let _alone = self.code.sweep().await;
        let named = named(&cx.store.snapshot())?;
        for sha256 in self.code.list().await? {
            if !named.contains(&sha256) {
                self.code.delete(&sha256).await?;
            }
        }
        Ok(Wake::Idle)
    }
}
