//! The accelerators of an instance type.

use api::ec2::{
    GpuDeviceInfo, GpuDeviceMemoryInfo, GpuInfo, InferenceAcceleratorInfo, InferenceDeviceInfo, InferenceDeviceMemoryInfo,
    NeuronDeviceCoreInfo, NeuronDeviceInfo, NeuronDeviceMemoryInfo, NeuronInfo,
};
use logic::instance_type::{Accelerator, Gpu, Neuron};

/// Its graphics processors.
pub fn gpu(it: &Gpu) -> GpuInfo {
    let device = GpuDeviceInfo {
        name: Some(it.name.clone()),
        manufacturer: Some(it.manufacturer.clone()),
        count: Some(it.count),
        logical_gpu_count: Some(it.logical),
        gpu_partition_size: Some(it.partition),
        workloads: Some(it.workloads.clone()),
        memory_info: Some(GpuDeviceMemoryInfo { size_in_mi_b: Some(it.memory_mib) }),
    };
    GpuInfo { gpus: Some(vec![device]), total_gpu_memory_in_mi_b: Some(it.count * it.memory_mib) }
}

/// Its accelerators for inference.
pub fn inference(it: &Accelerator) -> InferenceAcceleratorInfo {
    let device = InferenceDeviceInfo {
        count: Some(it.count),
        name: Some(it.name.clone()),
        manufacturer: Some(it.manufacturer.clone()),
        memory_info: Some(InferenceDeviceMemoryInfo { size_in_mi_b: Some(it.memory_mib) }),
    };
    InferenceAcceleratorInfo { accelerators: Some(vec![device]), total_inference_memory_in_mi_b: Some(it.count * it.memory_mib) }
}

/// Its Neuron devices.
pub fn neuron(it: &Neuron) -> NeuronInfo {
    let device = NeuronDeviceInfo {
        count: Some(it.count),
        name: Some(it.name.clone()),
        core_info: Some(NeuronDeviceCoreInfo { count: Some(it.cores), version: Some(it.version) }),
        memory_info: Some(NeuronDeviceMemoryInfo { size_in_mi_b: Some(it.memory_mib) }),
    };
    NeuronInfo { neuron_devices: Some(vec![device]), total_neuron_device_memory_in_mi_b: Some(it.count * it.memory_mib) }
}
