//! Where blobs come from.

use super::{Digest, limits::refusal};
use bytes::Bytes;
use futures::{StreamExt, stream::BoxStream};
use object_store::{ObjectStore, ObjectStoreExt, path::Path};
use std::{io, sync::Arc};

/// The bytes of a blob, as they come. Nothing is verified.
pub type BlobStream = BoxStream<'static, io::Result<Bytes>>;

/// The same blob, ended with an error as soon as it turns out longer than its descriptor says; 0 is a descriptor that doesn't say.
pub fn at_most(blob: BlobStream, size: u64) -> BlobStream {
    if size == 0 {
        return blob;
    }
    let mut seen = 0;
    let count = move |part: io::Result<Bytes>| {
        let part = part?;
        seen += part.len() as u64;
        if seen > size {
            Err(refusal(format!("the blob has more than the {size} bytes that its descriptor says")))
        } else {
            Ok(part)
        }
    };
    blob.map(count).boxed()
}

/// What a blob is asked for as: registries serve manifests and other blobs at different addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlobKind {
    /// A manifest or an index.
    Manifest,
    /// A configuration or a layer.
    Content,
}

/// Why a blob can't be had.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// There is no such blob.
    #[error("{0}: not found")]
    NotFound(String),
    /// It could not be read.
    #[error("{0}")]
    Failed(String),
}

/// A keeper of blobs: the cloud's own registry, or one somewhere else.
#[async_trait::async_trait]
pub trait BlobSource: Send + Sync {
    /// Opens a blob. `namespace` is the one of [`agent_proto::workload::ImageSource::Registry`]; a source that serves a
    /// single repository ignores it.
    async fn open(&self, namespace: &str, kind: BlobKind, digest: &Digest) -> Result<BlobStream, BlobError>;
}

/// The blobs of the cloud's own registry: `<namespace>/<algorithm>/<hex>` in an object store.
pub struct ObjectBlobs(pub Arc<dyn ObjectStore>);

#[async_trait::async_trait]
impl BlobSource for ObjectBlobs {
    async fn open(&self, namespace: &str, _: BlobKind, digest: &Digest) -> Result<BlobStream, BlobError> {
        let path = Path::parse(format!("{namespace}/{}/{}", digest.algorithm(), digest.hex()))
            .map_err(|error| BlobError::Failed(error.to_string()))?;
        let object = self.0.get(&path).await.map_err(|error| match error {
            object_store::Error::NotFound { .. } => BlobError::NotFound(digest.to_string()),
            other => BlobError::Failed(other.to_string()),
        })?;
        Ok(object.into_stream().map(|part| part.map_err(io::Error::other)).boxed())
    }
}
