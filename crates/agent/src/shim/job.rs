//! What a shim is told, and what it leaves behind: the two files by which it and the agent know of each other.

use crate::{
    disk::{replace, write_whole},
    image::ImageConfig,
    network::ContainerNetwork,
    process::ProcessId,
};
use agent_proto::workload;
use model::Timestamp;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

/// Everything that a shim needs to know, in [`JOB`] of the container's folder.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Job {
    /// 64 hexadecimal digits.
    pub runtime_id: String,
    /// The container's folder: this file, its state, output, and the writable layer.
    pub folder: PathBuf,
    /// A folder on a volatile file system with a short path, for the runtime library's own state and sockets.
    pub runtime: PathBuf,
    /// What to run.
    pub container: workload::Container,
    /// What the image says.
    pub image: ImageConfig,
    /// The image's layers, the lowest first.
    pub layers: Vec<PathBuf>,
    /// The container's network.
    pub network: ContainerNetwork,
    /// The container's host name.
    pub hostname: String,
    /// Folders of the host by volume name.
    pub volumes: BTreeMap<String, PathBuf>,
    /// The container's control group, without a slash at the beginning.
    pub cgroup: String,
    /// The control group that shims are in.
    pub shim_cgroup: String,
    /// The cloud's clock less the system's, in milliseconds.
    pub clock_offset_ms: i64,
    /// How much output is kept, in bytes, before the container has to wait for it to be collected.
    pub output_bytes: u64,
}

/// The file name of [`Job`].
pub const JOB: &str = "job.json";
/// The file name of [`State`].
pub const STATE: &str = "state.json";
/// The folder of the output's segments.
pub const OUTPUT: &str = "output";

/// How a container is, written by its shim alone, in [`STATE`] of the container's folder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// As in the job.
    pub runtime_id: String,
    /// The shim.
    pub shim: ProcessId,
    /// Process 1 of the container.
    pub init: Option<ProcessId>,
    /// When process 1 was started.
    pub started_at: Option<Timestamp>,
    /// How it ended.
    pub exit: Option<Exit>,
    /// Its last line has been written.
    pub output_complete: bool,
}

/// How a container ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Exit {
    /// When.
    pub at: Timestamp,
    /// Its exit code, 128 plus the number of the signal that ended it; `None` if it isn't known.
    pub code: Option<i32>,
    /// ECS's words where there is more to say, such as `OutOfMemoryError: …`.
    pub reason: Option<String>,
}

impl Job {
    /// Reads the job of a container's folder.
    pub fn load(folder: &Path) -> io::Result<Self> {
        serde_json::from_slice(&fs::read(folder.join(JOB))?).map_err(io::Error::other)
    }

    /// Writes the job into the container's folder.
    pub fn save(&self) -> io::Result<()> {
        replace(&self.folder.join(JOB), &serde_json::to_vec(self).map_err(io::Error::other)?)
    }
}

impl State {
    /// Reads the state of a container's folder; `None` if no shim has ever got so far, or a crash of the machine has torn it.
    pub fn load(folder: &Path) -> io::Result<Option<Self>> {
        match fs::read(folder.join(STATE)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            other => Ok(serde_json::from_slice(&other?).ok()),
        }
    }

    /// Writes the state into a container's folder; on the disk before this returns, if it is about the container's end.
    pub fn save(&self, folder: &Path) -> io::Result<()> {
        let text = serde_json::to_vec(self).map_err(io::Error::other)?;
        match self.exit {
            Some(_) => write_whole(&folder.join(STATE), &text),
            None => replace(&folder.join(STATE), &text),
        }
    }
}
