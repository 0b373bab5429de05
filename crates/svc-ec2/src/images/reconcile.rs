//! Notes when an image's snapshots are complete, and how its root disk boots: it is available then.

use super::deregister::snapshots;
use crate::direct::{Ebs, first_block};
use async_trait::async_trait;
use disk_image::content::{Content, content};
use model::{
    Key, Record,
    ec2::{BlockDeviceKind, Image, ImagePlan, ImageSpec, MachineKind, Snapshot},
};
use spine::{
    Read, Row, Scope, StoreError,
    reconcile::{ReconcileCx, Reconciler, Wake},
};
use std::sync::Arc;

/// The reconciler of images.
#[derive(Default)]
pub struct Images {
    /// Where snapshots' blocks are; `None`: nowhere.
    ebs: Option<Arc<Ebs>>,
}

impl Images {
    /// Those whose snapshots have these blocks.
    pub fn of(ebs: Arc<Ebs>) -> Self {
        Self { ebs: Some(ebs) }
    }

    /// How the root disk boots, where that has to be found out. A disk that can't be read, or holds nothing that is known, is as it was
    /// registered: whoever boots it says what is wrong.
    async fn boots_by(&self, key: &Key<Image>, spec: &ImageSpec) -> Option<String> {
        let unsaid = spec.boot_mode.is_none() && spec.machine == MachineKind::SystemContainer;
        let (ebs, snapshot) = (self.ebs.as_ref()?, root_snapshot(spec).filter(|_| unsaid)?);
        let snapshot = Key::<Snapshot>::new(&key.account, &key.region, snapshot);
        let (block, bytes) = first_block(ebs, &snapshot).await.ok().flatten()?;
        match content(&block, bytes) {
            Ok(Content::Bootable(mode)) => Some(mode.name().into()),
            Ok(Content::FileSystem(_)) | Err(_) => None,
        }
    }
}

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
                Progress::Complete => {
                    let boots_by = self.boots_by(&key, &row.spec).await;
                    ImagePlan { boots_by, ..ImagePlan::available(cx.env.now()) }
                }
                Progress::Failed(why) => {
                    ImagePlan { failure: Some(("Server.InternalError".into(), why)), ..ImagePlan::default() }
                }
            };
            cx.store.transact::<_, StoreError>(|tx| if tx.exists(&key)? { tx.put_plan(&key, &plan) } else { Ok(()) }).await?;
        }
        Ok(Wake::Idle)
    }
}

fn root_snapshot(spec: &ImageSpec) -> Option<&str> {
    let root = spec.block_devices.iter().find(|device| device.device == spec.root_device)?;
    match &root.kind {
        BlockDeviceKind::Ebs(ebs) => ebs.snapshot.as_deref(),
        BlockDeviceKind::Ephemeral(_) | BlockDeviceKind::NoDevice => None,
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
