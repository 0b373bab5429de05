//! AMIs: registered, described, shared, deprecated, copied, and gone.

mod common;

use common::{Answer, call, cloud, ec2};
use front::testing::Bench;
use model::{
    AccountId, Key, Region, Timestamp,
    ec2::{Image, Snapshot, SnapshotOrigin, SnapshotPlan, SnapshotSpec},
};
use spine::{
    Read, Tx,
    reconcile::{ReconcileCx, Reconciler, Wake},
};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use svc_ec2::{ImageMaker, Images, MadeImage, QuickStart};

const ROOT: &str = "snap-0123456789abcdef0";
const FRIEND: &str = "999999999999";

fn key<R: model::Record>(id: &str) -> Key<R> {
    Key::new(&AccountId::parse("111122223333").unwrap(), &Region::parse("us-east-1").unwrap(), id)
}

fn snapshot() -> SnapshotSpec {
    SnapshotSpec::new("vol-0123456789abcdef0", 8, SnapshotOrigin::Volume, Timestamp(0))
}

async fn write(cloud: &Bench, f: impl Fn(&mut Tx) -> Result<(), spine::StoreError>) {
    cloud.store.transact(f).await.unwrap();
}

async fn complete(cloud: &Bench, id: &str) {
    let plan = SnapshotPlan { progress: 100, completed_at: Some(Timestamp(1)), ..SnapshotPlan::default() };
    write(cloud, |tx| tx.put_plan(&key::<Snapshot>(id), &plan)).await;
}

/// A cloud with a complete snapshot.
async fn with_snapshot() -> Bench {
    let cloud = cloud();
    ec2(&cloud, "DescribeVpcs", &[]).await;
    write(&cloud, |tx| tx.create(&key::<Snapshot>(ROOT), &snapshot())).await;
    complete(&cloud, ROOT).await;
    cloud
}

const DISK: [(&str, &str); 3] = [
    ("RootDeviceName", "/dev/xvda"),
    ("BlockDeviceMapping.1.DeviceName", "/dev/xvda"),
    ("BlockDeviceMapping.1.Ebs.SnapshotId", ROOT),
];

async fn register(cloud: &Bench, name: &str) -> String {
    let parameters = [&[("Name", name), ("Architecture", "x86_64")], &DISK[..]].concat();
    let id = ec2(cloud, "RegisterImage", &parameters).await.one("imageId").to_owned();
    reconcile(cloud, &Images::default()).await;
    id
}

async fn reconcile(cloud: &Bench, reconciler: &impl Reconciler) -> Wake {
    let cx = ReconcileCx::new(cloud.store.clone(), cloud.env.clone());
    reconciler.reconcile(&cx).await.unwrap()
}

async fn described(cloud: &Bench, parameters: &[(&str, &str)]) -> Answer {
    ec2(cloud, "DescribeImages", parameters).await
}

async fn code(cloud: &Bench, operation: &str, parameters: &[(&str, &str)]) -> String {
    call(cloud, "ec2", operation, parameters).await.code().to_owned()
}

#[tokio::test]
async fn an_image_is_registered_of_a_snapshot_and_described() {
    let cloud = with_snapshot().await;
    let id = register(&cloud, "base").await;
    let shown = described(&cloud, &[("ImageId.1", &id)]).await;
    assert_eq!(shown.one("item/imageState"), "available");
    assert_eq!(shown.one("blockDeviceMapping/item/ebs/snapshotId"), ROOT);
    assert_eq!(shown.one("blockDeviceMapping/item/ebs/volumeSize"), "8");
    assert_eq!(shown.one("item/imageLocation"), "111122223333/base");
    assert_eq!(shown.one("item/creationDate"), "2026-01-01T00:00:00.000Z");
    for (filter, value, found) in
        [("name", "ba*", 1), ("state", "pending", 0), ("block-device-mapping.snapshot-id", ROOT, 1), ("is-public", "false", 1)]
    {
        let parameters = [("Owner.1", "self"), ("Filter.1.Name", filter), ("Filter.1.Value.1", value)];
        assert_eq!(described(&cloud, &parameters).await.all("item/imageId").len(), found, "{filter}");
    }
}

#[tokio::test]
async fn what_cannot_be_an_image_is_refused() {
    let cloud = with_snapshot().await;
    register(&cloud, "base").await;
    let with = |name: &'static str, more: &[(&'static str, &'static str)]| {
        [&[("Name", name), ("Architecture", "x86_64")], more].concat()
    };
    for (parameters, expected) in [
        (with("base", &DISK), "InvalidAMIName.Duplicate"),
        (with("no#hash", &DISK), "InvalidAMIName.Malformed"),
        (with("rootless", &DISK[..1]), "InvalidBlockDeviceMapping"),
        (with("small", &[&DISK[..], &[("BlockDeviceMapping.1.Ebs.VolumeSize", "4")]].concat()), "InvalidBlockDeviceMapping"),
        (with("para", &[&DISK[..], &[("VirtualizationType", "paravirtual")]].concat()), "NotImplemented"),
    ] {
        assert_eq!(code(&cloud, "RegisterImage", &parameters).await, expected, "{parameters:?}");
    }
    let unknown = [("BlockDeviceMapping.1.DeviceName", "/dev/xvda"), ("BlockDeviceMapping.1.Ebs.SnapshotId", "snap-00000001")];
    let parameters = with("lost", &[&DISK[..1], &unknown].concat());
    assert_eq!(code(&cloud, "RegisterImage", &parameters).await, "InvalidSnapshot.NotFound");
    assert_eq!(code(&cloud, "DescribeImages", &[("ImageId.1", "ami-00000001")]).await, "InvalidAMIID.NotFound");
    assert_eq!(code(&cloud, "DescribeImages", &[("ImageId.1", "image")]).await, "InvalidAMIID.Malformed");
    assert_eq!(code(&cloud, "DescribeImages", &[("Owner.1", "nobody")]).await, "InvalidParameterValue");
}

#[tokio::test]
async fn it_is_pending_until_its_snapshots_are_complete_and_fails_with_them() {
    let cloud = with_snapshot().await;
    let id = register(&cloud, "base").await;
    let copy = ec2(&cloud, "CopyImage", &[("Name", "copy"), ("SourceImageId", &id), ("SourceRegion", "us-east-1")]).await;
    let copy = copy.one("imageId").to_owned();
    reconcile(&cloud, &Images::default()).await;
    let shown = described(&cloud, &[("ImageId.1", &copy)]).await;
    assert_eq!((shown.one("item/imageState"), shown.one("item/sourceImageId")), ("pending", &*id));
    let snapshot = shown.one("ebs/snapshotId").to_owned();
    assert_ne!(snapshot, ROOT);
    assert_eq!(
        code(&cloud, "CopyImage", &[("Name", "again"), ("SourceImageId", &copy), ("SourceRegion", "us-east-1")]).await,
        "InvalidAMIID.Unavailable"
    );
    complete(&cloud, &snapshot).await;
    reconcile(&cloud, &Images::default()).await;
    assert_eq!(described(&cloud, &[("ImageId.1", &copy)]).await.one("item/imageState"), "available");
    let failed = SnapshotPlan { failure: Some("the disk is full".into()), ..SnapshotPlan::default() };
    let west = cloud.region("us-west-2");
    ec2(&west, "DescribeVpcs", &[]).await;
    let there = ec2(&west, "CopyImage", &[("Name", "copy"), ("SourceImageId", &id), ("SourceRegion", "us-east-1")]).await;
    let shown = ec2(&west, "DescribeImages", &[("ImageId.1", there.one("imageId"))]).await;
    let at = Key::<Snapshot>::new(
        &AccountId::parse("111122223333").unwrap(),
        &Region::parse("us-west-2").unwrap(),
        shown.one("ebs/snapshotId"),
    );
    write(&cloud, |tx| tx.put_plan(&at, &failed)).await;
    reconcile(&cloud, &Images::default()).await;
    let shown = ec2(&west, "DescribeImages", &[("ImageId.1", there.one("imageId"))]).await;
    assert_eq!((shown.one("item/imageState"), shown.one("stateReason/message")), ("failed", "the disk is full"));
}

#[tokio::test]
async fn a_copy_that_is_asked_for_twice_is_made_once() {
    let cloud = with_snapshot().await;
    let id = register(&cloud, "base").await;
    let wish = [("Name", "copy"), ("SourceImageId", id.as_str()), ("SourceRegion", "us-east-1"), ("ClientToken", "once")];
    let first = ec2(&cloud, "CopyImage", &wish).await;
    let second = ec2(&cloud, "CopyImage", &wish).await;
    assert_eq!(first.one("imageId"), second.one("imageId"));
    let other = [("Name", "other"), ("SourceImageId", id.as_str()), ("SourceRegion", "us-east-1"), ("ClientToken", "once")];
    assert_eq!(code(&cloud, "CopyImage", &other).await, "IdempotentParameterMismatch");
}

#[tokio::test]
async fn others_see_it_when_they_are_let() {
    let cloud = with_snapshot().await;
    let id = register(&cloud, "base").await;
    let friend = cloud.account(FRIEND);
    ec2(&friend, "DescribeVpcs", &[]).await;
    assert_eq!(code(&friend, "DescribeImages", &[("ImageId.1", &id)]).await, "AuthFailure");
    assert!(described(&friend, &[("ExecutableBy.1", "self")]).await.all("item/imageId").is_empty());
    ec2(&cloud, "ModifyImageAttribute", &[("ImageId", &id), ("LaunchPermission.Add.1.UserId", FRIEND)]).await;
    assert_eq!(described(&friend, &[("ExecutableBy.1", "self")]).await.all("item/imageId"), [id.as_str()]);
    assert_eq!(code(&friend, "DeregisterImage", &[("ImageId", &id)]).await, "AuthFailure");
    let parameters =
        [("ImageId", id.as_str()), ("Attribute", "launchPermission"), ("OperationType", "add"), ("UserGroup.1", "all")];
    ec2(&cloud, "ModifyImageAttribute", &parameters).await;
    let attribute = ec2(&cloud, "DescribeImageAttribute", &[("ImageId", &id), ("Attribute", "launchPermission")]).await;
    assert_eq!((attribute.all("item/userId"), attribute.all("item/group")), (vec![FRIEND], vec!["all"]));
    ec2(&cloud, "ResetImageAttribute", &[("ImageId", &id), ("Attribute", "launchPermission")]).await;
    assert_eq!(code(&friend, "DescribeImages", &[("ImageId.1", &id)]).await, "AuthFailure");
}

#[tokio::test]
async fn public_access_can_be_blocked() {
    let cloud = with_snapshot().await;
    let id = register(&cloud, "base").await;
    let publish = [("ImageId", id.as_str()), ("LaunchPermission.Add.1.Group", "all")];
    assert_eq!(ec2(&cloud, "GetImageBlockPublicAccessState", &[]).await.one("imageBlockPublicAccessState"), "unblocked");
    ec2(&cloud, "EnableImageBlockPublicAccess", &[("ImageBlockPublicAccessState", "block-new-sharing")]).await;
    assert_eq!(code(&cloud, "ModifyImageAttribute", &publish).await, "OperationNotPermitted");
    ec2(&cloud, "DisableImageBlockPublicAccess", &[]).await;
    ec2(&cloud, "ModifyImageAttribute", &publish).await;
}

#[tokio::test]
async fn deprecated_and_disabled_ones_are_shown_to_who_asks() {
    let cloud = with_snapshot().await;
    let id = register(&cloud, "base").await;
    ec2(&cloud, "ModifyImageAttribute", &[("ImageId", &id), ("LaunchPermission.Add.1.Group", "all")]).await;
    let friend = cloud.account(FRIEND);
    let listed = async |more: &[(&str, &str)]| {
        let parameters = [&[("Owner.1", "111122223333")], more].concat();
        described(&friend, &parameters).await.all("item/imageId").len()
    };
    let deprecate = |at: &'static str| [("ImageId", id.clone()), ("DeprecateAt", at.to_owned())];
    let past = deprecate("2025-12-31T23:00:00Z");
    let past: Vec<_> = past.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(code(&cloud, "EnableImageDeprecation", &past).await, "InvalidParameterValue");
    ec2(&cloud, "EnableImageDeprecation", &[("ImageId", &id), ("DeprecateAt", "2026-01-02T00:00:29Z")]).await;
    assert_eq!(listed(&[]).await, 1, "not yet");
    cloud.advance(std::time::Duration::from_secs(86_400));
    assert_eq!((listed(&[]).await, listed(&[("IncludeDeprecated", "true")]).await), (0, 1));
    assert_eq!(described(&cloud, &[("Owner.1", "self")]).await.all("item/imageId").len(), 1, "the owner sees it");
    ec2(&cloud, "DisableImageDeprecation", &[("ImageId", &id)]).await;
    assert_eq!(listed(&[]).await, 1);
    ec2(&cloud, "DisableImage", &[("ImageId", &id)]).await;
    assert_eq!(described(&cloud, &[("Owner.1", "self")]).await.all("item/imageId").len(), 0);
    let shown = described(&cloud, &[("Owner.1", "self"), ("IncludeDisabled", "true")]).await;
    assert_eq!(shown.one("item/imageState"), "disabled");
    ec2(&cloud, "EnableImage", &[("ImageId", &id)]).await;
    assert_eq!(code(&cloud, "EnableImage", &[("ImageId", &id)]).await, "OperationNotPermitted");
}

#[tokio::test]
async fn it_goes_with_its_snapshots_if_that_is_asked_and_no_other_has_them() {
    let cloud = with_snapshot().await;
    let (one, two) = (register(&cloud, "one").await, register(&cloud, "two").await);
    ec2(&cloud, "EnableImageDeregistrationProtection", &[("ImageId", &one)]).await;
    assert_eq!(code(&cloud, "DeregisterImage", &[("ImageId", &one)]).await, "OperationNotPermitted");
    ec2(&cloud, "DisableImageDeregistrationProtection", &[("ImageId", &one)]).await;
    let gone = ec2(&cloud, "DeregisterImage", &[("ImageId", &one), ("DeleteAssociatedSnapshots", "true")]).await;
    assert_eq!(gone.one("item/returnCode"), "skipped");
    let gone = ec2(&cloud, "DeregisterImage", &[("ImageId", &two), ("DeleteAssociatedSnapshots", "true")]).await;
    assert_eq!(gone.one("item/returnCode"), "success");
    assert!(!cloud.store.snapshot().exists(&key::<Snapshot>(ROOT)).unwrap());
    assert_eq!(code(&cloud, "DescribeImages", &[("ImageId.1", &two)]).await, "InvalidAMIID.NotFound");
}

struct Maker(AtomicUsize);

#[async_trait::async_trait]
impl ImageMaker for Maker {
    async fn quick_start(&self, _: &str, _: u32) -> Result<MadeImage, String> {
        match self.0.fetch_add(1, Ordering::SeqCst) {
            0 => Err("mkfs.ext4 is missing".into()),
            _ => Ok(MadeImage { bytes: 4096 }),
        }
    }
}

#[tokio::test]
async fn a_quick_start_image_is_there_for_everybody_once_it_is_made() {
    let cloud = cloud();
    let maker = Arc::new(Maker(AtomicUsize::new(0)));
    let quick_start = QuickStart::new(maker.clone(), "amd64");
    assert!(matches!(reconcile(&cloud, &quick_start).await, Wake::At(_)), "it is tried again");
    assert!(described(&cloud, &[("Owner.1", "amazon")]).await.all("item/imageId").is_empty());
    reconcile(&cloud, &quick_start).await;
    for bench in [&cloud, &cloud.region("eu-west-1"), &cloud.account(FRIEND)] {
        let shown =
            described(bench, &[("Owner.1", "amazon"), ("Filter.1.Name", "name"), ("Filter.1.Value.1", "hillfog-quick-start-*")])
                .await;
        assert_eq!(
            (shown.one("item/imageState"), shown.one("item/isPublic"), shown.one("item/imageOwnerAlias")),
            ("available", "true", "amazon")
        );
    }
    reconcile(&cloud, &quick_start).await;
    assert_eq!(maker.0.load(Ordering::SeqCst), 2, "it is made once");
    let images = cloud.store.snapshot().list::<Image>(spine::Scope::All).unwrap();
    assert_eq!(code(&cloud, "DeregisterImage", &[("ImageId", &images[0].0.id)]).await, "AuthFailure");
}

#[tokio::test]
async fn the_quick_start_image_is_found_by_the_names_of_distributions_and_shown_by_its_own() {
    let cloud = with_snapshot().await;
    let maker = Arc::new(Maker(AtomicUsize::new(1)));
    reconcile(&cloud, &QuickStart::new(maker, "amd64")).await;
    let found = async |owner: &str, name: &str| {
        let parameters = [
            ("Owner.1", owner),
            ("Filter.1.Name", "name"),
            ("Filter.1.Value.1", name),
            ("Filter.2.Name", "virtualization-type"),
            ("Filter.2.Value.1", "hvm"),
        ];
        described(&cloud, &parameters).await.all("item/name").concat()
    };
    for (owner, name, expected) in [
        ("amazon", "al2023-ami-2023*-x86_64", true),
        ("amazon", "amzn2-ami-hvm-*-x86_64-gp2", true),
        ("137112412989", "al2023-ami-2023.*-kernel-6.1-x86_64", true),
        ("099720109477", "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-*", true),
        ("099720109477", "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-*", true),
        ("136693071363", "debian-12-amd64-*", true),
        ("amazon", "al2023-ami-2023*-arm64", false),
        ("099720109477", "al2023-ami-2023*-x86_64", false),
        ("136693071363", "hillfog-*", false),
        ("self", "debian-12-amd64-*", false),
        ("amazon", "Windows_Server-2022-*", false),
    ] {
        let shown = if expected { "hillfog-quick-start-x86_64" } else { "" };
        assert_eq!(found(owner, name).await, shown, "{owner} {name}");
    }
    register(&cloud, "debian-12-amd64-mine").await;
    let all = described(&cloud, &[("Filter.1.Name", "name"), ("Filter.1.Value.1", "debian-12-*")]).await;
    assert_eq!(all.all("item/name").len(), 2);
}
