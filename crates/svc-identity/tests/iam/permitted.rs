//! What a user's policies let it do to roles, policies and profiles.

use super::{
    cloud::{Cloud, POLICY},
    roles::{TRUST, make},
};
use serde_json::{Value, json};

const READ: &str = "arn:aws:iam::aws:policy/ReadOnlyAccess";
const ADMIN: &str = "arn:aws:iam::aws:policy/AdministratorAccess";
const ROLES: &str = "arn:aws:iam::111122223333:role";

/// A cloud, and the same cloud as a user calls it who has the statements as policy.
async fn clouds(statements: Value) -> (Cloud, Cloud) {
    let cloud = Cloud::with_user("anna").await;
    let document = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
    cloud.ok("PutUserPolicy", &[("UserName", "anna"), ("PolicyName", "p"), ("PolicyDocument", &document)]).await;
    let anna = cloud.signed_by_key_of("anna").await;
    (cloud, anna)
}

#[tokio::test]
async fn roles_are_known_by_arns_with_their_paths() {
    let (cloud, anna) = clouds(json!([
        {"Effect": "Allow", "Action": ["iam:CreateRole", "iam:GetRole", "iam:ListRoles"], "Resource": format!("{ROLES}/app/*")},
    ]))
    .await;
    make(&cloud, "plain").await;
    let role = [("RoleName", "web"), ("AssumeRolePolicyDocument", TRUST), ("Path", "/app/")];
    anna.ok("CreateRole", &role).await;
    anna.ok("GetRole", &role[..1]).await;
    anna.ok("ListRoles", &[("PathPrefix", "/app/")]).await;
    for (operation, parameters, resource) in [
        ("CreateRole", vec![("RoleName", "other"), role[1]], "other"),
        ("GetRole", vec![("RoleName", "plain")], "plain"),
        ("GetRole", vec![("RoleName", "nobody")], "nobody"),
        ("DeleteRole", vec![("RoleName", "web")], "app/web"),
        ("ListRoles", vec![], ""),
    ] {
        let told = anna.denied(operation, &parameters).await;
        assert_eq!(
            told,
            format!(
                "User: arn:aws:iam::111122223333:user/anna is not authorized to perform: iam:{operation} on resource: {ROLES}/{resource} because no identity-based policy allows the iam:{operation} action"
            )
        );
    }
}

#[tokio::test]
async fn conditions_see_boundaries_policies_tags_and_services() {
    let (cloud, anna) = clouds(json!([
        {"Effect": "Allow", "Action": ["iam:CreateRole", "iam:PutRolePolicy", "iam:PutRolePermissionsBoundary"], "Resource": "*",
         "Condition": {"StringEquals": {"iam:PermissionsBoundary": READ}}},
        {"Effect": "Allow", "Action": ["iam:AttachRolePolicy", "iam:DetachRolePolicy"], "Resource": "*",
         "Condition": {"ArnEquals": {"iam:PolicyARN": READ}}},
        {"Effect": "Allow", "Action": ["iam:TagPolicy", "iam:TagInstanceProfile", "iam:TagOpenIDConnectProvider"], "Resource": "*",
         "Condition": {"ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}, "StringEquals": {"aws:RequestTag/team": "a"}}},
        {"Effect": "Allow", "Action": "iam:Delete*", "Resource": "*", "Condition": {"StringEquals": {"aws:ResourceTag/team": "a"}}},
        {"Effect": "Allow", "Action": "iam:CreateServiceLinkedRole", "Resource": "*",
         "Condition": {"StringEquals": {"iam:AWSServiceName": "ecs.amazonaws.com"}}},
    ]))
    .await;
    make(&cloud, "free").await;
    let role = [("RoleName", "web"), ("AssumeRolePolicyDocument", TRUST)];
    anna.denied("CreateRole", &role).await;
    anna.ok("CreateRole", &[role[0], role[1], ("PermissionsBoundary", READ)]).await;
    let inline = [("PolicyName", "p"), ("PolicyDocument", POLICY)];
    anna.ok("PutRolePolicy", &[role[0], inline[0], inline[1]]).await;
    anna.denied("PutRolePolicy", &[("RoleName", "free"), inline[0], inline[1]]).await;
    anna.denied("PutRolePermissionsBoundary", &[role[0], ("PermissionsBoundary", ADMIN)]).await;
    anna.ok("AttachRolePolicy", &[role[0], ("PolicyArn", READ)]).await;
    anna.denied("AttachRolePolicy", &[role[0], ("PolicyArn", ADMIN)]).await;
    anna.ok("DetachRolePolicy", &[role[0], ("PolicyArn", READ)]).await;

    let policy = ("PolicyArn", "arn:aws:iam::111122223333:policy/x/Read");
    let profile = ("InstanceProfileName", "web");
    let provider = ("OpenIDConnectProviderArn", "arn:aws:iam::111122223333:oidc-provider/a.example");
    cloud.ok("CreatePolicy", &[("PolicyName", "Read"), ("Path", "/x/"), ("PolicyDocument", POLICY)]).await;
    cloud.ok("CreateInstanceProfile", &[profile]).await;
    cloud.ok("CreateOpenIDConnectProvider", &[("Url", "https://a.example")]).await;
    let tag = |value| [("Tags.member.1.Key", "team"), ("Tags.member.1.Value", value)];
    for (kind, named) in [("Policy", policy), ("InstanceProfile", profile), ("OpenIDConnectProvider", provider)] {
        let (tagging, deleting) = (format!("Tag{kind}"), format!("Delete{kind}"));
        anna.denied(&deleting, &[named]).await;
        anna.denied(&tagging, &[&[named], &tag("b")[..]].concat()).await;
        anna.ok(&tagging, &[&[named], &tag("a")[..]].concat()).await;
        anna.ok(&deleting, &[named]).await;
    }

    anna.ok("CreateServiceLinkedRole", &[("AWSServiceName", "ecs.amazonaws.com")]).await;
    anna.denied("CreateServiceLinkedRole", &[("AWSServiceName", "batch.amazonaws.com")]).await;
}

#[tokio::test]
async fn making_something_with_tags_needs_the_permission_to_tag() {
    let (_, anna) = clouds(json!([
        {"Effect": "Allow", "Action": "iam:Create*", "Resource": "*"},
        {"Effect": "Allow", "Action": "iam:Tag*", "Resource": "*", "Condition": {"StringEquals": {"aws:RequestTag/team": "a"}}},
    ]))
    .await;
    let tag = |value| [("Tags.member.1.Key", "team"), ("Tags.member.1.Value", value)];
    for (operation, action, given) in [
        ("CreateUser", "iam:TagUser", vec![("UserName", "bob")]),
        ("CreateRole", "iam:TagRole", vec![("RoleName", "web"), ("AssumeRolePolicyDocument", TRUST)]),
        ("CreatePolicy", "iam:TagPolicy", vec![("PolicyName", "read"), ("PolicyDocument", POLICY)]),
        ("CreateInstanceProfile", "iam:TagInstanceProfile", vec![("InstanceProfileName", "web")]),
        ("CreateOpenIDConnectProvider", "iam:TagOpenIDConnectProvider", vec![("Url", "https://a.example")]),
    ] {
        let told = anna.denied(operation, &[&given[..], &tag("b")[..]].concat()).await;
        assert!(
            told.contains(&format!("is not authorized to perform: {action} on resource: arn:aws:iam::111122223333:")),
            "{told}"
        );
        anna.ok(operation, &[&given[..], &tag("a")[..]].concat()).await;
    }
}

#[tokio::test]
async fn giving_a_role_to_machines_needs_the_permission_to_pass_it() {
    let (cloud, anna) = clouds(json!([
        {"Effect": "Allow", "Action": "iam:AddRoleToInstanceProfile", "Resource": "*"},
        {"Effect": "Allow", "Action": "iam:PassRole", "Resource": format!("{ROLES}/web"),
         "Condition": {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}},
    ]))
    .await;
    make(&cloud, "web").await;
    make(&cloud, "other").await;
    cloud.ok("CreateInstanceProfile", &[("InstanceProfileName", "p")]).await;
    let add = |role| [("InstanceProfileName", "p"), ("RoleName", role)];
    let told = anna.denied("AddRoleToInstanceProfile", &add("other")).await;
    assert!(told.contains("iam:PassRole on resource: arn:aws:iam::111122223333:role/other"), "{told}");
    anna.ok("AddRoleToInstanceProfile", &add("web")).await;
}

#[tokio::test]
async fn policies_of_aws_are_looked_at_by_who_may() {
    let (cloud, anna) =
        clouds(json!({"Effect": "Allow", "Action": "iam:GetPolicy", "Resource": "arn:aws:iam::aws:policy/*"})).await;
    anna.ok("GetPolicy", &[("PolicyArn", READ)]).await;
    cloud.ok("CreatePolicy", &[("PolicyName", "Read"), ("PolicyDocument", POLICY)]).await;
    anna.denied("GetPolicy", &[("PolicyArn", "arn:aws:iam::111122223333:policy/Read")]).await;
    anna.denied("GetPolicyVersion", &[("PolicyArn", READ), ("VersionId", "v1")]).await;
}
