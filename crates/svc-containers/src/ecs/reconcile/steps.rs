//! The steps of a task's way down. Each is one transaction.

use super::logs;
use crate::ecs::load::{LoadedTask, credentials_key, hosted_key, stop_key};
use model::{Key, Timestamp, ec2::NetworkInterface, ecs::TaskPlan};
use spine::{StoreError, Tx};

/// Has the containers ended.
pub fn halt(tx: &mut Tx, task: &LoadedTask, now: Timestamp) -> Result<(), StoreError> {
    if task.hosted {
        tx.update_spec(&hosted_key(&task.key), |hosted| hosted.workload.run = false)?;
    }
    tx.put_plan(&task.key, &TaskPlan { halted_at: Some(now), ..TaskPlan::clone(&task.plan) })
}

/// Takes the interface and the credentials away: the task is stopped. Whoever has the credentials can use them until they expire.
pub fn finish(tx: &mut Tx, task: &LoadedTask, now: Timestamp) -> Result<(), StoreError> {
    if let Some(interface) = &task.plan.interface {
        tx.delete(&Key::<NetworkInterface>::new(&task.key.account, &task.key.region, interface.id.clone()))?;
    }
    tx.delete(&credentials_key(&task.key))?;
    let last = Some(task.progress.clone());
    tx.put_plan(&task.key, &TaskPlan { stopped_at: Some(now), last, ..TaskPlan::clone(&task.plan) })
}

/// Takes the workload off its host, whose output is safe elsewhere by now.
pub fn unhost(tx: &mut Tx, task: &LoadedTask) -> Result<(), StoreError> {
    for source in logs::sources(task) {
        tx.delete(&source)?;
    }
    tx.delete(&hosted_key(&task.key))
}

/// Deletes the task.
pub fn forget(tx: &mut Tx, task: &LoadedTask) -> Result<(), StoreError> {
    tx.delete(&stop_key(&task.key))?;
    tx.delete(&task.key)
}
