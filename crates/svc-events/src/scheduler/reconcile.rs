//! Schedules whose time has come.

use super::{
    load::{group_arn, group_of, schedule_arn},
    target::{self, Execution, SERVICE},
};
use crate::moment::shown;
use api::scheduler::Target;
use async_trait::async_trait;
use logic::schedule::{Schedule as Expression, Zone};
use model::{
    AccountId, Arn, Env, Key, Record, Region, Timestamp,
    delivery::{Caller, DeadLetter, Delivery, DeliverySpec, Retry},
    scheduler::{Occurrence, Schedule, SchedulePlan, ScheduleSpec},
};
use spine::{
    Read, Scope, Tx,
    reconcile::{ReconcileCx, Reconciler, Wake},
};
use std::time::Duration;
use wire::Fault;

/// Sees to schedules. It writes their `Plan`, and deletes those that ask for it when they are over.
///
/// What fell due while nobody looked happens once, and late: a backlog isn't worked off.
pub struct Schedules;

#[async_trait]
impl Reconciler for Schedules {
    fn name(&self) -> &'static str {
        "scheduler/schedules"
    }

    fn watches(&self) -> &'static [&'static str] {
        &[Schedule::KIND]
    }

    async fn reconcile(&self, cx: &ReconcileCx) -> anyhow::Result<Wake> {
        let now = cx.env.now();
        let mut wake = Wake::Idle;
        for (key, row) in cx.store.snapshot().list::<Schedule>(Scope::All)? {
            if !row.spec.enabled {
                continue;
            }
            let decided = row.plan.of == Some(row.spec.modified);
            let next = if !decided || row.plan.next.is_some_and(|it| it.run_at <= now) {
                cx.store.transact(|tx| see_to(tx, &cx.env, &key, now)).await.map_err(|fault| anyhow::anyhow!("{fault}"))?
            } else {
                row.plan.next
            };
            wake = next.map_or(wake, |it| wake.min(Wake::At(it.run_at)));
        }
        Ok(wake)
    }
}

/// Runs what is due, decides what comes next, and deletes what is over and doesn't want to stay.
fn see_to(tx: &mut Tx, env: &Env, key: &Key<Schedule>, now: Timestamp) -> Result<Option<Occurrence>, Fault> {
    let Some(row) = tx.get(key)? else { return Ok(None) };
    let (spec, plan) = (row.spec, row.plan);
    if !spec.enabled {
        return Ok(None);
    }
    let decided = plan.of == Some(spec.modified);
    let mut next = if decided { plan.next } else { first(env, &spec) };
    if let Some(due) = next.filter(|it| it.run_at <= now) {
        run(tx, env, key, &spec, (due.at, now))?;
        next = following(env, &spec, now.max(due.at));
    }
    if next.is_none() && spec.delete_when_over {
        tx.delete(key)?;
    } else {
        tx.put_plan(key, &SchedulePlan { of: Some(spec.modified), next })?;
    }
    Ok(next)
}

/// The first occurrence since the schedule was said. A rate begins at once.
fn first(env: &Env, spec: &ScheduleSpec) -> Option<Occurrence> {
    let at_once = Expression::of_scheduler(&spec.expression).is_ok_and(|it| it.period().is_some());
    following(env, spec, Timestamp(spec.modified.0.saturating_sub(i64::from(at_once))))
}

/// The occurrence after a moment, and where in its window it runs.
fn following(env: &Env, spec: &ScheduleSpec, after: Timestamp) -> Option<Occurrence> {
    let zone = spec.zone.as_deref().map_or(Some(Zone::UTC), Zone::named)?;
    let start = spec.start.unwrap_or(spec.modified);
    let at = Expression::of_scheduler(&spec.expression).ok()?.next(after, start, &zone)?;
    let within = spec.end.is_none_or(|end| at <= end);
    within.then(|| Occurrence { at, run_at: at + drawn(env, spec.window) })
}

/// A second of the window.
fn drawn(env: &Env, window: Option<u32>) -> Duration {
    let Some(seconds) = window.map(|minutes| u64::from(minutes) * 60).filter(|it| *it > 0) else { return Duration::ZERO };
    Duration::from_secs(u64::from_le_bytes(env.bytes()) % seconds)
}

/// Writes the delivery.
fn run(tx: &mut Tx, env: &Env, key: &Key<Schedule>, spec: &ScheduleSpec, (at, now): (Timestamp, Timestamp)) -> Result<(), Fault> {
    let target = target::read(&spec.target)?;
    let (kind, arn) = target::kind(&target.arn)?;
    let (id, schedule_arn, scheduled_time) = (env.uuid(), schedule_arn(key).to_string(), shown(at));
    let execution = Execution {
        id: &id,
        schedule_arn: &schedule_arn,
        schedule: key.names().1,
        scheduled_time: &scheduled_time,
        account: key.account.as_str(),
        region: key.region.as_str(),
    };
    let delivery = DeliverySpec {
        call: target::call(&target, (kind, &arn), &execution)?,
        by: caller(key, &target, &id),
        wanted: now,
        not_before: now,
        retry: retry(&target),
        dead_letter: dead_letter(key, &target, &execution),
    };
    let (account, region) = place(key, &target, &arn);
    Ok(tx.create(&Delivery::key(&account, &region, id), &delivery)?)
}

/// A role acts in its own account; where the target is, if its ARN says so.
fn place(key: &Key<Schedule>, target: &Target, arn: &Arn) -> (AccountId, Region) {
    let role = target.role_arn.parse::<Arn>().ok();
    let account = role.and_then(|role| AccountId::parse(&role.account).ok()).unwrap_or_else(|| key.account.clone());
    (account, Region::parse(&arn.region).unwrap_or_else(|_| key.region.clone()))
}

/// The role is told the group of the schedule (Scheduler user guide, "Confused deputy prevention").
fn caller(key: &Key<Schedule>, target: &Target, id: &str) -> Caller {
    Caller::Role {
        role: target.role_arn.clone(),
        session: id.to_owned(),
        service: SERVICE.to_owned(),
        source: group_arn(&group_of(key)),
    }
}

fn retry(target: &Target) -> Retry {
    let given = target.retry_policy.as_ref();
    let read = |said: Option<i32>, usual: u32| said.and_then(|it| u32::try_from(it).ok()).unwrap_or(usual);
    Retry {
        max_age: read(given.and_then(|it| it.maximum_event_age_in_seconds), Retry::DAY.max_age),
        max_retries: read(given.and_then(|it| it.maximum_retry_attempts), Retry::DAY.max_retries),
    }
}

/// Its attributes are those of the user guide, "Configuring a dead-letter queue".
fn dead_letter(key: &Key<Schedule>, target: &Target, execution: &Execution<'_>) -> Option<DeadLetter> {
    let queue = target.dead_letter_config.as_ref()?.arn.as_ref()?.parse().ok()?;
    let attributes = [
        ("EXECUTION_ID", execution.id),
        ("SCHEDULE_ARN", execution.schedule_arn),
        ("SCHEDULED_TIME", execution.scheduled_time),
        ("TARGET_ARN", target.arn.as_str()),
        ("IS_PAYLOAD_TRUNCATED", "false"),
    ];
    Some(DeadLetter {
        queue,
        body: execution.input(target),
        attributes: attributes.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        by: caller(key, target, execution.id),
    })
}
