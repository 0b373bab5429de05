//! Whether a JSON Web Token lets its bearer through (developer guide, "Control access to HTTP APIs with JWT authorizers", *Authorizing API
//! requests*). Whether its issuer has signed it is known by then.

use super::exchange::plain;
use model::Timestamp;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What a token says.
pub type Claims = Map<String, Value>;

/// What an authorizer and a route ask of a token.
#[derive(Clone, Copy, Debug)]
pub struct Demand<'a> {
    /// Who has to have issued it.
    pub issuer: &'a str,
    /// For one of whom.
    pub audience: &'a [String],
    /// Of which it has to have one, if there are any.
    pub scopes: &'a [String],
}

/// Why a token doesn't let its bearer through: what `error_description` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Another has issued it.
    #[error("the token does not have a valid issuer")]
    Issuer,
    /// It is for others.
    #[error("the token does not have a valid audience")]
    Audience,
    /// It has no time at which it ends, or it is over.
    #[error("the token has expired")]
    Expired,
    /// It counts later only.
    #[error("the token is not valid yet")]
    Early,
    /// It has none of the scopes.
    #[error("the token does not have enough scopes")]
    Scope,
}

/// The token in an identity source: by itself, or behind `Bearer`.
pub fn token(source: &str) -> &str {
    let bearer = source.get(..7).filter(|prefix| prefix.eq_ignore_ascii_case("bearer "));
    bearer.map_or(source, |prefix| &source[prefix.len()..]).trim()
}

/// Whether the token lets its bearer through now; those of the demanded scopes that it has, if any are demanded.
pub fn judge(claims: &Claims, demand: Demand<'_>, now: Timestamp) -> Result<Option<Vec<String>>, Refused> {
    if claims.get("iss").and_then(Value::as_str) != Some(demand.issuer) {
        return Err(Refused::Issuer);
    }
    // `client_id` counts only where there is no `aud`, as in the access tokens of Amazon Cognito.
    let audience = texts(claims.get("aud").or_else(|| claims.get("client_id")));
    if !audience.iter().any(|client| demand.audience.contains(client)) {
        return Err(Refused::Audience);
    }
    let now = now.0 as f64 / 1000.0;
    if seconds(claims, "exp").is_none_or(|ends| now >= ends) {
        return Err(Refused::Expired);
    }
    if ["nbf", "iat"].into_iter().any(|claim| seconds(claims, claim).is_some_and(|begins| begins > now)) {
        return Err(Refused::Early);
    }
    if demand.scopes.is_empty() {
        return Ok(None);
    }
    let held = scopes(claims);
    let shared: Vec<String> = demand.scopes.iter().filter(|scope| held.contains(scope)).cloned().collect();
    if shared.is_empty() { Err(Refused::Scope) } else { Ok(Some(shared)) }
}

/// What a token says, as texts: lists in brackets with spaces between their items.
pub fn as_texts(claims: &Claims) -> BTreeMap<String, String> {
    let text = |value: &Value| match value {
        Value::Array(items) => format!("[{}]", items.iter().map(plain).collect::<Vec<_>>().join(" ")),
        value => plain(value),
    };
    claims.iter().map(|(name, value)| (name.clone(), text(value))).collect()
}

/// `scope`, or `scp`: a list, or a text with spaces between the scopes.
fn scopes(claims: &Claims) -> Vec<String> {
    let found = texts(claims.get("scope").or_else(|| claims.get("scp")));
    found.iter().flat_map(|text| text.split_whitespace()).map(str::to_owned).collect()
}

fn texts(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::String(text)) => vec![text.clone()],
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

fn seconds(claims: &Claims, name: &str) -> Option<f64> {
    claims.get(name)?.as_f64()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn judged(changes: Value, scopes: &[&str]) -> Result<Option<Vec<String>>, Refused> {
        let mut claims = json!({"iss": "https://id", "aud": ["other", "web"], "exp": 200, "iat": 100, "scope": "read write"});
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        let (audience, scopes) = (["web".to_owned()], scopes.iter().map(|scope| (*scope).to_owned()).collect::<Vec<_>>());
        let demand = Demand { issuer: "https://id", audience: &audience, scopes: &scopes };
        judge(claims.as_object().unwrap(), demand, Timestamp(150_000))
    }

    #[test]
    fn a_token_has_to_be_right_in_everything() {
        assert_eq!(judged(json!({}), &[]), Ok(None));
        for (changes, refused) in [
            (json!({"iss": "https://other"}), Refused::Issuer),
            (json!({"aud": "other"}), Refused::Audience),
            (json!({"aud": null}), Refused::Audience),
            (json!({"aud": "other", "client_id": "web"}), Refused::Audience),
            (json!({"exp": 150}), Refused::Expired),
            (json!({"exp": null}), Refused::Expired),
            (json!({"nbf": 151}), Refused::Early),
            (json!({"iat": 151.5}), Refused::Early),
        ] {
            assert_eq!(judged(changes.clone(), &[]), Err(refused), "{changes}");
        }
        assert_eq!(judged(json!({"aud": null, "client_id": "web"}), &[]), Ok(None));
    }

    #[test]
    fn one_scope_is_enough() {
        assert_eq!(judged(json!({}), &["admin", "write"]), Ok(Some(vec!["write".into()])));
        assert_eq!(judged(json!({"scope": null, "scp": ["write"]}), &["write"]), Ok(Some(vec!["write".into()])));
        assert_eq!(judged(json!({}), &["admin"]), Err(Refused::Scope));
    }

    #[test]
    fn tokens_may_stand_behind_bearer() {
        assert_eq!([token("a.b.c"), token("Bearer a.b.c"), token("bearer  a.b.c ")], ["a.b.c"; 3]);
    }

    #[test]
    fn claims_become_texts() {
        let texts = as_texts(json!({"a": ["x", "y"], "b": 7, "c": "z", "d": true}).as_object().unwrap());
        assert_eq!(texts.into_values().collect::<Vec<_>>(), ["[x y]", "7", "z", "true"]);
    }
}
