//! A sparse file of blocks, encrypted if there is a key.

use crate::{BLOCK, SECTOR, xts::Xts};
use nix::fcntl::{FallocateFlags, fallocate};
use nix::{
    errno::Errno,
    unistd::{Whence, lseek},
};
use std::{fs::File, io, ops::Range, os::unix::fs::FileExt, path::Path};

/// A sparse file of blocks. Holes are zeros, encrypted or not.
pub struct Data {
    file: File,
    cipher: Option<Xts>,
}

impl Data {
    /// Opens the file, which is made if it isn't there.
    pub fn open(path: &Path, cipher: Option<Xts>) -> io::Result<Data> {
        let file = File::options().create(true).truncate(false).read(true).write(true).open(path)?;
        Ok(Data { file, cipher })
    }

    /// Makes room for so many blocks. The file never shrinks.
    pub fn reserve(&self, blocks: u32) -> io::Result<()> {
        let length = u64::from(blocks) * BLOCK as u64;
        if self.file.metadata()?.len() < length { self.file.set_len(length) } else { Ok(()) }
    }

    /// Whether others may write to the same block while such a write goes on: it rewrites no byte but its own.
    pub fn is_alone_unneeded(&self, from: u64, length: usize) -> bool {
        self.cipher.is_none() || (from.is_multiple_of(SECTOR as u64) && length.is_multiple_of(SECTOR))
    }

    /// Reads at a place.
    pub fn read(&self, from: u64, out: &mut [u8]) -> io::Result<()> {
        let Some(cipher) = &self.cipher else { return self.file.read_exact_at(out, from) };
        let sectors = around(from, out.len());
        if sectors.end - sectors.start == out.len() as u64 {
            self.file.read_exact_at(out, from)?;
            return cipher.decrypt(from / SECTOR as u64, out);
        }
        let data = self.read_sectors(cipher, &sectors)?;
        out.copy_from_slice(&data[inner(from, out.len(), &sectors)]);
        Ok(())
    }

    /// Writes at a place. Encrypted, a part of a sector needs the whole of it, and the caller to be alone.
    pub fn write(&self, from: u64, data: &[u8]) -> io::Result<()> {
        let Some(cipher) = &self.cipher else { return self.file.write_all_at(data, from) };
        let sectors = around(from, data.len());
        let mut all = match sectors.end - sectors.start == data.len() as u64 {
            true => data.to_vec(),
            false => {
                let mut all = self.read_sectors(cipher, &sectors)?;
                all[inner(from, data.len(), &sectors)].copy_from_slice(data);
                all
            }
        };
        cipher.encrypt(sectors.start / SECTOR as u64, &mut all)?;
        self.file.write_all_at(&all, sectors.start)
    }

    /// Makes zeros of a range, and gives its whole sectors back to the disk.
    pub fn zero(&self, range: Range<u64>) -> io::Result<()> {
        let sector = SECTOR as u64;
        let whole = range.start.next_multiple_of(sector)..range.end / sector * sector;
        if whole.is_empty() {
            return self.write(range.start, &vec![0; (range.end - range.start) as usize]);
        }
        if range.start < whole.start {
            self.write(range.start, &vec![0; (whole.start - range.start) as usize])?;
        }
        if whole.end < range.end {
            self.write(whole.end, &vec![0; (range.end - whole.end) as usize])?;
        }
        self.punch(whole)
    }

    /// The part of the file that has data at or after a place.
    pub fn next_data(&self, from: u64) -> io::Result<Option<Range<u64>>> {
        let start = match lseek(&self.file, from as i64, Whence::SeekData) {
            Ok(start) => start,
            Err(Errno::ENXIO) => return Ok(None),
            Err(errno) => return Err(errno.into()),
        };
        let end = lseek(&self.file, start, Whence::SeekHole)?;
        Ok(Some(start as u64..end as u64))
    }

    /// Waits until what was written is on the disk.
    pub fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    /// Makes a hole of whole sectors.
    fn punch(&self, range: Range<u64>) -> io::Result<()> {
        let mode = FallocateFlags::FALLOC_FL_PUNCH_HOLE | FallocateFlags::FALLOC_FL_KEEP_SIZE;
        let length = range.end - range.start;
        match fallocate(&self.file, mode, range.start as i64, length as i64) {
            // A file system without holes: raw zeros read as zeros all the same.
            Err(Errno::EOPNOTSUPP) => self.file.write_all_at(&vec![0; length as usize], range.start),
            done => Ok(done?),
        }
    }

    fn read_sectors(&self, cipher: &Xts, sectors: &Range<u64>) -> io::Result<Vec<u8>> {
        let mut data = vec![0; (sectors.end - sectors.start) as usize];
        self.file.read_exact_at(&mut data, sectors.start)?;
        cipher.decrypt(sectors.start / SECTOR as u64, &mut data)?;
        Ok(data)
    }
}

/// The whole sectors that hold a range.
fn around(from: u64, length: usize) -> Range<u64> {
    let sector = SECTOR as u64;
    from / sector * sector..(from + length as u64).next_multiple_of(sector)
}

/// Where in those sectors the range is.
fn inner(from: u64, length: usize, sectors: &Range<u64>) -> Range<usize> {
    let start = (from - sectors.start) as usize;
    start..start + length
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DataKey;

    fn both() -> [(tempfile::TempDir, Data); 2] {
        [None, Some(Xts::new(DataKey::new([1; 32]).derive(&[b"test"])))].map(|cipher| {
            let folder = tempfile::tempdir().unwrap();
            let data = Data::open(&folder.path().join("data"), cipher).unwrap();
            data.reserve(2).unwrap();
            (folder, data)
        })
    }

    #[test]
    fn any_range_can_be_written_and_made_zero() {
        for (_folder, data) in both() {
            let mut model = vec![0u8; 2 * BLOCK];
            for (step, (from, length)) in [(0, 9000), (4096, 4096), (5, 3), (4090, 12), (100_000, 70_000)].into_iter().enumerate()
            {
                let bytes = vec![step as u8 + 1; length];
                model[from..from + length].copy_from_slice(&bytes);
                data.write(from as u64, &bytes).unwrap();
            }
            for (from, length) in [(1, 2), (4000, 200), (101_000, 60_000), (8192, 4096)] {
                model[from..from + length].fill(0);
                data.zero(from as u64..(from + length) as u64).unwrap();
            }
            for (from, length) in [(0, 2 * BLOCK), (4090, 12), (99_999, 70_001), (4096, 8192)] {
                let mut out = vec![9; length];
                data.read(from as u64, &mut out).unwrap();
                assert!(out == model[from..from + length], "{from}+{length}");
            }
        }
    }
}
