//! Counting who refers to a blob, within the transactions that change it.

use model::s3::{self, Blob, BlobSpec, Place};
use spine::{Read, StoreError, Tx};

/// One more refers to the blob; none if it isn't there any more.
pub fn retain(tx: &mut Tx, id: &str) -> Result<Option<()>, StoreError> {
    let key = s3::key::<Blob>(id);
    let Some(blob) = tx.spec(&key)? else { return Ok(None) };
    tx.put_spec(&key, &BlobSpec { references: blob.references + 1, ..BlobSpec::clone(&blob) })?;
    Ok(Some(()))
}

/// One less refers to the blob. What nobody refers to any more is deleted, and `gone` names the files that are to go.
pub fn release(tx: &mut Tx, id: &str, gone: &mut Vec<String>) -> Result<(), StoreError> {
    let key = s3::key::<Blob>(id);
    let Some(blob) = tx.spec(&key)? else { return Ok(()) };
    if blob.references > 1 {
        return tx.put_spec(&key, &BlobSpec { references: blob.references - 1, ..BlobSpec::clone(&blob) });
    }
    tx.delete(&key)?;
    match &blob.place {
        Place::File => gone.push(id.to_owned()),
        Place::Here(_) => {}
        Place::Parts(pieces) => {
            for piece in pieces {
                release(tx, &piece.0, gone)?;
            }
        }
    }
    Ok(())
}
