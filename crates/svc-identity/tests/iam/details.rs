//! GetAccountAuthorizationDetails, and what an account prefers of STS.

use super::{
    cloud::{Cloud, POLICY},
    roles::make,
};

const OPERATION: &str = "GetAccountAuthorizationDetails";

async fn cloud() -> Cloud {
    let cloud = Cloud::new();
    make(&cloud, "web").await;
    cloud.ok("CreateInstanceProfile", &[("InstanceProfileName", "web-profile")]).await;
    cloud.ok("AddRoleToInstanceProfile", &[("InstanceProfileName", "web-profile"), ("RoleName", "web")]).await;
    cloud.ok("CreatePolicy", &[("PolicyName", "Read"), ("PolicyDocument", POLICY)]).await;
    let administrator = ("PolicyArn", "arn:aws:iam::aws:policy/AdministratorAccess");
    cloud.ok("AttachRolePolicy", &[("RoleName", "web"), administrator]).await;
    cloud.ok("CreateUser", &[("UserName", "anna")]).await;
    cloud.ok("PutUserPolicy", &[("UserName", "anna"), ("PolicyName", "own"), ("PolicyDocument", POLICY)]).await;
    cloud.ok("CreateGroup", &[("GroupName", "devs")]).await;
    cloud.ok("AddUserToGroup", &[("UserName", "anna"), ("GroupName", "devs")]).await;
    cloud
}

#[tokio::test]
async fn everything_of_an_account_is_listed_at_once() {
    let cloud = cloud().await;
    let all = cloud.ok(OPERATION, &[]).await;
    assert_eq!((all.all("UserName"), all.all("GroupId").len()), (vec!["anna".into()], 1));
    assert_eq!(all.all("InstanceProfileName"), ["web-profile"]);
    for part in [
        "<GroupList><member>devs</member></GroupList>",
        "<PolicyName>own</PolicyName>",
        "<Document>%7B",
        "<VersionId>v1</VersionId>",
        "<AttachmentCount>1</AttachmentCount>",
        "<RoleLastUsed",
    ] {
        assert!(all.0.contains(part), "{part} in {}", all.0);
    }
    let some = cloud.ok(OPERATION, &[("Filter.member.1", "Group"), ("Filter.member.2", "AWSManagedPolicy")]).await;
    assert_eq!((some.has("UserName"), some.has("RoleName")), (false, false));
    assert_eq!((some.all("GroupName"), some.all("PolicyName")), (vec!["devs".into()], vec!["AdministratorAccess".into()]));
    cloud.fails(OPERATION, &[("Filter.member.1", "Everything")], "ValidationError").await;
}

#[tokio::test]
async fn its_pages_end() {
    let cloud = cloud().await;
    let (mut arns, mut marker) = (Vec::new(), String::new());
    for _ in 0..20 {
        let parameters = [("MaxItems", "1"), ("Marker", marker.as_str())];
        let page = cloud.ok(OPERATION, if marker.is_empty() { &parameters[..1] } else { &parameters }).await;
        arns.extend(page.all("Arn"));
        if page.text("IsTruncated") == "false" {
            break;
        }
        marker = page.text("Marker");
    }
    for arn in ["user/anna", "group/devs", "role/web", "policy/Read"] {
        assert!(arns.contains(&format!("arn:aws:iam::111122223333:{arn}")), "{arn}: {arns:?}");
    }
}

#[tokio::test]
async fn an_account_prefers_a_version_of_tokens() {
    let cloud = Cloud::new();
    let operation = "SetSecurityTokenServicePreferences";
    cloud.ok(operation, &[("GlobalEndpointTokenVersion", "v2Token")]).await;
    cloud.ok(operation, &[("GlobalEndpointTokenVersion", "v1Token")]).await;
    cloud.fails(operation, &[("GlobalEndpointTokenVersion", "v3Token")], "ValidationError").await;
    cloud.fails(operation, &[], "ValidationError").await;
}
