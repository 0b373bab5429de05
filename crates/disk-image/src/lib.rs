//! Disk images on their way to become snapshots: what a file holds, what is on the disk in it, its blocks; and a folder as a file system.
//!
//! A file is taken for hostile. [`content`] and [`qcow2`] are bounded in what they read and keep, whatever it says of itself; a format with
//! tables is read by a process without privileges ([`jail`]). Nothing here knows of AWS, of accounts or of the cloud: see the command
//! `hillfog image` for what becomes of the blocks. Unpacking archives and container images isn't done here either: `agent::image` has it.

pub mod content;
pub mod ext4;
pub mod jail;
pub mod partitions;
pub mod qcow2;
pub mod raw;
pub mod tree;

use std::io;

/// Bytes of a block: what a snapshot is written by (EBS direct APIs, `BlockSize`).
pub const BLOCK: usize = 512 << 10;

/// The largest disk: 65,536 GiB, the most that a snapshot may have.
pub const LARGEST: u64 = 65_536 << 30;

/// Why a file isn't taken.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Its content is refused: a sentence for people, with a way out where there is one.
    #[error("{0}")]
    Refused(String),
    /// It, or a program that works on it, failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Error {
    /// The refusal of content.
    pub fn refused(why: impl Into<String>) -> Self {
        Self::Refused(why.into())
    }
}

/// The blocks of a disk that hold something.
pub trait Blocks {
    /// The disk's size in bytes.
    fn bytes(&self) -> u64;

    /// The next block that isn't all zeros: its index, in rising order, and [`BLOCK`] bytes. The last block of a disk may reach beyond its
    /// end, with zeros.
    ///
    /// # Errors
    /// If the content is refused, or can't be read.
    fn next(&mut self) -> Result<Option<(u32, Vec<u8>)>, Error>;
}

/// How many blocks a disk of so many bytes has. Nothing is larger than [`LARGEST`].
fn block_count(bytes: u64) -> Result<u32, Error> {
    if bytes == 0 {
        return Err(Error::refused("the disk has no bytes"));
    }
    if bytes > LARGEST {
        return Err(Error::refused(format!("the disk has {} GiB, and 65536 are the most", bytes >> 30)));
    }
    Ok(u32::try_from(bytes.div_ceil(BLOCK as u64)).unwrap_or(u32::MAX))
}

/// Whether these are zeros alone.
fn is_empty(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte == 0)
}
