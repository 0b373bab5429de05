//! A task definition as the API shows it.

use crate::ecs::views::time;
use api::ecs as aws;
use model::{
    AccountId, Region,
    ecs::{
        ContainerDefinition, DependencyCondition, HealthCheck, LinuxParameters, NetworkMode, PortMapping, TaskDefinitionSpec,
        Volume,
    },
};

/// The task definition in an answer.
pub fn show(account: &AccountId, region: &Region, spec: &TaskDefinitionSpec) -> aws::TaskDefinition {
    let definition = &spec.definition;
    let platform = aws::RuntimePlatform {
        cpu_architecture: definition.cpu_architecture.as_deref().and_then(aws::CPUArchitecture::parse),
        operating_system_family: definition.operating_system.as_deref().and_then(aws::OSFamily::parse),
    };
    let mode = definition.network_mode_given.then(|| network_mode(definition.network_mode));
    aws::TaskDefinition {
        task_definition_arn: Some(spec.revision.arn(account, region).to_string()),
        container_definitions: Some(definition.containers.iter().map(container).collect()),
        family: Some(spec.revision.family.clone()),
        revision: i32::try_from(spec.revision.number).ok(),
        task_role_arn: definition.task_role.clone(),
        execution_role_arn: definition.execution_role.clone(),
        network_mode: mode,
        volumes: Some(definition.volumes.iter().map(volume).collect()),
        status: Some(status(spec)),
        placement_constraints: Some(Vec::new()),
        compatibilities: compatibilities(&definition.compatibilities),
        requires_compatibilities: compatibilities(&definition.requires_compatibilities),
        runtime_platform: (platform != aws::RuntimePlatform::default()).then_some(platform),
        cpu: definition.cpu.map(|cpu| cpu.to_string()),
        memory: definition.memory.map(|memory| memory.to_string()),
        registered_at: Some(time(spec.registered_at)),
        registered_by: Some(spec.registered_by.clone()),
        deregistered_at: spec.deregistered_at.map(time),
        delete_requested_at: spec.delete_requested_at.map(time),
        ..Default::default()
    }
}

/// `ACTIVE`, `INACTIVE` or `DELETE_IN_PROGRESS`.
pub fn status(spec: &TaskDefinitionSpec) -> aws::TaskDefinitionStatus {
    match (spec.delete_requested_at, spec.deregistered_at) {
        (Some(_), _) => aws::TaskDefinitionStatus::DeleteInProgress,
        (None, Some(_)) => aws::TaskDefinitionStatus::Inactive,
        (None, None) => aws::TaskDefinitionStatus::Active,
    }
}

fn compatibilities(names: &[String]) -> Option<Vec<aws::Compatibility>> {
    let list: Vec<_> = names.iter().filter_map(|name| aws::Compatibility::parse(name)).collect();
    (!list.is_empty()).then_some(list)
}

fn network_mode(mode: NetworkMode) -> aws::NetworkMode {
    match mode {
        NetworkMode::Bridge => aws::NetworkMode::Bridge,
        NetworkMode::Host => aws::NetworkMode::Host,
        NetworkMode::Awsvpc => aws::NetworkMode::Awsvpc,
        NetworkMode::None => aws::NetworkMode::None,
    }
}

fn volume(volume: &Volume) -> aws::Volume {
    let host = volume.host_given.then(|| aws::HostVolumeProperties { source_path: volume.host_path.clone() });
    aws::Volume { name: Some(volume.name.clone()), host, ..Default::default() }
}

/// Members that the caller gave come back as given; lists that AWS always shows are shown empty.
fn container(container: &ContainerDefinition) -> aws::ContainerDefinition {
    let number = |value: Option<u32>| value.and_then(|value| i32::try_from(value).ok());
    let filled = |list: &[String]| (!list.is_empty()).then(|| list.to_vec());
    let mounts = container.mount_points.iter().map(|mount| aws::MountPoint {
        source_volume: Some(mount.source_volume.clone()),
        container_path: Some(mount.container_path.clone()),
        read_only: mount.read_only,
    });
    let volumes_from = container.volumes_from.iter();
    let hosts = container
        .extra_hosts
        .iter()
        .map(|(name, address)| aws::HostEntry { hostname: name.clone(), ip_address: address.clone() });
    let controls = container.system_controls.iter();
    aws::ContainerDefinition {
        name: Some(container.name.clone()),
        image: Some(container.image.clone()),
        cpu: number(Some(container.cpu)),
        memory: number(container.memory),
        memory_reservation: number(container.memory_reservation),
        port_mappings: Some(container.port_mappings.iter().map(port).collect()),
        essential: Some(container.essential),
        entry_point: container.entry_point.clone(),
        command: container.command.clone(),
        environment: Some(pairs(&container.environment)),
        mount_points: Some(mounts.collect()),
        volumes_from: Some(
            volumes_from
                .map(|(name, ro)| aws::VolumeFrom { source_container: Some(name.clone()), read_only: Some(*ro) })
                .collect(),
        ),
        linux_parameters: container.linux.as_ref().map(linux),
        depends_on: (!container.depends_on.is_empty()).then(|| dependencies(container)),
        start_timeout: number(container.start_timeout),
        stop_timeout: number(container.stop_timeout),
        hostname: container.hostname.clone(),
        user: container.user.clone(),
        working_directory: container.working_directory.clone(),
        privileged: container.privileged,
        readonly_root_filesystem: container.readonly_root_filesystem,
        dns_servers: filled(&container.dns_servers),
        dns_search_domains: filled(&container.dns_search_domains),
        extra_hosts: (!container.extra_hosts.is_empty()).then(|| hosts.collect()),
        interactive: container.interactive,
        pseudo_terminal: container.pseudo_terminal,
        ulimits: (!container.ulimits.is_empty()).then(|| ulimits(container)),
        log_configuration: container.log.as_ref().map(|log| aws::LogConfiguration {
            log_driver: aws::LogDriver::Awslogs,
            options: Some(log.options.clone()),
            secret_options: None,
        }),
        health_check: container.health_check.as_ref().map(health_check),
        system_controls: Some(
            controls
                .map(|(name, value)| aws::SystemControl { namespace: Some(name.clone()), value: Some(value.clone()) })
                .collect(),
        ),
        ..Default::default()
    }
}

/// Pairs of name and value.
pub fn pairs(pairs: &[(String, String)]) -> Vec<aws::KeyValuePair> {
    pairs.iter().map(|(name, value)| aws::KeyValuePair { name: Some(name.clone()), value: Some(value.clone()) }).collect()
}

fn port(mapping: &PortMapping) -> aws::PortMapping {
    aws::PortMapping {
        container_port: Some(mapping.container_port.into()),
        host_port: Some(mapping.host_port.into()),
        protocol: Some(protocol(mapping.udp)),
        name: mapping.name.clone(),
        app_protocol: mapping.app_protocol.as_deref().and_then(aws::ApplicationProtocol::parse),
        container_port_range: None,
    }
}

/// `udp` or `tcp`.
pub fn protocol(udp: bool) -> aws::TransportProtocol {
    if udp { aws::TransportProtocol::Udp } else { aws::TransportProtocol::Tcp }
}

fn linux(linux: &LinuxParameters) -> aws::LinuxParameters {
    let list = |list: &[String]| (!list.is_empty()).then(|| list.to_vec());
    let capabilities = aws::KernelCapabilities { add: linux.add_capabilities.clone(), drop: linux.drop_capabilities.clone() };
    let tmpfs = linux.tmpfs.iter().map(|(path, size, options)| aws::Tmpfs {
        container_path: path.clone(),
        size: i32::try_from(*size).unwrap_or(i32::MAX),
        mount_options: list(options),
    });
    aws::LinuxParameters {
        capabilities: (capabilities != aws::KernelCapabilities::default()).then_some(capabilities),
        init_process_enabled: linux.init_process_enabled,
        shared_memory_size: linux.shared_memory_size.and_then(|size| i32::try_from(size).ok()),
        tmpfs: (!linux.tmpfs.is_empty()).then(|| tmpfs.collect()),
        ..Default::default()
    }
}

fn dependencies(container: &ContainerDefinition) -> Vec<aws::ContainerDependency> {
    let condition = |condition| match condition {
        DependencyCondition::Start => aws::ContainerCondition::Start,
        DependencyCondition::Complete => aws::ContainerCondition::Complete,
        DependencyCondition::Success => aws::ContainerCondition::Success,
        DependencyCondition::Healthy => aws::ContainerCondition::Healthy,
    };
    let one = |it: &model::ecs::Dependency| aws::ContainerDependency {
        container_name: it.container.clone(),
        condition: condition(it.condition),
    };
    container.depends_on.iter().map(one).collect()
}

fn ulimits(container: &ContainerDefinition) -> Vec<aws::Ulimit> {
    let one = |(name, soft, hard): &(String, i32, i32)| {
        Some(aws::Ulimit { name: aws::UlimitName::parse(name)?, soft_limit: *soft, hard_limit: *hard })
    };
    container.ulimits.iter().filter_map(one).collect()
}

fn health_check(check: &HealthCheck) -> aws::HealthCheck {
    let number = |value: u32| i32::try_from(value).ok();
    aws::HealthCheck {
        command: check.command.clone(),
        interval: number(check.interval),
        timeout: number(check.timeout),
        retries: number(check.retries),
        start_period: number(check.start_period).filter(|_| check.start_period_given),
    }
}
