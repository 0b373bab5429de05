//! Zips: which are taken, how they are kept, fetched and freed.

use crate::cloud::{Cloud, at, base64, zip};
use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};

#[tokio::test]
async fn a_zip_can_be_fetched_again_for_a_while() {
    let cloud = Cloud::new().await;
    let bytes = zip("app.py", b"pass");
    cloud.create("f", json!({"Code": {"ZipFile": base64(&bytes)}})).await;
    let location = cloud.get("f").await["Code"]["Location"].as_str().unwrap().to_owned();
    let fetch = |url: &str| {
        let request = Request::get(url.strip_prefix("http://localhost:4566").unwrap()).header("host", "localhost:4566");
        let (bench, request) = (cloud.bench.clone(), request.body(Bytes::new()).unwrap());
        async move { bench.send(request).await }
    };
    let reply = fetch(&location).await;
    assert_eq!((reply.status, &reply.body[..]), (200, &bytes[..]));
    let mut forged = location.clone();
    let last = if forged.pop() == Some('0') { '1' } else { '0' };
    forged.push(last);
    assert_eq!(fetch(&forged).await.status, 403);
    cloud.bench.advance(std::time::Duration::from_secs(601));
    assert_eq!(fetch(&location).await.status, 403);
}

#[tokio::test]
async fn what_cannot_be_unpacked_is_not_taken() {
    let cloud = Cloud::new().await;
    for (code, said) in [
        (json!({"ZipFile": base64(b"not a zip")}), "Could not unzip uploaded file."),
        (json!({"ZipFile": ""}), "Uploaded file must be a non-empty zip"),
        (json!({}), "Please provide a source for function code."),
        (json!({"ZipFile": base64(b"x"), "S3Bucket": "bucket"}), "Please do not provide other FunctionCode parameters"),
        (json!({"ImageUri": "a/b"}), "Please don't provide ImageUri"),
    ] {
        let refused = cloud.refused(json!({"Code": code}), "InvalidParameterValueException").await;
        assert!(refused.starts_with(said), "{refused}");
    }
    assert_eq!(cloud.files(), 0);
}

#[tokio::test]
async fn a_zip_stays_as_long_as_somebody_needs_it() {
    let cloud = Cloud::with_function().await;
    cloud.create("same", json!({})).await;
    assert_eq!(cloud.files(), 1, "the same bytes are kept once");
    cloud.publish().await;
    let new = json!({"ZipFile": base64(&zip("app.py", b"new"))});
    let updated = cloud.ok("PUT", &at("f/code"), new).await;
    assert_eq!(updated["LastUpdateStatus"], "InProgress");
    cloud.settle().await;
    cloud.call("DELETE", &at("same"), Value::Null).await;
    cloud.sweep().await;
    assert_eq!(cloud.files(), 2, "version 1 needs the old one");
    cloud.call("DELETE", &at("f?Qualifier=1"), Value::Null).await;
    cloud.sweep().await;
    assert_eq!(cloud.files(), 1);
    cloud.call("DELETE", &at("f"), Value::Null).await;
    cloud.sweep().await;
    assert_eq!(cloud.files(), 0);
}

#[tokio::test]
async fn images_are_of_our_registries() {
    let cloud = Cloud::new().await;
    let image = |uri: &str| json!({"PackageType": "Image", "Code": {"ImageUri": uri}, "Runtime": null, "Handler": null});
    for (uri, what) in [
        ("docker.io/library/nginx", "is not valid"),
        ("111122223333.dkr.ecr.us-east-1.amazonaws.com/web:v1", "does not exist"),
        ("111122223333.dkr.ecr.eu-west-1.amazonaws.com/web:v1", "is not in the function's region"),
    ] {
        let refused = cloud.refused(image(uri), "InvalidParameterValueException").await;
        assert_eq!(refused, format!("Source image {uri} {what}. Provide a valid source image."));
    }
}

#[tokio::test]
async fn an_update_can_be_tried() {
    let cloud = Cloud::with_function().await;
    let before = cloud.get("f/configuration").await;
    let new = base64(&zip("app.py", b"new"));
    let tried = cloud.ok("PUT", &at("f/code"), json!({"ZipFile": new, "DryRun": true})).await;
    assert_eq!(tried["CodeSha256"], before["CodeSha256"]);
    assert_eq!(cloud.get("f/configuration").await, before);
    let stale = json!({"ZipFile": new, "RevisionId": "11111111-2222-4333-8444-555555555555"});
    cloud.fails("PUT", &at("f/code"), stale, "PreconditionFailedException").await;
    cloud.ok("PUT", &at("f/code"), json!({"ZipFile": new, "RevisionId": before["RevisionId"]})).await;
    let busy = cloud.fails("PUT", &at("f/code"), json!({"ZipFile": new}), "ResourceConflictException").await;
    assert!(busy.starts_with("The operation cannot be performed at this time. An update is in progress for resource"), "{busy}");
    cloud.settle().await;
    let published = cloud.ok("PUT", &at("f/code"), json!({"ZipFile": new, "Publish": true})).await;
    assert_eq!(published["Version"], "1");
}
