//! EBS direct APIs: the blocks of snapshots, read, compared and written one by one.
//!
//! **Built:** all six operations. A snapshot that is written starts as a record; its blocks go to the block store one by one and are
//! [`model::ec2::PutBlock`]s until [`Finisher`] makes a snapshot of them, or gives them up when none has come for too long.
//!
//! Besides, the rest of what moves blocks without a host: [`Copies`] of snapshots, and the [`Collector`] of what nobody needs.

mod collector;
mod copies;
mod errors;
mod finisher;
mod read;
mod token;
mod write;

pub use collector::Collector;
pub use copies::Copies;
pub use finisher::Finisher;

use crate::{access, resource::Resource, tagged};
use api::ebs;
use blocks::{BlockStore, Codec};
use front::{Access, Answer, Cx, Service, Tagging};
use logic::policy::Context;
use model::{
    Arn, Key,
    ec2::{Encryption, Snapshot},
};
use spine::{Read, Store};
use std::sync::Arc;
use wire::Fault;

/// What moves blocks.
pub struct Ebs {
    /// The records.
    pub store: Store,
    /// Snapshots and their blocks.
    pub blocks: BlockStore,
}

impl Ebs {
    /// Works on the blocks, in a thread where that may take its time.
    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&BlockStore) -> blocks::Result<T> + Send + 'static,
    ) -> blocks::Result<T> {
        let blocks = self.blocks.clone();
        let done = tokio::task::spawn_blocking(move || work(&blocks)).await;
        done.map_err(|error| blocks::Error::Io(std::io::Error::other(error)))?
    }
}

/// The key of blocks that are encrypted so.
fn block_key(read: &impl Read, encryption: Option<&Encryption>) -> anyhow::Result<Option<blocks::DataKey>> {
    let opened = crate::volumes::data_key(read, encryption)?;
    Ok(opened.map(|key| blocks::DataKey::parse(&key.0)).transpose()?)
}

/// The same for a caller, who may use the KMS key beneath it (EBS user guide, "Control access to EBS direct APIs").
fn key_for(cx: &Cx, read: &impl Read, encryption: Option<&Encryption>) -> Answer<Option<blocks::DataKey>> {
    crate::volumes::may_read(cx, read, encryption).map_err(errors::in_these_words)?;
    block_key(read, encryption).map_err(Fault::internal)
}

/// The first block of a snapshot, and the bytes of the disk; `None` if there is no such snapshot. Zeros may be left out.
pub async fn first_block(ebs: &Ebs, key: &Key<Snapshot>) -> anyhow::Result<Option<(Vec<u8>, u64)>> {
    let snapshot = ebs.store.snapshot();
    let Some(spec) = snapshot.spec(key)? else { return Ok(None) };
    let (data_key, id) = (block_key(&snapshot, spec.encryption.as_ref())?, key.id.clone());
    let read = move |store: &BlockStore| match store.manifest(&id)?.block(0) {
        Some(content) => store.read(&Codec::new(data_key.as_ref()), content),
        None => Ok(Vec::new()),
    };
    Ok(Some((ebs.work(read).await?, write::bytes(&spec))))
}

/// The service's table.
pub fn service(ebs: &Arc<Ebs>) -> Service {
    Service::new(&ebs::SERVICE)
        .resources(tagged::facts_of)
        .op_async::<ebs::ListSnapshotBlocks, _, _>(Access::on(|cx, i| one(cx, &i.snapshot_id)), ebs, read::list)
        .op_async::<ebs::ListChangedBlocks, _, _>(
            Access::on(|cx, i: &ebs::ListChangedBlocksRequest| {
                let first = i.first_snapshot_id.iter().flat_map(|id| one(cx, id));
                first.chain(one(cx, &i.second_snapshot_id)).collect()
            }),
            ebs,
            read::changed,
        )
        .op_async::<ebs::GetSnapshotBlock, _, _>(Access::on(|cx, i| one(cx, &i.snapshot_id)), ebs, read::get)
        .op_async::<ebs::StartSnapshot, _, _>(
            Access::on(|cx, _: &ebs::StartSnapshotRequest| one(cx, "*"))
                .keys(|_, i| {
                    let context = Context::new().with("ebs:VolumeSize", i.volume_size.to_string());
                    let context = context.with("ebs:Description", i.description.clone().unwrap_or_default());
                    context.with("ebs:ParentSnapshot", i.parent_snapshot_id.clone().unwrap_or_default())
                })
                .tagging(access::TAG, |cx, i| Tagging { resources: one(cx, "*"), tags: tags(i) }),
            ebs,
            write::start,
        )
        .op_async::<ebs::PutSnapshotBlock, _, _>(Access::on(|cx, i| one(cx, &i.snapshot_id)), ebs, write::put)
        .op_async::<ebs::CompleteSnapshot, _, _>(Access::on(|cx, i| one(cx, &i.snapshot_id)), ebs, write::complete)
}

fn one(cx: &Cx, id: &str) -> Vec<Arn> {
    vec![access::one(cx, Resource::SNAPSHOT, id)]
}

fn tags(input: &ebs::StartSnapshotRequest) -> Vec<(String, String)> {
    let pair = |tag: &ebs::Tag| (tag.key.clone().unwrap_or_default(), tag.value.clone().unwrap_or_default());
    input.tags.iter().flatten().map(pair).collect()
}

/// What goes wrong with blocks that are said to be there.
fn broken(error: blocks::Error) -> Fault {
    match error {
        blocks::Error::NotFound(_) => errors::snapshot_not_found(),
        other => Fault::internal(other),
    }
}
