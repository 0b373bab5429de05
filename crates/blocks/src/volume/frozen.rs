//! A snapshot that is under way: the volume as it was at one moment, while it goes on to change.
//!
//! At that moment the states of all blocks are copied, and nothing else. A block that the snapshot will store and that is about to change
//! is copied first. What was kept and what was stored is appended to a log, so that a process that takes the killed one's place goes on.
//! Nothing of this is flushed while the volume is open: it is believed after the process was killed, and not after the machine
//! lost power.

use super::{
    data::Data,
    journal::{Head, Journal},
    state::{self, DIRTY},
};
use crate::{BLOCK, BlockId, Manifest, Progress, Result, Stored, xts::Xts};
use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU8, Ordering::SeqCst},
    },
};

/// Its old content was copied.
const KEPT: u8 = 8;
/// It is in the store.
const STORED: u8 = 16;
/// It was changed since the snapshot's moment.
const TOUCHED: u8 = 32;

/// A snapshot that is under way.
pub struct Frozen {
    /// The snapshot's name.
    pub name: String,
    /// Its place in the order of the volume's snapshots.
    pub number: u64,
    /// The snapshot that the clean blocks are of.
    pub base: Option<Arc<Manifest>>,
    /// What was true of the volume.
    head: Head,
    folder: PathBuf,
    /// The blocks' states at the moment, of which the dirty ones are to be stored, and what happened to them since.
    blocks: Vec<AtomicU8>,
    kept: Data,
    log: Mutex<Log>,
    failed: AtomicBool,
}

struct Log {
    file: File,
    ids: BTreeMap<u32, Option<BlockId>>,
    stored: Stored,
}

impl Frozen {
    /// Freezes a volume at this moment: `states` are a copy of what is.
    pub fn begin(folder: PathBuf, number: u64, head: Head, mut states: Vec<u8>, base: Option<Arc<Manifest>>) -> Draft {
        let to_store = |state: u8| state::kind(state) != state::ZERO && (state::is_dirty(state) || base.is_none());
        states.iter_mut().for_each(|state| *state = state::with_dirty(*state, to_store(*state)));
        Draft { folder, number, head, states, base }
    }

    /// Finds a snapshot that was under way. `None` if it can't be gone on with.
    pub fn resume(
        folder: PathBuf,
        name: &str,
        number: u64,
        cipher: Option<Xts>,
        load: impl FnOnce(&str) -> Result<Manifest>,
    ) -> Option<Frozen> {
        let (head, states) = Journal::read(&folder.join("begin")).ok()?;
        let base = head.base.as_deref().map(load).transpose().ok()?.map(Arc::new);
        let draft = Draft { folder, number, head, states, base };
        let records = fs::read(draft.folder.join("log")).ok()?;
        let frozen = draft.open(name, cipher).ok()?;
        let whole: Vec<_> = records.chunks_exact(RECORD).map_while(read_record).collect();
        // A torn record's end must not be taken for the next one's beginning.
        frozen.log.lock().ok()?.file.set_len((whole.len() * RECORD) as u64).ok()?;
        whole.into_iter().try_for_each(|record| frozen.replay(record))?;
        // Which blocks were changed isn't written down.
        for block in &frozen.blocks {
            block.fetch_or(TOUCHED, SeqCst);
        }
        Some(frozen)
    }

    /// Whether a block can be changed without another thought.
    pub fn is_settled(&self, index: u32) -> bool {
        self.blocks.get(index as usize).is_none_or(|block| {
            let block = block.load(SeqCst);
            block & TOUCHED != 0 && !self.is_needed(block)
        })
    }

    /// Has to be called before a block is changed, by who is alone with it; `content` is what it holds. If it can't be kept the
    /// snapshot fails, and the volume goes on.
    pub fn before_change(&self, index: u32, content: impl FnOnce() -> Result<Vec<u8>>) -> Result<()> {
        let Some(block) = self.blocks.get(index as usize) else { return Ok(()) };
        if self.is_needed(block.load(SeqCst)) && self.keep(index, content).is_err() {
            self.fail()?;
        }
        block.fetch_or(TOUCHED, SeqCst);
        Ok(())
    }

    /// Whether a block was changed since.
    pub fn is_touched(&self, index: usize) -> bool {
        self.blocks.get(index).is_none_or(|block| block.load(SeqCst) & TOUCHED != 0)
    }

    /// Whether something that had to be kept was lost.
    pub fn has_failed(&self) -> bool {
        self.failed.load(SeqCst)
    }

    /// The blocks that are still to be stored, from one on.
    pub fn missing(&self, from: u32) -> impl Iterator<Item = u32> {
        (from..)
            .zip(&self.blocks[(from as usize).min(self.blocks.len())..])
            .filter(|(_, block)| {
                let block = block.load(SeqCst);
                state::is_dirty(block) && block & STORED == 0
            })
            .map(|(index, _)| index)
    }

    /// A block's kept content. `None` if it is still what the volume has.
    pub fn kept(&self, index: u32) -> Result<Option<Vec<u8>>> {
        if self.blocks[index as usize].load(SeqCst) & KEPT == 0 {
            return Ok(None);
        }
        let mut content = vec![0; BLOCK];
        self.kept.read(u64::from(index) * BLOCK as u64, &mut content)?;
        Ok(Some(content))
    }

    /// Notes that blocks are in the store.
    pub fn stored(&self, blocks: &[(u32, Option<BlockId>)], stored: Stored) -> Result<()> {
        let mut log = self.log();
        for (index, id) in blocks {
            log.file.write_all(&record(Record::Stored(*index, *id)))?;
            log.ids.insert(*index, *id);
            self.blocks[*index as usize].fetch_or(STORED, SeqCst);
        }
        log.stored += stored;
        Ok(())
    }

    /// The finished snapshot.
    pub fn manifest(&self, key: Option<crate::Fingerprint>) -> Result<Manifest> {
        let log = self.log();
        let id = |index: u32, block: &AtomicU8| match block.load(SeqCst) {
            block if state::kind(block) == state::ZERO => None,
            block if state::is_dirty(block) => log.ids.get(&index).copied().flatten(),
            _ => self.base.as_ref()?.block(index),
        };
        let blocks = (0..).zip(&self.blocks).filter_map(|(index, block)| Some((index, id(index, block)?))).collect();
        Manifest::new(self.head.size, key, blocks)
    }

    /// How far it has come.
    pub fn progress(&self) -> Progress {
        let total = self.blocks.iter().filter(|block| state::is_dirty(block.load(SeqCst))).count() as u64;
        let log = self.log();
        Progress { total, done: log.ids.len() as u64, stored: log.stored }
    }

    /// Writes the moment down, so that the snapshot can be gone on with.
    pub fn save(&self) -> Result<()> {
        let states = self.blocks.iter().map(|block| block.load(SeqCst) & !(KEPT | STORED | TOUCHED)).collect();
        Journal::create(&self.folder.join("begin"), self.head.clone(), states)?;
        Ok(())
    }

    /// Waits until all that is known is on the disk.
    pub fn sync(&self) -> io::Result<()> {
        self.kept.sync()?;
        self.log().file.sync_data()
    }

    /// Removes what was kept.
    pub fn remove(&self) -> io::Result<()> {
        fs::remove_dir_all(&self.folder)
    }

    fn is_needed(&self, block: u8) -> bool {
        block & DIRTY != 0 && block & (KEPT | STORED) == 0 && !self.has_failed()
    }

    fn keep(&self, index: u32, content: impl FnOnce() -> Result<Vec<u8>>) -> Result<()> {
        self.kept.write(u64::from(index) * BLOCK as u64, &content()?)?;
        self.log().file.write_all(&record(Record::Kept(index)))?;
        self.blocks[index as usize].fetch_or(KEPT, SeqCst);
        Ok(())
    }

    /// Gives up. Without its beginning nobody goes on with it either.
    fn fail(&self) -> io::Result<()> {
        self.failed.store(true, SeqCst);
        match fs::remove_file(self.folder.join("begin")) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn replay(&self, record: Record) -> Option<()> {
        let (index, flag) = match record {
            Record::Kept(index) => (index, KEPT),
            Record::Stored(index, id) => {
                self.log().ids.insert(index, id);
                (index, STORED)
            }
        };
        self.blocks.get(index as usize)?.fetch_or(flag, SeqCst);
        Some(())
    }

    fn log(&self) -> std::sync::MutexGuard<'_, Log> {
        self.log.lock().expect("whoever logs doesn't panic")
    }
}

/// The moment of a snapshot, before its files are there.
pub struct Draft {
    folder: PathBuf,
    number: u64,
    head: Head,
    states: Vec<u8>,
    base: Option<Arc<Manifest>>,
}

impl Draft {
    /// Gives it its files. They are written in `save`: at the moment itself there is no time for it.
    pub fn open(self, name: &str, cipher: Option<Xts>) -> io::Result<Frozen> {
        fs::create_dir_all(&self.folder)?;
        let kept = Data::open(&self.folder.join("kept"), cipher)?;
        kept.reserve(self.states.len() as u32)?;
        let file = File::options().create(true).append(true).open(self.folder.join("log"))?;
        let log = Mutex::new(Log { file, ids: BTreeMap::new(), stored: Stored::default() });
        let blocks = self.states.into_iter().map(AtomicU8::new).collect();
        let Draft { folder, number, head, base, .. } = self;
        Ok(Frozen { name: name.to_owned(), number, base, head, folder, blocks, kept, log, failed: AtomicBool::new(false) })
    }
}

/// Where a volume keeps what belongs to a snapshot that is under way.
pub fn folder(volume: &Path, name: &str) -> PathBuf {
    volume.join("frozen").join(name)
}

/// What happened to a block.
#[derive(Clone, Copy)]
enum Record {
    Kept(u32),
    Stored(u32, Option<BlockId>),
}

/// What, which block, its name, a checksum.
const RECORD: usize = 1 + 4 + 32 + 4;

fn record(record: Record) -> [u8; RECORD] {
    let (tag, index, id) = match record {
        Record::Kept(index) => (1, index, None),
        Record::Stored(index, None) => (2, index, None),
        Record::Stored(index, Some(id)) => (3, index, Some(id)),
    };
    let mut bytes = [0; RECORD];
    bytes[0] = tag;
    bytes[1..5].copy_from_slice(&u32::to_le_bytes(index));
    bytes[5..37].copy_from_slice(&id.map_or([0; 32], |id| id.0));
    let sum = crc32fast::hash(&bytes[..37]);
    bytes[37..].copy_from_slice(&sum.to_le_bytes());
    bytes
}

fn read_record(bytes: &[u8]) -> Option<Record> {
    let index = u32::from_le_bytes(bytes[1..5].try_into().ok()?);
    let sum = u32::from_le_bytes(bytes[37..].try_into().ok()?);
    match (bytes[0], crc32fast::hash(&bytes[..37]) == sum) {
        (1, true) => Some(Record::Kept(index)),
        (2, true) => Some(Record::Stored(index, None)),
        (3, true) => Some(Record::Stored(index, Some(BlockId(bytes[5..37].try_into().ok()?)))),
        _ => None,
    }
}
