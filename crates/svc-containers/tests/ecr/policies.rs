//! Who may do what to repositories, by the API: users' policies, repositories' policies, and accounts.

use super::{
    cloud::{ACCOUNT, Cloud},
    people::{OTHER, allow, arn},
};
use serde_json::{Value, json};

fn repository() -> Value {
    json!({"repositoryName": "web"})
}

fn with_policy(policy: Value) -> Value {
    json!({"repositoryName": "web", "policyText": policy.to_string()})
}

fn in_registry(account: &str) -> Value {
    json!({"registryId": account, "repositoryName": "web"})
}

fn denied(user: &str, action: &str, why: &str) -> String {
    format!("User: {user} is not authorized to perform: {action} on resource: {} {why}", arn("web"))
}

#[tokio::test]
async fn a_policy_is_kept_as_it_was_written() {
    let cloud = Cloud::with("web").await;
    let missing =
        format!("Repository policy does not exist for the repository with name 'web' in the registry with id '{ACCOUNT}'");
    for operation in ["GetRepositoryPolicy", "DeleteRepositoryPolicy"] {
        assert_eq!(cloud.fails(operation, repository(), "RepositoryPolicyNotFoundException").await, missing);
        cloud.fails(operation, json!({"repositoryName": "nowhere"}), "RepositoryNotFoundException").await;
    }
    let text = "{ \"Statement\": {\"Sid\":\"all of us\", \"Effect\":\"Allow\",\n\"Principal\":\"*\", \"Action\":\"ecr:*\"}}";
    let shown = json!({"registryId": ACCOUNT, "repositoryName": "web", "policyText": text});
    assert_eq!(cloud.ok("SetRepositoryPolicy", json!({"repositoryName": "web", "policyText": text})).await, shown);
    assert_eq!(cloud.ok("GetRepositoryPolicy", repository()).await, shown);
    assert_eq!(cloud.ok("DeleteRepositoryPolicy", repository()).await, shown);
    cloud.fails("GetRepositoryPolicy", repository(), "RepositoryPolicyNotFoundException").await;
    cloud
        .fails("SetRepositoryPolicy", json!({"repositoryName": "nowhere", "policyText": text}), "RepositoryNotFoundException")
        .await;
}

#[tokio::test]
async fn what_is_no_policy_of_a_repository_is_refused() {
    let cloud = Cloud::with("web").await;
    let statement = json!({"Effect": "Allow", "Principal": "*", "Action": "ecr:*", "Resource": "*"});
    for policy in [json!("text"), json!({}), json!({"Version": "2012-10-17", "Statement": [statement]})] {
        let message = cloud.fails("SetRepositoryPolicy", with_policy(policy), "InvalidParameterException").await;
        assert_eq!(
            message,
            "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Invalid repository policy provided'"
        );
    }
}

#[tokio::test]
async fn a_user_may_do_what_its_policies_say() {
    let cloud = Cloud::with("web").await;
    cloud.ok("CreateRepository", json!({"repositoryName": "other"})).await;
    let anna = cloud.user_of(ACCOUNT, "anna", &allow(&["ecr:ListImages", "ecr:DescribeRepositories"], &arn("web"))).await;
    anna.ok("ListImages", repository()).await;
    anna.ok("DescribeRepositories", json!({"repositoryNames": ["web"]})).await;
    let message = anna.fails("DeleteRepository", repository(), "AccessDeniedException").await;
    let user = format!("arn:aws:iam::{ACCOUNT}:user/anna");
    let why = "because no identity-based policy allows the ecr:DeleteRepository action";
    assert_eq!(message, denied(&user, "ecr:DeleteRepository", why));
    for (operation, input) in [
        ("DescribeRepositories", json!({})),
        ("DescribeRepositories", json!({"repositoryNames": ["web", "other"]})),
        ("ListImages", json!({"repositoryName": "nowhere"})),
        ("GetAuthorizationToken", json!({})),
        ("DescribeRegistry", json!({})),
        ("CreateRepository", json!({"repositoryName": "mine"})),
        ("TagResource", json!({"resourceArn": arn("web"), "tags": []})),
    ] {
        anna.fails(operation, input, "AccessDeniedException").await;
    }
}

#[tokio::test]
async fn tags_are_conditions() {
    let cloud = Cloud::new();
    let tagged = |name: &str, team: &str| json!({"repositoryName": name, "tags": [{"Key": "team", "Value": team}]});
    cloud.ok("CreateRepository", tagged("red", "red")).await;
    cloud.ok("CreateRepository", tagged("blue", "blue")).await;
    let statement = |action: &str, key: &str| json!({"Effect": "Allow", "Action": action, "Resource": "*", "Condition": {"StringEquals": {key: "red"}}});
    let policy = json!({"Version": "2012-10-17", "Statement": [
        statement("ecr:CreateRepository", "aws:RequestTag/team"),
        statement("ecr:TagResource", "aws:RequestTag/team"),
        statement("ecr:ListImages", "aws:ResourceTag/team"),
        statement("ecr:DeleteRepository", "ecr:ResourceTag/team"),
        {"Effect": "Allow", "Action": "ecr:UntagResource", "Resource": "*",
         "Condition": {"ForAllValues:StringEquals": {"aws:TagKeys": ["cost"]}}},
    ]});
    let anna = cloud.user_of(ACCOUNT, "anna", &policy).await;
    anna.ok("CreateRepository", tagged("new", "red")).await;
    for refused in [tagged("newer", "blue"), json!({"repositoryName": "newer"})] {
        anna.fails("CreateRepository", refused, "AccessDeniedException").await;
    }
    anna.ok("ListImages", json!({"repositoryName": "red"})).await;
    anna.fails("ListImages", json!({"repositoryName": "blue"}), "AccessDeniedException").await;
    let tag = |team: &str| json!({"resourceArn": arn("blue"), "tags": [{"Key": "team", "Value": team}]});
    anna.fails("TagResource", tag("green"), "AccessDeniedException").await;
    anna.fails("UntagResource", json!({"resourceArn": arn("blue"), "tagKeys": ["cost", "team"]}), "AccessDeniedException").await;
    anna.ok("UntagResource", json!({"resourceArn": arn("blue"), "tagKeys": ["cost"]})).await;
    anna.ok("TagResource", tag("red")).await;
    anna.ok("DeleteRepository", json!({"repositoryName": "blue"})).await;
}

#[tokio::test]
async fn a_new_repository_has_tags_only_from_who_may_tag() {
    let cloud = Cloud::new();
    let anna = cloud.user("anna", &["ecr:CreateRepository"]).await;
    let tags = json!([{"Key": "team", "Value": "red"}]);
    let message = anna.fails("CreateRepository", json!({"repositoryName": "web", "tags": tags}), "AccessDeniedException").await;
    let why = "because no identity-based policy allows the ecr:TagResource action";
    assert_eq!(message, denied(&format!("arn:aws:iam::{ACCOUNT}:user/anna"), "ecr:TagResource", why));
    anna.ok("CreateRepository", json!({"repositoryName": "web"})).await;
}

#[tokio::test]
async fn a_repositorys_policy_allows_and_denies() {
    let cloud = Cloud::with("web").await;
    let (anna, bert) = (cloud.user("anna", &["ecr:*"]).await, cloud.user("bert", &["ecr:DescribeRegistry"]).await);
    let user = |name: &str| format!("arn:aws:iam::{ACCOUNT}:user/{name}");
    let statement =
        |effect: &str, name: &str| json!({"Effect": effect, "Principal": {"AWS": user(name)}, "Action": "ecr:ListImages"});
    bert.fails("ListImages", repository(), "AccessDeniedException").await;
    cloud.policy("web", statement("Allow", "bert")).await;
    bert.ok("ListImages", repository()).await;
    bert.fails("DescribeImages", repository(), "AccessDeniedException").await;
    anna.ok("ListImages", repository()).await;
    cloud.policy("web", statement("Deny", "anna")).await;
    let message = anna.fails("ListImages", repository(), "AccessDeniedException").await;
    assert_eq!(message, denied(&user("anna"), "ecr:ListImages", "with an explicit deny in a resource-based policy"));
    anna.ok("DescribeImages", repository()).await;
    bert.fails("ListImages", repository(), "AccessDeniedException").await;
    cloud.ok("ListImages", repository()).await;
    cloud.ok("DeleteRepositoryPolicy", repository()).await;
    anna.ok("ListImages", repository()).await;
}

#[tokio::test]
async fn nobody_locks_himself_out_unless_he_insists() {
    let cloud = Cloud::with("web").await;
    let anna = cloud.user("anna", &["ecr:*"]).await;
    let deny = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "ecr:SetRepositoryPolicy"}]});
    anna.fails("SetRepositoryPolicy", with_policy(deny.clone()), "InvalidParameterException").await;
    let mut forced = with_policy(deny.clone());
    forced["force"] = json!(true);
    anna.ok("SetRepositoryPolicy", forced.clone()).await;
    anna.fails("SetRepositoryPolicy", forced, "AccessDeniedException").await;
    cloud.ok("SetRepositoryPolicy", with_policy(deny)).await;
}

#[tokio::test]
async fn another_account_needs_both_policies() {
    let cloud = Cloud::with("web").await;
    let (root, carl) = (cloud.root_of(OTHER), cloud.user_of(OTHER, "carl", &allow(&["ecr:*"], "*")).await);
    let dora = cloud.user_of(OTHER, "dora", &allow(&["ecr:DescribeRegistry"], "*")).await;
    let why = "because no resource-based policy allows the ecr:ListImages action";
    let message = carl.fails("ListImages", in_registry(ACCOUNT), "AccessDeniedException").await;
    assert_eq!(message, denied(&format!("arn:aws:iam::{OTHER}:user/carl"), "ecr:ListImages", why));
    let message = root.fails("ListImages", in_registry(ACCOUNT), "AccessDeniedException").await;
    assert_eq!(message, denied(&format!("arn:aws:iam::{OTHER}:root"), "ecr:ListImages", why));

    let principal = json!({"AWS": format!("arn:aws:iam::{OTHER}:root")});
    let actions = ["ecr:ListImages", "ecr:DescribeRepositories"];
    cloud.policy("web", json!({"Effect": "Allow", "Principal": principal, "Action": actions})).await;
    root.ok("ListImages", in_registry(ACCOUNT)).await;
    carl.ok("ListImages", in_registry(ACCOUNT)).await;
    dora.fails("ListImages", in_registry(ACCOUNT), "AccessDeniedException").await;
    carl.fails("DeleteRepository", in_registry(ACCOUNT), "AccessDeniedException").await;
    carl.fails("CreateRepository", json!({"registryId": ACCOUNT, "repositoryName": "new"}), "AccessDeniedException").await;
    carl.fails("DescribeRepositories", json!({"registryId": ACCOUNT}), "AccessDeniedException").await;
    let message = carl.fails("ListImages", in_registry(OTHER), "RepositoryNotFoundException").await;
    assert_eq!(message, format!("The repository with name 'web' does not exist in the registry with id '{OTHER}'"));

    let named = json!({"registryId": ACCOUNT, "repositoryNames": ["web"]});
    let shown = &carl.ok("DescribeRepositories", named).await["repositories"][0];
    assert_eq!(shown["repositoryArn"], arn("web"));
    assert_eq!(shown["repositoryUri"], "localhost:4566/web");
}

#[tokio::test]
async fn no_other_writing_of_an_arn_evades_a_policy() {
    let cloud = Cloud::with("web").await;
    let anna = cloud.user("anna", &["ecr:*"]).await;
    for written in ["arn:aws-cn:ecr:us-east-1:111122223333:repository/web", "arn:aws:ecr:eu-west-1:111122223333:repository/web"] {
        anna.fails("ListTagsForResource", json!({"resourceArn": written}), "InvalidParameterException").await;
    }
}
