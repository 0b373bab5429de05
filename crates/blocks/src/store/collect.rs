//! Removing what nobody needs.

use super::{BlockStore, Key, block_key, manifest_key};
use crate::{BlockId, Result};
use nix::fcntl::FlockArg;
use object_store::ObjectMeta;
use std::collections::{BTreeSet, HashSet};

/// What a collection removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Collected {
    /// Snapshots.
    pub manifests: u64,
    /// Blocks.
    pub blocks: u64,
    /// The blocks' bytes, as they were stored.
    pub bytes: u64,
}

/// How many blocks are removed under one lock: whoever wants to pin waits no longer than for these.
const BATCH: usize = 1024;

impl BlockStore {
    /// Removes what nobody needs, and nothing if `live` fails. That gives the names of all snapshots, those that are still being stored
    /// among them, and of all volumes. What a snapshot consists of stays, and what a live name holds. Uploads may go on and begin meanwhile: a name has to be live
    /// before something is stored under it, and isn't used again when it is dead.
    pub fn collect(&self, live: impl FnOnce() -> Result<BTreeSet<String>>) -> Result<Collected> {
        let mut collected = Collected::default();
        // All that may be removed is listed before it is asked who lives: what comes later isn't looked at.
        let (pins, manifests, blocks) = (self.list("pins")?, self.manifest_names()?, self.blocks()?);
        let live = live()?;
        self.drop_pins(&pins, &live)?;
        collected.manifests = self.drop_manifests(&manifests, &live)?;
        let mut known = Known::default();
        for batch in blocks.chunks(BATCH) {
            let (blocks, bytes) = self.sweep(batch, &mut known)?;
            collected.blocks += blocks;
            collected.bytes += bytes;
        }
        Ok(collected)
    }

    fn drop_pins(&self, pins: &[ObjectMeta], live: &BTreeSet<String>) -> Result<()> {
        for object in pins {
            if !live.contains(part(&object.location, 1)?.as_str()) {
                self.remove(&object.location)?;
            }
        }
        Ok(())
    }

    fn drop_manifests(&self, names: &[String], live: &BTreeSet<String>) -> Result<u64> {
        let _alone = self.locked(FlockArg::LockExclusive)?;
        let pinned = self.pins()?.manifests;
        let dead: Vec<_> = names.iter().filter(|name| !live.contains(*name) && !pinned.contains(*name)).collect();
        dead.iter().try_for_each(|name| self.remove(&manifest_key(name)?))?;
        Ok(dead.len() as u64)
    }

    /// Removes those of some blocks that nobody needs, while nobody can come to need them.
    fn sweep(&self, batch: &[(BlockId, u64)], known: &mut Known) -> Result<(u64, u64)> {
        let _alone = self.locked(FlockArg::LockExclusive)?;
        // The pins first: an upload lets go of them when its manifest is there.
        let pinned = self.pins()?.blocks;
        known.learn(self)?;
        let dead: Vec<_> = batch.iter().filter(|(id, _)| !pinned.contains(id) && !known.blocks.contains(id)).collect();
        dead.iter().try_for_each(|(id, _)| self.remove(&block_key(*id)))?;
        Ok((dead.len() as u64, dead.iter().map(|(_, bytes)| bytes).sum()))
    }

    fn blocks(&self) -> Result<Vec<(BlockId, u64)>> {
        let id = |key: &Key| part(key, 2)?.parse().map_err(|_| super::garbled(key));
        self.list("blocks")?.iter().map(|object| Ok((id(&object.location)?, object.size))).collect()
    }

    fn manifest_names(&self) -> Result<Vec<String>> {
        self.list("manifests")?.iter().map(|object| part(&object.location, 1)).collect()
    }
}

/// The snapshots that were read so far, and their blocks.
#[derive(Default)]
struct Known {
    manifests: BTreeSet<String>,
    blocks: HashSet<BlockId>,
}

impl Known {
    /// Reads those that have come. A manifest that can't be read ends the collection: nobody knows what it needs.
    fn learn(&mut self, store: &BlockStore) -> Result<()> {
        for name in store.manifest_names()? {
            if !self.manifests.contains(&name) {
                self.blocks.extend(store.manifest(&name)?.blocks().iter().map(|(_, id)| *id));
                self.manifests.insert(name);
            }
        }
        Ok(())
    }
}

fn part(key: &Key, number: usize) -> Result<String> {
    Ok(key.parts().nth(number).ok_or_else(|| super::garbled(key))?.as_ref().to_owned())
}
