//! A request to register a task definition, read into the record's terms. What isn't built is refused here, by name.

use super::{container, parse_cpu, parse_memory};
use crate::ecs::errors::{self, filled, refuse_unbuilt};
use api::ecs as aws;
use model::ecs::{Definition, NetworkMode, Volume};
use wire::Fault;

/// The definition that a request describes, with AWS's defaults filled in; not checked yet.
pub fn parse(input: &aws::RegisterTaskDefinitionRequest) -> Result<Definition, Fault> {
    refuse(input)?;
    let network_mode = network_mode(input);
    let containers = input.container_definitions.iter().map(|container| container::parse(container, network_mode));
    let platform = input.runtime_platform.as_ref();
    Ok(Definition {
        task_role: input.task_role_arn.clone(),
        execution_role: input.execution_role_arn.clone(),
        network_mode,
        network_mode_given: input.network_mode.is_some(),
        containers: containers.collect::<Result<_, _>>()?,
        volumes: input.volumes.iter().flatten().map(volume).collect::<Result<_, _>>()?,
        requires_compatibilities: input.requires_compatibilities.iter().flatten().map(|it| it.as_str().into()).collect(),
        compatibilities: Vec::new(),
        cpu: input.cpu.as_deref().map(|text| parse_cpu(text).ok_or_else(|| invalid_size("cpu"))).transpose()?,
        memory: input.memory.as_deref().map(|text| parse_memory(text).ok_or_else(|| invalid_size("memory"))).transpose()?,
        cpu_architecture: platform.and_then(|it| it.cpu_architecture).map(|it| it.as_str().into()),
        operating_system: platform.and_then(|it| it.operating_system_family).map(|it| it.as_str().into()),
    })
}

fn invalid_size(what: &str) -> Fault {
    errors::client(format!("Invalid '{what}' setting for task."))
}

fn refuse(input: &aws::RegisterTaskDefinitionRequest) -> Result<(), Fault> {
    let compatible = |it: &aws::Compatibility| matches!(it, aws::Compatibility::Ec2 | aws::Compatibility::Fargate);
    let family = input.runtime_platform.as_ref().and_then(|platform| platform.operating_system_family);
    refuse_unbuilt(&[
        ("placementConstraints", filled(&input.placement_constraints)),
        ("requiresCompatibilities", !input.requires_compatibilities.iter().flatten().all(compatible)),
        ("pidMode", input.pid_mode.is_some()),
        ("ipcMode", input.ipc_mode.is_some_and(|mode| mode != aws::IpcMode::None)),
        ("proxyConfiguration", input.proxy_configuration.is_some()),
        ("inferenceAccelerators", filled(&input.inference_accelerators)),
        ("ephemeralStorage", input.ephemeral_storage.is_some()),
        ("runtimePlatform.operatingSystemFamily (but LINUX)", family.is_some_and(|family| family != aws::OSFamily::Linux)),
        ("enableFaultInjection", input.enable_fault_injection == Some(true)),
        ("trustedExecutionConfiguration", input.trusted_execution_configuration.is_some()),
    ])
}

fn network_mode(input: &aws::RegisterTaskDefinitionRequest) -> NetworkMode {
    match input.network_mode {
        None | Some(aws::NetworkMode::Bridge) => NetworkMode::Bridge,
        Some(aws::NetworkMode::Host) => NetworkMode::Host,
        Some(aws::NetworkMode::Awsvpc) => NetworkMode::Awsvpc,
        Some(aws::NetworkMode::None) => NetworkMode::None,
    }
}

fn volume(given: &aws::Volume) -> Result<Volume, Fault> {
    refuse_unbuilt(&[
        ("volumes.dockerVolumeConfiguration", given.docker_volume_configuration.is_some()),
        ("volumes.efsVolumeConfiguration", given.efs_volume_configuration.is_some()),
        ("volumes.s3filesVolumeConfiguration", given.s3files_volume_configuration.is_some()),
        ("volumes.fsxWindowsFileServerVolumeConfiguration", given.fsx_windows_file_server_volume_configuration.is_some()),
        ("volumes.configuredAtLaunch", given.configured_at_launch == Some(true)),
    ])?;
    let name = given.name.clone().filter(|name| !name.is_empty());
    Ok(Volume {
        name: name.ok_or_else(|| errors::client("Volume.name should not be null or empty."))?,
        host_path: given.host.as_ref().and_then(|host| host.source_path.clone()).filter(|path| !path.is_empty()),
        host_given: given.host.is_some(),
    })
}
