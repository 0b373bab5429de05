//! The bytes of objects: files by the ids of their blobs, each written once and never changed.
//!
//! ```text
//! a put:     file ─► fsync ─► fsync of its folder ─► the transaction that has the object refer to it
//! a delete:  the transaction that takes the last reference ─► the file is removed
//! ```
//!
//! A crash between any two of these leaves at most a file that no record knows, which [`Blobs::sweep`] removes at the next start. What is
//! being written is known in memory, and what is being read stays until nobody reads it. What is small stands in the blob's
//! record, so that its put costs one fsync. How bytes are encrypted is `cipher`'s; by whom their keys are sealed isn't known here.

mod cipher;
mod lane;
mod read;
mod refer;
#[cfg(test)]
mod tests;
mod write;

pub use cipher::ContentKey;
pub use read::Source;
pub use refer::{release, retain};
pub use write::{Writer, Written};

use model::s3::Blob;
use spine::{Read, Scope, Store};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// The largest content that stands in its record, in bytes. All records are in memory.
pub const SMALL: usize = 2048;

/// A folder of blobs. It belongs to this process.
#[derive(Debug)]
pub struct Blobs {
    folder: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Being written, or written and not referred to yet.
    fresh: BTreeSet<String>,
    /// Being read, by how many.
    read: BTreeMap<String, usize>,
    /// Referred to by nobody, and still being read.
    doomed: BTreeSet<String>,
}

impl Blobs {
    /// Opens the folder, which is made if it isn't there.
    ///
    /// # Errors
    /// What a disk can do.
    pub fn open(folder: &Path) -> io::Result<Arc<Self>> {
        fs::create_dir_all(folder)?;
        Ok(Arc::new(Self { folder: folder.to_owned(), state: Mutex::default() }))
    }

    /// Removes the files of blobs that nobody refers to any more; those that are being read, as soon as they aren't.
    pub fn discard(&self, blobs: Vec<String>) {
        let mut state = self.state();
        let (busy, free): (Vec<_>, Vec<_>) = blobs.into_iter().partition(|id| state.read.contains_key(id));
        state.doomed.extend(busy);
        drop(state);
        self.remove(&free);
    }

    /// Removes every file that no record knows: what a crash has left.
    ///
    /// # Errors
    /// What a disk or the store can do.
    pub fn sweep(&self, store: &Store) -> anyhow::Result<usize> {
        // The order counts: what was written and then referred to since the look into the folder is in the snapshot.
        let found = self.files()?;
        let fresh = self.state().fresh.clone();
        let known = store.snapshot().specs::<Blob>(Scope::All)?;
        let known: BTreeSet<&str> = known.iter().map(|(key, _)| key.id.as_str()).collect();
        let lost: Vec<String> = found.into_iter().filter(|id| !known.contains(id.as_str()) && !fresh.contains(id)).collect();
        self.remove(&lost);
        Ok(lost.len())
    }

    /// How many files there are.
    ///
    /// # Errors
    /// What a disk can do.
    pub fn count(&self) -> io::Result<usize> {
        Ok(self.files()?.len())
    }

    fn files(&self) -> io::Result<Vec<String>> {
        let mut found = Vec::new();
        for shard in fs::read_dir(&self.folder)? {
            let shard = shard?.path();
            if shard.is_dir() {
                for file in fs::read_dir(shard)? {
                    found.extend(file?.file_name().into_string().ok());
                }
            }
        }
        Ok(found)
    }

    fn remove(&self, blobs: &[String]) {
        for id in blobs {
            if let Err(error) = fs::remove_file(self.path(id))
                && error.kind() != io::ErrorKind::NotFound
            {
                tracing::warn!(%error, id, "a blob could not be removed; it is tried again at the next start");
            }
        }
    }

    fn path(&self, id: &str) -> PathBuf {
        self.shard(id).join(id)
    }

    /// The folder of a blob: one in 256, so that none gets too large.
    fn shard(&self, id: &str) -> PathBuf {
        self.folder.join(id.get(..2).unwrap_or("00"))
    }

    /// A new file; its folder is made durable if it is new too.
    fn create(&self, id: &str) -> io::Result<File> {
        let create = || File::options().write(true).create_new(true).open(self.path(id));
        match create() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                fs::create_dir_all(self.shard(id))?;
                File::open(&self.folder)?.sync_all()?;
                create()
            }
            created => created,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps the files of blobs that are being read.
#[derive(Debug)]
struct Lease {
    blobs: Arc<Blobs>,
    ids: Vec<String>,
}

impl Lease {
    fn new(blobs: &Arc<Blobs>, ids: Vec<String>) -> Self {
        let mut state = blobs.state();
        for id in &ids {
            *state.read.entry(id.clone()).or_default() += 1;
        }
        drop(state);
        Self { blobs: blobs.clone(), ids }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut state = self.blobs.state();
        let mut free = Vec::new();
        for id in &self.ids {
            let Some(count) = state.read.get_mut(id) else { continue };
            *count -= 1;
            if *count == 0 {
                state.read.remove(id);
                free.extend(state.doomed.take(id));
            }
        }
        drop(state);
        self.blobs.remove(&free);
    }
}
