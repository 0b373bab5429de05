//! From one role to the next: tags, a source identity, and an hour.

use crate::cloud::{ACCOUNT, Cloud, policy, trust_account};

const MAY_ASSUME: &str = r#""Action":"sts:*","Resource":"*""#;
const TEAM: [(&str, &str); 2] = [("Tags.member.1.Key", "Team"), ("Tags.member.1.Value", "blue")];

async fn anna(cloud: &Cloud) -> Cloud {
    cloud.by(&cloud.user("anna", Some(&policy("Allow", MAY_ASSUME))).await)
}

fn assume<'a>(role: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [("RoleArn", role), ("RoleSessionName", "me")].into_iter().chain(more.iter().copied()).collect()
}

#[tokio::test]
async fn a_chain_has_an_hour() {
    let cloud = Cloud::new();
    let role = cloud.role("builder", &trust_account(ACCOUNT)).await;
    cloud.iam("UpdateRole", &[("RoleName", "builder"), ("MaxSessionDuration", "43200")]).await;
    let anna = anna(&cloud).await;
    let session = cloud.by(&anna.assume(&role, &[("DurationSeconds", "43200")]).await);
    let message = session.fails("AssumeRole", &assume(&role, &[("DurationSeconds", "3601")]), "ValidationError").await;
    assert_eq!(message, "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.");
    session.ok("AssumeRole", &assume(&role, &[("DurationSeconds", "3600")])).await;
    let message = session.fails("GetSessionToken", &[], "AccessDenied").await;
    assert_eq!(message, "Cannot call GetSessionToken with session credentials");
}

#[tokio::test]
async fn transitive_tags_go_on_and_others_do_not() {
    let cloud = Cloud::new();
    let first = cloud.role("first", &trust_account(ACCOUNT)).await;
    let needs = |tag: &str| {
        let condition = format!(
            r#""Principal":{{"AWS":"{ACCOUNT}"}},"Action":["sts:AssumeRole","sts:TagSession"],"Condition":{{"StringEquals":{{"aws:RequestTag/{tag}":"blue"}}}}"#
        );
        policy("Allow", &condition)
    };
    let team = cloud.role("of-the-team", &needs("Team")).await;
    let other = cloud.role("of-another", &needs("Other")).await;
    let anna = anna(&cloud).await;
    let tags = [
        TEAM[0],
        TEAM[1],
        ("Tags.member.2.Key", "Other"),
        ("Tags.member.2.Value", "blue"),
        ("TransitiveTagKeys.member.1", "Team"),
    ];
    let session = cloud.by(&anna.assume(&first, &tags).await);
    session.ok("AssumeRole", &assume(&team, &[])).await;
    session.fails("AssumeRole", &assume(&other, &[]), "AccessDenied").await;
    let again = assume(&team, &TEAM);
    let message = session.fails("AssumeRole", &again, "InvalidParameterValue").await;
    assert_eq!(
        message,
        "One of the specified transitive tag keys can&apos;t be set because it conflicts with a transitive tag key from the calling session."
            .replace("&apos;", if message.contains("&apos;") { "&apos;" } else { "'" })
    );
    let missing = assume(&first, &[TEAM[0], TEAM[1], ("TransitiveTagKeys.member.1", "Other")]);
    anna.fails("AssumeRole", &missing, "InvalidParameterValue").await;
}

#[tokio::test]
async fn tags_and_a_source_identity_need_the_roles_permission() {
    let cloud = Cloud::new();
    let plain = policy("Allow", &format!(r#""Principal":{{"AWS":"{ACCOUNT}"}},"Action":"sts:AssumeRole""#));
    let role = cloud.role("plain", &plain).await;
    let anna = anna(&cloud).await;
    for (more, action) in [(&TEAM[..], "sts:TagSession"), (&[("SourceIdentity", "anna")][..], "sts:SetSourceIdentity")] {
        let message = anna.fails("AssumeRole", &assume(&role, more), "AccessDenied").await;
        assert!(message.contains(action), "{message}");
    }
    anna.ok("AssumeRole", &assume(&role, &[])).await;
}

#[tokio::test]
async fn a_source_identity_stays() {
    let cloud = Cloud::new();
    let role = cloud.role("builder", &trust_account(ACCOUNT)).await;
    let anna = anna(&cloud).await;
    let session = cloud.by(&anna.assume(&role, &[("SourceIdentity", "anna")]).await);
    let next = session.ok("AssumeRole", &assume(&role, &[])).await;
    assert_eq!(next.element("SourceIdentity"), "anna");
    session.ok("AssumeRole", &assume(&role, &[("SourceIdentity", "anna")])).await;
    session.fails("AssumeRole", &assume(&role, &[("SourceIdentity", "bob")]), "AccessDenied").await;
}

#[tokio::test]
async fn a_sessions_tags_are_its_principals() {
    let cloud = Cloud::new();
    let role = cloud.role("builder", &trust_account(ACCOUNT)).await;
    let condition = r#""Action":"iam:ListUsers","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalTag/team":"blue"}}"#;
    let document = policy("Allow", condition);
    cloud.iam("PutRolePolicy", &[("RoleName", "builder"), ("PolicyName", "all"), ("PolicyDocument", &document)]).await;
    let anna = anna(&cloud).await;
    let (tagged, plain) = (anna.assume(&role, &TEAM).await, anna.assume(&role, &[]).await);
    assert_eq!(cloud.by(&tagged).bench.form("iam", "ListUsers", &[]).await.status, 200);
    assert_eq!(cloud.by(&plain).bench.form("iam", "ListUsers", &[]).await.status, 403);
}
