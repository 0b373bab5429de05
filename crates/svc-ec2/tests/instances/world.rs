//! A cloud with an image, whose host is played by the test: it says what a machine does, and the reconciler does the rest.

use crate::common::hosts::Idle;
pub use crate::common::{Answer, call, ec2};
use agent_proto::{
    machine::{MachineState, MachineStatus, OffCause, Power},
    record::{HostedMachine, HostedMachineSpec},
};
use front::testing::Bench;
use logic::placement::hosts::Rules;
use model::{
    AccountId, Key, Record, Region, Timestamp,
    ec2::{
        BlockDevice, BlockDeviceKind, EbsDevice, Image, ImagePlan, ImageSpec, MachineKind, Snapshot, SnapshotOrigin,
        SnapshotPlan, SnapshotSpec, Tags,
    },
};
use spine::{
    Read, Store, StoreError,
    reconcile::{ReconcileCx, Reconciler, Wake},
};
use std::{sync::Arc, time::Duration};
use svc_ec2::{Hosts, Images, Instances, RootReplacements, Volumes};

pub const IMAGE: &str = "ami-0000000000000000a";
pub const SNAPSHOT: &str = "snap-0000000000000000a";

/// A cloud.
pub struct World {
    pub bench: Bench,
}

/// The key of a record of the bench's own account and region.
pub fn key<R: Record>(id: &str) -> Key<R> {
    Key::new(&AccountId::parse("111122223333").unwrap(), &Region::parse("us-east-1").unwrap(), id)
}

pub fn image() -> ImageSpec {
    let ebs = EbsDevice {
        snapshot: Some(SNAPSHOT.into()),
        size: Some(8),
        volume_type: "gp3".into(),
        iops: Some(3000),
        throughput: Some(125),
        delete_on_termination: true,
        encrypted: None,
        kms_key: None,
    };
    ImageSpec {
        name: "small".into(),
        description: None,
        owner_alias: None,
        architecture: "x86_64".into(),
        machine: MachineKind::SystemContainer,
        boot_mode: None,
        root_device: "/dev/xvda".into(),
        block_devices: vec![BlockDevice { device: "/dev/xvda".into(), kind: BlockDeviceKind::Ebs(ebs) }],
        platform_details: "Linux/UNIX".into(),
        ena_support: true,
        imds_v2: false,
        tpm: false,
        source_instance: None,
        source_image: None,
        created_at: Timestamp(0),
        public: false,
        launch_permissions: Vec::new(),
        deprecated_at: None,
        disabled: false,
        deregistration_protection: false,
        default_user: "ec2-user".into(),
        client_token: None,
        tags: Tags::new(),
    }
}

fn snapshot() -> SnapshotSpec {
    SnapshotSpec::new("vol-ffffffff", 8, SnapshotOrigin::Imported, Timestamp(0))
}

impl World {
    /// A cloud on a large host.
    pub async fn new() -> Self {
        Self::on(Idle::new("amd64", 64, 1 << 20), Rules::default()).await
    }

    /// A cloud on that host.
    pub async fn on(host: Arc<Idle>, rules: Rules) -> Self {
        let bench = Bench::on(Store::ephemeral(), |front, store, _| {
            let instances = svc_ec2::service(&Arc::new(store.clone()), &Arc::new(Hosts::local(host, rules)));
            front.service(instances).service(svc_ec2::connect::service())
        });
        let world = Self { bench };
        // The first call lays down the default network.
        world.ok("DescribeVpcs", &[]).await;
        world.image(IMAGE, image(), true).await;
        let complete = SnapshotPlan { progress: 100, completed_at: Some(Timestamp(0)), ..SnapshotPlan::default() };
        world
            .write(|tx| {
                tx.create(&key::<Snapshot>(SNAPSHOT), &snapshot())?;
                tx.put_plan(&key::<Snapshot>(SNAPSHOT), &complete)
            })
            .await;
        world
    }

    /// Writes records as others would.
    pub async fn write(&self, f: impl Fn(&mut spine::Tx) -> Result<(), StoreError>) {
        self.bench.store.transact(|tx| f(tx)).await.unwrap();
    }

    /// Makes an image.
    pub async fn image(&self, id: &str, spec: ImageSpec, available: bool) {
        self.write(|tx| {
            tx.create(&key::<Image>(id), &spec)?;
            let plan = ImagePlan { available_at: available.then_some(Timestamp(0)), ..ImagePlan::default() };
            tx.put_plan(&key::<Image>(id), &plan)
        })
        .await;
    }

    /// Calls an operation, which has to succeed.
    pub async fn ok(&self, operation: &str, parameters: &[(&str, &str)]) -> Answer {
        ec2(&self.bench, operation, parameters).await
    }

    /// Calls an operation, which has to fail, and gives the code and the message.
    pub async fn fails(&self, operation: &str, parameters: &[(&str, &str)]) -> (String, String) {
        let answer = call(&self.bench, "ec2", operation, parameters).await;
        assert_ne!(answer.status, 200, "{operation} {parameters:?}: {answer:?}");
        (answer.code().to_owned(), answer.message().to_owned())
    }

    /// Launches one instance of `t3.micro` with what is said besides.
    pub async fn run(&self, more: &[(&str, &str)]) -> Answer {
        self.ok("RunInstances", &launch(more)).await
    }

    /// Launches one, and gives its id.
    pub async fn pending(&self, more: &[(&str, &str)]) -> String {
        self.run(more).await.one("item/instanceId").to_owned()
    }

    /// Launches one, and has it run and answer.
    pub async fn running(&self, more: &[(&str, &str)]) -> String {
        let id = self.pending(more).await;
        self.runs(&id).await;
        id
    }

    /// Lets the reconcilers of instances and volumes run until they have nothing to do; gives when that of instances wants to run again.
    pub async fn settle(&self) -> Wake {
        let cx = ReconcileCx::new(self.bench.store.clone(), self.bench.env.clone());
        for _ in 0..50 {
            let before = self.bench.store.snapshot().revision();
            let wake = Instances.reconcile(&cx).await.unwrap();
            Volumes.reconcile(&cx).await.unwrap();
            Images::default().reconcile(&cx).await.unwrap();
            RootReplacements.reconcile(&cx).await.unwrap();
            if self.bench.store.snapshot().revision() == before {
                return wake;
            }
        }
        panic!("the reconciler doesn't come to rest");
    }

    /// Moves the clock, and lets the reconciler run.
    pub async fn advance(&self, seconds: u64) {
        self.bench.advance(Duration::from_secs(seconds));
        self.settle().await;
    }

    /// What the host is told of a machine.
    pub fn machine(&self, id: &str) -> Option<Arc<HostedMachineSpec>> {
        self.bench.store.snapshot().spec(&key::<HostedMachine>(id)).unwrap()
    }

    /// What the host is told of a machine's power.
    pub fn power(&self, id: &str) -> Power {
        self.machine(id).unwrap().machine.power
    }

    /// The host sees something of a machine, in its present boot.
    pub async fn sees(&self, id: &str, change: impl Fn(&mut MachineStatus)) {
        self.settle().await;
        let boot = match self.power(id) {
            Power::On { boot } | Power::Pause { boot } | Power::Off { boot, .. } => boot,
        };
        self.write(|tx| {
            tx.update_observed(&key::<HostedMachine>(id), |seen| {
                if seen.boot != boot {
                    (seen.boot, seen.cpu_ms) = (boot, 0);
                }
                change(seen);
            })
        })
        .await;
        self.settle().await;
    }

    /// The machine runs, and its system answers.
    pub async fn runs(&self, id: &str) {
        let since = self.bench.env.now();
        self.settle().await;
        let told = self.machine(id).unwrap();
        self.sees(id, |seen| {
            seen.state = MachineState::Running { since };
            seen.reachable = true;
            seen.disks = told.machine.disks.iter().map(|disk| disk.device.clone()).collect();
        })
        .await;
    }

    /// The machine is off.
    pub async fn is_off(&self, id: &str, cause: OffCause) {
        let at = self.bench.env.now();
        self.sees(id, |seen| {
            seen.state = MachineState::Off { at, cause: cause.clone() };
            seen.reachable = false;
            seen.disks.clear();
        })
        .await;
    }

    /// What `DescribeInstances` shows of one.
    pub async fn shown(&self, id: &str) -> Answer {
        self.ok("DescribeInstances", &[("InstanceId.1", id)]).await
    }

    /// The state of one.
    pub async fn state(&self, id: &str) -> String {
        self.shown(id).await.one("instanceState/name").to_owned()
    }
}

/// The parameters of a launch of one instance.
pub fn launch<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut all: Vec<(&str, &str)> = vec![("ImageId", IMAGE), ("InstanceType", "t3.micro"), ("MinCount", "1"), ("MaxCount", "1")];
    for one in more {
        all.retain(|(name, _)| *name != one.0);
    }
    all.extend(more.iter().filter(|(_, value)| !value.is_empty()));
    all
}
