//! Notes when an image's snapshots are complete: it is available then.

use super::deregister::snapshots;
use async_trait::async_trait;
use model::{
    Key, Record,
    ec2::{Image, ImagePlan, Snapshot},
};
use spine::{
    Read, Row, Scope, StoreError,
    reconcile::{ReconcileCx, Reconciler, Wake},
};

/// The reconciler of images.
pub struct Images;

#[async_trait]
impl Reconciler for Images {
    fn name(&self) -> &'static str {
        "ec2/images"
    }

    fn watches(&self) -> &'static [&'static str] {
        const KINDS: &[&str] = &[Image::KIND, Snapshot::KIND];
        KINDS
    }

    async fn reconcile(&self, cx: &ReconcileCx) -> anyhow::Result<Wake> {
        let snapshot = cx.store.snapshot();
        for (key, row) in snapshot.list::<Image>(Scope::All)? {
            if row.plan.available_at.is_some() || row.plan.failure.is_some() {
                continue;
            }
            let plan = match progress(&snapshot, &key, &row)? {
                Progress::Underway => continue,
                Progress::Complete => ImagePlan { available_at: Some(cx.env.now()), failure: None },
                Progress::Failed(why) => ImagePlan { available_at: None, failure: Some(("Server.InternalError".into(), why)) },
            };
            cx.store.transact::<_, StoreError>(|tx| if tx.exists(&key)? { tx.put_plan(&key, &plan) } else { Ok(()) }).await?;
        }
        Ok(Wake::Idle)
    }
}

enum Progress {
    Underway,
    Complete,
    Failed(String),
}

/// How far an image's snapshots are.
fn progress(read: &impl Read, key: &Key<Image>, row: &Row<Image>) -> Result<Progress, StoreError> {
    for id in snapshots(&row.spec) {
        let snapshot = read.get(&Key::<Snapshot>::new(&key.account, &key.region, id))?;
        match snapshot.map(|row| row.plan) {
            None => return Ok(Progress::Failed(format!("The snapshot {id} does not exist"))),
            Some(plan) if plan.failure.is_some() => return Ok(Progress::Failed(plan.failure.clone().unwrap_or_default())),
            Some(plan) if plan.completed_at.is_none() => return Ok(Progress::Underway),
            Some(_) => {}
        }
    }
    Ok(Progress::Complete)
}
