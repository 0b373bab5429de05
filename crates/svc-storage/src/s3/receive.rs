//! Taking the bytes of an object in: into a blob, held against every checksum that the request gives.

use super::{
    Storage,
    blobs::{ContentKey, Writer, Written},
    checksum::{self, Algorithm},
    digest, errors,
};
use front::{Answer, Cx, Incoming};
use model::s3::{Blob, BlobSpec, Checksum};
use spine::{StoreError, Tx};
use std::sync::Arc;

/// The most that one request can bring: 5 GiB.
pub const LARGEST: u64 = 5 << 30;

/// What a request says of the bytes that it brings.
#[derive(Default)]
pub struct Stated {
    /// Checksums by the names of their algorithms.
    pub checksums: Vec<(String, String)>,
    /// `Content-MD5`.
    pub md5: Option<String>,
    /// The algorithm that the SDK says it uses.
    pub algorithm: Option<&'static str>,
    /// The algorithm where the request says nothing.
    pub default: Option<Algorithm>,
}

/// Bytes that are durable, and what they sum up to.
pub struct Received {
    /// The blob.
    pub written: Written,
    /// The checksum.
    pub checksum: Option<Checksum>,
}

/// Takes the body of a request into a blob of a content with that key.
///
/// # Errors
/// That it isn't what was stated, or came in part; that the disk is full.
pub async fn body(cx: &Cx, s3: &Arc<Storage>, mut body: Incoming, stated: Stated, key: Option<&ContentKey>) -> Answer<Received> {
    let length = body.length().ok_or_else(errors::no_length)?;
    if length > LARGEST {
        return Err(errors::too_large(length, LARGEST));
    }
    let md5 = stated.md5.as_deref().map(digest::content_md5).transpose()?;
    let given = digest::one(stated.checksums)?;
    let trailing = body.announced().iter().find_map(|name| name.strip_prefix("x-amz-checksum-").map(str::to_owned));
    let named = trailing.as_deref().or(stated.algorithm).map(digest::algorithm).transpose()?;
    let algorithm = given.as_ref().map(|(algorithm, _)| *algorithm).or(named).or(stated.default);
    let mut writer = Writer::new(&s3.blobs, &cx.env, algorithm, key);
    while let Some(piece) = body.next().await? {
        writer.write(&piece).await.map_err(errors::disk)?;
        if writer.size() > LARGEST {
            return Err(errors::too_large(writer.size(), LARGEST));
        }
    }
    let written = writer.finish().await.map_err(errors::disk)?;
    if md5.is_some_and(|md5| md5 != written.md5) {
        return Err(errors::bad_digest("Content-MD5"));
    }
    let checksum = algorithm.zip(written.checksum.as_deref()).map(|(algorithm, bytes)| checksum::full(algorithm, bytes));
    let trailers = body.trailers().iter().filter_map(|(name, value)| Some((name.strip_prefix("x-amz-checksum-")?, value)));
    let trailed = trailers.map(|(name, value)| Ok((digest::algorithm(name)?, value.clone())));
    let trailed = trailed.collect::<Answer<Vec<_>>>()?;
    for (algorithm, value) in given.into_iter().chain(trailed) {
        if checksum.as_ref().is_none_or(|sum| sum.algorithm != algorithm.name() || sum.value != value) {
            return Err(errors::bad_digest(algorithm.name()));
        }
    }
    Ok(Received { written, checksum })
}

/// Has the blob's record made, with one reference.
pub fn record(tx: &mut Tx, written: &Written) -> Result<(), StoreError> {
    tx.create(&model::s3::key::<Blob>(&written.id), &BlobSpec { references: 1, place: written.place.clone() })
}

impl Storage {
    /// Commits what refers to the blobs, if any, and sees to the files of those that nobody refers to any more. It goes on if
    /// the client leaves: whether a blob's file may go is known only when the commit is through.
    ///
    /// # Errors
    /// Those of `change`, and of the store.
    pub async fn commit<T: Send + 'static>(
        self: &Arc<Self>,
        written: Vec<Written>,
        mut change: impl FnMut(&mut Tx, &[Written], &mut Vec<String>) -> Answer<T> + Send + 'static,
    ) -> Answer<T> {
        let s3 = self.clone();
        let task = tokio::spawn(async move {
            let committed = s3.store.transact(|tx| {
                let mut gone = Vec::new();
                let value = change(tx, &written, &mut gone)?;
                Ok((value, gone))
            });
            match committed.await {
                Ok((value, gone)) => {
                    written.into_iter().for_each(Written::keep);
                    s3.blobs.discard(gone);
                    Ok(value)
                }
                Err(fault) => {
                    // A store that failed may have committed: the next start knows.
                    let fault: wire::Fault = fault;
                    if fault.status >= 500 {
                        written.into_iter().for_each(Written::keep);
                    }
                    Err(fault)
                }
            }
        });
        task.await.map_err(wire::Fault::internal)?
    }
}
