//! Sessions of users, and of whom users let in.

use crate::cloud::{ACCOUNT, Cloud, policy, signer, trust_account};
use model::iam::AccessKey;
use spine::{
    Read, Scope,
    reconcile::{ReconcileCx, Reconciler},
};
use std::time::Duration;
use svc_identity::sts::Expired;

const ALL: &str = r#""Action":"*","Resource":"*""#;
const HOUR: Duration = Duration::from_secs(3600);

fn time(text: &str) -> Duration {
    let hours: u64 = text[11..13].parse().unwrap();
    let days: u64 = text[8..10].parse().unwrap();
    HOUR * u32::try_from((days - 1) * 24 + hours).unwrap()
}

#[tokio::test]
async fn a_session_of_a_user_is_the_user_for_a_while() {
    let cloud = Cloud::new();
    let anna = cloud.user("anna", Some(&policy("Allow", ALL))).await;
    let reply = cloud.by(&anna).ok("GetSessionToken", &[]).await;
    assert_eq!(time(&reply.element("Expiration")), HOUR * 12);
    let session = signer(&reply);
    assert!(session.access_key_id.starts_with("ASIA") && session.token.is_some());
    assert_eq!(cloud.by(&session).who().await, format!("arn:aws:iam::{ACCOUNT}:user/anna"));
    cloud.bench.advance(HOUR * 12);
    assert_eq!(cloud.by(&session).call("GetCallerIdentity", &[]).await.element("Code"), "ExpiredToken");
}

#[tokio::test]
async fn a_session_of_a_user_knows_no_iam_and_little_of_sts() {
    let cloud = Cloud::new();
    let anna = cloud.user("anna", Some(&policy("Allow", ALL))).await;
    let role = cloud.role("builder", &trust_account(ACCOUNT)).await;
    let session = signer(&cloud.by(&anna).ok("GetSessionToken", &[]).await);
    let session = cloud.by(&session);
    session.who().await;
    for operation in ["GetSessionToken", "GetFederationToken"] {
        let message = session.fails(operation, &[("Name", "bob")], "AccessDenied").await;
        assert_eq!(message, format!("Cannot call {operation} with session credentials"));
    }
    session.fails("GetAccessKeyInfo", &[("AccessKeyId", &anna.access_key_id)], "AccessDenied").await;
    let iam = session.bench.form("iam", "ListUsers", &[]).await;
    assert_eq!((iam.status, iam.element("Code").as_str()), (403, "InvalidClientTokenId"));
    session.assume(&role, &[]).await;
}

#[tokio::test]
async fn the_roots_sessions_last_an_hour() {
    let cloud = Cloud::new();
    for (operation, asked) in [("GetSessionToken", "129600"), ("GetFederationToken", "43200")] {
        let reply = cloud.ok(operation, &[("Name", "bob"), ("DurationSeconds", asked)]).await;
        assert_eq!(time(&reply.element("Expiration")), HOUR, "{operation}");
    }
    cloud.fails("GetSessionToken", &[("DurationSeconds", "899")], "ValidationError").await;
    cloud.fails("GetSessionToken", &[("DurationSeconds", "129601")], "ValidationError").await;
    assert_eq!(cloud.call("GetSessionToken", &[("TokenCode", "123456")]).await.status, 501);
}

#[tokio::test]
async fn whom_a_user_lets_in_may_do_what_both_may() {
    let cloud = Cloud::new();
    let anna = cloud.user("anna", Some(&policy("Allow", r#""Action":"sts:*","Resource":"*""#))).await;
    let narrow = policy("Allow", r#""Action":["sts:GetAccessKeyInfo","iam:ListUsers"],"Resource":"*""#);
    let reply = cloud.by(&anna).ok("GetFederationToken", &[("Name", "bob"), ("Policy", &narrow)]).await;
    assert_eq!(reply.element("FederatedUserId"), format!("{ACCOUNT}:bob"));
    assert_eq!(reply.element("Arn"), format!("arn:aws:sts::{ACCOUNT}:federated-user/bob"));
    assert!(!reply.element("PackedPolicySize").is_empty());
    let bob = cloud.by(&signer(&reply));
    assert_eq!(bob.who().await, format!("arn:aws:sts::{ACCOUNT}:federated-user/bob"));
    let role = cloud.role("builder", &trust_account(ACCOUNT)).await;
    bob.fails("AssumeRole", &[("RoleArn", &role), ("RoleSessionName", "me")], "AccessDenied").await;
    assert_eq!(bob.bench.form("iam", "ListUsers", &[]).await.element("Code"), "InvalidClientTokenId");
}

#[tokio::test]
async fn who_is_let_in_needs_a_permission_for_the_name_and_for_tags() {
    let cloud = Cloud::new();
    let may = format!(r#""Action":"sts:GetFederationToken","Resource":"arn:aws:sts::{ACCOUNT}:federated-user/b*""#);
    let anna = cloud.by(&cloud.user("anna", Some(&policy("Allow", &may))).await);
    anna.ok("GetFederationToken", &[("Name", "bob")]).await;
    let denied = anna.fails("GetFederationToken", &[("Name", "carl")], "AccessDenied").await;
    assert!(
        denied.starts_with(&format!(
            "User: arn:aws:iam::{ACCOUNT}:user/anna is not authorized to perform: sts:GetFederationToken on resource: arn:aws:sts::{ACCOUNT}:federated-user/carl"
        )),
        "{denied}"
    );
    let tagged = [("Name", "bob"), ("Tags.member.1.Key", "Team"), ("Tags.member.1.Value", "a")];
    let denied = anna.fails("GetFederationToken", &tagged, "AccessDenied").await;
    assert!(denied.contains("sts:TagSession"), "{denied}");
    cloud.ok("GetFederationToken", &tagged).await;
    let twice = [tagged[0], tagged[1], tagged[2], ("Tags.member.2.Key", "TEAM"), ("Tags.member.2.Value", "b")];
    cloud.fails("GetFederationToken", &twice, "InvalidParameterValue").await;
}

#[tokio::test]
async fn session_policies_are_read() {
    let cloud = Cloud::new();
    let with = |policy: String| {
        let cloud = cloud.clone();
        async move { cloud.call("GetFederationToken", &[("Name", "bob"), ("Policy", &policy)]).await }
    };
    assert_eq!(with("{}".into()).await.element("Code"), "MalformedPolicyDocument");
    assert_eq!(with(policy("Allow", &format!(r#""Principal":"*",{ALL}"#))).await.element("Code"), "MalformedPolicyDocument");
    let arn = [("Name", "bob"), ("PolicyArns.member.1.arn", "arn:aws:iam::aws:policy/NoSuchPolicy")];
    cloud.fails("GetFederationToken", &arn, "ValidationError").await;
    cloud.ok("GetFederationToken", &[arn[0], (arn[1].0, "arn:aws:iam::aws:policy/ReadOnlyAccess")]).await;
    let actions: Vec<String> = (0..115).map(|n| format!(r#""ec2:{:x}{:x}""#, n * 7919 % 9973, n * 104_729 % 99_991)).collect();
    let wild = policy("Allow", &format!(r#""Action":[{}],"Resource":"*""#, actions.join(",")));
    assert_eq!(with(wild).await.element("Code"), "PackedPolicyTooLarge");
}

#[tokio::test]
async fn credentials_are_forgotten_a_day_after_they_have_expired() {
    let cloud = Cloud::new();
    let lasting = cloud.user("anna", None).await;
    let session = signer(&cloud.ok("GetSessionToken", &[]).await);
    let keys = || cloud.bench.store.snapshot().specs::<AccessKey>(Scope::All).unwrap().len();
    let sweep = || async {
        let cx = ReconcileCx::new(cloud.bench.store.clone(), cloud.bench.env.clone());
        Expired.reconcile(&cx).await.unwrap();
    };
    cloud.bench.advance(HOUR * 25 - Duration::from_secs(1));
    sweep().await;
    assert_eq!(keys(), 2);
    assert_eq!(cloud.by(&session).call("GetCallerIdentity", &[]).await.element("Code"), "ExpiredToken");
    cloud.bench.advance(Duration::from_secs(1));
    sweep().await;
    assert_eq!(keys(), 1);
    assert_eq!(cloud.by(&session).call("GetCallerIdentity", &[]).await.element("Code"), "InvalidClientTokenId");
    cloud.by(&lasting).who().await;
}
