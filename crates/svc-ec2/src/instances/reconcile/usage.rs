//! The records of what is paid for: one for each stretch of running.

use super::near;
use logic::instance::paid_seconds;
use model::{
    Key, Timestamp,
    ec2::{Instance, InstancePlan, InstanceSpec, InstanceUsage, InstanceUsageSpec},
};
use spine::{Read, StoreError, Tx};

/// The record of the present start. Ids order as the starts do.
fn record(key: &Key<Instance>, start: u32) -> Key<InstanceUsage> {
    near(key, &format!("{}/{start:010}", key.id))
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
    let record = record(key, plan.start);
    if tx.exists(&record)? { Ok(()) } else { tx.create(&record, &usage) }
}

/// It isn't paid any more. What is closed stays as it is.
pub fn close(tx: &mut Tx, key: &Key<Instance>, plan: &InstancePlan, now: Timestamp) -> Result<(), StoreError> {
    let record = record(key, plan.start);
    let Some(open) = tx.spec(&record)?.filter(|usage| usage.to.is_none()) else { return Ok(()) };
    let credits = plan.credits.as_ref().map_or(0, |balance| balance.charged + balance.surplus);
    let closed = InstanceUsageSpec {
        to: Some(now),
        seconds: paid_seconds(open.from, now),
        surplus_credits: credits,
        ..InstanceUsageSpec::clone(&open)
    };
    tx.put_spec(&record, &closed)
}
