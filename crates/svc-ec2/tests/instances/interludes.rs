//! Reboots with something in their middle: images of machines that run, and root volumes that are replaced. And what else is made of an
//! instance: the data of a launch template.

use crate::world::{SNAPSHOT, World, image, key};
use agent_proto::{
    machine::{Backing, OffCause, Power},
    record::HostedVolume,
    volume::{SnapshotStatus, VolumeState},
};
use model::ec2::{Image, RootReplacement, Snapshot, Volume};
use spine::Read;

impl World {
    /// An instance that runs on volumes that are there.
    async fn up(&self) -> String {
        let id = self.running(&[]).await;
        self.ready().await;
        id
    }

    /// The host has all volumes that it is told of.
    async fn ready(&self) {
        self.settle().await;
        let all = self.bench.store.snapshot().specs::<HostedVolume>(spine::Scope::All).unwrap();
        let all: Vec<_> = all.into_iter().map(|(key, spec)| (key, spec.volume.size_gib)).collect();
        self.write(|tx| {
            all.iter().try_for_each(|(key, size)| {
                tx.update_observed(key, |seen| (seen.state, seen.size_gib) = (VolumeState::Ready, *size))
            })
        })
        .await;
        self.settle().await;
    }

    /// The root volume that the host is told of.
    fn root(&self, id: &str) -> String {
        let machine = self.machine(id).unwrap().machine.clone();
        match &machine.disks.iter().find(|disk| disk.root).unwrap().backing {
            Backing::Volume(id) => id.clone(),
            other => panic!("{other:?}"),
        }
    }

    /// The snapshots that the host is told to make of a volume.
    fn ordered(&self, volume: &str) -> Vec<String> {
        let hosted = self.bench.store.snapshot().spec(&key::<HostedVolume>(volume)).unwrap();
        hosted.map(|hosted| hosted.volume.snapshots.keys().cloned().collect()).unwrap_or_default()
    }

    /// The host says of a snapshot how far it is.
    async fn snapshot_is(&self, volume: &str, snapshot: &str, status: SnapshotStatus) {
        self.write(|tx| {
            tx.update_observed(&key::<HostedVolume>(volume), |seen| {
                seen.snapshots.insert(snapshot.into(), status.clone());
            })
        })
        .await;
        self.settle().await;
    }

    async fn image_state(&self, id: &str) -> String {
        self.ok("DescribeImages", &[("ImageId.1", id)]).await.one("item/imageState").to_owned()
    }

    async fn task(&self, id: &str) -> String {
        let found = self.ok("DescribeReplaceRootVolumeTasks", &[("ReplaceRootVolumeTaskId.1", id)]).await;
        found.one("item/taskState").to_owned()
    }

    async fn replace(&self, instance: &str, more: &[(&str, &str)]) -> String {
        let parameters = [&[("InstanceId", instance)], more].concat();
        let made = self.ok("CreateReplaceRootVolumeTask", &parameters).await;
        assert_eq!(made.one("taskState"), "pending");
        made.one("replaceRootVolumeTaskId").to_owned()
    }

    fn volume_exists(&self, id: &str) -> bool {
        self.bench.store.snapshot().exists(&key::<Volume>(id)).unwrap()
    }
}

const WHOLE: SnapshotStatus = SnapshotStatus::Completed { stored_bytes: 1, full_bytes: 1 };

#[tokio::test]
async fn an_image_with_reboot_is_of_the_time_at_which_the_system_is_down() {
    let world = World::new().await;
    let id = world.up().await;
    let volume = world.root(&id);
    let ami = world.ok("CreateImage", &[("InstanceId", &id), ("Name", "golden")]).await.one("imageId").to_owned();
    world.settle().await;
    assert_eq!(world.power(&id), Power::Pause { boot: 1 });
    assert_eq!(world.ordered(&volume), Vec::<String>::new(), "the system is up");
    assert_eq!((world.state(&id).await.as_str(), world.image_state(&ami).await.as_str()), ("running", "pending"));

    world.is_off(&id, OffCause::Told).await;
    let ordered = world.ordered(&volume);
    assert_eq!(ordered.len(), 1);
    assert_eq!(world.power(&id), Power::Pause { boot: 1 }, "the moment isn't fixed yet");
    assert_eq!(world.state(&id).await, "running");
    world.snapshot_is(&volume, &ordered[0], SnapshotStatus::Pending(0)).await;
    assert_eq!(world.power(&id), Power::On { boot: 2 });
    world.runs(&id).await;
    assert_eq!(world.image_state(&ami).await, "pending");
    world.snapshot_is(&volume, &ordered[0], WHOLE).await;
    assert_eq!(world.image_state(&ami).await, "available");
    assert_eq!((world.power(&id), world.state(&id).await.as_str()), (Power::On { boot: 2 }, "running"));
    assert_eq!(world.bench.store.snapshot().spec(&key::<Image>(&ami)).unwrap().unwrap().block_devices.len(), 1);
}

#[tokio::test]
async fn without_reboot_it_is_of_the_moment_of_the_call() {
    let world = World::new().await;
    let id = world.up().await;
    world.ok("CreateImage", &[("InstanceId", &id), ("Name", "golden"), ("NoReboot", "true")]).await;
    world.settle().await;
    assert_eq!(world.ordered(&world.root(&id)).len(), 1);
    assert_eq!(world.power(&id), Power::On { boot: 1 });
}

#[tokio::test]
async fn what_ends_the_instance_ends_the_wait_for_its_snapshots() {
    for operation in ["StopInstances", "TerminateInstances"] {
        let world = World::new().await;
        let id = world.up().await;
        let volume = world.root(&id);
        let ami = world.ok("CreateImage", &[("InstanceId", &id), ("Name", "golden")]).await.one("imageId").to_owned();
        world.settle().await;
        world.ok(operation, &[("InstanceId.1", &id)]).await;
        world.settle().await;
        assert!(matches!(world.power(&id), Power::Off { boot: 1, .. }));
        world.is_off(&id, OffCause::Told).await;
        let ordered = world.ordered(&volume);
        assert_eq!(ordered.len(), 1, "{operation}: the system is down");
        world.snapshot_is(&volume, &ordered[0], WHOLE).await;
        assert_eq!(world.image_state(&ami).await, "available", "{operation}");
    }
}

#[tokio::test]
async fn a_snapshot_that_fails_ends_the_interlude_and_the_image() {
    let world = World::new().await;
    let id = world.up().await;
    let volume = world.root(&id);
    let ami = world.ok("CreateImage", &[("InstanceId", &id), ("Name", "golden")]).await.one("imageId").to_owned();
    world.settle().await;
    world.is_off(&id, OffCause::Told).await;
    let ordered = world.ordered(&volume);
    world.snapshot_is(&volume, &ordered[0], SnapshotStatus::Failed("the disk is full".into())).await;
    assert_eq!((world.power(&id), world.image_state(&ami).await.as_str()), (Power::On { boot: 2 }, "failed"));
}

#[tokio::test]
async fn a_root_volume_is_replaced_by_what_it_began_as() {
    let world = World::new().await;
    let id = world.up().await;
    let old = world.root(&id);
    let tag = [
        ("TagSpecification.1.ResourceType", "replace-root-volume-task"),
        ("TagSpecification.1.Tag.1.Key", "a"),
        ("TagSpecification.1.Tag.1.Value", "b"),
    ];
    let task = world.replace(&id, &tag).await;
    world.settle().await;
    assert_eq!((world.task(&task).await.as_str(), world.root(&id)), ("in-progress", old.clone()));
    let (code, _) = world.fails("CreateReplaceRootVolumeTask", &[("InstanceId", &id)]).await;
    assert_eq!(code, "IncorrectInstanceState", "one at a time");
    world.is_off(&id, OffCause::Told).await;
    let new = world.root(&id);
    assert_ne!(new, old);
    assert_eq!((world.power(&id), world.task(&task).await.as_str()), (Power::On { boot: 2 }, "in-progress"));
    world.ready().await;
    world.runs(&id).await;
    assert_eq!(world.task(&task).await, "succeeded");
    let shown = world.ok("DescribeVolumes", &[("VolumeId.1", &new)]).await;
    assert_eq!((shown.one("item/snapshotId"), shown.one("item/attachmentSet/item/device")), (SNAPSHOT, "/dev/xvda"));
    assert_eq!(shown.one("item/attachmentSet/item/deleteOnTermination"), "true");
    let kept = world.ok("DescribeVolumes", &[("VolumeId.1", &old)]).await;
    assert_eq!(kept.one("item/status"), "available");
    let tagged = world.ok("DescribeReplaceRootVolumeTasks", &[("Filter.1.Name", "tag:a"), ("Filter.1.Value.1", "b")]).await;
    assert_eq!(tagged.one("item/replaceRootVolumeTaskId"), task);
    assert_ne!(tagged.one("item/completeTime"), "");

    // What it began as first, not what it was replaced by last.
    let later = world.ok("CreateSnapshot", &[("VolumeId", &new)]).await.one("snapshotId").to_owned();
    world.settle().await;
    world.snapshot_is(&new, &later, WHOLE).await;
    let second = world.replace(&id, &[("SnapshotId", &later), ("DeleteReplacedRootVolume", "true")]).await;
    world.settle().await;
    world.is_off(&id, OffCause::Told).await;
    world.runs(&id).await;
    assert_eq!((world.task(&second).await.as_str(), world.volume_exists(&new)), ("succeeded", false));
    let third = world.replace(&id, &[]).await;
    let spec = world.bench.store.snapshot().spec(&key::<RootReplacement>(&third)).unwrap().unwrap();
    let volume = world.bench.store.snapshot().spec(&key::<Volume>(&spec.volume)).unwrap().unwrap();
    assert_eq!(volume.snapshot.as_deref(), Some(SNAPSHOT));
}

#[tokio::test]
async fn replacements_that_can_not_be_are_refused() {
    let world = World::new().await;
    let id = world.up().await;
    let other = world.up().await;
    let foreign = world.ok("CreateSnapshot", &[("VolumeId", &world.root(&other))]).await.one("snapshotId").to_owned();
    world.settle().await;
    world.snapshot_is(&world.root(&other), &foreign, WHOLE).await;
    let guest = model::ec2::ImageSpec { boot_mode: Some("uefi".into()), name: "other".into(), ..image() };
    world.image("ami-0000000000000000b", guest, true).await;
    for (more, code) in [
        (&[("SnapshotId", foreign.as_str())][..], "InvalidParameterValue"),
        (&[("SnapshotId", "snap-0000000000000000f")], "InvalidSnapshot.NotFound"),
        (&[("ImageId", "ami-0000000000000000b")], "InvalidParameterValue"),
        (&[("ImageId", "ami-0000000000000000f")], "InvalidAMIID.NotFound"),
        (&[("ImageId", "ami-0000000000000000a"), ("SnapshotId", SNAPSHOT)], "InvalidParameterCombination"),
        (&[("DryRun", "true")], "DryRunOperation"),
    ] {
        let found = world.fails("CreateReplaceRootVolumeTask", &[&[("InstanceId", &*id)], more].concat()).await;
        assert_eq!(found.0, code, "{more:?}: {}", found.1);
    }
    let (code, _) = world.fails("CreateReplaceRootVolumeTask", &[("InstanceId", "i-0000000000000000f")]).await;
    assert_eq!(code, "InvalidInstanceID.NotFound");
    assert!(world.ok("DescribeReplaceRootVolumeTasks", &[]).await.all("item/replaceRootVolumeTaskId").is_empty());
}

#[tokio::test]
async fn a_replacement_that_a_stop_overtakes_leaves_nothing() {
    let world = World::new().await;
    let id = world.up().await;
    let old = world.root(&id);
    let token = [("ClientToken", "once")];
    let task = world.replace(&id, &token).await;
    assert_eq!(world.replace(&id, &token).await, task);
    world.ok("StopInstances", &[("InstanceId.1", &id)]).await;
    world.settle().await;
    world.is_off(&id, OffCause::Told).await;
    assert_eq!((world.task(&task).await.as_str(), world.root(&id)), ("failed", old));
    let spec = world.bench.store.snapshot().spec(&key::<RootReplacement>(&task)).unwrap().unwrap();
    assert!(!world.volume_exists(&spec.volume));
}

#[tokio::test]
async fn an_instance_tells_the_template_that_launches_its_like() {
    let world = World::new().await;
    let id = world
        .running(&[
            ("DisableApiTermination", "true"),
            ("UserData", "aGVsbG8="),
            ("TagSpecification.1.ResourceType", "instance"),
            ("TagSpecification.1.Tag.1.Key", "Name"),
            ("TagSpecification.1.Tag.1.Value", "web"),
        ])
        .await;
    let data = world.ok("GetLaunchTemplateData", &[("InstanceId", &id)]).await;
    assert_eq!(
        (data.one("launchTemplateData/imageId"), data.one("launchTemplateData/instanceType")),
        (crate::world::IMAGE, "t3.micro")
    );
    assert_eq!((data.one("userData"), data.one("disableApiTermination")), ("aGVsbG8=", "true"));
    let device = "launchTemplateData/blockDeviceMappingSet/item";
    assert_eq!(data.one(&format!("{device}/deviceName")), "/dev/xvda");
    assert_eq!((data.one(&format!("{device}/ebs/snapshotId")), data.one(&format!("{device}/ebs/volumeType"))), (SNAPSHOT, "gp3"));
    assert_ne!(data.one("networkInterfaceSet/item/subnetId"), "");
    assert_eq!(data.one("tagSpecificationSet/item/tagSet/item/value"), "web");
    let (code, _) = world.fails("GetLaunchTemplateData", &[("InstanceId", "i-0000000000000000f")]).await;
    assert_eq!(code, "InvalidInstanceID.NotFound");
    let snapshots = world.bench.store.snapshot().specs::<Snapshot>(spine::Scope::All).unwrap();
    assert_eq!(snapshots.len(), 1);
}
