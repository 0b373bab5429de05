//! Tells when copies of archived objects are there, and when they have gone. Whether they are there follows from the time alone.

use crate::s3::{
    Storage, find,
    notify::{self, About, Actor, Happened},
};
use async_trait::async_trait;
use model::{
    Key, Record, Timestamp,
    s3::{self as records, Bucket, Restore, RestorePlan, RestoreSpec, VersionSpec},
};
use spine::{
    Read, Row, Scope, Tx,
    reconcile::{ReconcileCx, Reconciler, Wake},
};
use std::sync::Arc;

/// Sees to the copies.
pub struct Restores(Arc<Storage>);

impl Restores {
    /// One for that storage.
    pub fn new(s3: &Arc<Storage>) -> Self {
        Self(s3.clone())
    }
}

#[async_trait]
impl Reconciler for Restores {
    fn name(&self) -> &'static str {
        "s3/restores"
    }

    fn watches(&self) -> &'static [&'static str] {
        &[Restore::KIND]
    }

    async fn reconcile(&self, cx: &ReconcileCx) -> anyhow::Result<Wake> {
        let now = cx.env.now();
        let mut wake = Wake::Idle;
        for (key, row) in cx.store.snapshot().list::<Restore>(Scope::All)? {
            let due = if is_told(&row) { row.spec.expires } else { row.spec.ready };
            wake = wake.min(Wake::At(due));
            if due <= now {
                let env = cx.env.clone();
                let done = self.0.store.transact(move |tx| see(tx, &key, now, &env)).await;
                done.map_err(|fault: wire::Fault| anyhow::anyhow!("{fault}"))?;
            }
        }
        Ok(wake)
    }
}

/// Whether it was told that this copy is there.
fn is_told(row: &Row<Restore>) -> bool {
    row.plan.told == Some(row.spec.ready)
}

/// Tells what is due of a copy; it goes with its version, too.
fn see(tx: &mut Tx, at: &Key<Restore>, now: Timestamp, env: &model::Env) -> Result<(), wire::Fault> {
    let Some(row) = tx.get(at)? else { return Ok(()) };
    let Some((name, key, version)) = meant(tx, at, &row.spec)? else { return Ok(tx.delete(at)?) };
    if !is_told(&row) && row.spec.ready <= now {
        tx.put_plan(at, &RestorePlan { told: Some(row.spec.ready) })?;
        let until = Some(row.spec.expires);
        tell(tx, (name, key), &version, ("ObjectRestore:Completed", "Object Restore Completed", until), row.spec.ready, env)?;
    } else if is_told(&row) && row.spec.expires <= now {
        tx.delete(at)?;
        tell(tx, (name, key), &version, ("ObjectRestore:Delete", "Object Restore Expired", None), row.spec.expires, env)?;
    }
    Ok(())
}

/// A bucket, a key, and a version of it.
type Meant<'a> = (&'a str, &'a str, Arc<VersionSpec>);

/// Those, if it still is what was to be restored.
fn meant<'a>(tx: &Tx, at: &'a Key<Restore>, spec: &RestoreSpec) -> Result<Option<Meant<'a>>, wire::Fault> {
    let parts = at.id.rsplit_once('\0').and_then(|(place, order)| Some((place.split_once('/')?, order)));
    let Some(((name, key), order)) = parts else { return Ok(None) };
    let order = u64::from_str_radix(order, 16).unwrap_or_default();
    let version = find::of_order(tx, name, key, order)?;
    let same = |version: &Arc<VersionSpec>| version.content.as_ref().is_some_and(|content| content.blob == spec.blob);
    Ok(version.filter(same).map(|version| (name, key, version)))
}

fn tell(
    tx: &mut Tx,
    (name, key): (&str, &str),
    version: &VersionSpec,
    (event, detail_type, until): (&'static str, &'static str, Option<Timestamp>),
    at: Timestamp,
    env: &model::Env,
) -> Result<(), wire::Fault> {
    let Some(bucket) = tx.spec(&records::key::<Bucket>(name))? else { return Ok(()) };
    let class = version.content.as_ref().map_or("", |content| content.class.as_str());
    let happened = Happened { event, detail_type, key, version, about: About::Restored(class, until) };
    notify::tell(tx, (name, &bucket), happened, &Actor::itself(at, env.uuid()), env)
}
