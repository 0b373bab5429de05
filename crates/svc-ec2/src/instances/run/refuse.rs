//! What of a request isn't built, by name. What says nothing, such as an empty list, is nothing to refuse.

use crate::instances::errors::not_built;
use api::ec2::{InstanceBandwidthWeighting, RunInstancesRequest};
use front::Answer;

/// Refuses a request that asks for what isn't built.
pub fn unbuilt(input: &RunInstancesRequest) -> Answer<()> {
    let some = |list: &Option<Vec<String>>| list.as_ref().is_some_and(|list| !list.is_empty());
    let enclave = input.enclave_options.as_ref().and_then(|options| options.enabled) == Some(true);
    let weighting = input.network_performance_options.as_ref().and_then(|options| options.bandwidth_weighting);
    let cpu = input.cpu_options.as_ref();
    for (asked, parameter) in [
        (input.enable_primary_ipv6 == Some(true), "EnablePrimaryIpv6"),
        (input.kernel_id.is_some(), "KernelId"),
        (input.ramdisk_id.is_some(), "RamdiskId"),
        (input.elastic_gpu_specification.as_ref().is_some_and(|list| !list.is_empty()), "ElasticGpuSpecification"),
        (input.elastic_inference_accelerators.as_ref().is_some_and(|list| !list.is_empty()), "ElasticInferenceAccelerators"),
        (input.capacity_reservation_specification.is_some(), "CapacityReservationSpecification"),
        (input.license_specifications.as_ref().is_some_and(|list| !list.is_empty()), "LicenseSpecifications"),
        (enclave, "EnclaveOptions"),
        (weighting.is_some_and(|weighting| weighting != InstanceBandwidthWeighting::Default), "NetworkPerformanceOptions"),
        (cpu.is_some_and(|cpu| cpu.amd_sev_snp.is_some()), "CpuOptions.AmdSevSnp"),
        (cpu.is_some_and(|cpu| cpu.nested_virtualization.is_some()), "CpuOptions.NestedVirtualization"),
        (input.operator.is_some(), "Operator"),
        (input.secondary_interfaces.as_ref().is_some_and(|list| !list.is_empty()), "SecondaryInterfaces"),
        (input.additional_info.is_some(), "AdditionalInfo"),
        (some(&input.monitoring.as_ref().and_then(|it| it.metric_category_ids.clone())), "Monitoring.MetricCategoryIds"),
    ] {
        if asked {
            return Err(not_built(parameter));
        }
    }
    Ok(())
}
