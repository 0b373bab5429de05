//! Entries of the tables. Pure.

use super::Header;

/// Bits 9 to 55: a place in the file.
const PLACE: u64 = 0x00ff_ffff_ffff_fe00;
const PACKED: u64 = 1 << 62;
const ZEROS: u64 = 1;

/// Where a cluster of the disk is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cluster {
    /// Nowhere: it reads as zeros.
    Nothing,
    /// At this place.
    Plain(u64),
    /// Compressed.
    Packed {
        /// Where.
        at: u64,
        /// In at most so many bytes.
        length: usize,
    },
}

/// An entry of a table; none is like an empty one.
pub fn entry(table: &[u8], index: usize) -> u64 {
    let bytes = index.checked_mul(8).and_then(|at| table.get(at..)?.first_chunk::<8>());
    bytes.map_or(0, |bytes| u64::from_be_bytes(*bytes))
}

/// The place in an entry; 0 is none.
pub fn place(entry: u64) -> u64 {
    entry & PLACE
}

/// What an entry of a second-level table says.
pub fn cluster(entry: u64, header: &Header) -> Cluster {
    if entry & PACKED != 0 {
        let split = 62 - (header.cluster_bits - 8);
        let at = entry & ((1 << split) - 1);
        let sectors = (entry & (PACKED - 1)) >> split;
        let length = usize::try_from((sectors + 1) * 512 - (at & 511)).unwrap_or(usize::MAX);
        return Cluster::Packed { at, length };
    }
    match place(entry) {
        _ if header.zeros && entry & ZEROS != 0 => Cluster::Nothing,
        0 => Cluster::Nothing,
        at => Cluster::Plain(at),
    }
}
