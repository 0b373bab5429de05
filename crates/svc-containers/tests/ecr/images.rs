//! Images by the API.

use super::cloud::{Cloud, OCI_MANIFEST, digest};
use serde_json::{Value, json};
use std::time::Duration;

fn put(repository: &str, manifest: &str, tag: &str) -> Value {
    json!({"repositoryName": repository, "imageManifest": manifest, "imageTag": tag})
}

#[tokio::test]
async fn an_image_is_put_got_described_and_listed() {
    let cloud = Cloud::with("web").await;
    let manifest = cloud.layers_of("web", "one").await;
    let image = cloud.ok("PutImage", put("web", &manifest, "v1")).await["image"].clone();
    let digest = digest(manifest.as_bytes());
    assert_eq!(image["imageId"], json!({"imageDigest": digest, "imageTag": "v1"}));
    assert_eq!(image["imageManifestMediaType"], OCI_MANIFEST);

    let got = cloud.ok("BatchGetImage", json!({"repositoryName": "web", "imageIds": [{"imageTag": "v1"}]})).await;
    assert_eq!((&got["images"][0]["imageManifest"], &got["failures"]), (&json!(manifest), &json!([])));

    let detail = cloud.ok("DescribeImages", json!({"repositoryName": "web"})).await["imageDetails"][0].clone();
    assert_eq!(detail["imageTags"], json!(["v1"]));
    assert_eq!(detail["imageSizeInBytes"], 5);
    assert_eq!(detail["imagePushedAt"], json!(1_767_225_600));
    assert_eq!(detail["lastRecordedPullTime"], json!(1_767_225_600), "BatchGetImage is a pull");

    let listed = cloud.ok("ListImages", json!({"repositoryName": "web"})).await;
    assert_eq!(listed["imageIds"], json!([{"imageDigest": digest, "imageTag": "v1"}]));
}

#[tokio::test]
async fn putting_refuses_what_is_no_image_of_this_repository() {
    let cloud = Cloud::with("web").await;
    let manifest = cloud.layers_of("web", "one").await;
    cloud.fails("PutImage", put("nope", &manifest, "v1"), "RepositoryNotFoundException").await;
    cloud.fails("PutImage", put("web", "{}", "v1"), "InvalidParameterException").await;
    cloud.fails("PutImage", put("web", &manifest, "not a tag"), "InvalidParameterException").await;
    let missing = manifest.replacen(&digest(b"one"), &digest(b"other"), 1);
    let message = cloud.fails("PutImage", put("web", &missing, "v1"), "LayersNotFoundException").await;
    assert!(message.contains(&digest(b"other")) && !message.contains(&digest(b"one")), "{message}");
    let mut wrong = put("web", &manifest, "v1");
    wrong["imageDigest"] = json!(digest(b"wrong"));
    cloud.fails("PutImage", wrong, "ImageDigestDoesNotMatchException").await;
    let index = json!({"schemaVersion": 2, "manifests": [{"digest": digest(b"absent")}]}).to_string();
    cloud.fails("PutImage", put("web", &index, "v1"), "ReferencedImagesNotFoundException").await;
    cloud.ok("PutImage", put("web", &manifest, "v1")).await;
    cloud.fails("PutImage", put("web", &manifest, "v1"), "ImageAlreadyExistsException").await;
}

#[tokio::test]
async fn a_tag_moves_unless_it_is_immutable() {
    let cloud = Cloud::with("web").await;
    let one = cloud.image("web", "latest", "one").await;
    let two = cloud.image("web", "latest", "two").await;
    let got = cloud.ok("DescribeImages", json!({"repositoryName": "web", "imageIds": [{"imageTag": "latest"}]})).await;
    assert_eq!(got["imageDetails"][0]["imageDigest"], two);
    let untagged = json!({"repositoryName": "web", "filter": {"tagStatus": "UNTAGGED"}});
    assert_eq!(cloud.ok("ListImages", untagged).await["imageIds"], json!([{"imageDigest": one}]));

    let immutable = json!({
        "repositoryName": "web",
        "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
        "imageTagMutabilityExclusionFilters": [{"filterType": "WILDCARD", "filter": "dev-*"}],
    });
    cloud.ok("PutImageTagMutability", immutable).await;
    let three = cloud.layers_of("web", "three").await;
    let message = cloud.fails("PutImage", put("web", &three, "latest"), "ImageTagAlreadyExistsException").await;
    assert!(message.contains("'latest' already exists in the 'web' repository"), "{message}");
    cloud.image("web", "dev-1", "one").await;
    cloud.image("web", "dev-1", "two").await;
}

#[tokio::test]
async fn what_cannot_be_got_is_a_failure_of_its_own() {
    let cloud = Cloud::with("web").await;
    let one = cloud.image("web", "v1", "one").await;
    cloud.image("web", "v2", "two").await;
    let ids = json!([{}, {"imageTag": "no"}, {"imageDigest": "junk"}, {"imageDigest": digest(b"x")}, {"imageDigest": one, "imageTag": "v2"}]);
    let got = cloud.ok("BatchGetImage", json!({"repositoryName": "web", "imageIds": ids})).await;
    let codes: Vec<_> = got["failures"].as_array().unwrap().iter().map(|failure| failure["failureCode"].clone()).collect();
    assert_eq!(
        codes,
        ["MissingDigestAndTag", "ImageNotFound", "InvalidImageDigest", "ImageNotFound", "ImageTagDoesNotMatchDigest"]
    );
    let unaccepted = json!({"repositoryName": "web", "imageIds": [{"imageTag": "v1"}], "acceptedMediaTypes": ["text/plain"]});
    assert_eq!(cloud.ok("BatchGetImage", unaccepted).await["failures"][0]["failureCode"], "ImageNotFound");
    let message = cloud
        .fails("DescribeImages", json!({"repositoryName": "web", "imageIds": [{"imageTag": "no"}]}), "ImageNotFoundException")
        .await;
    assert!(message.starts_with("The image with imageId {imageDigest:'null', imageTag:'no'} does not exist"), "{message}");
}

#[tokio::test]
async fn deleting_the_last_tag_deletes_the_image() {
    let cloud = Cloud::with("web").await;
    let one = cloud.image("web", "v1", "one").await;
    cloud.image("web", "v1b", "one").await;
    let delete = |id: Value| json!({"repositoryName": "web", "imageIds": [id]});
    let first = cloud.ok("BatchDeleteImage", delete(json!({"imageTag": "v1"}))).await;
    assert_eq!(first["imageIds"], json!([{"imageDigest": one, "imageTag": "v1"}]));
    assert_eq!(
        cloud.ok("DescribeImages", json!({"repositoryName": "web"})).await["imageDetails"][0]["imageTags"],
        json!(["v1b"])
    );
    cloud.ok("BatchDeleteImage", delete(json!({"imageTag": "v1b"}))).await;
    assert_eq!(cloud.ok("ListImages", json!({"repositoryName": "web"})).await["imageIds"], json!([]));
    let again = cloud.ok("BatchDeleteImage", delete(json!({"imageTag": "v1b"}))).await;
    assert_eq!(again["failures"][0]["failureCode"], "ImageNotFound");
    cloud.fails("BatchDeleteImage", json!({"repositoryName": "web", "imageIds": []}), "InvalidParameterException").await;
}

#[tokio::test]
async fn an_image_that_an_index_names_stays() {
    let cloud = Cloud::with("web").await;
    let one = cloud.image("web", "v1", "one").await;
    let index = json!({"schemaVersion": 2, "manifests": [{"digest": one}]}).to_string();
    let put = cloud.ok("PutImage", put("web", &index, "all")).await;
    let described = cloud.ok("DescribeImages", json!({"repositoryName": "web", "imageIds": [{"imageTag": "all"}]})).await;
    assert_eq!(described["imageDetails"][0]["imageSizeInBytes"], 5, "as large as its largest image");
    let delete = json!({"repositoryName": "web", "imageIds": [{"imageDigest": one}]});
    let refused = cloud.ok("BatchDeleteImage", delete.clone()).await;
    assert_eq!(refused["failures"][0]["failureCode"], "ImageReferencedByManifestList");
    let both = json!({"repositoryName": "web", "imageIds": [put["image"]["imageId"], {"imageDigest": one}]});
    assert_eq!(cloud.ok("BatchDeleteImage", both).await["failures"], json!([]));
}

#[tokio::test]
async fn images_come_in_pages_and_by_tag_status() {
    let cloud = Cloud::with("web").await;
    for (tag, content) in [("a", "one"), ("b", "one"), ("c", "two")] {
        cloud.image("web", tag, content).await;
    }
    let (mut tags, mut token) = (Vec::new(), Value::Null);
    loop {
        let page = cloud.ok("ListImages", json!({"repositoryName": "web", "maxResults": 1, "nextToken": token})).await;
        tags.push(page["imageIds"][0]["imageTag"].as_str().unwrap().to_owned());
        token = page["nextToken"].clone();
        if token.is_null() {
            break;
        }
    }
    tags.sort();
    assert_eq!(tags, ["a", "b", "c"]);
    let page = cloud.ok("DescribeImages", json!({"repositoryName": "web", "maxResults": 1})).await;
    assert_eq!(page["imageDetails"].as_array().unwrap().len(), 1);
    let page =
        cloud.ok("DescribeImages", json!({"repositoryName": "web", "maxResults": 1, "nextToken": page["nextToken"]})).await;
    assert!(page["nextToken"].is_null());
    let tagged = json!({"repositoryName": "web", "filter": {"tagStatus": "TAGGED"}});
    assert_eq!(cloud.ok("DescribeImages", tagged).await["imageDetails"].as_array().unwrap().len(), 2);
    let archived = json!({"repositoryName": "web", "filter": {"imageStatus": "ARCHIVED"}});
    assert_eq!(cloud.ok("ListImages", archived).await["imageIds"], json!([]));
}

#[tokio::test]
async fn the_last_pull_is_recorded_once_a_day() {
    let cloud = Cloud::with("web").await;
    cloud.image("web", "v1", "one").await;
    let pulled = async || {
        cloud.ok("DescribeImages", json!({"repositoryName": "web"})).await["imageDetails"][0]["lastRecordedPullTime"].clone()
    };
    cloud.registry("HEAD", "/v2/web/manifests/v1", &[], "").await;
    assert_eq!(pulled().await, Value::Null, "a look is no pull");
    for (hours, recorded) in [(0, 0), (1, 0), (24, 25)] {
        cloud.bench.advance(Duration::from_secs(hours * 3600));
        assert_eq!(cloud.registry("GET", "/v2/web/manifests/v1", &[], "").await.status, 200);
        assert_eq!(pulled().await, json!(1_767_225_600 + recorded * 3600), "{hours}");
    }
}

#[tokio::test]
async fn what_refers_to_an_image_is_listed() {
    let cloud = Cloud::with("web").await;
    let subject = cloud.image("web", "v1", "one").await;
    let signature = cloud.referrer("web", &subject, "application/example.signature").await;
    let sbom = cloud.referrer("web", &subject, "application/example.sbom").await;
    let list = |digest: &str, more: Value| {
        let mut input = json!({"repositoryName": "web", "subjectId": {"imageDigest": digest}});
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        input
    };
    let digests =
        |found: &Value| found["referrers"].as_array().unwrap().iter().map(|one| one["digest"].clone()).collect::<Vec<_>>();
    let found = cloud.ok("ListImageReferrers", list(&subject, json!({}))).await;
    let mut expected = [signature.clone(), sbom];
    expected.sort();
    assert_eq!(digests(&found), expected);
    let first = &found["referrers"][0];
    assert_eq!((&first["mediaType"], &first["artifactStatus"]), (&json!(OCI_MANIFEST), &json!("ACTIVE")));
    assert!(first["size"].as_i64().unwrap() > 0);

    let filtered = json!({"filter": {"artifactTypes": ["application/example.signature"]}});
    assert_eq!(digests(&cloud.ok("ListImageReferrers", list(&subject, filtered)).await), [signature]);
    let archived = json!({"filter": {"artifactStatus": "ARCHIVED"}});
    assert_eq!(cloud.ok("ListImageReferrers", list(&subject, archived)).await["referrers"], json!([]));
    let page = cloud.ok("ListImageReferrers", list(&subject, json!({"maxResults": 1}))).await;
    assert_eq!(digests(&page), expected[..1]);
    let page = cloud.ok("ListImageReferrers", list(&subject, json!({"nextToken": page["nextToken"]}))).await;
    assert_eq!((digests(&page), &page["nextToken"]), (expected[1..].iter().cloned().map(Value::from).collect(), &Value::Null));
    assert_eq!(cloud.ok("ListImageReferrers", list(&digest(b"nobody"), json!({}))).await["referrers"], json!([]));

    cloud.fails("ListImageReferrers", list("junk", json!({})), "InvalidParameterException").await;
    cloud.fails("ListImageReferrers", list(&subject, json!({"maxResults": 51})), "InvalidParameterException").await;
    cloud.fails("ListImageReferrers", list(&subject, json!({"nextToken": "%"})), "InvalidParameterException").await;
    cloud.fails("ListImageReferrers", list(&subject, json!({"repositoryName": "nope"})), "RepositoryNotFoundException").await;
}
