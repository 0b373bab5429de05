//! Buckets and their settings.

use crate::cloud::{Cloud, header};

#[tokio::test]
async fn a_name_is_had_once_in_the_whole_cloud() {
    let cloud = Cloud::with("photos").await;
    cloud.ok("PUT", "/photos", "").await;
    let theirs = cloud.send_as("444455556666", "PUT", "/photos", &[], "").await;
    assert_eq!((theirs.status, theirs.element("Code").as_str()), (409, "BucketAlreadyExists"));
    let there = "<CreateBucketConfiguration><LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>";
    cloud.ok("PUT", "/far-away", there).await;
    cloud.fails("PUT", "/far-away", there, "BucketAlreadyOwnedByYou").await;
    cloud.fails("PUT", "/No", "", "InvalidBucketName").await;
    assert!(cloud.ok("GET", "/far-away?location", "").await.text().contains("eu-west-1"));
    let wrong = cloud.fails("GET", "/far-away/k", "", "AuthorizationHeaderMalformed").await;
    assert_eq!((wrong.element("Region"), header(&wrong, "x-amz-bucket-region")), ("eu-west-1".into(), "eu-west-1".into()));
    let list = cloud.ok("GET", "/", "").await.text();
    assert!(list.contains("<Name>far-away</Name>") && list.contains("<Name>photos</Name>"), "{list}");
    assert_eq!(header(&cloud.ok("HEAD", "/photos", "").await, "x-amz-bucket-region"), "us-east-1");
    assert_eq!(cloud.send("HEAD", "/none", &[], "").await.status, 404);
    let owner = [("x-amz-expected-bucket-owner", "444455556666")];
    assert_eq!(cloud.send("GET", "/photos?location", &owner, "").await.element("Code"), "AccessDenied");
}

#[tokio::test]
async fn what_was_never_set_says_so() {
    let cloud = Cloud::with("photos").await;
    for (query, code) in [
        ("cors", "NoSuchCORSConfiguration"),
        ("lifecycle", "NoSuchLifecycleConfiguration"),
        ("policy", "NoSuchBucketPolicy"),
        ("policyStatus", "NoSuchBucketPolicy"),
        ("tagging", "NoSuchTagSet"),
        ("website", "NoSuchWebsiteConfiguration"),
        ("replication", "ReplicationConfigurationNotFoundError"),
        ("object-lock", "ObjectLockConfigurationNotFoundError"),
    ] {
        assert_eq!(cloud.fails("GET", &format!("/photos?{query}"), "", code).await.status, 404);
    }
    for query in [
        "accelerate",
        "logging",
        "versioning",
        "requestPayment",
        "notification",
        "encryption",
        "ownershipControls",
        "acl",
        "publicAccessBlock",
        "location",
    ] {
        cloud.ok("GET", &format!("/photos?{query}"), "").await;
    }
    assert!(cloud.ok("GET", "/photos?publicAccessBlock", "").await.text().contains("<BlockPublicAcls>true<"));
    cloud.fails("GET", "/photos?analytics&id=1", "", "NotImplemented").await;
}

/// Clients in Rust and Java look at the element around an answer.
#[tokio::test]
async fn answers_stand_in_the_elements_of_the_api_reference() {
    let cloud = Cloud::with("photos").await;
    let begins = async |path: &str, element: &str| {
        let text = cloud.ok("GET", path, "").await.text();
        let root = text.split_once('\n').map_or(text.as_str(), |(_, root)| root);
        assert!(root.starts_with(&format!("<{element}>")), "{path}: {text}");
    };
    begins("/", "ListAllMyBucketsResult").await;
    begins("/photos", "ListBucketResult").await;
    begins("/photos?list-type=2", "ListBucketResult").await;
    begins("/photos?versions", "ListVersionsResult").await;
    begins("/photos?uploads", "ListMultipartUploadsResult").await;
    begins("/photos?acl", "AccessControlPolicy").await;
    begins("/photos?versioning", "VersioningConfiguration").await;
    begins("/photos?logging", "BucketLoggingStatus").await;
    let there = "<CreateBucketConfiguration><LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>";
    cloud.ok("PUT", "/far", there).await;
    let told = cloud.ok("GET", "/far?location", "").await.text();
    assert!(told.ends_with("?>\n<LocationConstraint>eu-west-1</LocationConstraint>"), "{told}");
    let begun = cloud.ok("POST", "/photos/k?uploads", "").await.text();
    assert!(begun.contains("?>\n<InitiateMultipartUploadResult>"), "{begun}");
}

#[tokio::test]
async fn settings_are_read_as_they_were_written() {
    let cloud = Cloud::with("photos").await;
    let lifecycle = "<LifecycleConfiguration><Rule><ID>x</ID><Filter><Prefix>log/</Prefix></Filter><Status>Enabled</Status><Expiration><Days>3</Days></Expiration></Rule></LifecycleConfiguration>";
    cloud.ok("PUT", "/photos?lifecycle", lifecycle).await;
    let read = cloud.ok("GET", "/photos?lifecycle", "").await;
    assert_eq!((read.element("ID"), read.element("Days")), ("x".into(), "3".into()));
    cloud.ok("DELETE", "/photos?lifecycle", "").await;
    cloud.fails("GET", "/photos?lifecycle", "", "NoSuchLifecycleConfiguration").await;
    cloud.fails("PUT", "/photos?lifecycle", lifecycle.replace(">3<", ">0<"), "InvalidArgument").await;
    let kms = "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>aws:kms</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>";
    cloud.fails("PUT", "/photos?encryption", kms.replace("aws:kms", "aws:kms:dsse"), "NotImplemented").await;
    cloud.ok("PUT", "/photos?encryption", kms).await;
    assert_eq!(cloud.ok("GET", "/photos?encryption", "").await.element("SSEAlgorithm"), "aws:kms");
    cloud.ok("DELETE", "/photos?encryption", "").await;
    assert_eq!(cloud.ok("GET", "/photos?encryption", "").await.element("SSEAlgorithm"), "AES256");
    let tagging = "<Tagging><TagSet><Tag><Key>team</Key><Value>red</Value></Tag></TagSet></Tagging>";
    cloud.ok("PUT", "/photos?tagging", tagging).await;
    assert_eq!(cloud.ok("GET", "/photos?tagging", "").await.element("Value"), "red");
    cloud.fails("PUT", "/photos?policy", "{", "MalformedPolicy").await;
    cloud.fails("PUT", "/photos?lifecycle", "<a>", "MalformedXML").await;
}
