//! Instance types as the API shows them.

mod device;
mod fields;
mod network;

pub use fields::{INSTANCE_TYPE_FIELDS, OFFERING_FIELDS};

use api::ec2::{
    ArchitectureType, AttachmentLimitType, BootModeType, DiskInfo, DiskType, EbsEncryptionSupport, EbsInfo, EbsNvmeSupport,
    EbsOptimizedInfo, EbsOptimizedSupport, EphemeralNvmeSupport, InstanceStorageEncryptionSupport, InstanceStorageInfo,
    InstanceTypeHypervisor, InstanceTypeInfo, InstanceTypeOffering, LocationType, MemoryInfo, NitroEnclavesSupport, NitroTpmInfo,
    NitroTpmSupport, PhcSupport, PlacementGroupInfo, PlacementGroupStrategy, ProcessorInfo, RebootMigrationSupport,
    RootDeviceType, UsageClassType, VCpuInfo, VirtualizationType,
};
use logic::instance_type::{Cores, Ebs, InstanceType, Limit, Optimized, Storage, StorageKind, Support};

/// An instance type.
pub fn instance_type(it: &InstanceType) -> InstanceTypeInfo {
    InstanceTypeInfo {
        instance_type: Some(it.name.clone()),
        current_generation: Some(it.current_generation),
        free_tier_eligible: Some(it.free_tier),
        supported_usage_classes: known(&it.usage_classes, UsageClassType::parse),
        supported_root_device_types: known(&it.root_devices, RootDeviceType::parse),
        supported_virtualization_types: known(&it.virtualization, VirtualizationType::parse),
        bare_metal: Some(it.bare_metal),
        hypervisor: it.hypervisor.as_deref().and_then(InstanceTypeHypervisor::parse),
        processor_info: Some(processor(it)),
        v_cpu_info: Some(vcpus(it)),
        memory_info: Some(MemoryInfo { size_in_mi_b: Some(it.memory_mib) }),
        instance_storage_supported: Some(it.storage.is_some()),
        instance_storage_info: it.storage.as_ref().map(storage),
        ebs_info: Some(ebs(&it.ebs)),
        network_info: Some(network::network(&it.network)),
        gpu_info: it.gpu.as_ref().map(device::gpu),
        inference_accelerator_info: it.inference.as_ref().map(device::inference),
        neuron_info: it.neuron.as_ref().map(device::neuron),
        placement_group_info: Some(PlacementGroupInfo {
            supported_strategies: known(&it.placement, PlacementGroupStrategy::parse),
        }),
        hibernation_supported: Some(it.hibernation),
        burstable_performance_supported: Some(it.burstable),
        dedicated_hosts_supported: Some(it.dedicated_hosts),
        auto_recovery_supported: Some(it.auto_recovery),
        supported_boot_modes: known(&it.boot_modes, BootModeType::parse),
        nitro_enclaves_support: Some(either(it.enclaves, NitroEnclavesSupport::Supported, NitroEnclavesSupport::Unsupported)),
        nitro_tpm_support: Some(either(it.nitro_tpm, NitroTpmSupport::Supported, NitroTpmSupport::Unsupported)),
        nitro_tpm_info: it.nitro_tpm.then(|| NitroTpmInfo { supported_versions: Some(vec!["2.0".into()]) }),
        phc_support: Some(either(it.phc, PhcSupport::Supported, PhcSupport::Unsupported)),
        reboot_migration_support: Some(either(
            it.reboot_migration,
            RebootMigrationSupport::Supported,
            RebootMigrationSupport::Unsupported,
        )),
        supported_in_region: Some(true),
        ..InstanceTypeInfo::default()
    }
}

/// That a type is offered at a place.
pub fn offering(name: &str, kind: LocationType, location: &str) -> InstanceTypeOffering {
    InstanceTypeOffering { instance_type: Some(name.into()), location_type: Some(kind), location: Some(location.into()) }
}

/// Those of the words that the API knows; a test sees to it that it knows all.
fn known<T>(words: &[String], parse: fn(&str) -> Option<T>) -> Option<Vec<T>> {
    Some(words.iter().filter_map(|word| parse(word)).collect())
}

fn some<T>(words: &[T]) -> Option<Vec<T>>
where
    T: Clone,
{
    (!words.is_empty()).then(|| words.to_vec())
}

fn either<T>(which: bool, yes: T, no: T) -> T {
    if which { yes } else { no }
}

fn processor(it: &InstanceType) -> ProcessorInfo {
    ProcessorInfo {
        supported_architectures: known(&it.architectures, ArchitectureType::parse),
        sustained_clock_speed_in_ghz: it.clock_ghz,
        supported_features: some(&it.features),
        manufacturer: Some(it.manufacturer.clone()),
    }
}

fn vcpus(it: &InstanceType) -> VCpuInfo {
    VCpuInfo {
        default_v_cpus: Some(it.vcpus),
        default_cores: Some(it.cores),
        default_threads_per_core: Some(it.threads),
        valid_cores: it.valid_cores.as_ref().map(Cores::list),
        valid_threads_per_core: it.valid_threads.clone(),
    }
}

fn storage(it: &Storage) -> InstanceStorageInfo {
    let kind = match it.kind {
        StorageKind::Hdd => DiskType::Hdd,
        StorageKind::Ssd => DiskType::Ssd,
    };
    let nvme = match it.nvme {
        Support::Unsupported => EphemeralNvmeSupport::Unsupported,
        Support::Supported => EphemeralNvmeSupport::Supported,
        Support::Required => EphemeralNvmeSupport::Required,
    };
    InstanceStorageInfo {
        total_size_in_gb: Some(it.gb * i64::from(it.count)),
        disks: Some(vec![DiskInfo { size_in_gb: Some(it.gb), count: Some(it.count), r#type: Some(kind) }]),
        nvme_support: Some(nvme),
        encryption_support: Some(either(
            it.encrypted,
            InstanceStorageEncryptionSupport::Required,
            InstanceStorageEncryptionSupport::Unsupported,
        )),
    }
}

fn ebs(it: &Ebs) -> EbsInfo {
    let optimized = match it.optimized {
        Optimized::Unsupported => EbsOptimizedSupport::Unsupported,
        Optimized::Supported => EbsOptimizedSupport::Supported,
        Optimized::Default => EbsOptimizedSupport::Default,
    };
    let nvme = match it.nvme {
        Support::Unsupported => EbsNvmeSupport::Unsupported,
        Support::Supported => EbsNvmeSupport::Supported,
        Support::Required => EbsNvmeSupport::Required,
    };
    let rates = it.baseline.as_ref().zip(it.maximum.as_ref());
    EbsInfo {
        ebs_optimized_support: Some(optimized),
        encryption_support: Some(EbsEncryptionSupport::Supported),
        ebs_optimized_info: rates.map(|(baseline, maximum)| EbsOptimizedInfo {
            baseline_bandwidth_in_mbps: Some(baseline.mbps),
            baseline_throughput_in_m_bps: Some(baseline.mb_per_s()),
            baseline_iops: Some(baseline.iops),
            maximum_bandwidth_in_mbps: Some(maximum.mbps),
            maximum_throughput_in_m_bps: Some(maximum.mb_per_s()),
            maximum_iops: Some(maximum.iops),
        }),
        nvme_support: Some(nvme),
        maximum_ebs_attachments: Some(it.attachments),
        attachment_limit_type: Some(match it.limit {
            Limit::Shared => AttachmentLimitType::Shared,
            Limit::Dedicated => AttachmentLimitType::Dedicated,
        }),
        ..EbsInfo::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether every word is shown.
    fn whole<T>(words: &[String], shown: &Option<Vec<T>>) -> bool {
        shown.as_ref().is_some_and(|shown| shown.len() == words.len())
    }

    #[test]
    fn no_word_of_the_catalogue_is_lost() {
        for it in logic::instance_type::all() {
            let shown = instance_type(it);
            let processor = shown.processor_info.unwrap();
            let network = shown.network_info.unwrap();
            assert!(whole(&it.usage_classes, &shown.supported_usage_classes), "{}", it.name);
            assert!(whole(&it.root_devices, &shown.supported_root_device_types), "{}", it.name);
            assert!(whole(&it.virtualization, &shown.supported_virtualization_types), "{}", it.name);
            assert!(whole(&it.boot_modes, &shown.supported_boot_modes), "{}", it.name);
            assert!(whole(&it.architectures, &processor.supported_architectures), "{}", it.name);
            assert!(whole(&it.placement, &shown.placement_group_info.unwrap().supported_strategies), "{}", it.name);
            assert_eq!(it.hypervisor.is_some(), shown.hypervisor.is_some(), "{}", it.name);
            assert_eq!(network.bandwidth_weightings.unwrap_or_default().len(), it.network.weightings.len(), "{}", it.name);
            let kinds = network.network_cards.unwrap().into_iter().flat_map(|card| card.interface_types.unwrap()).count();
            let expected = it.network.cards.iter().map(|card| usize::try_from(card.count).unwrap() * card.kinds.len());
            assert_eq!(kinds, expected.sum::<usize>(), "{}", it.name);
        }
    }
}
