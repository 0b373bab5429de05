//! Container instances.

use super::{count, time};
use crate::ecs::load::LoadedTask;
use api::ecs as aws;
use logic::placement::{Resources, remaining, required};
use model::{
    Key,
    ecs::{ContainerInstance, ContainerInstanceSpec, short_id},
};

/// Ports of an instance's address that no task gets: SSH, Docker's, and the ECS agent's.
const RESERVED_PORTS: [u16; 5] = [22, 2375, 2376, 51678, 51679];

/// What an instance had when it joined its cluster.
fn registered(spec: &ContainerInstanceSpec) -> Resources {
    Resources { cpu: spec.cpu, memory: spec.memory, ports: RESERVED_PORTS.map(|port| (port, false)).into() }
}

/// What an instance has left beside the tasks that are placed on it.
pub fn left<'a>(
    key: &Key<ContainerInstance>,
    spec: &ContainerInstanceSpec,
    tasks: impl Iterator<Item = &'a LoadedTask>,
) -> Resources {
    let own = tasks.filter(|task| placed(key, task));
    let taken: Vec<Resources> = own.map(|task| required(&task.definition, &task.spec.overrides)).collect();
    remaining(&registered(spec), taken.iter())
}

fn placed(key: &Key<ContainerInstance>, task: &LoadedTask) -> bool {
    task.spec.container_instance.as_deref() == Some(short_id(&key.id)) && task.plan.stopped_at.is_none()
}

/// A container instance in an answer, with its cluster's tasks.
pub fn instance(key: &Key<ContainerInstance>, spec: &ContainerInstanceSpec, tasks: &[LoadedTask]) -> aws::ContainerInstance {
    let own = |wanted: fn(&LoadedTask) -> bool| tasks.iter().filter(|task| placed(key, task) && wanted(task)).count();
    aws::ContainerInstance {
        container_instance_arn: Some(key.arn().to_string()),
        ec2_instance_id: Some(spec.instance.clone()),
        version: Some(1),
        remaining_resources: Some(resources(&left(key, spec, tasks.iter()))),
        registered_resources: Some(resources(&registered(spec))),
        status: Some("ACTIVE".into()),
        agent_connected: Some(true),
        running_tasks_count: count(own(LoadedTask::runs)),
        pending_tasks_count: count(own(LoadedTask::is_pending)),
        attributes: Some(attributes(spec)),
        registered_at: Some(time(spec.registered_at)),
        attachments: Some(Vec::new()),
        tags: Some(Vec::new()),
        ..Default::default()
    }
}

fn attributes(spec: &ContainerInstanceSpec) -> Vec<aws::Attribute> {
    let architecture = if spec.architecture == "amd64" { "x86_64" } else { &spec.architecture };
    let all = [
        ("ecs.availability-zone", spec.zone.as_str()),
        ("ecs.cpu-architecture", architecture),
        ("ecs.os-type", "linux"),
        ("ecs.subnet-id", &spec.subnet),
        ("ecs.vpc-id", &spec.vpc),
    ];
    all.map(|(name, value)| aws::Attribute { name: name.into(), value: Some(value.into()), ..Default::default() }).into()
}

fn resources(resources: &Resources) -> Vec<aws::Resource> {
    let number = |name: &str, value: u32| aws::Resource {
        name: Some(name.into()),
        r#type: Some("INTEGER".into()),
        double_value: Some(0.0),
        long_value: Some(0),
        integer_value: i32::try_from(value).ok(),
        string_set_value: None,
    };
    let ports = |name: &str, udp: bool| {
        let ports = resources.ports.iter().filter(|(_, is_udp)| *is_udp == udp).map(|(port, _)| port.to_string());
        aws::Resource {
            name: Some(name.into()),
            r#type: Some("STRINGSET".into()),
            string_set_value: Some(ports.collect()),
            ..number(name, 0)
        }
    };
    vec![number("CPU", resources.cpu), number("MEMORY", resources.memory), ports("PORTS", false), ports("PORTS_UDP", true)]
}
