//! Users as callers: who is meant where nobody is named, and what their policies let them do to whom.

use super::cloud::{Cloud, POLICY};
use serde_json::{Value, json};

const ADMIN: &str = "arn:aws:iam::aws:policy/AdministratorAccess";
const READ: &str = "arn:aws:iam::aws:policy/ReadOnlyAccess";
const GOOD: &str = "Correct-horse-1";

/// A cloud with a user in a path, and the same cloud as that user calls it, who has the statements as policy.
async fn clouds(statements: Value) -> (Cloud, Cloud) {
    let cloud = Cloud::new();
    cloud.ok("CreateUser", &[("UserName", "anna"), ("Path", "/lab/")]).await;
    let document = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
    cloud.ok("PutUserPolicy", &[("UserName", "anna"), ("PolicyName", "p"), ("PolicyDocument", &document)]).await;
    let anna = cloud.signed_by_key_of("anna").await;
    (cloud, anna)
}

fn allow(action: &str, resource: &str) -> Value {
    json!({"Effect": "Allow", "Action": action, "Resource": resource})
}

fn denied(action: &str, resource: &str) -> String {
    format!(
        "User: arn:aws:iam::111122223333:user/lab/anna is not authorized to perform: iam:{action} on resource: \
         arn:aws:iam::111122223333:{resource} because no identity-based policy allows the iam:{action} action"
    )
}

#[tokio::test]
async fn a_user_who_names_nobody_means_itself() {
    let (_, anna) = clouds(allow("iam:*", "arn:aws:iam::111122223333:user/lab/anna")).await;
    assert_eq!(anna.ok("GetUser", &[]).await.text("UserName"), "anna");
    assert_eq!(anna.ok("ListAccessKeys", &[]).await.all("UserName"), ["anna"]);
    let second = anna.ok("CreateAccessKey", &[]).await.text("AccessKeyId");
    anna.ok("UpdateAccessKey", &[("AccessKeyId", &second), ("Status", "Inactive")]).await;
    assert_eq!(anna.ok("GetAccessKeyLastUsed", &[("AccessKeyId", &second)]).await.text("UserName"), "anna");
    anna.ok("DeleteAccessKey", &[("AccessKeyId", &second)]).await;
    anna.ok("CreateLoginProfile", &[("Password", GOOD)]).await;
    assert_eq!(anna.ok("GetLoginProfile", &[]).await.text("UserName"), "anna");
    anna.ok("DeleteLoginProfile", &[]).await;
}

#[tokio::test]
async fn arns_have_the_path_of_what_is_there() {
    let (cloud, anna) = clouds(json!([
        allow("iam:GetUser", "arn:aws:iam::111122223333:user/lab/*"),
        allow("iam:CreateUser", "arn:aws:iam::111122223333:user/lab/*"),
        allow("iam:ListUsers", "arn:aws:iam::111122223333:user/lab/*"),
    ]))
    .await;
    cloud.ok("CreateUser", &[("UserName", "bob")]).await;
    anna.ok("CreateUser", &[("UserName", "carl"), ("Path", "/lab/x/")]).await;
    anna.ok("GetUser", &[("UserName", "carl")]).await;
    anna.ok("ListUsers", &[("PathPrefix", "/lab/")]).await;
    for (operation, parameters, resource) in [
        ("GetUser", &[("UserName", "bob")][..], "user/bob"),
        ("CreateUser", &[("UserName", "dora")], "user/dora"),
        ("ListUsers", &[], "user/"),
        ("DeleteUser", &[("UserName", "carl")], "user/lab/x/carl"),
    ] {
        assert_eq!(anna.denied(operation, parameters).await, denied(operation, resource));
    }
}

#[tokio::test]
async fn a_key_that_is_switched_off_opens_nothing() {
    let (cloud, anna) = clouds(allow("iam:*", "*")).await;
    let id = cloud.ok("ListAccessKeys", &[("UserName", "anna")]).await.text("AccessKeyId");
    let status = |status| [("UserName", "anna"), ("AccessKeyId", &*id), ("Status", status)];
    cloud.ok("UpdateAccessKey", &status("Inactive")).await;
    assert_eq!(anna.call("GetUser", &[]).await.status, 403);
    cloud.ok("UpdateAccessKey", &status("Active")).await;
    anna.ok("GetUser", &[]).await;
    cloud.ok("DeleteAccessKey", &[("UserName", "anna"), ("AccessKeyId", &id)]).await;
    assert_eq!(anna.call("GetUser", &[]).await.status, 403);
}

#[tokio::test]
async fn a_renamed_user_keeps_its_keys() {
    let (cloud, anna) = clouds(allow("iam:GetUser", "arn:aws:iam::111122223333:user/berta")).await;
    anna.denied("GetUser", &[]).await;
    cloud.ok("UpdateUser", &[("UserName", "anna"), ("NewUserName", "berta"), ("NewPath", "/")]).await;
    assert_eq!(anna.ok("GetUser", &[]).await.text("UserName"), "berta");
}

#[tokio::test]
async fn a_group_permits_what_its_members_do() {
    let (cloud, anna) = clouds(allow("iam:GetUser", "*")).await;
    cloud.ok("CreateGroup", &[("GroupName", "devs")]).await;
    cloud
        .ok("PutGroupPolicy", &[("GroupName", "devs"), ("PolicyName", "p"), ("PolicyDocument", &permit("iam:ListGroups"))])
        .await;
    cloud.ok("AttachGroupPolicy", &[("GroupName", "devs"), ("PolicyArn", READ)]).await;
    anna.denied("ListGroups", &[]).await;
    cloud.ok("AddUserToGroup", &[("GroupName", "devs"), ("UserName", "anna")]).await;
    anna.ok("ListGroups", &[]).await;
    cloud.ok("UpdateGroup", &[("GroupName", "devs"), ("NewGroupName", "makers")]).await;
    anna.ok("ListGroups", &[]).await;
    anna.ok("GetGroup", &[("GroupName", "makers")]).await;
    cloud.ok("RemoveUserFromGroup", &[("GroupName", "makers"), ("UserName", "anna")]).await;
    anna.denied("ListGroups", &[]).await;
}

fn permit(action: &str) -> String {
    json!({"Version": "2012-10-17", "Statement": allow(action, "*")}).to_string()
}

#[tokio::test]
async fn conditions_see_what_is_asked_for() {
    let (cloud, anna) = clouds(json!([
        {"Effect": "Allow", "Action": ["iam:CreateUser", "iam:PutUserPolicy", "iam:PutUserPermissionsBoundary"], "Resource": "*",
         "Condition": {"StringEquals": {"iam:PermissionsBoundary": READ}}},
        {"Effect": "Allow", "Action": "iam:AttachUserPolicy", "Resource": "*", "Condition": {"ArnEquals": {"iam:PolicyARN": READ}}},
        {"Effect": "Allow", "Action": "iam:TagUser", "Resource": "*", "Condition": {
            "StringEquals": {"aws:RequestTag/team": "a"}, "ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}}},
        {"Effect": "Allow", "Action": "iam:DeleteUser", "Resource": "*", "Condition": {"StringEquals": {"iam:ResourceTag/team": "a"}}},
    ]))
    .await;
    let (key, value) = ("Tags.member.1.Key", "Tags.member.1.Value");
    cloud.ok("CreateUser", &[("UserName", "free"), (key, "team"), (value, "b")]).await;
    anna.denied("CreateUser", &[("UserName", "bob")]).await;
    anna.denied("CreateUser", &[("UserName", "bob"), ("PermissionsBoundary", ADMIN)]).await;
    anna.ok("CreateUser", &[("UserName", "bob"), ("PermissionsBoundary", READ)]).await;
    let policy = [("PolicyName", "p"), ("PolicyDocument", POLICY)];
    anna.ok("PutUserPolicy", &[&[("UserName", "bob")], &policy[..]].concat()).await;
    anna.denied("PutUserPolicy", &[&[("UserName", "free")], &policy[..]].concat()).await;
    anna.denied("PutUserPermissionsBoundary", &[("UserName", "bob"), ("PermissionsBoundary", ADMIN)]).await;
    anna.ok("PutUserPermissionsBoundary", &[("UserName", "free"), ("PermissionsBoundary", READ)]).await;
    anna.denied("AttachUserPolicy", &[("UserName", "bob"), ("PolicyArn", ADMIN)]).await;
    anna.ok("AttachUserPolicy", &[("UserName", "bob"), ("PolicyArn", READ)]).await;
    anna.denied("TagUser", &[("UserName", "free"), (key, "team"), (value, "b")]).await;
    anna.denied("TagUser", &[("UserName", "free"), (key, "other"), (value, "a")]).await;
    anna.denied("DeleteUser", &[("UserName", "free")]).await;
    anna.ok("TagUser", &[("UserName", "free"), (key, "team"), (value, "a")]).await;
    anna.ok("DeleteUser", &[("UserName", "free")]).await;
}

#[tokio::test]
async fn users_change_their_passwords_where_the_account_lets_them() {
    let (cloud, anna) = clouds(allow("iam:GetUser", "*")).await;
    cloud.ok("CreateLoginProfile", &[("UserName", "anna"), ("Password", GOOD), ("PasswordResetRequired", "true")]).await;
    let change = |old, new| [("OldPassword", old), ("NewPassword", new)];
    anna.denied("ChangePassword", &change(GOOD, "Another-horse-2")).await;
    cloud.ok("UpdateAccountPasswordPolicy", &[("AllowUsersToChangePassword", "true"), ("MinimumPasswordLength", "8")]).await;
    anna.fails("ChangePassword", &change("wrong", "Another-horse-2"), "AccessDenied").await;
    anna.fails("ChangePassword", &change(GOOD, "short"), "PasswordPolicyViolation").await;
    anna.ok("ChangePassword", &change(GOOD, "Another-horse-2")).await;
    let shown = cloud.ok("GetLoginProfile", &[("UserName", "anna")]).await;
    assert_eq!(shown.text("PasswordResetRequired"), "false");
    anna.ok("ChangePassword", &change("Another-horse-2", GOOD)).await;
}

#[tokio::test]
async fn users_of_other_accounts_are_out_of_reach() {
    let (cloud, anna) = clouds(allow("*", "*")).await;
    cloud.account("444455556666").ok("CreateUser", &[("UserName", "bob")]).await;
    anna.fails("GetUser", &[("UserName", "bob")], "NoSuchEntity").await;
    assert_eq!(anna.ok("ListUsers", &[]).await.all("UserName"), ["anna"]);
}
