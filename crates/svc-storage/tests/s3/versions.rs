//! Versions, delete markers, locks.

use crate::cloud::{Cloud, all, header};
use std::time::Duration;

const ENABLE: &str = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
const SUSPEND: &str = "<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>";

async fn put(cloud: &Cloud, text: &'static str) -> String {
    header(&cloud.ok("PUT", "/box/k", text).await, "x-amz-version-id")
}

#[tokio::test]
async fn what_is_said_of_mfa_delete_is_shown_once_it_was_said() {
    let cloud = Cloud::with("box").await;
    cloud.ok("PUT", "/box?versioning", ENABLE).await;
    assert_eq!(cloud.ok("GET", "/box?versioning", "").await.element("MfaDelete"), "");
    let without = ENABLE.replace("</Status>", "</Status><MfaDelete>Disabled</MfaDelete>");
    cloud.ok("PUT", "/box?versioning", without.clone()).await;
    cloud.ok("PUT", "/box?versioning", SUSPEND).await;
    let shown = cloud.ok("GET", "/box?versioning", "").await;
    assert_eq!((shown.element("Status"), shown.element("MfaDelete")), ("Suspended".into(), "Disabled".into()));
    cloud.fails("PUT", "/box?versioning", without.replace("Disabled", "Enabled"), "NotImplemented").await;
}

#[tokio::test]
async fn every_version_stays_until_it_is_deleted_itself() {
    let cloud = Cloud::with("box").await;
    assert_eq!(put(&cloud, "zero").await, "");
    cloud.ok("PUT", "/box?versioning", ENABLE).await;
    let (one, two) = (put(&cloud, "one").await, put(&cloud, "two").await);
    assert_eq!(cloud.get("/box/k").await, "two");
    assert_eq!(cloud.get(&format!("/box/k?versionId={one}")).await, "one");
    assert_eq!(cloud.get("/box/k?versionId=null").await, "zero");
    let deleted = cloud.ok("DELETE", "/box/k", "").await;
    let marker = header(&deleted, "x-amz-version-id");
    assert_eq!(header(&deleted, "x-amz-delete-marker"), "true");
    let gone = cloud.fails("GET", "/box/k", "", "NoSuchKey").await;
    assert_eq!((header(&gone, "x-amz-delete-marker"), header(&gone, "x-amz-version-id")), ("true".into(), marker.clone()));
    cloud.fails("GET", &format!("/box/k?versionId={marker}"), "", "MethodNotAllowed").await;
    let list = cloud.ok("GET", "/box?versions", "").await;
    assert_eq!(all(&list, "VersionId"), [&*two, &*one, "null", &*marker], "{}", list.text());
    assert_eq!(all(&list, "IsLatest"), ["false", "false", "false", "true"]);
    cloud.ok("DELETE", &format!("/box/k?versionId={marker}"), "").await;
    assert_eq!(cloud.get("/box/k").await, "two");
    cloud.ok("DELETE", &format!("/box/k?versionId={two}"), "").await;
    assert_eq!(cloud.get("/box/k").await, "one");
    cloud.fails("DELETE", "/box", "", "BucketNotEmpty").await;
    for id in [one.as_str(), "null"] {
        cloud.ok("DELETE", &format!("/box/k?versionId={id}"), "").await;
    }
    cloud.ok("DELETE", "/box", "").await;
}

#[tokio::test]
async fn a_suspended_bucket_has_one_null_version() {
    let cloud = Cloud::with("box").await;
    cloud.ok("PUT", "/box?versioning", ENABLE).await;
    let one = put(&cloud, "one").await;
    cloud.ok("PUT", "/box?versioning", SUSPEND).await;
    assert_eq!(put(&cloud, "two").await, "null");
    put(&cloud, "three").await;
    assert_eq!(all(&cloud.ok("GET", "/box?versions", "").await, "VersionId"), ["null", &*one]);
    cloud.ok("DELETE", "/box/k", "").await;
    let list = cloud.ok("GET", "/box?versions", "").await;
    assert!(list.text().contains("<DeleteMarker>"), "{}", list.text());
    assert_eq!(all(&list, "VersionId"), [&*one, "null"]);
    cloud.ok("PUT", "/box?versioning", ENABLE).await;
    put(&cloud, "four").await;
    cloud.ok("PUT", "/box?versioning", SUSPEND).await;
    put(&cloud, "five").await;
    let list = cloud.ok("GET", "/box?versions", "").await;
    assert_eq!(list.text().matches("<VersionId>null<").count(), 1, "{}", list.text());
}

#[tokio::test]
async fn versions_are_listed_in_pages() {
    let cloud = Cloud::with("box").await;
    cloud.ok("PUT", "/box?versioning", ENABLE).await;
    for key in ["a", "a", "a", "b/1", "b/2", "c"] {
        cloud.ok("PUT", &format!("/box/{key}"), "x").await;
        cloud.bench.advance(Duration::from_millis(1));
    }
    for most in 1..=6_usize {
        let (mut pages, mut query) = (Vec::new(), String::new());
        loop {
            let page = cloud.ok("GET", &format!("/box?versions&max-keys={most}&{query}"), "").await;
            pages.push(all(&page, "Key"));
            if page.element("IsTruncated") == "false" {
                break;
            }
            let (key, id) = (page.element("NextKeyMarker"), page.element("NextVersionIdMarker"));
            query = format!("key-marker={key}&version-id-marker={id}");
        }
        assert_eq!(pages.len(), 6_usize.div_ceil(most), "no page is empty: {pages:?}");
        assert_eq!(pages.concat(), ["a", "a", "a", "b/1", "b/2", "c"]);
    }
    let folders = cloud.ok("GET", "/box?versions&delimiter=/", "").await;
    assert_eq!(all(&folders, "Key"), ["a", "a", "a", "c"]);
    assert_eq!(folders.text().matches("<CommonPrefixes>").count(), 1);
}

#[tokio::test]
async fn what_is_locked_stays() {
    let cloud = Cloud::new();
    cloud.send("PUT", "/box", &[("x-amz-bucket-object-lock-enabled", "true")], "").await;
    let lock = [("x-amz-object-lock-mode", "GOVERNANCE"), ("x-amz-object-lock-retain-until-date", "2026-02-01T00:00:00Z")];
    let id = header(&cloud.send("PUT", "/box/k", &lock, "x").await, "x-amz-version-id");
    assert!(!id.is_empty());
    let version = format!("/box/k?versionId={id}");
    cloud.fails("DELETE", &version, "", "AccessDenied").await;
    assert_eq!(header(&cloud.ok("HEAD", "/box/k", "").await, "x-amz-object-lock-mode"), "GOVERNANCE");
    let hold = "<LegalHold><Status>ON</Status></LegalHold>";
    cloud.ok("PUT", "/box/k?legal-hold", hold).await;
    let bypass = [("x-amz-bypass-governance-retention", "true")];
    assert_eq!(cloud.send("DELETE", &version, &bypass, "").await.element("Code"), "AccessDenied");
    cloud.ok("PUT", "/box/k?legal-hold", hold.replace("ON", "OFF")).await;
    assert_eq!(cloud.send("DELETE", &version, &bypass, "").await.status, 204);
    cloud.fails("PUT", "/box?versioning", SUSPEND, "InvalidBucketState").await;
    let plain = Cloud::with("plain").await;
    plain.fails("GET", "/plain?object-lock", "", "ObjectLockConfigurationNotFoundError").await;
    assert_eq!(plain.send("PUT", "/plain/k", &lock, "x").await.element("Code"), "InvalidRequest");
}
