//! Users.

use super::cloud::{ACCOUNT, Cloud, POLICY};

const ADMIN: &str = "arn:aws:iam::aws:policy/AdministratorAccess";

#[tokio::test]
async fn a_user_is_made_shown_and_deleted() {
    let cloud = Cloud::new();
    let made = cloud.ok("CreateUser", &[("UserName", "Anna"), ("Path", "/a/b/")]).await;
    assert_eq!(made.text("Arn"), "arn:aws:iam::111122223333:user/a/b/Anna");
    assert!(made.text("UserId").starts_with("AIDA"));
    assert_eq!(made.text("CreateDate"), "2026-01-01T00:00:00Z");
    let shown = cloud.ok("GetUser", &[("UserName", "ANNA")]).await;
    assert_eq!([shown.text("UserName"), shown.text("UserId")], ["Anna".into(), made.text("UserId")]);
    cloud.ok("DeleteUser", &[("UserName", "anna")]).await;
    let message = cloud.fails("GetUser", &[("UserName", "Anna")], "NoSuchEntity").await;
    assert_eq!(message, "The user with name Anna cannot be found.");
}

#[tokio::test]
async fn names_that_differ_in_case_alone_are_the_same() {
    let cloud = Cloud::with_user("Anna").await;
    let message = cloud.fails("CreateUser", &[("UserName", "anna")], "EntityAlreadyExists").await;
    assert_eq!(message, "User with name anna already exists.");
    cloud.account("444455556666").ok("CreateUser", &[("UserName", "anna")]).await;
}

#[tokio::test]
async fn what_the_model_forbids_is_refused() {
    let cloud = Cloud::new();
    for bad in [vec![("UserName", "a b")], vec![], vec![("UserName", "a"), ("Path", "a")], vec![("UserName", &*"x".repeat(65))]] {
        cloud.fails("CreateUser", &bad, "ValidationError").await;
    }
}

#[tokio::test]
async fn the_root_is_told_of_itself() {
    let shown = Cloud::new().ok("GetUser", &[]).await;
    assert_eq!(shown.text("Arn"), "arn:aws:iam::111122223333:root");
    assert_eq!(shown.text("UserId"), ACCOUNT);
    assert_eq!(shown.text("CreateDate"), "2026-01-01T00:00:00Z");
}

#[tokio::test]
async fn users_are_listed_by_path_and_by_pages() {
    let cloud = Cloud::new();
    for (name, path) in [("a", "/"), ("b", "/x/"), ("c", "/x/y/"), ("d", "/x/")] {
        cloud.ok("CreateUser", &[("UserName", name), ("Path", path)]).await;
    }
    assert_eq!(cloud.ok("ListUsers", &[]).await.all("UserName"), ["a", "b", "c", "d"]);
    let first = cloud.ok("ListUsers", &[("PathPrefix", "/x/"), ("MaxItems", "2")]).await;
    assert_eq!((first.all("UserName"), first.text("IsTruncated")), (vec!["b".into(), "c".into()], "true".into()));
    let rest = cloud.ok("ListUsers", &[("PathPrefix", "/x/"), ("Marker", &first.text("Marker"))]).await;
    assert_eq!((rest.all("UserName"), rest.text("IsTruncated")), (vec!["d".into()], "false".into()));
    assert!(!rest.has("Marker"));
    cloud.fails("ListUsers", &[("Marker", "no marker")], "ValidationError").await;
}

#[tokio::test]
async fn a_user_is_renamed_with_everything() {
    let cloud = Cloud::with_user("anna").await;
    cloud.ok("CreateUser", &[("UserName", "bob")]).await;
    cloud.ok("PutUserPolicy", &[("UserName", "anna"), ("PolicyName", "p"), ("PolicyDocument", POLICY)]).await;
    let id = cloud.ok("GetUser", &[("UserName", "anna")]).await.text("UserId");
    let key = cloud.ok("CreateAccessKey", &[("UserName", "anna")]).await.text("AccessKeyId");
    let taken = [("UserName", "anna"), ("NewUserName", "BOB")];
    assert_eq!(cloud.fails("UpdateUser", &taken, "EntityAlreadyExists").await, "User with name BOB already exists.");
    cloud.ok("UpdateUser", &[("UserName", "anna"), ("NewUserName", "Berta"), ("NewPath", "/x/")]).await;
    cloud.fails("GetUser", &[("UserName", "anna")], "NoSuchEntity").await;
    let shown = cloud.ok("GetUser", &[("UserName", "berta")]).await;
    assert_eq!([shown.text("UserId"), shown.text("Arn")], [id, "arn:aws:iam::111122223333:user/x/Berta".into()]);
    assert_eq!(cloud.ok("ListUserPolicies", &[("UserName", "Berta")]).await.all("member"), ["p"]);
    assert_eq!(cloud.ok("GetAccessKeyLastUsed", &[("AccessKeyId", &key)]).await.text("UserName"), "Berta");
    let principal = cloud.key(&key).principal.arn(&cloud.id());
    assert_eq!(principal.to_string(), "arn:aws:iam::111122223333:user/x/Berta");
    cloud.ok("UpdateUser", &[("UserName", "berta"), ("NewUserName", "BERTA")]).await;
    assert_eq!(cloud.ok("GetUser", &[("UserName", "berta")]).await.text("UserName"), "BERTA");
    cloud.fails("UpdateUser", &[("UserName", "nobody")], "NoSuchEntity").await;
}

#[tokio::test]
async fn what_hangs_on_a_user_goes_first() {
    let cloud = Cloud::with_user("anna").await;
    let user = ("UserName", "anna");
    cloud.ok("CreateGroup", &[("GroupName", "devs")]).await;
    cloud.ok("AddUserToGroup", &[user, ("GroupName", "devs")]).await;
    cloud.ok("AttachUserPolicy", &[user, ("PolicyArn", ADMIN)]).await;
    cloud.ok("PutUserPolicy", &[user, ("PolicyName", "p"), ("PolicyDocument", POLICY)]).await;
    let key = cloud.ok("CreateAccessKey", &[user]).await.text("AccessKeyId");
    cloud.ok("CreateLoginProfile", &[user, ("Password", "Correct-horse-1")]).await;
    let steps = [
        ("remove users from group", "RemoveUserFromGroup", &[user, ("GroupName", "devs")][..]),
        ("detach all policies", "DetachUserPolicy", &[user, ("PolicyArn", ADMIN)]),
        ("delete policies", "DeleteUserPolicy", &[user, ("PolicyName", "p")]),
        ("delete access keys", "DeleteAccessKey", &[user, ("AccessKeyId", &key)]),
        ("delete login profile", "DeleteLoginProfile", &[user]),
    ];
    for (must, operation, parameters) in steps {
        let message = cloud.fails("DeleteUser", &[user], "DeleteConflict").await;
        assert_eq!(message, format!("Cannot delete entity, must {must} first."));
        cloud.ok(operation, parameters).await;
    }
    cloud.ok("DeleteUser", &[user]).await;
    cloud.fails("DeleteUser", &[user], "NoSuchEntity").await;
}

#[tokio::test]
async fn a_boundary_is_set_shown_and_taken_away() {
    let cloud = Cloud::new();
    let made = cloud.ok("CreateUser", &[("UserName", "anna"), ("PermissionsBoundary", ADMIN)]).await;
    assert_eq!(made.text("PermissionsBoundaryArn"), ADMIN);
    cloud.ok("DeleteUserPermissionsBoundary", &[("UserName", "anna")]).await;
    assert!(!cloud.ok("GetUser", &[("UserName", "anna")]).await.has("PermissionsBoundaryArn"));
    cloud.ok("PutUserPermissionsBoundary", &[("UserName", "anna"), ("PermissionsBoundary", ADMIN)]).await;
    let shown = cloud.ok("GetUser", &[("UserName", "anna")]).await;
    assert_eq!(shown.text("PermissionsBoundaryType"), "PermissionsBoundaryPolicy");
    for (arn, code) in [("arn:aws:iam::111122223333:policy/none", "NoSuchEntity"), ("arn:aws:iam::aws:role/x", "InvalidInput")] {
        cloud.fails("PutUserPermissionsBoundary", &[("UserName", "anna"), ("PermissionsBoundary", arn)], code).await;
        cloud.fails("CreateUser", &[("UserName", "bob"), ("PermissionsBoundary", arn)], code).await;
    }
}

#[tokio::test]
async fn tags_are_added_replaced_and_taken_away() {
    let cloud = Cloud::new();
    let tag = |n: usize| [format!("Tags.member.{n}.Key"), format!("Tags.member.{n}.Value")];
    let ([k1, v1], [k2, v2]) = (tag(1), tag(2));
    cloud.ok("CreateUser", &[("UserName", "anna"), (&k1, "Team"), (&v1, "a")]).await;
    cloud.ok("TagUser", &[("UserName", "anna"), (&k1, "team"), (&v1, "b"), (&k2, "cost"), (&v2, "")]).await;
    let listed = cloud.ok("ListUserTags", &[("UserName", "anna")]).await.tags();
    assert_eq!(listed.into_iter().collect::<Vec<_>>(), [("Team".into(), "b".into()), ("cost".into(), String::new())]);
    cloud.ok("UntagUser", &[("UserName", "anna"), ("TagKeys.member.1", "TEAM")]).await;
    assert_eq!(cloud.ok("GetUser", &[("UserName", "anna")]).await.tags().len(), 1);
    let twice = [("UserName", "anna"), (&*k1, "x"), (&*v1, "1"), (&*k2, "X"), (&*v2, "2")];
    cloud.fails("TagUser", &twice, "InvalidInput").await;
    cloud.fails("TagUser", &[("UserName", "nobody"), (&k1, "x"), (&v1, "1")], "NoSuchEntity").await;
}

#[tokio::test]
async fn what_users_cannot_have_is_listed_as_nothing() {
    let cloud = Cloud::with_user("anna").await;
    for operation in ["ListMFADevices", "ListSSHPublicKeys", "ListSigningCertificates", "ListServiceSpecificCredentials"] {
        let listed = cloud.ok(operation, &[("UserName", "anna")]).await;
        assert_eq!((listed.text("IsTruncated"), listed.has("member")), ("false".into(), false), "{operation}");
        cloud.ok(operation, &[]).await;
        cloud.fails(operation, &[("UserName", "nobody")], "NoSuchEntity").await;
    }
    assert!(!cloud.ok("ListVirtualMFADevices", &[]).await.has("member"));
}
