//! How a volume goes on its host: what is next, given what is wished of it and how far it has come.
//!
//! [`Progress`] is all that the host's agent knows of a volume; nothing of it is kept, since what keeps the volumes knows them by itself
//! and does nothing twice. Which machine opens a volume, and when, is no concern of it: it is only told whether one has.

#[cfg(test)]
mod tests;

use agent_proto::volume::{IoLimits, SnapshotStatus, Volume, VolumeState, VolumeStatus};
use model::Timestamp;
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// Before something that failed is tried again.
const RETRY: Duration = Duration::from_secs(5);

/// Something that the agent has to do for a volume. Each is begun once; how it went comes back by [`Progress::done`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Make it, or find that it is there. Gains a [`Gain::Made`].
    Ensure,
    /// Fix the moment of a snapshot.
    Freeze(String),
    /// Put a snapshot into the block store. Gains [`Gain::Stored`]. All other steps go on meanwhile.
    Store(String),
    /// Remove what is kept for a snapshot.
    ForgetSnapshot(String),
    /// Make it larger: so many GiB.
    Grow(u32),
    /// Set what it gives.
    Limit(IoLimits),
    /// Delete it.
    Delete,
}

/// What a step has gained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gain {
    /// It is done.
    Nothing,
    /// The volume is there.
    Made {
        /// In GiB.
        size_gib: u32,
        /// The snapshots for which something is kept.
        snapshots: BTreeSet<String>,
    },
    /// A snapshot is whole in the block store.
    Stored {
        /// Bytes newly stored for it.
        stored_bytes: u64,
        /// Bytes of all its blocks.
        full_bytes: u64,
    },
}

/// How far a volume has come.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Progress {
    /// In GiB, once it is there.
    pub size_gib: Option<u32>,
    /// Why it can't be made.
    pub failure: Option<String>,
    /// What it gives, once that was set.
    pub limits: Option<IoLimits>,
    /// Its snapshots by id; `None` before their moment is fixed.
    pub snapshots: BTreeMap<String, Option<SnapshotStatus>>,
    /// It is deleted.
    pub deleted: bool,
    /// Snapshots whose moment is fixed, in the order in which that was done: so each stores what is new since the one before.
    queue: Vec<String>,
    busy: bool,
    storing: bool,
    retry: Option<Timestamp>,
}

impl Progress {
    /// The steps to be carried out now, noted as begun; `wish` is `None` when it isn't desired any more.
    pub fn next(&mut self, wish: Option<&Volume>, in_use: bool, now: Timestamp) -> Vec<Step> {
        let rests = self.busy || self.deleted || self.retry.is_some_and(|at| at > now);
        let step = match wish {
            _ if rests => None,
            Some(volume) => self.towards(volume),
            None => (!in_use && !self.storing).then_some(Step::Delete),
        };
        self.busy |= step.is_some();
        step.into_iter().chain(self.store(wish)).collect()
    }

    /// What comes first is what can't wait: the moment of a snapshot is the one at which it was heard of.
    fn towards(&self, volume: &Volume) -> Option<Step> {
        let Some(size) = self.size_gib else { return self.failure.is_none().then_some(Step::Ensure) };
        let new = volume.snapshots.keys().find(|id| self.snapshots.get(*id).is_none_or(Option::is_none));
        let storing = self.queue.first().filter(|_| self.storing);
        let old = self.snapshots.keys().find(|id| !volume.snapshots.contains_key(*id) && Some(*id) != storing);
        let grow = (volume.size_gib > size).then_some(Step::Grow(volume.size_gib));
        let limit = (self.limits != Some(volume.limits)).then_some(Step::Limit(volume.limits));
        new.map(|id| Step::Freeze(id.clone())).or(limit).or(grow).or(old.map(|id| Step::ForgetSnapshot(id.clone())))
    }

    fn store(&mut self, wish: Option<&Volume>) -> Option<Step> {
        if self.storing {
            return None;
        }
        // What isn't wanted any more isn't stored either.
        self.queue.retain(|id| wish.is_some_and(|volume| volume.snapshots.contains_key(id)));
        let first = self.queue.first().cloned()?;
        self.storing = true;
        Some(Step::Store(first))
    }

    /// When time alone will call for a step.
    pub fn wake(&self, now: Timestamp) -> Option<Timestamp> {
        self.retry.filter(|at| *at > now)
    }

    /// A snapshot is so far, in percent.
    pub fn stored(&mut self, snapshot: &str, percent: u8) {
        if let Some(Some(SnapshotStatus::Pending(known))) = self.snapshots.get_mut(snapshot) {
            *known = percent.min(99);
        }
    }

    /// Takes in how a step has ended.
    pub fn done(&mut self, step: &Step, result: Result<Gain, String>, now: Timestamp) {
        if let Step::Store(id) = step {
            return self.store_done(id, result);
        }
        self.busy = false;
        self.retry = None;
        match (step, result) {
            (Step::Ensure, Ok(Gain::Made { size_gib, snapshots })) => {
                self.size_gib = Some(size_gib);
                self.snapshots.extend(snapshots.into_iter().map(|id| (id, None)));
            }
            (Step::Ensure, Err(reason)) => self.failure = Some(reason),
            (Step::Freeze(id), Ok(_)) => {
                self.snapshots.insert(id.clone(), Some(SnapshotStatus::Pending(0)));
                self.queue.push(id.clone());
            }
            (Step::Freeze(id), Err(reason)) => drop(self.snapshots.insert(id.clone(), Some(SnapshotStatus::Failed(reason)))),
            (Step::ForgetSnapshot(id), Ok(_)) => drop(self.snapshots.remove(id)),
            (Step::Grow(size), Ok(_)) => self.size_gib = Some(*size),
            (Step::Limit(limits), Ok(_)) => self.limits = Some(*limits),
            (Step::Delete, Ok(_)) => self.deleted = true,
            _ => self.retry = Some(now + RETRY),
        }
    }

    fn store_done(&mut self, id: &str, result: Result<Gain, String>) {
        self.storing = false;
        self.queue.retain(|queued| queued != id);
        let status = match result {
            Ok(Gain::Stored { stored_bytes, full_bytes }) => SnapshotStatus::Completed { stored_bytes, full_bytes },
            Ok(_) => SnapshotStatus::Failed("nothing is known of it".into()),
            Err(reason) => SnapshotStatus::Failed(reason),
        };
        self.snapshots.insert(id.to_owned(), Some(status));
    }

    /// How it is, in the words of the control plane.
    pub fn status(&self, used_by: BTreeSet<String>) -> VolumeStatus {
        let state = match (&self.failure, self.size_gib, self.limits) {
            (Some(reason), ..) => VolumeState::Failed(reason.clone()),
            // One without its limits would give too much for a moment.
            (None, Some(_), Some(_)) => VolumeState::Ready,
            _ => VolumeState::Creating,
        };
        let snapshots = self.snapshots.iter().filter_map(|(id, status)| Some((id.clone(), status.clone()?)));
        VolumeStatus {
            state,
            size_gib: self.size_gib.unwrap_or(0),
            limits: self.limits.unwrap_or_default(),
            used_by,
            snapshots: snapshots.collect(),
        }
    }
}
