//! What drivers have in common whose machines have a shim each: a small process that outlives the server, starts what runs the machine, holds its
//! console, takes orders at a socket, waits for the end and leaves the reason in a file.
//!
//! ```text
//! <data>/<name>/<id>/       job.json, state.json, the console's text, and what the driver adds
//! <runtime>/<name>/<id>/    control, console (sockets), and what the driver adds
//! hillfog-<tag>/shims, hillfog-<tag>/<groups>/<id>    control groups
//! ```
//!
//! What a machine is made of, and what it is told, are the drivers' own affair.

pub mod block;
pub mod bounds;
pub mod console;
pub mod control;
mod life;
pub mod record;
mod watch;

pub use life::{names, text, warn};

use crate::{
    cgroup::Cgroups,
    disk::private_folder,
    driver::container::Places,
    shim::{Clock, Launcher},
};
use control::Answer;
use model::Env;
use record::State;
use serde::{Serialize, de::DeserializeOwned};
use std::{io, path::PathBuf};
use tokio::sync::Mutex;

/// How a driver's machines are told from those of others.
#[derive(Clone, Copy, Debug)]
pub struct Names {
    /// The driver's folders, in the data folder and in the runtime folder.
    pub folder: &'static str,
    /// The control group of its machines' groups, below the cloud's own.
    pub groups: &'static str,
    /// The subcommand of its shims.
    pub shim: &'static str,
}

/// The machines of a driver, and their shims.
pub struct Shimmed {
    /// How they are called.
    pub names: Names,
    /// Where they are.
    pub places: Places,
    /// The host's.
    pub cgroups: Cgroups,
    /// The cloud's clock.
    pub env: Env,
    /// The controllers that this host lacks: their bounds are left out, as `probe` says.
    pub unbounded: Vec<&'static str>,
    launcher: Launcher,
    /// Held while a lost shim's traces are removed.
    losses: Mutex<()>,
    watcher: watch::Watcher,
}

impl Shimmed {
    /// Makes the folders.
    pub fn new(names: Names, places: Places, env: Env) -> io::Result<Self> {
        private_folder(&places.data.join(names.folder))?;
        private_folder(&places.runtime.join(names.folder))?;
        let cgroups = Cgroups::detect()?;
        let unbounded = cgroups.missing(&format!("hillfog-{}", places.tag));
        let launcher = Launcher { program: places.program.clone(), env: env.clone() };
        Ok(Self {
            names,
            places,
            cgroups,
            env,
            unbounded,
            launcher,
            losses: Mutex::default(),
            watcher: watch::Watcher::default(),
        })
    }

    /// A machine's folder.
    pub fn folder(&self, id: &str) -> PathBuf {
        self.places.data.join(self.names.folder).join(id)
    }

    /// A machine's runtime folder.
    pub fn runtime(&self, id: &str) -> PathBuf {
        self.places.runtime.join(self.names.folder).join(id)
    }

    /// The socket of a running machine's serial console: bytes both ways.
    pub fn console_socket(&self, id: &str) -> PathBuf {
        self.runtime(id).join(record::CONSOLE_SOCKET)
    }

    /// The control group of all machines' groups.
    pub fn groups(&self) -> String {
        format!("hillfog-{}/{}", self.places.tag, self.names.groups)
    }

    /// A machine's control group.
    pub fn group(&self, id: &str) -> String {
        format!("{}/{id}", self.groups())
    }

    /// The control group of shims.
    pub fn shim_group(&self) -> String {
        format!("hillfog-{}/shims", self.places.tag)
    }

    /// The machines that have a folder.
    pub fn machines(&self) -> Vec<String> {
        names(&self.places.data.join(self.names.folder))
    }

    /// The machines that have a runtime folder.
    pub fn at_runtime(&self) -> Vec<String> {
        names(&self.places.runtime.join(self.names.folder))
    }

    /// The cloud's clock less the system's, in milliseconds.
    pub fn clock_offset_ms(&self) -> i64 {
        Clock::offset_of(&self.env)
    }

    /// Starts the shim of a machine whose job is written; returns when the machine runs.
    pub async fn launch(&self, id: &str) -> Result<(), String> {
        self.launcher.launch(self.names.shim, &self.folder(id)).await
    }

    /// The state of a machine that runs.
    pub fn running(&self, id: &str) -> Result<Option<State>, String> {
        let state = State::load(&self.folder(id)).map_err(text)?;
        Ok(state.filter(|state| state.ended.is_none() && state.shim.is_alive()))
    }

    /// Gives an order to a machine's shim. `None`: the machine doesn't run.
    pub async fn order<T>(&self, id: &str, order: impl Serialize + Send + 'static) -> Result<Option<T>, String>
    where
        T: DeserializeOwned + Send + 'static,
    {
        if self.running(id)?.is_none() {
            return Ok(None);
        }
        let runtime = self.runtime(id);
        let given = tokio::task::spawn_blocking(move || control::give(&runtime, &order)).await.map_err(text)?;
        match given {
            Ok(answer) => Answer::<T>::map(answer, Some),
            Err(_) if self.is_about_to_end(id).await? => Ok(None),
            Err(error) => Err(format!("the process that supervises {id} doesn't answer: {error}")),
        }
    }

    /// Whether a machine whose shim takes no orders has ended: a shim that takes none any more is cleaning up, which takes a moment.
    async fn is_about_to_end(&self, id: &str) -> Result<bool, String> {
        for _ in 0..life::LOOKS {
            if self.running(id)?.is_none() {
                return Ok(true);
            }
            self.env.sleep(life::LOOK).await;
        }
        Ok(false)
    }
}
