//! How large an image may be, so that a few kilobytes of blob can't fill a disk.

use std::io::{self, Read};

/// Bounds on what one image may hold.
#[derive(Clone, Debug)]
pub struct ImageLimits {
    /// Bytes of a manifest, an index or a configuration (registries agree on 4 MiB).
    pub document_bytes: u64,
    /// Bytes of one layer's tar archive.
    pub layer_bytes: u64,
    /// Entries of one layer.
    pub layer_entries: u64,
    /// How many times larger than its blob a layer's archive may be, once it is larger than `ratio_from`.
    pub ratio: u64,
    /// Bytes of archive from which on `ratio` counts: small layers of zeros are harmless.
    pub ratio_from: u64,
    /// Layers of one image: what the kernel stacks in an overlay mount, less some room.
    pub layers: usize,
}

impl Default for ImageLimits {
    fn default() -> Self {
        Self {
            document_bytes: 4 << 20,
            layer_bytes: 64 << 30,
            layer_entries: 4_000_000,
            ratio: 200,
            ratio_from: 1 << 30,
            layers: 120,
        }
    }
}

/// Marks an error as the refusal of hostile content, so that it can be told from a failing disk.
pub fn refusal(why: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why.into())
}

/// Counts what is read, and ends with a refusal when it becomes too much.
pub struct Bounded<R> {
    inner: R,
    /// Bytes read so far.
    pub read: u64,
    most: u64,
    what: &'static str,
}

impl<R: Read> Bounded<R> {
    /// Refuses to read more than `most` bytes of `what`.
    pub fn new(inner: R, most: u64, what: &'static str) -> Self {
        Self { inner, read: 0, most, what }
    }

    /// The reader itself.
    pub fn into_inner(self) -> R {
        self.inner
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.read += count as u64;
        if self.read > self.most {
            return Err(refusal(format!("{} has more than {} bytes", self.what, self.most)));
        }
        Ok(count)
    }
}
