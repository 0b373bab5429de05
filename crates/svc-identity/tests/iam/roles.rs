//! Roles.

use super::cloud::{Cloud, POLICY};
use spine::Read;
use std::time::Duration;

/// Lets EC2 assume a role.
pub const TRUST: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}}"#;

/// A trust policy that lets somebody in.
fn trusts(principal: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":["{principal}"]}},"Action":"sts:AssumeRole"}}]}}"#
    )
}

/// A role that EC2 may assume.
pub async fn make(cloud: &Cloud, name: &str) {
    cloud.ok("CreateRole", &[("RoleName", name), ("AssumeRolePolicyDocument", TRUST)]).await;
}

#[tokio::test]
async fn a_role_is_made_shown_and_listed() {
    let cloud = Cloud::new();
    let made = cloud
        .ok(
            "CreateRole",
            &[
                ("RoleName", "Web"),
                ("Path", "/app/"),
                ("AssumeRolePolicyDocument", TRUST),
                ("Description", "for the web"),
                ("MaxSessionDuration", "7200"),
                ("PermissionsBoundary", "arn:aws:iam::aws:policy/PowerUserAccess"),
                ("Tags.member.1.Key", "team"),
                ("Tags.member.1.Value", "a"),
            ],
        )
        .await;
    assert_eq!(made.text("Arn"), "arn:aws:iam::111122223333:role/app/Web");
    assert!(made.text("RoleId").starts_with("AROA") && made.text("RoleId").len() == 21);
    assert!(made.text("AssumeRolePolicyDocument").starts_with("%7B%22Version%22%3A%222012-10-17%22"));

    let got = cloud.ok("GetRole", &[("RoleName", "web")]).await;
    for (name, value) in [
        ("RoleName", "Web"),
        ("Path", "/app/"),
        ("Description", "for the web"),
        ("MaxSessionDuration", "7200"),
        ("PermissionsBoundaryType", "PermissionsBoundaryPolicy"),
        ("PermissionsBoundaryArn", "arn:aws:iam::aws:policy/PowerUserAccess"),
        ("CreateDate", "2026-01-01T00:00:00Z"),
    ] {
        assert_eq!(got.text(name), value);
    }
    assert_eq!(got.tags()["team"], "a");
    assert!(got.0.contains("<RoleLastUsed") && !got.has("LastUsedDate"));

    make(&cloud, "another").await;
    let listed = cloud.ok("ListRoles", &[]).await;
    assert_eq!(listed.all("RoleName"), ["another", "Web"]);
    assert!(!listed.has("Tags") && !listed.has("PermissionsBoundary"));
    assert_eq!(cloud.ok("ListRoles", &[("PathPrefix", "/app/")]).await.all("RoleName"), ["Web"]);
    let first = cloud.ok("ListRoles", &[("MaxItems", "1")]).await;
    assert_eq!((first.all("RoleName"), first.text("IsTruncated")), (vec!["another".to_owned()], "true".to_owned()));
    let rest = cloud.ok("ListRoles", &[("Marker", &first.text("Marker"))]).await;
    assert_eq!((rest.all("RoleName"), rest.text("IsTruncated")), (vec!["Web".to_owned()], "false".to_owned()));
    assert!(cloud.account("444455556666").ok("ListRoles", &[]).await.all("RoleName").is_empty());
}

#[tokio::test]
async fn what_can_be_no_role_is_refused() {
    let cloud = Cloud::new();
    make(&cloud, "web").await;
    for (parameters, code, message) in [
        (
            vec![("RoleName", "WEB"), ("AssumeRolePolicyDocument", TRUST)],
            "EntityAlreadyExists",
            "Role with name WEB already exists.",
        ),
        (vec![("RoleName", "a"), ("AssumeRolePolicyDocument", "{}")], "MalformedPolicyDocument", ""),
        (vec![("RoleName", "a"), ("AssumeRolePolicyDocument", POLICY)], "MalformedPolicyDocument", ""),
        (vec![("RoleName", "a b"), ("AssumeRolePolicyDocument", TRUST)], "ValidationError", ""),
        (vec![("RoleName", "a"), ("Path", "/aws-service-role/x/"), ("AssumeRolePolicyDocument", TRUST)], "ValidationError", ""),
        (vec![("RoleName", "a"), ("MaxSessionDuration", "60"), ("AssumeRolePolicyDocument", TRUST)], "ValidationError", ""),
        (
            vec![("RoleName", "a"), ("PermissionsBoundary", "arn:aws:iam::aws:policy/No"), ("AssumeRolePolicyDocument", TRUST)],
            "NoSuchEntity",
            "Policy arn:aws:iam::aws:policy/No does not exist or is not attachable.",
        ),
    ] {
        let told = cloud.fails("CreateRole", &parameters, code).await;
        assert!(message.is_empty() || told == message, "{told}");
    }
    let long = trusts("111122223333").replace("sts:AssumeRole", &format!("sts:AssumeRole{}", "*".repeat(2000)));
    let told = cloud.fails("CreateRole", &[("RoleName", "a"), ("AssumeRolePolicyDocument", &long)], "LimitExceeded").await;
    assert_eq!(told, "Cannot exceed quota for ACLSizePerRole: 2048");
    let told = cloud.fails("GetRole", &[("RoleName", "nobody")], "NoSuchEntity").await;
    assert_eq!(told, "The role with name nobody cannot be found.");
}

#[tokio::test]
async fn a_trust_policy_names_principals_that_are_there() {
    let cloud = Cloud::new();
    cloud.ok("CreateUser", &[("UserName", "anna"), ("Path", "/a/")]).await;
    cloud.ok("CreateGroup", &[("GroupName", "devs")]).await;
    make(&cloud, "builder").await;
    for (index, principal) in [
        "*",
        "111122223333",
        "999900001111",
        "arn:aws:iam::111122223333:root",
        "arn:aws:iam::111122223333:user/a/anna",
        "arn:aws:iam::111122223333:role/builder",
        "arn:aws:sts::111122223333:assumed-role/builder/session",
        "arn:aws:sts::111122223333:federated-user/bob",
        "arn:aws:iam::999900001111:role/who-knows",
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("role-{index}");
        cloud.ok("CreateRole", &[("RoleName", &name), ("AssumeRolePolicyDocument", &trusts(principal))]).await;
        cloud.ok("UpdateAssumeRolePolicy", &[("RoleName", "builder"), ("PolicyDocument", &trusts(principal))]).await;
    }
    for principal in [
        "arn:aws:iam::111122223333:user/anna",
        "arn:aws:iam::111122223333:user/a/bob",
        "arn:aws:iam::111122223333:role/nobody",
        "arn:aws:sts::111122223333:assumed-role/nobody/session",
        "arn:aws:iam::111122223333:group/devs",
        "arn:aws:iam::111122223333:user/*",
        "AIDAIOSFODNN7EXAMPLE2",
        "anna",
    ] {
        let document = trusts(principal);
        let told = cloud
            .fails("CreateRole", &[("RoleName", "a"), ("AssumeRolePolicyDocument", &document)], "MalformedPolicyDocument")
            .await;
        assert_eq!(told, format!("Invalid principal in policy: \"AWS\":\"{principal}\""));
        cloud
            .fails("UpdateAssumeRolePolicy", &[("RoleName", "builder"), ("PolicyDocument", &document)], "MalformedPolicyDocument")
            .await;
    }
}

#[tokio::test]
async fn a_trust_policy_names_providers_as_such() {
    let cloud = Cloud::new();
    let web = |provider: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Principal":{{"Federated":"{provider}"}},"Action":"sts:AssumeRoleWithWebIdentity"}}}}"#
        )
    };
    let good =
        ["arn:aws:iam::111122223333:oidc-provider/a.example/id/B", "accounts.google.com", "cognito-identity.amazonaws.com"];
    for (index, provider) in good.into_iter().enumerate() {
        let name = format!("role-{index}");
        cloud.ok("CreateRole", &[("RoleName", &name), ("AssumeRolePolicyDocument", &web(provider))]).await;
    }
    for provider in ["arn:aws:iam::111122223333:role/x", "https://a.example", "nothing"] {
        let document = web(provider);
        let bad = [("RoleName", "a"), ("AssumeRolePolicyDocument", document.as_str())];
        let told = cloud.fails("CreateRole", &bad, "MalformedPolicyDocument").await;
        assert_eq!(told, "Federated principals must be valid domain names or SAML metadata ARNs");
    }
}

#[tokio::test]
async fn a_role_is_changed() {
    let cloud = Cloud::new();
    make(&cloud, "web").await;
    cloud.ok("UpdateRole", &[("RoleName", "web"), ("Description", "one"), ("MaxSessionDuration", "43200")]).await;
    let got = cloud.ok("GetRole", &[("RoleName", "web")]).await;
    assert_eq!((got.text("Description"), got.text("MaxSessionDuration")), ("one".into(), "43200".into()));
    let got = cloud.ok("UpdateRoleDescription", &[("RoleName", "web"), ("Description", "two")]).await;
    assert_eq!((got.text("Description"), got.text("MaxSessionDuration")), ("two".into(), "43200".into()));
    cloud.ok("UpdateRole", &[("RoleName", "web")]).await;
    let got = cloud.ok("GetRole", &[("RoleName", "web")]).await;
    assert_eq!((got.text("Description"), got.text("MaxSessionDuration")), ("two".into(), "3600".into()));

    let document = trusts("999900001111");
    cloud.ok("UpdateAssumeRolePolicy", &[("RoleName", "web"), ("PolicyDocument", &document)]).await;
    assert!(cloud.ok("GetRole", &[("RoleName", "web")]).await.text("AssumeRolePolicyDocument").contains("999900001111"));

    cloud.ok("TagRole", &[("RoleName", "web"), ("Tags.member.1.Key", "Team"), ("Tags.member.1.Value", "a")]).await;
    cloud.ok("TagRole", &[("RoleName", "web"), ("Tags.member.1.Key", "env"), ("Tags.member.1.Value", "b")]).await;
    cloud.ok("UntagRole", &[("RoleName", "web"), ("TagKeys.member.1", "team")]).await;
    assert_eq!(cloud.ok("ListRoleTags", &[("RoleName", "web")]).await.all("Key"), ["env"]);

    let boundary = [("RoleName", "web"), ("PermissionsBoundary", "arn:aws:iam::aws:policy/ReadOnlyAccess")];
    cloud.ok("PutRolePermissionsBoundary", &boundary).await;
    let got = cloud.ok("GetRole", &[("RoleName", "web")]).await;
    assert_eq!(got.text("PermissionsBoundaryArn"), "arn:aws:iam::aws:policy/ReadOnlyAccess");
    cloud.ok("DeleteRolePermissionsBoundary", &[("RoleName", "web")]).await;
    assert!(!cloud.ok("GetRole", &[("RoleName", "web")]).await.has("PermissionsBoundary"));

    for (operation, more) in [
        ("UpdateRole", None),
        ("UpdateRoleDescription", Some(("Description", "x"))),
        ("UpdateAssumeRolePolicy", Some(("PolicyDocument", TRUST))),
        ("DeleteRole", None),
        ("PutRolePermissionsBoundary", Some(("PermissionsBoundary", "arn:aws:iam::aws:policy/ReadOnlyAccess"))),
        ("DeleteRolePermissionsBoundary", None),
        ("ListRoleTags", None),
    ] {
        let parameters: Vec<_> = [("RoleName", "nobody")].into_iter().chain(more).collect();
        cloud.fails(operation, &parameters, "NoSuchEntity").await;
    }
    let bad =
        [("RoleName", "web"), ("PermissionsBoundary", "arn:aws:iam::aws:policy/aws-service-role/AmazonECSServiceRolePolicy")];
    cloud.fails("PutRolePermissionsBoundary", &bad, "PolicyNotAttachable").await;
}

#[tokio::test]
async fn a_role_has_policies() {
    let cloud = Cloud::new();
    make(&cloud, "web").await;
    let inline = [("RoleName", "web"), ("PolicyName", "read"), ("PolicyDocument", POLICY)];
    cloud.ok("PutRolePolicy", &inline).await;
    let got = cloud.ok("GetRolePolicy", &inline[..2]).await;
    assert_eq!((got.text("RoleName"), got.text("PolicyName")), ("web".into(), "read".into()));
    assert!(got.text("PolicyDocument").contains("s3%3AListBucket"));
    assert_eq!(cloud.ok("ListRolePolicies", &inline[..1]).await.all("member"), ["read"]);
    let attached = [("RoleName", "web"), ("PolicyArn", "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy")];
    cloud.ok("AttachRolePolicy", &attached).await;
    let listed = cloud.ok("ListAttachedRolePolicies", &attached[..1]).await;
    assert_eq!(
        (listed.text("PolicyName"), listed.text("PolicyArn")),
        ("AmazonECSTaskExecutionRolePolicy".into(), attached[1].1.into())
    );

    let role = [("RoleName", "web")];
    let told = cloud.fails("DeleteRole", &role, "DeleteConflict").await;
    assert_eq!(told, "Cannot delete entity, must detach all policies first.");
    cloud.ok("DetachRolePolicy", &attached).await;
    let told = cloud.fails("DeleteRole", &role, "DeleteConflict").await;
    assert_eq!(told, "Cannot delete entity, must delete policies first.");
    cloud.ok("DeleteRolePolicy", &inline[..2]).await;
    cloud.ok("DeleteRole", &role).await;
    cloud.fails("GetRole", &role, "NoSuchEntity").await;
    make(&cloud, "web").await;
}

#[tokio::test]
async fn when_a_role_was_last_used_is_told() {
    use model::{AccountId, Key, iam::Role};
    let cloud = Cloud::new();
    make(&cloud, "web").await;
    cloud.bench.advance(Duration::from_secs(60));
    let (key, at) = (Key::<Role>::named(&AccountId::parse(super::cloud::ACCOUNT).unwrap(), "web"), cloud.bench.env.now());
    let used = model::iam::LastUsed { at: Some(at), region: "eu-west-1".into(), service: "s3".into() };
    cloud.bench.store.transact(move |tx| tx.put_observed(&key, &used)).await.unwrap();
    let got = cloud.ok("GetRole", &[("RoleName", "web")]).await;
    assert_eq!((got.text("LastUsedDate"), got.text("Region")), ("2026-01-01T00:01:00Z".into(), "eu-west-1".into()));
}

#[tokio::test]
async fn an_account_has_at_most_a_thousand_roles() {
    use model::{Key, iam::Role};
    let cloud = Cloud::new();
    make(&cloud, "first").await;
    let id = cloud.id();
    let key = |name: &str| Key::<Role>::named(&id, name);
    let spec = cloud.bench.store.snapshot().spec(&key("first")).unwrap().unwrap();
    let more = || (1..1000).map(|number| key(&format!("role-{number}")));
    cloud.bench.store.transact(|tx| more().try_for_each(|key| tx.create(&key, &spec))).await.unwrap();
    let told = cloud.fails("CreateRole", &[("RoleName", "one-more"), ("AssumeRolePolicyDocument", TRUST)], "LimitExceeded").await;
    assert_eq!(told, "Cannot exceed quota for RolesPerAccount: 1000");
    cloud.ok("DeleteRole", &[("RoleName", "role-7")]).await;
    make(&cloud, "one-more").await;
}
