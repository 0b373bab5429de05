//! Snapshots of a volume, in use or not.

use super::{
    Volume,
    frozen::{self, Frozen},
    remove_folder, state,
};
use crate::{Error, Manifest, Result, Stored, store::check_name};
use serde::{Deserialize, Serialize};
use std::sync::{Arc, atomic::Ordering::SeqCst};

/// How many snapshots of a volume may be under way at a time (EBS: 5 for gp and io volumes).
const MOST: usize = 5;
/// Blocks that are in memory at a time.
const BATCH: usize = 16;

/// How far a snapshot has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Blocks that have to be looked at: those that may have changed since the last snapshot.
    pub total: u64,
    /// Those of them that are in the store.
    pub done: u64,
    /// What storing them took, since the volume was opened.
    pub stored: Stored,
}

impl Progress {
    /// From 0 to 100; 100 only when all is stored.
    pub fn percent(&self) -> u8 {
        (self.done * 100).checked_div(self.total).unwrap_or(100) as u8
    }
}

impl Volume {
    /// Begins the snapshot `name`: it will be what the volume is now, whatever is written from now on. When this returns, the snapshot
    /// survives the death of the process; `upload` brings it to its end.
    pub fn begin_snapshot(&self, name: &str) -> Result<()> {
        let mut journal = self.journal()?;
        self.check_open()?;
        if journal.head.frozen.len() >= MOST {
            return Err(Error::Busy(format!("{MOST} snapshots of {} are under way", self.id)));
        }
        if journal.head.frozen.iter().any(|it| it == check_name(name).unwrap_or(it)) || self.store.has_manifest(name)? {
            return Err(Error::Invalid(format!("there is a snapshot {name}")));
        }
        let base = journal.head.base.as_deref().map(|base| self.hold_base(name, base)).transpose()?.flatten();
        let folder = frozen::folder(&self.folder, name);
        remove_folder(&folder)?;
        let mut head = journal.head.clone();
        head.base = head.base.filter(|_| base.is_some());
        let frozen = {
            // From here to the end of this block nobody reads or writes: this is the moment.
            let mut shared = self.alone();
            shared.begun += 1;
            let states = shared.states.iter().map(|state| state.load(SeqCst)).collect();
            let frozen = Arc::new(Frozen::begin(folder, shared.begun, head, states, base).open(name, self.cipher())?);
            shared.frozen.push(frozen.clone());
            frozen
        };
        journal.head.frozen.push(name.to_owned());
        // The map has to know all blocks that the snapshot has before it is said to have begun.
        let begun = frozen.save().and_then(|()| self.flush_into(&mut journal)).and_then(|()| journal.rewrite());
        if begun.is_err() {
            journal.head.frozen.retain(|it| it != name);
            self.forget(&frozen)?;
        }
        begun
    }

    /// Stores a snapshot that was begun, and completes it. It can be called again after it failed for the store's sake. Meanwhile
    /// the volume is in use as ever.
    pub fn upload(&self, name: &str) -> Result<Stored> {
        let frozen = self.frozen(name)?;
        let upload = self.store.upload(name, &self.codec);
        let mut from = 0;
        loop {
            let batch: Vec<u32> = frozen.missing(from).take(BATCH).collect();
            let Some(last) = batch.last() else { break };
            self.check_open()?;
            let contents = batch.iter().map(|index| self.frozen_content(&frozen, *index)).collect::<Result<Vec<_>>>()?;
            check(&frozen)?;
            let (ids, stored) = upload.put(&contents)?;
            frozen.stored(&batch.iter().copied().zip(ids).collect::<Vec<_>>(), stored)?;
            from = last + 1;
        }
        let manifest = frozen.manifest(self.key)?;
        check(&frozen)?;
        upload.finish(&manifest)?;
        self.complete(&frozen, manifest)?;
        Ok(frozen.progress().stored)
    }

    /// Begins a snapshot and waits for its end.
    pub fn snapshot(&self, name: &str) -> Result<Stored> {
        self.begin_snapshot(name)?;
        self.upload(name)
    }

    /// Gives a snapshot up that was begun.
    pub fn abandon(&self, name: &str) -> Result<()> {
        let frozen = self.frozen(name)?;
        let mut journal = self.journal()?;
        journal.head.frozen.retain(|it| it != name);
        journal.rewrite()?;
        self.forget(&frozen)
    }

    /// How far a snapshot has come. `None` if it isn't under way: it is in the store, or it failed.
    pub fn progress(&self, name: &str) -> Option<Progress> {
        self.frozen(name).ok().map(|frozen| frozen.progress())
    }

    /// The snapshots that are under way, in the order of their beginning; after a crash, those that are to be uploaded.
    pub fn snapshots(&self) -> Vec<String> {
        self.shared().frozen.iter().map(|frozen| frozen.name.clone()).collect()
    }

    /// Whether a snapshot is in the store.
    pub(crate) fn is_stored(&self, name: &str) -> Result<bool> {
        self.store.has_manifest(name)
    }

    /// Who closes a volume doesn't wait for its snapshots: the next who opens it goes on with them.
    fn check_open(&self) -> Result<()> {
        match self.closed.load(SeqCst) {
            true => Err(Error::Busy(format!("{} was closed", self.id))),
            false => Ok(()),
        }
    }

    fn frozen(&self, name: &str) -> Result<Arc<Frozen>> {
        let found = self.shared().frozen.iter().find(|frozen| frozen.name == name).cloned();
        found.ok_or_else(|| Error::NotFound(name.to_owned()))
    }

    /// The base, unless somebody deleted it: then all blocks count as changed.
    fn hold_base(&self, name: &str, base: &str) -> Result<Option<Arc<Manifest>>> {
        match self.store.hold(name, base) {
            Err(Error::NotFound(_)) => Ok(None),
            held => held.and_then(|()| Ok(Some(Arc::new(self.store.manifest(base)?)))),
        }
    }

    /// What a block held at the snapshot's moment.
    fn frozen_content(&self, frozen: &Frozen, index: u32) -> Result<Vec<u8>> {
        let shared = self.shared();
        let _together = self.stripe(index).read().expect(super::WHOLE);
        match frozen.kept(index)? {
            Some(content) => Ok(content),
            None => self.content(&shared, index),
        }
    }

    /// From now on the snapshot is the base: what wasn't touched since its moment is known to be its.
    fn complete(&self, frozen: &Arc<Frozen>, manifest: Manifest) -> Result<()> {
        let mut journal = self.journal()?;
        let mut completed = self.completed.lock().expect(super::WHOLE);
        let released = if *completed < frozen.number {
            *completed = frozen.number;
            self.rebase(&mut journal, frozen, manifest)?
        } else {
            None
        };
        journal.head.frozen.retain(|it| *it != frozen.name);
        journal.rewrite()?;
        if let Some(source) = released {
            self.store.release(&self.id, &source)?;
        }
        self.forget(frozen)
    }

    /// Gives the source that isn't needed any more, if there is one.
    fn rebase(&self, journal: &mut super::Journal, frozen: &Frozen, manifest: Manifest) -> Result<Option<String>> {
        let moves = self.source_codec.is_none() && journal.head.source.is_some();
        if moves {
            self.store.hold(&self.id, &frozen.name)?;
        }
        let mut shared = self.alone();
        let dirty = |index: usize, state: u8| state::with_dirty(state, frozen.is_touched(index));
        for (index, state) in shared.states.iter().enumerate() {
            state.store(dirty(index, state.load(SeqCst)), SeqCst);
        }
        for (index, state) in journal.states.iter_mut().enumerate() {
            *state = dirty(index, *state);
        }
        journal.head.base = Some(frozen.name.clone());
        if !moves {
            return Ok(None);
        }
        // Remote blocks are the snapshot's as well as its source's, and the source may be deleted.
        shared.source = Some(Arc::new(manifest));
        Ok(journal.head.source.replace(frozen.name.clone()))
    }

    fn forget(&self, frozen: &Arc<Frozen>) -> Result<()> {
        self.alone().frozen.retain(|it| it.name != frozen.name);
        self.store.release_all(&frozen.name)?;
        frozen.remove()?;
        Ok(())
    }
}

fn check(frozen: &Frozen) -> Result<()> {
    match frozen.has_failed() {
        true => Err(Error::Io(std::io::Error::other(format!("{}: what the volume held could not be kept", frozen.name)))),
        false => Ok(()),
    }
}
