//! What a guest's shim is told, and what it notes of one that sleeps.

use crate::{
    disk::{replace, write_whole},
    machine::shimmed::record::{self, JOB},
};
use serde::{Deserialize, Serialize};
use std::{
    io,
    path::{Path, PathBuf},
};

/// In a guest's folder, [`Asleep`].
pub const ASLEEP: &str = "asleep.json";
/// In a guest's folder, what its UEFI remembers.
pub const NVRAM: &str = "nvram";
/// In a guest's folder, what its monitor has said.
pub const LOG: &str = "monitor.log";
/// In a guest's folder, the last picture of its screen.
pub const SCREEN: &str = "screen.ppm";

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
    /// The guest's sockets.
    pub runtime: PathBuf,
    /// As whom the monitor runs: user and group.
    pub user: u32,
    /// The monitor's program.
    pub monitor: PathBuf,
    /// What the guest is made of.
    pub build: Build,
    /// It is to go on with its memory, if it can.
    pub resume: bool,
    /// Where its memory is kept while it sleeps ([`blocks::MemoryPlace`]); `None`: nowhere.
    pub memory: Option<PathBuf>,
    /// Its disks; exactly one is the root.
    pub disks: Vec<JobDisk>,
    /// Its interfaces.
    pub interfaces: Vec<JobInterface>,
    /// Its control group, without a slash at the beginning.
    pub cgroup: String,
    /// The control group that shims are in.
    pub shim_cgroup: String,
    /// The cloud's clock less the system's, in milliseconds.
    pub clock_offset_ms: i64,
}

/// What a guest is made of, beside what can be plugged in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Build {
    /// Run by KVM rather than emulated.
    pub kvm: bool,
    /// Its processors.
    pub vcpus: u32,
    /// Its memory in MiB.
    pub memory_mib: u64,
    /// UEFI rather than a legacy BIOS.
    pub firmware: Option<Firmware>,
}

/// UEFI.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Firmware {
    /// The program.
    pub code: PathBuf,
    /// What a new machine's variables are.
    pub variables: PathBuf,
}

/// A disk, as a guest is given it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobDisk {
    /// As the user called it: `/dev/sdf`.
    pub name: String,
    /// The host's block device.
    pub device: PathBuf,
    /// What the guest sees as the disk's serial number.
    pub serial: String,
    /// The guest boots from it.
    pub root: bool,
    /// Where it is plugged in ([`super::ports`]).
    pub port: u32,
}

/// An interface, as a guest is given it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobInterface {
    /// `eni-…`.
    pub id: String,
    /// `02:…`.
    pub mac: String,
    /// The namespace of its tap device.
    pub netns: PathBuf,
    /// The name of its tap device.
    pub tap: String,
    /// Where it is plugged in.
    pub port: u32,
}

/// What a guest was when it fell asleep: its memory is of use to the same only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asleep {
    /// Likewise.
    pub build: Build,
    /// Likewise.
    pub disks: Vec<JobDisk>,
    /// Likewise.
    pub interfaces: Vec<JobInterface>,
}

impl Job {
    /// Reads the job of a guest's folder; `None` if there is none, or a crash of the host has torn it.
    pub fn load(folder: &Path) -> io::Result<Option<Self>> {
        record::load(&folder.join(JOB))
    }

    /// Writes the job into the guest's folder.
    pub fn save(&self) -> io::Result<()> {
        replace(&self.folder.join(JOB), &serde_json::to_vec(self).map_err(io::Error::other)?)
    }

    /// What is taken by disks and interfaces.
    pub fn ports(&self) -> impl Iterator<Item = u32> {
        self.disks.iter().map(|disk| disk.port).chain(self.interfaces.iter().map(|it| it.port))
    }
}

impl Asleep {
    /// What is to be noted of a guest.
    pub fn of(job: &Job) -> Self {
        Self { build: job.build.clone(), disks: job.disks.clone(), interfaces: job.interfaces.clone() }
    }

    /// Reads what was noted; `None` if nothing sleeps here.
    pub fn load(folder: &Path) -> io::Result<Option<Self>> {
        record::load(&folder.join(ASLEEP))
    }

    /// Notes it: on the disk before this returns.
    pub fn save(&self, folder: &Path) -> io::Result<()> {
        write_whole(&folder.join(ASLEEP), &serde_json::to_vec(self).map_err(io::Error::other)?)
    }
}
