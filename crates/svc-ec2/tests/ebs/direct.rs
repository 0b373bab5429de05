//! The direct APIs, copies, and what becomes of blocks that nobody needs.

use crate::world::{World, key, world};
use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, engine::general_purpose::STANDARD};
use blocks::BLOCK;
use bytes::Bytes;
use front::testing::Reply;
use http::Request;
use model::ec2::{Image, Snapshot, SnapshotPlan};
use serde_json::{Value, json};
use spine::{
    Read,
    reconcile::{ReconcileCx, Reconciler},
};
use std::time::Duration;

const CREDENTIAL: &str =
    "AWS4-HMAC-SHA256 Credential=111122223333/20260101/us-east-1/ebs/aws4_request, SignedHeaders=host, Signature=00";

async fn send(world: &World, method: &str, path: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Reply {
    let mut request = Request::builder().method(method).uri(path).header("host", "localhost:4566");
    request = request.header("x-amz-date", "20260101T000000Z").header("authorization", CREDENTIAL);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    world.send(request.body(body.into()).unwrap()).await
}

async fn start(world: &World, input: Value) -> Reply {
    send(world, "POST", "/snapshots", &[("content-type", "application/json")], input.to_string()).await
}

fn sum(data: &[u8]) -> String {
    STANDARD.encode(digest(&SHA256, data))
}

async fn put(world: &World, id: &str, index: u32, data: &[u8]) -> Reply {
    let (sum, length) = (sum(data), data.len().to_string());
    let headers = [("x-amz-checksum", &*sum), ("x-amz-checksum-algorithm", "SHA256"), ("x-amz-data-length", &*length)];
    send(world, "PUT", &format!("/snapshots/{id}/blocks/{index}"), &headers, data.to_vec()).await
}

async fn complete(world: &World, id: &str, count: u32) -> Reply {
    let headers = [("x-amz-changedblockscount", &*count.to_string())];
    send(world, "POST", &format!("/snapshots/completion/{id}"), &headers, "").await
}

async fn get(world: &World, path: &str) -> Reply {
    send(world, "GET", path, &[], "").await
}

fn block(byte: u8) -> Vec<u8> {
    vec![byte; BLOCK]
}

/// The code of an error, which this protocol has in a header.
fn code(reply: &Reply) -> &str {
    reply.headers["x-amzn-errortype"].to_str().unwrap().split(':').next().unwrap()
}

/// A snapshot with those blocks, each of one byte.
async fn written(world: &World, input: Value, blocks: &[(u32, u8)]) -> String {
    let started = start(world, input).await;
    assert_eq!(started.status, 201, "{}", started.text());
    let id = started.json()["SnapshotId"].as_str().unwrap().to_owned();
    for (index, byte) in blocks {
        let answer = put(world, &id, *index, &block(*byte)).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
    }
    let answer = complete(world, &id, blocks.len() as u32).await;
    assert_eq!((answer.status, answer.json()["Status"].as_str()), (202, Some("pending")), "{}", answer.text());
    run(world).await;
    assert_eq!(plan(world, &id).failure, None);
    id
}

fn plan(world: &World, id: &str) -> SnapshotPlan {
    (*world.store.snapshot().get(&key::<Snapshot>(id)).unwrap().unwrap().plan).clone()
}

/// Lets all that moves blocks run.
async fn run(world: &World) {
    let cx = ReconcileCx::new(world.store.clone(), world.env.clone());
    world.copies.reconcile(&cx).await.unwrap();
    world.finisher.reconcile(&cx).await.unwrap();
    world.collector.reconcile(&cx).await.unwrap();
}

fn indices(reply: &Reply, list: &str) -> Vec<i64> {
    reply.json()[list].as_array().unwrap().iter().map(|block| block["BlockIndex"].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn what_is_written_block_by_block_is_read_block_by_block() {
    let world = world();
    let id = written(&world, json!({"VolumeSize": 1, "Description": "by hand"}), &[(0, 7), (5, 8), (9, 0)]).await;
    let shown = world.ok("DescribeSnapshots", &[("SnapshotId.1", &id)]).await;
    assert_eq!((shown.one("item/status"), shown.one("item/description")), ("completed", "by hand"));
    let listed = get(&world, &format!("/snapshots/{id}/blocks")).await;
    assert_eq!(indices(&listed, "Blocks"), [0, 5], "zeros are no block");
    assert_eq!((listed.json()["VolumeSize"].as_i64(), listed.json()["BlockSize"].as_i64()), (Some(1), Some(524_288)));
    let token = listed.json()["Blocks"][1]["BlockToken"].as_str().unwrap().to_owned();
    let read = get(&world, &format!("/snapshots/{id}/blocks/5?blockToken={token}")).await;
    assert_eq!((read.status, &read.body[..]), (200, &block(8)[..]));
    assert_eq!(read.headers["x-amz-checksum"], sum(&block(8)));
    assert_eq!(read.headers["x-amz-data-length"], "524288");
    for path in [format!("/snapshots/{id}/blocks/0?blockToken={token}"), format!("/snapshots/{id}/blocks/5?blockToken=00")] {
        let wrong = get(&world, &path).await;
        assert_eq!((wrong.status, wrong.json()["Reason"].as_str()), (400, Some("INVALID_BLOCK_TOKEN")), "{}", wrong.text());
    }
    world.advance(Duration::from_secs(8 * 24 * 3600));
    let late = get(&world, &format!("/snapshots/{id}/blocks/5?blockToken={token}")).await;
    assert_eq!(late.json()["Reason"], "INVALID_BLOCK_TOKEN");
}

#[tokio::test]
async fn a_child_has_its_parents_blocks_and_its_changes() {
    let world = world();
    let parent = written(&world, json!({"VolumeSize": 1, "Encrypted": true}), &[(0, 1), (1, 2), (2, 3)]).await;
    let child = json!({"VolumeSize": 2, "ParentSnapshotId": parent});
    let child = written(&world, child, &[(1, 9), (2, 0), (3000, 4)]).await;
    assert_eq!(indices(&get(&world, &format!("/snapshots/{child}/blocks")).await, "Blocks"), [0, 1, 3000]);
    let changed = get(&world, &format!("/snapshots/{child}/changedblocks?firstSnapshotId={parent}")).await;
    assert_eq!(indices(&changed, "ChangedBlocks"), [1, 2, 3000]);
    let blocks = changed.json()["ChangedBlocks"].clone();
    assert!(blocks[0]["FirstBlockToken"].is_string() && blocks[0]["SecondBlockToken"].is_string());
    assert!(blocks[1]["SecondBlockToken"].is_null() && blocks[2]["FirstBlockToken"].is_null());
    let stranger = written(&world, json!({"VolumeSize": 1}), &[]).await;
    let unrelated = get(&world, &format!("/snapshots/{child}/changedblocks?firstSnapshotId={stranger}")).await;
    assert_eq!(unrelated.json()["Reason"], "UNRELATED_SNAPSHOTS");
    let encrypted = world.ok("DescribeSnapshots", &[("SnapshotId.1", &child)]).await;
    assert_eq!(encrypted.one("item/encrypted"), "true", "as its parent is");
    let small = start(&world, json!({"VolumeSize": 1, "ParentSnapshotId": child})).await;
    assert_eq!(small.json()["Reason"], "INVALID_VOLUME_SIZE");
}

#[tokio::test]
async fn what_cannot_be_written_is_refused() {
    let world = world();
    let id = start(&world, json!({"VolumeSize": 1})).await.json()["SnapshotId"].as_str().unwrap().to_owned();
    assert_eq!(put(&world, &id, 2048, &block(1)).await.json()["Reason"], "INVALID_BLOCK");
    assert_eq!(put(&world, &id, 0, &[1; 512]).await.status, 400);
    let headers = [("x-amz-checksum", &*sum(b"other")), ("x-amz-checksum-algorithm", "SHA256"), ("x-amz-data-length", "524288")];
    let wrong = send(&world, "PUT", &format!("/snapshots/{id}/blocks/0"), &headers, block(1)).await;
    assert_eq!(wrong.json()["Reason"], "INVALID_BLOCK");
    assert_eq!(complete(&world, &id, 1).await.json()["Reason"], "INVALID_PARAMETER_VALUE");
    let pending = get(&world, &format!("/snapshots/{id}/blocks")).await;
    assert_eq!(pending.json()["Reason"], "INVALID_SNAPSHOT_ID");
    let absent = get(&world, "/snapshots/snap-00000000/blocks").await;
    assert_eq!((absent.status, code(&absent)), (404, "ResourceNotFoundException"));
    put(&world, &id, 0, &block(1)).await;
    let sums = digest(&SHA256, &block(1));
    let headers = [
        ("x-amz-changedblockscount", "1"),
        ("x-amz-checksum", &*sum(sums.as_ref())),
        ("x-amz-checksum-algorithm", "SHA256"),
        ("x-amz-checksum-aggregation-method", "LINEAR"),
    ];
    let path = format!("/snapshots/completion/{id}");
    let bad = [headers[0], ("x-amz-checksum", &*sum(b"other")), headers[2], headers[3]];
    assert_eq!(send(&world, "POST", &path, &bad, "").await.json()["Reason"], "INVALID_PARAMETER_VALUE");
    assert_eq!(send(&world, "POST", &path, &headers, "").await.status, 202);
    assert_eq!(put(&world, &id, 0, &block(1)).await.json()["Reason"], "INVALID_SNAPSHOT_ID");
}

#[tokio::test]
async fn a_snapshot_for_which_no_block_comes_is_given_up() {
    let world = world();
    let request = json!({"VolumeSize": 1, "Timeout": 10, "ClientToken": "once"});
    let id = start(&world, request.clone()).await.json()["SnapshotId"].as_str().unwrap().to_owned();
    assert_eq!(start(&world, request).await.json()["SnapshotId"], json!(id));
    let other = start(&world, json!({"VolumeSize": 2, "Timeout": 10, "ClientToken": "once"})).await;
    assert_eq!(code(&other), "ConflictException");
    world.advance(Duration::from_secs(599));
    put(&world, &id, 0, &block(1)).await;
    world.advance(Duration::from_secs(599));
    run(&world).await;
    assert_eq!(plan(&world, &id).failure, None);
    world.advance(Duration::from_secs(1));
    run(&world).await;
    let shown = world.ok("DescribeSnapshots", &[("SnapshotId.1", &id)]).await;
    assert_eq!(shown.one("item/status"), "error");
}

#[tokio::test]
async fn a_snapshot_whose_key_cant_be_used_isnt_read() {
    let world = world();
    let made = world.bench.json("kms", "CreateKey", json!({})).await.json();
    let arn = made["KeyMetadata"]["Arn"].as_str().unwrap();
    let id = written(&world, json!({"VolumeSize": 1, "Encrypted": true, "KmsKeyArn": arn}), &[(0, 1)]).await;
    let listed = get(&world, &format!("/snapshots/{id}/blocks")).await.json();
    let token = listed["Blocks"][0]["BlockToken"].as_str().unwrap();
    let path = format!("/snapshots/{id}/blocks/0?blockToken={token}");
    assert_eq!(get(&world, &path).await.status, 200);
    world.bench.json("kms", "DisableKey", json!({"KeyId": arn})).await;
    let refused = get(&world, &path).await;
    assert_eq!((code(&refused), refused.json()["Reason"].as_str()), ("ValidationException", Some("INVALID_CUSTOMER_KEY")));
    let again = start(&world, json!({"VolumeSize": 1, "Encrypted": true, "KmsKeyArn": arn})).await;
    assert_eq!((code(&again), again.json()["Reason"].as_str()), ("ValidationException", Some("INVALID_CUSTOMER_KEY")));
}

#[tokio::test]
async fn a_copy_goes_to_another_region_and_is_encrypted_anew() {
    let world = world();
    let source = written(&world, json!({"VolumeSize": 1}), &[(0, 1), (7, 2)]).await;
    let there = world.bench.region("eu-west-1");
    let copy = [("SourceRegion", "us-east-1"), ("SourceSnapshotId", &*source)];
    let plain = crate::common::ec2(&there, "CopySnapshot", &copy).await.one("snapshotId").to_owned();
    let encrypted = [copy[0], copy[1], ("Encrypted", "true"), ("CompletionDurationMinutes", "15")];
    let encrypted = crate::common::ec2(&there, "CopySnapshot", &encrypted).await.one("snapshotId").to_owned();
    run(&world).await;
    for (id, is_encrypted) in [(&plain, "false"), (&encrypted, "true")] {
        let shown = crate::common::ec2(&there, "DescribeSnapshots", &[("SnapshotId.1", id)]).await;
        assert_eq!((shown.one("item/status"), shown.one("item/encrypted")), ("completed", is_encrypted));
    }
    let [one, two, three] = [&source, &plain, &encrypted].map(|id| world.blocks.manifest(id).unwrap());
    assert_eq!(one, two, "a plain copy shares its blocks");
    assert!(
        three.key().is_some() && three.blocks().iter().zip(one.blocks()).all(|(it, plain)| it.0 == plain.0 && it.1 != plain.1)
    );
    for (code, parameters) in [
        ("InvalidSnapshot.NotFound", vec![("SourceRegion", "eu-west-1"), ("SourceSnapshotId", &*source)]),
        ("InvalidParameterValue", vec![copy[0], copy[1], ("Encrypted", "false")]),
        ("InvalidParameterValue", vec![copy[0], copy[1], ("CompletionDurationMinutes", "20")]),
        ("NotImplemented", vec![copy[0], copy[1], ("DestinationOutpostArn", "arn:aws:outposts:us-east-1:1:outpost/op-1")]),
    ] {
        assert_eq!(crate::common::call(&there, "ec2", "CopySnapshot", &parameters).await.code(), code, "{parameters:?}");
    }
}

#[tokio::test]
async fn a_copy_of_what_is_gone_fails_only_if_it_was_not_begun() {
    let world = world();
    let source = written(&world, json!({"VolumeSize": 1}), &[(0, 1)]).await;
    let copy = [("SourceRegion", "us-east-1"), ("SourceSnapshotId", &*source)];
    let id = world.ok("CopySnapshot", &copy).await.one("snapshotId").to_owned();
    world.ok("DeleteSnapshot", &[("SnapshotId", &source)]).await;
    run(&world).await;
    let shown = world.ok("DescribeSnapshots", &[("SnapshotId.1", &id)]).await;
    assert_eq!((shown.one("item/status"), shown.one("item/statusMessage")), ("error", "The source snapshot is gone."));
}

#[tokio::test]
async fn blocks_go_with_the_last_snapshot_that_has_them() {
    let world = world();
    let first = written(&world, json!({"VolumeSize": 1}), &[(0, 1), (1, 2)]).await;
    let second = written(&world, json!({"VolumeSize": 1}), &[(0, 1)]).await;
    let content = world.blocks.manifest(&first).unwrap();
    let there = |index: usize| world.blocks.read(&blocks::Codec::new(None), content.blocks()[index].1).is_ok();
    assert!(there(0) && there(1));
    world.ok("DeleteSnapshot", &[("SnapshotId", &first)]).await;
    world.advance(Duration::from_secs(60));
    run(&world).await;
    assert!(!world.blocks.has_manifest(&first).unwrap() && world.blocks.has_manifest(&second).unwrap());
    assert!(there(0) && !there(1), "the second has the one");
    world.ok("DeleteSnapshot", &[("SnapshotId", &second)]).await;
    world.advance(Duration::from_secs(60));
    run(&world).await;
    assert!(!there(0));
}

#[tokio::test]
async fn a_volume_that_is_still_to_be_made_keeps_its_snapshots_blocks() {
    let world = world();
    let snapshot = written(&world, json!({"VolumeSize": 1}), &[(0, 1)]).await;
    let volume = [("AvailabilityZone", crate::world::ZONE), ("SnapshotId", &*snapshot)];
    let volume = world.ok("CreateVolume", &volume).await.one("volumeId").to_owned();
    world.ok("DeleteSnapshot", &[("SnapshotId", &snapshot)]).await;
    world.advance(Duration::from_secs(60));
    run(&world).await;
    assert!(world.blocks.has_manifest(&snapshot).unwrap());
    world.settle().await;
    world.host_does(&volume).await;
    world.advance(Duration::from_secs(60));
    run(&world).await;
    assert!(!world.blocks.has_manifest(&snapshot).unwrap(), "the host has what it needs by now");
}

/// The first block of a disk with a partition table of the old kind.
fn partitioned() -> Vec<u8> {
    let mut block = vec![0; BLOCK];
    block[446 + 4] = 0x83;
    block[446 + 8..446 + 16].copy_from_slice(&[0, 8, 0, 0, 0, 16, 0, 0]);
    block[510..512].copy_from_slice(&[0x55, 0xaa]);
    block
}

#[tokio::test]
async fn an_image_that_does_not_say_how_it_boots_is_looked_at() {
    for (encrypted, data, boots_by) in
        [(false, partitioned(), Some("legacy-bios")), (true, partitioned(), Some("legacy-bios")), (false, block(7), None)]
    {
        let world = world();
        let id = start(&world, json!({"VolumeSize": 1, "Encrypted": encrypted})).await.json()["SnapshotId"]
            .as_str()
            .unwrap()
            .to_owned();
        assert_eq!(put(&world, &id, 0, &data).await.status, 201);
        complete(&world, &id, 1).await;
        run(&world).await;
        let disk = [
            ("RootDeviceName", "/dev/xvda"),
            ("BlockDeviceMapping.1.DeviceName", "/dev/xvda"),
            ("BlockDeviceMapping.1.Ebs.SnapshotId", id.as_str()),
            ("Name", "disk"),
            ("Architecture", "x86_64"),
        ];
        let image = world.ok("RegisterImage", &disk).await.one("imageId").to_owned();
        let cx = ReconcileCx::new(world.store.clone(), world.env.clone());
        world.images.reconcile(&cx).await.unwrap();
        let plan = world.store.snapshot().get(&key::<Image>(&image)).unwrap().unwrap().plan;
        assert_eq!((plan.available_at.is_some(), plan.boots_by.as_deref()), (true, boots_by));
    }
}
