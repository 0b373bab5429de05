//! Deletes what is shown for a while only: services and clusters that are inactive, task definitions that were deleted.

use async_trait::async_trait;
use logic::deploy;
use model::{
    Key, Record, Timestamp,
    ecs::{Cluster, Revision, Service, Task, TaskDefinition},
};
use spine::{
    Read, Scope, StoreError, Tx,
    reconcile::{ReconcileCx, Reconciler, Wake},
};
use std::{collections::BTreeSet, time::Duration};

/// For how long inactive services and clusters can be described still.
const SHOWN: Duration = Duration::from_secs(3600);

/// The reconciler that sweeps up.
pub struct Sweeper;

#[async_trait]
impl Reconciler for Sweeper {
    fn name(&self) -> &'static str {
        "ecs/sweeper"
    }

    fn watches(&self) -> &'static [&'static str] {
        const KINDS: &[&str] = &[Cluster::KIND, Service::KIND, Task::KIND, TaskDefinition::KIND];
        KINDS
    }

    async fn reconcile(&self, cx: &ReconcileCx) -> anyhow::Result<Wake> {
        let now = cx.env.now();
        let wake = cx.store.transact(|tx| {
            let services = sweep_services(tx, now)?;
            let clusters = sweep_clusters(tx, now)?;
            sweep_definitions(tx)?;
            Ok::<_, StoreError>(services.min(clusters))
        });
        Ok(wake.await?)
    }
}

fn sweep_services(tx: &mut Tx, now: Timestamp) -> Result<Wake, StoreError> {
    let mut wake = Wake::Idle;
    for (key, row) in tx.list::<Service>(Scope::All)? {
        match row.plan.inactive_at.map(|at| at + SHOWN) {
            Some(end) if end <= now => tx.delete(&key)?,
            Some(end) => wake = wake.min(Wake::At(end)),
            None => {}
        }
    }
    Ok(wake)
}

/// A cluster is there as long as anything in it is.
fn sweep_clusters(tx: &mut Tx, now: Timestamp) -> Result<Wake, StoreError> {
    let mut wake = Wake::Idle;
    for (key, spec) in tx.specs::<Cluster>(Scope::All)? {
        match spec.deleted_at.map(|at| at + SHOWN) {
            Some(end) if end > now => wake = wake.min(Wake::At(end)),
            Some(_) if is_empty(tx, &key)? => tx.delete(&key)?,
            _ => {}
        }
    }
    Ok(wake)
}

fn is_empty(tx: &Tx, key: &Key<Cluster>) -> Result<bool, StoreError> {
    let prefix = format!("{}/", key.id);
    let scope = Scope::Prefix(&key.account, &key.region, &prefix);
    Ok(tx.specs::<Task>(scope)?.is_empty() && tx.specs::<Service>(scope)?.is_empty())
}

/// A task definition that was deleted goes once no task and no service uses it.
fn sweep_definitions(tx: &mut Tx) -> Result<(), StoreError> {
    let all = tx.specs::<TaskDefinition>(Scope::All)?;
    let deleted: Vec<_> = all.into_iter().filter(|(_, spec)| spec.delete_requested_at.is_some()).collect();
    if deleted.is_empty() {
        return Ok(());
    }
    let used = used(tx)?;
    for (key, spec) in deleted {
        if !used.contains(&(key.account.to_string(), key.region.to_string(), spec.revision.clone())) {
            tx.delete(&key)?;
        }
    }
    Ok(())
}

type Used = (String, String, Revision);

fn used(tx: &Tx) -> Result<BTreeSet<Used>, StoreError> {
    let mut used = BTreeSet::new();
    for (key, spec) in tx.specs::<Task>(Scope::All)? {
        used.insert((key.account.to_string(), key.region.to_string(), spec.definition.clone()));
    }
    for (key, row) in tx.list::<Service>(Scope::All)? {
        let deployments = deploy::take_up(&row.spec, &row.plan).into_iter().map(|deployment| deployment.target);
        for target in deployments.chain(row.plan.completed.clone()) {
            used.insert((key.account.to_string(), key.region.to_string(), target.definition));
        }
    }
    Ok(used)
}
