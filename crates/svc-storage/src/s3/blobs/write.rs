//! Writing a blob as its bytes come: hashed and encrypted on the way, small ones kept in memory, others in a file that is made durable at
//! the end.
//!
//! ```text
//! what comes ─► a batch of 1 MiB ─┬─► MD5                                     each on a thread of its own, while
//!                                 └─► checksum ─► encryption ─► the file      the next batch comes
//! ```

use super::{
    Blobs, SMALL,
    cipher::{CHUNK, Cipher, ContentKey, STORED},
    lane::Lane,
};
use crate::s3::checksum::{Algorithm, Hasher};
use base64::{Engine, engine::general_purpose::STANDARD};
use md5::{Digest, Md5};
use model::{Env, s3::Place};
use std::{
    fs::File,
    io::{self, Write},
    mem,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::task::spawn_blocking;

/// How much is written at a time: whole chunks. While this much is hashed and written, as much again may come.
const BATCH: usize = 16 * CHUNK;

/// A blob that is being written.
pub struct Writer {
    buffer: Vec<u8>,
    size: u64,
    md5: Lane<Md5>,
    sink: Lane<Sink>,
    written: Written,
}

/// The file, the checksum, the encryption.
struct Sink {
    fresh: Arc<Fresh>,
    file: Option<File>,
    hasher: Option<Hasher>,
    cipher: Option<Cipher>,
    /// How many chunks were encrypted.
    chunks: u64,
    /// Kept from one batch to the next.
    stored: Vec<u8>,
}

/// A blob that nothing durable refers to yet. Its file goes with the last who knows of it, be it in the midst of a batch.
struct Fresh {
    blobs: Arc<Blobs>,
    id: String,
    kept: AtomicBool,
}

/// A blob whose bytes are durable, or are to be in its record. Its file goes when this is dropped, unless [`Written::keep`] was called
/// once something durable refers to it.
pub struct Written {
    fresh: Arc<Fresh>,
    /// Its id.
    pub id: String,
    /// Where its bytes are.
    pub place: Place,
    /// Bytes.
    pub size: u64,
    /// The MD5 of the bytes.
    pub md5: [u8; 16],
    /// Their checksum by the algorithm that was asked for.
    pub checksum: Option<Vec<u8>>,
}

impl Writer {
    /// Begins a blob of a content with that key; without one it stands in the clear.
    pub fn new(blobs: &Arc<Blobs>, env: &Env, algorithm: Option<Algorithm>, key: Option<&ContentKey>) -> Self {
        let id = env.hex(32);
        blobs.state().fresh.insert(id.clone());
        let fresh = Arc::new(Fresh { blobs: blobs.clone(), id: id.clone(), kept: AtomicBool::new(false) });
        let sink = Sink {
            fresh: fresh.clone(),
            file: None,
            hasher: algorithm.map(Hasher::new),
            cipher: key.map(|key| key.cipher(&id)),
            chunks: 0,
            stored: Vec::new(),
        };
        let written = Written { fresh, id, place: Place::File, size: 0, md5: [0; 16], checksum: None };
        Self { buffer: Vec::new(), size: 0, md5: Lane::Idle(Md5::new()), sink: Lane::Idle(sink), written }
    }

    /// How many bytes have come.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends bytes.
    ///
    /// # Errors
    /// What a disk can do; the blob is of no use then.
    pub async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.size += bytes.len() as u64;
        let mut rest = bytes;
        while self.buffer.len() + rest.len() >= BATCH {
            let (now, later) = rest.split_at(BATCH - self.buffer.len());
            self.buffer.extend_from_slice(now);
            rest = later;
            self.flush().await?;
        }
        self.buffer.extend_from_slice(rest);
        Ok(())
    }

    /// Hands what has come to the lanes.
    async fn flush(&mut self) -> io::Result<()> {
        let batch = Arc::new(mem::replace(&mut self.buffer, Vec::with_capacity(BATCH)));
        let hashed = batch.clone();
        let hash = move |md5: &mut Md5| {
            md5.update(&*hashed);
            Ok(())
        };
        self.md5.run(hash).await?;
        self.sink.run(move |sink| sink.write(&batch)).await
    }

    /// Makes the blob durable.
    ///
    /// # Errors
    /// As [`Writer::write`].
    pub async fn finish(mut self) -> io::Result<Written> {
        self.written.size = self.size;
        let mut sink = if self.size <= SMALL as u64 { self.here().await? } else { self.file().await? };
        self.written.md5 = self.md5.idle().await?.finalize().into();
        self.written.checksum = sink.hasher.take().map(Hasher::finish);
        Ok(self.written)
    }

    /// The bytes are few: they are to stand in the record.
    async fn here(&mut self) -> io::Result<Sink> {
        let (mut md5, mut sink) = (self.md5.idle().await?, self.sink.idle().await?);
        md5.update(&self.buffer);
        self.md5 = Lane::Idle(md5);
        self.written.place = Place::Here(STANDARD.encode(sink.stored(&self.buffer)?));
        Ok(sink)
    }

    async fn file(&mut self) -> io::Result<Sink> {
        self.flush().await?;
        let sink = self.sink.idle().await?;
        spawn_blocking(move || sink.sync().map(|()| sink)).await.map_err(io::Error::other)?
    }
}

impl Sink {
    fn write(&mut self, batch: &[u8]) -> io::Result<()> {
        let mut file = match self.file.take() {
            Some(file) => file,
            None => self.fresh.blobs.create(&self.fresh.id)?,
        };
        file.write_all(self.stored(batch)?)?;
        self.file = Some(file);
        Ok(())
    }

    /// The bytes as they are to stand: whole chunks, but for the last.
    fn stored<'a>(&'a mut self, bytes: &'a [u8]) -> io::Result<&'a [u8]> {
        if let Some(hasher) = &mut self.hasher {
            hasher.update(bytes);
        }
        let Some(cipher) = &self.cipher else { return Ok(bytes) };
        self.stored.clear();
        self.stored.reserve(bytes.len().div_ceil(CHUNK) * STORED);
        for chunk in bytes.chunks(CHUNK) {
            cipher.seal(self.chunks, chunk, &mut self.stored)?;
            self.chunks += 1;
        }
        Ok(&self.stored)
    }

    fn sync(&self) -> io::Result<()> {
        if let Some(file) = &self.file {
            file.sync_all()?;
            File::open(self.fresh.blobs.shard(&self.fresh.id))?.sync_all()?;
        }
        Ok(())
    }
}

impl Written {
    /// Something durable refers to it.
    pub fn keep(self) {
        self.fresh.kept.store(true, Ordering::Relaxed);
    }
}

impl Drop for Fresh {
    fn drop(&mut self) {
        self.blobs.state().fresh.remove(&self.id);
        if !*self.kept.get_mut() {
            self.blobs.remove(std::slice::from_ref(&self.id));
        }
    }
}
