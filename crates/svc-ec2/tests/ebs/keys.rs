//! Volumes and snapshots under keys of the account's own, and what becomes of them with the keys.

use crate::world::{World, ZONE, call, ec2, key, world};
use front::testing::Signer;
use model::{ec2::InstanceState, kms::KmsKey};
use serde_json::{Value, json};
use spine::reconcile::{ReconcileCx, Reconciler};
use std::time::Duration;

const OTHER: &str = "444455556666";

async fn kms(world: &World, operation: &str, input: Value) -> Value {
    let reply = world.bench.json("kms", operation, input).await;
    assert_eq!(reply.status, 200, "{operation}: {}", reply.text());
    reply.json()
}

/// A key of the account's own; its ARN.
async fn own_key(world: &World, input: Value) -> String {
    kms(world, "CreateKey", input).await["KeyMetadata"]["Arn"].as_str().unwrap().to_owned()
}

async fn encrypted(world: &World, kms_key: &str) -> String {
    world.volume(&[("Size", "1"), ("Encrypted", "true"), ("KmsKeyId", kms_key)]).await
}

#[tokio::test]
async fn a_volume_is_encrypted_with_the_key_that_is_named() {
    let world = world();
    let arn = own_key(&world, json!({})).await;
    kms(&world, "CreateAlias", json!({"AliasName": "alias/disks", "TargetKeyId": arn})).await;
    let id = arn.rsplit('/').next().unwrap();
    for named in [&*arn, id, "alias/disks", "arn:aws:kms:us-east-1:111122223333:alias/disks"] {
        let volume = encrypted(&world, named).await;
        assert_eq!(world.shown(&volume, "kmsKeyId").await, arn);
    }
    world.ok("EnableEbsEncryptionByDefault", &[]).await;
    assert_eq!(world.ok("ModifyEbsDefaultKmsKeyId", &[("KmsKeyId", "alias/disks")]).await.one("kmsKeyId"), arn);
    let volume = world.volume(&[("Size", "1")]).await;
    assert_eq!(world.shown(&volume, "kmsKeyId").await, arn);
    let signing = own_key(&world, json!({"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"})).await;
    let external = own_key(&world, json!({"Origin": "EXTERNAL"})).await;

    for (named, code) in [
        (signing.as_str(), "InvalidParameterValue"),
        ("alias/none", "InvalidParameterValue"),
        (external.as_str(), "InvalidKMSKey.InvalidState"),
    ] {
        let parameters = [("AvailabilityZone", ZONE), ("Size", "1"), ("Encrypted", "true"), ("KmsKeyId", named)];
        assert_eq!(world.code("CreateVolume", &parameters).await, code, "{named}");
    }
}

#[tokio::test]
async fn what_is_encrypted_with_an_own_key_can_be_shared_and_copied() {
    let world = world();
    let arn = own_key(&world, json!({})).await;
    let snapshot = world.snapshot(&encrypted(&world, &arn).await).await;
    let share =
        [("SnapshotId", &*snapshot), ("Attribute", "createVolumePermission"), ("OperationType", "add"), ("UserId.1", OTHER)];
    world.ok("ModifySnapshotAttribute", &share).await;
    let other = world.bench.account(OTHER);
    let copy = [("SourceRegion", "us-east-1"), ("SourceSnapshotId", &*snapshot)];
    let denied = call(&other, "ec2", "CopySnapshot", &copy).await;
    assert_eq!(denied.code(), "UnauthorizedOperation", "the key's policy doesn't let the other account in");
    let root = |account: &str| format!("arn:aws:iam::{account}:root");
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": [root("111122223333"), root(OTHER)]}, "Action": "kms:*", "Resource": "*"}]});
    kms(&world, "PutKeyPolicy", json!({"KeyId": arn, "Policy": policy.to_string()})).await;
    let copied = ec2(&other, "CopySnapshot", &copy).await.one("snapshotId").to_owned();
    let shown = ec2(&other, "DescribeSnapshots", &[("SnapshotId.1", &copied)]).await;
    assert!(shown.one("item/kmsKeyId").contains(OTHER), "a copy is under a key of its owner's");
    let made = [("AvailabilityZone", ZONE), ("SnapshotId", &*snapshot)];
    assert!(ec2(&other, "CreateVolume", &made).await.one("kmsKeyId").contains(OTHER));
    let again = own_key(&world, json!({})).await;
    let to = [("SourceRegion", "us-east-1"), ("SourceSnapshotId", &*snapshot), ("Encrypted", "true"), ("KmsKeyId", &again)];
    let copied = world.ok("CopySnapshot", &to).await.one("snapshotId").to_owned();
    assert_eq!(world.ok("DescribeSnapshots", &[("SnapshotId.1", &copied)]).await.one("item/kmsKeyId"), again);
    kms(&world, "DisableKey", json!({"KeyId": again})).await;
    world.copies.reconcile(&ReconcileCx::new(world.store.clone(), world.env.clone())).await.unwrap();
    let shown = world.ok("DescribeSnapshots", &[("SnapshotId.1", &copied)]).await;
    assert_eq!((shown.one("item/status"), shown.one("item/statusMessage")), ("error", "Given key ID is not accessible"));
}

#[tokio::test]
async fn a_key_that_cant_be_used_makes_no_volumes_and_attaches_none() {
    let world = world();
    world.instance("i-00000001", InstanceState::Stopped).await;
    let arn = own_key(&world, json!({})).await;
    let before = encrypted(&world, &arn).await;
    kms(&world, "DisableKey", json!({"KeyId": arn})).await;
    let made = [("AvailabilityZone", ZONE), ("Size", "1"), ("Encrypted", "true"), ("KmsKeyId", &*arn)];
    let failed = world.ok("CreateVolume", &made).await.one("volumeId").to_owned();
    world.settle().await;
    assert_eq!(world.shown(&failed, "status").await, "error");
    assert!(world.hosted(&failed).is_none(), "no host is told of it");
    world.ok("DeleteVolume", &[("VolumeId", &failed)]).await;
    world.settle().await;
    assert_eq!(world.code("DescribeVolumes", &[("VolumeId.1", &failed)]).await, "InvalidVolume.NotFound");
    let attach = [("VolumeId", &*before), ("InstanceId", "i-00000001"), ("Device", "/dev/sdf")];
    let (code, message) = world.refused("AttachVolume", &attach).await;
    assert_eq!((&*code, message), ("InvalidKMSKey.InvalidState", format!("{arn} is disabled.")));
    kms(&world, "EnableKey", json!({"KeyId": arn})).await;
    world.ok("AttachVolume", &attach).await;
}

#[tokio::test]
async fn a_key_that_is_gone_takes_its_volumes_and_no_others() {
    let world = world();
    let (gone, kept) = (own_key(&world, json!({})).await, own_key(&world, json!({})).await);
    let (lost, fine) = (encrypted(&world, &gone).await, encrypted(&world, &kept).await);
    kms(&world, "ScheduleKeyDeletion", json!({"KeyId": gone, "PendingWindowInDays": 7})).await;
    world.advance(Duration::from_secs(7 * 86_400));
    svc_secrets::kms::Keys.reconcile(&ReconcileCx::new(world.store.clone(), world.env.clone())).await.unwrap();
    assert!(spine::Read::spec(&world.store.snapshot(), &key::<KmsKey>(gone.rsplit('/').next().unwrap())).unwrap().is_none());
    let desired = svc_ec2::desired_volumes(&world.store.snapshot(), "local").unwrap();
    let key_of = |id: &str| desired.iter().find(|volume| volume.id == id).unwrap().key.clone().unwrap().0;
    assert_eq!((key_of(&lost).len(), key_of(&fine).len()), (0, 64));
}

#[tokio::test]
async fn the_caller_needs_the_key_as_well() {
    let world = world();
    let arn = own_key(&world, json!({})).await;
    let may_ec2 = json!({"Effect": "Allow", "Action": "ec2:*", "Resource": "*"});
    let via = |region: &str| {
        json!({"Effect": "Allow", "Action": "kms:*", "Resource": "*",
            "Condition": {"StringEquals": {"kms:ViaService": format!("ec2.{region}.amazonaws.com")}}})
    };
    let anna = user(&world, "anna", json!([may_ec2])).await;
    let eve = user(&world, "eve", json!([may_ec2, via("eu-west-1")])).await;
    let otto = user(&world, "otto", json!([may_ec2, via("us-east-1")])).await;
    let made = [("AvailabilityZone", ZONE), ("Size", "1"), ("Encrypted", "true"), ("KmsKeyId", &*arn)];
    for who in [&anna, &eve] {
        let denied = call(who, "ec2", "CreateVolume", &made).await;
        assert_eq!(denied.code(), "UnauthorizedOperation");
        assert!(denied.message().contains("kms:GenerateDataKeyWithoutPlaintext"), "{}", denied.message());
    }
    ec2(&otto, "CreateVolume", &made).await;
    // The key that AWS manages is everybody's who may use EBS.
    for _ in 0..2 {
        ec2(&anna, "CreateVolume", &made[..3]).await;
    }
}

async fn user(world: &World, name: &str, statements: Value) -> front::testing::Bench {
    let document = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
    world.bench.form("iam", "CreateUser", &[("UserName", name)]).await;
    let parameters = [("UserName", name), ("PolicyName", "p"), ("PolicyDocument", document.as_str())];
    assert_eq!(world.bench.form("iam", "PutUserPolicy", &parameters).await.status, 200);
    let key = world.bench.form("iam", "CreateAccessKey", &[("UserName", name)]).await;
    world.bench.signed_by(Signer {
        access_key_id: key.element("AccessKeyId"),
        secret_access_key: key.element("SecretAccessKey"),
        token: None,
    })
}

#[tokio::test]
async fn images_are_shared_within_the_bounds_of_their_snapshots() {
    let world = world();
    let own = own_key(&world, json!({})).await;
    let aws = world.shown(&world.volume(&[("Size", "1"), ("Encrypted", "true")]).await, "kmsKeyId").await;
    let plain = world.snapshot(&world.volume(&[("Size", "1")]).await).await;
    let mut images = Vec::new();
    for (name, snapshot) in [
        ("plain", plain),
        ("own", world.snapshot(&encrypted(&world, &own).await).await),
        ("aws", world.snapshot(&encrypted(&world, &aws).await).await),
    ] {
        let disk = [
            ("RootDeviceName", "/dev/xvda"),
            ("BlockDeviceMapping.1.DeviceName", "/dev/xvda"),
            ("BlockDeviceMapping.1.Ebs.SnapshotId", &*snapshot),
        ];
        let made = world.ok("RegisterImage", &[&[("Name", name), ("Architecture", "x86_64")], &disk[..]].concat()).await;
        images.push(made.one("imageId").to_owned());
    }
    let everybody = ("LaunchPermission.Add.1.Group", "all");
    let other = ("LaunchPermission.Add.1.UserId", OTHER);
    let share = async |image: &str, with| {
        let answer = world.call("ModifyImageAttribute", &[("ImageId", image), with]).await;
        if answer.status == 200 { String::new() } else { format!("{}: {}", answer.code(), answer.message()) }
    };
    let publicly = "UnsupportedOperation: Encrypted snapshots can't be shared publicly. Specify another snapshot.";
    let managed = "InvalidParameter: Snapshots encrypted with the AWS Managed CMK can't be shared. Specify another snapshot.";
    let [plain, own, aws] = images.as_slice() else { panic!("{images:?}") };
    assert_eq!((share(plain, everybody).await, share(plain, other).await), (String::new(), String::new()));
    assert_eq!((share(own, everybody).await, share(own, other).await), (publicly.into(), String::new()));
    assert_eq!((share(aws, everybody).await, share(aws, other).await), (publicly.into(), managed.into()));
    let older = [("ImageId", &**aws), ("OperationType", "add"), ("UserId.1", OTHER)];
    assert_eq!(world.code("ModifyImageAttribute", &older).await, "InvalidParameter");

    world.ok("DisableImage", &[("ImageId", plain)]).await;
    for with in [everybody, other] {
        assert!(share(plain, with).await.starts_with("InvalidAMIID.Unavailable"), "a disabled image cannot be shared");
    }
    assert_eq!(share(plain, ("LaunchPermission.Remove.1.UserId", OTHER)).await, "");
    world.ok("ModifyImageAttribute", &[("ImageId", plain), ("Description.Value", "old")]).await;
    world.ok("EnableImage", &[("ImageId", plain)]).await;
    assert_eq!(share(plain, other).await, "");
}
