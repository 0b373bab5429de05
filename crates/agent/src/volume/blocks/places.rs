//! Where volumes are, and what is noted beside them.
//!
//! ```text
//! <data>/<id>/volume            the block engine's folder
//! <data>/<id>/snapshots/<snap>  what is known of a snapshot (see `Note`)
//! <runtime>/<id>/               the server's files, while there is one
//! <runtime>/<id>.open           a machine has the volume
//! ```

use crate::disk;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

/// The folders of a host's volumes.
#[derive(Clone, Debug)]
pub struct BlockPlaces {
    /// The volumes.
    pub data: PathBuf,
    /// What is gone after a restart of the host.
    pub runtime: PathBuf,
    /// The block store, which others use, too.
    pub store: PathBuf,
}

/// The folders of one volume.
pub(super) struct Place {
    home: PathBuf,
    /// The block engine's.
    pub(super) folder: PathBuf,
    /// The server's.
    pub(super) runtime: PathBuf,
}

/// What is known of a snapshot whose moment is fixed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Note {
    /// When it is whole: the bytes that were newly stored, and those of all its blocks.
    pub(super) bytes: Option<(u64, u64)>,
}

impl BlockPlaces {
    pub(super) fn of(&self, id: &str) -> Place {
        let home = self.data.join(id);
        Place { folder: home.join("volume"), runtime: self.runtime.join(id), home }
    }

    /// The volumes that have a folder.
    pub(super) fn all(&self) -> BTreeSet<String> {
        names(&self.data)
    }

    /// The volumes that may have a server.
    pub(super) fn served(&self) -> BTreeSet<String> {
        names(&self.runtime).into_iter().filter(|name| !name.contains('.')).collect()
    }

    /// Removes what is in the runtime folder.
    pub(super) fn leave(&self) -> io::Result<()> {
        disk::remove_all(&self.runtime)
    }
}

impl Place {
    pub(super) fn make(&self) -> io::Result<()> {
        disk::private_folder(&self.home)
    }

    pub(super) fn remove(&self) -> io::Result<()> {
        self.set_closed()?;
        disk::remove_all(&self.runtime)?;
        disk::remove_all(&self.home)
    }

    pub(super) fn is_open(&self) -> bool {
        self.mark().exists()
    }

    pub(super) fn set_open(&self) -> io::Result<()> {
        fs::create_dir_all(&self.runtime)?;
        fs::write(self.mark(), "")
    }

    pub(super) fn set_closed(&self) -> io::Result<()> {
        disk::remove_all(&self.mark())
    }

    /// What is known of a snapshot; `None` before its moment is fixed.
    pub(super) fn note(&self, snapshot: &str) -> Option<Note> {
        serde_json::from_slice(&fs::read(self.snapshots().join(snapshot)).ok()?).ok()
    }

    pub(super) fn set_note(&self, snapshot: &str, note: &Note) -> io::Result<()> {
        fs::create_dir_all(self.snapshots())?;
        disk::write_whole(&self.snapshots().join(snapshot), &serde_json::to_vec(note).map_err(io::Error::other)?)
    }

    pub(super) fn forget_note(&self, snapshot: &str) -> io::Result<()> {
        disk::remove_all(&self.snapshots().join(snapshot))
    }

    /// The snapshots of which something is known.
    pub(super) fn noted(&self) -> BTreeSet<String> {
        names(&self.snapshots()).into_iter().filter(|name| !name.contains('.')).collect()
    }

    fn snapshots(&self) -> PathBuf {
        self.home.join("snapshots")
    }

    fn mark(&self) -> PathBuf {
        self.runtime.with_extension("open")
    }
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().into_string().ok()).collect()
}
