//! The bytes of layers and manifests, in an object store under `<namespace>/<algorithm>/<hex>`.
//!
//! An upload grows in a file beside the store, so that it can go on after a restart, and becomes a blob by being renamed once its
//! digest is known to be right. So a blob is there whole or not at all. Which blobs are needed is not known here: see
//! `reconcile/`.

mod append;
mod staged;

pub use staged::Staged;

use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use futures::{Stream, StreamExt, TryStreamExt, stream::BoxStream};
use object_store::{GetOptions, GetRange, ObjectStore, ObjectStoreExt, local::LocalFileSystem, path::Path};
use std::{
    collections::HashSet,
    io,
    ops::Range,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

/// The folder of uploads that are under way; no account has that name.
const UPLOADS: &str = "ecr/uploads";

/// The blobs of all registries.
pub struct Blobs {
    objects: Arc<LocalFileSystem>,
    uploads: PathBuf,
    busy: Arc<Mutex<HashSet<String>>>,
    sweeping: RwLock<()>,
}

/// What can go wrong with bytes.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// There is no such blob.
    #[error("the blob {0} is missing")]
    Missing(String),
    /// Somebody else is writing the same upload.
    #[error("another request is writing to this upload")]
    Busy,
    /// No space is left.
    #[error("no space is left on the disk that holds the images: nothing was kept; free some space, then repeat the request")]
    DiskFull,
    /// The sender's bytes ended early.
    #[error("{0}")]
    Broken(String),
    /// The disk failed.
    #[error("the blob store failed: {0}")]
    Io(String),
}

/// The digest of some bytes.
pub fn digest_of(bytes: &[u8]) -> String {
    format!("sha256:{}", hex::encode(digest(&SHA256, bytes)))
}

impl Blobs {
    /// The blobs in a folder, which is made if it isn't there.
    pub fn open(folder: &std::path::Path) -> io::Result<Self> {
        let uploads = folder.join(UPLOADS);
        std::fs::create_dir_all(&uploads)?;
        let objects = LocalFileSystem::new_with_prefix(folder).map_err(io::Error::other)?.with_fsync(true);
        Ok(Self { objects: Arc::new(objects), uploads, busy: Arc::default(), sweeping: RwLock::default() })
    }

    /// As long as this is held, nothing that is found or put is swept away: hold it until a record names the blob.
    pub async fn keep(&self) -> RwLockReadGuard<'_, ()> {
        self.sweeping.read().await
    }

    /// As long as this is held, nobody else finds or puts blobs that no record names yet.
    pub async fn sweep(&self) -> RwLockWriteGuard<'_, ()> {
        self.sweeping.write().await
    }

    /// Keeps bytes whose digest is known to be right. Those that are there already are kept as they are.
    pub async fn put(&self, namespace: &str, digest: &str, bytes: Bytes) -> Result<(), BlobError> {
        if self.size(namespace, digest).await?.is_none() {
            self.objects.put(&place(namespace, digest), bytes.into()).await.map_err(failed)?;
        }
        Ok(())
    }

    /// Bytes of a blob; `None` where there is no such blob.
    pub async fn size(&self, namespace: &str, digest: &str) -> Result<Option<u64>, BlobError> {
        match self.objects.head(&place(namespace, digest)).await {
            Ok(meta) => Ok(Some(meta.size)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(failed(error)),
        }
    }

    /// A blob, or a part of it, as it comes from the disk.
    pub async fn read(
        &self,
        namespace: &str,
        digest: &str,
        range: Option<Range<u64>>,
    ) -> Result<impl Stream<Item = Result<Bytes, object_store::Error>> + Send + 'static, BlobError> {
        let options = GetOptions { range: range.map(GetRange::Bounded), ..GetOptions::default() };
        Ok(self.objects.get_opts(&place(namespace, digest), options).await.map_err(failed)?.into_stream())
    }

    /// A small blob as a whole.
    pub async fn read_all(&self, namespace: &str, digest: &str) -> Result<Bytes, BlobError> {
        self.objects.get(&place(namespace, digest)).await.map_err(failed)?.bytes().await.map_err(failed)
    }

    /// The namespaces and digests of all blobs.
    pub fn list(&self) -> BoxStream<'static, Result<(String, String), BlobError>> {
        let found = self.objects.list(Some(&Path::from("ecr"))).map_err(failed);
        found.try_filter_map(|meta| async move { Ok(read_place(meta.location.as_ref())) }).boxed()
    }

    /// Deletes a blob; it is no error if it is gone.
    pub async fn delete(&self, namespace: &str, digest: &str) -> Result<(), BlobError> {
        match self.objects.delete(&place(namespace, digest)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(failed(error)),
        }
    }

    /// The bytes of an upload, for one writer at a time.
    pub fn upload(&self, id: &str) -> Result<Staged, BlobError> {
        let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        if !busy.insert(id.to_owned()) {
            return Err(BlobError::Busy);
        }
        Ok(Staged::new(self.objects.clone(), self.busy.clone(), &self.uploads, id))
    }

    /// The ids of the uploads that have bytes.
    pub async fn uploads(&self) -> io::Result<Vec<String>> {
        let mut entries = tokio::fs::read_dir(&self.uploads).await?;
        let mut ids = Vec::new();
        while let Some(entry) = entries.next_entry().await? {
            ids.extend(entry.file_name().into_string().ok());
        }
        Ok(ids)
    }
}

/// `<namespace>/<algorithm>/<hex>`. Digests are checked before they come here; a path couldn't climb out of the store anyway.
fn place(namespace: &str, digest: &str) -> Path {
    Path::from(format!("{namespace}/{}", digest.replacen(':', "/", 1)))
}

/// The namespace and the digest of a place, if it is a blob's and not an upload's.
fn read_place(place: &str) -> Option<(String, String)> {
    let mut parts = place.rsplitn(3, '/');
    let (hex, algorithm, namespace) = (parts.next()?, parts.next()?, parts.next()?);
    let digest = format!("{algorithm}:{hex}");
    logic::image_reference::is_digest(&digest).then(|| (namespace.to_owned(), digest))
}

fn failed(error: object_store::Error) -> BlobError {
    match error {
        object_store::Error::NotFound { path, .. } => BlobError::Missing(path),
        error if is_full(&error) => BlobError::DiskFull,
        error => BlobError::Io(error.to_string()),
    }
}

/// Whether a full disk is at the bottom of an error.
fn is_full(error: &(dyn std::error::Error + 'static)) -> bool {
    let full = |error: &io::Error| matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
    let mut causes = std::iter::successors(Some(error), |error| error.source());
    causes.any(|cause| cause.downcast_ref::<io::Error>().is_some_and(full))
}

impl From<io::Error> for BlobError {
    fn from(error: io::Error) -> Self {
        if is_full(&error) { BlobError::DiskFull } else { BlobError::Io(error.to_string()) }
    }
}
