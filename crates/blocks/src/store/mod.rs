//! Where snapshots and their blocks are kept.
//!
//! ```text
//! blocks/ab/abcd…     a block's content, once for each content
//! manifests/<name>    a snapshot
//! pins/<holder>/<…>   what somebody needs that no snapshot names yet (see `pins`)
//! ```
//!
//! A manifest is stored after all of its blocks, and removed before any of them.

mod collect;
mod pins;
#[cfg(test)]
mod tests;
mod upload;

pub use collect::Collected;
pub use upload::{Stored, Upload};

use crate::{BlockId, Codec, Error, Manifest, Result};
use futures::TryStreamExt;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt, local::LocalFileSystem, path::Path as Key};
use std::{fs, io, path::Path, path::PathBuf, sync::Arc};

/// Where snapshots and their blocks are kept. What it says to be stored is on the disk.
#[derive(Clone)]
pub struct BlockStore {
    objects: Arc<dyn ObjectStore>,
    /// Kept by whoever pins, shared, and by whoever collects, alone.
    lock: PathBuf,
}

impl BlockStore {
    /// The store in a folder, which is made if it isn't there. All processes that use a store are on one host: they keep out of each
    /// other's way by a lock in this folder.
    pub fn open(folder: &Path) -> Result<BlockStore> {
        fs::create_dir_all(folder)?;
        let objects = LocalFileSystem::new_with_prefix(folder)?.with_fsync(true);
        Ok(BlockStore { objects: Arc::new(objects), lock: folder.join("lock") })
    }

    /// A snapshot.
    pub fn manifest(&self, name: &str) -> Result<Manifest> {
        Manifest::decode(&self.get(&manifest_key(name)?)?).map_err(|error| match error {
            Error::Corrupt(why) => Error::Corrupt(format!("{name}: {why}")),
            other => other,
        })
    }

    /// Whether there is such a snapshot.
    pub fn has_manifest(&self, name: &str) -> Result<bool> {
        self.has(&manifest_key(name)?)
    }

    /// A block's content. It is the one that was stored, or an error.
    pub fn read(&self, codec: &Codec, id: BlockId) -> Result<Vec<u8>> {
        codec.decode(id, self.get(&block_key(id))?)
    }

    fn get(&self, key: &Key) -> Result<Vec<u8>> {
        let bytes = wait(async { self.objects.get(key).await?.bytes().await })?;
        Ok(bytes.into())
    }

    fn has(&self, key: &Key) -> Result<bool> {
        match wait(self.objects.head(key)) {
            Ok(_) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    fn put(&self, key: &Key, bytes: Vec<u8>) -> Result<()> {
        wait(self.objects.put(key, bytes.into()))?;
        Ok(())
    }

    /// Removes an object; that it is gone already is no error.
    fn remove(&self, key: &Key) -> Result<()> {
        match wait(self.objects.delete(key)) {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn list(&self, prefix: &str) -> Result<Vec<ObjectMeta>> {
        Ok(wait(self.objects.list(Some(&Key::from(prefix))).try_collect())?)
    }
}

/// Waits for the store. A caller that is a task of a runtime has no time of its own to give up here: it would never go on.
fn wait<F: Future>(store: F) -> F::Output {
    futures::executor::block_on(tokio::task::unconstrained(store))
}

fn block_key(id: BlockId) -> Key {
    let hex = id.to_string();
    Key::from_iter(["blocks", &hex[..2], &hex])
}

fn manifest_key(name: &str) -> Result<Key> {
    Ok(Key::from_iter(["manifests", check_name(name)?]))
}

/// Refuses a name that could mean anything but one file.
pub(crate) fn check_name(name: &str) -> Result<&str> {
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    match name.len() {
        1..=100 if plain => Ok(name),
        _ => Err(Error::Invalid(format!("{name:?} can't be a name of a volume or snapshot"))),
    }
}

fn garbled(key: &Key) -> Error {
    Error::Io(io::Error::other(format!("{key} doesn't belong in a block store")))
}
