//! What a task definition must be like, on any infrastructure and on Fargate.

use super::size::fargate_has;
use crate::ecs::{
    errors::{client, unbuilt},
    names::is_name,
};
use model::ecs::{ContainerDefinition, Definition, DependencyCondition, NetworkMode};
use std::collections::BTreeSet;
use wire::Fault;

/// Refuses a definition that can't be run anywhere.
pub fn check(definition: &Definition) -> Result<(), Fault> {
    if definition.containers.is_empty() {
        return Err(client("Container list cannot be empty."));
    }
    check_names(definition)?;
    if !definition.containers.iter().any(|container| container.essential) {
        return Err(client("At least one container of the task definition must be essential."));
    }
    definition.containers.iter().try_for_each(|container| check_container(definition, container))?;
    check_cycles(definition)?;
    check_sizes(definition)
}

fn check_names(definition: &Definition) -> Result<(), Fault> {
    let mut seen = BTreeSet::new();
    for container in &definition.containers {
        if !is_name(&container.name) {
            return Err(client(format!("Invalid 'name' setting for container '{}'.", container.name)));
        }
        if !seen.insert(&container.name) {
            return Err(client(format!("Container name '{}' is used more than once.", container.name)));
        }
    }
    let mut volumes = BTreeSet::new();
    match definition.volumes.iter().find(|volume| !is_name(&volume.name) || !volumes.insert(&volume.name)) {
        Some(volume) => Err(client(format!("Volume name '{}' is invalid or used more than once.", volume.name))),
        None => Ok(()),
    }
}

fn check_container(definition: &Definition, container: &ContainerDefinition) -> Result<(), Fault> {
    check_memory(definition, container)?;
    check_mounts(definition, container)?;
    check_network(definition, container)?;
    check_dependencies(definition, container)?;
    check_limits(container)?;
    let missing = |option: &&str| !container.log.iter().any(|log| log.options.get(*option).is_some_and(|it| !it.is_empty()));
    if container.log.is_some() && ["awslogs-group", "awslogs-region"].iter().any(missing) {
        return Err(client("Log driver awslogs requires options: awslogs-region, awslogs-group"));
    }
    if container.log.is_some() && missing(&"awslogs-stream-prefix") {
        return Err(match definition.requires_compatibilities.iter().any(|it| it == "FARGATE") {
            true => client("Log driver awslogs requires options: awslogs-region, awslogs-group, awslogs-stream-prefix"),
            false => unbuilt("logConfiguration.options (without awslogs-stream-prefix)"),
        });
    }
    let region = container.log.as_ref().and_then(|log| log.options.get("awslogs-region"));
    match region.filter(|region| model::Region::parse(region).is_err()) {
        Some(region) => Err(client(format!("Invalid 'awslogs-region' setting for container '{}': {region}", container.name))),
        None => Ok(()),
    }
}

fn check_memory(definition: &Definition, container: &ContainerDefinition) -> Result<(), Fault> {
    let name = &container.name;
    let (hard, soft) = (container.memory, container.memory_reservation);
    match (hard, soft) {
        (None, None) if definition.memory.is_none() => Err(client(format!(
            "Invalid setting for container '{name}'. At least one of 'memory' or 'memoryReservation' must be specified."
        ))),
        (Some(memory), _) | (None, Some(memory)) if memory < 6 => {
            Err(client(format!("Invalid setting for container '{name}'. Memory must be at least 6 MiB.")))
        }
        (Some(hard), Some(soft)) if soft > hard => Err(client(format!(
            "Invalid setting for container '{name}'. The 'memory' setting must be greater than 'memoryReservation'."
        ))),
        (Some(memory), _) | (None, Some(memory)) if definition.memory.is_some_and(|task| memory > task) => {
            Err(client("The 'memory' setting for container is greater than for the task."))
        }
        _ => Ok(()),
    }
}

fn check_mounts(definition: &Definition, container: &ContainerDefinition) -> Result<(), Fault> {
    let known = |name: &str| definition.volumes.iter().any(|volume| volume.name == name);
    if let Some(mount) = container.mount_points.iter().find(|mount| !known(&mount.source_volume)) {
        return Err(client(format!("Unknown volume '{}'.", mount.source_volume)));
    }
    if let Some(mount) = container.mount_points.iter().find(|mount| !mount.container_path.starts_with('/')) {
        return Err(client(format!(
            "Invalid 'containerPath' setting for container '{}': {}",
            container.name, mount.container_path
        )));
    }
    let other = |name: &str| name != container.name && definition.container(name).is_some();
    match container.volumes_from.iter().find(|(name, _)| !other(name)) {
        Some((name, _)) => {
            Err(client(format!("Unknown container '{name}' in the volumesFrom of container '{}'.", container.name)))
        }
        None => Ok(()),
    }
}

fn check_network(definition: &Definition, container: &ContainerDefinition) -> Result<(), Fault> {
    let awsvpc = definition.network_mode == NetworkMode::Awsvpc;
    let given = [
        ("hostname", container.hostname.is_some()),
        ("dnsServers", !container.dns_servers.is_empty()),
        ("dnsSearchDomains", !container.dns_search_domains.is_empty()),
        ("extraHosts", !container.extra_hosts.is_empty()),
    ];
    match given.iter().find(|(_, given)| awsvpc && *given) {
        Some((what, _)) => Err(client(format!(
            "Invalid '{what}' setting for container '{}'. It is not supported when networkMode=awsvpc.",
            container.name
        ))),
        None if definition.network_mode == NetworkMode::None && !container.port_mappings.is_empty() => {
            Err(client("When networkMode=none, port mappings are not allowed."))
        }
        None => Ok(()),
    }
}

fn check_dependencies(definition: &Definition, container: &ContainerDefinition) -> Result<(), Fault> {
    for dependency in &container.depends_on {
        let Some(other) = definition.container(&dependency.container).filter(|other| other.name != container.name) else {
            return Err(client(format!(
                "Container '{}' depends on container '{}', which is not another container of the task definition.",
                container.name, dependency.container
            )));
        };
        let ends = matches!(dependency.condition, DependencyCondition::Success | DependencyCondition::Complete);
        if ends && other.essential {
            return Err(client("A dependency container with SUCCESS or COMPLETE condition cannot be an essential container"));
        }
        if dependency.condition == DependencyCondition::Healthy && other.health_check.is_none() {
            return Err(client(format!(
                "Container '{}' has no health check, so that no container can depend on it with the HEALTHY condition.",
                other.name
            )));
        }
    }
    Ok(())
}

/// Takes away containers whose dependencies have all been taken away, until none is left or nothing moves.
fn check_cycles(definition: &Definition) -> Result<(), Fault> {
    let mut left: Vec<&ContainerDefinition> = definition.containers.iter().collect();
    loop {
        let waits = |container: &&ContainerDefinition| {
            container.depends_on.iter().any(|dependency| left.iter().any(|other| other.name == dependency.container))
        };
        let still: Vec<_> = left.iter().copied().filter(waits).collect();
        match still.len() {
            0 => return Ok(()),
            count if count == left.len() => {
                return Err(client("A dependency cycle was found among the containers of the task definition."));
            }
            _ => left = still,
        }
    }
}

fn check_limits(container: &ContainerDefinition) -> Result<(), Fault> {
    match container.ulimits.iter().find(|(_, soft, hard)| soft > hard && *hard >= 0) {
        Some((name, ..)) => Err(client(format!(
            "Invalid ulimit '{name}' for container '{}': the soft limit is above the hard one.",
            container.name
        ))),
        None => Ok(()),
    }
}

fn check_sizes(definition: &Definition) -> Result<(), Fault> {
    if definition.cpu.is_some_and(|cpu| !(128..=196_608).contains(&cpu)) {
        return Err(client("Invalid 'cpu' setting for task."));
    }
    if definition.memory.is_some_and(|memory| memory < 6) {
        return Err(client("Invalid 'memory' setting for task."));
    }
    let of_containers: u64 = definition.containers.iter().map(|container| u64::from(container.cpu)).sum();
    if definition.cpu.is_some_and(|cpu| of_containers > u64::from(cpu)) {
        return Err(client("The sum of all container 'cpu' values cannot be greater than the value of the task 'cpu'."));
    }
    Ok(())
}

/// Refuses a definition that Fargate can't run.
pub fn check_fargate(definition: &Definition) -> Result<(), Fault> {
    if definition.network_mode != NetworkMode::Awsvpc {
        return Err(client("Fargate only supports network mode ‘awsvpc’."));
    }
    let need = |what| client(format!("Fargate requires that '{what}' be defined at the task level."));
    let (cpu, memory) = (definition.cpu.ok_or_else(|| need("cpu"))?, definition.memory.ok_or_else(|| need("memory"))?);
    check_fargate_size(cpu, memory)?;
    if definition.volumes.iter().any(|volume| volume.host_path.is_some()) {
        return Err(client("host.sourcePath should not be set for volumes in Fargate."));
    }
    definition.containers.iter().try_for_each(check_fargate_container)
}

/// Refuses sizes that Fargate doesn't have.
pub fn check_fargate_size(cpu: u32, memory: u32) -> Result<(), Fault> {
    if fargate_has(cpu, memory) {
        return Ok(());
    }
    Err(client(format!(
        "No Fargate configuration exists for given values: {cpu} CPU, {memory} memory. See the Amazon ECS documentation for the valid values."
    )))
}

fn check_fargate_container(container: &ContainerDefinition) -> Result<(), Fault> {
    let linux = container.linux.as_ref();
    let given = [
        ("privileged", container.privileged == Some(true)),
        ("sharedMemorySize", linux.is_some_and(|linux| linux.shared_memory_size.is_some())),
        ("tmpfs", linux.is_some_and(|linux| !linux.tmpfs.is_empty())),
        (
            "capabilities.add (but SYS_PTRACE)",
            linux.is_some_and(|linux| linux.add_capabilities.iter().flatten().any(|it| it != "SYS_PTRACE")),
        ),
    ];
    if let Some((what, _)) = given.iter().find(|(_, given)| *given) {
        return Err(client(format!("The '{what}' setting of container '{}' is not supported on Fargate.", container.name)));
    }
    match container.stop_timeout {
        Some(seconds) if !(2..=120).contains(&seconds) => Err(client(format!(
            "Invalid 'stopTimeout' setting for container '{}'. It must be between 2 and 120.",
            container.name
        ))),
        _ => Ok(()),
    }
}
