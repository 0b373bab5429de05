//! What a machine's shim is told, and what it leaves behind: the two files by which it and the agent know of each other.

use crate::{
    disk::{replace, write_whole},
    process::ProcessId,
};
use agent_proto::machine::OffCause;
use model::Timestamp;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::{
    fs, io,
    net::IpAddr,
    path::{Path, PathBuf},
};

/// The file name of [`Job`].
pub const JOB: &str = "job.json";
/// The file name of [`State`].
pub const STATE: &str = "state.json";
/// The file name of what was written to the console.
pub const CONSOLE: &str = "console";
/// In the runtime folder, the socket that the shim takes orders at.
pub const CONTROL_SOCKET: &str = "control";
/// In the runtime folder, the socket that is the machine's serial console: bytes from and to its `/dev/console`.
pub const CONSOLE_SOCKET: &str = "console";

/// Everything that a shim needs to know.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Job {
    /// `i-…`.
    pub machine: String,
    /// The number of the boot.
    pub boot: u32,
    /// The reboots that have been counted before it.
    pub reboots: u32,
    /// This file's folder.
    pub folder: PathBuf,
    /// The machine's namespaces, sockets, and the places of its mounts while they are made.
    pub runtime: PathBuf,
    /// The host's id of the machine's root.
    pub base: u32,
    /// Its first host name.
    pub hostname: String,
    /// `/usr` is the host's.
    pub host_userland: bool,
    /// Its disks; exactly one is the root.
    pub disks: Vec<JobDisk>,
    /// For its resolver.
    pub name_servers: Vec<IpAddr>,
    /// For its resolver.
    pub search: Vec<String>,
    /// Its processors.
    pub vcpus: u32,
    /// Its memory in MiB.
    pub memory_mib: u64,
    /// Its control group, without a slash at the beginning.
    pub cgroup: String,
    /// The control group that shims are in.
    pub shim_cgroup: String,
    /// The cloud's clock less the system's, in milliseconds.
    pub clock_offset_ms: i64,
}

/// A disk, as a machine is given it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobDisk {
    /// As the user called it: `/dev/sdf`.
    pub name: String,
    /// The host's block device.
    pub device: PathBuf,
    /// `vol-…`, if it is a volume.
    pub volume: Option<String>,
    /// The machine's root file system is on it.
    pub root: bool,
}

/// How a machine is, written by its shim alone while that lives.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// As in the job.
    pub boot: u32,
    /// The reboots that have been counted.
    pub reboots: u32,
    /// The shim.
    pub shim: ProcessId,
    /// Process 1.
    pub init: ProcessId,
    /// When process 1 was started.
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

impl Job {
    /// Reads the job of a machine's folder; `None` if there is none, or a crash of the host has torn it.
    pub fn load(folder: &Path) -> io::Result<Option<Self>> {
        load(&folder.join(JOB))
    }

    /// Writes the job into the machine's folder.
    pub fn save(&self) -> io::Result<()> {
        replace(&self.folder.join(JOB), &serde_json::to_vec(self).map_err(io::Error::other)?)
    }

    /// The disk that the root file system is on.
    pub fn root(&self) -> io::Result<&JobDisk> {
        self.disks.iter().find(|disk| disk.root).ok_or_else(|| io::Error::other("the machine has no root disk"))
    }
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

fn load<T: DeserializeOwned>(path: &Path) -> io::Result<Option<T>> {
    match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        other => Ok(serde_json::from_slice(&other?).ok()),
    }
}
