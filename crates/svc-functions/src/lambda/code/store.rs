//! Zips, in a folder, each under its own digest. A zip is there whole or not at all. Which of them are needed is not known here: see
//! `reconcile/`.

use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use futures::{TryStreamExt, stream::BoxStream};
use object_store::{ObjectStore, ObjectStoreExt, local::LocalFileSystem, path::Path};
use std::{io, sync::Arc};
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

/// The zips of all functions and layers.
pub struct CodeStore {
    files: Arc<LocalFileSystem>,
    sweeping: RwLock<()>,
}

/// What can go wrong with bytes.
#[derive(Debug, thiserror::Error)]
#[error("the code store failed: {0}")]
pub struct CodeError(#[from] object_store::Error);

impl CodeStore {
    /// The zips in a folder, which is made if it isn't there.
    pub fn open(folder: &std::path::Path) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let files = LocalFileSystem::new_with_prefix(folder).map_err(io::Error::other)?.with_fsync(true);
        Ok(Self { files: Arc::new(files), sweeping: RwLock::default() })
    }

    /// As long as this is held, nothing that is found or put is swept away: hold it until a record names the zip.
    pub async fn keep(&self) -> RwLockReadGuard<'_, ()> {
        self.sweeping.read().await
    }

    /// As long as this is held, nobody else puts zips that no record names yet.
    pub async fn sweep(&self) -> RwLockWriteGuard<'_, ()> {
        self.sweeping.write().await
    }

    /// Keeps a zip durably; its digest in hexadecimal digits.
    pub async fn put(&self, zip: Bytes) -> Result<String, CodeError> {
        let sha256 = hex::encode(digest(&SHA256, &zip));
        let place = Path::from(sha256.as_str());
        match self.files.head(&place).await {
            Ok(_) => {}
            Err(object_store::Error::NotFound { .. }) => drop(self.files.put(&place, zip.into()).await?),
            Err(error) => return Err(error.into()),
        }
        Ok(sha256)
    }

    /// The bytes of a zip as they come from the disk; none if it isn't there.
    pub async fn read(&self, sha256: &str) -> Result<Option<BoxStream<'static, Result<Bytes, CodeError>>>, CodeError> {
        match self.files.get(&Path::from(sha256)).await {
            Ok(found) => Ok(Some(Box::pin(found.into_stream().map_err(CodeError::from)))),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The digests of all zips.
    pub async fn list(&self) -> Result<Vec<String>, CodeError> {
        let found = self.files.list(None).try_collect::<Vec<_>>().await?;
        Ok(found.into_iter().map(|meta| meta.location.to_string()).collect())
    }

    /// Deletes a zip; it is no error if it is gone.
    pub async fn delete(&self, sha256: &str) -> Result<(), CodeError> {
        match self.files.delete(&Path::from(sha256)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

impl From<CodeError> for wire::Fault {
    fn from(error: CodeError) -> Self {
        wire::Fault::internal(error)
    }
}
