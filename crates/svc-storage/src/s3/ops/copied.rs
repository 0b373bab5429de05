//! The bytes of a copy: the blob of its source, whose key it has under a seal of its own. They are read only for a sum that isn't known,
//! and written anew only where they stand in the clear.

use crate::s3::{
    Storage,
    blobs::{ContentKey, Source, Writer, Written},
    checksum::{self, Algorithm, Hasher},
    encryption::{self, Method},
    errors,
};
use front::{Answer, Cx};
use model::s3::{Checksum, Content};
use spine::Snapshot;
use std::sync::Arc;

/// What a copy has of its source.
pub struct Copied {
    /// A blob of its own, where it can't share its source's.
    pub written: Option<Written>,
    /// The id of its blob.
    pub blob: String,
    /// Without quotes.
    pub etag: String,
    /// Its checksum.
    pub checksum: Option<Checksum>,
    /// The key of its bytes.
    pub key: ContentKey,
}

/// Copies a content with that key, sealed by that method, with a checksum of that algorithm if one is asked for.
///
/// # Errors
/// What a disk can do.
pub async fn copy(
    cx: &Cx,
    (s3, snapshot): (&Arc<Storage>, &Snapshot),
    content: &Content,
    key: Option<ContentKey>,
    method: &Method,
    wanted: Option<Algorithm>,
) -> Answer<Copied> {
    let source = Source::new(&s3.blobs, snapshot, &content.blob, 0..content.size, key.as_ref())?;
    match key {
        Some(key) => shared(cx, source, content, key, method, wanted).await,
        None => anew(cx, s3, source, content, method, wanted).await,
    }
}

async fn shared(
    cx: &Cx,
    mut source: Source,
    content: &Content,
    key: ContentKey,
    method: &Method,
    wanted: Option<Algorithm>,
) -> Answer<Copied> {
    let known =
        |algorithm: &Algorithm| content.checksum.as_ref().is_some_and(|sum| sum.algorithm == algorithm.name() && !sum.composite);
    let missing = wanted.filter(|algorithm| !known(algorithm));
    // The source's ETag tells nothing of its bytes, and the copy's has to.
    let hidden = encryption::is_opaque(content.seal.as_ref()) && !method.is_opaque() && !content.etag.contains('-');
    let mut sum = missing.map(|algorithm| (algorithm, Hasher::new(algorithm)));
    let mut md5 = hidden.then(|| Hasher::new(Algorithm::Md5));
    if sum.is_some() || md5.is_some() {
        while let Some(piece) = source.next().await.map_err(errors::disk)? {
            let hashers = sum.iter_mut().map(|(_, hasher)| hasher).chain(&mut md5);
            hashers.for_each(|hasher| hasher.update(&piece));
        }
    }
    let etag = match md5 {
        Some(md5) => hex::encode(md5.finish()),
        None if method.is_opaque() => encryption::etag(true, &cx.env, &[0; 16]),
        None => content.etag.clone(),
    };
    let sum = sum.map(|(algorithm, hasher)| checksum::full(algorithm, &hasher.finish()));
    Ok(Copied { written: None, blob: content.blob.clone(), etag, checksum: sum.or_else(|| content.checksum.clone()), key })
}

async fn anew(
    cx: &Cx,
    s3: &Arc<Storage>,
    mut source: Source,
    content: &Content,
    method: &Method,
    wanted: Option<Algorithm>,
) -> Answer<Copied> {
    let own = content.checksum.as_ref().filter(|sum| !sum.composite).and_then(|sum| Algorithm::of(&sum.algorithm));
    let algorithm = wanted.or(own).unwrap_or(Algorithm::Crc64Nvme);
    let key = ContentKey::new(&cx.env);
    let mut writer = Writer::new(&s3.blobs, &cx.env, Some(algorithm), Some(&key));
    while let Some(piece) = source.next().await.map_err(errors::disk)? {
        writer.write(&piece).await.map_err(errors::disk)?;
    }
    let written = writer.finish().await.map_err(errors::disk)?;
    let checksum = written.checksum.as_deref().map(|bytes| checksum::full(algorithm, bytes));
    let (blob, etag) = (written.id.clone(), method.etag(&cx.env, &written.md5));
    Ok(Copied { written: Some(written), blob, etag, checksum, key })
}
