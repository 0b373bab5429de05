//! The header of a qcow2 image, and what of it is refused. Pure.

use crate::{Error, LARGEST};

/// Bytes of the header that are looked at.
pub const LENGTH: usize = 112;

/// The largest first-level table that QEMU makes and reads.
const LEVEL_ONE: u64 = 32 << 20;

/// What a header says that matters for reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The disk's size.
    pub bytes: u64,
    /// Where the first-level table is.
    pub level_one_at: u64,
    /// How much of it is needed for a disk of that size.
    pub level_one_bytes: usize,
    /// A cluster has two to the power of so many bytes.
    pub cluster_bits: u32,
    /// Compressed clusters are so by Zstandard rather than deflate.
    pub zstd: bool,
    /// Version 3, in which an entry can say "zeros".
    pub zeros: bool,
    /// The file's length.
    pub length: u64,
}

/// Incompatible features by their bits, each with why it is refused; `None` is understood.
const FEATURES: [Option<&str>; 5] = [
    // Reference counts may be wrong: nothing is written here.
    None,
    Some("it is marked as corrupt: repair it with `qemu-img check -r all`"),
    Some("its data are in another file, which isn't opened: flatten it with `qemu-img convert -O qcow2`"),
    None,
    Some("it has extended L2 entries: convert it with `qemu-img convert -O qcow2`"),
];

impl Header {
    /// Reads a header, of a file of so many bytes.
    ///
    /// # Errors
    /// If it asks for another file, or for more than the file can hold.
    pub fn parse(first: &[u8; LENGTH], length: u64) -> Result<Self, Error> {
        let int = |at: usize| u32::from_be_bytes([first[at], first[at + 1], first[at + 2], first[at + 3]]);
        let long = |at: usize| u64::from(int(at)) << 32 | u64::from(int(at + 4));
        let refused = |why: &str| Error::Refused(format!("the qcow2 image is refused: {why}"));
        let version = int(4);
        if !first.starts_with(b"QFI\xfb") || !(2..=3).contains(&version) {
            return Err(refused("its version is neither 2 nor 3"));
        }
        if long(8) != 0 || int(16) != 0 {
            return Err(refused("it has a backing file, which isn't opened: flatten it with `qemu-img convert -O qcow2`"));
        }
        if int(32) != 0 {
            return Err(refused("it is encrypted: decrypt it with `qemu-img convert`"));
        }
        let (features, header_length) = if version == 3 { (long(72), int(100)) } else { (0, 72) };
        if version == 3 && !(104..=4096).contains(&header_length) {
            return Err(refused("its header has a length that no header has"));
        }
        for bit in (0..64).filter(|bit| features >> bit & 1 == 1) {
            match FEATURES.get(bit) {
                Some(None) => {}
                Some(Some(why)) => return Err(refused(why)),
                None => return Err(refused("it has a feature that this version doesn't know")),
            }
        }
        let compression = if header_length > 104 { first[104] } else { 0 };
        if compression > 1 || (compression == 1) != (features >> 3 & 1 == 1) {
            return Err(refused("its kind of compression is unknown"));
        }
        let (cluster_bits, bytes) = (int(20), long(24));
        if !(9..=21).contains(&cluster_bits) {
            return Err(refused("its clusters have a size that no clusters have"));
        }
        if bytes == 0 || bytes > LARGEST {
            return Err(refused("its disk has no bytes, or more than 64 TiB"));
        }
        let needed = bytes.div_ceil(1 << (2 * cluster_bits - 3)) * 8;
        if needed > u64::from(int(36)) * 8 || needed > LEVEL_ONE {
            return Err(refused("its first table doesn't fit its disk's size"));
        }
        let header = Self {
            bytes,
            level_one_at: long(40),
            level_one_bytes: usize::try_from(needed).map_err(|_| refused("its first table is too large"))?,
            cluster_bits,
            zstd: compression == 1,
            zeros: version == 3,
            length,
        };
        if !header.level_one_at.is_multiple_of(1 << cluster_bits) {
            return Err(refused("its first table is at an odd place"));
        }
        header.check_range(header.level_one_at, header.level_one_bytes)?;
        Ok(header)
    }

    /// Bytes of a cluster.
    pub fn cluster_bytes(&self) -> usize {
        1 << self.cluster_bits
    }

    /// Bytes of the disk that one second-level table is about.
    pub fn level_two_span(&self) -> u64 {
        1 << (2 * self.cluster_bits - 3)
    }

    /// Whether a cluster can be there. The last may be cut off by the file's end, as QEMU leaves it.
    ///
    /// # Errors
    /// If it can't.
    pub fn check_place(&self, at: u64) -> Result<(), Error> {
        if !at.is_multiple_of(1 << self.cluster_bits) || at >= self.length {
            return Err(Error::refused("the qcow2 image is refused: a table names a cluster that isn't in the file"));
        }
        Ok(())
    }

    /// Whether such a stretch can be there.
    ///
    /// # Errors
    /// If it can't.
    pub fn check_range(&self, at: u64, bytes: usize) -> Result<(), Error> {
        // Sizes of compressed clusters are rounded up, beyond the end where they are the last.
        let rounded = self.length.next_multiple_of(1 << self.cluster_bits);
        if at == 0 || at >= self.length || at.checked_add(bytes as u64).is_none_or(|end| end > rounded) {
            return Err(Error::refused("the qcow2 image is refused: a table names a place that isn't in the file"));
        }
        Ok(())
    }
}
