//! The zips of functions and layers: what may be in one, and how it comes to lie in a folder.
//!
//! A zip is looked at when it comes, by the control plane, and unpacked later, on a host. Both go the same way through it, entry by
//! entry ([`walk`]), so that what was found harmless is what is unpacked. Everything is decompressed in either case: the sizes that a zip
//! states of itself needn't be true.
//!
//! Nothing here keeps zips, and nothing knows whose they are.

mod path;
mod unpack;
mod walk;

#[cfg(test)]
mod tests;

pub use unpack::unpack;

use std::io::{Read, Seek};

/// The most that the code of a function and its layers may be together, in bytes (Lambda developer guide, "Lambda quotas").
pub const LARGEST_UNZIPPED: u64 = 262_144_000;

/// What a zip holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contents {
    /// So many files, folders and links.
    pub entries: usize,
    /// The bytes of the files.
    pub unzipped: u64,
}

/// Why a zip isn't taken.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// Its files have more bytes than they may.
    #[error("unzipped, it has more than {0} bytes")]
    TooLarge(u64),
    /// It can't be read as a zip, or has in it what none may have.
    #[error("{0}")]
    Unreadable(String),
    /// The folder can't be written.
    #[error("it can't be unpacked: {0}")]
    Io(#[source] std::io::Error),
}

/// Looks through the whole of a zip, whose files may have `most` bytes together.
///
/// # Errors
/// [`Refused`], if any of it can't be unpacked, or leads out of the folder that it would be unpacked in.
pub fn check(zip: impl Read + Seek, most: u64) -> Result<Contents, Refused> {
    walk::walk(zip, most, &mut walk::Nowhere)
}
