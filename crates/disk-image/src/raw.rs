//! A raw disk image: the file is the disk. Holes are passed over without being read.

use crate::{BLOCK, Blocks, Error, block_count, is_empty};
use nix::{errno::Errno, unistd::Whence};
use std::{fs::File, os::unix::fs::FileExt};

/// The blocks of a raw disk image.
pub struct Raw {
    file: File,
    bytes: u64,
    next: u32,
    count: u32,
}

impl Raw {
    /// Takes a file.
    ///
    /// # Errors
    /// If it is empty or too large.
    pub fn open(file: File) -> Result<Self, Error> {
        let bytes = file.metadata()?.len();
        Ok(Self { count: block_count(bytes)?, file, bytes, next: 0 })
    }

    /// The block that the next data are in; `None` where nothing but a hole follows.
    fn skip_hole(&self) -> Result<Option<u32>, Error> {
        let from = i64::from(self.next) * BLOCK as i64;
        match nix::unistd::lseek64(&self.file, from, Whence::SeekData) {
            Ok(at) => Ok(Some(u32::try_from(at / BLOCK as i64).unwrap_or(u32::MAX).max(self.next))),
            Err(Errno::ENXIO) => Ok(None),
            // Not every file system knows holes.
            Err(Errno::EINVAL | Errno::EOPNOTSUPP) => Ok(Some(self.next)),
            Err(other) => Err(std::io::Error::from(other).into()),
        }
    }

    fn read(&self, index: u32) -> Result<Vec<u8>, Error> {
        let mut block = vec![0; BLOCK];
        let (at, mut filled) = (u64::from(index) * BLOCK as u64, 0);
        while filled < BLOCK {
            match self.file.read_at(&mut block[filled..], at + filled as u64)? {
                0 => break,
                count => filled += count,
            }
        }
        Ok(block)
    }
}

impl Blocks for Raw {
    fn bytes(&self) -> u64 {
        self.bytes
    }

    fn next(&mut self) -> Result<Option<(u32, Vec<u8>)>, Error> {
        while self.next < self.count {
            let Some(index) = self.skip_hole()?.filter(|index| *index < self.count) else { break };
            self.next = index + 1;
            let block = self.read(index)?;
            if !is_empty(&block) {
                return Ok(Some((index, block)));
            }
        }
        self.next = self.count;
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_and_zeros_are_no_blocks() {
        let file = tempfile::tempfile().unwrap();
        file.set_len(10 * BLOCK as u64 + 5).unwrap();
        file.write_all_at(&[0; 100], 2 * BLOCK as u64).unwrap();
        file.write_all_at(b"here", 3 * BLOCK as u64 - 2).unwrap();
        file.write_all_at(b"end", 10 * BLOCK as u64 + 2).unwrap();
        let mut raw = Raw::open(file).unwrap();
        let mut found = Vec::new();
        while let Some((index, block)) = raw.next().unwrap() {
            assert_eq!(block.len(), BLOCK);
            found.push(index);
        }
        assert_eq!(found, [2, 3, 10]);
        assert_eq!(raw.bytes(), 10 * BLOCK as u64 + 5);
    }

    #[test]
    fn a_file_without_bytes_is_no_disk() {
        assert!(Raw::open(tempfile::tempfile().unwrap()).is_err());
    }
}
