//! Instance profiles.

use super::{cloud::Cloud, roles::make};

const PROFILE: (&str, &str) = ("InstanceProfileName", "web");

#[tokio::test]
async fn a_profile_holds_one_role() {
    let cloud = Cloud::new();
    make(&cloud, "first").await;
    make(&cloud, "second").await;
    let made = cloud
        .ok("CreateInstanceProfile", &[PROFILE, ("Path", "/app/"), ("Tags.member.1.Key", "a"), ("Tags.member.1.Value", "b")])
        .await;
    assert_eq!(made.text("Arn"), "arn:aws:iam::111122223333:instance-profile/app/web");
    assert!(made.text("InstanceProfileId").starts_with("AIPA") && made.0.contains("<Roles"));
    cloud.ok("AddRoleToInstanceProfile", &[PROFILE, ("RoleName", "FIRST")]).await;
    let got = cloud.ok("GetInstanceProfile", &[PROFILE]).await;
    assert_eq!((got.text("RoleName"), got.tags()["a"].as_str()), ("first".into(), "b"));

    let told = cloud.fails("AddRoleToInstanceProfile", &[PROFILE, ("RoleName", "second")], "LimitExceeded").await;
    assert_eq!(told, "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1");
    cloud.fails("AddRoleToInstanceProfile", &[PROFILE, ("RoleName", "nobody")], "NoSuchEntity").await;
    cloud.fails("RemoveRoleFromInstanceProfile", &[PROFILE, ("RoleName", "second")], "NoSuchEntity").await;
    for (operation, parameters) in [("DeleteInstanceProfile", PROFILE), ("DeleteRole", ("RoleName", "first"))] {
        let told = cloud.fails(operation, &[parameters], "DeleteConflict").await;
        assert_eq!(told, "Cannot delete entity, must remove roles from instance profile first.");
    }
    assert_eq!(cloud.ok("ListInstanceProfilesForRole", &[("RoleName", "first")]).await.all("InstanceProfileName"), ["web"]);
    assert!(!cloud.ok("ListInstanceProfilesForRole", &[("RoleName", "second")]).await.has("InstanceProfileName"));
    cloud.fails("ListInstanceProfilesForRole", &[("RoleName", "nobody")], "NoSuchEntity").await;

    cloud.ok("RemoveRoleFromInstanceProfile", &[PROFILE, ("RoleName", "first")]).await;
    cloud.ok("DeleteRole", &[("RoleName", "first")]).await;
    cloud.ok("DeleteInstanceProfile", &[PROFILE]).await;
    let told = cloud.fails("GetInstanceProfile", &[PROFILE], "NoSuchEntity").await;
    assert_eq!(told, "Instance Profile web cannot be found.");
    cloud.fails("DeleteInstanceProfile", &[PROFILE], "NoSuchEntity").await;
}

#[tokio::test]
async fn profiles_are_listed_and_tagged() {
    let cloud = Cloud::new();
    cloud.ok("CreateInstanceProfile", &[PROFILE]).await;
    cloud.ok("CreateInstanceProfile", &[("InstanceProfileName", "db"), ("Path", "/x/")]).await;
    let told = cloud.fails("CreateInstanceProfile", &[("InstanceProfileName", "Web")], "EntityAlreadyExists").await;
    assert_eq!(told, "Instance Profile Web already exists.");
    assert_eq!(cloud.ok("ListInstanceProfiles", &[]).await.all("InstanceProfileName"), ["db", "web"]);
    assert_eq!(cloud.ok("ListInstanceProfiles", &[("PathPrefix", "/x/")]).await.all("InstanceProfileName"), ["db"]);
    cloud.ok("TagInstanceProfile", &[PROFILE, ("Tags.member.1.Key", "a"), ("Tags.member.1.Value", "b")]).await;
    assert_eq!(cloud.ok("ListInstanceProfileTags", &[PROFILE]).await.tags()["a"], "b");
    cloud.ok("UntagInstanceProfile", &[PROFILE, ("TagKeys.member.1", "A")]).await;
    assert!(cloud.ok("ListInstanceProfileTags", &[PROFILE]).await.tags().is_empty());
    cloud.fails("ListInstanceProfileTags", &[("InstanceProfileName", "no")], "NoSuchEntity").await;
}
