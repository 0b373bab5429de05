//! The OCI distribution protocol.

use super::cloud::{ACCOUNT, Cloud, OCI_MANIFEST, base64, digest, manifest};
use bytes::Bytes;
use front::testing::Reply;
use http::Request;
use serde_json::{Value, json};
use std::time::Duration;

fn code(reply: &Reply) -> String {
    reply.json()["errors"][0]["code"].as_str().unwrap_or_default().to_owned()
}

fn header<'a>(reply: &'a Reply, name: &str) -> &'a str {
    reply.headers.get(name).map_or("", |value| value.to_str().unwrap())
}

async fn anonymous(cloud: &Cloud, host: &str, authorization: Option<&str>) -> Reply {
    let mut request = Request::get("/v2/").header("host", host);
    if let Some(authorization) = authorization {
        request = request.header("authorization", authorization);
    }
    cloud.bench.send(request.body(Bytes::new()).unwrap()).await
}

#[tokio::test]
async fn nobody_enters_without_a_password() {
    let cloud = Cloud::with("web").await;
    for authorization in [None, Some("Basic !"), Some("Bearer x"), Some(&*format!("Basic {}", base64(b"AWS:made.up")))] {
        let reply = anonymous(&cloud, "localhost:4566", authorization).await;
        assert_eq!((reply.status, code(&reply).as_str()), (401, "UNAUTHORIZED"));
        assert_eq!(header(&reply, "www-authenticate"), "Basic realm=\"http://localhost:4566/\",service=\"ecr.amazonaws.com\"");
    }
    let login = cloud.login().await;
    let welcome = anonymous(&cloud, "localhost:4566", Some(&login)).await;
    assert_eq!((welcome.status, header(&welcome, "docker-distribution-api-version")), (200, "registry/2.0"));
    cloud.bench.advance(Duration::from_secs(12 * 3600));
    assert_eq!(anonymous(&cloud, "localhost:4566", Some(&login)).await.status, 401, "passwords expire");
}

#[tokio::test]
async fn the_host_may_name_the_registry() {
    let cloud = Cloud::with("web").await;
    let login = cloud.login().await;
    let own = format!("{ACCOUNT}.dkr.ecr.eu-west-1.localhost:4566");
    assert_eq!(anonymous(&cloud, &own, Some(&login)).await.status, 200);
    let catalog = |host: String| {
        let request = Request::get("/v2/_catalog").header("host", host).header("authorization", login.clone());
        cloud.bench.send(request.body(Bytes::new()).unwrap())
    };
    assert_eq!(catalog("localhost:4566".into()).await.json(), json!({"repositories": ["web"]}));
    assert_eq!(catalog(own).await.json(), json!({"repositories": []}), "another region");
    let other = catalog("999988887777.dkr.ecr.us-east-1.localhost:4566".into()).await;
    assert_eq!((other.status, code(&other).as_str()), (403, "DENIED"), "another account");
}

#[tokio::test]
async fn a_repository_has_to_be_there_first() {
    let cloud = Cloud::new();
    for (method, path) in [
        ("POST", "/v2/web/blobs/uploads/"),
        ("PUT", "/v2/web/manifests/v1"),
        ("GET", "/v2/web/tags/list"),
        ("GET", "/v2/web/manifests/v1"),
    ] {
        let reply = cloud.registry(method, path, &[], "").await;
        assert_eq!((reply.status, code(&reply).as_str()), (404, "NAME_UNKNOWN"), "{method} {path}");
        let message = format!("The repository with name 'web' does not exist in the registry with id '{ACCOUNT}'");
        assert_eq!(reply.json()["errors"][0]["message"], message);
    }
}

#[tokio::test]
async fn a_blob_comes_in_chunks_and_goes_in_ranges() {
    let cloud = Cloud::with("web").await;
    let begun = cloud.registry("POST", "/v2/web/blobs/uploads/", &[], "").await;
    assert_eq!(begun.status, 202);
    let location = header(&begun, "location").to_owned();
    assert!(location.ends_with(header(&begun, "docker-upload-uuid")));
    let first = cloud.registry("PATCH", &location, &[("content-range", "0-4")], "hello").await;
    assert_eq!((first.status, header(&first, "range")), (202, "0-4"));
    let gap = cloud.registry("PATCH", &location, &[("content-range", "9-10")], "xx").await;
    assert_eq!((gap.status, header(&gap, "range")), (416, "0-4"));
    assert_eq!(header(&cloud.registry("GET", &location, &[], "").await, "range"), "0-4");
    cloud.registry("PATCH", &location, &[], " wor").await;
    let digest = digest(b"hello world");
    let wrong = cloud.registry("PUT", &format!("{location}?digest={}", super::cloud::digest(b"x")), &[], "").await;
    assert_eq!((wrong.status, code(&wrong).as_str()), (400, "DIGEST_INVALID"));
    let done = cloud.registry("PUT", &format!("{location}?digest={digest}"), &[("content-range", "9-10")], "ld").await;
    assert_eq!((done.status, header(&done, "docker-content-digest")), (201, &*digest));
    assert_eq!(cloud.registry("GET", &location, &[], "").await.status, 404, "the upload is over");

    let path = format!("/v2/web/blobs/{digest}");
    let head = cloud.registry("HEAD", &path, &[], "").await;
    assert_eq!((head.status, header(&head, "content-length")), (200, "11"));
    assert_eq!(cloud.registry("GET", &path, &[], "").await.text(), "hello world");
    let part = cloud.registry("GET", &path, &[("range", "bytes=6-")], "").await;
    assert_eq!((part.status, part.text().as_str(), header(&part, "content-range")), (206, "world", "bytes 6-10/11"));
    assert_eq!(cloud.registry("GET", &path, &[("range", "bytes=11-")], "").await.status, 416);
    let deletion = cloud.registry("DELETE", &path, &[], "").await;
    assert_eq!((deletion.status, code(&deletion).as_str()), (405, "UNSUPPORTED"));
}

#[tokio::test]
async fn an_upload_can_be_given_up_and_an_empty_blob_made() {
    let cloud = Cloud::with("web").await;
    let begun = cloud.registry("POST", "/v2/web/blobs/uploads/", &[], "").await;
    let location = header(&begun, "location").to_owned();
    cloud.registry("PATCH", &location, &[], "x").await;
    assert_eq!(cloud.registry("DELETE", &location, &[], "").await.status, 204);
    assert_eq!(cloud.registry("PATCH", &location, &[], "x").await.status, 404);
    let empty = cloud.blob("web", b"").await;
    assert_eq!(cloud.registry("GET", &format!("/v2/web/blobs/{empty}"), &[], "").await.body, "");
}

#[tokio::test]
async fn a_broken_upload_keeps_what_was_there_before() {
    let cloud = Cloud::with("web").await;
    let begun = cloud.registry("POST", "/v2/web/blobs/uploads/", &[], "").await;
    let location = header(&begun, "location").to_owned();
    cloud.registry("PATCH", &location, &[], "kept").await;
    let broken = front::body::streaming(futures::stream::iter([Ok(Bytes::from("lost")), Err(std::io::Error::other("gone"))]));
    let request = Request::patch(&location).header("host", "localhost:4566").header("authorization", cloud.login().await);
    let reply = cloud.bench.front.respond(request.body(broken).unwrap()).await;
    assert_eq!(reply.status(), 400);
    assert_eq!(header(&cloud.registry("GET", &location, &[], "").await, "range"), "0-3");
}

#[tokio::test]
async fn a_client_that_goes_away_leaves_nothing() {
    use futures::{StreamExt, stream};
    let cloud = Cloud::with("web").await;
    let begun = cloud.registry("POST", "/v2/web/blobs/uploads/", &[], "").await;
    let location = header(&begun, "location").to_owned();
    cloud.registry("PATCH", &location, &[], "kept").await;
    let first = stream::iter([Ok::<_, std::io::Error>(Bytes::from(vec![1; 3 << 20]))]);
    let endless = front::body::streaming(first.chain(stream::pending()));
    let request = Request::patch(&location).header("host", "localhost:4566").header("authorization", cloud.login().await);
    let going = cloud.bench.front.respond(request.body(endless).unwrap());
    let file = cloud.folder.path().join("ecr/uploads").join(location.rsplit('/').next().unwrap());
    let grown = async {
        while std::fs::metadata(&file).unwrap().len() <= 4 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        _ = going => panic!("the request can't end"),
        () = grown => {}
    }
    let rest = cloud.registry("PUT", &format!("{location}?digest={}", digest(b"kept and more")), &[], " and more").await;
    assert_eq!(rest.status, 201, "{}", rest.text());
}

#[tokio::test]
async fn a_blob_is_mounted_from_another_repository() {
    let cloud = Cloud::with("web").await;
    cloud.ok("CreateRepository", json!({"repositoryName": "other"})).await;
    let digest = cloud.blob("web", b"shared").await;
    let mounted = cloud.registry("POST", &format!("/v2/other/blobs/uploads/?mount={digest}&from=web"), &[], "").await;
    assert_eq!((mounted.status, header(&mounted, "location")), (201, &*format!("/v2/other/blobs/{digest}")));
    assert_eq!(cloud.registry("GET", &format!("/v2/other/blobs/{digest}"), &[], "").await.text(), "shared");
    let absent = super::cloud::digest(b"absent");
    let begun = cloud.registry("POST", &format!("/v2/other/blobs/uploads/?mount={absent}&from=web"), &[], "").await;
    assert_eq!(begun.status, 202, "what isn't there is uploaded instead");
}

#[tokio::test]
async fn manifests_go_by_tag_and_by_digest() {
    let cloud = Cloud::with("web").await;
    let digest = cloud.image("web", "v1", "one").await;
    for reference in ["v1", &digest] {
        for method in ["GET", "HEAD"] {
            let reply = cloud.registry(method, &format!("/v2/web/manifests/{reference}"), &[], "").await;
            assert_eq!((reply.status, header(&reply, "docker-content-digest")), (200, &*digest));
            assert_eq!(header(&reply, "content-type"), OCI_MANIFEST);
        }
    }
    let absent = cloud.registry("GET", "/v2/web/manifests/v2", &[], "").await;
    assert_eq!((absent.status, code(&absent).as_str()), (404, "MANIFEST_UNKNOWN"));
    cloud.image("web", "v2", "one").await;
    assert_eq!(cloud.registry("DELETE", "/v2/web/manifests/v1", &[], "").await.status, 202);
    assert_eq!(cloud.registry("GET", "/v2/web/manifests/v1", &[], "").await.status, 404);
    assert_eq!(cloud.registry("DELETE", &format!("/v2/web/manifests/{digest}"), &[], "").await.status, 202);
    assert_eq!(cloud.registry("GET", "/v2/web/manifests/v2", &[], "").await.status, 404);
}

#[tokio::test]
async fn what_a_manifest_names_has_to_be_there() {
    let cloud = Cloud::with("web").await;
    let put = async |reference: &str, content: String| {
        cloud.registry("PUT", &format!("/v2/web/manifests/{reference}"), &[], content).await
    };
    let missing = put("v1", manifest(&digest(b"c"), &digest(b"l"), 1)).await;
    assert_eq!((missing.status, code(&missing).as_str()), (404, "MANIFEST_BLOB_UNKNOWN"));
    let index = json!({"schemaVersion": 2, "manifests": [{"digest": digest(b"m")}]}).to_string();
    assert_eq!(code(&put("v1", index).await), "MANIFEST_BLOB_UNKNOWN");
    assert_eq!(code(&put("v1", "{".into()).await), "MANIFEST_INVALID");
    let good = cloud.layers_of("web", "one").await;
    assert_eq!(code(&put(&digest(b"other"), good.clone()).await), "DIGEST_INVALID");
    assert_eq!(code(&put("bad%20tag", good.clone()).await), "MANIFEST_INVALID");
    assert_eq!(put(&digest(good.as_bytes()), good.clone()).await.status, 201);
    assert_eq!(put("v1", " ".repeat((4 << 20) + 1)).await.status, 413);
    cloud.ok("PutImageTagMutability", json!({"repositoryName": "web", "imageTagMutability": "IMMUTABLE"})).await;
    assert_eq!(put("v1", good.clone()).await.status, 201);
    assert_eq!(put("v1", good).await.status, 201, "pushing the same again changes nothing");
    let other = cloud.layers_of("web", "two").await;
    assert_eq!(code(&put("v1", other).await), "TAG_INVALID");
}

#[tokio::test]
async fn tags_and_repositories_come_in_pages() {
    let cloud = Cloud::with("web").await;
    for tag in ["a", "b", "c"] {
        cloud.image("web", tag, "one").await;
    }
    assert_eq!(cloud.registry("GET", "/v2/web/tags/list", &[], "").await.json(), json!({"name": "web", "tags": ["a", "b", "c"]}));
    let first = cloud.registry("GET", "/v2/web/tags/list?n=2", &[], "").await;
    assert_eq!(first.json()["tags"], json!(["a", "b"]));
    let link = header(&first, "link").to_owned();
    let next = link.trim_start_matches('<').split('>').next().unwrap();
    assert_eq!(cloud.registry("GET", next, &[], "").await.json()["tags"], json!(["c"]));
    assert_eq!(cloud.registry("GET", "/v2/web/tags/list?n=x", &[], "").await.status, 400);
}

#[tokio::test]
async fn what_refers_to_an_image_is_listed() {
    let cloud = Cloud::with("web").await;
    let subject = cloud.image("web", "v1", "one").await;
    let mut signature: Value = serde_json::from_str(&cloud.layers_of("web", "signature").await).unwrap();
    signature["subject"] = json!({"mediaType": OCI_MANIFEST, "digest": subject, "size": 1});
    signature["artifactType"] = json!("application/example.signature");
    signature["annotations"] = json!({"by": "anna"});
    let signature = signature.to_string();
    let digest = digest(signature.as_bytes());
    let put = cloud.registry("PUT", &format!("/v2/web/manifests/{digest}"), &[], signature).await;
    assert_eq!((put.status, header(&put, "oci-subject")), (201, &*subject));
    let found = cloud.registry("GET", &format!("/v2/web/referrers/{subject}"), &[], "").await.json();
    assert_eq!(found["manifests"][0]["digest"], digest);
    assert_eq!(found["manifests"][0]["annotations"]["by"], "anna");
    let filtered = cloud.registry("GET", &format!("/v2/web/referrers/{subject}?artifactType=other"), &[], "").await;
    assert_eq!((&filtered.json()["manifests"], header(&filtered, "oci-filters-applied")), (&json!([]), "artifactType"));
    let nobody = cloud.registry("GET", &format!("/v2/web/referrers/{}", super::cloud::digest(b"x")), &[], "").await;
    assert_eq!((nobody.status, &nobody.json()["manifests"]), (200, &json!([])));
}

#[tokio::test]
async fn an_upload_goes_on_after_a_restart() {
    let cloud = Cloud::with("web").await;
    let begun = cloud.registry("POST", "/v2/web/blobs/uploads/", &[], "").await;
    let location = header(&begun, "location").to_owned();
    cloud.registry("PATCH", &location, &[], "before ").await;
    let restarted = cloud.restarted();
    let digest = digest(b"before after");
    let done = restarted.registry("PUT", &format!("{location}?digest={digest}"), &[], "after").await;
    assert_eq!(done.status, 201, "{}", done.text());
}
