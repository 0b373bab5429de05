//! Tokens: an issuer is asked for his keys once, and again when he has others.

#[path = "../../../svc-identity/tests/sts/provider.rs"]
mod provider;

use super::cloud::{Cloud, lambda};
use http::Request;
use provider::Provider;
use serde_json::json;
use std::{sync::atomic::Ordering, time::Duration};

struct Guarded {
    cloud: Cloud,
    api: String,
    provider: Provider,
}

impl Guarded {
    async fn new() -> Self {
        let (cloud, provider) = (Cloud::new(), Provider::start().await);
        let api = cloud.api().await;
        let input = json!({"name": "tokens", "authorizerType": "JWT", "identitySource": ["$request.header.Authorization"],
            "jwtConfiguration": {"issuer": provider.issuer(), "audience": ["web"]}});
        let made = cloud.ok("POST", &format!("/apis/{api}/authorizers"), input).await;
        let guard = json!({"authorizationType": "JWT", "authorizerId": made["authorizerId"]});
        cloud.route(&api, "GET /a", lambda("hello"), guard).await;
        Self { cloud, api, provider }
    }

    /// The status for a token of that key, and how often the issuer was asked by then.
    async fn ask(&self, key: &str) -> (u16, usize) {
        let claims = json!({"aud": "web"});
        let token = if key == "1" { self.provider.token(claims) } else { self.provider.signed(key, claims) };
        let bearer = format!("Bearer {token}");
        let reply = self.cloud.ask_with(&self.api, Request::get("/a").header("authorization", bearer), "").await;
        (reply.status, self.provider.asked.load(Ordering::SeqCst))
    }
}

#[tokio::test]
async fn keys_are_asked_for_once_and_again_when_there_are_others() {
    let guarded = Guarded::new().await;
    assert_eq!(guarded.ask("1").await, (200, 2), "the configuration and the keys");
    assert_eq!(guarded.ask("1").await, (200, 2));
    guarded.provider.rename_key("2");
    // A token with a key that nobody knows is no reason to ask at once: strangers could have the issuer asked for ever.
    assert_eq!(guarded.ask("2").await, (401, 2));
    guarded.cloud.bench.advance(Duration::from_secs(60));
    assert_eq!(guarded.ask("2").await, (200, 4));
    assert_eq!(guarded.ask("1").await, (401, 4), "the old key is none any more");
}

#[tokio::test]
async fn an_issuer_that_is_away_is_asked_again() {
    let guarded = Guarded::new().await;
    let keys = guarded.provider.keys.lock().unwrap().take();
    assert_eq!(guarded.ask("1").await.0, 401);
    *guarded.provider.keys.lock().unwrap() = keys;
    assert_eq!(guarded.ask("1").await.0, 200);
}
