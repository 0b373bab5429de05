//! What a machine's shim is told.

use crate::{
    disk::replace,
    machine::shimmed::record::{self, JOB},
};
use serde::{Deserialize, Serialize};
use std::{
    io,
    net::IpAddr,
    path::{Path, PathBuf},
};

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

impl Job {
    /// Reads the job of a machine's folder; `None` if there is none, or a crash of the host has torn it.
    pub fn load(folder: &Path) -> io::Result<Option<Self>> {
        record::load(&folder.join(JOB))
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
