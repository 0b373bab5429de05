//! Machines of this host: EC2 instances, each with a boot, disks, interfaces and an end.
//!
//! [`MachineDriver`] is the seam to what runs them: system containers, virtual machines, the fake one of the tests. A driver decides nothing
//! about when a machine is started or ended, which disks it has or where it is plugged in (that is [`live`]'s business); it is only ever given
//! block devices and the state of its interfaces. The same contract suite (`tests/system_container/contract.rs`) runs on every driver.

pub mod container;
pub mod fake;
pub mod guest;
pub(crate) mod hands;
pub(crate) mod live;
pub mod shimmed;

pub use fake::FakeMachines;
pub use hands::Means;
pub use logic::machine::{Life, Seen};

use crate::network::MachineNetwork;
use agent_proto::{
    Missing,
    machine::{Disk, Halt, Kind, Machine},
};
use std::{collections::BTreeSet, path::PathBuf, sync::Arc};

/// A disk of a machine whose block device is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenDisk {
    /// As it is desired. An instance store is empty.
    pub disk: Disk,
    /// A block device of the host, such as `/dev/loop7`. It stays the same for as long as the machine has the disk.
    pub device: PathBuf,
    /// In bytes.
    pub size: u64,
}

/// What a machine is plugged in by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Door {
    /// A file that the machine's own network namespace is bound to, which belongs to the machine's user namespace where it has one. The
    /// network makes the interfaces in it, under their final names and with their addresses.
    Namespace(PathBuf),
    /// The machine has a kernel of its own: for each interface the network makes a tap device in the namespace of the VPC's router, which the
    /// driver opens ([`crate::network::Tap`]).
    Taps,
}

/// What a boot is made of.
#[derive(Clone, Debug)]
pub struct BootOrder {
    /// The machine as it is desired. Its disks and interfaces may be more than those that are ready, which are the ones below.
    pub machine: Machine,
    /// Its number; a driver keeps it and shows it in [`Seen`].
    pub boot: u32,
    /// Its disks, the root among them.
    pub disks: Vec<OpenDisk>,
    /// Where it is plugged in.
    pub network: MachineNetwork,
    /// Its last boot has ended in hibernation: its memory is kept. One that can't go on with it boots afresh.
    pub resume: bool,
    /// Where its memory is kept while it sleeps: with its root volume ([`blocks::MemoryPlace`]). `None`: nowhere, so it can't hibernate.
    pub memory: Option<PathBuf>,
}

/// How many bytes of a machine's console are kept.
pub const CONSOLE: usize = 64 * 1024;

/// Runs machines. Errors are sentences for people.
///
/// Machines outlive this process. Every method may be called again after it has failed or after the process was killed in it, with the same
/// result. Calls for different machines come at the same time; those for one machine one after another, but for
/// [`changed`](Self::changed), [`inspect`](Self::inspect), [`console`](Self::console) and [`halt`](Self::halt).
#[async_trait::async_trait]
pub trait MachineDriver: Send + Sync {
    /// Whether this driver runs machines of the kind.
    fn runs(&self, kind: &Kind) -> bool;

    /// Why no machine of a kind that it [`runs`](Self::runs) can run here now, in a sentence for people; `None` if one can.
    fn refuses(&self, kind: &Kind) -> Option<String> {
        let _ = kind;
        None
    }

    /// What this host lacks for these machines, found by trying.
    fn probe(&self) -> Vec<Missing>;

    /// Called once, before anything else: finds the machines that an earlier process has left, and removes what is left of half-started ones.
    /// Gives those that have traces here, whether they run or not.
    async fn recover(&self) -> Result<BTreeSet<String>, String>;

    /// Makes what a machine is plugged in by: the same until [`release`](Self::release), over reboots.
    async fn prepare(&self, machine: &Machine) -> Result<Door, String>;

    /// Starts a prepared machine. Returns when its process 1, or the guest, runs. One that runs already under the order's number is left alone.
    async fn start(&self, order: &BootOrder) -> Result<(), String>;

    /// Tells a machine to end; returns once it is told. With [`Halt::Ask`] its system is asked to shut down, with [`Halt::Force`] it ends at once
    /// and for sure, with [`Halt::Hibernate`] it ends when its memory is kept: an error says that it can't be, and that it runs on. One that
    /// doesn't run is no error.
    async fn halt(&self, id: &str, how: Halt) -> Result<(), String>;

    /// Tells a running machine to reboot; returns once it is told. [`Seen::reboots`] is `number` from when its system has begun anew. One
    /// that has counted so many already is left alone. With `force`, its system isn't asked.
    async fn reboot(&self, id: &str, number: u32, force: bool) -> Result<(), String>;

    /// How a machine is; `None` if it was never started, or was released.
    async fn inspect(&self, id: &str) -> Option<Seen>;

    /// Waits until [`inspect`](Self::inspect) answers otherwise than so, and gives that.
    async fn changed(&self, id: &str, from: &Seen) -> Option<Seen>;

    /// Gives a running machine a disk. One that it has is no error.
    async fn attach_disk(&self, id: &str, disk: &OpenDisk) -> Result<(), String>;

    /// Takes a disk from a running machine; returns when the machine holds it open no more. An error says that it is in use: it keeps it. With
    /// `force`, it is taken all the same. One that it doesn't have is no error.
    async fn detach_disk(&self, id: &str, disk: &OpenDisk, force: bool) -> Result<(), String>;

    /// A disk of a running machine has become larger.
    async fn grow_disk(&self, id: &str, disk: &OpenDisk) -> Result<(), String>;

    /// A running machine has other interfaces than before: all of them, as they are. Nothing to do where the machine has a namespace.
    async fn set_network(&self, id: &str, network: &MachineNetwork) -> Result<(), String> {
        let _ = (id, network);
        Ok(())
    }

    /// Bounds the processor time of a running machine, in 1/1024 of a processor ([`agent_proto::machine::Hardware::cpu_quota`]); `None` takes
    /// the bound away.
    async fn set_cpu_quota(&self, id: &str, quota: Option<u64>) -> Result<(), String>;

    /// Processor time that a machine's present boot has used, in milliseconds; 0 for one that doesn't run.
    async fn cpu_ms(&self, id: &str) -> u64;

    /// The last [`CONSOLE`] bytes of what a machine has written to its console, over all its boots. `None`: nothing is known of it.
    async fn console(&self, id: &str) -> Result<Option<Vec<u8>>, String>;

    /// The socket that is a running machine's serial console, bytes both ways; it is there while the machine runs. `None`: these have none.
    fn console_socket(&self, id: &str) -> Option<PathBuf> {
        let _ = id;
        None
    }

    /// A picture of what a machine has on its screen now, as JPEG. `None`: it has no screen, or doesn't run.
    async fn screenshot(&self, id: &str) -> Result<Option<Vec<u8>>, String> {
        let _ = id;
        Ok(None)
    }

    /// Ends a machine if it runs, and removes everything but its console and what it goes on with at the next boot: namespaces, control groups,
    /// processes, mounts, state. It can be prepared and started again.
    async fn release(&self, id: &str) -> Result<(), String>;

    /// [`release`](Self::release)s a machine and removes its last traces.
    async fn forget(&self, id: &str) -> Result<(), String>;

    /// Ends everything and removes every trace outside the data folder.
    async fn teardown(&self) -> Result<(), String>;
}

/// The drivers of a host.
#[derive(Clone, Default)]
pub struct Drivers(Vec<Arc<dyn MachineDriver>>);

impl Drivers {
    /// These drivers; where two run the same kind, the first does.
    pub fn new(drivers: Vec<Arc<dyn MachineDriver>>) -> Self {
        Self(drivers)
    }

    /// The driver for machines of the kind.
    ///
    /// # Errors
    /// A sentence for people, if there is none.
    pub fn of(&self, kind: &Kind) -> Result<&Arc<dyn MachineDriver>, String> {
        let kind_name = match kind {
            Kind::SystemContainer { .. } => "system containers",
            Kind::Guest { .. } => "virtual machines",
        };
        self.0.iter().find(|driver| driver.runs(kind)).ok_or_else(|| format!("this host can't run {kind_name}"))
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &Arc<dyn MachineDriver>> {
        self.0.iter()
    }
}
