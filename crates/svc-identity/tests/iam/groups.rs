//! Groups, and who is in them.

use super::cloud::{Cloud, POLICY};

#[tokio::test]
async fn a_group_has_members() {
    let cloud = Cloud::with_user("anna").await;
    let made = cloud.ok("CreateGroup", &[("GroupName", "Devs"), ("Path", "/x/")]).await;
    assert_eq!(made.text("Arn"), "arn:aws:iam::111122223333:group/x/Devs");
    assert!(made.text("GroupId").starts_with("AGPA"));
    for _ in 0..2 {
        cloud.ok("AddUserToGroup", &[("GroupName", "devs"), ("UserName", "Anna")]).await;
    }
    assert_eq!(cloud.ok("GetGroup", &[("GroupName", "devs")]).await.all("UserName"), ["anna"]);
    assert_eq!(cloud.ok("ListGroupsForUser", &[("UserName", "anna")]).await.all("GroupName"), ["Devs"]);
    assert_eq!(cloud.ok("ListGroups", &[("PathPrefix", "/x")]).await.all("GroupName"), ["Devs"]);
    cloud.ok("RemoveUserFromGroup", &[("GroupName", "Devs"), ("UserName", "anna")]).await;
    assert!(!cloud.ok("GetGroup", &[("GroupName", "devs")]).await.has("UserName"));
}

#[tokio::test]
async fn what_is_not_there_is_named() {
    let cloud = Cloud::with_user("anna").await;
    cloud.ok("CreateGroup", &[("GroupName", "devs")]).await;
    let message = cloud.fails("AddUserToGroup", &[("GroupName", "ops"), ("UserName", "anna")], "NoSuchEntity").await;
    assert_eq!(message, "The group with name ops cannot be found.");
    cloud.fails("AddUserToGroup", &[("GroupName", "devs"), ("UserName", "bob")], "NoSuchEntity").await;
    cloud.fails("RemoveUserFromGroup", &[("GroupName", "devs"), ("UserName", "bob")], "NoSuchEntity").await;
    cloud.fails("GetGroup", &[("GroupName", "ops")], "NoSuchEntity").await;
    cloud.fails("ListGroupsForUser", &[("UserName", "bob")], "NoSuchEntity").await;
    let message = cloud.fails("CreateGroup", &[("GroupName", "DEVS")], "EntityAlreadyExists").await;
    assert_eq!(message, "Group with name DEVS already exists.");
}

#[tokio::test]
async fn members_stay_in_a_group_that_is_renamed() {
    let cloud = Cloud::with_user("anna").await;
    cloud.ok("CreateGroup", &[("GroupName", "devs")]).await;
    cloud.ok("CreateGroup", &[("GroupName", "ops")]).await;
    cloud.ok("AddUserToGroup", &[("GroupName", "devs"), ("UserName", "anna")]).await;
    cloud.fails("UpdateGroup", &[("GroupName", "devs"), ("NewGroupName", "Ops")], "EntityAlreadyExists").await;
    cloud.ok("UpdateGroup", &[("GroupName", "devs"), ("NewGroupName", "Makers"), ("NewPath", "/y/")]).await;
    let shown = cloud.ok("GetGroup", &[("GroupName", "makers")]).await;
    assert_eq!((shown.text("GroupName"), shown.all("UserName")), ("Makers".into(), vec!["anna".into()]));
    assert_eq!(cloud.ok("ListGroupsForUser", &[("UserName", "anna")]).await.all("Path"), ["/y/"]);
    cloud.fails("UpdateGroup", &[("GroupName", "devs")], "NoSuchEntity").await;
}

#[tokio::test]
async fn what_hangs_on_a_group_goes_first() {
    let cloud = Cloud::with_user("anna").await;
    let group = ("GroupName", "devs");
    cloud.ok("CreateGroup", &[group]).await;
    cloud.ok("AddUserToGroup", &[group, ("UserName", "anna")]).await;
    cloud.ok("PutGroupPolicy", &[group, ("PolicyName", "p"), ("PolicyDocument", POLICY)]).await;
    let message = cloud.fails("DeleteGroup", &[group], "DeleteConflict").await;
    assert_eq!(message, "Cannot delete entity, must remove users from group first.");
    cloud.ok("RemoveUserFromGroup", &[group, ("UserName", "anna")]).await;
    let message = cloud.fails("DeleteGroup", &[group], "DeleteConflict").await;
    assert_eq!(message, "Cannot delete entity, must delete policies first.");
    cloud.ok("DeleteGroupPolicy", &[group, ("PolicyName", "p")]).await;
    cloud.ok("DeleteGroup", &[group]).await;
    cloud.fails("DeleteGroup", &[group], "NoSuchEntity").await;
}

#[tokio::test]
async fn a_user_is_in_ten_groups_at_most() {
    let cloud = Cloud::with_user("anna").await;
    for n in 0..11 {
        cloud.ok("CreateGroup", &[("GroupName", &format!("g{n}"))]).await;
    }
    for n in 0..10 {
        cloud.ok("AddUserToGroup", &[("GroupName", &format!("g{n}")), ("UserName", "anna")]).await;
    }
    let message = cloud.fails("AddUserToGroup", &[("GroupName", "g10"), ("UserName", "anna")], "LimitExceeded").await;
    assert_eq!(message, "Cannot exceed quota for GroupsPerUser: 10");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_is_left_in_a_group_that_is_gone() {
    let cloud = Cloud::with_user("anna").await;
    for n in 0..20 {
        let name = format!("g{n}");
        cloud.ok("CreateGroup", &[("GroupName", &name)]).await;
        let (adding, deleting) = (cloud.clone(), cloud.clone());
        let (added, deleted) = (name.clone(), name.clone());
        let add =
            tokio::spawn(
                async move { adding.call("AddUserToGroup", &[("GroupName", &added), ("UserName", "anna")]).await.status },
            );
        let delete = tokio::spawn(async move { deleting.call("DeleteGroup", &[("GroupName", &deleted)]).await.status });
        let statuses = (add.await.unwrap(), delete.await.unwrap());
        assert!([(200, 409), (404, 200)].contains(&statuses), "{statuses:?}");
        let groups = cloud.ok("ListGroupsForUser", &[("UserName", "anna")]).await.all("GroupName");
        assert_eq!(groups.contains(&name), statuses.1 == 409);
        if statuses.1 == 409 {
            cloud.ok("RemoveUserFromGroup", &[("GroupName", &name), ("UserName", "anna")]).await;
        }
    }
}
