//! What is done with snapshots that are there: sharing, archiving, fast restore, and what an account has set.

use crate::{
    common::{call, ec2},
    world::{World, ZONE, world},
};
use std::time::Duration;

const FRIEND: &str = "999999999999";

async fn snapshot(world: &World, parameters: &[(&str, &str)]) -> String {
    let volume = world.volume(&[&[("Size", "3")], parameters].concat()).await;
    world.snapshot(&volume).await
}

#[tokio::test]
async fn a_snapshot_is_shared_with_an_account() {
    let world = world();
    let id = snapshot(&world, &[]).await;
    let friend = world.bench.account(FRIEND);
    let make = [("AvailabilityZone", ZONE), ("SnapshotId", &*id)];
    assert_eq!(call(&friend, "ec2", "CreateVolume", &make).await.code(), "InvalidSnapshot.NotFound");
    let add = [("SnapshotId", &*id), ("CreateVolumePermission.Add.1.UserId", FRIEND)];
    world.ok("ModifySnapshotAttribute", &add).await;
    let read = [("SnapshotId", &*id), ("Attribute", "createVolumePermission")];
    assert_eq!(world.ok("DescribeSnapshotAttribute", &read).await.all("createVolumePermission/item/userId"), [FRIEND]);
    let seen = ec2(&friend, "DescribeSnapshots", &[("RestorableBy.1", "self")]).await;
    assert_eq!((seen.one("item/snapshotId"), seen.one("item/ownerId")), (&*id, "111122223333"));
    assert!(ec2(&friend, "DescribeSnapshots", &[("Owner.1", "self")]).await.all("item/snapshotId").is_empty());
    ec2(&friend, "CreateVolume", &make).await;
    assert_eq!(call(&friend, "ec2", "DeleteSnapshot", &[("SnapshotId", &id)]).await.code(), "InvalidSnapshot.NotFound");
    let remove = [("SnapshotId", &*id), ("OperationType", "remove"), ("UserId.1", FRIEND)];
    world.ok("ModifySnapshotAttribute", &remove).await;
    assert_eq!(call(&friend, "ec2", "CreateVolume", &make).await.code(), "InvalidSnapshot.NotFound");
}

#[tokio::test]
async fn a_snapshot_is_shared_with_everybody_unless_that_is_blocked() {
    let world = world();
    let id = snapshot(&world, &[]).await;
    let friend = world.bench.account(FRIEND);
    let public = [("SnapshotId", &*id), ("OperationType", "add"), ("UserGroup.1", "all")];
    world.ok("EnableSnapshotBlockPublicAccess", &[("State", "block-new-sharing")]).await;
    assert_eq!(world.code("ModifySnapshotAttribute", &public).await, "OperationNotPermitted");
    world.ok("DisableSnapshotBlockPublicAccess", &[]).await;
    world.ok("ModifySnapshotAttribute", &public).await;
    let all = [("RestorableBy.1", "all")];
    assert_eq!(ec2(&friend, "DescribeSnapshots", &all).await.all("item/snapshotId"), [&*id]);
    world.ok("EnableSnapshotBlockPublicAccess", &[("State", "block-all-sharing")]).await;
    assert!(ec2(&friend, "DescribeSnapshots", &all).await.all("item/snapshotId").is_empty());
    assert_eq!(world.ok("GetSnapshotBlockPublicAccessState", &[]).await.one("state"), "block-all-sharing");
    assert_eq!(world.code("EnableSnapshotBlockPublicAccess", &[("State", "unblocked")]).await, "InvalidParameterValue");
    world.ok("ResetSnapshotAttribute", &[("SnapshotId", &id), ("Attribute", "createVolumePermission")]).await;
    let read = [("SnapshotId", &*id), ("Attribute", "createVolumePermission")];
    assert!(world.ok("DescribeSnapshotAttribute", &read).await.all("createVolumePermission/item/group").is_empty());
}

#[tokio::test]
async fn what_cannot_be_shared_is_refused() {
    let world = world();
    let (plain, encrypted) = (snapshot(&world, &[]).await, snapshot(&world, &[("Encrypted", "true")]).await);
    for (code, parameters) in [
        ("MissingParameter", vec![("SnapshotId", &*plain)]),
        ("InvalidUserID.Malformed", vec![("SnapshotId", &*plain), ("CreateVolumePermission.Add.1.UserId", "friend")]),
        ("InvalidParameter", vec![("SnapshotId", &*encrypted), ("CreateVolumePermission.Add.1.UserId", FRIEND)]),
        ("InvalidParameterValue", vec![("SnapshotId", &*encrypted), ("CreateVolumePermission.Add.1.Group", "all")]),
        ("InvalidSnapshot.NotFound", vec![("SnapshotId", "snap-00000000"), ("CreateVolumePermission.Add.1.UserId", FRIEND)]),
    ] {
        assert_eq!(world.code("ModifySnapshotAttribute", &parameters).await, code, "{parameters:?}");
    }
}

#[tokio::test]
async fn what_is_archived_cannot_be_used_until_it_is_restored() {
    let world = world();
    let id = snapshot(&world, &[]).await;
    world.ok("ModifySnapshotTier", &[("SnapshotId", &id), ("StorageTier", "archive")]).await;
    let status = async |world: &World| {
        let answer = world.ok("DescribeSnapshotTierStatus", &[("Filter.1.Name", "snapshot-id"), ("Filter.1.Value.1", &id)]).await;
        (answer.one("item/lastTieringOperationStatus").to_owned(), answer.one("item/storageTier").to_owned())
    };
    assert_eq!(status(&world).await, ("archival-in-progress".into(), "standard".into()));
    assert_eq!(world.code("ModifySnapshotTier", &[("SnapshotId", &id)]).await, "IncorrectState");
    world.advance(Duration::from_secs(15 * 60));
    assert_eq!(status(&world).await, ("archival-completed".into(), "archive".into()));
    let make = [("AvailabilityZone", ZONE), ("SnapshotId", &*id)];
    assert_eq!(world.code("CreateVolume", &make).await, "IncorrectState");
    for (code, more) in [
        ("MissingParameter", vec![]),
        ("InvalidParameterValue", vec![("TemporaryRestoreDays", "0")]),
        ("InvalidParameterCombination", vec![("TemporaryRestoreDays", "1"), ("PermanentRestore", "true")]),
    ] {
        assert_eq!(world.code("RestoreSnapshotTier", &[vec![("SnapshotId", &*id)], more].concat()).await, code);
    }
    let days = [("SnapshotId", &*id), ("TemporaryRestoreDays", "1")];
    assert_eq!(world.ok("RestoreSnapshotTier", &days).await.one("restoreDuration"), "1");
    world.advance(Duration::from_secs(15 * 60));
    assert_eq!(status(&world).await, ("temporary-restore-completed".into(), "standard".into()));
    world.ok("CreateVolume", &make).await;
    world.advance(Duration::from_secs(24 * 3600));
    assert_eq!(world.code("CreateVolume", &make).await, "IncorrectState", "the day is over");
    world.ok("RestoreSnapshotTier", &[("SnapshotId", &id), ("PermanentRestore", "true")]).await;
    world.advance(Duration::from_secs(15 * 60));
    assert_eq!(status(&world).await, ("permanent-restore-completed".into(), "standard".into()));
}

#[tokio::test]
async fn fast_restore_is_enabled_zone_by_zone() {
    let world = world();
    let id = snapshot(&world, &[]).await;
    let both = [("SourceSnapshotId.1", &*id), ("AvailabilityZone.1", ZONE), ("AvailabilityZone.2", "us-east-1b")];
    let enabled = world.ok("EnableFastSnapshotRestores", &both).await;
    assert_eq!(enabled.all("successful/item/state"), ["enabling", "enabling"]);
    world.advance(Duration::from_secs(60));
    let shown = world.ok("DescribeFastSnapshotRestores", &[("Filter.1.Name", "state"), ("Filter.1.Value.1", "enabled")]).await;
    assert_eq!(shown.all("item/availabilityZone"), [ZONE, "us-east-1b"]);
    let fast = world.volume(&[("SnapshotId", &id)]).await;
    assert_eq!(world.shown(&fast, "fastRestored").await, "true");
    let one = [("SourceSnapshotId.1", &*id), ("AvailabilityZone.1", ZONE)];
    assert_eq!(world.ok("DisableFastSnapshotRestores", &one).await.one("successful/item/state"), "disabling");
    let again = world.ok("DisableFastSnapshotRestores", &one).await;
    assert_eq!(again.one("unsuccessful/item/fastSnapshotRestoreStateErrorSet/item/error/code"), "FastSnapshotRestoreNotEnabled");
    let slow = world.volume(&[("SnapshotId", &id)]).await;
    assert_eq!(world.shown(&slow, "fastRestored").await, "false");
    let nowhere = [("SourceSnapshotId.1", &*id), ("AvailabilityZone.1", "us-east-1z")];
    assert_eq!(world.code("EnableFastSnapshotRestores", &nowhere).await, "InvalidZone.NotFound");
    let nothing = [("SourceSnapshotId.1", "snap-00000000"), ("AvailabilityZone.1", ZONE)];
    let failed = world.ok("EnableFastSnapshotRestores", &nothing).await;
    assert_eq!(failed.one("unsuccessful/item/fastSnapshotRestoreStateErrorSet/item/error/code"), "InvalidSnapshot.NotFound");
}

#[tokio::test]
async fn volumes_are_encrypted_by_default_where_that_is_set() {
    let world = world();
    assert_eq!(world.ok("GetEbsEncryptionByDefault", &[]).await.one("ebsEncryptionByDefault"), "false");
    world.ok("EnableEbsEncryptionByDefault", &[]).await;
    assert_eq!(world.ok("GetEbsEncryptionByDefault", &[]).await.one("ebsEncryptionByDefault"), "true");
    let id = world.volume(&[("Size", "1")]).await;
    assert_eq!(world.shown(&id, "encrypted").await, "true");
    assert_eq!(world.ok("GetEbsDefaultKmsKeyId", &[]).await.one("kmsKeyId"), "alias/aws/ebs");
    let key = world.shown(&id, "kmsKeyId").await;
    assert_eq!(world.ok("ModifyEbsDefaultKmsKeyId", &[("KmsKeyId", &key)]).await.one("kmsKeyId"), key);
    assert_eq!(world.ok("GetEbsDefaultKmsKeyId", &[]).await.one("kmsKeyId"), key);
    assert_eq!(world.code("ModifyEbsDefaultKmsKeyId", &[("KmsKeyId", "alias/other")]).await, "InvalidParameterValue");
    assert_eq!(world.ok("ResetEbsDefaultKmsKeyId", &[]).await.one("kmsKeyId"), "alias/aws/ebs");
    world.ok("DisableEbsEncryptionByDefault", &[]).await;
    let plain = world.volume(&[("Size", "1")]).await;
    assert_eq!(world.shown(&plain, "encrypted").await, "false");
    let elsewhere = ec2(&world.bench.region("eu-west-1"), "GetEbsEncryptionByDefault", &[]).await;
    assert_eq!(elsewhere.one("ebsEncryptionByDefault"), "false");
}
