//! The records of what is paid for: one for each stretch of time in which a volume has had one size and type.

use model::{
    Key, Timestamp,
    ec2::{Volume, VolumePlan, VolumeSpec, VolumeUsage, VolumeUsageSpec},
};
use spine::{Read, StoreError, Tx};

fn record(key: &Key<Volume>, number: u32) -> Key<VolumeUsage> {
    Key::new(&key.account, &key.region, format!("{}/{number:010}", key.id))
}

/// A volume is paid from when it can be used, and as it is from when that was asked for.
pub fn open(tx: &mut Tx, key: &Key<Volume>, spec: &VolumeSpec, plan: &VolumePlan) -> Result<(), StoreError> {
    let (Some(ready_at), at) = (plan.ready_at, record(key, plan.modification)) else { return Ok(()) };
    if tx.exists(&at)? {
        return Ok(());
    }
    let asked_at = spec.modifications.last().filter(|last| last.number == plan.modification).map(|last| last.at);
    let from = asked_at.unwrap_or(ready_at);
    if let Some(before) = plan.modification.checked_sub(1) {
        close(tx, key, before, from)?;
    }
    let usage = VolumeUsageSpec {
        volume: key.id.clone(),
        zone: spec.zone.clone(),
        size: spec.size,
        performance: spec.performance.clone(),
        from,
        to: None,
    };
    tx.create(&at, &usage)
}

/// The stretch that a modification began is over. What is closed stays as it is.
pub fn close(tx: &mut Tx, key: &Key<Volume>, number: u32, now: Timestamp) -> Result<(), StoreError> {
    let at = record(key, number);
    match tx.spec(&at)? {
        Some(usage) if usage.to.is_none() => tx.put_spec(&at, &VolumeUsageSpec { to: Some(now), ..(*usage).clone() }),
        _ => Ok(()),
    }
}
