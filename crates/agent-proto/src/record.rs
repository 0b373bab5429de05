//! The records by which services and hosts meet: a service's reconciler places a workload, the host's link reports on it.

use crate::{
    machine::{Machine, MachineStatus},
    volume::{Volume, VolumeStatus},
    workload::{Status, Workload},
};
use model::Record;
use serde::{Deserialize, Serialize};

/// A workload on a host, under its [`Workload::id`].
///
/// `Spec` is written by the reconciler of the service that wants the workload, which also deletes the record once
/// [`Status::cleaned`] is set; `Observed` is written by the link to the host.
pub enum Hosted {}

/// What [`Hosted`] asks for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HostedSpec {
    /// The host's name; `local` is the machine that the server runs on.
    pub host: String,
    /// What it is to run.
    pub workload: Workload,
}

impl Record for Hosted {
    const KIND: &'static str = "host/workload";
    type Spec = HostedSpec;
    type Plan = ();
    type Observed = Status;
}

/// The name of the machine that the server itself runs on.
pub const LOCAL_HOST: &str = "local";

/// A machine on a host, under the key of its EC2 instance.
///
/// `Spec` is written by the reconciler of instances, which also deletes the record; `Observed` by the link to the host.
pub enum HostedMachine {}

/// What [`HostedMachine`] asks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HostedMachineSpec {
    /// The host's name.
    pub host: String,
    /// What it is to run.
    pub machine: Machine,
}

impl Record for HostedMachine {
    const KIND: &'static str = "host/machine";
    type Spec = HostedMachineSpec;
    type Plan = ();
    type Observed = MachineStatus;
}

/// A volume on a host, under the key of its EC2 volume.
///
/// `Spec` is written by the reconciler of volumes, which also deletes the record; `Observed` by the link to the host. Its data keys stand
/// here as they are kept: sealed, to be opened on their way to the host.
pub enum HostedVolume {}

/// What [`HostedVolume`] asks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HostedVolumeSpec {
    /// The host's name.
    pub host: String,
    /// What it is to keep.
    pub volume: Volume,
}

impl Record for HostedVolume {
    const KIND: &'static str = "host/volume";
    type Spec = HostedVolumeSpec;
    type Plan = ();
    type Observed = VolumeStatus;
}
