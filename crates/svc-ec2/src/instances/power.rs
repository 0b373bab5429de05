//! Starting, stopping, rebooting and ending instances.

use super::{
    errors::{incorrect_state, no_capacity, no_hibernation, protected, wrong_state},
    hibernation,
    hosts::Hosts,
    load::{self, Loaded},
    run::check_processor,
    views,
};
use crate::{
    errors::{dry_run, invalid_combination, invalid_value, missing_parameter},
    quotas,
    records::key,
    volumes::may_attach,
};
use api::ec2::{
    InstanceStateChange, RebootInstancesRequest, StartInstancesRequest, StartInstancesResult, StopInstancesRequest,
    StopInstancesResult, TerminateInstancesRequest, TerminateInstancesResult,
};
use front::{Answer, Cx};
use logic::{
    instance::{hibernated_by_user, shut_down_by_user},
    instance_type,
};
use model::ec2::{Ending, EventKind, Instance, InstanceSpec, InstanceState, Wish};
use spine::Tx;

/// The instances of a request, at least one.
fn named(cx: &Cx, tx: &Tx, ids: &[String]) -> Answer<Vec<Loaded>> {
    if ids.is_empty() {
        return Err(missing_parameter("InstanceId"));
    }
    load::instances(cx, tx, ids)
}

/// Writes the specs that have changed, and tells the states before and after.
fn change(
    cx: &Cx,
    tx: &mut Tx,
    instances: Vec<Loaded>,
    f: impl Fn(&Loaded, &mut InstanceSpec),
) -> Answer<Vec<InstanceStateChange>> {
    let mut changes = Vec::new();
    for loaded in instances {
        let mut spec = InstanceSpec::clone(&loaded.spec);
        f(&loaded, &mut spec);
        let after = logic::instance::state(&spec, &loaded.plan);
        if spec != *loaded.spec {
            tx.put_spec(&key::<Instance>(cx, &loaded.id), &spec)?;
        }
        changes.push(views::state_change(&loaded.id, loaded.state(), after));
    }
    Ok(changes)
}

/// `StartInstances`. One that runs already goes on running.
pub fn start(hosts: &Hosts, cx: &Cx, tx: &mut Tx, input: &StartInstancesRequest) -> Answer<StartInstancesResult> {
    if input.additional_info.is_some() {
        return Err(super::errors::not_built("AdditionalInfo"));
    }
    let instances = named(cx, tx, &input.instance_ids)?;
    for loaded in &instances {
        match loaded.state() {
            InstanceState::Stopped => {
                has_root(cx, tx, loaded)?;
                has_keys(cx, tx, loaded)?;
                has_room(hosts, cx, loaded)?;
            }
            InstanceState::Pending | InstanceState::Running => {}
            _ => return Err(wrong_state(&loaded.id, "started")),
        }
    }
    dry_run(input.dry_run)?;
    let starting_instances = change(cx, tx, instances, |loaded, spec| {
        if loaded.state() == InstanceState::Stopped {
            spec.wish = Wish::Run;
            spec.starts += 1;
            spec.launch.at = cx.now;
        }
    })?;
    Ok(StartInstancesResult { starting_instances: Some(starting_instances) })
}

/// Refuses to start what has lost the volume that it boots from.
fn has_root(cx: &Cx, tx: &Tx, loaded: &Loaded) -> Answer<()> {
    let (id, root) = (&loaded.id, &loaded.spec.boot.root_device);
    if root_of(cx, tx, loaded)?.is_some() {
        return Ok(());
    }
    let message = format!("Invalid value '{id}' for instanceId. Instance does not have a volume attached at root ({root})");
    Err(invalid_value(message))
}

/// The volume that it boots from.
fn root_of(cx: &Cx, tx: &Tx, loaded: &Loaded) -> Answer<Option<load::Disk>> {
    let (id, root) = (&loaded.id, &loaded.spec.boot.root_device);
    let disks = load::disks(tx, &key::<Instance>(cx, id), &loaded.spec)?;
    let is_root = |disk: &load::Disk| disk.attachment(id).is_some_and(|(it, _)| it.detach.is_none() && it.device == *root);
    Ok(disks.into_iter().find(is_root))
}

/// EC2 is granted the keys of its encrypted volumes once more.
fn has_keys(cx: &Cx, tx: &Tx, loaded: &Loaded) -> Answer<()> {
    let disks = load::disks(tx, &key::<Instance>(cx, &loaded.id), &loaded.spec)?;
    disks.iter().try_for_each(|disk| may_attach(cx, tx, disk.spec.encryption.as_ref()))
}

fn has_room(hosts: &Hosts, cx: &Cx, loaded: &Loaded) -> Answer<()> {
    let name = &loaded.spec.instance_type;
    let Some(kind) = instance_type::named(name) else { return Err(no_capacity(name, &loaded.spec.placement.zone)) };
    check_processor(hosts, kind)?;
    quotas::within_vcpus(cx, kind, (1, 1))?;
    match hosts.room(cx, cx.snapshot(), kind, &loaded.spec.placement, 1)?.is_empty() {
        true => Err(no_capacity(name, &loaded.spec.placement.zone)),
        false => Ok(()),
    }
}

/// `StopInstances`. One that is stopped stays so; a stop that is under way can be forced.
pub fn stop(cx: &Cx, tx: &mut Tx, input: &StopInstancesRequest) -> Answer<StopInstancesResult> {
    let (hibernate, force) = (input.hibernate == Some(true), input.force == Some(true));
    if hibernate && (force || input.skip_os_shutdown == Some(true)) {
        return Err(invalid_combination("The parameter Hibernate cannot be used with the parameters Force and SkipOsShutdown"));
    }
    let instances = named(cx, tx, &input.instance_ids)?;
    instances.iter().try_for_each(|loaded| may_stop(loaded, hibernate))?;
    if hibernate {
        instances.iter().try_for_each(|loaded| has_place(cx, tx, loaded))?;
    }
    dry_run(input.dry_run)?;
    let reason = if hibernate { hibernated_by_user() } else { shut_down_by_user() };
    let force = force || input.skip_os_shutdown == Some(true);
    let ending = Ending { at: cx.now, hibernate, force, reason };
    let stopping_instances = change(cx, tx, instances, |loaded, spec| match (loaded.state(), &mut spec.wish) {
        (InstanceState::Running, wish) => *wish = Wish::Stop(ending.clone()),
        (InstanceState::Stopping, Wish::Stop(under_way)) => under_way.force |= force,
        (InstanceState::Stopping, wish) if force => *wish = Wish::Stop(ending.clone()),
        _ => {}
    })?;
    Ok(StopInstancesResult { stopping_instances: Some(stopping_instances) })
}

fn may_stop(loaded: &Loaded, hibernate: bool) -> Answer<()> {
    let id = &loaded.id;
    match loaded.state() {
        InstanceState::Running => {}
        InstanceState::Stopping | InstanceState::Stopped => return Ok(()),
        _ => return Err(wrong_state(id, "stopped")),
    }
    if loaded.spec.attributes.stop_protection {
        return Err(protected(id, "stopped", "disableApiStop"));
    }
    if hibernate && !loaded.spec.attributes.hibernation {
        return Err(no_hibernation(format!("The instance '{id}' is not configured for hibernation.")));
    }
    if hibernate && loaded.plan.reachable_since.is_none() {
        let message = format!("The instance '{id}' is not ready to hibernate yet. Please try again in a few minutes.");
        return Err(super::errors::unsupported_operation(message));
    }
    Ok(())
}

/// Refuses to let what has another root volume by now than it was launched with keep its memory there, if that can't.
fn has_place(cx: &Cx, tx: &Tx, loaded: &Loaded) -> Answer<()> {
    match (instance_type::named(&loaded.spec.instance_type), root_of(cx, tx, loaded)?) {
        (Some(kind), Some(root)) => hibernation::check_root(&root.spec, kind.memory_mib),
        _ => Ok(()),
    }
}

/// `RebootInstances`.
pub fn reboot(cx: &Cx, tx: &mut Tx, input: &RebootInstancesRequest) -> Answer<()> {
    let instances = named(cx, tx, &input.instance_ids)?;
    if let Some(off) = instances.iter().find(|loaded| loaded.state() != InstanceState::Running) {
        return Err(incorrect_state(format!("The instance '{}' is not in a state from which it can be rebooted.", off.id)));
    }
    dry_run(input.dry_run)?;
    change(cx, tx, instances, |_, spec| {
        spec.reboots += 1;
        // Who reboots the instance has done what the event was for.
        spec.events.retain(|event| event.kind != EventKind::InstanceReboot);
    })?;
    Ok(())
}

/// `TerminateInstances`: all, or none if one of them is protected.
pub fn terminate(cx: &Cx, tx: &mut Tx, input: &TerminateInstancesRequest) -> Answer<TerminateInstancesResult> {
    let instances = named(cx, tx, &input.instance_ids)?;
    let protection = |loaded: &&Loaded| loaded.spec.attributes.termination_protection && !loaded.is_ending();
    if let Some(there) = instances.iter().find(protection) {
        return Err(protected(&there.id, "terminated", "disableApiTermination"));
    }
    dry_run(input.dry_run)?;
    let force = input.force == Some(true) || input.skip_os_shutdown == Some(true);
    let ending = Ending { at: cx.now, hibernate: false, force, reason: shut_down_by_user() };
    let terminating_instances = change(cx, tx, instances, |loaded, spec| match (loaded.state(), &mut spec.wish) {
        (InstanceState::Terminated, _) => {}
        (InstanceState::ShuttingDown, Wish::Terminate(under_way)) => under_way.force |= force,
        (_, wish) => *wish = Wish::Terminate(ending.clone()),
    })?;
    Ok(TerminateInstancesResult { terminating_instances: Some(terminating_instances) })
}
