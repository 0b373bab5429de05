//! Copies snapshots. Under the same key a copy shares all blocks with what it was made of; under another, each is encrypted anew.

use super::{Ebs, block_key};
use crate::volumes::unusable_key;
use async_trait::async_trait;
use blocks::{BLOCK, BlockId, BlockStore, Codec, DataKey, Manifest, Stored};
use logic::ebs::{SnapshotState, snapshot_state};
use model::{
    AccountId, Key, Record, Region, Timestamp,
    ec2::{Snapshot, SnapshotOrigin, SnapshotPlan, SnapshotSpec},
};
use spine::{
    Read, Scope, StoreError,
    reconcile::{ReconcileCx, Reconciler, Wake},
};
use std::sync::Arc;

/// So many blocks are copied between two looks at how far a copy is.
const BATCH: usize = 64;

/// Makes the copies that were asked for. It is the only writer of their plans.
pub struct Copies {
    ebs: Arc<Ebs>,
}

/// A copy to be made.
struct Copy {
    key: Key<Snapshot>,
    from: String,
    from_key: Option<DataKey>,
    to_key: Option<DataKey>,
}

/// Why a copy can't be made.
const SOURCE_GONE: &str = "The source snapshot is gone.";
const KEY_UNUSABLE: &str = "Given key ID is not accessible";

impl Copies {
    /// Those of these blocks.
    pub fn new(ebs: Arc<Ebs>) -> Self {
        Self { ebs }
    }

    /// What is to be copied, or why it can't be (EBS user guide, "Copy an Amazon EBS snapshot").
    fn copy(&self, key: &Key<Snapshot>, spec: &SnapshotSpec, now: Timestamp) -> anyhow::Result<Result<Copy, &'static str>> {
        let SnapshotOrigin::Copy(account, region, from) = &spec.origin else { return Ok(Err(SOURCE_GONE)) };
        let source = Key::<Snapshot>::new(&AccountId::parse(account)?, &Region::parse(region)?, from);
        let snapshot = self.ebs.store.snapshot();
        let Some(source) = snapshot.spec(&source)? else { return Ok(Err(SOURCE_GONE)) };
        for encryption in [&source.encryption, &spec.encryption] {
            if unusable_key(&snapshot, encryption.as_ref(), now)?.is_some() {
                return Ok(Err(KEY_UNUSABLE));
            }
        }
        Ok(Ok(Copy {
            key: key.clone(),
            from: from.clone(),
            from_key: block_key(&snapshot, source.encryption.as_ref())?,
            to_key: block_key(&snapshot, spec.encryption.as_ref())?,
        }))
    }

    async fn make(&self, cx: &ReconcileCx, copy: Arc<Copy>) -> anyhow::Result<()> {
        match self.blocks(copy.clone()).await {
            Ok((full, stored)) => {
                let completed = SnapshotPlan {
                    progress: 100,
                    completed_at: Some(cx.env.now()),
                    failure: None,
                    stored_bytes: stored.new_bytes,
                    full_bytes: full,
                };
                Ok(self.note(&copy.key, |plan| plan.clone_from(&completed)).await?)
            }
            Err(blocks::Error::Io(error)) => Err(error.into()),
            Err(error) => self.fail(&copy.key, &error.to_string()).await,
        }
    }

    /// Copies the blocks, and then says that they are a snapshot. What a copy that was broken off has stored is found again.
    async fn blocks(&self, copy: Arc<Copy>) -> blocks::Result<(u64, Stored)> {
        let begun = copy.clone();
        let source = self.ebs.work(move |store| begin(store, &begun)).await?;
        let (mut named, mut stored) = (Vec::new(), Stored::default());
        for batch in source.blocks().chunks(BATCH) {
            let (copy, batch) = (copy.clone(), batch.to_vec());
            let key = copy.key.clone();
            let (ids, more) = self.ebs.work(move |store| copy_batch(store, &copy, &batch)).await?;
            named.extend(ids);
            stored += more;
            let percent = (named.len() * 100 / source.blocks().len().max(1)).min(99) as u8;
            let noted = self.note(&key, |plan| plan.progress = percent).await;
            noted.map_err(|error| blocks::Error::Io(std::io::Error::other(error)))?;
        }
        let full = (named.len() * BLOCK) as u64;
        let manifest = Manifest::new(source.size(), copy.to_key.as_ref().map(DataKey::fingerprint), named)?;
        self.ebs.work(move |store| store.upload(&copy.key.id, &Codec::new(copy.to_key.as_ref())).finish(&manifest)).await?;
        Ok((full, stored))
    }

    async fn fail(&self, key: &Key<Snapshot>, why: &str) -> anyhow::Result<()> {
        Ok(self.note(key, |plan| plan.failure = Some(why.to_owned())).await?)
    }

    async fn note(&self, key: &Key<Snapshot>, change: impl Fn(&mut SnapshotPlan)) -> Result<(), StoreError> {
        self.ebs.store.transact(|tx| if tx.exists(key)? { tx.update_plan(key, &change) } else { Ok(()) }).await
    }
}

/// The source is kept until the copy is there.
fn begin(store: &BlockStore, copy: &Copy) -> blocks::Result<Manifest> {
    store.hold(&copy.key.id, &copy.from)?;
    store.manifest(&copy.from)
}

fn copy_batch(store: &BlockStore, copy: &Copy, batch: &[(u32, BlockId)]) -> blocks::Result<(Vec<(u32, BlockId)>, Stored)> {
    let print = |key: &Option<DataKey>| key.as_ref().map(DataKey::fingerprint);
    if print(&copy.from_key) == print(&copy.to_key) {
        return Ok((batch.to_vec(), Stored::default()));
    }
    let (from, to) = (Codec::new(copy.from_key.as_ref()), Codec::new(copy.to_key.as_ref()));
    let data = batch.iter().map(|(_, id)| store.read(&from, *id)).collect::<blocks::Result<Vec<_>>>()?;
    let (ids, stored) = store.upload(&copy.key.id, &to).put(&data)?;
    let named = batch.iter().zip(ids).filter_map(|((index, _), id)| Some((*index, id?)));
    Ok((named.collect(), stored))
}

#[async_trait]
impl Reconciler for Copies {
    fn name(&self) -> &'static str {
        "ebs/copies"
    }

    fn watches(&self) -> &'static [&'static str] {
        &[Snapshot::KIND]
    }

    async fn reconcile(&self, cx: &ReconcileCx) -> anyhow::Result<Wake> {
        for (key, row) in cx.store.snapshot().list::<Snapshot>(Scope::All)? {
            let pending = snapshot_state(&row.plan) == SnapshotState::Pending;
            if !pending || !matches!(row.spec.origin, SnapshotOrigin::Copy(..)) {
                continue;
            }
            match self.copy(&key, &row.spec, cx.env.now())? {
                Ok(copy) => self.make(cx, Arc::new(copy)).await?,
                Err(why) => self.fail(&key, why).await?,
            }
        }
        Ok(Wake::Idle)
    }
}
