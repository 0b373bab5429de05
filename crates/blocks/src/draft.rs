//! A snapshot that is built block by block, by whoever has blocks and no volume (EBS direct APIs: StartSnapshot, PutSnapshotBlock,
//! CompleteSnapshot).

use crate::{BLOCK, BlockId, BlockStore, Codec, DataKey, Error, Fingerprint, Manifest, Result, blocks_of, check_size};
use std::collections::BTreeMap;

/// A snapshot that is built block by block. It holds nothing in memory: which blocks were put the caller keeps and says at the end, so
/// that a draft can be gone on with by whoever makes the same one.
pub struct Draft<'a> {
    /// Where it will be.
    pub store: &'a BlockStore,
    /// Its name.
    pub name: &'a str,
    /// The volume's size in bytes.
    pub size: u64,
    /// The snapshot that it starts as, under the same key; without one it starts as zeros.
    pub parent: Option<&'a str>,
    /// The key that it is encrypted under, if it is.
    pub key: Option<&'a DataKey>,
}

impl Draft<'_> {
    /// Begins it: its parent is held, and found to fit.
    pub fn begin(&self) -> Result<()> {
        check_size(self.size)?;
        let Some(parent) = self.parent else { return Ok(()) };
        self.store.hold(self.name, parent)?;
        let manifest = self.store.manifest(parent)?;
        Fingerprint::check(parent, manifest.key(), self.key)?;
        match manifest.size() <= self.size {
            true => Ok(()),
            false => Err(Error::Invalid(format!("{parent} has {} bytes: more than {}", manifest.size(), self.name))),
        }
    }

    /// Stores a whole block and gives its name; `None` for zeros.
    pub fn put(&self, index: u32, block: Vec<u8>) -> Result<Option<BlockId>> {
        if index >= blocks_of(self.size) || block.len() != BLOCK {
            return Err(Error::Invalid("the block is beyond the snapshot's end, or of another size".into()));
        }
        let (ids, _) = self.store.upload(self.name, &Codec::new(self.key)).put(&[block])?;
        Ok(ids.into_iter().next().flatten())
    }

    /// Ends it: from now on there is a snapshot. `put` are the blocks that were put, as they were named.
    pub fn complete(&self, put: &BTreeMap<u32, Option<BlockId>>) -> Result<Manifest> {
        let parent = self.parent.map(|parent| self.store.manifest(parent)).transpose()?;
        let parents = parent.iter().flat_map(Manifest::blocks).map(|(index, id)| (*index, Some(*id)));
        let mut blocks: BTreeMap<u32, Option<BlockId>> = parents.collect();
        blocks.extend(put);
        let blocks = blocks.into_iter().filter_map(|(index, id)| Some((index, id?))).collect();
        let manifest = Manifest::new(self.size, self.key.map(DataKey::fingerprint), blocks)?;
        self.store.upload(self.name, &Codec::new(self.key)).finish(&manifest)?;
        Ok(manifest)
    }
}
