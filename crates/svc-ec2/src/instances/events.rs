//! Scheduled events, and what people report of their instances.

use super::{errors::incorrect_state, load, views};
use crate::{
    errors::{dry_run, invalid_value},
    records::key,
};
use api::ec2::{ModifyInstanceEventStartTimeRequest, ModifyInstanceEventStartTimeResult, ReportInstanceStatusRequest};
use front::{Answer, Cx};
use model::{
    Env, Key, Timestamp,
    ec2::{EventKind, Instance, InstanceState, ScheduledEvent},
};
use spine::{Read, Scope, Store, StoreError, Tx};
use std::time::Duration;
use wire::Fault;

/// From an event's first moment to its last.
const WINDOW: Duration = Duration::from_secs(2 * 3600);

/// For how long an event can be put off.
const GRACE: Duration = Duration::from_secs(7 * 24 * 3600);

/// Has something done with an instance at a time, as EC2 does when a host is to be mended or goes.
pub fn schedule(
    tx: &mut Tx,
    env: &Env,
    instance: &Key<Instance>,
    kind: EventKind,
    not_before: Timestamp,
) -> Result<ScheduledEvent, StoreError> {
    let description = match kind {
        EventKind::InstanceReboot => "scheduled reboot",
        EventKind::InstanceStop => "The instance is running on degraded hardware",
        EventKind::InstanceRetirement => "The instance is running on degraded hardware and is scheduled for retirement",
    };
    let event = ScheduledEvent {
        id: format!("instance-event-{}", env.hex(17)),
        kind,
        description: description.into(),
        not_before,
        not_after: not_before + WINDOW,
        deadline: not_before + GRACE,
    };
    tx.update_spec(instance, |spec| spec.events.push(event.clone()))?;
    Ok(event)
}

/// The same with an instance that its id alone names, whoever has it. The inner error is a sentence for people.
pub async fn schedule_for(
    store: &Store,
    env: &Env,
    instance: &str,
    kind: EventKind,
    after: Duration,
) -> Result<Result<ScheduledEvent, String>, StoreError> {
    store
        .transact(|tx| {
            let found = tx.list::<Instance>(Scope::All)?.into_iter().find(|(key, _)| key.id == instance);
            let Some((key, row)) = found else { return Ok(Err(format!("there is no instance {instance}"))) };
            match logic::instance::state(&row.spec, &row.plan) {
                InstanceState::Terminated | InstanceState::ShuttingDown => Ok(Err(format!("{instance} has ended"))),
                _ => schedule(tx, env, &key, kind, env.now() + after).map(Ok),
            }
        })
        .await
}

/// `ModifyInstanceEventStartTime`.
pub fn modify_start(
    cx: &Cx,
    tx: &mut Tx,
    input: &ModifyInstanceEventStartTimeRequest,
) -> Answer<ModifyInstanceEventStartTimeResult> {
    let loaded = load::instance(cx, tx, &input.instance_id)?;
    let there = loaded.spec.events.iter().find(|event| event.id == input.instance_event_id);
    let done = loaded.plan.events_done.contains(&input.instance_event_id);
    let absent = || {
        let message = format!("The instance event ID '{}' does not exist", input.instance_event_id);
        Fault::client("InvalidInstanceEventIDNotFound", message)
    };
    let mut event = there.filter(|_| !done).ok_or_else(absent)?.clone();
    let start = Timestamp(input.not_before.0);
    if start <= cx.now || start > event.deadline {
        let message = "The specified start time has to be in the future, and not after the event's deadline.";
        return Err(Fault::client("InvalidInstanceEventStartTime", message));
    }
    dry_run(input.dry_run)?;
    (event.not_before, event.not_after) = (start, start + WINDOW);
    tx.update_spec(&key::<Instance>(cx, &loaded.id), |spec| {
        let moved = spec.events.iter_mut().filter(|it| it.id == event.id);
        moved.for_each(|it| it.clone_from(&event));
    })?;
    Ok(ModifyInstanceEventStartTimeResult { event: Some(views::event(&event, false)) })
}

/// `ReportInstanceStatus`: what people say of running instances, which changes nothing of what checks say (EC2 API reference).
pub fn report(cx: &Cx, tx: &mut Tx, input: &ReportInstanceStatusRequest) -> Answer<()> {
    let instances = load::instances(cx, tx, &input.instances)?;
    if let Some(other) = instances.iter().find(|loaded| loaded.state() != InstanceState::Running) {
        return Err(incorrect_state(format!("The instance '{}' is not in the 'running' state.", other.id)));
    }
    if let (Some(start), Some(end)) = (input.start_time, input.end_time)
        && end.0 < start.0
    {
        return Err(invalid_value("The end time has to be after the start time."));
    }
    dry_run(input.dry_run)
}
