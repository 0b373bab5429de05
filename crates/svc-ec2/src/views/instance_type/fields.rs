//! By what instance types and their offerings are found (`DescribeInstanceTypes` and `DescribeInstanceTypeOfferings`, "Filter.N").

use crate::describe::{Field, Text};
use api::ec2::{DiskInfo, EbsOptimizedInfo, InstanceTypeInfo, InstanceTypeOffering};

/// By what offerings are found.
pub const OFFERING_FIELDS: &[Field<InstanceTypeOffering>] =
    &[("instance-type", |it| it.instance_type.texts()), ("location", |it| it.location.texts())];

/// The texts of what is one level down.
macro_rules! below {
    ($group:ident . $member:ident) => {
        |it| it.$group.as_ref().map(|group| group.$member.texts()).unwrap_or_default()
    };
}

/// The same of an enumeration's values, one or many.
macro_rules! words {
    ($group:ident . $member:ident) => {
        |it| it.$group.iter().flat_map(|group| group.$member.iter().map(|word| word.as_str().into())).collect()
    };
    ($member:ident) => {
        |it| it.$member.iter().map(|word| word.as_str().into()).collect()
    };
    ([$group:ident . $member:ident]) => {
        |it| it.$group.iter().flat_map(|group| group.$member.iter().flatten().map(|word| word.as_str().into())).collect()
    };
    ([$member:ident]) => {
        |it| it.$member.iter().flatten().map(|word| word.as_str().into()).collect()
    };
}

/// By what instance types are found.
pub const INSTANCE_TYPE_FIELDS: &[Field<InstanceTypeInfo>] = &[
    ("auto-recovery-supported", |it| it.auto_recovery_supported.texts()),
    ("bare-metal", |it| it.bare_metal.texts()),
    ("burstable-performance-supported", |it| it.burstable_performance_supported.texts()),
    ("current-generation", |it| it.current_generation.texts()),
    ("dedicated-hosts-supported", |it| it.dedicated_hosts_supported.texts()),
    ("ebs-info.attachment-limit-type", words!(ebs_info.attachment_limit_type)),
    ("ebs-info.maximum-ebs-attachments", below!(ebs_info.maximum_ebs_attachments)),
    ("ebs-info.ebs-optimized-info.baseline-bandwidth-in-mbps", |it| rate(it, |rate| rate.baseline_bandwidth_in_mbps.texts())),
    ("ebs-info.ebs-optimized-info.baseline-iops", |it| rate(it, |rate| rate.baseline_iops.texts())),
    ("ebs-info.ebs-optimized-info.baseline-throughput-in-mbps", |it| rate(it, |rate| decimal(rate.baseline_throughput_in_m_bps))),
    ("ebs-info.ebs-optimized-info.maximum-bandwidth-in-mbps", |it| rate(it, |rate| rate.maximum_bandwidth_in_mbps.texts())),
    ("ebs-info.ebs-optimized-info.maximum-iops", |it| rate(it, |rate| rate.maximum_iops.texts())),
    ("ebs-info.ebs-optimized-info.maximum-throughput-in-mbps", |it| rate(it, |rate| decimal(rate.maximum_throughput_in_m_bps))),
    ("ebs-info.ebs-optimized-support", words!(ebs_info.ebs_optimized_support)),
    ("ebs-info.encryption-support", words!(ebs_info.encryption_support)),
    ("ebs-info.nvme-support", words!(ebs_info.nvme_support)),
    ("free-tier-eligible", |it| it.free_tier_eligible.texts()),
    ("hibernation-supported", |it| it.hibernation_supported.texts()),
    ("hypervisor", words!(hypervisor)),
    ("instance-storage-info.disk.count", |it| disks(it, |disk| disk.count.texts())),
    ("instance-storage-info.disk.size-in-gb", |it| disks(it, |disk| whole(disk.size_in_gb))),
    ("instance-storage-info.disk.type", |it| disks(it, |disk| disk.r#type.iter().map(|kind| kind.as_str().into()).collect())),
    ("instance-storage-info.encryption-support", words!(instance_storage_info.encryption_support)),
    ("instance-storage-info.nvme-support", words!(instance_storage_info.nvme_support)),
    ("instance-storage-info.total-size-in-gb", |it| {
        whole(it.instance_storage_info.as_ref().and_then(|info| info.total_size_in_gb))
    }),
    ("instance-storage-supported", |it| it.instance_storage_supported.texts()),
    ("instance-type", |it| it.instance_type.texts()),
    ("memory-info.size-in-mib", |it| whole(it.memory_info.as_ref().and_then(|info| info.size_in_mi_b))),
    ("network-info.bandwidth-weightings", words!([network_info.bandwidth_weightings])),
    ("network-info.efa-info.maximum-efa-interfaces", |it| {
        let efa = it.network_info.as_ref().and_then(|info| info.efa_info.as_ref());
        efa.map(|efa| efa.maximum_efa_interfaces.texts()).unwrap_or_default()
    }),
    ("network-info.efa-supported", below!(network_info.efa_supported)),
    ("network-info.ena-support", words!(network_info.ena_support)),
    ("network-info.flexible-ena-queues-support", words!(network_info.flexible_ena_queues_support)),
    ("network-info.encryption-in-transit-supported", below!(network_info.encryption_in_transit_supported)),
    ("network-info.ipv4-addresses-per-interface", below!(network_info.ipv4_addresses_per_interface)),
    ("network-info.ipv6-addresses-per-interface", below!(network_info.ipv6_addresses_per_interface)),
    ("network-info.ipv6-supported", below!(network_info.ipv6_supported)),
    ("network-info.maximum-network-cards", below!(network_info.maximum_network_cards)),
    ("network-info.maximum-network-interfaces", below!(network_info.maximum_network_interfaces)),
    ("network-info.network-performance", below!(network_info.network_performance)),
    ("nitro-enclaves-support", words!(nitro_enclaves_support)),
    ("nitro-tpm-support", words!(nitro_tpm_support)),
    ("nitro-tpm-info.supported-versions", words!([nitro_tpm_info.supported_versions])),
    ("processor-info.supported-architecture", words!([processor_info.supported_architectures])),
    ("processor-info.sustained-clock-speed-in-ghz", |it| {
        decimal(it.processor_info.as_ref().and_then(|info| info.sustained_clock_speed_in_ghz))
    }),
    ("processor-info.supported-features", words!([processor_info.supported_features])),
    ("reboot-migration-support", words!(reboot_migration_support)),
    ("supported-boot-mode", words!([supported_boot_modes])),
    ("supported-root-device-type", words!([supported_root_device_types])),
    ("supported-usage-class", words!([supported_usage_classes])),
    ("supported-virtualization-type", words!([supported_virtualization_types])),
    ("vcpu-info.default-cores", below!(v_cpu_info.default_cores)),
    ("vcpu-info.default-threads-per-core", below!(v_cpu_info.default_threads_per_core)),
    ("vcpu-info.default-vcpus", below!(v_cpu_info.default_v_cpus)),
    ("vcpu-info.valid-cores", |it| numbers(it.v_cpu_info.as_ref().and_then(|info| info.valid_cores.as_deref()))),
    ("vcpu-info.valid-threads-per-core", |it| {
        let threads = it.v_cpu_info.as_ref().and_then(|info| info.valid_threads_per_core.as_deref());
        numbers(threads).into_iter().chain(threads.map(listed)).collect()
    }),
];

fn rate(it: &InstanceTypeInfo, of: fn(&EbsOptimizedInfo) -> Vec<String>) -> Vec<String> {
    it.ebs_info.as_ref().and_then(|info| info.ebs_optimized_info.as_ref()).map(of).unwrap_or_default()
}

fn disks(it: &InstanceTypeInfo, of: fn(&DiskInfo) -> Vec<String>) -> Vec<String> {
    it.instance_storage_info.iter().flat_map(|info| info.disks.iter().flatten()).flat_map(of).collect()
}

fn whole(number: Option<i64>) -> Vec<String> {
    number.iter().map(i64::to_string).collect()
}

/// A number as the answer shows it, and, where it is whole, without the fraction too.
fn decimal(number: Option<f64>) -> Vec<String> {
    let both = |number: f64| [format!("{number:?}"), number.to_string()];
    number.into_iter().flat_map(both).collect()
}

fn numbers(numbers: Option<&[i32]>) -> Vec<String> {
    numbers.unwrap_or_default().iter().map(i32::to_string).collect()
}

/// Several threads per core are asked for together: `1,2`.
fn listed(numbers: &[i32]) -> String {
    numbers.iter().map(i32::to_string).collect::<Vec<_>>().join(",")
}
