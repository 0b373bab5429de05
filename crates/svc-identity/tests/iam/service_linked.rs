//! Service-linked roles.

use super::{cloud::Cloud, cloud::POLICY, roles::TRUST};

const ROLE: (&str, &str) = ("RoleName", "AWSServiceRoleForECS");

#[tokio::test]
async fn a_service_has_one_role_that_nobody_else_changes() {
    let cloud = Cloud::new();
    let service = [("AWSServiceName", "ecs.amazonaws.com"), ("Description", "for clusters")];
    let made = cloud.ok("CreateServiceLinkedRole", &service).await;
    let arn = "arn:aws:iam::111122223333:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS";
    assert_eq!((made.text("Arn"), made.text("Path")), (arn.into(), "/aws-service-role/ecs.amazonaws.com/".into()));
    let policies = cloud.ok("ListAttachedRolePolicies", &[ROLE]).await;
    assert_eq!(policies.text("PolicyArn"), "arn:aws:iam::aws:policy/aws-service-role/AmazonECSServiceRolePolicy");
    let told = cloud.fails("CreateServiceLinkedRole", &service, "InvalidInput").await;
    assert_eq!(told, "Service role name AWSServiceRoleForECS has been taken in this account, please try a different suffix.");
    cloud.ok("CreateInstanceProfile", &[("InstanceProfileName", "web")]).await;
    for (operation, more) in [
        ("DeleteRole", vec![]),
        ("UpdateRole", vec![("MaxSessionDuration", "7200")]),
        ("UpdateAssumeRolePolicy", vec![("PolicyDocument", TRUST)]),
        ("PutRolePermissionsBoundary", vec![("PermissionsBoundary", "arn:aws:iam::aws:policy/ReadOnlyAccess")]),
        ("DeleteRolePermissionsBoundary", vec![]),
        ("PutRolePolicy", vec![("PolicyName", "a"), ("PolicyDocument", POLICY)]),
        ("AttachRolePolicy", vec![("PolicyArn", "arn:aws:iam::aws:policy/ReadOnlyAccess")]),
        ("DetachRolePolicy", vec![("PolicyArn", "arn:aws:iam::aws:policy/aws-service-role/AmazonECSServiceRolePolicy")]),
        ("AddRoleToInstanceProfile", vec![("InstanceProfileName", "web")]),
    ] {
        let parameters: Vec<_> = [ROLE].into_iter().chain(more).collect();
        let told = cloud.fails(operation, &parameters, "UnmodifiableEntity").await;
        assert_eq!(
            told,
            "Cannot perform the operation on the protected role 'AWSServiceRoleForECS' - this role is only modifiable by AWS"
        );
    }
    cloud.ok("UpdateRoleDescription", &[ROLE, ("Description", "x")]).await;
    cloud.ok("UpdateRole", &[ROLE, ("Description", "y")]).await;
}

#[tokio::test]
async fn it_is_deleted_by_a_task_that_can_be_asked_for() {
    let cloud = Cloud::new();
    cloud.ok("CreateServiceLinkedRole", &[("AWSServiceName", "ecs.amazonaws.com")]).await;
    let task = cloud.ok("DeleteServiceLinkedRole", &[ROLE]).await.text("DeletionTaskId");
    assert!(task.starts_with("task/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS/"), "{task}");
    let status = cloud.ok("GetServiceLinkedRoleDeletionStatus", &[("DeletionTaskId", &task)]).await;
    assert_eq!(status.text("Status"), "SUCCEEDED");
    cloud.fails("GetRole", &[ROLE], "NoSuchEntity").await;
    cloud.fails("DeleteServiceLinkedRole", &[ROLE], "NoSuchEntity").await;
    cloud.fails("GetServiceLinkedRoleDeletionStatus", &[("DeletionTaskId", "task/x")], "NoSuchEntity").await;
    super::roles::make(&cloud, "plain").await;
    cloud.fails("DeleteServiceLinkedRole", &[("RoleName", "plain")], "NoSuchEntity").await;
}

#[tokio::test]
async fn suffixes_are_for_services_that_take_them() {
    let cloud = Cloud::new();
    let suffixed = |service| [("AWSServiceName", service), ("CustomSuffix", "blue")];
    let made = cloud.ok("CreateServiceLinkedRole", &suffixed("autoscaling.amazonaws.com")).await;
    assert_eq!(made.text("RoleName"), "AWSServiceRoleForAutoScaling_blue");
    let told = cloud.fails("CreateServiceLinkedRole", &suffixed("batch.amazonaws.com"), "InvalidInput").await;
    assert_eq!(told, "Custom suffix is not allowed for batch.amazonaws.com");
    cloud.fails("CreateServiceLinkedRole", &[("AWSServiceName", "nobody.amazonaws.com")], "InvalidInput").await;
}
