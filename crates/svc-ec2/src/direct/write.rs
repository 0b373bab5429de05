//! Writing snapshots: begun, block by block, and completed.

use super::{
    Ebs, block_key, broken,
    errors::{conflict, in_these_words, invalid, invalid_value, not_writable, snapshot_not_found},
    key_for,
    read::{NO_VOLUME, block_size, checksum, readable},
};
use crate::{
    records::key,
    resource::Resource,
    tags,
    volumes::{WantedEncryption, check_usable, decide_encryption, token},
};
use api::ebs::{
    ChecksumAlgorithm, CompleteSnapshotRequest, CompleteSnapshotResponse, PutSnapshotBlockRequest, PutSnapshotBlockResponse,
    StartSnapshotRequest, StartSnapshotResponse, Status, Tag,
};
use aws_lc_rs::digest::{Context, SHA256};
use base64::{Engine, engine::general_purpose::STANDARD};
use blocks::{BLOCK, Draft, blocks_of};
use front::{Answer, Cx};
use logic::ebs::{SnapshotState, snapshot_state};
use model::ec2::{DirectUpload, Encryption, PutBlock, PutBlockSpec, Snapshot, SnapshotOrigin, SnapshotSpec, Tags};
use spine::{Read, Row, Scope, Tx};
use std::sync::Arc;
use wire::{Fault, Time};

/// The largest snapshot, in GiB.
const LARGEST: i64 = 65_536;
/// Minutes after the last block after which a snapshot is given up, where nothing is said.
const TIMEOUT: u32 = 60;

/// `StartSnapshot`. The record is there before anything is stored under its name, so that nothing of it is taken for garbage.
pub async fn start(cx: Cx, ebs: Arc<Ebs>, input: StartSnapshotRequest) -> Answer<StartSnapshotResponse> {
    let tags = read_tags(&input)?;
    let (id, spec, new) = ebs.store.transact(|tx| record(&cx, tx, &input, &tags)).await?;
    if new && let Err(error) = begin(&ebs, &id, &spec).await {
        ebs.store.transact(|tx| tx.delete(&key::<Snapshot>(&cx, &id))).await?;
        return Err(error);
    }
    let SnapshotOrigin::Direct(upload) = &spec.origin else { return Err(conflict()) };
    let tag = |(key, value): (&String, &String)| Tag { key: Some(key.clone()), value: Some(value.clone()) };
    Ok(StartSnapshotResponse {
        description: Some(spec.description.clone()),
        snapshot_id: Some(id),
        owner_id: Some(cx.account.to_string()),
        status: Some(Status::Pending),
        start_time: Some(Time(spec.started_at.0)),
        volume_size: Some(spec.size.into()),
        block_size: block_size(),
        tags: Some(spec.tags.iter().map(tag).collect()),
        parent_snapshot_id: upload.parent.clone(),
        kms_key_arn: spec.encryption.as_ref().map(|it| it.key_arn.clone()),
        sse_type: None,
    })
}

fn read_tags(input: &StartSnapshotRequest) -> Answer<Tags> {
    let given = input.tags.iter().flatten();
    let given: Vec<_> = given.map(|tag| api::ec2::Tag { key: tag.key.clone(), value: tag.value.clone() }).collect();
    let mut tags = Tags::new();
    tags::add(&mut tags, &given).map_err(|fault| invalid("INVALID_TAG", fault.message))?;
    Ok(tags)
}

/// The record of a snapshot, and whether it is a new one.
fn record(cx: &Cx, tx: &mut Tx, input: &StartSnapshotRequest, tags: &Tags) -> Answer<(String, SnapshotSpec, bool)> {
    let token = token::read(input.client_token.as_deref(), input).map_err(|fault| invalid_value(fault.message))?;
    let id = token::id(cx, "snap", token.as_ref());
    let at = key::<Snapshot>(cx, &id);
    if let Some(made) = tx.spec(&at)? {
        let same = matches!(&made.origin, SnapshotOrigin::Direct(upload) if upload.client_token == token);
        return if same { Ok((id, (*made).clone(), false)) } else { Err(conflict()) };
    }
    let size = match input.volume_size {
        size @ 1..=LARGEST => size as u32,
        size => return Err(invalid("INVALID_VOLUME_SIZE", format!("The volume size {size} is not between 1 and {LARGEST}."))),
    };
    let encryption = encryption(cx, tx, input, size)?;
    check_usable(cx, tx, encryption.as_ref()).map_err(in_these_words)?;
    let timeout = input.timeout.and_then(|minutes| u32::try_from(minutes).ok()).unwrap_or(TIMEOUT);
    let upload = DirectUpload {
        parent: input.parent_snapshot_id.clone(),
        client_token: token,
        timeout,
        active_at: cx.now,
        progress: 0,
        completed_at: None,
    };
    let spec = SnapshotSpec {
        description: input.description.clone().unwrap_or_default(),
        encryption,
        tags: tags.clone(),
        ..SnapshotSpec::new(NO_VOLUME, size, SnapshotOrigin::Direct(upload), cx.now)
    };
    tx.create(&at, &spec)?;
    Ok((id, spec, true))
}

/// On top of a parent it is encrypted as that is.
fn encryption(cx: &Cx, tx: &mut Tx, input: &StartSnapshotRequest, size: u32) -> Answer<Option<Encryption>> {
    let Some(parent) = &input.parent_snapshot_id else {
        let wanted = WantedEncryption { encrypted: input.encrypted, kms_key: input.kms_key_arn.as_deref() };
        return decide_encryption(cx, tx, wanted, None).map_err(in_these_words);
    };
    if input.encrypted.is_some() || input.kms_key_arn.is_some() {
        return Err(invalid_value("Encrypted and KmsKeyArn can't be given together with ParentSnapshotId."));
    }
    let (at, row) = readable(cx, cx.snapshot(), parent)?;
    if at.account != cx.account {
        return Err(snapshot_not_found());
    }
    if row.spec.size > size {
        return Err(invalid(
            "INVALID_VOLUME_SIZE",
            format!("The volume size {size} is smaller than that of the parent snapshot."),
        ));
    }
    Ok(row.spec.encryption.clone())
}

/// Keeps the parent for as long as it is needed.
async fn begin(ebs: &Ebs, id: &str, spec: &SnapshotSpec) -> Answer<()> {
    let SnapshotOrigin::Direct(upload) = &spec.origin else { return Ok(()) };
    let key = block_key(&ebs.store.snapshot(), spec.encryption.as_ref()).map_err(Fault::internal)?;
    let (id, size, parent) = (id.to_owned(), bytes(spec), upload.parent.clone());
    let work =
        move |store: &blocks::BlockStore| Draft { store, name: &id, size, parent: parent.as_deref(), key: key.as_ref() }.begin();
    ebs.work(work).await.map_err(broken)
}

/// The volume's bytes.
pub fn bytes(spec: &SnapshotSpec) -> u64 {
    u64::from(spec.size) << 30
}

/// `PutSnapshotBlock`.
pub async fn put(cx: Cx, ebs: Arc<Ebs>, input: PutSnapshotBlockRequest) -> Answer<PutSnapshotBlockResponse> {
    let snapshot = ebs.store.snapshot();
    let (row, upload) = writable(&cx, &snapshot, &input.snapshot_id)?;
    let index = u32::try_from(input.block_index).ok().filter(|index| *index < blocks_of(bytes(&row.spec)));
    let index = index.ok_or_else(|| invalid("INVALID_BLOCK", "The block index is beyond the volume's end."))?;
    if input.block_data.len() != BLOCK || usize::try_from(input.data_length) != Ok(BLOCK) {
        return Err(invalid("INVALID_BLOCK", format!("The data length has to be {BLOCK}.")));
    }
    let checksum = checksum(&input.block_data);
    if checksum != input.checksum {
        return Err(invalid("INVALID_BLOCK", "The checksum is not that of the block's data."));
    }
    let key = key_for(&cx, &snapshot, row.spec.encryption.as_ref())?;
    let (id, size, data) = (input.snapshot_id.clone(), bytes(&row.spec), input.block_data.to_vec());
    let work = move |store: &blocks::BlockStore| {
        let draft = Draft { store, name: &id, size, parent: upload.parent.as_deref(), key: key.as_ref() };
        draft.put(index, data)
    };
    let content = ebs.work(work).await.map_err(broken)?.map(|id| id.to_string());
    let spec = PutBlockSpec { content, checksum: checksum.clone() };
    ebs.store.transact(|tx| note(&cx, tx, &input, index, &spec)).await?;
    Ok(PutSnapshotBlockResponse { checksum: Some(checksum), checksum_algorithm: Some(ChecksumAlgorithm::Sha256) })
}

fn note(cx: &Cx, tx: &mut Tx, input: &PutSnapshotBlockRequest, index: u32, block: &PutBlockSpec) -> Answer<()> {
    let (row, upload) = writable(cx, tx, &input.snapshot_id)?;
    let at = key::<PutBlock>(cx, format!("{}/{index:08x}", input.snapshot_id));
    if tx.exists(&at)? {
        tx.put_spec(&at, block)?
    } else {
        tx.create(&at, block)?
    }
    let said = input.progress.and_then(|progress| u8::try_from(progress).ok());
    let upload = DirectUpload { active_at: cx.now, progress: said.unwrap_or(upload.progress).min(99), ..upload };
    let spec = SnapshotSpec { origin: SnapshotOrigin::Direct(upload), ..(*row.spec).clone() };
    Ok(tx.put_spec(&key::<Snapshot>(cx, &input.snapshot_id), &spec)?)
}

/// A snapshot that is being written.
fn writable(cx: &Cx, read: &impl Read, id: &str) -> Answer<(Row<Snapshot>, DirectUpload)> {
    Resource::SNAPSHOT.check(id).map_err(|_| invalid("INVALID_SNAPSHOT_ID", format!("The snapshot ID {id} is invalid.")))?;
    let row = read.get(&key::<Snapshot>(cx, id))?.ok_or_else(snapshot_not_found)?;
    match &row.spec.origin {
        SnapshotOrigin::Direct(upload)
            if upload.completed_at.is_none() && snapshot_state(&row.plan) == SnapshotState::Pending =>
        {
            let upload = upload.clone();
            Ok((row, upload))
        }
        _ => Err(not_writable(id)),
    }
}

/// `CompleteSnapshot`. What is checked here is all that the caller says; the snapshot is made of the blocks by a reconciler.
pub async fn complete(cx: Cx, ebs: Arc<Ebs>, input: CompleteSnapshotRequest) -> Answer<CompleteSnapshotResponse> {
    ebs.store.transact(|tx| close(&cx, tx, &input)).await?;
    Ok(CompleteSnapshotResponse { status: Some(Status::Pending) })
}

fn close(cx: &Cx, tx: &mut Tx, input: &CompleteSnapshotRequest) -> Answer<()> {
    let id = &input.snapshot_id;
    let (_, upload) = writable(cx, tx, id)?;
    let put = tx.specs::<PutBlock>(Scope::Prefix(&cx.account, &cx.region, &format!("{id}/")))?;
    if usize::try_from(input.changed_blocks_count) != Ok(put.len()) {
        let message = format!("{} blocks were written, and not {}.", put.len(), input.changed_blocks_count);
        return Err(invalid_value(message));
    }
    if let Some(expected) = &input.checksum {
        let mut all = Context::new(&SHA256);
        for (_, block) in &put {
            all.update(&STANDARD.decode(&block.checksum).map_err(Fault::internal)?);
        }
        if *expected != STANDARD.encode(all.finish()) {
            return Err(invalid_value("The checksum is not that of the blocks that were written."));
        }
    }
    let origin = SnapshotOrigin::Direct(DirectUpload { completed_at: Some(cx.now), ..upload });
    Ok(tx.update_spec(&key::<Snapshot>(cx, id), |spec| spec.origin = origin)?)
}
