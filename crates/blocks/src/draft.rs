//! A snapshot that is built block by block, by whoever has blocks and no volume (EBS direct APIs: StartSnapshot, PutSnapshotBlock,
//! CompleteSnapshot).

use crate::{BLOCK, BlockId, BlockStore, Codec, DataKey, Error, Manifest, Result, blocks_of, check_size};
use std::collections::BTreeMap;

/// A snapshot that is built block by block. What was put is named by the caller when it is completed, so that a draft can be gone
/// on with after a restart.
pub struct Draft {
    store: BlockStore,
    name: String,
    codec: Codec,
    size: u64,
    parent: Option<Manifest>,
    key: Option<DataKey>,
}

impl Draft {
    /// A snapshot `name` of `size` bytes that starts as its parent, or as zeros. The parent's key is the same.
    pub fn new(store: &BlockStore, name: &str, size: u64, parent: Option<&str>, key: Option<DataKey>) -> Result<Draft> {
        check_size(size)?;
        let parent = parent.map(|parent| hold(store, name, parent)).transpose()?;
        if parent.as_ref().is_some_and(|it| it.size() > size || it.key() != key.as_ref().map(DataKey::fingerprint)) {
            return Err(Error::Invalid("a parent is no larger than its child, and under the same key".into()));
        }
        Ok(Draft { store: store.clone(), name: name.to_owned(), codec: Codec::new(key.as_ref()), size, parent, key })
    }

    /// Stores a whole block and gives its name; `None` for zeros.
    pub fn put(&self, index: u32, block: Vec<u8>) -> Result<Option<BlockId>> {
        if index >= blocks_of(self.size) || block.len() != BLOCK {
            return Err(Error::Invalid("the block is beyond the snapshot's end, or of another size".into()));
        }
        let (ids, _) = self.store.upload(&self.name, &self.codec).put(&[block])?;
        Ok(ids.into_iter().next().flatten())
    }

    /// Ends the draft: from now on there is a snapshot. `put` are the blocks that were put.
    pub fn complete(&self, put: &BTreeMap<u32, Option<BlockId>>) -> Result<Manifest> {
        let parents = self.parent.iter().flat_map(|parent| parent.blocks()).map(|(index, id)| (*index, Some(*id)));
        let mut blocks: BTreeMap<u32, Option<BlockId>> = parents.collect();
        blocks.extend(put);
        let blocks = blocks.into_iter().filter_map(|(index, id)| Some((index, id?))).collect();
        let manifest = Manifest::new(self.size, self.key.as_ref().map(DataKey::fingerprint), blocks)?;
        self.store.upload(&self.name, &self.codec).finish(&manifest)?;
        Ok(manifest)
    }
}

fn hold(store: &BlockStore, name: &str, parent: &str) -> Result<Manifest> {
    store.hold(name, parent)?;
    store.manifest(parent)
}
