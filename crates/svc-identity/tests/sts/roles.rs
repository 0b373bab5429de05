//! Sessions of roles: who may have one, and what it may do.

use crate::cloud::{ACCOUNT, Cloud, OTHER, policy, trust, trust_account};
use std::time::Duration;

const MAY_ASSUME: &str = r#""Action":["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity"],"Resource":"*""#;

fn assume<'a>(role: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [("RoleArn", role), ("RoleSessionName", "me")].into_iter().chain(more.iter().copied()).collect()
}

#[tokio::test]
async fn a_role_that_names_the_user_needs_nothing_else_in_its_own_account() {
    let cloud = Cloud::new();
    let anna = cloud.user("anna", None).await;
    let role = cloud.role("builder", &trust(&format!(r#"{{"AWS":"arn:aws:iam::{ACCOUNT}:user/anna"}}"#))).await;
    let reply = cloud.by(&anna).ok("AssumeRole", &assume(&role, &[])).await;
    let session_arn = format!("arn:aws:sts::{ACCOUNT}:assumed-role/builder/me");
    assert_eq!(reply.element("Arn"), session_arn);
    let id = reply.element("AssumedRoleId");
    assert!(id.starts_with("AROA") && id.ends_with(":me"), "{id}");
    assert_eq!(reply.element("Expiration"), "2026-01-01T01:00:00Z");
    assert!(reply.element("PackedPolicySize").is_empty());
    let session = crate::cloud::signer(&reply);
    assert_eq!(cloud.by(&session).who().await, session_arn);
    let bob = cloud.user("bob", Some(&policy("Allow", MAY_ASSUME))).await;
    cloud.by(&bob).fails("AssumeRole", &assume(&role, &[]), "AccessDenied").await;
}

#[tokio::test]
async fn a_role_that_names_the_account_leaves_it_to_the_accounts_policies() {
    let cloud = Cloud::new();
    let role = cloud.role("builder", &trust_account(ACCOUNT)).await;
    let (anna, bob) = (cloud.user("anna", None).await, cloud.user("bob", Some(&policy("Allow", MAY_ASSUME))).await);
    let denied = cloud.by(&anna).fails("AssumeRole", &assume(&role, &[]), "AccessDenied").await;
    let expected =
        format!("User: arn:aws:iam::{ACCOUNT}:user/anna is not authorized to perform: sts:AssumeRole on resource: {role}");
    assert!(denied.starts_with(&expected), "{denied}");
    cloud.by(&bob).ok("AssumeRole", &assume(&role, &[])).await;
}

#[tokio::test]
async fn another_accounts_role_needs_both() {
    let cloud = Cloud::new();
    let theirs = cloud.account(OTHER);
    let trusting = theirs.role("deploy", &trust(&format!(r#"{{"AWS":"arn:aws:iam::{ACCOUNT}:user/anna"}}"#))).await;
    let closed = theirs.role("closed", &trust_account(OTHER)).await;
    let anna = cloud.user("anna", None).await;
    cloud.by(&anna).fails("AssumeRole", &assume(&trusting, &[]), "AccessDenied").await;
    let may = policy("Allow", MAY_ASSUME);
    cloud.iam("PutUserPolicy", &[("UserName", "anna"), ("PolicyName", "p"), ("PolicyDocument", &may)]).await;
    let session = cloud.by(&anna).assume(&trusting, &[]).await;
    assert_eq!(cloud.by(&session).who().await, format!("arn:aws:sts::{OTHER}:assumed-role/deploy/session"));
    cloud.by(&anna).fails("AssumeRole", &assume(&closed, &[]), "AccessDenied").await;
}

#[tokio::test]
async fn a_role_that_is_not_there_is_denied_as_one_that_is() {
    let cloud = Cloud::new();
    let anna = cloud.user("anna", Some(&policy("Allow", MAY_ASSUME))).await;
    let role = cloud.role("builder", &trust_account(OTHER)).await;
    let there = cloud.by(&anna).fails("AssumeRole", &assume(&role, &[]), "AccessDenied").await;
    let gone = format!("arn:aws:iam::{ACCOUNT}:role/nothing");
    let not_there = cloud.by(&anna).fails("AssumeRole", &assume(&gone, &[]), "AccessDenied").await;
    assert_eq!(there.replace("role/builder", "role/nothing"), not_there);
    let wrong_path = format!("arn:aws:iam::{ACCOUNT}:role/other/builder");
    cloud.by(&anna).fails("AssumeRole", &assume(&wrong_path, &[]), "AccessDenied").await;
}

#[tokio::test]
async fn the_root_can_not_assume_roles() {
    let cloud = Cloud::new();
    let role = cloud.role("builder", &trust_account(ACCOUNT)).await;
    for cloud in [cloud.clone(), cloud.account(OTHER)] {
        let message = cloud.fails("AssumeRole", &assume(&role, &[]), "AccessDenied").await;
        assert_eq!(message, "Roles may not be assumed by root accounts.");
    }
}

#[tokio::test]
async fn a_stranger_has_to_know_the_external_id() {
    let cloud = Cloud::new();
    let condition = format!(
        r#""Principal":{{"AWS":"{OTHER}"}},"Action":"sts:AssumeRole","Condition":{{"StringEquals":{{"sts:ExternalId":"secret"}}}}"#
    );
    let role = cloud.role("third-party", &policy("Allow", &condition)).await;
    let theirs = cloud.account(OTHER);
    let carl = cloud.by(&theirs.user("carl", Some(&policy("Allow", MAY_ASSUME))).await);
    carl.fails("AssumeRole", &assume(&role, &[]), "AccessDenied").await;
    carl.fails("AssumeRole", &assume(&role, &[("ExternalId", "guess")]), "AccessDenied").await;
    carl.ok("AssumeRole", &assume(&role, &[("ExternalId", "secret")])).await;
}

#[tokio::test]
async fn a_session_lasts_as_long_as_its_role_allows() {
    let cloud = Cloud::new();
    let role = cloud.role("builder", &trust_account(ACCOUNT)).await;
    let anna = cloud.by(&cloud.user("anna", Some(&policy("Allow", MAY_ASSUME))).await);
    let longer = assume(&role, &[("DurationSeconds", "3601")]);
    let message = anna.fails("AssumeRole", &longer, "ValidationError").await;
    assert_eq!(message, "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.");
    cloud.iam("UpdateRole", &[("RoleName", "builder"), ("MaxSessionDuration", "7200")]).await;
    let session = anna.assume(&role, &[("DurationSeconds", "7200")]).await;
    anna.fails("AssumeRole", &assume(&role, &[("DurationSeconds", "899")]), "ValidationError").await;
    anna.fails("AssumeRole", &assume("arn:aws:iam::111122223333:user/a", &[]), "ValidationError").await;
    cloud.bench.advance(Duration::from_secs(7199));
    cloud.by(&session).who().await;
    cloud.bench.advance(Duration::from_secs(1));
    assert_eq!(cloud.by(&session).call("GetCallerIdentity", &[]).await.element("Code"), "ExpiredToken");
}

#[tokio::test]
async fn a_session_policy_narrows_the_role() {
    let cloud = Cloud::new();
    let role = cloud.role("builder", &trust_account(ACCOUNT)).await;
    let anna = cloud.by(&cloud.user("anna", Some(&policy("Allow", MAY_ASSUME))).await);
    let lists = |cloud: Cloud, operation: &'static str| async move { cloud.bench.form("iam", operation, &[]).await.status };
    let narrow = policy("Allow", r#""Action":"iam:ListUsers","Resource":"*""#);
    let session = cloud.by(&anna.assume(&role, &[("Policy", &narrow)]).await);
    assert_eq!((lists(session.clone(), "ListUsers").await, lists(session, "ListGroups").await), (200, 403));
    let managed = ("PolicyArns.member.1.arn", "arn:aws:iam::aws:policy/IAMReadOnlyAccess");
    let session = cloud.by(&anna.assume(&role, &[managed]).await);
    assert_eq!(lists(session.clone(), "ListGroups").await, 200);
    assert_eq!(session.bench.form("iam", "CreateUser", &[("UserName", "x")]).await.status, 403);
    let all = cloud.by(&anna.assume(&role, &[]).await);
    assert_eq!(lists(all, "ListGroups").await, 200);
}

#[tokio::test]
async fn parameters_without_an_effect_are_refused() {
    let cloud = Cloud::new();
    let role = cloud.role("builder", &trust_account(ACCOUNT)).await;
    let anna = cloud.by(&cloud.user("anna", Some(&policy("Allow", MAY_ASSUME))).await);
    for (name, value) in [("SerialNumber", "arn:aws:iam::1:mfa/anna"), ("TokenCode", "123456"), ("MinimumSessionTokenSize", "1")]
    {
        let reply = anna.call("AssumeRole", &assume(&role, &[(name, value)])).await;
        assert!(reply.status == 501 && reply.element("Message").contains(name), "{}", reply.text());
    }
}
