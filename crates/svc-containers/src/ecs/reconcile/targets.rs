//! A task's membership in target groups.

use crate::ecs::load::LoadedTask;
use model::{
    Arn, Key, Timestamp,
    ecs::{ContainerInstance, LoadBalancer, NetworkMode, Registered, TaskPlan},
    elbv2::{Target, TargetGroup, TargetSpec},
};
use spine::{Read, StoreError, Tx};
use std::net::Ipv4Addr;

/// Where a task is reached by a load balancer.
struct Reached {
    target: String,
    address: Ipv4Addr,
    port: u16,
    zone: Option<String>,
}

/// Registers the task with the target groups of its service. Groups that are gone are left out.
pub fn register(tx: &mut Tx, task: &LoadedTask, now: Timestamp) -> Result<(), StoreError> {
    let mut targets = Vec::new();
    for balancer in &task.spec.load_balancers {
        let (Some(group), Some(reached)) = (group_key(&balancer.target_group), reached(tx, task, balancer)?) else { continue };
        if !tx.exists(&group)? {
            continue;
        }
        let key = Key::<Target>::of(&group, &reached.target, reached.port);
        let Reached { target, address, port, zone } = reached;
        let spec = TargetSpec { address, port, zone, registered_at: now, deregistered_at: None };
        // Another task may have had the address before: what was seen of it says nothing of this one.
        if tx.exists(&key)? {
            tx.delete(&key)?;
        }
        tx.create(&key, &spec)?;
        targets.push((balancer.target_group.clone(), target, port));
    }
    let registered = Some(Registered { at: now, targets });
    tx.put_plan(&task.key, &TaskPlan { registered, ..TaskPlan::clone(&task.plan) })
}

fn reached(read: &impl Read, task: &LoadedTask, balancer: &LoadBalancer) -> Result<Option<Reached>, StoreError> {
    if let Some(interface) = &task.plan.interface {
        let zone = Some(interface.zone.clone());
        return Ok(Some(Reached {
            target: interface.address.to_string(),
            address: interface.address,
            port: balancer.port,
            zone,
        }));
    }
    let Some(instance) = instance(read, task)? else { return Ok(None) };
    let ports = task.progress.containers.get(&balancer.container).map(|container| container.ports.as_slice()).unwrap_or_default();
    let mapped = ports.iter().find(|(container, _, udp)| *container == balancer.port && !udp).map(|(_, host, _)| *host);
    let port = if task.definition.network_mode == NetworkMode::Host { Some(balancer.port) } else { mapped };
    let zone = Some(instance.zone.clone());
    Ok(port.map(|port| Reached { target: instance.instance.clone(), address: instance.address, port, zone }))
}

fn instance(
    read: &impl Read,
    task: &LoadedTask,
) -> Result<Option<std::sync::Arc<model::ecs::ContainerInstanceSpec>>, StoreError> {
    let (Some((cluster, _)), Some(id)) = (task.key.id.split_once('/'), &task.spec.container_instance) else { return Ok(None) };
    read.spec(&Key::<ContainerInstance>::new(&task.key.account, &task.key.region, format!("{cluster}/{id}")))
}

fn group_key(arn: &str) -> Option<Key<TargetGroup>> {
    Key::<TargetGroup>::of_arn(&arn.parse::<Arn>().ok()?)
}

/// The keys under which a task is registered, each with its target group's ARN.
pub fn keys(task: &LoadedTask) -> impl Iterator<Item = (&str, Key<Target>)> {
    let registered = task.plan.registered.iter().flat_map(|registered| &registered.targets);
    registered.filter_map(|(arn, target, port)| Some((arn.as_str(), Key::<Target>::of(&group_key(arn)?, target, *port))))
}

/// Has the task's targets drained.
pub fn deregister(tx: &mut Tx, task: &LoadedTask, now: Timestamp) -> Result<(), StoreError> {
    for (_, key) in keys(task) {
        if tx.exists(&key)? {
            tx.update_spec(&key, |target| target.deregistered_at = target.deregistered_at.or(Some(now)))?;
        }
    }
    tx.put_plan(&task.key, &TaskPlan { deregistered_at: Some(now), ..TaskPlan::clone(&task.plan) })
}

/// Whether a target of the task is there still.
pub fn draining(read: &impl Read, task: &LoadedTask) -> Result<bool, StoreError> {
    if task.plan.deregistered_at.is_none() || task.plan.stopped_at.is_some() {
        return Ok(false);
    }
    for (_, key) in keys(task) {
        if read.exists(&key)? {
            return Ok(true);
        }
    }
    Ok(false)
}
