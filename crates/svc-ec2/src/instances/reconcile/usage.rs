//! The records of what is paid for: one for each stretch of running.

use super::near;
use crate::tagged::Keyed;
use logic::instance::paid_seconds;
use model::{
    Key, Timestamp,
    ec2::{Instance, InstancePlan, InstanceSpec, InstanceUsage, InstanceUsageSpec},
};
use spine::{Read, Scope, StoreError, Tx};

/// What the ids of a start's records begin with; they order as starts and boots do.
fn of_start(key: &Key<Instance>, start: u32) -> String {
    format!("{}/{start:010}", key.id)
}

/// The record that is open, if it is paid now.
fn opened(read: &impl Read, key: &Key<Instance>, plan: &InstancePlan) -> Result<Option<Keyed<InstanceUsage>>, StoreError> {
    let all = read.specs::<InstanceUsage>(Scope::Prefix(&key.account, &key.region, &of_start(key, plan.start)))?;
    Ok(all.into_iter().find(|(_, usage)| usage.to.is_none()))
}

/// It runs: it is paid from now on.
pub fn open(
    tx: &mut Tx,
    key: &Key<Instance>,
    spec: &InstanceSpec,
    plan: &InstancePlan,
    now: Timestamp,
) -> Result<(), StoreError> {
    let usage = InstanceUsageSpec {
        instance: key.id.clone(),
        instance_type: spec.instance_type.clone(),
        platform_details: spec.boot.platform_details.clone(),
        tenancy: spec.placement.tenancy.clone(),
        zone: spec.placement.zone.clone(),
        from: now,
        to: None,
        seconds: 0,
        surplus_credits: 0,
    };
    if opened(tx, key, plan)?.is_some() {
        return Ok(());
    }
    tx.create(&near::<InstanceUsage>(key, &format!("{}/{:010}", of_start(key, plan.start), plan.boot)), &usage)
}

/// It isn't paid any more. What is closed stays as it is.
pub fn close(tx: &mut Tx, key: &Key<Instance>, plan: &InstancePlan, now: Timestamp) -> Result<(), StoreError> {
    let Some((record, open)) = opened(tx, key, plan)? else { return Ok(()) };
    let credits = plan.credits.as_ref().map_or(0, |balance| balance.charged + balance.surplus);
    let closed = InstanceUsageSpec {
        to: Some(now),
        seconds: paid_seconds(open.from, now),
        surplus_credits: credits,
        ..InstanceUsageSpec::clone(&open)
    };
    tx.put_spec(&record, &closed)
}

/// Its host was gone from then till now: that isn't paid. Credits are, once, when it ends.
pub fn interrupt(
    tx: &mut Tx,
    key: &Key<Instance>,
    spec: &InstanceSpec,
    plan: &InstancePlan,
    from: Timestamp,
    now: Timestamp,
) -> Result<(), StoreError> {
    if opened(tx, key, plan)?.is_none() {
        return Ok(());
    }
    close(tx, key, &InstancePlan { credits: None, ..plan.clone() }, from)?;
    open(tx, key, spec, plan, now)
}
