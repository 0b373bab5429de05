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
    /// How its capacity is bought.
    #[serde(default)]
    pub purchase: PurchaseOption,
    /// The VPC's id.
    pub vpc: String,
    /// Of the primary interface.
    pub subnet: String,
    /// The ids of its interfaces (each says itself as which device it is attached).
    pub interfaces: Vec<String>,
    /// Its primary interface gets a public address with each start.
    #[serde(default)]
    pub public_address: bool,
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
    /// What is to be done with its disks while its system is down, in the middle of a reboot: each in its turn.
    #[serde(default)]
    pub interludes: Vec<Interlude>,
    /// What can be changed while it is there.
    pub attributes: InstanceAttributes,
    /// How its metadata service answers.
    pub metadata: MetadataOptions,
    /// What its host name is made of.
    #[serde(default)]
    pub private_dns: PrivateDnsOptions,
    /// What is to be done with it at a time.
    #[serde(default)]
    pub events: Vec<ScheduledEvent>,
    /// Its tags.
    pub tags: Tags,
}

/// A reboot with something in its middle: its system ends, the work is done with its disks, and it boots again. It runs all the while, as the
/// API tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interlude {
    /// The id of what it is for: the image's, or the task's.
    pub id: String,
    /// What is done.
    pub work: InterludeWork,
}

/// What is done in an [`Interlude`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InterludeWork {
    /// Its snapshots are begun.
    Snapshots,
    /// Its root volume is replaced.
    ReplaceRoot,
}

/// `PrivateDnsNameOptions`: what an instance is called inside its VPC.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrivateDnsOptions {
    /// `HostnameType` is `resource-name`, the instance's id, rather than `ip-name`.
    pub resource_name: bool,
    /// `EnableResourceNameDnsARecord`: its id has a name that leads to its primary address.
    pub a_record: bool,
    /// `EnableResourceNameDnsAAAARecord`: likewise to its first address of IPv6.
    #[serde(default)]
    pub aaaa_record: bool,
}

/// How the capacity of an instance is bought (EC2 user guide, "Amazon EC2 billing and purchasing options"): who launches says it, who places, bills
/// and interrupts will ask it. Instances are launched on demand alone as yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PurchaseOption {
    /// By the second, for as long as somebody wants it.
    #[default]
    OnDemand,
    /// Out of what is spare, until the cloud needs it.
    Spot,
}

impl PurchaseOption {
    /// What the metadata service (`instance-life-cycle`) and the condition key `ec2:InstanceMarketType` call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::OnDemand => "on-demand",
            Self::Spot => "spot",
        }
    }

    /// What `DescribeInstances` shows as `instanceLifecycle`: nothing for what is on demand.
    pub fn life_cycle(self) -> Option<&'static str> {
        Some(self.name()).filter(|_| self != Self::OnDemand)
    }
}

/// Something that the cloud will do with an instance (EC2 user guide, "Scheduled events for your instances").
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduledEvent {
    /// `instance-event-…`.
    pub id: String,
    /// What.
    pub kind: EventKind,
    /// For people.
    pub description: String,
    /// When, at the earliest.
    pub not_before: Timestamp,
    /// When, at the latest.
    pub not_after: Timestamp,
    /// `NotBefore` can be moved up to then.
    pub deadline: Timestamp,
}

/// What will be done with an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EventKind {
    /// It is rebooted.
    InstanceReboot,
    /// It is stopped, since its host goes.
    InstanceStop,
    /// It is stopped, or ended where its root is no volume, since its host goes.
    InstanceRetirement,
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

/// How far an [`Interlude`] is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InterludePlan {
    /// Which one.
    pub id: String,
    /// The system is down.
    pub down: bool,
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
    /// The boot that its host was told last: counts its starts, and the times that it was recovered.
    #[serde(default)]
    pub boot: u32,
    /// How often it was recovered since its start.
    #[serde(default)]
    pub recoveries: u32,
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
    /// The interlude that is under way.
    #[serde(default)]
    pub interlude: Option<InterludePlan>,
    /// The interludes that are over, by id; those alone that are still wished for.
    #[serde(default)]
    pub interludes_done: Vec<String>,
    /// Since when its system answers, for the status checks.
    pub reachable_since: Option<Timestamp>,
    /// Since when its system does not answer, although it runs.
    #[serde(default)]
    pub unreachable_since: Option<Timestamp>,
    /// The CPU credits of a burstable type.
    #[serde(default)]
    pub credits: Option<CreditBalance>,
    /// How often it was rebooted by scheduled events.
    #[serde(default)]
    pub reboots: u32,
    /// The ids of the scheduled events that were carried out.
    #[serde(default)]
    pub events_done: Vec<String>,
    /// Moments at which it entered states last, by the states' names.
    pub entered: BTreeMap<String, Timestamp>,
}

/// CPU credits at a moment, in milliseconds of a processor: a credit is a minute of one (EC2 user guide, "Key concepts for burstable
/// performance instances").
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreditBalance {
    /// When this was so.
    pub at: Timestamp,
    /// Processor time that the present boot had used by then.
    pub used: u64,
    /// Earned, and not yet spent.
    pub earned: u64,
    /// Of T2, given at the launch and not yet spent; spent before what is earned.
    pub launch: u64,
    /// Spent in advance, in unlimited mode.
    pub surplus: u64,
    /// Surplus that can't be made up for, which is paid.
    pub charged: u64,
    /// It is held to its baseline.
    pub throttled: bool,
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

/// A stretch of time for which an instance is paid, under `i-…/` with the numbers of its start and of the boot, in ten digits each. Written by the reconciler of
/// instances, and kept when the instance is gone: what bills are made of.
pub enum InstanceUsage {}

impl Record for InstanceUsage {
    const KIND: &'static str = "ec2/instance-usage";
    type Spec = InstanceUsageSpec;
    type Plan = ();
    type Observed = ();
}

/// What an [`InstanceUsage`] is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceUsageSpec {
    /// `i-…`.
    pub instance: String,
    /// Such as `t3.micro`.
    pub instance_type: String,
    /// The AMI's platform details, which have a price.
    pub platform_details: String,
    /// `default`, `dedicated` or `host`.
    pub tenancy: String,
    /// The Availability Zone's name.
    pub zone: String,
    /// When it began to run.
    pub from: Timestamp,
    /// When it ceased to be paid; `None`: it runs.
    pub to: Option<Timestamp>,
    /// Seconds that are paid, once it has ended: at least 60.
    pub seconds: u64,
    /// CPU credits that are paid besides, in milliseconds of a processor.
    pub surplus_credits: u64,
}

/// What a `RunInstances` with a client token has made, under the token. Written by its handler, and deleted by the reconciler of instances.
pub enum LaunchToken {}

impl Record for LaunchToken {
    const KIND: &'static str = "ec2/launch-token";
    type Spec = LaunchTokenSpec;
    type Plan = ();
    type Observed = ();
}

/// What a [`LaunchToken`] is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaunchTokenSpec {
    /// A digest of the request.
    pub request: String,
    /// `i-…`, in the order of their indices.
    pub instances: Vec<String>,
    /// When.
    pub at: Timestamp,
}

/// What holds for the instances of an account in a region unless they say otherwise, under [`InstanceDefaults::ID`]. Written by handlers.
pub enum InstanceDefaults {}

impl InstanceDefaults {
    /// The id of the one record.
    pub const ID: &'static str = "defaults";
}

impl Record for InstanceDefaults {
    const KIND: &'static str = "ec2/instance-defaults";
    type Spec = InstanceDefaultsSpec;
    type Plan = ();
    type Observed = ();
}

/// What [`InstanceDefaults`] are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceDefaultsSpec {
    /// `HttpTokens`.
    pub tokens_required: Option<bool>,
    /// `HttpPutResponseHopLimit`.
    pub hop_limit: Option<i32>,
    /// `HttpEndpoint`.
    pub endpoint_enabled: Option<bool>,
    /// `InstanceMetadataTags`.
    pub metadata_tags: Option<bool>,
    /// `HttpTokensEnforced`.
    pub tokens_enforced: Option<bool>,
    /// By families, whether their credits are unlimited.
    pub unlimited: BTreeMap<String, bool>,
    /// The serial console can be used.
    pub serial_console: bool,
}
