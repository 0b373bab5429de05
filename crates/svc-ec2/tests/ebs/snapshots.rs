//! Snapshots: how they are made, who sees them, what is made of them.

use crate::world::{ZONE, world};
use agent_proto::volume::{SnapshotStatus, VolumeState};
use model::ec2::InstanceState;

#[tokio::test]
async fn a_snapshot_is_made_by_the_host_and_noted() {
    let world = world();
    let volume = world.volume(&[("Size", "3")]).await;
    let made = world.ok("CreateSnapshot", &[("VolumeId", &volume), ("Description", "before")]).await;
    let id = made.one("snapshotId").to_owned();
    for (path, value) in [
        ("status", "pending"),
        ("volumeSize", "3"),
        ("description", "before"),
        ("progress", "0%"),
        ("volumeId", &*volume),
        ("ownerId", "111122223333"),
        ("storageTier", "standard"),
    ] {
        assert_eq!(made.one(path), value, "{path}");
    }
    world.settle().await;
    assert!(world.hosted(&volume).unwrap().volume.snapshots.contains_key(&id), "the host was told");
    let shown = async |path: &str| world.ok("DescribeSnapshots", &[("SnapshotId.1", &id)]).await.one(path).to_owned();
    world.host_says(&volume, |status| drop(status.snapshots.insert(id.clone(), SnapshotStatus::Pending(40)))).await;
    assert_eq!(shown("item/progress").await, "40%");
    assert_eq!(world.code("CreateVolume", &[("AvailabilityZone", ZONE), ("SnapshotId", &id)]).await, "IncorrectState");
    world.complete(&volume, &id).await;
    assert_eq!((shown("item/status").await, shown("item/progress").await), ("completed".into(), "100%".into()));
    assert_eq!(shown("item/fullSnapshotSizeInBytes").await, "1048576");
    assert!(world.hosted(&volume).unwrap().volume.snapshots.is_empty(), "its end was noted");
    world.ok("DeleteSnapshot", &[("SnapshotId", &id)]).await;
    let (code, message) = world.refused("DeleteSnapshot", &[("SnapshotId", &id)]).await;
    assert_eq!((code.as_str(), message), ("InvalidSnapshot.NotFound", format!("The snapshot '{id}' does not exist.")));
}

#[tokio::test]
async fn a_snapshot_outlives_its_volume() {
    let world = world();
    let volume = world.volume(&[("Size", "3")]).await;
    let id = world.ok("CreateSnapshot", &[("VolumeId", &volume)]).await.one("snapshotId").to_owned();
    world.ok("DeleteVolume", &[("VolumeId", &volume)]).await;
    world.settle().await;
    assert_eq!(world.shown(&volume, "status").await, "deleting", "its snapshot is completed first");
    world.complete(&volume, &id).await;
    assert!(world.hosted(&volume).is_none());
    let shown = world.ok("DescribeSnapshots", &[("SnapshotId.1", &id)]).await;
    assert_eq!(shown.one("item/status"), "completed");
}

#[tokio::test]
async fn a_snapshot_that_cannot_be_made_is_in_error() {
    let world = world();
    let volume = world.volume(&[("Size", "3")]).await;
    let one = world.ok("CreateSnapshot", &[("VolumeId", &volume)]).await.one("snapshotId").to_owned();
    world.settle().await;
    world.host_says(&volume, |status| drop(status.snapshots.insert(one.clone(), SnapshotStatus::Failed("no room".into())))).await;
    let shown = world.ok("DescribeSnapshots", &[("SnapshotId.1", &one)]).await;
    assert_eq!((shown.one("item/status"), shown.one("item/statusMessage")), ("error", "no room"));
    let two = world.ok("CreateSnapshot", &[("VolumeId", &volume)]).await.one("snapshotId").to_owned();
    world.host_says(&volume, |status| status.state = VolumeState::Failed("the disk is broken".into())).await;
    let shown = world.ok("DescribeSnapshots", &[("SnapshotId.1", &two)]).await;
    assert_eq!((shown.one("item/status"), shown.one("item/statusMessage")), ("error", "the disk is broken"));
}

#[tokio::test]
async fn a_volume_is_made_of_a_snapshot() {
    let world = world();
    let first = world.volume(&[("Size", "3")]).await;
    let snapshot = world.snapshot(&first).await;
    let second = world.volume(&[("SnapshotId", &snapshot)]).await;
    assert_eq!((world.shown(&second, "size").await, world.shown(&second, "snapshotId").await), ("3".into(), snapshot.clone()));
    assert_eq!(world.hosted(&second).unwrap().volume.source.unwrap().snapshot, snapshot);
    let small = [("AvailabilityZone", ZONE), ("SnapshotId", &*snapshot), ("Size", "2")];
    let (code, message) = world.refused("CreateVolume", &small).await;
    assert_eq!(code, "InvalidParameterValue");
    assert_eq!(message, format!("Volume of size 2GB is smaller than snapshot '{snapshot}', expect size>= 3GB"));
    world.volume(&[("SnapshotId", &snapshot), ("Size", "5")]).await;
}

#[tokio::test]
async fn an_encrypted_volume_and_what_is_made_of_it_share_a_key_that_only_the_host_sees() {
    let world = world();
    let first = world.volume(&[("Size", "3"), ("Encrypted", "true")]).await;
    let arn = world.shown(&first, "kmsKeyId").await;
    assert!(arn.starts_with("arn:aws:kms:us-east-1:111122223333:key/"), "{arn}");
    let snapshot = world.snapshot(&first).await;
    let second = world.volume(&[("SnapshotId", &snapshot)]).await;
    assert_eq!((world.shown(&second, "encrypted").await, world.shown(&second, "kmsKeyId").await), ("true".into(), arn));
    let desired = svc_ec2::desired_volumes(&world.store.snapshot(), "local").unwrap();
    let key = |id: &str| desired.iter().find(|volume| volume.id == id).unwrap().key.clone().unwrap();
    assert_eq!(key(&first), key(&second));
    assert_eq!(key(&first).0.len(), 64);
    assert!(desired.iter().find(|volume| volume.id == second).unwrap().source.as_ref().unwrap().key.is_some());
    assert_ne!(world.hosted(&first).unwrap().volume.key.unwrap(), key(&first), "the store has it sealed");
    let third = world.volume(&[("Size", "3"), ("Encrypted", "true")]).await;
    let desired = svc_ec2::desired_volumes(&world.store.snapshot(), "local").unwrap();
    assert_ne!(desired.iter().find(|volume| volume.id == third).unwrap().key.clone().unwrap(), key(&first));
    let plain = [("AvailabilityZone", ZONE), ("SnapshotId", &*snapshot), ("Encrypted", "false")];
    assert_eq!(world.code("CreateVolume", &plain).await, "InvalidParameterValue");
}

#[tokio::test]
async fn snapshots_of_an_instance_are_made_together() {
    let world = world();
    world.instance("i-00000001", InstanceState::Stopped).await;
    let (root, data, more) =
        (world.volume(&[("Size", "1")]).await, world.volume(&[("Size", "2")]).await, world.volume(&[("Size", "3")]).await);
    for (volume, device) in [(&root, "/dev/xvda"), (&data, "/dev/sdf"), (&more, "/dev/sdg")] {
        world.ok("AttachVolume", &[("VolumeId", volume), ("InstanceId", "i-00000001"), ("Device", device)]).await;
    }
    world.ok("CreateTags", &[("ResourceId.1", &data), ("Tag.1.Key", "a"), ("Tag.1.Value", "b")]).await;
    let instance = ("InstanceSpecification.InstanceId", "i-00000001");
    let all = world.ok("CreateSnapshots", &[instance]).await;
    assert_eq!(all.all("item/volumeId").len(), 3);
    let some = [
        instance,
        ("InstanceSpecification.ExcludeBootVolume", "true"),
        ("InstanceSpecification.ExcludeDataVolumeId.1", &*more),
        ("CopyTagsFromSource", "volume"),
        ("Description", "data only"),
    ];
    let some = world.ok("CreateSnapshots", &some).await;
    assert_eq!((some.all("item/volumeId"), some.all("item/tagSet/item/value")), (vec![&*data], vec!["b"]));
    let wrong = [instance, ("InstanceSpecification.ExcludeDataVolumeId.1", "vol-00000000")];
    assert_eq!(world.code("CreateSnapshots", &wrong).await, "InvalidParameterValue");
    let boot = [instance, ("InstanceSpecification.ExcludeDataVolumeId.1", &*root)];
    assert_eq!(world.code("CreateSnapshots", &boot).await, "InvalidParameterValue");
}

#[tokio::test]
async fn snapshots_are_found_by_owner_and_by_what_they_are() {
    let world = world();
    let volume = world.volume(&[("Size", "3")]).await;
    let id = world.snapshot(&volume).await;
    for parameters in [
        vec![("Owner.1", "self")],
        vec![("Owner.1", "111122223333")],
        vec![("RestorableBy.1", "self")],
        vec![("Filter.1.Name", "volume-size"), ("Filter.1.Value.1", "3")],
        vec![("Filter.1.Name", "status"), ("Filter.1.Value.1", "completed")],
        vec![],
    ] {
        let found = world.ok("DescribeSnapshots", &parameters).await;
        assert_eq!(found.all("item/snapshotId"), [&*id], "{parameters:?}");
    }
    for parameters in [vec![("Owner.1", "amazon")], vec![("RestorableBy.1", "all")], vec![("Owner.1", "999999999999")]] {
        assert!(world.ok("DescribeSnapshots", &parameters).await.all("item/snapshotId").is_empty(), "{parameters:?}");
    }
    assert_eq!(world.code("DescribeSnapshots", &[("Owner.1", "me")]).await, "InvalidParameterValue");
    let stranger = world.bench.account("999999999999");
    assert!(crate::common::ec2(&stranger, "DescribeSnapshots", &[]).await.all("item/snapshotId").is_empty());
    let answer = crate::common::call(&stranger, "ec2", "DescribeSnapshots", &[("SnapshotId.1", &id)]).await;
    assert_eq!(answer.code(), "InvalidSnapshot.NotFound");
    assert!(world.ok("ListSnapshotsInRecycleBin", &[]).await.all("item/snapshotId").is_empty());
}

#[tokio::test]
async fn so_many_of_a_volume_are_made_at_a_time() {
    let world = world();
    for (parameters, most) in [(vec![("Size", "1")], 5), (vec![("Size", "125"), ("VolumeType", "st1")], 1)] {
        let volume = world.volume(&parameters).await;
        let mut made = Vec::new();
        for _ in 0..most {
            made.push(world.ok("CreateSnapshot", &[("VolumeId", &volume)]).await.one("snapshotId").to_owned());
        }
        assert_eq!(world.code("CreateSnapshot", &[("VolumeId", &volume)]).await, "ConcurrentSnapshotLimitExceeded");
        world.settle().await;
        world.complete(&volume, &made[0]).await;
        world.ok("CreateSnapshot", &[("VolumeId", &volume)]).await;
    }
}
