//! What the driver does when the server comes back: takes over the shims that still run, and removes what is left of the others.

use super::container::{ContainerDriver, names, text};
use crate::{
    cgroup::{GUESTS, MACHINES},
    disk::remove_all,
    shim::{Job, State},
};
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

/// What an earlier process has left of a container.
enum Left {
    /// It runs.
    Running(Job),
    /// It has ended; its shim still cleans up, or waits to write the last of the output.
    Ending(Job),
    /// Nothing that goes on. One that was just being started counts as this: nobody knows how far it came.
    Nothing,
}

impl ContainerDriver {
    /// Finds what runs. A container is taken over by doing nothing: its shim needs nobody.
    ///
    /// What can't be removed is left and said: one stubborn folder must not keep the server from starting.
    pub(super) async fn adopt(&self) -> Result<BTreeSet<String>, String> {
        let mut running = BTreeSet::new();
        let mut runtimes = BTreeSet::new();
        for workload in names(&self.places.data.join("containers")) {
            for id in self.containers(&workload) {
                let folder = self.folder(&id);
                match self.look(&folder).await? {
                    Left::Running(job) => {
                        running.insert(workload.clone());
                        runtimes.insert(job.runtime);
                    }
                    Left::Ending(job) => drop(runtimes.insert(job.runtime)),
                    Left::Nothing => warn(&format!("what is left of {id}"), self.end(&folder).await),
                }
            }
        }
        self.remove_strays(&running, &runtimes).await;
        Ok(running)
    }

    async fn look(&self, folder: &Path) -> Result<Left, String> {
        let (Ok(job), Some(state)) = (Job::load(folder), State::load(folder).map_err(text)?) else {
            return Ok(Left::Nothing);
        };
        if !state.shim.is_alive() {
            return self.lost(folder).map(|_| Left::Nothing).map_err(text);
        }
        Ok(if state.exit.is_none() { Left::Running(job) } else { Left::Ending(job) })
    }

    /// Control groups and runtime folders that belong to nothing that runs.
    async fn remove_strays(&self, running: &BTreeSet<String>, runtimes: &BTreeSet<PathBuf>) {
        let root = self.root_group();
        for group in self.cgroups.children(&root) {
            if !["shims", MACHINES, GUESTS].contains(&&*group) && !running.contains(&group) {
                warn(&group, self.remove_group(&format!("{root}/{group}")).await);
            }
        }
        let shims = self.places.runtime.join("shims");
        for runtime in names(&shims).into_iter().map(|name| shims.join(name)) {
            if !runtimes.contains(&runtime) {
                warn(&runtime.display().to_string(), remove_all(&runtime).map_err(text));
            }
        }
    }
}

fn warn(what: &str, removed: Result<(), String>) {
    if let Err(error) = removed {
        tracing::warn!(what, error, "can't be removed");
    }
}
