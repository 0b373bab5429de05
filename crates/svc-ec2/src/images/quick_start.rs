//! The quick start image: a machine in milliseconds, with the host's own programs and no download. It is there from the first minute.

use crate::ops::places::REGIONS;
use async_trait::async_trait;
use model::{
    AccountId, Key, Region,
    ec2::{
        BlockDevice, BlockDeviceKind, EbsDevice, Image, ImagePlan, ImageSpec, MachineKind, Snapshot, SnapshotOrigin,
        SnapshotPlan, SnapshotSpec,
    },
    touch::{Touched, TouchedSpec},
};
use spine::{
    Read, StoreError, Tx,
    reconcile::{ReconcileCx, Reconciler, Wake},
};
use std::{sync::Arc, time::Duration};

/// Its snapshot: the same in every region, and in every cloud.
pub const SNAPSHOT: &str = "snap-0c10d50000000a571";
/// The device of the root volume.
const ROOT: &str = "/dev/xvda";
/// In GiB, as Amazon Linux has it.
const SIZE: u32 = 8;
/// After so long it is tried again to make it.
const RETRY: Duration = Duration::from_secs(60);

/// Makes the blocks of images that the cloud brings.
#[async_trait]
pub trait ImageMaker: Send + Sync {
    /// Has the blocks of the quick start image in the block store, under the name of a snapshot, of so many GiB.
    ///
    /// # Errors
    /// A sentence that says what is missing on this machine.
    async fn quick_start(&self, snapshot: &str, size: u32) -> Result<MadeImage, String>;
}

/// Blocks that were made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MadeImage {
    /// Bytes of all of them.
    pub bytes: u64,
}

/// Registers the quick start image in every region, once its blocks are there.
pub struct QuickStart {
    maker: Arc<dyn ImageMaker>,
    architecture: String,
}

impl QuickStart {
    /// For machines of an architecture, in OCI's words (`amd64`).
    pub fn new(maker: Arc<dyn ImageMaker>, architecture: &str) -> Self {
        let architecture = if architecture == "arm64" { "arm64" } else { "x86_64" };
        Self { maker, architecture: architecture.into() }
    }
}

#[async_trait]
impl Reconciler for QuickStart {
    fn name(&self) -> &'static str {
        "ec2/quick-start"
    }

    fn watches(&self) -> &'static [&'static str] {
        &[]
    }

    async fn reconcile(&self, cx: &ReconcileCx) -> anyhow::Result<Wake> {
        let owner = AccountId::parse(Key::<Image>::AMAZON)?;
        let regions = REGIONS.iter().map(|name| Region::parse(name)).collect::<Result<Vec<_>, _>>()?;
        if cx.store.snapshot().exists(&Key::quick_start(&regions[0]))? {
            return Ok(Wake::Idle);
        }
        let made = match self.maker.quick_start(SNAPSHOT, SIZE).await {
            Ok(made) => made,
            Err(why) => {
                tracing::warn!(why, "there is no quick start image");
                return Ok(Wake::At(cx.env.now() + RETRY));
            }
        };
        cx.store.transact(|tx| regions.iter().try_for_each(|region| self.register(tx, cx, &owner, region, made))).await?;
        Ok(Wake::Idle)
    }
}

impl QuickStart {
    fn register(
        &self,
        tx: &mut Tx,
        cx: &ReconcileCx,
        owner: &AccountId,
        region: &Region,
        made: MadeImage,
    ) -> Result<(), StoreError> {
        let now = cx.env.now();
        let (image, snapshot) = (Key::quick_start(region), Key::<Snapshot>::new(owner, region, SNAPSHOT));
        tx.set_spec(&Key::<Touched>::new(owner, region, "ec2"), &TouchedSpec { at: now })?;
        tx.set_spec(&snapshot, &snapshot_spec(now))?;
        let complete = SnapshotPlan {
            progress: 100,
            completed_at: Some(now),
            failure: None,
            stored_bytes: made.bytes,
            full_bytes: made.bytes,
        };
        tx.put_plan(&snapshot, &complete)?;
        tx.set_spec(&image, &self.image_spec(now))?;
        tx.put_plan(&image, &ImagePlan::available(now))
    }

    fn image_spec(&self, now: model::Timestamp) -> ImageSpec {
        let root = EbsDevice {
            snapshot: Some(SNAPSHOT.into()),
            size: Some(SIZE),
            volume_type: "gp3".into(),
            iops: Some(3000),
            throughput: Some(125),
            delete_on_termination: true,
            encrypted: Some(false),
            kms_key: None,
        };
        let name = format!("hillfog-quick-start-{}", self.architecture);
        ImageSpec {
            description: Some("Hillfog quick start: a system container with this machine's own programs".into()),
            owner_alias: Some("amazon".into()),
            block_devices: vec![BlockDevice { device: ROOT.into(), kind: BlockDeviceKind::Ebs(root) }],
            ena_support: true,
            public: true,
            ..ImageSpec::new(&name, &self.architecture, MachineKind::QuickStart, ROOT, now)
        }
    }
}

fn snapshot_spec(now: model::Timestamp) -> SnapshotSpec {
    SnapshotSpec {
        description: "Hillfog quick start".into(),
        owner_alias: Some("amazon".into()),
        public: true,
        ..SnapshotSpec::new("vol-ffffffff", SIZE, SnapshotOrigin::Imported, now)
    }
}
