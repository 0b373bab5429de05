//! HTTP APIs: route keys, the paths that fall under them, mappings, tokens, and what functions answer.
//!
//! An input is a route's key, a path, a mapping's key and value, a token and an answer, with NUL characters between them.
#![no_main]

// The file alone: its crate brings a client of HTTPS along.
#[path = "../../crates/oidc/src/token.rs"]
#[expect(dead_code, reason = "tokens are verified elsewhere")]
mod token;

use fuzz::texts;
use libfuzzer_sys::fuzz_target;
use logic::http_api::{answer, jwt, mapping, path, route_key::RouteKey, router::Router};
use model::apigatewayv2::PayloadVersion;
use std::collections::BTreeMap;
use token::Token;

fuzz_target!(|data: &[u8]| {
    let [key, request, place, value, token, payload] = texts(data);
    let routes = [("given", key.as_str()), ("pet", "GET /pets/{id}"), ("all", "ANY /{proxy+}"), ("else", "$default")];
    let router = Router::new(routes);
    let found = router.find("GET", &request).expect("there is a default");
    assert!(found.route != "given" || RouteKey::parse(&key).is_ok());
    path::query(&request);
    path::stage(&request, |_| true).expect("every stage exists");
    let _ = mapping::of_request(&BTreeMap::from([(place.clone(), value.clone())]));
    let _ = mapping::of_answers(&BTreeMap::from([("200".to_owned(), BTreeMap::from([(place, value)]))]));
    if let Some(token) = Token::parse(jwt::token(&token)) {
        jwt::as_texts(&token.claims);
    }
    for version in [PayloadVersion::V1, PayloadVersion::V2] {
        if let Ok(answer) = answer::read(version, payload.as_bytes()) {
            assert!((100..1000).contains(&answer.status));
        }
    }
});
