//! How a machine is, told from what its shim has left; and its end, where the shim can't bring it about.

use super::{
    block, door,
    driver::SystemContainers,
    job::{Ended, Job, State},
};
use crate::machine::{Life, Seen};
use agent_proto::machine::OffCause;
use std::{io, path::Path, time::Duration};

/// Between two looks at something that can't be waited for.
const LOOK: Duration = Duration::from_millis(5);
/// How often is looked before it is given up.
const LOOKS: u32 = 2000;

impl SystemContainers {
    /// How a machine is; one whose shim is gone is ended first.
    pub(super) async fn look(&self, id: &str) -> Result<Option<Seen>, String> {
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
        let cause = OffCause::Died("the process that supervised the machine was lost".into());
        let state = State { ended: Some(Ended { at: self.env.now(), cause }), ..state };
        state.save(&folder).map_err(text)?;
        Ok(state)
    }

    /// Ends everything of a machine that runs, whoever runs it, and waits until it holds its disks no more.
    pub(super) async fn clear(&self, id: &str) -> Result<(), String> {
        self.launcher.end_shims(&self.folder(id)).await;
        self.remove_group(&self.group(id)).await?;
        let Some(job) = Job::load(&self.folder(id)).map_err(text)? else { return Ok(()) };
        for _ in 0..LOOKS {
            if !job.disks.iter().any(|disk| block::in_use(&disk.device)) {
                return Ok(());
            }
            self.env.sleep(LOOK).await;
        }
        Err(format!("a disk of {id} is still mounted"))
    }

    /// Kills what is in a control group, and removes it.
    pub(super) async fn remove_group(&self, group: &str) -> Result<(), String> {
        for _ in 0..LOOKS {
            self.cgroups.kill(group);
            if self.cgroups.remove(group).is_ok() {
                return Ok(());
            }
            self.env.sleep(LOOK).await;
        }
        self.cgroups.remove(group).map_err(|error| format!("the control group {group}: {error}"))
    }

    /// Lets go of the machine's namespaces and removes the runtime folder.
    pub(super) fn close_door(&self, id: &str) -> io::Result<()> {
        let runtime = self.runtime(id);
        door::remove(&runtime)?;
        crate::disk::remove_all(&runtime)
    }
}

/// The names in a folder; none, if there is no such folder.
pub(super) fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

pub(super) fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
