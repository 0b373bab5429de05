//! Users.

use super::cloud::Cloud;

#[tokio::test]
async fn a_user_is_made_and_listed() {
    let cloud = Cloud::new();
    let made = cloud.ok("CreateUser", &[("UserName", "Anna"), ("Path", "/a/b/")]).await;
    assert_eq!(made.text("Arn"), "arn:aws:iam::111122223333:user/a/b/Anna");
    assert!(made.text("UserId").starts_with("AIDA"));
    assert_eq!(made.text("CreateDate"), "2026-01-01T00:00:00Z");
    assert_eq!(cloud.ok("ListUsers", &[]).await.all("UserName"), ["Anna"]);
    let message = cloud.fails("CreateUser", &[("UserName", "anna")], "EntityAlreadyExists").await;
    assert_eq!(message, "User with name anna already exists.");
}
