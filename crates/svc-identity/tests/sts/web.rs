//! Sessions of roles for the bearers of tokens.

use crate::{
    cloud::{ACCOUNT, Cloud, policy, signer},
    provider::Provider,
};
use bytes::Bytes;
use front::testing::Reply;
use http::Request;
use serde_json::json;
use std::{sync::atomic::Ordering, time::Duration};

/// A cloud whose account knows the provider, and a role that its tokens may assume.
async fn cloud(provider: &Provider) -> (Cloud, String) {
    let cloud = Cloud::new();
    let url = format!("https://{}", provider.host);
    let known = [("Url", url.as_str()), ("ClientIDList.member.1", "sts.amazonaws.com")];
    cloud.iam("CreateOpenIDConnectProvider", &known).await;
    let role = cloud.role("deploy", &trust(&provider.host, "sts:AssumeRoleWithWebIdentity")).await;
    (cloud, role)
}

fn trust(host: &str, action: &str) -> String {
    let rest = format!(
        r#""Principal":{{"Federated":"arn:aws:iam::{ACCOUNT}:oidc-provider/{host}"}},"Action":["{action}"],"Condition":{{"StringLike":{{"{host}:sub":"repo:acme/*"}},"StringEquals":{{"{host}:aud":"sts.amazonaws.com"}}}}"#
    );
    policy("Allow", &rest)
}

/// Calls the operation as SDKs do: without a signature.
async fn assume(cloud: &Cloud, role: &str, token: &str, more: &[(&str, &str)]) -> Reply {
    let encode = |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
    let mut body = "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleSessionName=ci".to_owned();
    for (name, value) in [("RoleArn", role), ("WebIdentityToken", token)].iter().chain(more) {
        body.push_str(&format!("&{name}={}", encode(value)));
    }
    let request = Request::post("/").header("host", "localhost:4566").header("content-type", "application/x-www-form-urlencoded");
    cloud.bench.send(request.body(Bytes::from(body)).unwrap()).await
}

async fn refused(cloud: &Cloud, role: &str, token: &str) -> (String, String) {
    let reply = assume(cloud, role, token, &[]).await;
    (reply.element("Code"), reply.element("Message"))
}

#[tokio::test]
async fn the_bearer_of_a_token_gets_a_session() {
    let provider = Provider::start().await;
    let (cloud, role) = cloud(&provider).await;
    let reply = assume(&cloud, &role, &provider.token(json!({})), &[("DurationSeconds", "900")]).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(reply.element("SubjectFromWebIdentityToken"), "repo:acme/web");
    assert_eq!(reply.element("Audience"), "sts.amazonaws.com");
    assert_eq!(reply.element("Provider"), format!("arn:aws:iam::{ACCOUNT}:oidc-provider/{}", provider.host));
    assert_eq!(reply.element("Expiration"), "2026-01-01T00:15:00Z");
    assert_eq!(cloud.by(&signer(&reply)).who().await, format!("arn:aws:sts::{ACCOUNT}:assumed-role/deploy/ci"));
}

#[tokio::test]
async fn the_trust_policy_decides() {
    let provider = Provider::start().await;
    let (cloud, role) = cloud(&provider).await;
    let denied = ("AccessDenied".to_owned(), "Not authorized to perform sts:AssumeRoleWithWebIdentity".to_owned());
    assert_eq!(refused(&cloud, &role, &provider.token(json!({"sub": "repo:evil/web"}))).await, denied);
    let gone = format!("arn:aws:iam::{ACCOUNT}:role/nothing");
    assert_eq!(refused(&cloud, &gone, &provider.token(json!({}))).await, denied);
    let other = cloud.role("other", &trust(&provider.host, "sts:AssumeRole")).await;
    assert_eq!(refused(&cloud, &other, &provider.token(json!({}))).await, denied);
}

#[tokio::test]
async fn tags_in_a_token_need_the_roles_permission() {
    let provider = Provider::start().await;
    let (cloud, role) = cloud(&provider).await;
    let tags = json!({"https://aws.amazon.com/tags": {"principal_tags": {"team": ["blue"]}, "transitive_tag_keys": ["team"]}});
    let (code, message) = refused(&cloud, &role, &provider.token(tags.clone())).await;
    assert_eq!((code.as_str(), message.as_str()), ("AccessDenied", "Not authorized to perform sts:TagSession"));
    let tagging = cloud.role("tagging", &trust(&provider.host, "sts:*")).await;
    let reply = assume(&cloud, &tagging, &provider.token(tags), &[]).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
}

#[tokio::test]
async fn tokens_that_are_not_good_are_refused() {
    let provider = Provider::start().await;
    let (cloud, role) = cloud(&provider).await;
    let code = |token: String| {
        let (cloud, role) = (cloud.clone(), role.clone());
        async move { refused(&cloud, &role, &token).await }
    };
    let (kind, message) = code("no token".into()).await;
    assert!(kind == "InvalidIdentityToken" && message.contains("is not a valid JWT"), "{message}");
    let stranger = "https://id.example.com";
    let (kind, message) = code(provider.token(json!({"iss": stranger}))).await;
    assert_eq!(kind, "InvalidIdentityToken");
    assert_eq!(message, format!("No OpenIDConnect provider found in your account for {stranger}"));
    let (kind, message) = code(provider.token(json!({"aud": "somebody"}))).await;
    assert_eq!((kind.as_str(), message.as_str()), ("InvalidIdentityToken", "Incorrect token audience"));
    let good = provider.token(json!({}));
    let other = Provider::start().await.token(json!({"iss": provider.issuer()}));
    let (head, signature) = good.rsplit_once('.').unwrap();
    let changed: String = signature.chars().rev().collect();
    for forged in [other, format!("{head}.{changed}"), format!("{head}."), good.replace('.', "..")] {
        assert_eq!(code(forged).await.0, "InvalidIdentityToken");
    }
    cloud.bench.advance(Duration::from_secs(3600));
    let (kind, message) = code(good).await;
    assert!(kind == "ExpiredTokenException" && message.starts_with("Token expired: current date/time 1767229200"), "{message}");
}

#[tokio::test]
async fn keys_are_kept_for_a_while_and_asked_for_when_a_new_one_is_used() {
    let provider = Provider::start().await;
    let (cloud, role) = cloud(&provider).await;
    let asked = || provider.asked.load(Ordering::SeqCst);
    for _ in 0..3 {
        assert_eq!(assume(&cloud, &role, &provider.token(json!({})), &[]).await.status, 200);
    }
    assert_eq!(asked(), 2, "the configuration and the keys, once");
    provider.rename_key("2");
    let renamed = provider.signed("2", json!({}));
    let (_, message) = refused(&cloud, &role, &renamed).await;
    assert!(message.contains("retrieve verification key"), "{message}");
    assert_eq!(asked(), 2, "strangers can't make the cloud ask again and again");
    cloud.bench.advance(Duration::from_secs(60));
    assert_eq!(assume(&cloud, &role, &renamed, &[]).await.status, 200);
    assert_eq!(asked(), 4);
}

#[tokio::test]
async fn a_provider_that_is_away_is_told_of() {
    let provider = Provider::start().await;
    let (cloud, role) = cloud(&provider).await;
    *provider.keys.lock().unwrap() = None;
    assert_eq!(refused(&cloud, &role, &provider.token(json!({}))).await.0, "IDPCommunicationError");
    *provider.keys.lock().unwrap() = Some(json!({"no": "keys"}));
    assert_eq!(refused(&cloud, &role, &provider.token(json!({}))).await.0, "InvalidIdentityToken");
}
