//! What a machine's shim leaves behind, by which it and the agent know of each other.

use crate::{
    disk::{replace, write_whole},
    process::ProcessId,
};
use agent_proto::machine::OffCause;
use model::Timestamp;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// In a machine's folder, what its shim is told.
pub const JOB: &str = "job.json";
/// The file name of [`State`].
pub const STATE: &str = "state.json";
/// The file name of what was written to the console.
pub const CONSOLE: &str = "console";
/// In the runtime folder, the socket that the shim takes orders at.
pub const CONTROL_SOCKET: &str = "control";
/// In the runtime folder, the socket that is the machine's serial console: bytes both ways.
pub const CONSOLE_SOCKET: &str = "console";

/// How a machine is, written by its shim alone while that lives.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// As in the job.
    pub boot: u32,
    /// The reboots that have been counted.
    pub reboots: u32,
    /// The shim.
    pub shim: ProcessId,
    /// What the machine ends with: its process 1, or its monitor.
    pub init: ProcessId,
    /// When its system began.
    pub since: Timestamp,
    /// How it ended.
    pub ended: Option<Ended>,
}

/// How a machine ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ended {
    /// When.
    pub at: Timestamp,
    /// Why.
    pub cause: OffCause,
}

/// What every job names: the block devices that its machine holds.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Held {
    /// One for each disk.
    pub disks: Vec<HeldDisk>,
}

/// A block device that is held.
#[derive(Clone, Debug, Deserialize)]
pub struct HeldDisk {
    /// The host's.
    pub device: PathBuf,
}

impl State {
    /// Reads the state of a machine's folder; `None` if no shim has ever got so far, or a crash of the host has torn it.
    pub fn load(folder: &Path) -> io::Result<Option<Self>> {
        load(&folder.join(STATE))
    }

    /// Writes the state into a machine's folder; on the disk before this returns, if it is about the machine's end.
    pub fn save(&self, folder: &Path) -> io::Result<()> {
        let text = serde_json::to_vec(self).map_err(io::Error::other)?;
        match self.ended {
            Some(_) => write_whole(&folder.join(STATE), &text),
            None => replace(&folder.join(STATE), &text),
        }
    }
}

/// Reads a record; `None` if there is none, or a crash of the host has torn it.
pub fn load<T: DeserializeOwned>(path: &Path) -> io::Result<Option<T>> {
    match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        other => Ok(serde_json::from_slice(&other?).ok()),
    }
}
