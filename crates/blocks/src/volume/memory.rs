//! The memory of a machine that sleeps, kept with the volume that the machine boots from.
//!
//! It is a stream of bytes of whoever runs the machine, beside the volume's blocks and sealed with the volume's key as they are. No snapshot has it, and
//! nobody reads it from the device. It counts from when it was sealed ([`Volume::seal_memory`]) to the first write to the volume: a memory knows the disk as it
//! was, and with another disk it would destroy what is on it.
//!
//! ```text
//! memory      a sector with the stream's length, and the stream in whole sectors
//! memory.new  the same, not sealed
//! ```

use super::{Volume, WHOLE, data::Data, journal::sync_folder};
use crate::{Error, Result, SECTOR};
use std::{
    fs,
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
};

/// How much is read and sealed at once.
const PART: usize = 1 << 20;
/// What may come beside a memory: the state of devices, the screen's memory, and a few bytes for each page.
const BESIDE: u64 = 64 << 20;

/// What a volume keeps of a machine.
pub struct Memory {
    folder: PathBuf,
    /// There is one that was sealed. Asked before every write.
    sealed: AtomicBool,
    /// Held for as long as a stream is read or written: how long the one is that came last, or why it didn't.
    came: Mutex<Option<std::result::Result<u64, String>>>,
}

impl Memory {
    /// What is found in a volume's folder. What was never sealed is removed.
    pub fn open(folder: &Path) -> io::Result<Memory> {
        let memory = Memory { folder: folder.to_owned(), sealed: AtomicBool::new(false), came: Mutex::default() };
        remove(&memory.unsealed())?;
        memory.sealed.store(memory.path().exists(), SeqCst);
        Ok(memory)
    }

    /// The bytes that it takes on this host.
    pub fn bytes(&self) -> u64 {
        fs::metadata(self.path()).map_or(0, |meta| meta.len())
    }

    fn path(&self) -> PathBuf {
        self.folder.join("memory")
    }

    fn unsealed(&self) -> PathBuf {
        self.folder.join("memory.new")
    }

    /// Removes what there is: on the disk before this returns.
    fn remove(&self) -> Result<()> {
        remove(&self.unsealed())?;
        remove(&self.path())?;
        self.sealed.store(false, SeqCst);
        Ok(sync_folder(&self.path())?)
    }
}

/// A memory that is about to come.
pub struct Coming<'a> {
    volume: &'a Volume,
    came: MutexGuard<'a, Option<std::result::Result<u64, String>>>,
    most: u64,
}

/// A memory that is about to be read.
pub struct Recalled<'a> {
    data: Data,
    /// How many bytes it has.
    pub length: u64,
    _alone: MutexGuard<'a, Option<std::result::Result<u64, String>>>,
}

impl Volume {
    /// Makes room for the memory, of so many bytes, of the machine that boots from this volume. An earlier one is forgotten.
    ///
    /// # Errors
    /// [`Error::Invalid`]: the volume is too small for it.
    pub fn expect_memory(&self, bytes: u64) -> Result<Coming<'_>> {
        let mut came = self.memory.came.lock().expect(WHOLE);
        let size = self.size();
        if bytes > size {
            return Err(Error::Invalid(format!("a volume of {size} bytes has no room for a memory of {bytes}")));
        }
        self.memory.remove()?;
        *came = None;
        Ok(Coming { volume: self, came, most: bytes + bytes / 64 + BESIDE })
    }

    /// The memory that came last counts from now on: it is on the disk when this returns. Its length in bytes.
    pub fn seal_memory(&self) -> Result<u64> {
        let mut came = self.memory.came.lock().expect(WHOLE);
        let length = match came.take() {
            Some(Ok(length)) => length,
            Some(Err(why)) => return Err(Error::Io(io::Error::other(why))),
            None => return Err(Error::NotFound("a memory".into())),
        };
        fs::rename(self.memory.unsealed(), self.memory.path())?;
        sync_folder(&self.memory.path())?;
        self.memory.sealed.store(true, SeqCst);
        Ok(length)
    }

    /// The memory that was sealed. It stays until it is forgotten.
    ///
    /// # Errors
    /// [`Error::NotFound`]: there is none.
    pub fn recall_memory(&self) -> Result<Recalled<'_>> {
        let alone = self.memory.came.lock().expect(WHOLE);
        if !self.memory.sealed.load(SeqCst) {
            return Err(Error::NotFound("a memory".into()));
        }
        let data = Data::open(&self.memory.path(), self.cipher())?;
        let mut length = [0; 8];
        data.read(0, &mut length)?;
        Ok(Recalled { data, length: u64::from_le_bytes(length), _alone: alone })
    }

    /// Removes the memory, if there is one: on the disk before this returns.
    pub fn forget_memory(&self) -> Result<()> {
        let mut came = self.memory.came.lock().expect(WHOLE);
        *came = None;
        self.memory.remove()
    }

    /// Before a change of the volume.
    pub(super) fn outdate_memory(&self) -> Result<()> {
        if self.memory.sealed.load(SeqCst) { self.forget_memory() } else { Ok(()) }
    }
}

impl Coming<'_> {
    /// Reads it to its end. Whether that went well is said by [`Volume::seal_memory`].
    pub fn take(mut self, from: impl Read) {
        let taken = self.write(from);
        if taken.is_err() {
            // It goes with the next one, at the latest.
            let _ = remove(&self.volume.memory.unsealed());
        }
        *self.came = Some(taken.map_err(|error| error.to_string()));
    }

    fn write(&self, mut from: impl Read) -> Result<u64> {
        let data = Data::open(&self.volume.memory.unsealed(), self.volume.cipher())?;
        let (mut part, mut length) = (vec![0; PART], 0);
        loop {
            let count = fill(&mut from, &mut part)?;
            let whole = count.next_multiple_of(SECTOR);
            part[count..whole].fill(0);
            data.write(SECTOR as u64 + length, &part[..whole])?;
            length += count as u64;
            if length > self.most {
                return Err(Error::Invalid(format!("the memory has more than {} bytes", self.most)));
            }
            if count < PART {
                break;
            }
        }
        let mut head = vec![0; SECTOR];
        head[..8].copy_from_slice(&length.to_le_bytes());
        data.write(0, &head)?;
        data.sync()?;
        Ok(length)
    }
}

impl Recalled<'_> {
    /// Writes it.
    pub fn give(&self, mut to: impl Write) -> Result<()> {
        let (mut part, mut at) = (vec![0; PART], 0);
        while at < self.length {
            let count = (self.length - at).min(PART as u64) as usize;
            let whole = count.next_multiple_of(SECTOR);
            self.data.read(SECTOR as u64 + at, &mut part[..whole])?;
            to.write_all(&part[..count])?;
            at += count as u64;
        }
        Ok(())
    }
}

/// Reads until the buffer is full or nothing more comes.
fn fill(from: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut count = 0;
    while count < buffer.len() {
        match from.read(&mut buffer[count..]) {
            Ok(0) => break,
            Ok(read) => count += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(count)
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
