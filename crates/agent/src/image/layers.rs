//! Layers on disk: each one unpacked once, under the digest of its archive (its diff id).
//!
//! A layer's folder appears by a rename after everything in it is on the disk, so a folder that is there is whole. Concurrent
//! requests for one layer wait for the first.

use super::{
    BlobStream, Digest, ImageError, ImageLimits,
    archive::{Decompressed, decompress, is_unreadable},
    digest::Hasher,
    limits::{Bounded, refusal},
    unpack::unpack,
};
use bytes::{Buf, Bytes};
use futures::StreamExt;
use std::{
    collections::{BTreeSet, HashMap},
    fs,
    io::{self, BufRead, BufReader, Read},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};
use tokio::sync::mpsc;

/// The layers of one host.
pub struct Layers {
    folder: PathBuf,
    limits: ImageLimits,
    busy: Mutex<HashMap<Digest, Arc<tokio::sync::Mutex<()>>>>,
    count: AtomicU64,
}

/// A layer as an image names it.
#[derive(Clone, Debug)]
pub struct LayerId {
    /// Of the blob.
    pub blob: Digest,
    /// Of the blob, in bytes; 0 where the manifest doesn't say.
    pub size: u64,
    /// Of the unpacked archive.
    pub diff: Digest,
}

impl Layers {
    /// Takes a folder, makes it if need be, and removes what an earlier process left half done.
    pub fn open(folder: PathBuf, limits: ImageLimits) -> io::Result<Self> {
        fs::create_dir_all(&folder)?;
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(TEMPORARY) {
                fs::remove_dir_all(entry.path())?;
            }
        }
        Ok(Self { folder, limits, busy: Mutex::default(), count: AtomicU64::new(0) })
    }

    /// Where a layer is, or would be.
    pub fn path(&self, diff: &Digest) -> PathBuf {
        self.folder.join(diff.hex())
    }

    /// Makes sure that a layer is there; `open` is only called if it isn't.
    pub async fn ensure<F>(&self, layer: &LayerId, open: F) -> Result<PathBuf, ImageError>
    where
        F: AsyncFnOnce() -> Result<BlobStream, ImageError>,
    {
        let path = self.path(&layer.diff);
        let lock = self.busy.lock().unwrap_or_else(PoisonError::into_inner).entry(layer.diff.clone()).or_default().clone();
        let turn = lock.lock().await;
        let result = if path.is_dir() { Ok(()) } else { self.fetch(layer, &path, open().await?).await };
        drop(turn);
        self.forget(&layer.diff, &lock);
        result.map(|()| path)
    }

    fn forget(&self, diff: &Digest, lock: &Arc<tokio::sync::Mutex<()>>) {
        let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        // One is the table's, one is ours.
        if Arc::strong_count(lock) == 2 {
            busy.remove(diff);
        }
    }

    async fn fetch(&self, layer: &LayerId, path: &Path, mut blob: BlobStream) -> Result<(), ImageError> {
        let (parts, receiver) = mpsc::channel(8);
        let feed = async move {
            while let Some(part) = blob.next().await {
                let part = part.map_err(|error| io::Error::new(io::ErrorKind::ConnectionAborted, error));
                if parts.send(part).await.is_err() {
                    break;
                }
            }
        };
        let work = Unpacking {
            layer: layer.clone(),
            temporary: Temporary(self.folder.join(format!("{TEMPORARY}{}", self.count.fetch_add(1, Relaxed)))),
            path: path.to_owned(),
            limits: self.limits.clone(),
        };
        let (done, ()) = futures::future::join(tokio::task::spawn_blocking(move || work.run(receiver)), feed).await;
        done.map_err(|panic| ImageError::Failed(panic.to_string()))?
    }

    /// Removes every layer that isn't named. Not to be called while images are being pulled.
    pub fn retain(&self, named: &BTreeSet<Digest>) -> io::Result<()> {
        let names: BTreeSet<_> = named.iter().map(Digest::hex).collect();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            if !names.contains(&*entry.file_name().to_string_lossy()) {
                // Renamed first: a half-removed layer must not pass for a whole one.
                let away = Temporary(self.folder.join(format!("{TEMPORARY}{}", self.count.fetch_add(1, Relaxed))));
                fs::rename(entry.path(), &away.0)?;
            }
        }
        Ok(())
    }
}

const TEMPORARY: &str = ".unpacking-";

/// A folder that is removed when this is dropped.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The blocking part of bringing a layer in.
struct Unpacking {
    layer: LayerId,
    temporary: Temporary,
    path: PathBuf,
    limits: ImageLimits,
}

impl Unpacking {
    fn run(self, parts: mpsc::Receiver<io::Result<Bytes>>) -> Result<(), ImageError> {
        fs::create_dir(&self.temporary.0)?;
        let blob = Hashing::new(Parts { parts, current: Bytes::new() }, &self.layer.blob);
        let blob_bytes = blob.bytes.clone();
        let archive = Bounded::new(decompress(BufReader::with_capacity(64 << 10, blob))?, self.limits.layer_bytes, "it");
        let archive = Ratio { inner: archive, blob_bytes, limits: self.limits.clone() };
        let mut archive = Hashing::new(archive, &self.layer.diff);
        let unpacked = unpack(&mut archive, &self.temporary.0, &self.limits);
        let read = unpacked.and_then(|()| io::copy(&mut archive, &mut io::sink()));
        if let Some(error) = read.as_ref().err().filter(|error| !is_unreadable(error)) {
            return Err(explain(error));
        }
        let (archive, diff) = archive.finish();
        // A blob that isn't what it should be is why its archive can't be read.
        verify("the layer's blob", &self.layer.blob, drain(archive.inner)?.finish().1)?;
        read.map_err(|error| explain(&error))?;
        verify("the layer's archive", &self.layer.diff, diff)?;
        self.publish()
    }

    fn publish(&self) -> Result<(), ImageError> {
        match fs::rename(&self.temporary.0, &self.path) {
            Err(_) if self.path.is_dir() => {}
            other => other?,
        }
        let parent = self.path.parent().ok_or_else(|| ImageError::Failed("a layer without a folder".into()))?;
        Ok(fs::File::open(parent)?.sync_all()?)
    }
}

/// Whose fault it is that an archive can't be unpacked.
pub(super) fn explain(error: &io::Error) -> ImageError {
    match error {
        error if is_unreadable(error) => ImageError::Malformed(format!("the layer can't be read: {error}")),
        error if error.kind() == io::ErrorKind::InvalidData => ImageError::Refused(error.to_string()),
        error => match error.raw_os_error() {
            Some(code) => io::Error::from_raw_os_error(code).into(),
            None => ImageError::Failed(error.to_string()),
        },
    }
}

fn verify(what: &str, expected: &Digest, found: Digest) -> Result<(), ImageError> {
    if *expected == found {
        return Ok(());
    }
    Err(ImageError::Digest { what: what.into(), expected: expected.clone(), found })
}

/// The bytes that come from the asynchronous side.
struct Parts {
    parts: mpsc::Receiver<io::Result<Bytes>>,
    current: Bytes,
}

impl Read for Parts {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() {
            match self.parts.blocking_recv() {
                Some(part) => self.current = part?,
                None => return Ok(0),
            }
        }
        let count = self.current.len().min(buffer.len());
        self.current.copy_to_slice(&mut buffer[..count]);
        Ok(count)
    }
}

/// Takes the digest of what is read through it.
struct Hashing<R> {
    inner: R,
    hasher: Hasher,
    bytes: Arc<AtomicU64>,
}

impl<R: Read> Hashing<R> {
    fn new(inner: R, like: &Digest) -> Self {
        Self { inner, hasher: like.hasher(), bytes: Arc::default() }
    }

    fn finish(self) -> (R, Digest) {
        (self.inner, self.hasher.finish())
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.hasher.update(&buffer[..count]);
        self.bytes.fetch_add(count as u64, Relaxed);
        Ok(count)
    }
}

/// Refuses an archive that is absurdly larger than its blob.
struct Ratio<R> {
    inner: R,
    blob_bytes: Arc<AtomicU64>,
    limits: ImageLimits,
}

impl<B: BufRead> Read for Ratio<Bounded<Decompressed<B>>> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        let blob = self.blob_bytes.load(Relaxed).max(1);
        if self.inner.read > self.limits.ratio_from && self.inner.read / blob > self.limits.ratio {
            return Err(refusal(format!("it is more than {} times larger than its blob", self.limits.ratio)));
        }
        Ok(count)
    }
}

/// Reads a blob to its end, so that its digest is that of all of it.
fn drain<R: Read>(archive: Bounded<Decompressed<BufReader<Hashing<R>>>>) -> io::Result<Hashing<R>> {
    let mut blob = archive.into_inner().into_inner().into_inner();
    io::copy(&mut blob, &mut io::sink())?;
    Ok(blob)
}
