//! What somebody needs that no snapshot names yet: blocks that are being uploaded for a snapshot, and snapshots that a volume or another
//! snapshot is being made from.
//!
//! A pin is an object under its holder's name that lists blocks and snapshots. It is written under the store's lock, shared; the
//! collector reads the pins and removes what nobody needs under the same lock, alone. So whoever looks, *after* pinning it, whether
//! something is there can rely on the answer.

use super::{BlockStore, Key, check_name};
use crate::{BlockId, Error, Result};
use aws_lc_rs::digest::{SHA256, digest};
use nix::fcntl::{Flock, FlockArg};
use std::{
    collections::{BTreeSet, HashSet},
    fs::File,
    str,
};

/// All that is pinned.
#[derive(Default)]
pub(super) struct Pins {
    pub manifests: BTreeSet<String>,
    pub blocks: HashSet<BlockId>,
}

impl BlockStore {
    /// Keeps a snapshot for as long as `holder` lives and doesn't let go of it, even if the snapshot is deleted.
    pub fn hold(&self, holder: &str, manifest: &str) -> Result<()> {
        self.pin(holder, &format!("manifest {}\n", check_name(manifest)?))?;
        if self.has_manifest(manifest)? {
            return Ok(());
        }
        self.release(holder, manifest)?;
        Err(Error::NotFound(manifest.to_owned()))
    }

    /// Lets go of a snapshot that was held.
    pub fn release(&self, holder: &str, manifest: &str) -> Result<()> {
        self.remove(&pin_key(holder, &format!("manifest {manifest}\n"))?)
    }

    /// Lets go of all that is held.
    pub fn release_all(&self, holder: &str) -> Result<()> {
        let all = self.list(&format!("pins/{}", check_name(holder)?))?;
        all.iter().try_for_each(|object| self.remove(&object.location))
    }

    pub(super) fn pin_blocks(&self, holder: &str, ids: impl Iterator<Item = BlockId>) -> Result<()> {
        let lines: String = ids.map(|id| format!("block {id}\n")).collect();
        if lines.is_empty() { Ok(()) } else { self.pin(holder, &lines) }
    }

    fn pin(&self, holder: &str, lines: &str) -> Result<()> {
        let key = pin_key(holder, lines)?;
        let _shared = self.locked(FlockArg::LockShared)?;
        self.put(&key, lines.into())
    }

    /// Waits for the store's lock.
    pub(super) fn locked(&self, how: FlockArg) -> Result<Flock<File>> {
        let file = File::options().create(true).append(true).open(&self.lock)?;
        Flock::lock(file, how).map_err(|(_, errno)| errno.into())
    }

    /// All that is pinned.
    pub(super) fn pins(&self) -> Result<Pins> {
        let mut pins = Pins::default();
        for object in self.list("pins")? {
            match self.get(&object.location) {
                // Its holder let go of it in the meantime.
                Err(Error::NotFound(_)) => {}
                bytes => pins.read(&object.location, &bytes?)?,
            }
        }
        Ok(pins)
    }
}

impl Pins {
    fn read(&mut self, key: &Key, bytes: &[u8]) -> Result<()> {
        let garbled = || super::garbled(key);
        for line in str::from_utf8(bytes).map_err(|_| garbled())?.lines() {
            match line.split_once(' ') {
                Some(("manifest", name)) => drop(self.manifests.insert(name.to_owned())),
                Some(("block", id)) => drop(self.blocks.insert(id.parse().map_err(|_| garbled())?)),
                _ => return Err(garbled()),
            }
        }
        Ok(())
    }
}

/// Pins are named after what they say: pinning twice is pinning once, and uploads to one snapshot don't meet.
fn pin_key(holder: &str, lines: &str) -> Result<Key> {
    let name = hex::encode(digest(&SHA256, lines.as_bytes()));
    Ok(Key::from_iter(["pins", check_name(holder)?, &name]))
}
