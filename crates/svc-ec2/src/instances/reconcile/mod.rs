//! The loop of instances: looks at each, asks `logic::instance` what is due, and writes it.

mod interlude;
mod machine;
mod steps;
mod usage;

pub use machine::kind as machine_kind;

use super::load::{beside, disks};
use crate::volumes::unusable_key;
use agent_proto::record::{HostedMachine, HostedVolume, LOCAL_HOST};
use anyhow::Context;
use async_trait::async_trait;
use logic::instance::{Credits, Seen, Step, credits_of, next, take};
use model::{
    Key, Record, Timestamp,
    ec2::{Instance, InstancePlan, InstanceSpec, LaunchToken, NetworkInterface, Snapshot, StateReason, Volume},
};
use spine::{
    Read, Row, Scope, StoreError, Tx,
    reconcile::{ReconcileCx, Reconciler, Wake},
};
use std::time::Duration;

/// For how long the token of a request is remembered.
const REMEMBERED: Duration = Duration::from_secs(24 * 3600);

/// The reconciler of instances.
pub struct Instances;

#[async_trait]
impl Reconciler for Instances {
    fn name(&self) -> &'static str {
        "ec2/instances"
    }

    fn watches(&self) -> &'static [&'static str] {
        const KINDS: &[&str] = &[
            Instance::KIND,
            HostedMachine::KIND,
            Volume::KIND,
            NetworkInterface::KIND,
            LaunchToken::KIND,
            // What interludes wait for.
            Snapshot::KIND,
            HostedVolume::KIND,
        ];
        KINDS
    }

    async fn reconcile(&self, cx: &ReconcileCx) -> anyhow::Result<Wake> {
        let snapshot = cx.store.snapshot();
        let (mut wake, mut failed) = (forget_tokens(cx).await?, None);
        for (key, row) in snapshot.list::<Instance>(Scope::All)? {
            let due = match due(&snapshot, &key, &row, cx.env.now()) {
                Ok(None) => Ok(Wake::Idle),
                Ok(Some(Step::Wait(until))) if machine::is_told(&snapshot, &key, &row)? => Ok(Wake::At(until)),
                Ok(Some(Step::Rest)) if machine::is_told(&snapshot, &key, &row)? => Ok(Wake::Idle),
                Ok(Some(_)) => advance(cx, &key).await.with_context(|| key.id.clone()),
                Err(error) => Err(error.into()),
            };
            match due {
                Ok(due) => wake = wake.min(due),
                Err(error) => failed = Some(error),
            }
        }
        // One instance's trouble is no other's: the error is told once all have had their turn.
        failed.map_or(Ok(wake), Err)
    }
}

/// What is due for an instance; nothing if it is gone.
fn due(read: &impl Read, key: &Key<Instance>, row: &Row<Instance>, now: Timestamp) -> Result<Option<Step>, StoreError> {
    let hosted = read.get(&machine::key_of(key))?;
    let failure = failure(read, key, &row.spec, &row.plan, now)?;
    let seen = Seen {
        machine: hosted.as_ref().map(|hosted| &*hosted.observed),
        volume_failure: failure.as_ref(),
        credits: credits(&row.spec),
        interlude_done: match row.plan.interlude.as_ref().filter(|under_way| under_way.down) {
            Some(under_way) => interlude::is_done(read, key, &row.spec, &under_way.id)?,
            None => false,
        },
    };
    Ok(Some(next(&row.spec, &row.plan, seen, now)))
}

/// What its type has of CPU credits.
fn credits(spec: &InstanceSpec) -> Option<Credits> {
    let kind = logic::instance_type::named(&spec.instance_type)?;
    credits_of(&kind.name, u32::try_from(kind.vcpus).unwrap_or_default())
}

/// Why one of its volumes can't be made; asked of instances alone that are being brought up.
fn failure(
    read: &impl Read,
    key: &Key<Instance>,
    spec: &InstanceSpec,
    plan: &InstancePlan,
    now: Timestamp,
) -> Result<Option<StateReason>, StoreError> {
    if logic::instance::state(spec, plan) != model::ec2::InstanceState::Pending {
        return Ok(None);
    }
    let disks = disks(read, key, spec)?;
    for disk in &disks {
        if unusable_key(read, disk.spec.encryption.as_ref(), now)?.is_some() {
            return Ok(Some(logic::instance::invalid_kms_key()));
        }
    }
    Ok(disks.iter().find_map(|disk| disk.plan.failure.as_deref()).map(|why| match why.contains("snapshot") {
        true => logic::instance::snapshot_not_found(),
        false => logic::instance::internal_error(why),
    }))
}

/// Takes an instance as many steps as are due, in one transaction, and tells its host.
async fn advance(cx: &ReconcileCx, key: &Key<Instance>) -> anyhow::Result<Wake> {
    let now = cx.env.now();
    let wake = cx.store.transact(|tx| {
        // Each step leads on, so that there are no more of them than states.
        for _ in 0..16 {
            let Some(row) = tx.get(key)? else { return Ok(Wake::Idle) };
            match due(tx, key, &row, now)? {
                None | Some(Step::Rest) => return machine::tell(tx, key, &row).map(|()| Wake::Idle),
                Some(Step::Wait(until)) => return machine::tell(tx, key, &row).map(|()| Wake::At(until)),
                Some(step) => carry_out(tx, cx, key, &row, &step, now)?,
            }
        }
        Ok::<_, StoreError>(Wake::At(now))
    });
    Ok(wake.await?)
}

/// Writes a step: first what it does to other records, then the plan.
fn carry_out(
    tx: &mut Tx,
    cx: &ReconcileCx,
    key: &Key<Instance>,
    row: &Row<Instance>,
    step: &Step,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut plan = take(&row.spec, &row.plan, step, credits(&row.spec), now);
    match step {
        Step::Boot => {
            plan.host = Some(LOCAL_HOST.into());
            steps::give_public_address(tx, &cx.env, key, &row.spec)?;
        }
        Step::Down(id) => interlude::carry_out(tx, key, &row.spec, id, now)?,
        Step::Run => usage::open(tx, key, &row.spec, &plan, now)?,
        Step::Resume(from) => usage::interrupt(tx, key, &row.spec, &plan, *from, now)?,
        Step::Halt { ending, .. } if !ending.hibernate => usage::close(tx, key, &row.plan, now)?,
        Step::Stopped { .. } => {
            usage::close(tx, key, &row.plan, now)?;
            steps::release_public_addresses(tx, key, &row.spec)?;
        }
        Step::Terminated(_) => {
            usage::close(tx, key, &row.plan, now)?;
            steps::release(tx, key, &row.spec)?;
        }
        Step::Forget => return tx.delete(key),
        _ => {}
    }
    tx.put_plan(key, &plan)
}

/// Forgets the tokens of requests that are long past.
async fn forget_tokens(cx: &ReconcileCx) -> Result<Wake, StoreError> {
    let now = cx.env.now();
    let tokens = cx.store.snapshot().specs::<LaunchToken>(Scope::All)?;
    let (past, rest): (Vec<_>, Vec<_>) = tokens.into_iter().partition(|(_, spec)| spec.at + REMEMBERED <= now);
    if !past.is_empty() {
        cx.store.transact(|tx| past.iter().try_for_each(|(key, _)| tx.delete(key))).await?;
    }
    let ends = rest.iter().map(|(_, spec)| spec.at + REMEMBERED).min();
    Ok(ends.map_or(Wake::Idle, Wake::At))
}

/// The key of something beside an instance.
fn near<R: Record>(key: &Key<Instance>, id: &str) -> Key<R> {
    beside(key, id)
}
