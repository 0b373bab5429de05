//! What ECR does when nobody asks: it frees what nothing needs any more.

mod unused;

use super::Ecr;
use async_trait::async_trait;
use futures::TryStreamExt;
use model::{
    Key, Record, Timestamp,
    ecr::{Image, Layer, LayerPlan, Upload, blob_namespace},
};
use spine::{
    Read, Scope, Snapshot,
    reconcile::{ReconcileCx, Reconciler, Wake},
};
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};
use unused::Verdict;
use wire::Fault;

/// Frees layers that no image of their repository names, uploads that were given up, and bytes that no record names.
///
/// It is the only writer of a layer's `Plan`.
pub struct Sweeper {
    ecr: Arc<Ecr>,
}

impl Sweeper {
    /// Sweeps these registries.
    pub fn new(ecr: Arc<Ecr>) -> Self {
        Self { ecr }
    }

    /// Layers whose time has come are deleted; others are marked or unmarked.
    async fn sweep_layers(&self, now: Timestamp) -> Result<Wake, Fault> {
        let snapshot = self.ecr.store.snapshot();
        let used = used_layers(&snapshot)?;
        let mut wake = Wake::Idle;
        for (key, row) in snapshot.list::<Layer>(Scope::All)? {
            let is_used =
                |used: &HashMap<_, HashSet<String>>| used.get(&key.repository()).is_some_and(|used| used.contains(key.own_id()));
            let verdict = unused::judge(row.plan.unused_since, is_used(&used), now);
            wake = wake.min(verdict.due().map_or(Wake::Idle, Wake::At));
            if verdict.changes(row.plan.unused_since) {
                self.apply(&key, verdict, now).await?;
            }
        }
        Ok(wake)
    }

    /// Decides once more within the transaction, for an image that was pushed meanwhile may name the layer.
    async fn apply(&self, key: &Key<Layer>, verdict: Verdict, now: Timestamp) -> Result<(), Fault> {
        self.ecr
            .store
            .transact(|tx| {
                let Some(row) = tx.get(key)? else { return Ok(()) };
                let repository = key.repository();
                let images = tx.specs::<Image>(Scope::Prefix(&key.account, &key.region, &repository.children()))?;
                let used = images.iter().any(|(_, image)| image.layers.iter().any(|layer| layer == key.own_id()));
                if unused::judge(row.plan.unused_since, used, now) != verdict {
                    return Ok(());
                }
                match verdict {
                    Verdict::Keep => tx.put_plan(key, &LayerPlan { unused_since: None })?,
                    Verdict::Wait { since } => tx.put_plan(key, &LayerPlan { unused_since: Some(since) })?,
                    Verdict::Delete => tx.delete(key)?,
                }
                Ok(())
            })
            .await
    }

    /// Uploads that were begun too long ago are given up, with their bytes.
    async fn sweep_uploads(&self, now: Timestamp) -> Result<Wake, Fault> {
        // Bytes come after their record: what has bytes now and no record in a later snapshot never gets one.
        let with_bytes = self.ecr.blobs.uploads().await.map_err(Fault::internal)?;
        let (mut wake, mut known) = (Wake::Idle, HashSet::new());
        for (key, upload) in self.ecr.store.snapshot().specs::<Upload>(Scope::All)? {
            let end = upload.created_at + unused::UPLOAD_VALID;
            if now < end {
                wake = wake.min(Wake::At(end));
                known.insert(key.own_id().to_owned());
            } else {
                self.ecr.store.transact(|tx| tx.delete(&key).map_err(Fault::from)).await?;
            }
        }
        for id in with_bytes {
            if let (false, Ok(staged)) = (known.contains(&id), self.ecr.blobs.upload(&id)) {
                staged.discard().await?;
            }
        }
        Ok(wake)
    }

    /// Bytes that no record of their registry names are deleted.
    async fn sweep_blobs(&self) -> Result<(), Fault> {
        let _alone = self.ecr.blobs.sweep().await;
        let named = named_blobs(&self.ecr.store.snapshot())?;
        let mut found = self.ecr.blobs.list();
        while let Some(blob) = found.try_next().await? {
            if !named.contains(&blob) {
                self.ecr.blobs.delete(&blob.0, &blob.1).await?;
            }
        }
        Ok(())
    }
}

fn used_layers(snapshot: &Snapshot) -> Result<HashMap<Key<model::ecr::Repository>, HashSet<String>>, Fault> {
    let mut used = HashMap::<_, HashSet<String>>::new();
    for (key, image) in snapshot.specs::<Image>(Scope::All)? {
        used.entry(key.repository()).or_default().extend(image.layers.iter().cloned());
    }
    Ok(used)
}

/// The namespaces and digests of all blobs that a record names.
fn named_blobs(snapshot: &Snapshot) -> Result<HashSet<(String, String)>, Fault> {
    let mut named = HashSet::new();
    for (key, _) in snapshot.specs::<Layer>(Scope::All)? {
        named.insert((blob_namespace(&key.account, &key.region), key.own_id().to_owned()));
    }
    for (key, _) in snapshot.specs::<Image>(Scope::All)? {
        named.insert((blob_namespace(&key.account, &key.region), key.own_id().to_owned()));
    }
    Ok(named)
}

#[async_trait]
impl Reconciler for Sweeper {
    fn name(&self) -> &'static str {
        "ecr/sweeper"
    }

    fn watches(&self) -> &'static [&'static str] {
        &[Image::KIND, Layer::KIND, Upload::KIND]
    }

    async fn reconcile(&self, cx: &ReconcileCx) -> anyhow::Result<Wake> {
        let now = cx.env.now();
        let layers = self.sweep_layers(now).await?;
        let uploads = self.sweep_uploads(now).await?;
        self.sweep_blobs().await?;
        Ok(layers.min(uploads))
    }
}
