//! What uploading does to a repository's layers, in whichever protocol it is asked.

use super::{Ecr, blobs::Staged, errors, find};
use front::Answer;
use model::{
    Key, Timestamp,
    ecr::{LayerSpec, Repository, Upload, UploadSpec, blob_namespace},
};
use spine::{Read, Tx};

/// Begins an upload into a repository, under an id that nobody else has.
pub fn begin(tx: &mut Tx, repository: &Key<Repository>, id: &str, now: Timestamp) -> Answer<()> {
    find::existing(tx, repository)?;
    Ok(tx.create(&repository.upload(id), &UploadSpec { created_at: now, last_part: None, short_part: None })?)
}

/// Refuses an upload that was never begun, or is over.
pub fn under_way(read: &impl Read, upload: &Key<Upload>) -> Answer<()> {
    find::existing(read, &upload.repository())?;
    if read.exists(upload)? { Ok(()) } else { Err(errors::no_upload(upload)) }
}

/// Makes a layer of an upload, whose bytes have to have the digest. Its size.
pub async fn finish(ecr: &Ecr, upload: &Key<Upload>, staged: Staged, digest: &str) -> Answer<u64> {
    let repository = upload.repository();
    let size = staged.received().await?;
    if staged.digest(digest).await?.as_deref() != Some(digest) {
        return Err(errors::invalid_layer(digest));
    }
    let _kept = ecr.blobs.keep().await;
    staged.commit(&blob_namespace(&upload.account, &upload.region), digest).await?;
    ecr.store
        .transact(|tx| {
            under_way(tx, upload)?;
            tx.delete(upload)?;
            have(tx, &repository, digest, size)
        })
        .await?;
    Ok(size)
}

/// Gives a repository a layer that another one of the same registry has. Whether that one has it.
pub async fn mount(ecr: &Ecr, repository: &Key<Repository>, from: &Key<Repository>, digest: &str) -> Answer<bool> {
    let _kept = ecr.blobs.keep().await;
    ecr.store
        .transact(|tx| {
            find::existing(tx, repository)?;
            let Some(layer) = tx.spec(&from.layer(digest))? else { return Ok(false) };
            have(tx, repository, digest, layer.size)?;
            Ok(true)
        })
        .await
}

fn have(tx: &mut Tx, repository: &Key<Repository>, digest: &str, size: u64) -> Answer<()> {
    let key = repository.layer(digest);
    if !tx.exists(&key)? {
        tx.create(&key, &LayerSpec { size })?;
    }
    Ok(())
}
