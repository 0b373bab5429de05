//! Tasks and their containers.

use super::{launch_type, time, uuid_of};
use crate::ecs::{definition, load::LoadedTask, tags};
use api::ecs as aws;
use logic::task::{ContainerView, Health, View};
use model::{
    Arn, Key,
    ecs::{Cluster, ContainerDefinition, ContainerInstance, ContainerOverride, LaunchType, NetworkMode},
};

/// A task in an answer.
pub fn task(task: &LoadedTask, with_tags: bool) -> aws::Task {
    let (key, spec, plan, view) = (&task.key, &task.spec, &task.plan, task.view());
    let cluster_name = key.id.split_once('/').map_or("", |(cluster, _)| cluster);
    let cluster: Key<Cluster> = Key::new(&key.account, &key.region, cluster_name);
    let fargate = spec.launch_type == LaunchType::Fargate;
    let instance = |id: &String| Key::<ContainerInstance>::new(&key.account, &key.region, format!("{cluster_name}/{id}")).arn();
    let ending = view.ending.as_ref();
    aws::Task {
        attachments: Some(attachment(task).into_iter().collect()),
        attributes: Some(Vec::new()),
        availability_zone: plan.interface.as_ref().map(|interface| interface.zone.clone()),
        capacity_provider_name: spec.capacity_provider.clone(),
        cluster_arn: Some(cluster.arn().to_string()),
        connectivity: view.connected_at.map(|_| aws::Connectivity::Connected),
        connectivity_at: view.connected_at.map(time),
        container_instance_arn: spec.container_instance.as_ref().map(|id| instance(id).to_string()),
        containers: Some(containers(task, &view)),
        cpu: spec.overrides.cpu.or(task.definition.cpu).map(|cpu| cpu.to_string()),
        memory: spec.overrides.memory.or(task.definition.memory).map(|memory| memory.to_string()),
        created_at: Some(time(spec.created_at)),
        desired_status: Some(view.desired_status.into()),
        enable_execute_command: Some(false),
        execution_stopped_at: view.execution_stopped_at.map(time),
        group: Some(spec.group.clone()),
        health_status: Some(health(view.health)),
        last_status: Some(view.last_status.as_str().into()),
        launch_type: Some(launch_type(spec.launch_type)),
        overrides: Some(overrides(task)),
        platform_version: spec.platform_version.clone(),
        platform_family: fargate.then(|| "Linux".into()),
        pull_started_at: view.pull_started_at.map(time),
        pull_stopped_at: view.pull_stopped_at.map(time),
        started_at: view.started_at.map(time),
        started_by: spec.started_by.clone(),
        stop_code: ending.and_then(|stop| aws::TaskStopCode::parse(stop.code.as_str())),
        stopped_at: view.stopped_at.map(time),
        stopped_reason: ending.map(|stop| stop.reason.clone()),
        stopping_at: view.stopping_at.map(time),
        tags: Some(if with_tags { tags::show(&spec.tags) } else { Vec::new() }),
        task_arn: Some(key.arn().to_string()),
        task_definition_arn: Some(spec.definition.arn(&key.account, &key.region).to_string()),
        version: Some(view.version),
        ..Default::default()
    }
}

fn health(health: Health) -> aws::HealthStatus {
    match health {
        Health::Healthy => aws::HealthStatus::Healthy,
        Health::Unhealthy => aws::HealthStatus::Unhealthy,
        Health::Unknown => aws::HealthStatus::Unknown,
    }
}

/// The interface of a task that has one of its own.
fn attachment(task: &LoadedTask) -> Option<aws::Attachment> {
    let network = task.spec.network.as_ref()?;
    let detail = |name: &str, value: String| aws::KeyValuePair { name: Some(name.into()), value: Some(value) };
    let Some(interface) = &task.plan.interface else {
        let details = network.subnets.first().map(|subnet| detail("subnetId", subnet.clone()));
        return Some(aws::Attachment {
            id: Some(uuid_of(&task.key.id)),
            r#type: Some("ElasticNetworkInterface".into()),
            status: Some("PRECREATED".into()),
            details: Some(details.into_iter().collect()),
        });
    };
    let mut details = vec![
        detail("subnetId", interface.subnet.clone()),
        detail("networkInterfaceId", interface.id.clone()),
        detail("macAddress", interface.mac.clone()),
    ];
    details.extend(interface.dns_name.clone().map(|name| detail("privateDnsName", name)));
    details.push(detail("privateIPv4Address", interface.address.to_string()));
    Some(aws::Attachment {
        id: Some(interface.attachment.clone()),
        r#type: Some("ElasticNetworkInterface".into()),
        status: Some(if task.plan.stopped_at.is_some() { "DELETED" } else { "ATTACHED" }.into()),
        details: Some(details),
    })
}

fn containers(task: &LoadedTask, view: &View) -> Vec<aws::Container> {
    let pairs = task.definition.containers.iter().zip(&view.containers);
    pairs.map(|(definition, view)| container(task, definition, view)).collect()
}

fn container(task: &LoadedTask, definition: &ContainerDefinition, view: &ContainerView) -> aws::Container {
    let key = &task.key;
    let resource = format!("container/{}/{}", key.id, uuid_of(&format!("{}/{}", key.id, view.name)));
    let other = task.spec.overrides.containers.iter().find(|other| other.name == view.name);
    let progress = &view.progress;
    aws::Container {
        container_arn: Some(Arn::new("ecs", &key.region, &key.account, resource).to_string()),
        task_arn: Some(key.arn().to_string()),
        name: Some(view.name.clone()),
        image: Some(definition.image.clone()),
        image_digest: progress.image_digest.clone(),
        runtime_id: progress.runtime_id.clone(),
        last_status: Some(view.last_status.into()),
        exit_code: progress.exit_code,
        reason: progress.reason.clone(),
        network_bindings: Some(bindings(task, definition, view)),
        network_interfaces: Some(interfaces(task)),
        health_status: Some(health(view.health)),
        cpu: Some(other.and_then(|other| other.cpu).unwrap_or(definition.cpu).to_string()),
        memory: other.and_then(|other| other.memory).or(definition.memory).map(|it| it.to_string()),
        memory_reservation: other.and_then(|it| it.memory_reservation).or(definition.memory_reservation).map(|it| it.to_string()),
        ..Default::default()
    }
}

/// In `bridge` mode the ports that were mapped; in `host` mode the container's own.
fn bindings(task: &LoadedTask, definition: &ContainerDefinition, view: &ContainerView) -> Vec<aws::NetworkBinding> {
    let runs = view.progress.started_at.is_some() && view.progress.exited_at.is_none();
    let ports: Vec<(u16, u16, bool)> = match task.definition.network_mode {
        NetworkMode::Bridge => view.progress.ports.clone(),
        NetworkMode::Host if runs => {
            definition.port_mappings.iter().map(|it| (it.container_port, it.host_port, it.udp)).collect()
        }
        _ => Vec::new(),
    };
    let binding = |(container, host, udp): (u16, u16, bool)| aws::NetworkBinding {
        bind_ip: Some("0.0.0.0".into()),
        container_port: Some(container.into()),
        host_port: Some(host.into()),
        protocol: Some(definition::protocol(udp)),
        ..Default::default()
    };
    ports.into_iter().map(binding).collect()
}

fn interfaces(task: &LoadedTask) -> Vec<aws::NetworkInterface> {
    let interface = task.plan.interface.iter().map(|interface| aws::NetworkInterface {
        attachment_id: Some(interface.attachment.clone()),
        private_ipv4_address: Some(interface.address.to_string()),
        ipv6_address: None,
    });
    interface.collect()
}

/// Every container is listed, with what differs for it.
fn overrides(task: &LoadedTask) -> aws::TaskOverride {
    let given = &task.spec.overrides;
    let one = |definition: &ContainerDefinition| {
        let name = definition.name.clone();
        let none = ContainerOverride { name, ..Default::default() };
        container_override(given.containers.iter().find(|other| other.name == definition.name).unwrap_or(&none))
    };
    aws::TaskOverride {
        container_overrides: Some(task.definition.containers.iter().map(one).collect()),
        inference_accelerator_overrides: Some(Vec::new()),
        cpu: given.cpu.map(|cpu| cpu.to_string()),
        memory: given.memory.map(|memory| memory.to_string()),
        execution_role_arn: given.execution_role.clone(),
        task_role_arn: given.task_role.clone(),
        ephemeral_storage: None,
    }
}

fn container_override(given: &ContainerOverride) -> aws::ContainerOverride {
    let number = |value: Option<u32>| value.and_then(|value| i32::try_from(value).ok());
    aws::ContainerOverride {
        name: Some(given.name.clone()),
        command: given.command.clone(),
        environment: (!given.environment.is_empty()).then(|| definition::pairs(&given.environment)),
        cpu: number(given.cpu),
        memory: number(given.memory),
        memory_reservation: number(given.memory_reservation),
        ..Default::default()
    }
}
