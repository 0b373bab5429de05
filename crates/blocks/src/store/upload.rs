//! Storing a snapshot's blocks.

use super::{BlockStore, block_key, manifest_key};
use crate::{BlockId, Codec, Manifest, Result};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, ops::AddAssign, thread};

/// What storing took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stored {
    /// Blocks whose content was looked at.
    pub looked_at: u64,
    /// Blocks that were not in the store.
    pub new_blocks: u64,
    /// The bytes by which the store has grown for them: compressed.
    pub new_bytes: u64,
}

impl AddAssign for Stored {
    fn add_assign(&mut self, more: Stored) {
        self.looked_at += more.looked_at;
        self.new_blocks += more.new_blocks;
        self.new_bytes += more.new_bytes;
    }
}

/// A snapshot that is being stored. Its blocks are safe from the collector from the first on, for as long as its name is among the
/// live ones; an upload that was broken off goes on by starting it again.
pub struct Upload<'a> {
    store: &'a BlockStore,
    name: &'a str,
    codec: &'a Codec,
}

/// Enough to keep the disk busy while others compress.
const THREADS: usize = 4;

impl BlockStore {
    /// Starts to store the snapshot `name`.
    pub fn upload<'a>(&'a self, name: &'a str, codec: &'a Codec) -> Upload<'a> {
        Upload { store: self, name, codec }
    }
}

impl Upload<'_> {
    /// Stores whole blocks, those that aren't there yet, and gives their names; `None` for zeros.
    pub fn put(&self, blocks: &[Vec<u8>]) -> Result<(Vec<Option<BlockId>>, Stored)> {
        let ids = self.spread(blocks, |block| Ok(self.codec.id(block)))?;
        self.store.pin_blocks(self.name, ids.iter().flatten().copied())?;
        let named: BTreeMap<_, _> = ids.iter().zip(blocks).filter_map(|(id, block)| Some(((*id)?, block))).collect();
        let named: Vec<_> = named.into_iter().collect();
        let mut stored = Stored { looked_at: blocks.len() as u64, ..Stored::default() };
        for bytes in self.spread(&named, |(id, block)| self.put_one(*id, block))?.into_iter().flatten() {
            stored += Stored { looked_at: 0, new_blocks: 1, new_bytes: bytes };
        }
        Ok((ids, stored))
    }

    /// Ends the upload: from now on there is a snapshot.
    pub fn finish(&self, manifest: &Manifest) -> Result<()> {
        self.store.put(&manifest_key(self.name)?, manifest.encode())?;
        self.store.release_all(self.name)
    }

    fn put_one(&self, id: BlockId, block: &[u8]) -> Result<Option<u64>> {
        let key = block_key(id);
        if self.store.has(&key)? {
            return Ok(None);
        }
        let object = self.codec.encode(id, block)?;
        let bytes = object.len() as u64;
        self.store.put(&key, object)?;
        Ok(Some(bytes))
    }

    /// Does something with each item, on several threads; the results are in order.
    fn spread<T: Sync, R: Send>(&self, items: &[T], each: impl Fn(&T) -> Result<R> + Sync) -> Result<Vec<R>> {
        let share = items.len().div_ceil(THREADS).max(1);
        let each = &each;
        thread::scope(|scope| {
            let work = |items: &'_ [T]| items.iter().map(each).collect::<Result<Vec<R>>>();
            let workers: Vec<_> = items.chunks(share).map(|items| scope.spawn(move || work(items))).collect();
            let parts = workers.into_iter().map(|worker| worker.join().expect("a worker doesn't panic"));
            Ok(parts.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect())
        })
    }
}
