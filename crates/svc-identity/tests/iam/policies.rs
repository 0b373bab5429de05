//! Managed policies and their versions.

use super::{
    cloud::{Cloud, POLICY},
    roles::make,
};
use std::time::Duration;

const ARN: (&str, &str) = ("PolicyArn", "arn:aws:iam::111122223333:policy/app/Read");
const AWS: (&str, &str) = ("PolicyArn", "arn:aws:iam::aws:policy/AdministratorAccess");
const MISSING: (&str, &str) = ("PolicyArn", "arn:aws:iam::111122223333:policy/missing");

async fn cloud() -> Cloud {
    let cloud = Cloud::new();
    let parameters = [("PolicyName", "Read"), ("Path", "/app/"), ("PolicyDocument", POLICY), ("Description", "reads")];
    let made = cloud.ok("CreatePolicy", &parameters).await;
    assert_eq!((made.text("Arn"), made.text("DefaultVersionId")), (ARN.1.into(), "v1".into()));
    assert!(made.text("PolicyId").starts_with("ANPA"));
    cloud
}

#[tokio::test]
async fn a_policy_is_shown_with_how_often_it_is_used() {
    let cloud = cloud().await;
    make(&cloud, "web").await;
    cloud.ok("CreateUser", &[("UserName", "anna"), ("PermissionsBoundary", ARN.1)]).await;
    cloud.ok("CreateGroup", &[("GroupName", "devs")]).await;
    cloud.ok("AttachRolePolicy", &[("RoleName", "web"), ARN]).await;
    cloud.ok("AttachGroupPolicy", &[("GroupName", "devs"), ARN]).await;
    cloud.ok("PutRolePermissionsBoundary", &[("RoleName", "web"), ("PermissionsBoundary", AWS.1)]).await;

    let got = cloud.ok("GetPolicy", &[ARN]).await;
    for (name, value) in [
        ("PolicyName", "Read"),
        ("Path", "/app/"),
        ("Description", "reads"),
        ("AttachmentCount", "2"),
        ("PermissionsBoundaryUsageCount", "1"),
        ("IsAttachable", "true"),
        ("UpdateDate", "2026-01-01T00:00:00Z"),
    ] {
        assert_eq!(got.text(name), value, "{name}");
    }
    let got = cloud.ok("GetPolicy", &[AWS]).await;
    assert_eq!((got.text("AttachmentCount"), got.text("PermissionsBoundaryUsageCount")), ("0".into(), "1".into()));
    assert_eq!(got.text("CreateDate"), "2015-02-06T18:39:46Z");

    let entities = cloud.ok("ListEntitiesForPolicy", &[ARN]).await;
    assert_eq!(
        (entities.all("GroupName"), entities.all("UserName"), entities.all("RoleName")),
        (vec!["devs".into()], vec!["anna".into()], vec!["web".into()])
    );
    let some = cloud.ok("ListEntitiesForPolicy", &[ARN, ("PolicyUsageFilter", "PermissionsBoundary")]).await;
    assert_eq!((some.has("GroupName"), some.all("UserName")), (false, vec!["anna".into()]));
    let some = cloud.ok("ListEntitiesForPolicy", &[ARN, ("EntityFilter", "Role")]).await;
    assert_eq!((some.has("GroupName"), some.has("UserName"), some.all("RoleName")), (false, false, vec!["web".into()]));
    assert!(!cloud.ok("ListEntitiesForPolicy", &[ARN, ("PathPrefix", "/x/")]).await.has("RoleName"));

    let told = cloud.fails("DeletePolicy", &[ARN], "DeleteConflict").await;
    assert_eq!(told, "Cannot delete a policy attached to entities.");
    cloud.ok("DetachRolePolicy", &[("RoleName", "web"), ARN]).await;
    cloud.ok("DetachGroupPolicy", &[("GroupName", "devs"), ARN]).await;
    cloud.fails("DeletePolicy", &[ARN], "DeleteConflict").await;
    cloud.ok("DeleteUserPermissionsBoundary", &[("UserName", "anna")]).await;
    cloud.ok("DeletePolicy", &[ARN]).await;
    let told = cloud.fails("GetPolicy", &[ARN], "NoSuchEntity").await;
    assert_eq!(told, format!("Policy {} was not found.", ARN.1));
}

#[tokio::test]
async fn policies_are_listed_by_scope_use_and_path() {
    let cloud = cloud().await;
    make(&cloud, "web").await;
    cloud.ok("AttachRolePolicy", &[("RoleName", "web"), AWS]).await;
    cloud.ok("PutRolePermissionsBoundary", &[("RoleName", "web"), ("PermissionsBoundary", ARN.1)]).await;
    let local = cloud.ok("ListPolicies", &[("Scope", "Local")]).await;
    assert_eq!((local.all("PolicyName"), local.has("Description")), (vec!["Read".into()], false));
    let aws = cloud.ok("ListPolicies", &[("Scope", "AWS"), ("MaxItems", "1000")]).await;
    assert!(aws.all("PolicyName").len() > 100 && aws.text("IsTruncated") == "false");
    let attached = cloud.ok("ListPolicies", &[("OnlyAttached", "true")]).await;
    assert_eq!(attached.all("PolicyName"), ["AdministratorAccess"]);
    let bounding = cloud.ok("ListPolicies", &[("PolicyUsageFilter", "PermissionsBoundary")]).await;
    assert_eq!(bounding.all("PolicyName"), ["Read"]);
    let found = cloud.ok("ListPolicies", &[("PathPrefix", "/job-function/")]).await.all("Path");
    assert!(found.len() > 4 && found.iter().all(|path| path == "/job-function/"));

    let (mut seen, mut marker) = (Vec::new(), String::new());
    loop {
        let parameters = [("MaxItems", "40"), ("Marker", marker.as_str())];
        let page = cloud.ok("ListPolicies", if marker.is_empty() { &parameters[..1] } else { &parameters }).await;
        seen.extend(page.all("Arn"));
        if page.text("IsTruncated") == "false" {
            break;
        }
        marker = page.text("Marker");
    }
    assert_eq!(seen.len(), logic::aws_managed::ALL.len() + 1);
}

#[tokio::test]
async fn a_policy_has_at_most_five_versions() {
    let cloud = cloud().await;
    let other = POLICY.replace("ListBucket", "GetObject");
    let version = [ARN, ("PolicyDocument", other.as_str())];
    cloud.bench.advance(Duration::from_secs(60));
    let made = cloud.ok("CreatePolicyVersion", &version).await;
    assert_eq!(
        (made.text("VersionId"), made.text("IsDefaultVersion"), made.has("Document")),
        ("v2".into(), "false".into(), false)
    );
    let made = cloud.ok("CreatePolicyVersion", &[version[0], version[1], ("SetAsDefault", "true")]).await;
    assert_eq!((made.text("VersionId"), made.text("IsDefaultVersion")), ("v3".into(), "true".into()));
    cloud.ok("CreatePolicyVersion", &version).await;
    cloud.ok("CreatePolicyVersion", &version).await;
    let told = cloud.fails("CreatePolicyVersion", &version, "LimitExceeded").await;
    assert!(told.starts_with("A managed policy can have up to 5 versions."), "{told}");

    let listed = cloud.ok("ListPolicyVersions", &[ARN]).await;
    assert_eq!(listed.all("VersionId"), ["v5", "v4", "v3", "v2", "v1"]);
    assert_eq!(listed.all("IsDefaultVersion"), ["false", "false", "true", "false", "false"]);
    assert!(!listed.has("Document"));
    let got = cloud.ok("GetPolicy", &[ARN]).await;
    assert_eq!((got.text("DefaultVersionId"), got.text("UpdateDate")), ("v3".into(), "2026-01-01T00:01:00Z".into()));
    assert!(cloud.ok("GetPolicyVersion", &[ARN, ("VersionId", "v3")]).await.text("Document").contains("GetObject"));

    let told = cloud.fails("DeletePolicyVersion", &[ARN, ("VersionId", "v3")], "DeleteConflict").await;
    assert_eq!(told, "Cannot delete the default version of a policy.");
    cloud.ok("SetDefaultPolicyVersion", &[ARN, ("VersionId", "v1")]).await;
    cloud.ok("DeletePolicyVersion", &[ARN, ("VersionId", "v3")]).await;
    let told = cloud.fails("DeletePolicy", &[ARN], "DeleteConflict").await;
    assert!(told.starts_with("This policy has more than one version."), "{told}");
    assert_eq!(cloud.ok("CreatePolicyVersion", &version).await.text("VersionId"), "v6");
    for version in ["v3", "v99"] {
        for operation in ["GetPolicyVersion", "DeletePolicyVersion", "SetDefaultPolicyVersion"] {
            cloud.fails(operation, &[ARN, ("VersionId", version)], "NoSuchEntity").await;
        }
    }
    cloud.fails("GetPolicyVersion", &[ARN, ("VersionId", "1")], "ValidationError").await;
}

#[tokio::test]
async fn policies_of_aws_are_looked_at_and_not_changed() {
    let cloud = Cloud::new();
    let arn = ("PolicyArn", "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy");
    let got = cloud.ok("GetPolicyVersion", &[arn, ("VersionId", "v1")]).await;
    assert!(got.text("Document").contains("ecr%3AGetAuthorizationToken"));
    assert_eq!(cloud.ok("ListPolicyVersions", &[arn]).await.all("VersionId"), ["v1"]);
    for (operation, more) in [
        ("DeletePolicy", vec![]),
        ("CreatePolicyVersion", vec![("PolicyDocument", POLICY)]),
        ("DeletePolicyVersion", vec![("VersionId", "v1")]),
        ("SetDefaultPolicyVersion", vec![("VersionId", "v1")]),
        ("TagPolicy", vec![("Tags.member.1.Key", "a"), ("Tags.member.1.Value", "b")]),
    ] {
        let parameters: Vec<_> = [AWS].into_iter().chain(more).collect();
        let told = cloud.fails(operation, &parameters, "AccessDenied").await;
        assert_eq!(told, "Policy is outside your own account.");
    }
    assert!(cloud.ok("ListPolicyTags", &[AWS]).await.tags().is_empty());
}

#[tokio::test]
async fn what_can_be_no_policy_is_refused() {
    let cloud = cloud().await;
    let told = cloud.fails("CreatePolicy", &[("PolicyName", "read"), ("PolicyDocument", POLICY)], "EntityAlreadyExists").await;
    assert_eq!(told, "A policy called read already exists. Duplicate names are not allowed.");
    for document in ["{}", "[]", "x", r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"a"}]}"#] {
        cloud.fails("CreatePolicy", &[("PolicyName", "new"), ("PolicyDocument", document)], "MalformedPolicyDocument").await;
        cloud.fails("CreatePolicyVersion", &[ARN, ("PolicyDocument", document)], "MalformedPolicyDocument").await;
    }
    let long = POLICY.replace("s3:ListBucket", &format!("s3:{}", "a".repeat(6144)));
    let told = cloud.fails("CreatePolicy", &[("PolicyName", "new"), ("PolicyDocument", &long)], "LimitExceeded").await;
    assert_eq!(told, "Cannot exceed quota for PolicySize: 6144");
    for operation in ["GetPolicy", "DeletePolicy", "ListPolicyVersions", "ListEntitiesForPolicy", "ListPolicyTags"] {
        cloud.fails(operation, &[MISSING], "NoSuchEntity").await;
        cloud.fails(operation, &[("PolicyArn", "arn:aws:iam::111122223333:role/x")], "InvalidInput").await;
    }
    cloud.ok("TagPolicy", &[ARN, ("Tags.member.1.Key", "a"), ("Tags.member.1.Value", "b")]).await;
    assert_eq!(cloud.ok("GetPolicy", &[ARN]).await.tags()["a"], "b");
    cloud.ok("UntagPolicy", &[ARN, ("TagKeys.member.1", "a")]).await;
    assert!(cloud.ok("ListPolicyTags", &[ARN]).await.tags().is_empty());
}
