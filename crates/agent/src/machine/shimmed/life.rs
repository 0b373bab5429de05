//! How a machine is, told from what its shim has left; and its end, where the shim can't bring it about.

use super::{
    Shimmed, block, console,
    record::{self, Ended, Held, JOB, State},
};
use crate::{
    disk::remove_all,
    machine::{Life, Seen},
    process,
};
use agent_proto::machine::OffCause;
use std::{path::Path, time::Duration};

/// Between two looks at something that can't be waited for.
pub(super) const LOOK: Duration = Duration::from_millis(5);
/// Between two looks at a machine that can't be watched.
const UNWATCHED: Duration = Duration::from_millis(500);
/// How often is looked before it is given up.
pub(super) const LOOKS: u32 = 2000;

impl Shimmed {
    /// How a machine is; one whose shim is gone is ended first.
    pub async fn look(&self, id: &str) -> Result<Option<Seen>, String> {
        let folder = self.folder(id);
        let Some(mut state) = State::load(&folder).map_err(text)? else { return Ok(None) };
        if state.ended.is_none() && !state.shim.is_alive() {
            state = self.lost(id, state).await?;
        }
        let life = match state.ended {
            Some(Ended { at, cause }) => Life::Ended { at, cause },
            None => Life::Running { since: state.since },
        };
        Ok(Some(Seen { boot: state.boot, reboots: state.reboots, life }))
    }

    /// The shim is dead: what it has not written will not be written any more. The machine dies with it, unless it has arranged otherwise.
    async fn lost(&self, id: &str, state: State) -> Result<State, String> {
        let _one = self.losses.lock().await;
        let folder = self.folder(id);
        // It may have written its last word, or another may have been here.
        let state = State::load(&folder).map_err(text)?.unwrap_or(state);
        if state.ended.is_some() {
            return Ok(state);
        }
        self.clear(id).await?;
        // A host that has begun anew has switched off what ran on it.
        let cause = match process::boot() {
            Ok(boot) if boot != state.shim.boot => OffCause::Told,
            _ => OffCause::Died("the process that supervised the machine was lost".into()),
        };
        let state = State { ended: Some(Ended { at: self.env.now(), cause }), ..state };
        state.save(&folder).map_err(text)?;
        Ok(state)
    }

    /// Ends everything of a machine that runs, whoever runs it, and waits until it holds its disks no more. Whoever starts something writes the
    /// job first: where there is none there is nothing to end, and not every process of the host is looked at for it. (A job that can't be read
    /// was torn by a crash of the host, in which everything has ended.)
    pub async fn clear(&self, id: &str) -> Result<(), String> {
        let Some(job) = record::load::<Held>(&self.folder(id).join(JOB)).map_err(text)? else { return Ok(()) };
        self.launcher.end_shims(&self.folder(id)).await;
        self.remove_group(&self.group(id)).await?;
        for _ in 0..LOOKS {
            if !job.disks.iter().any(|disk| block::in_use(&disk.device)) {
                return Ok(());
            }
            self.env.sleep(LOOK).await;
        }
        Err(format!("a disk of {id} is still mounted"))
    }

    /// Kills what is in a control group, and removes it.
    pub async fn remove_group(&self, group: &str) -> Result<(), String> {
        for _ in 0..LOOKS {
            self.cgroups.kill(group);
            if self.cgroups.remove(group).is_ok() {
                return Ok(());
            }
            self.env.sleep(LOOK).await;
        }
        self.cgroups.remove(group).map_err(|error| format!("the control group {group}: {error}"))
    }

    /// As [`MachineDriver::inspect`](crate::machine::MachineDriver::inspect).
    pub async fn inspect(&self, id: &str) -> Option<Seen> {
        match self.look(id).await {
            Ok(seen) => seen,
            Err(error) => {
                tracing::warn!(id, error, "the machine can't be looked at");
                None
            }
        }
    }

    /// As [`MachineDriver::changed`](crate::machine::MachineDriver::changed).
    pub async fn changed(&self, id: &str, from: &Seen) -> Option<Seen> {
        loop {
            let watch = self.watcher.watch(&self.folder(id)).await;
            let seen = self.inspect(id).await;
            if seen.as_ref() != Some(from) {
                return seen;
            }
            let Ok(mut watch) = watch else {
                // Looked at without being watched it isn't looked at all the time.
                self.env.sleep(UNWATCHED).await;
                continue;
            };
            let shim = State::load(&self.folder(id)).ok().flatten().filter(|state| state.ended.is_none());
            let shim = shim.and_then(|state| state.shim.open());
            let lost = async {
                match shim {
                    Some(shim) => shim.ended().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = watch.changed() => {}
                _ = lost => {}
            }
        }
    }

    /// Looks at every machine that an earlier process has left; one that was just being started is removed: nobody knows how far it came.
    pub async fn look_at_all(&self) {
        let machines = self.machines();
        for id in &machines {
            let found = match self.look(id).await {
                Ok(None) => self.clear(id).await,
                other => other.map(drop),
            };
            warn(id, found);
        }
        for stray in self.cgroups.children(&self.groups()).iter().filter(|id| !machines.contains(id)) {
            warn(stray, self.remove_group(&self.group(stray)).await);
        }
    }

    /// The last of what a machine has written to its console.
    pub fn console(&self, id: &str) -> Result<Option<Vec<u8>>, String> {
        console::tail(&self.folder(id)).map_err(text)
    }

    /// Removes all that is in a machine's folder but what is to be kept.
    pub fn remove_files(&self, id: &str, kept: &[&str]) -> Result<(), String> {
        let folder = self.folder(id);
        let goes = |name: &&String| !kept.contains(&&***name);
        names(&folder).iter().filter(goes).try_for_each(|name| remove_all(&folder.join(name))).map_err(text)
    }
}

/// The names in a folder; none, if there is no such folder.
pub fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

/// What can't be removed is left and said: one stubborn machine must not keep the server from starting.
pub fn warn(what: &str, done: Result<(), String>) {
    if let Err(error) = done {
        tracing::warn!(what, error, "can't be removed");
    }
}

/// An error as a sentence.
pub fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
