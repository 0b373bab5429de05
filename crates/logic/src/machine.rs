//! How a machine goes on its host: what is next, given what is wished of it and how far it has come.
//!
//! [`Progress`] is all that the host's agent knows of a machine. [`Progress::next`] gives the steps to be carried out now and notes them as
//! begun, [`Progress::done`] takes in how one has ended, [`Progress::see`] what the machine was seen to do by itself, and
//! [`Progress::wake`] says when time alone will call for the next look. Which machines there are, on which host, and what follows from the
//! end of one is decided elsewhere (`instance`).
//!
//! The rules that everything here serves: a boot has one start, however often the agent dies; a machine starts when it has all its
//! disks and interfaces, and never before; a disk is taken from a machine that runs, or closed after its end, and always closed once.

mod disks;
mod next;
mod observe;
mod power;
mod progress;
#[cfg(test)]
mod tests;

pub use progress::{DiskTrack, Order, PlugTrack, Progress, Pulse, Stage};

use agent_proto::{
    machine::{Disk, Halt, Interface, Machine, OffCause},
    network,
    volume::VolumeStatus,
};
use model::Timestamp;
use std::{collections::BTreeMap, path::PathBuf};

/// What is wished of a machine, and what the host has for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Wish {
    /// As it is desired; as it last was, when it isn't any more.
    pub machine: Machine,
    /// It is desired no more: it ends at once and leaves no trace.
    pub vanish: bool,
    /// Its interfaces, of those that the host's network has been told of, by id.
    pub interfaces: BTreeMap<String, network::Interface>,
    /// Its volumes, of those that the host knows, by id.
    pub volumes: BTreeMap<String, VolumeStatus>,
}

/// Something that the agent has to do for a machine. Each is begun once; how it went comes back by [`Progress::done`].
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Open a volume, or make an instance store. Gains a [`Gain::Device`].
    Open(Disk),
    /// Give a disk to the machine, which runs.
    Attach(String),
    /// Tell the machine, which runs, that a disk has so many bytes now.
    Grow(String, u64),
    /// Take a disk from the machine, which runs.
    Detach {
        /// [`Disk::device`].
        device: String,
        /// Though it is in use.
        force: bool,
    },
    /// Close a volume, or delete an instance store.
    Close(String),
    /// Make what it is plugged in by.
    Prepare,
    /// Plug an interface in, or bring it up to date.
    Plug(Interface, network::Interface),
    /// Unplug an interface.
    Unplug(Interface),
    /// Boot it, with what is open and plugged in. Gains a [`Gain::Seen`].
    Start {
        /// The number of the boot.
        boot: u32,
        /// Its memory is on its root disk.
        resume: bool,
    },
    /// Tell it to end.
    Halt(Halt),
    /// Tell it to reboot.
    Reboot {
        /// As [`Machine::reboots`] says.
        number: u32,
        /// Without asking its system.
        force: bool,
    },
    /// Bound its processor time.
    Limit(Option<u64>),
    /// Look how it is. Gains a [`Gain::Pulse`].
    Survey,
    /// It has ended and its disks are closed: remove what else it had, but for its console.
    Release,
    /// Remove its last traces.
    Forget,
}

/// What a step has gained.
#[derive(Clone, Debug, PartialEq)]
pub enum Gain {
    /// It is done.
    Nothing,
    /// A block device and its bytes.
    Device(PathBuf, u64),
    /// The machine, as it was seen after its start.
    Seen(Option<Seen>),
    /// How it is.
    Pulse {
        /// Its system answers on its network.
        reachable: bool,
        /// Processor time of its present boot.
        cpu_ms: u64,
    },
}

/// How a machine is.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// The number of the boot that this is about.
    pub boot: u32,
    /// The highest number of a reboot that was told and carried out in this boot; at first that of [`Machine::reboots`]. What reboots by
    /// itself goes on under the same boot and isn't counted.
    pub reboots: u32,
    /// Whether it runs.
    pub life: Life,
}

/// Whether a machine runs.
#[derive(Clone, Debug, PartialEq)]
pub enum Life {
    /// It runs.
    Running {
        /// Its start, or its last reboot.
        since: Timestamp,
    },
    /// It has ended, and holds none of its disks open any more: what it wrote has reached the block devices.
    Ended {
        /// When.
        at: Timestamp,
        /// [`OffCause::Itself`] for an orderly shutdown, whether it was asked or not; [`OffCause::Hibernated`];
        /// [`OffCause::Died`] for everything else. (That it was told so, who told it knows.)
        cause: OffCause,
    },
}
