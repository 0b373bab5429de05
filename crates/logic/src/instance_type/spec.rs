//! What an instance type has.

use serde::Deserialize;

/// An instance type. Names are the API's where it has short ones; sizes are in the units that the fields' names say.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InstanceType {
    /// Such as `t3.micro`.
    pub name: String,
    /// By default.
    pub vcpus: i32,
    /// By default.
    pub cores: i32,
    /// Per core, by default.
    pub threads: i32,
    /// How many cores may be asked for (`CpuOptions`), where that can be chosen.
    pub valid_cores: Option<Cores>,
    /// How many threads per core may be asked for, where that can be chosen.
    #[serde(default)]
    pub valid_threads: Option<Vec<i32>>,
    /// Memory.
    pub memory_mib: i64,
    /// The processor's.
    pub manufacturer: String,
    /// `x86_64`, `i386`, `arm64`.
    pub architectures: Vec<String>,
    /// The processor's sustained clock, where it is published.
    pub clock_ghz: Option<f64>,
    /// The processor's additional ones, such as `amd-sev-snp`.
    #[serde(default)]
    pub features: Vec<String>,
    /// `nitro` or `xen`; bare metal has none.
    pub hypervisor: Option<String>,
    /// Whether there is no virtual machine around it.
    #[serde(default)]
    pub bare_metal: bool,
    /// Whether it has CPU credits.
    #[serde(default)]
    pub burstable: bool,
    /// Whether it is of the newest generations.
    #[serde(default)]
    pub current_generation: bool,
    /// Whether new accounts use it for nothing.
    #[serde(default)]
    pub free_tier: bool,
    /// Whether it can hibernate.
    #[serde(default)]
    pub hibernation: bool,
    /// Whether Dedicated Hosts have it.
    #[serde(default)]
    pub dedicated_hosts: bool,
    /// Whether an alarm can recover it.
    #[serde(default)]
    pub auto_recovery: bool,
    /// Whether it has Nitro Enclaves.
    #[serde(default)]
    pub enclaves: bool,
    /// Whether it has a NitroTPM, whose version is 2.0 in all that have.
    #[serde(default)]
    pub nitro_tpm: bool,
    /// Whether it has the PTP hardware clock.
    #[serde(default)]
    pub phc: bool,
    /// Whether it can be moved at a reboot.
    #[serde(default)]
    pub reboot_migration: bool,
    /// `hvm`, `paravirtual`.
    #[serde(default = "hvm")]
    pub virtualization: Vec<String>,
    /// `ebs`, `instance-store`.
    #[serde(default = "ebs")]
    pub root_devices: Vec<String>,
    /// `on-demand`, `spot`, `capacity-block`.
    #[serde(default = "on_demand_and_spot")]
    pub usage_classes: Vec<String>,
    /// `legacy-bios`, `uefi`.
    pub boot_modes: Vec<String>,
    /// The strategies of placement groups.
    #[serde(default = "every_strategy")]
    pub placement: Vec<String>,
    /// Its volumes.
    pub ebs: Ebs,
    /// Its network.
    pub network: Network,
    /// Its own disks, if it has any.
    pub storage: Option<Storage>,
    /// Its graphics processors, if it has any.
    pub gpu: Option<Gpu>,
    /// Its accelerators for inference, if it has any.
    pub inference: Option<Accelerator>,
    /// Its Neuron devices, if it has any.
    pub neuron: Option<Neuron>,
}

/// Numbers of cores.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Cores {
    /// Each of these.
    Listed(Vec<i32>),
    /// From one to another.
    Range {
        /// The least.
        from: i32,
        /// The most.
        to: i32,
        /// From one to the next.
        step: i32,
    },
}

impl Cores {
    /// Each number, the least first.
    pub fn list(&self) -> Vec<i32> {
        match self {
            Self::Listed(numbers) => numbers.clone(),
            Self::Range { from, to, step } => {
                let mut numbers = Vec::new();
                let mut next = *from;
                while next <= *to && *step > 0 {
                    numbers.push(next);
                    next += step;
                }
                numbers
            }
        }
    }
}

/// Whether there is something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Support {
    /// There isn't.
    Unsupported,
    /// There may be.
    Supported,
    /// There has to be.
    Required,
}

/// Whether volumes have a bandwidth of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Optimized {
    /// They can't.
    Unsupported,
    /// When it is asked for.
    Supported,
    /// Always.
    Default,
}

/// What counts against the number of volumes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Limit {
    /// Interfaces and own disks too.
    Shared,
    /// Volumes alone.
    Dedicated,
}

/// What a type can do with volumes.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ebs {
    /// Whether they have a bandwidth of their own.
    pub optimized: Optimized,
    /// Whether they are NVMe devices.
    pub nvme: Support,
    /// At most so many.
    pub attachments: i32,
    /// What counts against that.
    pub limit: Limit,
    /// What is there always, where volumes have a bandwidth of their own.
    pub baseline: Option<EbsRate>,
    /// What is there at most: for half an hour a day in smaller sizes.
    pub maximum: Option<EbsRate>,
}

/// How fast volumes are.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EbsRate {
    /// Megabits per second.
    pub mbps: i32,
    /// Operations per second.
    pub iops: i32,
    /// Megabytes per second, where AWS publishes another than an eighth of the megabits.
    mb_per_s: Option<f64>,
}

impl EbsRate {
    /// Megabytes per second.
    pub fn mb_per_s(&self) -> f64 {
        self.mb_per_s.unwrap_or(f64::from(self.mbps) / 8.0)
    }
}

/// A type's network.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// In words, such as `Up to 5 Gigabit`.
    pub performance: String,
    /// At most so many.
    pub interfaces: i32,
    /// IPv4 addresses per interface.
    pub ipv4: i32,
    /// IPv6 addresses per interface.
    pub ipv6: i32,
    /// Whether IPv6 is there at all.
    #[serde(default)]
    pub ipv6_supported: bool,
    /// The Elastic Network Adapter.
    pub ena: Support,
    /// ENA Express.
    #[serde(default)]
    pub ena_srd: bool,
    /// How many Elastic Fabric Adapters, in types that have them.
    pub efa: Option<i32>,
    /// Whether what goes between instances is encrypted.
    #[serde(default)]
    pub encrypted: bool,
    /// Whether queues can be dealt out to interfaces.
    #[serde(default)]
    pub flexible_queues: bool,
    /// How bandwidth can be weighted between volumes and network: `default`, `vpc-1`, `ebs-1`.
    #[serde(default)]
    pub weightings: Vec<String>,
    /// After so many seconds an idle TCP connection is no longer tracked.
    pub tcp_timeout_s: i32,
    /// IPv4 addresses per secondary interface, where it is published.
    pub secondary_ipv4: Option<i32>,
    /// The cards, like ones together.
    pub cards: Vec<Card>,
}

/// Network cards that are alike.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// So many.
    #[serde(default = "one")]
    pub count: i32,
    /// In words, where it is other than the whole network's.
    pub performance: Option<String>,
    /// Interfaces per card, where they are other than all.
    pub interfaces: Option<i32>,
    /// What is there always.
    pub baseline_gbps: Option<f64>,
    /// What is there at most.
    pub peak_gbps: Option<f64>,
    /// ENA queues of an interface.
    pub queues: Option<i32>,
    /// ENA queues of the card, where they can be dealt out.
    pub max_queues: Option<i32>,
    /// ENA queues of an interface at most, where they can be dealt out.
    pub max_queues_per_interface: Option<i32>,
    /// Additional interfaces, where it is published.
    pub flexible_interfaces: Option<i32>,
    /// Of interfaces: `interface`, `efa`, `efa-only`.
    #[serde(default = "interface")]
    pub kinds: Vec<String>,
}

/// Disks of the host that go with the instance.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Storage {
    /// Disks.
    pub count: i32,
    /// Of each, in GB.
    pub gb: i64,
    /// What they are.
    pub kind: StorageKind,
    /// Whether they are NVMe devices.
    pub nvme: Support,
    /// Whether they are always encrypted.
    pub encrypted: bool,
}

/// What a disk is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StorageKind {
    /// Magnetic.
    Hdd,
    /// Solid.
    Ssd,
}

/// Graphics processors.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gpu {
    /// Such as `T4`.
    pub name: String,
    /// Such as `NVIDIA`.
    pub manufacturer: String,
    /// So many.
    pub count: i32,
    /// Of each.
    pub memory_mib: i32,
    /// As the system sees them.
    pub logical: i32,
    /// How much of a processor each is.
    pub partition: f64,
    /// What they are for.
    pub workloads: Vec<String>,
}

/// Accelerators for inference.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accelerator {
    /// Such as `Inferentia2`.
    pub name: String,
    /// Such as `AWS`.
    pub manufacturer: String,
    /// So many.
    pub count: i32,
    /// Of each.
    pub memory_mib: i32,
}

/// Neuron devices.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Neuron {
    /// Such as `Trainium`.
    pub name: String,
    /// So many.
    pub count: i32,
    /// Of each.
    pub memory_mib: i32,
    /// Cores of each.
    pub cores: i32,
    /// The cores' version.
    pub version: i32,
}

fn one() -> i32 {
    1
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn hvm() -> Vec<String> {
    words(&["hvm"])
}

fn ebs() -> Vec<String> {
    words(&["ebs"])
}

fn interface() -> Vec<String> {
    words(&["interface"])
}

fn on_demand_and_spot() -> Vec<String> {
    words(&["on-demand", "spot"])
}

fn every_strategy() -> Vec<String> {
    words(&["cluster", "partition", "spread"])
}
