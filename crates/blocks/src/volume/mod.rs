//! A volume: a folder on this host.
//!
//! ```text
//! meta.json      what never changes: its id, under which key it is encrypted
//! data           the blocks that are here, a sparse file
//! map            where each block is, and what is dirty (see `journal`)
//! open           there while it is open: which start of the machine opened it
//! lock           held while it is open
//! frozen/<name>  what belongs to a snapshot that is under way (see `frozen`)
//! memory         that of the machine that boots from it, while it sleeps (see `memory`)
//! ```
//!
//! **What a flush promises.** Data are written at once, into the host's page cache; the map changes in memory. A flush waits for the data, then
//! appends the changes of the map and waits for them. So the map on the disk never names data that aren't there, and what wasn't
//! flushed may be lost, as it may in a disk's cache. Blocks that the map on the disk doesn't call local are emptied when a volume is opened that
//! wasn't closed: nothing of a lost write shows up later.
//!
//! **What is dirty** is written down by a flush too, after the fact. So after a crash every local block is taken for dirty: the next snapshot
//! reads all of them, and stores those whose content the store doesn't have.
//!
//! Locks are taken in this order: `memory`, `journal`, `shared`, a stripe, `pending`.

mod access;
mod data;
mod folder;
mod frozen;
mod journal;
mod memory;
mod snapshot;
mod state;
#[cfg(test)]
mod tests;

pub use folder::{Create, Keys, Source};
pub use snapshot::Progress;

use crate::{BlockStore, Codec, Error, Fingerprint, Manifest, Result, blocks_of, check_size, xts::Xts};
use data::Data;
use folder::Opened;
use frozen::Frozen;
use journal::Journal;
use memory::Memory;
use nix::fcntl::Flock;
use std::{
    collections::BTreeMap,
    fs::{self, File},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{AtomicBool, AtomicU8, Ordering::SeqCst},
    },
};
use zeroize::Zeroizing;

/// How many locks the blocks share.
const STRIPES: usize = 64;

/// An open volume. Nobody else has it open.
pub struct Volume {
    folder: PathBuf,
    id: String,
    key: Option<Fingerprint>,
    /// The keys of the local data, of which every file of the volume gets a cipher.
    local: Option<Zeroizing<[u8; 64]>>,
    codec: Codec,
    /// The codec of the source's blocks, where that isn't the volume's own.
    source_codec: Option<Codec>,
    store: BlockStore,
    data: Data,
    journal: Mutex<Journal>,
    memory: Memory,
    shared: RwLock<Shared>,
    stripes: [RwLock<()>; STRIPES],
    /// States that changed since the last flush.
    pending: Mutex<BTreeMap<u32, u8>>,
    /// The number of the newest snapshot that was completed.
    completed: Mutex<u64>,
    /// The data's flush failed: what it should have kept may be lost, and no later one can tell.
    failed: AtomicBool,
    closed: AtomicBool,
    _lock: Flock<File>,
}

/// What all operations share, and few change.
struct Shared {
    size: u64,
    states: Vec<AtomicU8>,
    /// The snapshot that remote blocks are of.
    source: Option<Arc<Manifest>>,
    /// The snapshots that are under way.
    frozen: Vec<Arc<Frozen>>,
    /// How many snapshots were ever begun.
    begun: u64,
}

impl Volume {
    /// Makes a volume, empty or as a snapshot whose blocks are fetched when they are first touched. Nothing is left if that fails.
    pub fn create(folder: &Path, create: &Create<'_>, store: &BlockStore) -> Result<()> {
        folder::create(folder, create, store)
    }

    /// Removes a volume that nobody has open.
    pub fn delete(folder: &Path, store: &BlockStore) -> Result<()> {
        folder::delete(folder, store)
    }

    /// Opens a volume, and puts it in order after a crash.
    pub fn open(folder: &Path, store: &BlockStore, keys: &Keys) -> Result<Volume> {
        let Opened { lock, meta, journal, frozen, local } = folder::open(folder, store, keys)?;
        let data = Data::open(&folder.join("data"), local.clone().map(Xts::new))?;
        let source = journal.head.source.as_deref().map(|name| store.manifest(name)).transpose()?.map(Arc::new);
        let shared = Shared {
            size: journal.head.size,
            states: journal.states.iter().map(|state| AtomicU8::new(*state)).collect(),
            source,
            begun: frozen.len() as u64,
            frozen: frozen.into_iter().map(Arc::new).collect(),
        };
        Ok(Volume {
            folder: folder.to_owned(),
            id: meta.id,
            key: meta.key,
            local,
            codec: Codec::new(keys.own.as_ref()),
            source_codec: meta.source.filter(|it| it.key != meta.key).map(|_| Codec::new(keys.source.as_ref())),
            store: store.clone(),
            data,
            journal: Mutex::new(journal),
            memory: Memory::open(folder)?,
            shared: RwLock::new(shared),
            stripes: [const { RwLock::new(()) }; STRIPES],
            pending: Mutex::default(),
            completed: Mutex::new(0),
            failed: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            _lock: lock,
        })
    }

    /// The volume's id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its size in bytes.
    pub fn size(&self) -> u64 {
        self.shared().size
    }

    /// How many bytes of it are on this host, with the memory that it keeps.
    pub fn local_bytes(&self) -> u64 {
        let shared = self.shared();
        let local = shared.states.iter().filter(|state| state::kind(state.load(SeqCst)) == state::LOCAL).count();
        local as u64 * crate::BLOCK as u64 + self.memory.bytes()
    }

    /// Makes it larger. What is new is zeros; smaller it can't become.
    pub fn grow(&self, size: u64) -> Result<()> {
        check_size(size)?;
        let mut journal = self.journal()?;
        let before = journal.head.size;
        if size < before {
            return Err(Error::Invalid(format!("a volume of {before} bytes can't become one of {size}")));
        }
        let blocks = blocks_of(size);
        self.data.reserve(blocks)?;
        journal.head.size = size;
        journal.states.resize(blocks as usize, state::ZERO);
        if let Err(error) = journal.rewrite() {
            journal.head.size = before;
            journal.states.truncate(blocks_of(before) as usize);
            return Err(error);
        }
        let mut shared = self.alone();
        shared.size = size;
        shared.states.resize_with(blocks as usize, || AtomicU8::new(state::ZERO));
        Ok(())
    }

    /// Waits until everything that was written is on the disk.
    pub fn flush(&self) -> Result<()> {
        let mut journal = self.journal()?;
        self.flush_into(&mut journal)
    }

    /// Flushes, and leaves the volume so that the next one who opens it has nothing to put in order.
    pub fn close(self) -> Result<()> {
        self.end()
    }

    /// The same, for who shares it with others: nobody writes any more.
    pub(crate) fn end(&self) -> Result<()> {
        if self.closed.swap(true, SeqCst) {
            return Ok(());
        }
        self.flush()?;
        for frozen in &self.shared().frozen {
            frozen.sync()?;
        }
        folder::mark_closed(&self.folder)
    }

    fn flush_into(&self, journal: &mut Journal) -> Result<()> {
        // Before the data: of a block that changes from here on nothing is said.
        let pending = std::mem::take(&mut *self.pending());
        if let Err(error) = self.data.sync() {
            // The kernel calls the lost pages clean now: no later flush may be believed.
            self.failed.store(true, SeqCst);
            return Err(error.into());
        }
        if pending.is_empty() {
            return Ok(());
        }
        let changed = journal.change(&pending);
        if changed.is_err() {
            // Said again by the next flush, but for what has changed since.
            let mut newer = self.pending();
            for (index, state) in pending {
                newer.entry(index).or_insert(state);
            }
        }
        changed
    }

    fn cipher(&self) -> Option<Xts> {
        self.local.clone().map(Xts::new)
    }

    fn stripe(&self, index: u32) -> &RwLock<()> {
        &self.stripes[index as usize % STRIPES]
    }

    fn shared(&self) -> RwLockReadGuard<'_, Shared> {
        self.shared.read().expect(WHOLE)
    }

    fn alone(&self) -> RwLockWriteGuard<'_, Shared> {
        self.shared.write().expect(WHOLE)
    }

    /// The map on the disk, as long as it can be believed.
    fn journal(&self) -> Result<MutexGuard<'_, Journal>> {
        let journal = self.journal.lock().expect(WHOLE);
        match self.failed.load(SeqCst) {
            true => Err(Error::Io(std::io::Error::other("an earlier flush failed"))),
            false => Ok(journal),
        }
    }

    fn pending(&self) -> MutexGuard<'_, BTreeMap<u32, u8>> {
        self.pending.lock().expect(WHOLE)
    }
}

/// Why a lock is never poisoned.
const WHOLE: &str = "nobody panics with a volume's lock";

impl Drop for Volume {
    fn drop(&mut self) {
        // Whoever has to know how it went calls `close`. What isn't closed is put in order by the next who opens it.
        let _ = self.end();
    }
}

#[cfg(test)]
impl Volume {
    /// Leaves it as a killed process does.
    fn crash(self) {
        self.closed.store(true, SeqCst);
    }
}

/// Removes a folder; that it is gone already is no error.
fn remove_folder(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}
