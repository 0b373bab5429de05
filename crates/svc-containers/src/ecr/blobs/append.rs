//! Appending to a file so that all of it stays, or nothing.

use super::BlobError;
use bytes::{Bytes, BytesMut};
use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// How much is gathered before it is written.
const PIECE: usize = 1 << 20;

/// Bytes on their way to the end of a file.
///
/// Unless it is finished, the file is as it was before: the bytes may have ended early, the disk may be full, or the client may have gone
/// away and have taken the request with it.
pub struct Append {
    /// Empty once it is over. A write that was left behind by its request finds it so, and does nothing.
    file: Arc<Mutex<Option<File>>>,
    gathered: BytesMut,
    length: u64,
    written: u64,
}

impl Append {
    /// Opens a file, which is made if it isn't there.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        let length = file.metadata()?.len();
        Ok(Self { file: Arc::new(Mutex::new(Some(file))), gathered: BytesMut::new(), length, written: 0 })
    }

    /// Takes the next bytes.
    pub async fn push(&mut self, bytes: &[u8]) -> Result<(), BlobError> {
        self.gathered.extend_from_slice(bytes);
        if self.gathered.len() < PIECE { Ok(()) } else { self.write().await }
    }

    /// Makes it last. Gives the length of the file.
    pub async fn finish(mut self) -> Result<u64, BlobError> {
        self.write().await?;
        self.with(|file| file.sync_data()).await?;
        lock(&self.file).take();
        Ok(self.length + self.written)
    }

    async fn write(&mut self) -> Result<(), BlobError> {
        let bytes: Bytes = self.gathered.split().freeze();
        self.written += bytes.len() as u64;
        self.with(move |mut file| file.write_all(&bytes)).await
    }

    async fn with(&self, work: impl FnOnce(&File) -> io::Result<()> + Send + 'static) -> Result<(), BlobError> {
        let file = self.file.clone();
        let done = tokio::task::spawn_blocking(move || lock(&file).as_ref().map_or(Ok(()), work)).await;
        Ok(done.map_err(|error| BlobError::Io(error.to_string()))??)
    }
}

impl Drop for Append {
    fn drop(&mut self) {
        let Some(file) = lock(&self.file).take() else { return };
        if let Err(error) = file.set_len(self.length) {
            // Whoever goes on with the upload will find that its digest is wrong.
            tracing::warn!(%error, "a part of an upload could not be taken back");
        }
    }
}

fn lock(file: &Mutex<Option<File>>) -> MutexGuard<'_, Option<File>> {
    file.lock().unwrap_or_else(PoisonError::into_inner)
}
