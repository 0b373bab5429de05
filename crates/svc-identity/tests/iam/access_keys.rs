//! Access keys.

use super::cloud::Cloud;
use model::iam::Principal;

#[tokio::test]
async fn a_key_is_made_for_a_user_and_listed() {
    let cloud = Cloud::with_user("Anna").await;
    let made = cloud.ok("CreateAccessKey", &[("UserName", "anna")]).await;
    let id = made.text("AccessKeyId");
    assert!(id.starts_with("AKIA") && made.text("SecretAccessKey").len() == 40, "{}", made.0);
    assert_eq!([made.text("UserName"), made.text("Status")], ["Anna", "Active"]);
    let key = cloud.key(&id);
    assert_eq!(key.secret, made.text("SecretAccessKey"));
    assert!(matches!(&key.principal, Principal::User { name, .. } if name == "Anna"));
    let listed = cloud.ok("ListAccessKeys", &[("UserName", "Anna")]).await;
    assert_eq!(listed.all("AccessKeyId"), [id]);
    assert!(!listed.has("SecretAccessKey"));
}

#[tokio::test]
async fn a_user_has_two_keys_at_most() {
    let cloud = Cloud::with_user("anna").await;
    for _ in 0..2 {
        cloud.ok("CreateAccessKey", &[("UserName", "anna")]).await;
        cloud.ok("CreateAccessKey", &[]).await;
    }
    for parameters in [&[("UserName", "anna")][..], &[]] {
        let message = cloud.fails("CreateAccessKey", parameters, "LimitExceeded").await;
        assert_eq!(message, "Cannot exceed quota for AccessKeysPerUser: 2");
    }
}

#[tokio::test]
async fn a_key_is_switched_off_and_deleted() {
    let cloud = Cloud::with_user("anna").await;
    let id = cloud.ok("CreateAccessKey", &[("UserName", "anna")]).await.text("AccessKeyId");
    let named = [("UserName", "anna"), ("AccessKeyId", &*id)];
    let with = |status| [named[0], named[1], ("Status", status)];
    cloud.ok("UpdateAccessKey", &with("Inactive")).await;
    assert!(cloud.key(&id).inactive);
    assert_eq!(cloud.ok("ListAccessKeys", &[("UserName", "anna")]).await.all("Status"), ["Inactive"]);
    cloud.ok("UpdateAccessKey", &with("Active")).await;
    assert!(!cloud.key(&id).inactive);
    cloud.fails("UpdateAccessKey", &with("Expired"), "InvalidInput").await;
    cloud.fails("UpdateAccessKey", &with("Other"), "ValidationError").await;
    cloud.ok("DeleteAccessKey", &named).await;
    assert!(!cloud.ok("ListAccessKeys", &[("UserName", "anna")]).await.has("AccessKeyId"));
    let message = cloud.fails("DeleteAccessKey", &named, "NoSuchEntity").await;
    assert_eq!(message, format!("The Access Key with id {id} cannot be found."));
}

#[tokio::test]
async fn a_key_of_somebody_else_is_not_found() {
    let cloud = Cloud::with_user("anna").await;
    cloud.ok("CreateUser", &[("UserName", "bob")]).await;
    let id = cloud.ok("CreateAccessKey", &[("UserName", "anna")]).await.text("AccessKeyId");
    cloud.fails("DeleteAccessKey", &[("UserName", "bob"), ("AccessKeyId", &id)], "NoSuchEntity").await;
    cloud.fails("DeleteAccessKey", &[("AccessKeyId", &id)], "NoSuchEntity").await;
    let other = cloud.account("444455556666");
    other.fails("GetAccessKeyLastUsed", &[("AccessKeyId", &id)], "NoSuchEntity").await;
}

#[tokio::test]
async fn the_last_use_of_a_key_is_told() {
    let cloud = Cloud::with_user("anna").await;
    let id = cloud.ok("CreateAccessKey", &[("UserName", "anna")]).await.text("AccessKeyId");
    let never = cloud.ok("GetAccessKeyLastUsed", &[("AccessKeyId", &id)]).await;
    assert_eq!([never.text("UserName"), never.text("Region"), never.text("ServiceName")], ["anna", "N/A", "N/A"]);
    assert!(!never.has("LastUsedDate"));
    cloud.used(&id, "eu-west-1", "s3").await;
    let used = cloud.ok("GetAccessKeyLastUsed", &[("AccessKeyId", &id)]).await;
    assert_eq!([used.text("Region"), used.text("ServiceName")], ["eu-west-1", "s3"]);
    assert_eq!(used.text("LastUsedDate"), "2026-01-01T00:00:00Z");
    cloud.fails("GetAccessKeyLastUsed", &[("AccessKeyId", "AKIAIOSFODNN7EXAMPLE")], "NoSuchEntity").await;
}

#[tokio::test]
async fn the_root_has_keys_of_its_own() {
    let cloud = Cloud::new();
    let id = cloud.ok("CreateAccessKey", &[]).await.text("AccessKeyId");
    assert_eq!(cloud.key(&id).principal, Principal::Root);
    assert_eq!(cloud.ok("ListAccessKeys", &[]).await.all("AccessKeyId"), [&*id]);
    assert!(!cloud.account("444455556666").ok("ListAccessKeys", &[]).await.has("AccessKeyId"));
    cloud.ok("DeleteAccessKey", &[("AccessKeyId", &id)]).await;
    assert!(!cloud.ok("ListAccessKeys", &[]).await.has("AccessKeyId"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_two_calls_at_once_make_a_third_key() {
    let cloud = Cloud::with_user("anna").await;
    let calls = (0..8).map(|_| {
        let cloud = cloud.clone();
        tokio::spawn(async move { cloud.call("CreateAccessKey", &[("UserName", "anna")]).await.status })
    });
    let mut made = 0;
    for call in calls.collect::<Vec<_>>() {
        made += usize::from(call.await.unwrap() == 200);
    }
    assert_eq!(made, 2);
    assert_eq!(cloud.ok("ListAccessKeys", &[("UserName", "anna")]).await.all("AccessKeyId").len(), 2);
}
