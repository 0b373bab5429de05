//! The lifecycle of objects: what rules may say, and what they do at midnight.

use crate::{
    cloud::{Cloud, all, header},
    events::{configure, queue, records},
};
use spine::reconcile::{ReconcileCx, Reconciler, Wake};
use std::time::Duration;
use svc_storage::s3::Lifecycle;

const DAY: Duration = Duration::from_secs(24 * 3600);
const VERSIONING: &str = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";

fn rule(filter: &str, actions: &str) -> String {
    format!("<Rule><Filter>{filter}</Filter><Status>Enabled</Status>{actions}</Rule>")
}

async fn set(cloud: &Cloud, rules: &str) {
    cloud.ok("PUT", "/box?lifecycle", format!("<LifecycleConfiguration>{rules}</LifecycleConfiguration>")).await;
}

/// Lets days pass, with a look at the rules on each.
async fn pass(cloud: &Cloud, days: u32) {
    let lifecycle = Lifecycle::new(&cloud.s3);
    let cx = ReconcileCx::new(cloud.s3.store.clone(), cloud.bench.env.clone());
    for _ in 0..days {
        cloud.bench.advance(DAY);
        lifecycle.reconcile(&cx).await.unwrap();
    }
}

fn to(days: u32, class: &str) -> String {
    format!("<Transition><Days>{days}</Days><StorageClass>{class}</StorageClass></Transition>")
}

const EXPIRES: &str = "<Expiration><Days>1</Days></Expiration>";

#[tokio::test]
async fn the_lifecycle_runs_at_midnight() {
    let cloud = Cloud::with("box").await;
    cloud.ok("PUT", "/box?versioning", VERSIONING).await;
    let rest = "<NoncurrentVersionExpiration><NoncurrentDays>1</NoncurrentDays></NoncurrentVersionExpiration><AbortIncompleteMultipartUpload><DaysAfterInitiation>2</DaysAfterInitiation></AbortIncompleteMultipartUpload>";
    set(&cloud, &rule("<Prefix>log/</Prefix>", &format!("{EXPIRES}{rest}"))).await;
    cloud.ok("PUT", "/box/log/a", "y".repeat(5000)).await;
    cloud.ok("PUT", "/box/kept", "x").await;
    cloud.ok("POST", "/box/log/u?uploads", "").await;
    let lifecycle = Lifecycle::new(&cloud.s3);
    let cx = ReconcileCx::new(cloud.s3.store.clone(), cloud.bench.env.clone());
    let midnight = Wake::At(cloud.bench.env.now() + DAY);
    assert_eq!(lifecycle.reconcile(&cx).await.unwrap(), midnight);
    assert_eq!(cloud.get("/box/log/a").await.len(), 5000);
    // A day later it expires, to be seen no more; after one more, its bytes go, and the upload; then the marker.
    let mut left = Vec::new();
    for _ in 0..3 {
        pass(&cloud, 1).await;
        let reply = cloud.send("GET", "/box/log/a", &[], "").await;
        let versions = cloud.ok("GET", "/box?versions&prefix=log/", "").await.text().matches("<VersionId>").count();
        let uploads = cloud.ok("GET", "/box?uploads", "").await.text().matches("<UploadId>").count();
        left.push((reply.status, versions, cloud.s3.blobs.count().unwrap(), uploads));
    }
    assert_eq!(left, [(404, 2, 1, 1), (404, 1, 0, 0), (404, 0, 0, 0)]);
    assert_eq!(header(&cloud.ok("HEAD", "/box/kept", "").await, "content-length"), "1");
}

#[tokio::test]
async fn filters_choose_by_tags_sizes_and_all_of_them() {
    let cloud = Cloud::with("box").await;
    let tag = |key: &str, value: &str| format!("<Tag><Key>{key}</Key><Value>{value}</Value></Tag>");
    let sizes = "<ObjectSizeGreaterThan>10</ObjectSizeGreaterThan><ObjectSizeLessThan>20</ObjectSizeLessThan>";
    let rules = [
        rule(&tag("old", "yes"), EXPIRES),
        rule("<ObjectSizeGreaterThan>1000</ObjectSizeGreaterThan>", EXPIRES),
        rule(&format!("<And><Prefix>in/</Prefix>{}{}{sizes}</And>", tag("a", "1"), tag("b", "2")), EXPIRES),
    ];
    set(&cloud, &rules.concat()).await;
    for (key, tags, size) in [
        ("tagged", "old=yes", 1),
        ("untagged", "old=no", 1),
        ("large", "", 1001),
        ("edge", "", 1000),
        ("in/all", "a=1&b=2", 15),
        ("in/one", "a=1", 15),
        ("in/small", "a=1&b=2", 10),
        ("out/all", "a=1&b=2", 15),
    ] {
        cloud.send("PUT", &format!("/box/{key}"), &[("x-amz-tagging", tags)], "x".repeat(size)).await;
    }
    pass(&cloud, 1).await;
    let left = all(&cloud.ok("GET", "/box?list-type=2", "").await, "Key");
    assert_eq!(left, ["edge", "in/one", "in/small", "out/all", "untagged"]);
}

#[tokio::test]
async fn a_date_is_waited_for_and_a_lonely_marker_goes() {
    let cloud = Cloud::with("box").await;
    cloud.ok("PUT", "/box?versioning", VERSIONING).await;
    cloud.ok("PUT", "/box/dated/a", "x").await;
    let version = header(&cloud.ok("PUT", "/box/m/a", "x").await, "x-amz-version-id");
    cloud.ok("DELETE", "/box/m/a", "").await;
    let date = "<Expiration><Date>2026-01-04T00:00:00Z</Date></Expiration>";
    let marker = "<Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>";
    set(&cloud, &[rule("<Prefix>dated/</Prefix>", date), rule("<Prefix>m/</Prefix>", marker)].concat()).await;
    pass(&cloud, 2).await;
    cloud.ok("GET", "/box/dated/a", "").await;
    assert_eq!(all(&cloud.ok("GET", "/box?versions&prefix=m/", "").await, "VersionId").len(), 2, "the marker hides something");
    cloud.ok("DELETE", &format!("/box/m/a?versionId={version}"), "").await;
    pass(&cloud, 1).await;
    cloud.fails("GET", "/box/dated/a", "", "NoSuchKey").await;
    assert!(all(&cloud.ok("GET", "/box?versions&prefix=m/", "").await, "VersionId").is_empty());
}

#[tokio::test]
async fn objects_move_to_colder_classes_and_it_is_told() {
    let cloud = Cloud::with("box").await;
    configure(&cloud, &queue("q", "s3:LifecycleTransition")).await;
    set(&cloud, &rule("", &format!("{}{}", to(30, "STANDARD_IA"), to(60, "GLACIER")))).await;
    cloud.ok("PUT", "/box/large", "y".repeat(128 << 10)).await;
    cloud.ok("PUT", "/box/small", "y".repeat((128 << 10) - 1)).await;
    let class = async |key: &str| header(&cloud.ok("HEAD", &format!("/box/{key}"), "").await, "x-amz-storage-class");
    pass(&cloud, 29).await;
    assert_eq!(class("large").await, "");
    pass(&cloud, 1).await;
    assert_eq!((class("large").await, class("small").await), ("STANDARD_IA".into(), String::new()));
    cloud.ok("GET", "/box/large", "").await;
    pass(&cloud, 30).await;
    cloud.fails("GET", "/box/large", "", "InvalidObjectState").await;
    assert_eq!(all(&cloud.ok("GET", "/box?list-type=2", "").await, "StorageClass"), ["GLACIER", "STANDARD"]);
    let mut moved: Vec<_> =
        records(&cloud).into_iter().map(|it| it["lifecycleEventData"]["transitionEventData"].clone()).collect();
    moved.sort_by_key(ToString::to_string);
    let moved: Vec<&str> = moved.iter().map(|it| it["destinationStorageClass"].as_str().unwrap()).collect();
    assert_eq!(moved, ["GLACIER", "STANDARD_IA"]);
}

#[tokio::test]
async fn what_is_small_moves_where_that_is_said() {
    let cloud = Cloud::with("box").await;
    let varies = [("x-amz-transition-default-minimum-object-size", "varies_by_storage_class")];
    let rules = [
        rule("<Prefix>a/</Prefix>", &to(1, "DEEP_ARCHIVE")),
        rule("<Prefix>b/</Prefix>", &to(1, "GLACIER_IR")),
        rule("<And><Prefix>c/</Prefix><ObjectSizeGreaterThan>0</ObjectSizeGreaterThan></And>", &to(1, "GLACIER_IR")),
    ];
    let body = format!("<LifecycleConfiguration>{}</LifecycleConfiguration>", rules.concat());
    let put = cloud.send("PUT", "/box?lifecycle", &varies, body).await;
    let name = "x-amz-transition-default-minimum-object-size";
    assert_eq!((put.status, header(&put, name).as_str()), (200, "varies_by_storage_class"), "{}", put.text());
    assert_eq!(header(&cloud.ok("GET", "/box?lifecycle", "").await, name), "varies_by_storage_class");
    for key in ["a/k", "b/k", "c/k"] {
        cloud.ok("PUT", &format!("/box/{key}"), "small").await;
    }
    pass(&cloud, 1).await;
    let classes = all(&cloud.ok("GET", "/box?list-type=2", "").await, "StorageClass");
    assert_eq!(classes, ["DEEP_ARCHIVE", "STANDARD", "GLACIER_IR"]);
}

#[tokio::test]
async fn expirations_are_told_of_as_such() {
    let cloud = Cloud::with("box").await;
    configure(&cloud, &queue("q", "s3:LifecycleExpiration:*")).await;
    set(&cloud, &rule("", EXPIRES)).await;
    cloud.ok("PUT", "/box/k", "x").await;
    cloud.ok("PUT", "/box/by-hand", "x").await;
    cloud.ok("DELETE", "/box/by-hand", "").await;
    pass(&cloud, 1).await;
    cloud.ok("PUT", "/box?versioning", VERSIONING).await;
    cloud.ok("PUT", "/box/v", "x").await;
    pass(&cloud, 1).await;
    let told = records(&cloud);
    let mut names: Vec<String> = told.iter().map(|it| format!("{}/{}", it["eventName"], it["s3"]["object"]["key"])).collect();
    names.sort();
    let expected = ["\"LifecycleExpiration:Delete\"/\"k\"", "\"LifecycleExpiration:DeleteMarkerCreated\"/\"v\""];
    assert_eq!(names, expected);
    assert_eq!(told[0]["userIdentity"]["principalId"], "s3.amazonaws.com");
}

#[tokio::test]
async fn rules_that_cannot_be_are_refused() {
    let cloud = Cloud::with("box").await;
    let expires = |what: &str| format!("<Expiration>{what}</Expiration>");
    let noncurrent = |days: u32, newer: u32| {
        format!(
            "<NoncurrentVersionExpiration><NoncurrentDays>{days}</NoncurrentDays><NewerNoncurrentVersions>{newer}</NewerNoncurrentVersions></NoncurrentVersionExpiration>"
        )
    };
    let moves = |days: u32| {
        format!(
            "<NoncurrentVersionTransition><NoncurrentDays>{days}</NoncurrentDays><StorageClass>ONEZONE_IA</StorageClass></NoncurrentVersionTransition>"
        )
    };
    let abort = "<AbortIncompleteMultipartUpload><DaysAfterInitiation>1</DaysAfterInitiation></AbortIncompleteMultipartUpload>";
    let (days, date) = ("<Days>9</Days>", "<Date>2026-03-01T00:00:00Z</Date>");
    let marker = "<ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker>";
    let tag = "<Tag><Key>a</Key><Value>b</Value></Tag>";
    let size = "<ObjectSizeGreaterThan>9</ObjectSizeGreaterThan>";
    let dated = "<Transition><Date>2026-03-01T00:00:00Z</Date><StorageClass>GLACIER</StorageClass></Transition>";
    for (filter, actions, code, words) in [
        ("", expires(&format!("{days}{date}")), "MalformedXML", ""),
        ("", expires(&format!("{days}{marker}")), "MalformedXML", ""),
        ("", expires("<Days>0</Days>"), "InvalidArgument", "must be a positive integer"),
        ("", expires("<Date>2026-03-01T01:00:00Z</Date>"), "InvalidArgument", "must be at midnight GMT"),
        ("", String::new(), "InvalidRequest", "At least one action"),
        ("", to(29, "STANDARD_IA"), "InvalidArgument", "greater than or equal to 30 for storageClass &apos;STANDARD_IA&apos;"),
        ("", moves(29), "InvalidArgument", "greater than or equal to 30 for storageClass &apos;ONEZONE_IA&apos;"),
        ("", format!("{}{}", to(30, "STANDARD_IA"), to(59, "GLACIER")), "InvalidArgument", "must be 30 days more"),
        ("", format!("{}{}", to(9, "GLACIER"), expires(days)), "InvalidArgument", "must be greater than"),
        ("", format!("{}{}", to(1, "GLACIER"), to(2, "GLACIER")), "InvalidRequest", "must be different"),
        ("", format!("{dated}{}", expires(days)), "InvalidRequest", "Found mixed"),
        ("", noncurrent(1, 0), "InvalidArgument", "NewerNoncurrentVersions"),
        ("", noncurrent(1, 101), "InvalidArgument", "NewerNoncurrentVersions"),
        (tag, abort.to_owned(), "InvalidRequest", "AbortIncompleteMultipartUpload cannot be specified with Tags."),
        (size, abort.to_owned(), "InvalidRequest", "AbortIncompleteMultipartUpload cannot be specified with Object Size."),
        (tag, expires(marker), "InvalidRequest", "ExpiredObjectDeleteMarker cannot be specified with Tags."),
        ("<Prefix>a</Prefix><Tag><Key>a</Key><Value>b</Value></Tag>", expires(days), "MalformedXML", ""),
        (
            "<And><ObjectSizeGreaterThan>9</ObjectSizeGreaterThan><ObjectSizeLessThan>9</ObjectSizeLessThan></And>",
            expires(days),
            "InvalidRequest",
            "ObjectSizeLessThan",
        ),
        (
            "<And><Tag><Key>a</Key><Value>b</Value></Tag><Tag><Key>a</Key><Value>c</Value></Tag></And>",
            expires(days),
            "InvalidRequest",
            "Duplicate Tag Keys",
        ),
    ] {
        let body = format!("<LifecycleConfiguration>{}</LifecycleConfiguration>", rule(filter, &actions));
        let refused = cloud.fails("PUT", "/box?lifecycle", body, code).await;
        let message = refused.element("Message").replace('\'', "&apos;");
        assert!(message.contains(words), "{filter} {actions}: {message}");
    }
    cloud.fails("GET", "/box?lifecycle", "", "NoSuchLifecycleConfiguration").await;
    let fine = format!("{}{}{}", to(30, "STANDARD_IA"), to(60, "GLACIER"), noncurrent(1, 100));
    set(&cloud, &rule("", &fine)).await;
}
