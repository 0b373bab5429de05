//! What is archived, and restored for a time.

use crate::{
    cloud::{Cloud, all, header},
    events::{configure, queue, records},
};
use spine::reconcile::{ReconcileCx, Reconciler, Wake};
use std::time::Duration;
use svc_storage::s3::Restores;

const HOUR: Duration = Duration::from_secs(3600);
const DAYS: &str = "<RestoreRequest><Days>2</Days></RestoreRequest>";

fn tier(days: u32, tier: &str) -> String {
    format!(
        "<RestoreRequest><Days>{days}</Days><GlacierJobParameters><Tier>{tier}</Tier></GlacierJobParameters></RestoreRequest>"
    )
}

async fn archived(class: &str) -> Cloud {
    let cloud = Cloud::with("box").await;
    let put = cloud.send("PUT", "/box/k", &[("x-amz-storage-class", class)], "frozen").await;
    assert_eq!(put.status, 200, "{}", put.text());
    cloud
}

#[tokio::test]
async fn what_is_archived_is_read_only_once_it_is_restored() {
    let cloud = archived("GLACIER").await;
    let refused = cloud.fails("GET", "/box/k", "", "InvalidObjectState").await;
    assert_eq!((refused.status, refused.element("StorageClass")), (403, "GLACIER".into()));
    let head = cloud.ok("HEAD", "/box/k", "").await;
    assert_eq!((header(&head, "x-amz-storage-class"), header(&head, "x-amz-restore")), ("GLACIER".into(), String::new()));
    let copy = [("x-amz-copy-source", "box/k")];
    let refused = cloud.send("PUT", "/box/copy", &copy, "").await;
    assert_eq!((refused.status, refused.element("Code").as_str()), (403, "InvalidObjectState"), "{}", refused.text());

    assert_eq!(cloud.ok("POST", "/box/k?restore", DAYS).await.status, 202);
    let again = cloud.fails("POST", "/box/k?restore", DAYS, "RestoreAlreadyInProgress").await;
    assert_eq!(again.status, 409);
    assert_eq!(header(&cloud.ok("HEAD", "/box/k", "").await, "x-amz-restore"), "ongoing-request=\"true\"");
    cloud.fails("GET", "/box/k", "", "InvalidObjectState").await;

    cloud.bench.advance(5 * HOUR);
    let got = cloud.ok("GET", "/box/k", "").await;
    let shown = "ongoing-request=\"false\", expiry-date=\"Sun, 04 Jan 2026 00:00:00 GMT\"";
    assert_eq!((got.text().as_str(), header(&got, "x-amz-restore").as_str()), ("frozen", shown));
    assert_eq!(header(&got, "x-amz-storage-class"), "GLACIER");
    assert_eq!(cloud.send("PUT", "/box/copy", &copy, "").await.status, 200);
    assert_eq!(cloud.get("/box/copy").await, "frozen");
    let list = cloud.send("GET", "/box?list-type=2&prefix=k", &[("x-amz-optional-object-attributes", "RestoreStatus")], "").await;
    assert_eq!((list.element("StorageClass"), list.element("IsRestoreInProgress")), ("GLACIER".into(), "false".into()));
    assert!(!cloud.ok("GET", "/box?list-type=2", "").await.text().contains("RestoreStatus"));

    // Who asks again has it for longer; and then it is gone.
    assert_eq!(cloud.ok("POST", "/box/k?restore", tier(9, "Bulk")).await.status, 200);
    cloud.bench.advance(8 * 24 * HOUR);
    cloud.ok("GET", "/box/k", "").await;
    cloud.bench.advance(2 * 24 * HOUR);
    cloud.fails("GET", "/box/k", "", "InvalidObjectState").await;
    assert_eq!(header(&cloud.ok("HEAD", "/box/k", "").await, "x-amz-restore"), "");
}

#[tokio::test]
async fn a_restore_gets_faster_but_not_slower() {
    let cloud = archived("GLACIER").await;
    cloud.ok("POST", "/box/k?restore", tier(1, "Bulk")).await;
    assert_eq!(cloud.ok("POST", "/box/k?restore", tier(1, "Expedited")).await.status, 202);
    cloud.fails("POST", "/box/k?restore", tier(1, "Standard"), "RestoreAlreadyInProgress").await;
    cloud.bench.advance(HOUR / 12);
    cloud.ok("GET", "/box/k", "").await;
}

#[tokio::test]
async fn what_cannot_be_restored_says_why() {
    let cloud = archived("DEEP_ARCHIVE").await;
    cloud.ok("PUT", "/box/warm", "x").await;
    let warm = cloud.fails("POST", "/box/warm?restore", DAYS, "InvalidObjectState").await;
    assert_eq!((warm.status, warm.element("StorageClass")), (403, "STANDARD".into()));
    for (body, code) in [
        (tier(1, "Expedited"), "InvalidArgument"),
        (tier(0, "Bulk"), "InvalidArgument"),
        ("<RestoreRequest></RestoreRequest>".into(), "MalformedXML"),
        ("<RestoreRequest><Type>SELECT</Type><Tier>Standard</Tier></RestoreRequest>".into(), "NotImplemented"),
    ] {
        cloud.fails("POST", "/box/k?restore", body, code).await;
    }
    cloud.fails("POST", "/box/none?restore", DAYS, "NoSuchKey").await;
    assert_eq!(header(&cloud.ok("HEAD", "/box/k", "").await, "x-amz-restore"), "");
    let stranger = cloud.send_as("444455556666", "POST", "/box/k?restore", &[], DAYS).await;
    assert_eq!(stranger.element("Code"), "AccessDenied");
}

#[tokio::test]
async fn another_object_in_its_place_was_not_asked_for() {
    let cloud = archived("GLACIER").await;
    cloud.ok("POST", "/box/k?restore", DAYS).await;
    cloud.send("PUT", "/box/k", &[("x-amz-storage-class", "GLACIER")], "other").await;
    cloud.bench.advance(5 * HOUR);
    cloud.fails("GET", "/box/k", "", "InvalidObjectState").await;
}

#[tokio::test]
async fn copies_that_come_and_go_are_told_of() {
    let cloud = archived("GLACIER").await;
    configure(&cloud, &queue("q", "s3:ObjectRestore:*")).await;
    let restores = Restores::new(&cloud.s3);
    let cx = ReconcileCx::new(cloud.s3.store.clone(), cloud.bench.env.clone());
    cloud.ok("POST", "/box/k?restore", DAYS).await;
    let ready = cloud.bench.env.now() + 5 * HOUR;
    assert_eq!(restores.reconcile(&cx).await.unwrap(), Wake::At(ready));
    for hours in [5, 72] {
        cloud.bench.advance(hours * HOUR);
        restores.reconcile(&cx).await.unwrap();
        restores.reconcile(&cx).await.unwrap();
    }
    let told = records(&cloud);
    let names: Vec<&str> = told.iter().map(|record| record["eventName"].as_str().unwrap()).collect();
    assert_eq!(names, ["ObjectRestore:Completed", "ObjectRestore:Delete", "ObjectRestore:Post"]);
    let data = &told[0]["glacierEventData"]["restoreEventData"];
    assert_eq!(data["lifecycleRestorationExpiryTime"], "2026-01-04T00:00:00.000Z");
    assert_eq!((&data["lifecycleRestoreStorageClass"], &told[1]["eventVersion"]), (&"GLACIER".into(), &"2.3".into()));
    assert_eq!(told[0]["requestParameters"]["sourceIPAddress"], "s3.amazonaws.com");
    assert_eq!(restores.reconcile(&cx).await.unwrap(), Wake::Idle);
}

#[tokio::test]
async fn versions_are_restored_one_by_one() {
    let cloud = Cloud::with("box").await;
    cloud.ok("PUT", "/box?versioning", "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>").await;
    let class = [("x-amz-storage-class", "GLACIER")];
    let one = header(&cloud.send("PUT", "/box/k", &class, "one").await, "x-amz-version-id");
    cloud.send("PUT", "/box/k", &class, "two").await;
    cloud.ok("POST", &format!("/box/k?restore&versionId={one}"), DAYS).await;
    cloud.bench.advance(5 * HOUR);
    assert_eq!(cloud.get(&format!("/box/k?versionId={one}")).await, "one");
    cloud.fails("GET", "/box/k", "", "InvalidObjectState").await;
    let list = cloud.send("GET", "/box?versions", &[("x-amz-optional-object-attributes", "RestoreStatus")], "").await;
    assert_eq!(all(&list, "IsRestoreInProgress"), ["false"], "{}", list.text());
}
