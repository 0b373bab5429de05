//! What is known of a machine on its host, and how it is told to the control plane.

use super::{Life, Seen};
use agent_proto::{
    machine::{Backing, Disk, Halt, Interface, MachineState, MachineStatus, OffCause},
    network,
};
use model::Timestamp;
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

/// How far a machine has come.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// The boot that this is about; 0 before the first.
    pub boot: u32,
    /// Where that boot is on its way.
    pub stage: Stage,
    /// The reboots that were carried out, as [`agent_proto::machine::Machine::reboots`] counts them.
    pub reboots: u32,
    /// A reboot that is to come.
    pub rebooting: Option<(u32, Order<bool>)>,
    /// It was told to end.
    pub told: Option<Order<Halt>>,
    /// Its memory lies on its root disk.
    pub hibernated: bool,
    /// Its disks, by [`Disk::device`]: those that are open, may be, or are to be.
    pub disks: BTreeMap<String, DiskTrack>,
    /// What it is plugged in by has been made.
    pub prepared: bool,
    /// Its interfaces, by device.
    pub plugs: BTreeMap<u32, PlugTrack>,
    /// The bound of its processor time, as it is.
    pub cpu_quota: Option<u64>,
    /// How it was at the last look.
    #[serde(skip)]
    pub pulse: Pulse,
    /// Nothing of it is left.
    #[serde(skip)]
    pub forgotten: bool,
    /// What is being done.
    #[serde(skip)]
    pub(super) busy: BTreeSet<Lane>,
    /// What is not to be tried again before a moment.
    #[serde(skip)]
    pub(super) retry: BTreeMap<Lane, Timestamp>,
}

/// Where a boot is on its way.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Stage {
    /// There was none yet.
    #[default]
    Idle,
    /// It waits for its disks and its network.
    Waiting,
    /// It is being started.
    Starting,
    /// It runs.
    Running {
        /// Since when.
        since: Timestamp,
    },
    /// It runs no more, but holds its disks and its network.
    Ended {
        /// When it ended.
        at: Timestamp,
        /// Why.
        cause: OffCause,
    },
    /// Nothing of it is left but its console.
    Off {
        /// When it ended.
        at: Timestamp,
        /// Why.
        cause: OffCause,
    },
}

/// Something that a machine's system was told, and has to do within some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order<T> {
    /// What.
    pub what: T,
    /// When.
    pub at: Timestamp,
    /// It has been told.
    pub given: bool,
}

/// A disk that is open, or may be, or is to be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DiskTrack {
    /// As it was desired.
    pub disk: Disk,
    /// Its block device and its bytes, once they are known.
    pub device: Option<(PathBuf, u64)>,
    /// The machine has it.
    pub attached: bool,
    /// Why it can't be given, or taken.
    pub fault: Option<String>,
}

/// An interface that is plugged in, or may be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlugTrack {
    /// As it was desired.
    pub interface: Interface,
    /// The machine has it.
    pub plugged: bool,
    /// As this agent has plugged it in last.
    #[serde(skip)]
    pub current: Option<network::Interface>,
}

/// How a machine was at the last look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pulse {
    /// The last look; `None` before the first since its start or reboot.
    pub at: Option<Timestamp>,
    /// As in [`MachineStatus::reachable`].
    pub reachable: bool,
    /// As in [`MachineStatus::cpu_ms`].
    pub cpu_ms: u64,
}

/// Steps of one lane come one after another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Lane {
    /// Those about one disk.
    Disk(String),
    /// Those about interfaces.
    Network,
    /// Those that tell it to end: they overtake all others.
    Halt,
    /// Looks.
    Survey,
    /// All others.
    Power,
}

impl Progress {
    /// What an agent that comes back goes on with: steps that had been begun and not ended are begun again, and the machine is as it is found.
    pub fn resume(mut self, seen: Option<Seen>, now: Timestamp) -> Self {
        self.busy.clear();
        self.retry.clear();
        self.pulse = Pulse::default();
        // The network can only say what it has given by giving it again.
        self.plugs.values_mut().for_each(|plug| plug.current = None);
        match (&self.stage, seen) {
            (Stage::Waiting | Stage::Starting, None) => self.back_to_waiting(),
            (Stage::Waiting | Stage::Starting | Stage::Running { .. }, seen) => self.see(seen, now),
            // It was ended; whether it is still there, its release doesn't ask.
            (Stage::Idle | Stage::Ended { .. } | Stage::Off { .. }, _) => {}
        }
        self
    }

    /// Block devices may be others now; who asks for one that is there is given the same.
    fn back_to_waiting(&mut self) {
        self.stage = Stage::Waiting;
        self.prepared = false;
        self.disks.values_mut().for_each(|disk| disk.device = None);
    }

    /// The volumes that it has open, or may have.
    pub fn volumes(&self) -> impl Iterator<Item = &str> {
        self.disks.values().filter_map(|track| match &track.disk.backing {
            Backing::Volume(id) => Some(id.as_str()),
            Backing::InstanceStore(_) => None,
        })
    }

    /// How it is, in the words of the control plane.
    pub fn status(&self) -> MachineStatus {
        let has = |track: &&DiskTrack| track.attached || self.is_booting() && track.device.is_some();
        let faults = self.disks.values().filter_map(|track| Some((track.disk.device.clone(), track.fault.clone()?)));
        let plugged = self.plugs.values().filter(|plug| plug.plugged);
        MachineStatus {
            boot: self.boot,
            state: self.state(),
            reboots: self.reboots,
            disks: self.disks.values().filter(has).map(|track| track.disk.device.clone()).collect(),
            disk_faults: faults.collect(),
            interfaces: plugged.map(|plug| plug.interface.interface.clone()).collect(),
            reachable: self.pulse.reachable && self.is_running(),
            cpu_ms: self.pulse.cpu_ms,
        }
    }

    fn state(&self) -> MachineState {
        match &self.stage {
            Stage::Idle | Stage::Waiting | Stage::Starting => MachineState::Waiting,
            Stage::Running { .. } if self.told.is_some() => MachineState::Stopping,
            Stage::Running { since } => MachineState::Running { since: *since },
            Stage::Ended { .. } => MachineState::Stopping,
            Stage::Off { at, cause } => MachineState::Off { at: *at, cause: cause.clone() },
        }
    }

    /// How it is seen when nothing has happened since; `None` when it doesn't run.
    pub fn seen(&self) -> Option<Seen> {
        let Stage::Running { since } = self.stage else { return None };
        Some(Seen { boot: self.boot, reboots: self.reboots, life: Life::Running { since } })
    }

    /// It runs.
    pub fn is_running(&self) -> bool {
        matches!(self.stage, Stage::Running { .. })
    }

    pub(super) fn is_booting(&self) -> bool {
        matches!(self.stage, Stage::Waiting | Stage::Starting)
    }

    pub(super) fn is_free(&self, lane: &Lane, now: Timestamp) -> bool {
        !self.busy.contains(lane) && self.retry.get(lane).is_none_or(|at| *at <= now)
    }
}
