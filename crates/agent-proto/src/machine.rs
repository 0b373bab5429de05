//! Machines: EC2 instances on a host, as system containers or as virtual machines.

use model::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A machine that a host is to have.
///
/// All but its id, kind and VPC may change while it is desired; `hardware` takes effect with the next boot, but for its CPU bound. A machine
/// that is absent from what is desired is ended at once and its traces are removed; its volumes stay, since they are desired by themselves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    /// `i-…`.
    pub id: String,
    /// Whether it is to be on.
    pub power: Power,
    /// How often it was told to reboot. A host that has counted fewer reboots it.
    pub reboots: u32,
    /// What runs it.
    pub kind: Kind,
    /// What it has.
    pub hardware: Hardware,
    /// Its first host name.
    pub hostname: String,
    /// The VPC's id.
    pub vpc: String,
    /// Its network interfaces; device 0 is the primary one.
    pub interfaces: Vec<Interface>,
    /// Its disks; exactly one is the root. One that is absent is taken from it, as soon as its system doesn't use it any more.
    pub disks: Vec<Disk>,
    /// Of the absent disks, those that are taken though its system uses them, by [`Disk::device`].
    #[serde(default)]
    pub forced_out: BTreeSet<String>,
}

/// Whether a machine is to be on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Power {
    /// On. A boot of a higher number than that of the machine's last state is a new one; under the same number, one that has ended by itself
    /// stays off.
    On {
        /// Counts from 1.
        boot: u32,
    },
    /// Off for a while, in the middle of a reboot: its system is asked to end as for [`Halt::Ask`], and its instance stores stay.
    Pause {
        /// The boot that is to end.
        boot: u32,
    },
    /// Off.
    Off {
        /// The boot that is to end.
        boot: u32,
        /// How.
        how: Halt,
    },
}

/// How a machine is switched off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Halt {
    /// Its system is asked, and given two minutes.
    Ask,
    /// At once.
    Force,
    /// Its memory goes to its root volume; the next boot goes on with it.
    Hibernate,
}

/// What runs a machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A system container: the root disk holds a file system, which becomes its root.
    SystemContainer {
        /// `/usr` is the host's, with what the machine changes on the root disk.
        host_userland: bool,
    },
    /// A virtual machine: the root disk holds a boot loader.
    Guest {
        /// UEFI rather than a legacy BIOS.
        uefi: bool,
    },
}

/// What a machine has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hardware {
    /// Processors.
    pub vcpus: u32,
    /// Memory in MiB.
    pub memory_mib: u64,
    /// CPU bound in 1/1024 of a processor, where it is less than its processors: a burstable type without credits.
    pub cpu_quota: Option<u64>,
}

/// An interface of a machine.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Interface {
    /// `eth<device>` in a system container.
    pub device: u32,
    /// [`crate::network::Interface::id`].
    pub interface: String,
}

/// A disk of a machine.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Disk {
    /// The name that the user gave it, such as `/dev/sdf`; `/dev/xvda` and its like are what a machine calls it.
    pub device: String,
    /// What is on it.
    pub backing: Backing,
    /// The machine boots from it.
    pub root: bool,
}

/// What is on a disk.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Backing {
    /// A volume by [`crate::volume::Volume::id`].
    Volume(String),
    /// An instance store of so many GiB, empty with each boot that isn't a reboot. [`Power::Pause`] is part of one.
    InstanceStore(u32),
}

/// How a machine is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MachineStatus {
    /// The boot that this is about; 0 before the first.
    pub boot: u32,
    /// Where it is on its way.
    pub state: MachineState,
    /// The reboots that were carried out.
    pub reboots: u32,
    /// The disks that it has, by [`Disk::device`].
    pub disks: BTreeSet<String>,
    /// The disks that it can't be given, or that can't be taken, by [`Disk::device`]: why.
    pub disk_faults: BTreeMap<String, String>,
    /// The interfaces that it has, by id.
    pub interfaces: BTreeSet<String>,
    /// Its system answers on its network (the instance status check).
    pub reachable: bool,
    /// Processor time that its present boot has used, in milliseconds: what CPU credits are spent by.
    pub cpu_ms: u64,
}

/// A machine's way.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MachineState {
    /// It waits for its volumes or its network.
    #[default]
    Waiting,
    /// Its system has been started.
    Running {
        /// When.
        since: Timestamp,
    },
    /// It was told to end, and has not yet.
    Stopping,
    /// It is off.
    Off {
        /// Since when.
        at: Timestamp,
        /// Why.
        cause: OffCause,
    },
}

/// Why a machine is off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OffCause {
    /// It was told so.
    Told,
    /// It was told so, and its memory is kept.
    Hibernated,
    /// Its own system has shut it down.
    Itself,
    /// It died: a sentence for people.
    Died(String),
    /// It could not be started: a sentence for people.
    NotStarted(String),
}
