//! A cloud whose instances and hosts the tests play.

pub use crate::common::{Answer, call, ec2};
use agent_proto::{
    machine::MachineStatus,
    record::{HostedMachine, HostedMachineSpec, HostedVolume},
    volume::{SnapshotStatus, VolumeState, VolumeStatus},
};
use blocks::BlockStore;
use front::testing::Bench;
use model::{
    AccountId, Key, Record, Region,
    ec2::{Instance, InstancePlan, InstanceState},
};
use serde_json::json;
use spine::{
    Read, Store,
    reconcile::{ReconcileCx, Reconciler},
};
use std::{ops::Deref, sync::Arc};
use svc_ec2::direct::{self, Collector, Copies, Ebs, Finisher};

/// A cloud.
pub struct World {
    pub bench: Bench,
    pub blocks: BlockStore,
    pub copies: Copies,
    pub finisher: Finisher,
    pub collector: Collector,
    pub images: svc_ec2::Images,
    _folder: tempfile::TempDir,
}

impl Deref for World {
    type Target = Bench;
    fn deref(&self) -> &Bench {
        &self.bench
    }
}

pub const ZONE: &str = "us-east-1a";

pub fn world() -> World {
    let folder = tempfile::tempdir().unwrap();
    let blocks = BlockStore::open(folder.path()).unwrap();
    let store = Store::ephemeral();
    let ebs = Arc::new(Ebs { store: store.clone(), blocks: blocks.clone() });
    let bench = Bench::on(store, |front, store, _| {
        front
            .service(svc_ec2::service(&Arc::new(store.clone()), &Arc::new(svc_ec2::Hosts::none())))
            .service(direct::service(&ebs))
            .service(svc_secrets::kms::service(&Arc::new(store.clone())))
            .service(svc_identity::iam::service())
    });
    let images = svc_ec2::Images::of(ebs.clone());
    let (copies, finisher, collector) = (Copies::new(ebs.clone()), Finisher::new(ebs.clone()), Collector::new(ebs));
    World { bench, blocks, copies, finisher, collector, images, _folder: folder }
}

pub fn key<R: Record>(id: &str) -> Key<R> {
    Key::new(&AccountId::parse("111122223333").unwrap(), &Region::parse("us-east-1").unwrap(), id)
}

impl World {
    pub async fn ok(&self, operation: &str, parameters: &[(&str, &str)]) -> Answer {
        ec2(&self.bench, operation, parameters).await
    }

    pub async fn call(&self, operation: &str, parameters: &[(&str, &str)]) -> Answer {
        call(&self.bench, "ec2", operation, parameters).await
    }

    /// Code and message of a refusal.
    pub async fn refused(&self, operation: &str, parameters: &[(&str, &str)]) -> (String, String) {
        let answer = self.call(operation, parameters).await;
        assert_ne!(answer.status, 200, "{operation} {parameters:?}");
        (answer.code().to_owned(), answer.message().to_owned())
    }

    pub async fn code(&self, operation: &str, parameters: &[(&str, &str)]) -> String {
        self.refused(operation, parameters).await.0
    }

    /// Lets the reconciler of volumes run until it has nothing to do.
    pub async fn settle(&self) {
        let cx = ReconcileCx::new(self.store.clone(), self.env.clone());
        for _ in 0..10 {
            let before = self.store.snapshot().revision();
            svc_ec2::Volumes.reconcile(&cx).await.unwrap();
            if self.store.snapshot().revision() == before {
                return;
            }
        }
        panic!("the reconciler never comes to rest");
    }

    /// A new volume, which the host has made.
    pub async fn volume(&self, parameters: &[(&str, &str)]) -> String {
        let made = self.ok("CreateVolume", &[&[("AvailabilityZone", ZONE)], parameters].concat()).await;
        let id = made.one("volumeId").to_owned();
        self.settle().await;
        self.host_does(&id).await;
        id
    }

    pub fn hosted(&self, volume: &str) -> Option<agent_proto::record::HostedVolumeSpec> {
        self.store.snapshot().spec(&key::<HostedVolume>(volume)).unwrap().map(|it| (*it).clone())
    }

    /// The host does what it was told about a volume, but for its snapshots.
    pub async fn host_does(&self, volume: &str) {
        self.host_says(volume, |_| {}).await;
    }

    /// The same, with changes.
    pub async fn host_says(&self, volume: &str, change: impl Fn(&mut VolumeStatus)) {
        let told = self.hosted(volume).expect("the host was told of it").volume;
        let at = key::<HostedVolume>(volume);
        let snapshots = self.store.snapshot().get(&at).unwrap().unwrap().observed.snapshots.clone();
        let mut status = VolumeStatus {
            state: VolumeState::Ready,
            size_gib: told.size_gib,
            limits: told.limits,
            snapshots: snapshots.into_iter().filter(|(id, _)| told.snapshots.contains_key(id)).collect(),
            ..VolumeStatus::default()
        };
        change(&mut status);
        self.store.transact(|tx| tx.put_observed(&at, &status)).await.unwrap();
        self.settle().await;
    }

    /// A snapshot of a volume, which the host has made.
    pub async fn snapshot(&self, volume: &str) -> String {
        let made = self.ok("CreateSnapshot", &[("VolumeId", volume)]).await;
        let id = made.one("snapshotId").to_owned();
        self.settle().await;
        self.complete(volume, &id).await;
        id
    }

    /// The host has made a snapshot.
    pub async fn complete(&self, volume: &str, snapshot: &str) {
        let completed = SnapshotStatus::Completed { stored_bytes: 4096, full_bytes: 1 << 20 };
        self.host_says(volume, |status| drop(status.snapshots.insert(snapshot.into(), completed.clone()))).await;
    }

    /// An instance that runs, or doesn't.
    pub async fn instance(&self, id: &str, state: InstanceState) {
        let spec = json!({
            "image": "ami-00000001",
            "boot": {"machine": "quick_start", "architecture": "x86_64", "boot_mode": null, "root_device": "/dev/xvda",
                     "platform_details": "Linux/UNIX"},
            "instance_type": "t3.micro",
            "launch": {"reservation": "r-1", "index": 0, "client_token": null, "at": 0},
            "key": null, "user_data": null, "profile": null,
            "placement": {"zone": ZONE, "group": null, "partition": null, "tenancy": "default"},
            "vpc": "vpc-1", "subnet": "subnet-1", "interfaces": [], "volumes": [], "instance_store": [],
            "wish": "run", "starts": 1, "reboots": 0,
            "attributes": {"termination_protection": false, "stop_protection": false, "shutdown_terminates": false,
                           "ebs_optimized": false, "ena_support": true, "hibernation": false, "detailed_monitoring": false,
                           "unlimited_credits": false, "cpu_options": null, "auto_recovery": "default"},
            "metadata": {"enabled": true, "tokens_required": true, "hop_limit": 1, "tags": false, "ipv6": false},
            "tags": {},
        });
        let spec = serde_json::from_value(spec).unwrap();
        let at = key::<Instance>(id);
        self.store.transact(|tx| tx.create(&at, &spec)).await.unwrap();
        self.is(id, state).await;
    }

    /// An instance comes to a state.
    pub async fn is(&self, id: &str, state: InstanceState) {
        let at = key::<Instance>(id);
        let plan = InstancePlan { state, ..InstancePlan::default() };
        self.store.transact(|tx| tx.put_plan(&at, &plan)).await.unwrap();
        self.settle().await;
    }

    /// An instance's machine was told to have volumes at devices, and has others; it can't give up `busy`.
    pub async fn machine(&self, id: &str, told: &[(&str, &str)], has: &[&str], busy: &[&str]) {
        let disks: Vec<_> =
            told.iter().map(|(device, volume)| json!({"device": device, "backing": {"volume": volume}, "root": false})).collect();
        let spec = json!({"host": "local", "machine": {
            "id": id, "power": {"on": {"boot": 1}}, "reboots": 0, "kind": {"guest": {"uefi": false}},
            "hardware": {"vcpus": 1, "memory_mib": 1024, "cpu_quota": null}, "hostname": "h", "vpc": "vpc-1",
            "interfaces": [], "disks": disks,
        }});
        let spec: HostedMachineSpec = serde_json::from_value(spec).unwrap();
        let observed = MachineStatus {
            disks: has.iter().map(|it| it.to_string()).collect(),
            disk_faults: busy.iter().map(|it| (it.to_string(), "busy".to_owned())).collect(),
            ..MachineStatus::default()
        };
        let at = key::<HostedMachine>(id);
        let write = |tx: &mut spine::Tx| {
            if tx.exists(&at)? {
                tx.put_spec(&at, &spec)?
            } else {
                tx.create(&at, &spec)?
            }
            tx.put_observed(&at, &observed)
        };
        self.store.transact(write).await.unwrap();
        self.settle().await;
    }

    /// The only text at a path of what `DescribeVolumes` shows of a volume.
    pub async fn shown(&self, volume: &str, path: &str) -> String {
        let answer = self.ok("DescribeVolumes", &[("VolumeId.1", volume)]).await;
        answer.all(&format!("volumeSet/item/{path}")).join(",")
    }
}
