//! What is not needed is freed, and nothing else.

use super::cloud::{Cloud, digest};
use serde_json::json;
use spine::reconcile::{ReconcileCx, Reconciler, Wake};
use std::time::Duration;
use svc_containers::ecr::Sweeper;

const HOUR: Duration = Duration::from_secs(3600);

async fn sweep(cloud: &Cloud) -> Wake {
    let cx = ReconcileCx::new(cloud.ecr.store.clone(), cloud.bench.env.clone());
    Sweeper::new(cloud.ecr.clone()).reconcile(&cx).await.unwrap()
}

#[tokio::test]
async fn deleting_an_image_frees_what_no_other_needs() {
    let cloud = Cloud::with("web").await;
    cloud.ok("CreateRepository", json!({"repositoryName": "other"})).await;
    let image = cloud.image("web", "v1", "one").await;
    cloud.image("web", "v2", "two").await;
    cloud.image("other", "v1", "one").await;
    let delete = |repository: &str, tag: &str| json!({"repositoryName": repository, "imageIds": [{"imageTag": tag}]});
    assert_eq!(sweep(&cloud).await, Wake::Idle);

    cloud.ok("BatchDeleteImage", delete("web", "v1")).await;
    assert_eq!(sweep(&cloud).await, Wake::At(cloud.bench.env.now() + HOUR));
    cloud.bench.advance(HOUR);
    sweep(&cloud).await;
    assert!(cloud.file(&digest(b"one")).exists() && cloud.file(&image).exists(), "the other repository needs them");
    let checked =
        cloud.ok("BatchCheckLayerAvailability", json!({"repositoryName": "web", "layerDigests": [digest(b"one")]})).await;
    assert_eq!(checked["layers"][0]["layerAvailability"], "UNAVAILABLE");

    cloud.ok("BatchDeleteImage", delete("other", "v1")).await;
    sweep(&cloud).await;
    assert!(!cloud.file(&image).exists(), "nothing names the manifest");
    cloud.bench.advance(HOUR);
    assert_eq!(sweep(&cloud).await, Wake::Idle);
    assert!(!cloud.file(&digest(b"one")).exists());
    assert!(cloud.file(&digest(b"two")).exists());
    assert_eq!(cloud.registry("GET", "/v2/web/manifests/v2", &[], "").await.status, 200);
}

#[tokio::test]
async fn a_layer_that_is_named_again_in_time_stays() {
    let cloud = Cloud::with("web").await;
    let manifest = cloud.layers_of("web", "one").await;
    assert_eq!(sweep(&cloud).await, Wake::At(cloud.bench.env.now() + HOUR));
    cloud.bench.advance(HOUR / 2);
    cloud.ok("PutImage", json!({"repositoryName": "web", "imageManifest": manifest})).await;
    assert_eq!(sweep(&cloud).await, Wake::Idle);
    cloud.bench.advance(HOUR * 2);
    sweep(&cloud).await;
    assert!(cloud.file(&digest(b"one")).exists());
}

#[tokio::test]
async fn a_forced_deletion_leaves_no_bytes() {
    let cloud = Cloud::with("web").await;
    let image = cloud.image("web", "v1", "one").await;
    cloud.ok("DeleteRepository", json!({"repositoryName": "web", "force": true})).await;
    sweep(&cloud).await;
    assert!(!cloud.file(&image).exists() && !cloud.file(&digest(b"one")).exists());
}

#[tokio::test]
async fn an_upload_is_given_up_after_a_day() {
    let cloud = Cloud::with("web").await;
    let begun = cloud.registry("POST", "/v2/web/blobs/uploads/", &[], "").await;
    let location = begun.headers["location"].to_str().unwrap().to_owned();
    cloud.registry("PATCH", &location, &[], "x").await;
    let file = cloud.folder.path().join("ecr/uploads").join(location.rsplit('/').next().unwrap());
    assert_eq!(sweep(&cloud).await, Wake::At(cloud.bench.env.now() + HOUR * 24));
    assert!(file.exists());
    cloud.bench.advance(HOUR * 24);
    sweep(&cloud).await;
    assert!(!file.exists());
    assert_eq!(cloud.registry("PATCH", &location, &[], "x").await.status, 404);
}
