//! Repositories and their tags.

use super::cloud::{ACCOUNT, Cloud};
use serde_json::json;

#[tokio::test]
async fn a_repository_is_created_shown_and_deleted() {
    let cloud = Cloud::new();
    let created = cloud.ok("CreateRepository", json!({"repositoryName": "team/web"})).await["repository"].clone();
    assert_eq!(created["repositoryArn"], format!("arn:aws:ecr:us-east-1:{ACCOUNT}:repository/team/web"));
    assert_eq!(created["repositoryUri"], "localhost:4566/team/web");
    assert_eq!(created["imageTagMutability"], "MUTABLE");
    assert_eq!(created["createdAt"], json!(1_767_225_600));
    let shown = cloud.ok("DescribeRepositories", json!({"repositoryNames": ["team/web"]})).await;
    assert_eq!(shown["repositories"], json!([created]));
    let deleted = cloud.ok("DeleteRepository", json!({"repositoryName": "team/web"})).await;
    assert_eq!(deleted["repository"]["repositoryName"], "team/web");
    cloud.fails("DescribeRepositories", json!({"repositoryNames": ["team/web"]}), "RepositoryNotFoundException").await;
}

#[tokio::test]
async fn creation_refuses_what_it_cannot_do() {
    let cloud = Cloud::with("web").await;
    let message = cloud.fails("CreateRepository", json!({"repositoryName": "web"}), "RepositoryAlreadyExistsException").await;
    assert_eq!(message, format!("The repository with name 'web' already exists in the registry with id '{ACCOUNT}'"));
    for name in ["", "a", "UPPER", "a//b", "-a", "a/", &"a".repeat(257)] {
        cloud.fails("CreateRepository", json!({"repositoryName": name}), "InvalidParameterException").await;
    }
    cloud.fails("CreateRepository", json!({}), "InvalidParameterException").await;
    cloud.fails("CreateRepository", json!({"repositoryName": 7}), "SerializationException").await;
    let mut unbuilt = json!({"repositoryName": "b1", "encryptionConfiguration": {"encryptionType": "KMS"}});
    cloud.fails("CreateRepository", unbuilt.clone(), "NotImplemented").await;
    unbuilt = json!({"repositoryName": "b1", "imageScanningConfiguration": {"scanOnPush": true}});
    cloud.fails("CreateRepository", unbuilt, "NotImplemented").await;
    cloud.fails("CreateRepository", json!({"repositoryName": "b1", "registryId": "999988887777"}), "AccessDeniedException").await;
    let filters = json!({"repositoryName": "b1", "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION"});
    cloud.fails("CreateRepository", filters, "InvalidParameterException").await;
}

#[tokio::test]
async fn accounts_and_regions_have_repositories_of_their_own() {
    let cloud = Cloud::with("web").await;
    for other in [cloud.bench.account("999988887777"), cloud.bench.region("eu-west-1")] {
        let reply = other.json("ecr", "DescribeRepositories", json!({})).await;
        assert_eq!(reply.json()["repositories"], json!([]));
        assert_eq!(other.json("ecr", "CreateRepository", json!({"repositoryName": "web"})).await.status, 200);
    }
}

#[tokio::test]
async fn lists_come_in_pages() {
    let cloud = Cloud::new();
    for name in ["aa", "bb", "cc"] {
        cloud.ok("CreateRepository", json!({"repositoryName": name})).await;
    }
    let first = cloud.ok("DescribeRepositories", json!({"maxResults": 2})).await;
    assert_eq!(first["repositories"].as_array().unwrap().len(), 2);
    let second = cloud.ok("DescribeRepositories", json!({"maxResults": 2, "nextToken": first["nextToken"]})).await;
    assert_eq!(second["repositories"][0]["repositoryName"], "cc");
    assert!(second["nextToken"].is_null());
    cloud.fails("DescribeRepositories", json!({"nextToken": "%"}), "InvalidParameterException").await;
    cloud.fails("DescribeRepositories", json!({"maxResults": 0}), "InvalidParameterException").await;
    cloud.fails("DescribeRepositories", json!({"maxResults": 2, "repositoryNames": ["aa"]}), "InvalidParameterException").await;
}

#[tokio::test]
async fn a_repository_with_images_is_deleted_by_force_only() {
    let cloud = Cloud::with("web").await;
    cloud.image("web", "v1", "one").await;
    let message = cloud.fails("DeleteRepository", json!({"repositoryName": "web"}), "RepositoryNotEmptyException").await;
    assert!(message.contains("cannot be deleted because it still contains images"), "{message}");
    cloud.ok("DeleteRepository", json!({"repositoryName": "web", "force": true})).await;
    cloud.ok("CreateRepository", json!({"repositoryName": "web"})).await;
    assert_eq!(cloud.ok("ListImages", json!({"repositoryName": "web"})).await["imageIds"], json!([]));
    cloud.fails("DeleteRepository", json!({"repositoryName": "other"}), "RepositoryNotFoundException").await;
}

#[tokio::test]
async fn repositories_whose_names_begin_alike_are_kept_apart() {
    let cloud = Cloud::with("web").await;
    cloud.ok("CreateRepository", json!({"repositoryName": "web/sub"})).await;
    cloud.image("web/sub", "v1", "one").await;
    assert_eq!(cloud.ok("ListImages", json!({"repositoryName": "web"})).await["imageIds"], json!([]));
    cloud.ok("DeleteRepository", json!({"repositoryName": "web"})).await;
    assert_eq!(cloud.ok("ListImages", json!({"repositoryName": "web/sub"})).await["imageIds"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn tags_are_added_listed_and_taken_away() {
    let cloud = Cloud::new();
    let created = cloud.ok("CreateRepository", json!({"repositoryName": "web", "tags": [{"Key": "a", "Value": "1"}]})).await;
    let arn = created["repository"]["repositoryArn"].clone();
    cloud.ok("TagResource", json!({"resourceArn": arn, "tags": [{"Key": "b", "Value": "2"}, {"Key": "a", "Value": "3"}]})).await;
    let tags = cloud.ok("ListTagsForResource", json!({"resourceArn": arn})).await;
    assert_eq!(tags["tags"], json!([{"Key": "a", "Value": "3"}, {"Key": "b", "Value": "2"}]));
    cloud.ok("UntagResource", json!({"resourceArn": arn, "tagKeys": ["a", "nonesuch"]})).await;
    let tags = cloud.ok("ListTagsForResource", json!({"resourceArn": arn})).await;
    assert_eq!(tags["tags"], json!([{"Key": "b", "Value": "2"}]));
    let tag = |key: &str| json!({"resourceArn": arn, "tags": [{"Key": key, "Value": ""}]});
    cloud.fails("TagResource", tag("aws:x"), "InvalidTagParameterException").await;
    cloud.fails("TagResource", tag(""), "InvalidTagParameterException").await;
    let many: Vec<_> = (0..50).map(|n| json!({"Key": format!("k{n}"), "Value": ""})).collect();
    cloud.fails("TagResource", json!({"resourceArn": arn, "tags": many}), "TooManyTagsException").await;
    cloud
        .fails(
            "ListTagsForResource",
            json!({"resourceArn": "arn:aws:ecr:us-east-1:111122223333:repository/nope"}),
            "RepositoryNotFoundException",
        )
        .await;
    cloud.fails("ListTagsForResource", json!({"resourceArn": "nonsense"}), "InvalidParameterException").await;
}

#[tokio::test]
async fn settings_are_changed_to_what_has_an_effect() {
    let cloud = Cloud::with("web").await;
    let set = cloud.ok("PutImageTagMutability", json!({"repositoryName": "web", "imageTagMutability": "IMMUTABLE"})).await;
    assert_eq!(set["imageTagMutability"], "IMMUTABLE");
    let shown = cloud.ok("DescribeRepositories", json!({})).await;
    assert_eq!(shown["repositories"][0]["imageTagMutability"], "IMMUTABLE");
    cloud
        .fails(
            "PutImageTagMutability",
            json!({"repositoryName": "no", "imageTagMutability": "MUTABLE"}),
            "RepositoryNotFoundException",
        )
        .await;
    cloud
        .fails(
            "PutImageTagMutability",
            json!({"repositoryName": "web", "imageTagMutability": "SOMETIMES"}),
            "InvalidParameterException",
        )
        .await;
    let scanning = |on: bool| json!({"repositoryName": "web", "imageScanningConfiguration": {"scanOnPush": on}});
    assert_eq!(
        cloud.ok("PutImageScanningConfiguration", scanning(false)).await["imageScanningConfiguration"]["scanOnPush"],
        false
    );
    cloud.fails("PutImageScanningConfiguration", scanning(true), "NotImplemented").await;
}

#[tokio::test]
async fn the_registry_describes_itself_and_what_is_not_built_says_so() {
    let cloud = Cloud::new();
    let registry = cloud.ok("DescribeRegistry", json!({})).await;
    assert_eq!(registry, json!({"registryId": ACCOUNT, "replicationConfiguration": {"rules": []}}));
    let message = cloud.fails("PutLifecyclePolicy", json!({}), "NotImplemented").await;
    assert!(message.contains("PutLifecyclePolicy"), "{message}");
    let token = cloud.ok("GetAuthorizationToken", json!({})).await["authorizationData"][0].clone();
    assert_eq!(token["proxyEndpoint"], "http://localhost:4566");
    assert_eq!(token["expiresAt"], json!(1_767_268_800));
    let other = cloud.ok("GetAuthorizationToken", json!({"registryIds": ["999988887777"]})).await;
    assert_eq!(
        other["authorizationData"][0]["proxyEndpoint"], "http://localhost:4566",
        "what may be done there is decided there"
    );
}
