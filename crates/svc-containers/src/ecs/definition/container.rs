//! One container of a request, read into the record's terms.

use crate::ecs::errors::{self, filled, refuse_unbuilt};
use api::ecs as aws;
use model::ecs::{
    ContainerDefinition, Dependency, DependencyCondition, HealthCheck, LinuxParameters, LogConfiguration, MountPoint,
    NetworkMode, PortMapping,
};
use wire::Fault;

pub(super) fn parse(given: &aws::ContainerDefinition, mode: NetworkMode) -> Result<ContainerDefinition, Fault> {
    refuse(given)?;
    let required = |text: &Option<String>, what: &str| {
        let text = text.clone().filter(|text| !text.is_empty());
        text.ok_or_else(|| errors::client(format!("Container.{what} should not be null or empty.")))
    };
    let name = required(&given.name, "name")?;
    let number = |value: Option<i32>, what: &str| number(value, what, &name);
    Ok(ContainerDefinition {
        image: required(&given.image, "image")?,
        cpu: number(given.cpu, "cpu")?.unwrap_or_default(),
        memory: number(given.memory, "memory")?,
        memory_reservation: number(given.memory_reservation, "memoryReservation")?,
        port_mappings: list(&given.port_mappings, |mapping| port(mapping, mode, &name))?,
        essential: given.essential.unwrap_or(true),
        entry_point: given.entry_point.clone().filter(|it| !it.is_empty()),
        command: given.command.clone().filter(|it| !it.is_empty()),
        environment: environment(&given.environment)?,
        mount_points: list(&given.mount_points, mount)?,
        volumes_from: list(&given.volumes_from, volumes_from)?,
        linux: given.linux_parameters.as_ref().map(linux).transpose()?,
        depends_on: given.depends_on.iter().flatten().map(dependency).collect(),
        start_timeout: number(given.start_timeout, "startTimeout")?,
        stop_timeout: number(given.stop_timeout, "stopTimeout")?,
        hostname: given.hostname.clone(),
        user: given.user.clone(),
        working_directory: given.working_directory.clone(),
        privileged: given.privileged,
        readonly_root_filesystem: given.readonly_root_filesystem,
        dns_servers: given.dns_servers.clone().unwrap_or_default(),
        dns_search_domains: given.dns_search_domains.clone().unwrap_or_default(),
        extra_hosts: given.extra_hosts.iter().flatten().map(|it| (it.hostname.clone(), it.ip_address.clone())).collect(),
        interactive: given.interactive,
        pseudo_terminal: given.pseudo_terminal,
        ulimits: given.ulimits.iter().flatten().map(|it| (it.name.as_str().into(), it.soft_limit, it.hard_limit)).collect(),
        log: given.log_configuration.as_ref().map(log).transpose()?,
        health_check: given.health_check.as_ref().map(|check| health(check, &name)).transpose()?,
        system_controls: list(&given.system_controls, system_control)?,
        name,
    })
}

fn refuse(given: &aws::ContainerDefinition) -> Result<(), Fault> {
    let linux = given.linux_parameters.as_ref();
    refuse_unbuilt(&[
        ("containerDefinitions.repositoryCredentials", given.repository_credentials.is_some()),
        ("containerDefinitions.links", filled(&given.links)),
        ("containerDefinitions.restartPolicy", given.restart_policy.as_ref().is_some_and(|policy| policy.enabled)),
        ("containerDefinitions.environmentFiles", filled(&given.environment_files)),
        ("containerDefinitions.secrets", filled(&given.secrets)),
        ("containerDefinitions.versionConsistency", given.version_consistency == Some(aws::VersionConsistency::Enabled)),
        ("containerDefinitions.disableNetworking", given.disable_networking == Some(true)),
        ("containerDefinitions.dockerSecurityOptions", filled(&given.docker_security_options)),
        ("containerDefinitions.dockerLabels", given.docker_labels.as_ref().is_some_and(|labels| !labels.is_empty())),
        ("containerDefinitions.resourceRequirements", filled(&given.resource_requirements)),
        ("containerDefinitions.firelensConfiguration", given.firelens_configuration.is_some()),
        ("containerDefinitions.credentialSpecs", filled(&given.credential_specs)),
        ("linuxParameters.devices", linux.is_some_and(|linux| filled(&linux.devices))),
        ("linuxParameters.maxSwap", linux.is_some_and(|linux| linux.max_swap.is_some())),
        ("linuxParameters.swappiness", linux.is_some_and(|linux| linux.swappiness.is_some())),
    ])
}

/// A number that can't be negative.
fn number(value: Option<i32>, what: &str, container: &str) -> Result<Option<u32>, Fault> {
    let invalid = |_| errors::client(format!("Invalid '{what}' setting for container '{container}'."));
    value.map(|value| u32::try_from(value).map_err(invalid)).transpose()
}

fn list<A, B>(given: &Option<Vec<A>>, read: impl FnMut(&A) -> Result<B, Fault>) -> Result<Vec<B>, Fault> {
    given.iter().flatten().map(read).collect()
}

/// In `awsvpc` and `host` mode the host port is the container's; in `bridge` mode 0 stands for a free one.
fn port(given: &aws::PortMapping, mode: NetworkMode, container: &str) -> Result<PortMapping, Fault> {
    refuse_unbuilt(&[("portMappings.containerPortRange", given.container_port_range.is_some())])?;
    let invalid = |what: &str| errors::client(format!("Invalid '{what}' setting for container '{container}'."));
    let container_port = given.container_port.and_then(|port| u16::try_from(port).ok()).filter(|port| *port != 0);
    let container_port = container_port.ok_or_else(|| invalid("containerPort"))?;
    let host_port = given.host_port.map(|port| u16::try_from(port).map_err(|_| invalid("hostPort"))).transpose()?;
    let same = matches!(mode, NetworkMode::Awsvpc | NetworkMode::Host);
    let mode_name = if mode == NetworkMode::Host { "host" } else { "awsvpc" };
    if same && host_port.is_some_and(|port| port != container_port && port != 0) {
        return Err(errors::client(format!(
            "When networkMode={mode_name}, the host ports and container ports in port mappings must match."
        )));
    }
    Ok(PortMapping {
        container_port,
        host_port: if same { container_port } else { host_port.unwrap_or_default() },
        udp: given.protocol == Some(aws::TransportProtocol::Udp),
        name: given.name.clone(),
        app_protocol: given.app_protocol.map(|it| it.as_str().into()),
    })
}

/// Pairs of name and value, of which the name can't be empty.
pub fn environment(given: &Option<Vec<aws::KeyValuePair>>) -> Result<Vec<(String, String)>, Fault> {
    list(given, |pair| {
        let name = pair.name.clone().filter(|name| !name.is_empty() && !name.contains(['=', '\0']));
        let name = name.ok_or_else(|| errors::client("Environment variable name should not be null or empty."))?;
        Ok((name, pair.value.clone().unwrap_or_default()))
    })
}

fn mount(given: &aws::MountPoint) -> Result<MountPoint, Fault> {
    let required = |text: &Option<String>, what| {
        text.clone()
            .filter(|it| !it.is_empty())
            .ok_or_else(|| errors::client(format!("MountPoint.{what} should not be null or empty.")))
    };
    Ok(MountPoint {
        source_volume: required(&given.source_volume, "sourceVolume")?,
        container_path: required(&given.container_path, "containerPath")?,
        read_only: given.read_only,
    })
}

fn volumes_from(given: &aws::VolumeFrom) -> Result<(String, bool), Fault> {
    let source = given
        .source_container
        .clone()
        .ok_or_else(|| errors::client("VolumesFrom.sourceContainer should not be null or empty."))?;
    Ok((source, given.read_only.unwrap_or(false)))
}

fn linux(given: &aws::LinuxParameters) -> Result<LinuxParameters, Fault> {
    let capabilities = given.capabilities.as_ref();
    let size =
        |value: Option<i32>| value.map(|it| u32::try_from(it).map_err(|_| errors::client("Invalid 'sharedMemorySize' setting.")));
    let tmpfs = |it: &aws::Tmpfs| {
        let size = u32::try_from(it.size).map_err(|_| errors::client("Invalid 'tmpfs' setting: the size is negative."))?;
        Ok((it.container_path.clone(), size, it.mount_options.clone().unwrap_or_default()))
    };
    Ok(LinuxParameters {
        add_capabilities: capabilities.and_then(|it| it.add.clone()),
        drop_capabilities: capabilities.and_then(|it| it.drop.clone()),
        init_process_enabled: given.init_process_enabled,
        shared_memory_size: size(given.shared_memory_size).transpose()?,
        tmpfs: list(&given.tmpfs, tmpfs)?,
    })
}

fn dependency(given: &aws::ContainerDependency) -> Dependency {
    let condition = match given.condition {
        aws::ContainerCondition::Start => DependencyCondition::Start,
        aws::ContainerCondition::Complete => DependencyCondition::Complete,
        aws::ContainerCondition::Success => DependencyCondition::Success,
        aws::ContainerCondition::Healthy => DependencyCondition::Healthy,
    };
    Dependency { container: given.container_name.clone(), condition }
}

fn log(given: &aws::LogConfiguration) -> Result<LogConfiguration, Fault> {
    if given.log_driver != aws::LogDriver::Awslogs {
        return Err(errors::unbuilt(format_args!("logConfiguration.logDriver ({})", given.log_driver.as_str())));
    }
    refuse_unbuilt(&[("logConfiguration.secretOptions", filled(&given.secret_options))])?;
    let options = given.options.clone().unwrap_or_default();
    let built = ["awslogs-group", "awslogs-region", "awslogs-stream-prefix", "awslogs-create-group"];
    if let Some(option) = options.keys().find(|option| !built.contains(&option.as_str())) {
        return Err(errors::unbuilt(format_args!("logConfiguration.options ({option})")));
    }
    Ok(LogConfiguration { driver: "awslogs".into(), options })
}

/// Bounds and defaults are those of `HealthCheck` in the API reference.
fn health(given: &aws::HealthCheck, container: &str) -> Result<HealthCheck, Fault> {
    let within = |value: Option<i32>, default: u32, bounds: std::ops::RangeInclusive<i32>, what: &str| match value {
        None => Ok(default),
        Some(value) if bounds.contains(&value) => Ok(value as u32),
        Some(_) => Err(errors::client(format!(
            "Invalid '{what}' setting in the health check of container '{container}'. It must be between {} and {}.",
            bounds.start(),
            bounds.end()
        ))),
    };
    let kind = given.command.first().map(String::as_str);
    if !matches!(kind, Some("CMD" | "CMD-SHELL")) || given.command.len() < 2 {
        return Err(errors::client(format!(
            "Invalid 'command' setting in the health check of container '{container}'. It must begin with CMD or CMD-SHELL."
        )));
    }
    Ok(HealthCheck {
        command: given.command.clone(),
        interval: within(given.interval, 30, 5..=300, "interval")?,
        timeout: within(given.timeout, 5, 2..=60, "timeout")?,
        retries: within(given.retries, 3, 1..=10, "retries")?,
        start_period: within(given.start_period, 0, 0..=300, "startPeriod")?,
        start_period_given: given.start_period.is_some(),
    })
}

fn system_control(given: &aws::SystemControl) -> Result<(String, String), Fault> {
    match (&given.namespace, &given.value) {
        (Some(name), Some(value)) if !name.is_empty() => Ok((name.clone(), value.clone())),
        _ => Err(errors::client("SystemControl.namespace and SystemControl.value should not be null or empty.")),
    }
}
