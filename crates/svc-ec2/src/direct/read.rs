//! Reading snapshots: which blocks there are, in which two snapshots differ, and what is in a block.

use super::{
    Ebs, broken,
    errors::{invalid, invalid_value, not_readable, snapshot_not_found},
    key_for,
    token::Tokens,
};
use crate::{resource::Resource, tagged::anywhere, volumes::may_restore};
use api::ebs::{
    Block, ChangedBlock, ChecksumAlgorithm, GetSnapshotBlockRequest, GetSnapshotBlockResponse, ListChangedBlocksRequest,
    ListChangedBlocksResponse, ListSnapshotBlocksRequest, ListSnapshotBlocksResponse,
};
use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, engine::general_purpose::STANDARD};
use blocks::{BLOCK, Codec, Manifest};
use front::{Answer, Cx};
use logic::ebs::{SnapshotState, snapshot_state, tier};
use model::{
    Key,
    ec2::{Snapshot, SnapshotOrigin, SnapshotSpec},
};
use spine::{Read, Row, Snapshot as Committed};
use std::sync::Arc;
use wire::Time;

/// `ListSnapshotBlocks`.
pub async fn list(cx: Cx, ebs: Arc<Ebs>, input: ListSnapshotBlocksRequest) -> Answer<ListSnapshotBlocksResponse> {
    let id = &input.snapshot_id;
    let (_, row) = readable(&cx, &ebs.store.snapshot(), id)?;
    let manifest = manifest(&ebs, id).await?;
    let tokens = Tokens::new(&cx, &ebs.store).await?;
    let page = Page::read(&tokens, id, input.next_token.as_deref(), input.starting_block_index, input.max_results)?;
    let all = manifest.blocks().iter().filter(|(index, _)| *index >= page.from).copied();
    let (shown, next) = page.cut(all, |(index, _)| *index);
    let block = |(index, content)| Block { block_index: number(index), block_token: Some(tokens.block(id, index, content)) };
    Ok(ListSnapshotBlocksResponse {
        blocks: Some(shown.into_iter().map(block).collect()),
        expiry_time: Some(Time(tokens.expiry().0)),
        volume_size: Some(row.spec.size.into()),
        block_size: block_size(),
        next_token: next.map(|from| tokens.page(id, from)),
    })
}

/// `ListChangedBlocks`: those of the second that the first has not, or has otherwise. Without a first, all of the second.
pub async fn changed(cx: Cx, ebs: Arc<Ebs>, input: ListChangedBlocksRequest) -> Answer<ListChangedBlocksResponse> {
    let snapshot = ebs.store.snapshot();
    let (second_id, first_id) = (&input.second_snapshot_id, input.first_snapshot_id.as_deref());
    let (second_key, row) = readable(&cx, &snapshot, second_id)?;
    if let Some(first) = first_id {
        let (first_key, first) = readable(&cx, &snapshot, first)?;
        if !related((&first_key, &first.spec), (&second_key, &row.spec)) {
            return Err(invalid("UNRELATED_SNAPSHOTS", "The snapshots are of different volumes."));
        }
    }
    let second = manifest(&ebs, second_id).await?;
    let first = match first_id {
        Some(id) => manifest(&ebs, id).await?,
        None => Manifest::new(second.size(), None, Vec::new()).map_err(broken)?,
    };
    let tokens = Tokens::new(&cx, &ebs.store).await?;
    let of = format!("{} {second_id}", first_id.unwrap_or_default());
    let page = Page::read(&tokens, &of, input.next_token.as_deref(), input.starting_block_index, input.max_results)?;
    let (shown, next) = page.cut(first.changes(&second).filter(|it| it.index >= page.from), |it| it.index);
    let block = |it: blocks::Change| ChangedBlock {
        block_index: number(it.index),
        first_block_token: it.first.zip(first_id).map(|(content, id)| tokens.block(id, it.index, content)),
        second_block_token: it.second.map(|content| tokens.block(second_id, it.index, content)),
    };
    Ok(ListChangedBlocksResponse {
        changed_blocks: Some(shown.into_iter().map(block).collect()),
        expiry_time: Some(Time(tokens.expiry().0)),
        volume_size: Some(row.spec.size.into()),
        block_size: block_size(),
        next_token: next.map(|from| tokens.page(&of, from)),
    })
}

/// `GetSnapshotBlock`.
pub async fn get(cx: Cx, ebs: Arc<Ebs>, input: GetSnapshotBlockRequest) -> Answer<GetSnapshotBlockResponse> {
    let snapshot = ebs.store.snapshot();
    let (_, row) = readable(&cx, &snapshot, &input.snapshot_id)?;
    let key = key_for(&cx, &snapshot, row.spec.encryption.as_ref())?;
    let tokens = Tokens::new(&cx, &ebs.store).await?;
    let index = u32::try_from(input.block_index).map_err(|_| invalid("INVALID_BLOCK", "The block index is negative."))?;
    let content = tokens.content(&input.block_token, &input.snapshot_id, index);
    let content = content.ok_or_else(|| invalid("INVALID_BLOCK_TOKEN", "The block token is invalid or has expired."))?;
    let data = ebs.work(move |store| store.read(&Codec::new(key.as_ref()), content)).await.map_err(broken)?;
    Ok(GetSnapshotBlockResponse {
        data_length: block_size(),
        checksum: Some(checksum(&data)),
        checksum_algorithm: Some(ChecksumAlgorithm::Sha256),
        block_data: Some(data.into()),
    })
}

/// The SHA-256 of a block's data, in base64.
pub fn checksum(data: &[u8]) -> String {
    STANDARD.encode(digest(&SHA256, data))
}

/// `BlockSize`, and how many bytes a block has.
pub fn block_size() -> Option<i32> {
    i32::try_from(BLOCK).ok()
}

fn number(index: u32) -> Option<i32> {
    i32::try_from(index).ok()
}

async fn manifest(ebs: &Ebs, id: &str) -> Answer<Manifest> {
    let id = id.to_owned();
    ebs.work(move |store| store.manifest(&id)).await.map_err(broken)
}

/// A snapshot that the caller may use, complete and at hand.
pub fn readable(cx: &Cx, read: &Committed, id: &str) -> Answer<(Key<Snapshot>, Row<Snapshot>)> {
    Resource::SNAPSHOT.check(id).map_err(|_| invalid("INVALID_SNAPSHOT_ID", format!("The snapshot ID {id} is invalid.")))?;
    let (key, spec) = anywhere::<Snapshot>(read, &cx.account, &cx.region, id)?.ok_or_else(snapshot_not_found)?;
    if !may_restore(read, &key, &spec, cx.account.as_str())? {
        return Err(snapshot_not_found());
    }
    let row = read.get(&key)?.ok_or_else(snapshot_not_found)?;
    let usable = snapshot_state(&row.plan) == SnapshotState::Completed && !tier(&row.spec.tiering, cx.now).archived;
    if usable { Ok((key, row)) } else { Err(not_readable(id)) }
}

/// Whether two snapshots are of one volume, or the one was written on top of the other, or is its copy.
fn related(one: (&Key<Snapshot>, &SnapshotSpec), other: (&Key<Snapshot>, &SnapshotSpec)) -> bool {
    let same_volume = one.1.volume == other.1.volume && one.1.volume != NO_VOLUME;
    one.0 == other.0 || same_volume || comes_of(one.1, &other.0.id) || comes_of(other.1, &one.0.id)
}

/// What is said to be the volume of a snapshot that has none.
pub const NO_VOLUME: &str = "vol-ffffffff";

fn comes_of(spec: &SnapshotSpec, id: &str) -> bool {
    match &spec.origin {
        SnapshotOrigin::Direct(upload) => upload.parent.as_deref() == Some(id),
        SnapshotOrigin::Copy(_, _, source) => source == id,
        SnapshotOrigin::Volume | SnapshotOrigin::Imported => false,
    }
}

/// Which part of a list is asked for.
struct Page {
    from: u32,
    most: usize,
}

impl Page {
    fn read(tokens: &Tokens<'_>, of: &str, token: Option<&str>, start: Option<i32>, most: Option<i32>) -> Answer<Self> {
        let from = match (token, start) {
            (Some(token), _) => tokens
                .from(token, of)
                .ok_or_else(|| invalid("INVALID_PAGE_TOKEN", "The page token is invalid or has expired."))?,
            (None, Some(start)) => u32::try_from(start).map_err(|_| invalid_value("The starting block index is negative."))?,
            (None, None) => 0,
        };
        let most = usize::try_from(most.unwrap_or(100)).unwrap_or(100).clamp(100, 10_000);
        Ok(Self { from, most })
    }

    /// The page, and the block that the next one begins with.
    fn cut<T>(&self, mut all: impl Iterator<Item = T>, index: impl Fn(&T) -> u32) -> (Vec<T>, Option<u32>) {
        let shown = all.by_ref().take(self.most).collect();
        (shown, all.next().map(|next| index(&next)))
    }
}
