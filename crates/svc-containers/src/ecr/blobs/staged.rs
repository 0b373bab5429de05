//! An upload on its way to becoming a blob.

use super::{BlobError, UPLOADS, append::Append, failed, place};
use aws_lc_rs::digest::{Context, SHA256, SHA512};
use bytes::Bytes;
use futures::{Stream, StreamExt};
use object_store::{ObjectStoreExt, local::LocalFileSystem, path::Path};
use std::{
    collections::HashSet,
    io::{self, Read},
    path::PathBuf,
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::fs::File;

/// How much is read at a time when a digest is computed.
const PIECE: usize = 1 << 20;

/// The bytes of an upload. Nobody else has them until this is dropped.
pub struct Staged {
    objects: Arc<LocalFileSystem>,
    busy: Arc<Mutex<HashSet<String>>>,
    file: PathBuf,
    id: String,
}

impl Staged {
    pub(super) fn new(
        objects: Arc<LocalFileSystem>,
        busy: Arc<Mutex<HashSet<String>>>,
        folder: &std::path::Path,
        id: &str,
    ) -> Self {
        Self { objects, busy, file: folder.join(id), id: id.to_owned() }
    }

    /// How many bytes have come.
    pub async fn received(&self) -> Result<u64, BlobError> {
        match tokio::fs::metadata(&self.file).await {
            Ok(metadata) => Ok(metadata.len()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
            Err(error) => Err(error.into()),
        }
    }

    /// Appends what comes, durably: all of it, or nothing. Gives the new length.
    pub async fn append<E: std::fmt::Display>(&self, pieces: impl Stream<Item = Result<Bytes, E>>) -> Result<u64, BlobError> {
        let mut append = Append::open(&self.file)?;
        let mut pieces = pin!(pieces);
        while let Some(piece) = pieces.next().await {
            let piece = piece.map_err(|error| BlobError::Broken(error.to_string()))?;
            append.push(&piece).await?;
        }
        append.finish().await
    }

    /// The digest of all that has come, by the algorithm of `like`; `None` for an algorithm that isn't known.
    pub async fn digest(&self, like: &str) -> Result<Option<String>, BlobError> {
        let (name, algorithm) = match like.split_once(':') {
            Some(("sha256", _)) => ("sha256", &SHA256),
            Some(("sha512", _)) => ("sha512", &SHA512),
            _ => return Ok(None),
        };
        let file = self.file.clone();
        let hash = tokio::task::spawn_blocking(move || hash(&file, Context::new(algorithm))).await;
        let hash = hash.map_err(|error| BlobError::Io(error.to_string()))??;
        Ok(Some(format!("{name}:{hash}")))
    }

    /// Makes it a blob. Its digest is known to be right.
    pub async fn commit(self, namespace: &str, digest: &str) -> Result<(), BlobError> {
        let upload = Path::from(format!("{UPLOADS}/{}", self.id));
        if self.received().await? == 0 {
            // An empty layer has no file yet.
            File::create(&self.file).await?.sync_all().await?;
        }
        self.objects.rename(&upload, &place(namespace, digest)).await.map_err(failed)
    }

    /// Throws it away; it is no error if nothing has come.
    pub async fn discard(self) -> Result<(), BlobError> {
        match tokio::fs::remove_file(&self.file).await {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }
}

fn hash(file: &std::path::Path, mut context: Context) -> io::Result<String> {
    let mut file = match std::fs::File::open(file) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(hex::encode(context.finish())),
        Err(error) => return Err(error),
    };
    let mut piece = vec![0; PIECE];
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(hex::encode(context.finish())),
            read => context.update(&piece[..read]),
        }
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
    }
}
