//! Between tasks and workloads: what a host is told to run for a task, and what it says in return. Pure.

use super::environment::{CREDENTIALS_URI, credentials_uri};
use agent_proto::workload as host;
use model::ecs::{
    ContainerDefinition, ContainerOverride, ContainerProgress, Definition, DependencyCondition, NetworkMode, Progress, Stop,
    StopCode, TaskOverride,
};
use std::{collections::BTreeMap, time::Duration};

/// `stopTimeout` where a container has none (ECS_CONTAINER_STOP_TIMEOUT's default, and Fargate's).
const STOP_TIMEOUT: Duration = Duration::from_secs(30);

/// The least weight that Linux knows; ECS gives it to containers without CPU units.
const LEAST_SHARES: u64 = 2;

/// What a task is made of.
pub struct Making<'a> {
    /// Its 32 digits.
    pub id: &'a str,
    /// Its ARN.
    pub arn: String,
    /// What it consists of.
    pub definition: &'a Definition,
    /// What differs.
    pub overrides: &'a TaskOverride,
    /// Where it meets the network.
    pub network: host::Network,
    /// Where each container's image comes from, by container name.
    pub images: BTreeMap<String, host::ImageSource>,
    /// What each container finds in its environment unless its definition says otherwise.
    pub environment: Vec<(String, String)>,
    /// The id of the credentials of its role, if it has one.
    pub credentials: Option<String>,
}

/// The workload of a task.
pub fn workload(making: &Making) -> host::Workload {
    let definition = making.definition;
    let containers = definition.containers.iter().map(|container| container_of(making, container));
    let volumes = definition.volumes.iter().map(|volume| host::Volume {
        name: volume.name.clone(),
        kind: volume.host_path.clone().map_or(host::VolumeKind::Scratch, host::VolumeKind::HostPath),
    });
    let cpu = making.overrides.cpu.or(definition.cpu).map(u64::from);
    host::Workload {
        id: making.id.into(),
        label: making.arn.clone(),
        run: true,
        network: making.network.clone(),
        containers: containers.collect(),
        volumes: volumes.collect(),
        limits: host::Limits {
            cpu_quota: cpu,
            cpu_shares: cpu,
            memory_mib: making.overrides.memory.or(definition.memory).map(u64::from),
            ..Default::default()
        },
    }
}

fn container_of(making: &Making, container: &ContainerDefinition) -> host::Container {
    let other = making.overrides.containers.iter().find(|other| other.name == container.name);
    let linux = container.linux.clone().unwrap_or_default();
    let bridge = making.definition.network_mode == NetworkMode::Bridge;
    host::Container {
        name: container.name.clone(),
        image: image(making, container),
        entry_point: container.entry_point.clone(),
        command: other.and_then(|other| other.command.clone()).or_else(|| container.command.clone()),
        environment: environment(making, container, other),
        working_directory: container.working_directory.clone(),
        user: container.user.clone(),
        hostname: container.hostname.clone(),
        essential: container.essential,
        depends_on: container.depends_on.iter().map(dependency).collect(),
        health_check: container.health_check.as_ref().map(health_check),
        start_timeout: container.start_timeout.map(seconds),
        stop_timeout: container.stop_timeout.map_or(STOP_TIMEOUT, seconds),
        limits: limits(container, other),
        ulimits: container.ulimits.iter().map(|(name, soft, hard)| (name.clone(), bound(*soft), bound(*hard))).collect(),
        read_only_root: container.readonly_root_filesystem.unwrap_or(false),
        privileged: container.privileged.unwrap_or(false),
        add_capabilities: linux.add_capabilities.unwrap_or_default(),
        drop_capabilities: linux.drop_capabilities.unwrap_or_default(),
        init: linux.init_process_enabled.unwrap_or(false),
        interactive: container.interactive.unwrap_or(false),
        pseudo_terminal: container.pseudo_terminal.unwrap_or(false),
        mounts: mounts(making.definition, container),
        tmpfs: linux.tmpfs.into_iter().map(|(path, size, options)| (path, size.into(), options)).collect(),
        shared_memory_mib: linux.shared_memory_size.map(u64::from),
        sysctls: container.system_controls.iter().cloned().collect(),
        extra_hosts: container.extra_hosts.clone(),
        dns_servers: container.dns_servers.clone(),
        dns_search: container.dns_search_domains.clone(),
        ports: if bridge { ports(container) } else { Vec::new() },
        keep_output: container.log.is_some(),
    }
}

fn seconds(seconds: u32) -> Duration {
    Duration::from_secs(seconds.into())
}

/// -1 is no bound.
fn bound(value: i32) -> u64 {
    u64::try_from(value).unwrap_or(u64::MAX)
}

fn image(making: &Making, container: &ContainerDefinition) -> host::Image {
    let unknown =
        || host::ImageSource::Unresolved { reason: format!("CannotPullContainerError: {} was not resolved", container.image) };
    let source = making.images.get(&container.name).cloned().unwrap_or_else(unknown);
    host::Image { reference: container.image.clone(), source }
}

fn environment(making: &Making, container: &ContainerDefinition, other: Option<&ContainerOverride>) -> BTreeMap<String, String> {
    let overridden = other.into_iter().flat_map(|other| &other.environment);
    let given = making.environment.iter().chain(&container.environment).chain(overridden).cloned();
    let credentials = making.credentials.iter().map(|id| (CREDENTIALS_URI.to_owned(), credentials_uri(id)));
    given.chain(credentials).collect()
}

fn dependency(dependency: &model::ecs::Dependency) -> host::Dependency {
    let condition = match dependency.condition {
        DependencyCondition::Start => host::Condition::Start,
        DependencyCondition::Complete => host::Condition::Complete,
        DependencyCondition::Success => host::Condition::Success,
        DependencyCondition::Healthy => host::Condition::Healthy,
    };
    host::Dependency { container: dependency.container.clone(), condition }
}

fn health_check(check: &model::ecs::HealthCheck) -> host::HealthCheck {
    host::HealthCheck {
        command: check.command.clone(),
        interval: seconds(check.interval),
        timeout: seconds(check.timeout),
        retries: check.retries,
        start_period: seconds(check.start_period),
    }
}

fn limits(container: &ContainerDefinition, other: Option<&ContainerOverride>) -> host::Limits {
    let cpu = other.and_then(|other| other.cpu).unwrap_or(container.cpu);
    host::Limits {
        cpu_quota: None,
        cpu_shares: Some(u64::from(cpu).max(LEAST_SHARES)),
        memory_mib: other.and_then(|other| other.memory).or(container.memory).map(u64::from),
        memory_reservation_mib: other.and_then(|other| other.memory_reservation).or(container.memory_reservation).map(u64::from),
        pids: None,
    }
}

/// Its own mounts, and those of the containers in `volumesFrom`.
fn mounts(definition: &Definition, container: &ContainerDefinition) -> Vec<host::Mount> {
    let own = container.mount_points.iter().map(|mount| (mount, mount.read_only.unwrap_or(false)));
    let of_others = container.volumes_from.iter().filter_map(|(name, read_only)| Some((definition.container(name)?, *read_only)));
    let inherited = of_others.flat_map(|(other, read_only)| {
        other.mount_points.iter().map(move |mount| (mount, read_only || mount.read_only.unwrap_or(false)))
    });
    let all = own.chain(inherited).map(|(mount, read_only)| host::Mount {
        volume: mount.source_volume.clone(),
        path: mount.container_path.clone(),
        read_only,
    });
    all.collect()
}

fn ports(container: &ContainerDefinition) -> Vec<host::PortMapping> {
    let one = |mapping: &model::ecs::PortMapping| host::PortMapping {
        container_port: mapping.container_port,
        host_port: mapping.host_port,
        udp: mapping.udp,
    };
    container.port_mappings.iter().map(one).collect()
}

/// What a host says of a workload, in the terms of ECS.
pub fn progress(status: &host::Status) -> Progress {
    let containers = status.containers.iter().map(|(name, status)| (name.clone(), container_progress(status)));
    Progress {
        pull_started_at: status.pull_started_at,
        pull_stopped_at: status.pull_stopped_at,
        containers: containers.collect(),
        failure: status.failure.as_ref().map(failure),
        cleaned: status.cleaned,
    }
}

fn failure(failure: &host::Failure) -> Stop {
    let code = match failure.code.as_str() {
        "EssentialContainerExited" => StopCode::EssentialContainerExited,
        _ => StopCode::TaskFailedToStart,
    };
    Stop { at: failure.at, code, reason: failure.reason.clone() }
}

fn container_progress(status: &host::ContainerStatus) -> ContainerProgress {
    let (started_at, exited_at, exit_code, reason) = match &status.state {
        host::ContainerState::Pending => (None, None, None, None),
        host::ContainerState::Running { since } => (Some(*since), None, None, None),
        host::ContainerState::Exited { started, at, exit_code, reason } => (*started, Some(*at), *exit_code, reason.clone()),
    };
    let healthy = match status.health {
        host::Health::Unknown => None,
        host::Health::Healthy => Some(true),
        host::Health::Unhealthy => Some(false),
    };
    ContainerProgress {
        started_at,
        exited_at,
        exit_code,
        reason,
        healthy,
        runtime_id: Some(status.runtime_id.clone()).filter(|id| !id.is_empty()),
        image_digest: status.image_digest.clone(),
        ports: status.ports.iter().map(|port| (port.container_port, port.host_port, port.udp)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{
        Timestamp,
        ecs::{MountPoint, Volume},
    };

    fn container(name: &str) -> ContainerDefinition {
        ContainerDefinition { name: name.into(), image: "nginx".into(), essential: true, ..Default::default() }
    }

    fn make(definition: &Definition, overrides: &TaskOverride) -> host::Workload {
        workload(&Making {
            id: "t",
            arn: "arn".into(),
            definition,
            overrides,
            network: host::Network::None,
            images: [("web".to_owned(), host::ImageSource::Remote { credentials: None })].into(),
            environment: [("A", "0"), ("C", "0")].map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            credentials: Some("id".into()),
        })
    }

    #[test]
    fn an_override_wins_by_name_and_keeps_the_rest() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let web = ContainerDefinition {
            environment: vec![pair("A", "1"), pair("B", "1")],
            command: Some(vec!["serve".into()]),
            memory: Some(64),
            ..container("web")
        };
        let definition = Definition { containers: vec![web], memory: Some(512), ..Default::default() };
        let other =
            ContainerOverride { name: "web".into(), environment: vec![pair("B", "2")], memory: Some(32), ..Default::default() };
        let made = make(&definition, &TaskOverride { containers: vec![other], ..Default::default() });
        let web = &made.containers[0];
        let expected = [("A", "1"), ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/credentials/id"), ("B", "2"), ("C", "0")];
        let found: Vec<_> = web.environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(found, expected);
        assert_eq!((web.limits.memory_mib, made.limits.memory_mib), (Some(32), Some(512)));
        assert_eq!(web.command.as_deref(), Some(&["serve".to_owned()][..]));
        assert_eq!((web.limits.cpu_shares, web.stop_timeout), (Some(2), Duration::from_secs(30)));
    }

    #[test]
    fn mounts_of_another_container_come_along_and_may_become_read_only() {
        let mount = MountPoint { source_volume: "data".into(), container_path: "/data".into(), read_only: None };
        let web = ContainerDefinition { mount_points: vec![mount], ..container("web") };
        let side = ContainerDefinition { volumes_from: vec![("web".into(), true)], ..container("side") };
        let volume = Volume { name: "data".into(), host_path: None, host_given: false };
        let definition = Definition { containers: vec![web, side], volumes: vec![volume], ..Default::default() };
        let made = make(&definition, &TaskOverride::default());
        assert_eq!(made.volumes[0].kind, host::VolumeKind::Scratch);
        assert_eq!((made.containers[0].mounts[0].read_only, made.containers[1].mounts[0].read_only), (false, true));
        assert_eq!(made.containers[1].mounts[0].path, "/data");
    }

    #[test]
    fn an_image_that_nobody_resolved_says_so() {
        let definition = Definition { containers: vec![container("side")], ..Default::default() };
        let made = make(&definition, &TaskOverride::default());
        assert!(
            matches!(&made.containers[0].image.source, host::ImageSource::Unresolved { reason } if reason.starts_with("CannotPull"))
        );
    }

    #[test]
    fn what_a_host_says_is_put_into_the_terms_of_tasks() {
        let exited =
            host::ContainerState::Exited { started: Some(Timestamp(1)), at: Timestamp(2), exit_code: Some(3), reason: None };
        let status = host::ContainerStatus {
            state: exited,
            runtime_id: String::new(),
            image_digest: None,
            health: host::Health::Unhealthy,
            ports: vec![host::PortMapping { container_port: 80, host_port: 32768, udp: false }],
            pid: None,
        };
        let failure = host::Failure { code: "EssentialContainerExited".into(), reason: "why".into(), at: Timestamp(2) };
        let status =
            host::Status { containers: [("web".to_owned(), status)].into(), failure: Some(failure), ..Default::default() };
        let seen = progress(&status);
        let web = &seen.containers["web"];
        assert_eq!((web.started_at, web.exited_at, web.exit_code), (Some(Timestamp(1)), Some(Timestamp(2)), Some(3)));
        assert_eq!((web.healthy, web.ports.as_slice()), (Some(false), &[(80, 32768, false)][..]));
        assert_eq!(seen.failure.map(|stop| stop.code), Some(StopCode::EssentialContainerExited));
    }
}
