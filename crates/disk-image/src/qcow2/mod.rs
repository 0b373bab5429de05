//! Reading QEMU's qcow2 images, taken for hostile: what `qemu-img` may be led to do (open other files, allocate what a header says, read
//! gigabytes of one cluster again and again) can't be asked of this reader.
//!
//! Built: versions 2 and 3, deflate and Zstandard, zero clusters. Refused by name: backing files, external data files, encryption, extended
//! L2 entries, features of later versions. (QEMU documentation, "Qcow2 Image File Format".)

mod header;
mod table;

pub use header::Header;

use crate::{BLOCK, Blocks, Error, block_count, is_empty};
use std::{fs::File, io, io::Read, os::unix::fs::FileExt};
use table::{Cluster, entry};

/// What an image is read from.
pub trait Source {
    /// Its length in bytes.
    fn length(&self) -> u64;

    /// Fills a buffer from a place; what is beyond the end reads as zeros.
    ///
    /// # Errors
    /// If the file can't be read.
    fn read(&self, buffer: &mut [u8], at: u64) -> io::Result<()>;
}

impl Source for File {
    fn length(&self) -> u64 {
        self.metadata().map_or(0, |about| about.len())
    }

    fn read(&self, buffer: &mut [u8], at: u64) -> io::Result<()> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.read_at(&mut buffer[filled..], at + filled as u64)? {
                0 => break,
                count => filled += count,
            }
        }
        buffer[filled..].fill(0);
        Ok(())
    }
}

impl Source for &[u8] {
    fn length(&self) -> u64 {
        self.len() as u64
    }

    fn read(&self, buffer: &mut [u8], at: u64) -> io::Result<()> {
        let rest = usize::try_from(at).ok().and_then(|at| self.get(at..)).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        buffer[count..].fill(0);
        Ok(())
    }
}

/// The blocks of an image.
pub struct Qcow2<S> {
    source: S,
    header: Header,
    /// The first-level table, as it stands in the file.
    level_one: Vec<u8>,
    /// The second-level table that was used last, by its place.
    level_two: Option<(u64, Vec<u8>)>,
    /// The compressed cluster that was read last, by its description.
    unpacked: Option<(Cluster, Vec<u8>)>,
    /// Clusters of the file that may still be read: in an image that is whole none is read twice.
    budget: u64,
    next: u32,
    count: u32,
}

impl<S: Source> Qcow2<S> {
    /// Reads header and first table.
    ///
    /// # Errors
    /// If it is refused.
    pub fn open(source: S) -> Result<Self, Error> {
        let mut first = [0; header::LENGTH];
        source.read(&mut first, 0)?;
        let header = Header::parse(&first, source.length())?;
        let mut level_one = vec![0; header.level_one_bytes];
        source.read(&mut level_one, header.level_one_at)?;
        let count = block_count(header.bytes)?;
        // Compressed clusters are smaller than others; deflate makes nothing more than some 1,000 times smaller.
        let budget = source.length() / 64 + 16;
        Ok(Self { source, header, level_one, level_two: None, unpacked: None, budget, next: 0, count })
    }

    /// What the header says.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The first block at or after one in which something may be: a part of the first table that is empty is passed over whole.
    fn skip_empty(&self, block: u32) -> u32 {
        let span = self.header.level_two_span();
        let first = usize::try_from(u64::from(block) * BLOCK as u64 / span).unwrap_or(usize::MAX);
        if table::place(entry(&self.level_one, first)) != 0 {
            return block;
        }
        let count = self.level_one.len() / 8;
        let full = (first..count).find(|index| table::place(entry(&self.level_one, *index)) != 0);
        full.map_or(self.count, |index| u32::try_from(index as u64 * span / BLOCK as u64).unwrap_or(u32::MAX).max(block))
    }

    fn block(&mut self, index: u32) -> Result<Option<Vec<u8>>, Error> {
        let cluster = self.header.cluster_bytes();
        let mut block: Option<Vec<u8>> = None;
        let (from, piece) = (u64::from(index) * BLOCK as u64, BLOCK.min(cluster));
        for at in (0..BLOCK).step_by(piece) {
            let place = from + at as u64;
            if place >= self.header.bytes {
                break;
            }
            let within = usize::try_from(place % cluster as u64).unwrap_or(0);
            match self.cluster(place / cluster as u64)? {
                Cluster::Nothing => {}
                Cluster::Plain(start) => {
                    self.spend(piece)?;
                    let block = block.get_or_insert_with(|| vec![0; BLOCK]);
                    self.source.read(&mut block[at..at + piece], start + within as u64)?;
                }
                packed @ Cluster::Packed { .. } => {
                    let data = self.unpack(packed)?;
                    block.get_or_insert_with(|| vec![0; BLOCK])[at..at + piece].copy_from_slice(&data[within..within + piece]);
                }
            }
        }
        if let Some(block) = &mut block {
            let end = usize::try_from((self.header.bytes - from).min(BLOCK as u64)).unwrap_or(BLOCK);
            block[end..].fill(0);
        }
        Ok(block.filter(|block| !is_empty(block)))
    }

    /// Where a cluster of the disk is in the file.
    fn cluster(&mut self, number: u64) -> Result<Cluster, Error> {
        let (cluster, entries) = (self.header.cluster_bytes(), self.header.cluster_bytes() as u64 / 8);
        let first = entry(&self.level_one, usize::try_from(number / entries).unwrap_or(usize::MAX));
        let at = table::place(first);
        if at == 0 {
            return Ok(Cluster::Nothing);
        }
        self.header.check_place(at)?;
        if self.level_two.as_ref().is_none_or(|(known, _)| *known != at) {
            self.spend(cluster)?;
            let mut read = vec![0; cluster];
            self.source.read(&mut read, at)?;
            self.level_two = Some((at, read));
        }
        let table = self.level_two.as_ref().map_or(&[][..], |(_, table)| table);
        let found = table::cluster(entry(table, usize::try_from(number % entries).unwrap_or(usize::MAX)), &self.header);
        match found {
            Cluster::Plain(at) => self.header.check_place(at).map(|()| found),
            Cluster::Packed { at, length } => self.header.check_range(at, length).map(|()| found),
            Cluster::Nothing => Ok(found),
        }
    }

    fn unpack(&mut self, packed: Cluster) -> Result<&[u8], Error> {
        let Cluster::Packed { at, length } = packed else { return Ok(&[]) };
        if self.unpacked.as_ref().is_none_or(|(known, _)| *known != packed) {
            self.spend(64)?;
            let mut data = vec![0; length];
            self.source.read(&mut data, at)?;
            self.unpacked = Some((packed, unpacked(&data, &self.header)?));
        }
        Ok(self.unpacked.as_ref().map_or(&[][..], |(_, data)| data))
    }

    /// Counts what is read, by shares of 64 bytes.
    fn spend(&mut self, bytes: usize) -> Result<(), Error> {
        let left = self.budget.checked_sub(bytes as u64 / 64);
        self.budget = left.ok_or_else(|| Error::refused("clusters of the qcow2 image lie upon each other"))?;
        Ok(())
    }
}

fn unpacked(data: &[u8], header: &Header) -> Result<Vec<u8>, Error> {
    let mut cluster = vec![0; header.cluster_bytes()];
    let done = if header.zstd {
        zstd::Decoder::with_buffer(data).and_then(|mut decoder| {
            // 8 MiB: more than any cluster.
            decoder.window_log_max(23)?;
            decoder.read_exact(&mut cluster)
        })
    } else {
        flate2::read::DeflateDecoder::new(data).read_exact(&mut cluster)
    };
    done.map_err(|_| Error::refused("a compressed cluster of the qcow2 image can't be unpacked"))?;
    Ok(cluster)
}

impl<S: Source> Blocks for Qcow2<S> {
    fn bytes(&self) -> u64 {
        self.header.bytes
    }

    fn next(&mut self) -> Result<Option<(u32, Vec<u8>)>, Error> {
        while self.next < self.count {
            let index = self.skip_empty(self.next);
            if index >= self.count {
                break;
            }
            self.next = index + 1;
            if let Some(block) = self.block(index)? {
                return Ok(Some((index, block)));
            }
        }
        self.next = self.count;
        Ok(None)
    }
}
