//! Volumes: what may be asked of them, how they come and go, how they are changed.

use crate::world::{ZONE, world};
use agent_proto::volume::VolumeState;
use model::ec2::VolumeUsage;
use spine::{Read, Scope};
use std::time::Duration;

#[tokio::test]
async fn a_volume_comes_and_goes() {
    let world = world();
    let parameters = [
        ("AvailabilityZone", ZONE),
        ("Size", "10"),
        ("VolumeType", "gp3"),
        ("TagSpecification.1.ResourceType", "volume"),
        ("TagSpecification.1.Tag.1.Key", "Name"),
        ("TagSpecification.1.Tag.1.Value", "data"),
    ];
    let made = world.ok("CreateVolume", &parameters).await;
    let id = made.one("volumeId").to_owned();
    for (path, value) in [
        ("status", "creating"),
        ("size", "10"),
        ("volumeType", "gp3"),
        ("iops", "3000"),
        ("throughput", "125"),
        ("encrypted", "false"),
        ("multiAttachEnabled", "false"),
        ("availabilityZone", ZONE),
        ("availabilityZoneId", "use1-az1"),
        ("tagSet/item/value", "data"),
    ] {
        assert_eq!(made.one(path), value, "{path}");
    }
    assert_eq!(world.code("DeleteVolume", &[("VolumeId", &id)]).await, "IncorrectState");
    world.settle().await;
    assert_eq!(world.shown(&id, "status").await, "creating", "the host has said nothing yet");
    world.host_does(&id).await;
    assert_eq!(world.shown(&id, "status").await, "available");
    world.ok("DeleteVolume", &[("VolumeId", &id)]).await;
    assert_eq!(world.shown(&id, "status").await, "deleting");
    assert_eq!(world.code("DeleteVolume", &[("VolumeId", &id)]).await, "InvalidVolume.NotFound");
    world.settle().await;
    assert!(world.hosted(&id).is_none());
    let (code, message) = world.refused("DescribeVolumes", &[("VolumeId.1", &id)]).await;
    assert_eq!((code.as_str(), message), ("InvalidVolume.NotFound", format!("The volume '{id}' does not exist.")));
    assert_eq!(world.code("DescribeVolumes", &[("VolumeId.1", "vol-x")]).await, "InvalidVolumeID.Malformed");
}

#[tokio::test]
async fn what_no_volume_can_be_is_refused() {
    let world = world();
    let zone = ("AvailabilityZone", ZONE);
    for (code, parameters) in [
        ("MissingParameter", vec![("Size", "1")]),
        ("MissingParameter", vec![zone]),
        ("InvalidZone.NotFound", vec![("AvailabilityZone", "us-east-1z"), ("Size", "1")]),
        ("InvalidZone.NotFound", vec![("AvailabilityZoneId", "use1-az9"), ("Size", "1")]),
        ("InvalidParameterCombination", vec![zone, ("AvailabilityZoneId", "use1-az1"), ("Size", "1")]),
        ("InvalidParameterValue", vec![zone, ("Size", "0")]),
        ("InvalidParameterValue", vec![zone, ("Size", "-5")]),
        ("InvalidParameterValue", vec![zone, ("Size", "1025"), ("VolumeType", "standard")]),
        ("InvalidParameterCombination", vec![zone, ("Size", "10"), ("Iops", "100")]),
        ("InvalidParameterCombination", vec![zone, ("Size", "10"), ("VolumeType", "io1")]),
        ("InvalidParameterValue", vec![zone, ("Size", "10"), ("VolumeType", "io1"), ("Iops", "501")]),
        ("InvalidParameterValue", vec![zone, ("Size", "10"), ("VolumeType", "gp3"), ("Throughput", "1000")]),
        ("InvalidParameterValue", vec![zone, ("Size", "10"), ("VolumeType", "gp3"), ("MultiAttachEnabled", "true")]),
        ("InvalidParameterValue", vec![zone, ("Size", "10"), ("VolumeType", "floppy")]),
        ("InvalidParameterDependency", vec![zone, ("Size", "10"), ("KmsKeyId", "alias/aws/ebs")]),
        ("NotImplemented", vec![zone, ("Size", "10"), ("VolumeInitializationRate", "100")]),
        ("InvalidSnapshot.NotFound", vec![zone, ("SnapshotId", "snap-00000000")]),
        ("InvalidSnapshotID.Malformed", vec![zone, ("SnapshotId", "x")]),
        ("NotImplemented", vec![zone, ("Size", "1"), ("OutpostArn", "arn")]),
        ("InvalidParameterValue", vec![zone, ("Size", "1"), ("Encrypted", "true"), ("KmsKeyId", "alias/none")]),
        ("DryRunOperation", vec![zone, ("Size", "1"), ("DryRun", "true")]),
    ] {
        assert_eq!(world.code("CreateVolume", &parameters).await, code, "{parameters:?}");
    }
    assert!(world.ok("DescribeVolumes", &[]).await.all("volumeSet/item/volumeId").is_empty());
}

#[tokio::test]
async fn a_request_that_comes_twice_makes_one_volume() {
    let world = world();
    let request = [("AvailabilityZone", ZONE), ("Size", "10"), ("ClientToken", "once")];
    let first = world.ok("CreateVolume", &request).await;
    let second = world.ok("CreateVolume", &request).await;
    assert_eq!(first.one("volumeId"), second.one("volumeId"));
    let other = [("AvailabilityZone", ZONE), ("Size", "11"), ("ClientToken", "once")];
    assert_eq!(world.code("CreateVolume", &other).await, "IdempotentParameterMismatch");
    assert_eq!(world.ok("DescribeVolumes", &[]).await.all("volumeSet/item/volumeId").len(), 1);
}

#[tokio::test]
async fn a_volume_that_cannot_be_made_is_in_error_and_can_be_deleted() {
    let world = world();
    let id = world.ok("CreateVolume", &[("AvailabilityZone", ZONE), ("Size", "1")]).await.one("volumeId").to_owned();
    world.settle().await;
    world.host_says(&id, |status| status.state = VolumeState::Failed("the disk is full".into())).await;
    assert_eq!(world.shown(&id, "status").await, "error");
    let status = world.ok("DescribeVolumeStatus", &[("VolumeId.1", &id)]).await;
    assert_eq!(status.one("volumeStatus/status"), "impaired");
    assert_eq!(world.code("EnableVolumeIO", &[("VolumeId", &id)]).await, "IncorrectState");
    world.ok("DeleteVolume", &[("VolumeId", &id)]).await;
    world.settle().await;
    assert!(world.hosted(&id).is_none());
}

#[tokio::test]
async fn the_host_is_told_what_a_volume_gives() {
    let world = world();
    for (kind, size, iops, mib) in
        [("gp2", "100", 3000, 128), ("gp2", "2000", 6000, 250), ("st1", "1024", 500, 250), ("sc1", "1024", 250, 80)]
    {
        let id = world.volume(&[("Size", size), ("VolumeType", kind)]).await;
        let told = world.hosted(&id).unwrap().volume;
        assert_eq!((told.limits.iops, told.limits.throughput_mib), (Some(iops), Some(mib)), "{kind} {size}");
        assert_eq!(told.size_gib.to_string(), size);
    }
}

#[tokio::test]
async fn volumes_are_found_by_what_they_are() {
    let world = world();
    let small = world.volume(&[("Size", "1"), ("VolumeType", "gp3")]).await;
    world.volume(&[("Size", "2"), ("VolumeType", "io2"), ("Iops", "100"), ("Encrypted", "true"), ("Size", "4")]).await;
    for (name, value) in [
        ("size", "1"),
        ("volume-type", "gp3"),
        ("encrypted", "false"),
        ("volume-id", small.as_str()),
        ("create-time", "2026-01-01T00:00:00.000Z"),
    ] {
        let found = world.ok("DescribeVolumes", &[("Filter.1.Name", name), ("Filter.1.Value.1", value)]).await;
        let found = found.all("volumeSet/item/volumeId");
        assert!(found.contains(&&*small), "{name}");
        assert!(name == "create-time" || found.len() == 1, "{name}");
    }
    let page = world.ok("DescribeVolumes", &[("MaxResults", "1")]).await;
    let rest = world.ok("DescribeVolumes", &[("MaxResults", "1"), ("NextToken", page.one("nextToken"))]).await;
    assert_eq!(rest.all("volumeSet/item/volumeId").len(), 1);
    assert_eq!(
        world.code("DescribeVolumes", &[("Filter.1.Name", "colour"), ("Filter.1.Value.1", "red")]).await,
        "InvalidParameterValue"
    );
    let status = world.ok("DescribeVolumeStatus", &[("Filter.1.Name", "volume-status.status"), ("Filter.1.Value.1", "ok")]).await;
    assert_eq!(status.all("item/volumeId").len(), 2);
}

#[tokio::test]
async fn a_volume_grows_and_changes_its_type() {
    let world = world();
    let id = world.volume(&[("Size", "10"), ("VolumeType", "gp2")]).await;
    let asked = [("VolumeId", id.as_str()), ("Size", "20"), ("VolumeType", "gp3"), ("Iops", "4000")];
    let answer = world.ok("ModifyVolume", &asked).await;
    assert_eq!(answer.one("modificationState"), "modifying");
    assert_eq!((answer.one("originalVolumeType"), answer.one("originalIops"), answer.one("targetIops")), ("gp2", "100", "4000"));
    assert_eq!(world.shown(&id, "size").await, "20");
    world.settle().await;
    let again = world.code("ModifyVolume", &[("VolumeId", &id), ("Size", "30")]).await;
    assert_eq!(again, "IncorrectModificationState");
    let state = async |world: &crate::world::World| {
        let answer = world.ok("DescribeVolumesModifications", &[("VolumeId.1", &id)]).await;
        (answer.one("modificationState").to_owned(), answer.one("progress").to_owned())
    };
    assert_eq!(state(&world).await, ("modifying".into(), "0".into()));
    world.host_does(&id).await;
    world.advance(Duration::from_secs(15));
    assert_eq!(state(&world).await, ("optimizing".into(), "25".into()));
    world.advance(Duration::from_secs(45));
    assert_eq!(state(&world).await, ("completed".into(), "100".into()));
    let told = world.hosted(&id).unwrap().volume;
    assert_eq!((told.size_gib, told.limits.iops), (20, Some(4000)));
    assert_eq!(world.code("ModifyVolume", &[("VolumeId", &id), ("Size", "19")]).await, "InvalidParameterValue");
    for size in ["21", "22", "23"] {
        world.ok("ModifyVolume", &[("VolumeId", &id), ("Size", size)]).await;
        world.settle().await;
        world.host_does(&id).await;
        world.advance(Duration::from_secs(60));
    }
    let (code, message) = world.refused("ModifyVolume", &[("VolumeId", &id), ("Size", "24")]).await;
    assert_eq!(code, "VolumeModificationRateExceeded");
    assert!(message.ends_with("at 2026-01-02T00:00:00Z."), "{message}");
    world.advance(Duration::from_secs(24 * 3600));
    world.ok("ModifyVolume", &[("VolumeId", &id), ("Size", "24")]).await;
}

#[tokio::test]
async fn a_volume_is_paid_as_it_is_for_as_long_as_it_is_there() {
    let world = world();
    let id = world.volume(&[("Size", "10"), ("VolumeType", "gp3")]).await;
    world.advance(Duration::from_secs(3600));
    world.ok("ModifyVolume", &[("VolumeId", &id), ("Size", "20")]).await;
    world.settle().await;
    world.host_does(&id).await;
    world.advance(Duration::from_secs(3600));
    world.ok("DeleteVolume", &[("VolumeId", &id)]).await;
    world.settle().await;
    let usage = world.store.snapshot().specs::<VolumeUsage>(Scope::All).unwrap();
    let hours = |at: model::Timestamp| at.since(front::testing::START).as_secs() / 3600;
    let paid: Vec<_> = usage.iter().map(|(_, it)| (it.size, hours(it.from), it.to.map(hours))).collect();
    assert_eq!(paid, [(10, 0, Some(1)), (20, 1, Some(2))]);
}

#[tokio::test]
async fn only_what_was_modified_has_a_modification() {
    let world = world();
    let id = world.volume(&[("Size", "10")]).await;
    assert!(world.ok("DescribeVolumesModifications", &[]).await.all("item/volumeId").is_empty());
    let (code, message) = world.refused("DescribeVolumesModifications", &[("VolumeId.1", &id)]).await;
    assert_eq!(
        (code.as_str(), message),
        ("InvalidVolumeModification.NotFound", format!("Modification for volume '{id}' does not exist."))
    );
    assert_eq!(world.code("ModifyVolume", &[("VolumeId", &id)]).await, "MissingParameter");
    assert_eq!(world.code("ModifyVolume", &[("VolumeId", &id), ("MultiAttachEnabled", "true")]).await, "InvalidParameterValue");
}

#[tokio::test]
async fn input_and_output_are_never_disabled() {
    let world = world();
    let id = world.volume(&[("Size", "10")]).await;
    let read = [("VolumeId", id.as_str()), ("Attribute", "autoEnableIO")];
    assert_eq!(world.ok("DescribeVolumeAttribute", &read).await.one("autoEnableIO/value"), "false");
    world.ok("ModifyVolumeAttribute", &[("VolumeId", &id), ("AutoEnableIO.Value", "false")]).await;
    assert_eq!(world.code("ModifyVolumeAttribute", &[("VolumeId", &id), ("AutoEnableIO.Value", "true")]).await, "NotImplemented");
    assert_eq!(world.code("ModifyVolumeAttribute", &[("VolumeId", &id)]).await, "MissingParameter");
    world.ok("EnableVolumeIO", &[("VolumeId", &id)]).await;
    world.ok("CreateTags", &[("ResourceId.1", &id), ("Tag.1.Key", "a"), ("Tag.1.Value", "b")]).await;
    assert_eq!(world.shown(&id, "tagSet/item/value").await, "b");
}
