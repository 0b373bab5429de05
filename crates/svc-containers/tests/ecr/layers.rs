//! Layers by the API.

use super::cloud::{Cloud, base64, digest};
use front::testing::Reply;
use serde_json::{Value, json};

async fn begin(cloud: &Cloud) -> String {
    let begun = cloud.ok("InitiateLayerUpload", json!({"repositoryName": "web"})).await;
    assert!(begun["partSize"].as_i64().unwrap() >= 5 << 20);
    begun["uploadId"].as_str().unwrap().to_owned()
}

fn part(upload: &str, first: usize, bytes: &[u8]) -> Value {
    json!({
        "repositoryName": "web",
        "uploadId": upload,
        "partFirstByte": first,
        "partLastByte": (first + bytes.len()) as i64 - 1,
        "layerPartBlob": base64(bytes),
    })
}

fn complete(upload: &str, bytes: &[u8]) -> Value {
    json!({"repositoryName": "web", "uploadId": upload, "layerDigests": [digest(bytes)]})
}

#[tokio::test]
async fn a_layer_is_uploaded_in_parts() {
    let cloud = Cloud::with("web").await;
    let upload = begin(&cloud).await;
    let large = vec![7; 5 << 20];
    let all = [&large[..], b"the rest"].concat();
    assert_eq!(cloud.ok("UploadLayerPart", part(&upload, 0, &large)).await["lastByteReceived"], (5 << 20) - 1);
    cloud.ok("UploadLayerPart", part(&upload, 5 << 20, b"the rest")).await;
    assert_eq!(cloud.ok("CompleteLayerUpload", complete(&upload, &all)).await["layerDigest"], digest(&all));
    assert_eq!(std::fs::read(cloud.file(&digest(&all))).unwrap(), all);

    let digests = [digest(&all), digest(b"absent"), "junk:00".into()];
    let checked = cloud.ok("BatchCheckLayerAvailability", json!({"repositoryName": "web", "layerDigests": digests})).await;
    assert_eq!(checked["layers"][0]["layerSize"], all.len());
    assert_eq!(checked["layers"][1]["layerAvailability"], "UNAVAILABLE");
    assert_eq!(checked["failures"][0]["failureCode"], "InvalidLayerDigest");

    let url = cloud.ok("GetDownloadUrlForLayer", json!({"repositoryName": "web", "layerDigest": digest(&all)})).await;
    let url = url["downloadUrl"].as_str().unwrap().to_owned();
    let request = http::Request::get(url).header("host", "localhost:4566").body(bytes::Bytes::new()).unwrap();
    assert_eq!(cloud.bench.send(request).await.body, all);
}

#[tokio::test]
async fn parts_follow_each_other_and_are_large_enough() {
    let cloud = Cloud::with("web").await;
    let upload = begin(&cloud).await;
    cloud.fails("CompleteLayerUpload", complete(&upload, b""), "EmptyUploadException").await;
    cloud.ok("UploadLayerPart", part(&upload, 0, b"small")).await;
    let before = cloud.ecr.store.snapshot().revision();
    let gap: Reply = cloud.call("UploadLayerPart", part(&upload, 9, b"gap")).await;
    assert_eq!((gap.code().as_str(), &gap.json()["lastValidByteReceived"]), ("InvalidLayerPartException", &json!(4)));
    let mut lying = part(&upload, 5, b"lying");
    lying["partLastByte"] = json!(99);
    cloud.fails("UploadLayerPart", lying, "InvalidParameterException").await;
    assert_eq!(cloud.ecr.store.snapshot().revision(), before);
    cloud.fails("CompleteLayerUpload", complete(&upload, b"wrong"), "InvalidLayerException").await;
    cloud.ok("UploadLayerPart", part(&upload, 5, b"er")).await;
    cloud.fails("CompleteLayerUpload", complete(&upload, b"smaller"), "LayerPartTooSmallException").await;
}

#[tokio::test]
async fn uploads_are_found_by_their_id_and_layers_made_once() {
    let cloud = Cloud::with("web").await;
    let nobody = "00000000-0000-0000-0000-000000000000";
    cloud.fails("UploadLayerPart", part(nobody, 0, b"x"), "UploadNotFoundException").await;
    cloud.fails("CompleteLayerUpload", complete(nobody, b"x"), "UploadNotFoundException").await;
    cloud.fails("InitiateLayerUpload", json!({"repositoryName": "nope"}), "RepositoryNotFoundException").await;
    cloud.fails("UploadLayerPart", part("../../../etc/passwd", 0, b"x"), "InvalidParameterException").await;
    let layer = cloud.blob("web", b"x").await;
    let upload = begin(&cloud).await;
    cloud.ok("UploadLayerPart", part(&upload, 0, b"x")).await;
    cloud.fails("CompleteLayerUpload", complete(&upload, b"x"), "LayerAlreadyExistsException").await;
    cloud
        .fails("GetDownloadUrlForLayer", json!({"repositoryName": "web", "layerDigest": digest(b"y")}), "LayersNotFoundException")
        .await;
    assert!(cloud.file(&layer).exists());
}
