//! Instances: machines that somebody launched.

use super::Tags;
use crate::{Record, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A machine, under `i-…`.
///
/// `Spec` is written by EC2's handlers, `Plan` by the reconciler of instances. What the host sees of it stands in its hosted machine,
/// under the same key; its disks are the volumes that are attached to it, its interfaces those that are.
pub enum Instance {}

impl Record for Instance {
    const KIND: &'static str = "ec2/instance";
    type Spec = InstanceSpec;
    type Plan = InstancePlan;
    type Observed = ();
}

/// What an [`Instance`] is, and what somebody wants of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InstanceSpec {
    /// `ami-…`, which may have been deregistered since.
    pub image: String,
    /// What of the image the machine is made by; kept, since the image may go.
    pub boot: Boot,
    /// Such as `t3.micro`.
    pub instance_type: String,
    /// As it was launched with others.
    pub launch: Launch,
    /// The key pair whose public half its first boot installs.
    pub key: Option<InstanceKey>,
    /// What `RunInstances` was given, as bytes in base64.
    pub user_data: Option<String>,
    /// The instance profile.
    pub profile: Option<ProfileAssociation>,
    /// Where it is to run.
    pub placement: Placement,
    /// The VPC's id.
    pub vpc: String,
    /// Of the primary interface.
    pub subnet: String,
    /// The ids of its interfaces (each says itself as which device it is attached).
    pub interfaces: Vec<String>,
    /// The ids of its volumes (each says itself under which name it is attached).
    pub volumes: Vec<String>,
    /// Disks that are gone with a stop: name, and size in GiB.
    pub instance_store: Vec<(String, u32)>,
    /// What it is to do.
    pub wish: Wish,
    /// How often it was told to start, the launch counted: a start is a new boot, on whatever host there is.
    pub starts: u32,
    /// How often it was told to reboot.
    pub reboots: u32,
    /// What can be changed while it is there.
    pub attributes: InstanceAttributes,
    /// How its metadata service answers.
    pub metadata: MetadataOptions,
    /// Its tags.
    pub tags: Tags,
}

/// How a machine comes up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Boot {
    /// What runs it.
    pub machine: MachineKind,
    /// `x86_64`, `arm64`.
    pub architecture: String,
    /// `legacy-bios`, `uefi` or `uefi-preferred`, where the image says one.
    pub boot_mode: Option<String>,
    /// Such as `/dev/xvda`.
    pub root_device: String,
    /// The AMI's platform details, such as `Linux/UNIX`.
    pub platform_details: String,
}

/// What runs a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MachineKind {
    /// A system container whose root file system is the root volume's, which has a userland of its own.
    SystemContainer,
    /// A system container that shares the host's `/usr`: the quick start image.
    QuickStart,
    /// A virtual machine that boots from its root volume.
    Guest,
}

/// With which request an instance was launched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Launch {
    /// `r-…`.
    pub reservation: String,
    /// Its place among those of the request, from 0.
    pub index: i32,
    /// What makes a repeated request the same.
    pub client_token: Option<String>,
    /// When it was asked for; a start after a stop sets it anew, as `LaunchTime` is shown.
    pub at: Timestamp,
}

/// A key pair at the moment of the launch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceKey {
    /// The key pair's name.
    pub name: String,
    /// A line of `authorized_keys`.
    pub public_key: String,
}

/// An instance profile that is associated with an instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfileAssociation {
    /// `iip-assoc-…`.
    pub id: String,
    /// The profile's name, by which it is found in IAM.
    pub name: String,
    /// The profile's ARN.
    pub arn: String,
    /// The profile's id: `AIPA…`.
    pub profile_id: String,
    /// When it was associated.
    pub at: Timestamp,
}

/// Where an instance is to run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placement {
    /// The Availability Zone's name.
    pub zone: String,
    /// The placement group's name.
    pub group: Option<String>,
    /// The partition of that group, from 1.
    pub partition: Option<i32>,
    /// `default`, `dedicated` or `host`.
    pub tenancy: String,
}

/// What an instance is to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wish {
    /// Run.
    Run,
    /// Stop, and keep its volumes.
    Stop(Ending),
    /// End for good.
    Terminate(Ending),
}

/// How, when and why an instance is to stop or to end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ending {
    /// When it was asked for.
    pub at: Timestamp,
    /// Keep its memory for the next start.
    pub hibernate: bool,
    /// Without asking its system.
    pub force: bool,
    /// Why, as `stateReason` says it.
    pub reason: StateReason,
}

/// Why an instance is in its state: `stateReason`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateReason {
    /// Such as `Client.UserInitiatedShutdown`.
    pub code: String,
    /// Such as `Client.UserInitiatedShutdown: User initiated shutdown`.
    pub message: String,
}

/// What `ModifyInstanceAttribute` changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceAttributes {
    /// `disableApiTermination`.
    pub termination_protection: bool,
    /// `disableApiStop`.
    pub stop_protection: bool,
    /// `instanceInitiatedShutdownBehavior`: it ends when it shuts itself down, rather than stop.
    pub shutdown_terminates: bool,
    /// `ebsOptimized`.
    pub ebs_optimized: bool,
    /// `enaSupport`.
    pub ena_support: bool,
    /// `hibernationOptions.configured`; only at the launch.
    pub hibernation: bool,
    /// `monitoring`: detailed.
    pub detailed_monitoring: bool,
    /// `creditSpecification` of burstable types: unlimited.
    pub unlimited_credits: bool,
    /// `cpuOptions`: cores, threads per core.
    pub cpu_options: Option<(i32, i32)>,
    /// `maintenanceOptions.autoRecovery`: `default` or `disabled`.
    pub auto_recovery: String,
}

/// `MetadataOptions`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetadataOptions {
    /// `HttpEndpoint`.
    pub enabled: bool,
    /// `HttpTokens`: only with a token.
    pub tokens_required: bool,
    /// `HttpPutResponseHopLimit`: 1 to 64.
    pub hop_limit: i32,
    /// `InstanceMetadataTags`.
    pub tags: bool,
    /// `HttpProtocolIpv6`.
    pub ipv6: bool,
}

/// What the reconciler of instances has decided.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct InstancePlan {
    /// The state that was reached last.
    pub state: InstanceState,
    /// Since when it has been in that state.
    pub since: Timestamp,
    /// The start, of `InstanceSpec::starts`, that the state is about.
    pub start: u32,
    /// The host that it runs on.
    pub host: Option<String>,
    /// Why it is in that state.
    pub reason: Option<StateReason>,
    /// `StateTransitionReason`, such as `User initiated (2026-01-01 00:00:00 GMT)`.
    pub transition: String,
    /// It came to its stop by itself, and what follows from that.
    pub own_ending: Option<Ending>,
    /// It sleeps: its memory is on its root volume.
    pub hibernated: bool,
    /// Since when its system answers, for the status checks.
    pub reachable_since: Option<Timestamp>,
    /// Moments at which it entered states, by the states' names: what metering goes by.
    pub entered: BTreeMap<String, Timestamp>,
}

/// The states of an instance (EC2 user guide, "Instance state changes"); the codes are 0, 16, 32, 48, 64, 80.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InstanceState {
    /// It is being brought up.
    #[default]
    Pending,
    /// It runs.
    Running,
    /// It is being ended for good.
    ShuttingDown,
    /// It has ended for good; it is shown for an hour.
    Terminated,
    /// It is being stopped.
    Stopping,
    /// It is off.
    Stopped,
}
