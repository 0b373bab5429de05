//! Writing a blob as its bytes come: hashed on the way, small ones kept in memory, others in a file that is made durable at the end.

use super::{Blobs, SMALL};
use crate::s3::checksum::{Algorithm, Hasher};
use base64::{Engine, engine::general_purpose::STANDARD};
use md5::{Digest, Md5};
use model::{Env, s3::Place};
use std::{
    fs::File,
    io::{self, Write},
    mem,
    sync::Arc,
};
use tokio::task::{JoinHandle, spawn_blocking};

/// How much is written at a time. While this much is hashed and written, as much again may come.
const BATCH: usize = 1 << 20;

/// A blob that is being written.
pub struct Writer {
    buffer: Vec<u8>,
    size: u64,
    work: Work,
    written: Written,
}

/// Where the part of the work is that may block.
enum Work {
    Idle(Box<Sink>),
    Busy(JoinHandle<io::Result<Box<Sink>>>),
    Failed,
}

/// The file and the hashes.
struct Sink {
    blobs: Arc<Blobs>,
    id: String,
    file: Option<File>,
    md5: Md5,
    hasher: Option<Hasher>,
}

/// A blob whose bytes are durable, or are to be in its record. Its file goes when this is dropped, unless [`Written::keep`] was called
/// once something durable refers to it.
pub struct Written {
    blobs: Arc<Blobs>,
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
    kept: bool,
}

impl Writer {
    /// Begins a blob.
    pub fn new(blobs: &Arc<Blobs>, env: &Env, algorithm: Option<Algorithm>) -> Self {
        let id = env.hex(32);
        blobs.state().fresh.insert(id.clone());
        let hasher = algorithm.map(Hasher::new);
        let sink = Sink { blobs: blobs.clone(), id: id.clone(), file: None, md5: Md5::new(), hasher };
        let written =
            Written { blobs: blobs.clone(), id, place: Place::File, size: 0, md5: [0; 16], checksum: None, kept: false };
        Self { buffer: Vec::new(), size: 0, work: Work::Idle(Box::new(sink)), written }
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
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() < BATCH {
            return Ok(());
        }
        let mut sink = self.idle().await?;
        let batch = mem::take(&mut self.buffer);
        self.work = Work::Busy(spawn_blocking(move || {
            sink.write(&batch)?;
            Ok(sink)
        }));
        Ok(())
    }

    /// Makes the blob durable.
    ///
    /// # Errors
    /// As [`Writer::write`].
    pub async fn finish(mut self) -> io::Result<Written> {
        let mut sink = self.idle().await?;
        let rest = mem::take(&mut self.buffer);
        self.written.size = self.size;
        if sink.file.is_none() && rest.len() <= SMALL {
            sink.hash(&rest);
            self.written.place = Place::Here(STANDARD.encode(&rest));
        } else {
            let durable = spawn_blocking(move || {
                sink.write(&rest)?;
                sink.sync()?;
                Ok::<_, io::Error>(sink)
            });
            sink = durable.await.map_err(io::Error::other)??;
        }
        self.written.md5 = sink.md5.finalize().into();
        self.written.checksum = sink.hasher.map(Hasher::finish);
        Ok(self.written)
    }

    async fn idle(&mut self) -> io::Result<Box<Sink>> {
        match mem::replace(&mut self.work, Work::Failed) {
            Work::Idle(sink) => Ok(sink),
            Work::Busy(work) => work.await.map_err(io::Error::other)?,
            Work::Failed => Err(io::Error::other("the blob could not be written before")),
        }
    }
}

impl Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hash(bytes);
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(self.blobs.create(&self.id)?),
        };
        file.write_all(bytes)
    }

    fn hash(&mut self, bytes: &[u8]) {
        self.md5.update(bytes);
        if let Some(hasher) = &mut self.hasher {
            hasher.update(bytes);
        }
    }

    fn sync(&self) -> io::Result<()> {
        if let Some(file) = &self.file {
            file.sync_all()?;
            File::open(self.blobs.shard(&self.id))?.sync_all()?;
        }
        Ok(())
    }
}

impl Written {
    /// Something durable refers to it.
    pub fn keep(mut self) {
        self.kept = true;
    }

    /// The MD5 in hex, which is the ETag of a content that was put at once.
    pub fn etag(&self) -> String {
        hex::encode(self.md5)
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        self.blobs.state().fresh.remove(&self.id);
        if !self.kept {
            self.blobs.remove(std::slice::from_ref(&self.id));
        }
    }
}
