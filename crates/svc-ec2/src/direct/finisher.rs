//! Makes snapshots of the blocks that were put, and gives up those for which none comes any more.

use super::{Ebs, block_key, write::bytes};
use async_trait::async_trait;
use blocks::{BLOCK, BlockId, BlockStore, Draft};
use logic::ebs::{SnapshotState, snapshot_state};
use model::{
    Key, Record, Timestamp,
    ec2::{DirectUpload, PutBlock, PutBlockSpec, Snapshot, SnapshotOrigin, SnapshotPlan, SnapshotSpec},
};
use spine::{
    Read, Row, Scope,
    reconcile::{ReconcileCx, Reconciler, Wake},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

/// So many records of blocks are deleted at a time.
const BATCH: usize = 10_000;

/// Ends the snapshots that are written block by block. It is the only writer of their plans.
pub struct Finisher {
    ebs: Arc<Ebs>,
}

impl Finisher {
    /// One that works on these blocks.
    pub fn new(ebs: Arc<Ebs>) -> Self {
        Self { ebs }
    }

    async fn step(
        &self,
        key: &Key<Snapshot>,
        row: &Row<Snapshot>,
        upload: &DirectUpload,
        now: Timestamp,
    ) -> anyhow::Result<Wake> {
        let end = upload.active_at + Duration::from_secs(60) * upload.timeout;
        let mut plan = (*row.plan).clone();
        let wake = match upload.completed_at {
            Some(_) => {
                plan = self.finish(key, &row.spec, upload, now).await?;
                Wake::Idle
            }
            None if now >= end => {
                plan.failure = Some("No block was written within the timeout.".into());
                Wake::Idle
            }
            None => {
                plan.progress = upload.progress;
                Wake::At(end)
            }
        };
        if plan != *row.plan {
            let write = |tx: &mut spine::Tx| if tx.exists(key)? { tx.put_plan(key, &plan) } else { Ok(()) };
            self.ebs.store.transact(write).await?;
        }
        Ok(wake)
    }

    /// What becomes of a snapshot all of whose blocks are there.
    async fn finish(
        &self,
        key: &Key<Snapshot>,
        spec: &SnapshotSpec,
        upload: &DirectUpload,
        now: Timestamp,
    ) -> anyhow::Result<SnapshotPlan> {
        let snapshot = self.ebs.store.snapshot();
        let put = snapshot.specs::<PutBlock>(Scope::Prefix(&key.account, &key.region, &format!("{}/", key.id)))?;
        let put: BTreeMap<u32, Option<BlockId>> =
            put.iter().map(|(key, block)| named(&key.id, block)).collect::<anyhow::Result<_>>()?;
        let data_key = block_key(&snapshot, spec.encryption.as_ref())?;
        let (name, size, parent) = (key.id.clone(), bytes(spec), upload.parent.clone());
        let stored = put.values().flatten().collect::<BTreeSet<_>>().len() * BLOCK;
        let work = move |store: &BlockStore| {
            Draft { store, name: &name, size, parent: parent.as_deref(), key: data_key.as_ref() }.complete(&put)
        };
        match self.ebs.work(work).await {
            Ok(manifest) => Ok(SnapshotPlan {
                progress: 100,
                completed_at: Some(now),
                failure: None,
                stored_bytes: stored as u64,
                full_bytes: (manifest.blocks().len() * BLOCK) as u64,
            }),
            Err(blocks::Error::Io(error)) => Err(error.into()),
            Err(error) => Ok(SnapshotPlan { failure: Some(error.to_string()), ..SnapshotPlan::default() }),
        }
    }

    /// Removes the records of blocks of snapshots that have ended or are gone.
    async fn forget(&self) -> anyhow::Result<()> {
        let snapshot = self.ebs.store.snapshot();
        let mut dead = Vec::new();
        for (key, _) in snapshot.specs::<PutBlock>(Scope::All)? {
            let id = key.id.split('/').next().unwrap_or_default();
            let of = snapshot.get(&Key::<Snapshot>::new(&key.account, &key.region, id))?;
            if of.is_none_or(|row| snapshot_state(&row.plan) != SnapshotState::Pending) {
                dead.push(key);
            }
        }
        for batch in dead.chunks(BATCH) {
            self.ebs.store.transact(|tx| batch.iter().try_for_each(|key| tx.delete(key))).await?;
        }
        Ok(())
    }
}

fn named(id: &str, block: &PutBlockSpec) -> anyhow::Result<(u32, Option<BlockId>)> {
    let index = id.split_once('/').and_then(|(_, index)| u32::from_str_radix(index, 16).ok());
    let index = index.ok_or_else(|| anyhow::anyhow!("{id} names no block"))?;
    Ok((index, block.content.as_ref().map(|content| content.parse()).transpose()?))
}

#[async_trait]
impl Reconciler for Finisher {
    fn name(&self) -> &'static str {
        "ebs/finisher"
    }

    fn watches(&self) -> &'static [&'static str] {
        &[Snapshot::KIND]
    }

    async fn reconcile(&self, cx: &ReconcileCx) -> anyhow::Result<Wake> {
        let mut wake = Wake::Idle;
        for (key, row) in cx.store.snapshot().list::<Snapshot>(Scope::All)? {
            if let (SnapshotOrigin::Direct(upload), SnapshotState::Pending) = (&row.spec.origin, snapshot_state(&row.plan)) {
                wake = wake.min(self.step(&key, &row, upload, cx.env.now()).await?);
            }
        }
        self.forget().await?;
        Ok(wake)
    }
}
