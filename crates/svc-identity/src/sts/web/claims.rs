//! What a token says, whether it is acceptable now, and which condition keys follow from it.

use super::super::errors;
use front::Answer;
use model::{Timestamp, iam::OidcProviderSpec};
use serde_json::{Map, Value};
use std::time::Duration;

/// How far a provider's clock may be ahead of ours.
const LEEWAY: Duration = Duration::from_secs(300);
/// Session tags and a source identity may come in the token (IAM user guide, "Pass session tags using AssumeRoleWithWebIdentity").
const TAGS: &str = "https://aws.amazon.com/tags";
const SOURCE_IDENTITY: &str = "https://aws.amazon.com/source_identity";
/// Google says in `azp` who asked for the token, and in `aud` for whom; AWS has two keys for that.
const GOOGLE: &str = "accounts.google.com";

/// Whom a token is of, and what it brings along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// `sub`.
    pub subject: String,
    /// The client for whom it was issued.
    pub audience: String,
    /// Condition keys, such as `accounts.example.com:sub`, and their values.
    pub keys: Vec<(String, Vec<String>)>,
    /// What the session is to have.
    pub told: Told,
}

/// What a token says of the session that is made for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Its tags.
    pub tags: Vec<(String, String)>,
    /// Which of them go on to the next session.
    pub transitive: Vec<String>,
    /// Who stands behind it.
    pub source_identity: Option<String>,
}

type Claims = Map<String, Value>;

/// Who says that he has issued the token: a URL.
pub fn issuer(claims: &Claims) -> Answer<&str> {
    text(claims, "iss").ok_or_else(|| errors::claim_missing("iss"))
}

/// Reads the claims of a token of the provider; `now` is the cloud's time.
pub fn identify(claims: &Claims, provider: &OidcProviderSpec, now: Timestamp) -> Answer<Identity> {
    in_time(claims, now)?;
    let subject = text(claims, "sub").ok_or_else(|| errors::claim_missing("sub"))?;
    let audience = audience(claims, provider)?;
    let mut keys = vec![("sub", vec![subject.to_owned()]), ("aud", vec![audience.clone()])];
    if claims.contains_key("amr") {
        keys.push(("amr", texts(claims.get("amr"))));
    }
    if provider.url == GOOGLE {
        keys.push(("oaud", texts(claims.get("aud"))));
        keys.push(("email", texts(claims.get("email"))));
    }
    let keys = keys.into_iter().map(|(claim, values)| (format!("{}:{claim}", provider.url), values)).collect();
    Ok(Identity { subject: subject.to_owned(), audience, keys, told: told(claims) })
}

fn in_time(claims: &Claims, now: Timestamp) -> Answer<()> {
    let expires = seconds(claims, "exp").ok_or_else(|| errors::claim_missing("exp"))?;
    let issued = seconds(claims, "iat").ok_or_else(|| errors::claim_missing("iat"))?;
    let now_s = now.0.div_euclid(1000);
    if now_s >= expires {
        return Err(errors::token_expired(now, expires));
    }
    let latest = (now + LEEWAY).0.div_euclid(1000);
    if issued > latest || seconds(claims, "nbf").is_some_and(|begins| begins > latest) {
        return Err(errors::rejected_claim("The token is not valid yet."));
    }
    Ok(())
}

/// The client that the token is for: `azp` where there is one, else whichever of `aud` is known.
fn audience(claims: &Claims, provider: &OidcProviderSpec) -> Answer<String> {
    let named = match text(claims, "azp") {
        Some(party) => vec![party.to_owned()],
        None => texts(claims.get("aud")),
    };
    if named.is_empty() {
        return Err(errors::claim_missing("aud"));
    }
    named.into_iter().find(|client| provider.client_ids.contains(client)).ok_or_else(errors::wrong_audience)
}

fn told(claims: &Claims) -> Told {
    let tags = claims.get(TAGS);
    let passed = tags.and_then(|tags| tags.get("principal_tags")).and_then(Value::as_object);
    let first = |(key, value): (&String, &Value)| Some((key.clone(), texts(Some(value)).into_iter().next()?));
    Told {
        tags: passed.into_iter().flatten().filter_map(first).collect(),
        transitive: texts(tags.and_then(|tags| tags.get("transitive_tag_keys"))),
        source_identity: text(claims, SOURCE_IDENTITY).map(str::to_owned),
    }
}

fn text<'a>(claims: &'a Claims, name: &str) -> Option<&'a str> {
    claims.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// A text, or several.
fn texts(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::String(text)) => vec![text.clone()],
        Some(Value::Array(values)) => values.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// Seconds since 1970, which may have a fraction (RFC 7519, "NumericDate").
fn seconds(claims: &Claims, name: &str) -> Option<i64> {
    let value = claims.get(name)?;
    value.as_i64().or_else(|| value.as_f64().map(|seconds| seconds.floor() as i64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const NOW: Timestamp = Timestamp(1_767_225_600_000);
    const NOW_S: i64 = NOW.0 / 1000;

    fn provider(url: &str) -> OidcProviderSpec {
        let client_ids = ["web".to_owned(), "cli".to_owned()].into();
        OidcProviderSpec { url: url.into(), client_ids, thumbprints: Vec::new(), tags: Default::default(), created_at: NOW }
    }

    fn claims(changes: Value) -> Claims {
        let mut claims = json!({
            "iss": "https://id.example.com", "sub": "anna", "aud": ["other", "web"], "exp": NOW_S + 60, "iat": NOW_S,
        });
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        claims.as_object().unwrap().clone()
    }

    fn read(changes: Value) -> Answer<Identity> {
        identify(&claims(changes), &provider("id.example.com"), NOW)
    }

    #[test]
    fn the_condition_keys_bear_the_providers_name() {
        let found = read(json!({"amr": ["pwd", "otp"]})).unwrap();
        let values = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>();
        let expected = [
            ("id.example.com:sub".to_owned(), values(&["anna"])),
            ("id.example.com:aud".to_owned(), values(&["web"])),
            ("id.example.com:amr".to_owned(), values(&["pwd", "otp"])),
        ];
        assert_eq!(found.keys, expected);
        assert_eq!((found.subject.as_str(), found.audience.as_str(), found.told), ("anna", "web", Told::default()));
    }

    #[test]
    fn the_authorized_party_goes_before_the_audience() {
        let google = identify(&claims(json!({"azp": "cli", "aud": "server"})), &provider(GOOGLE), NOW).unwrap();
        assert_eq!(google.audience, "cli");
        assert!(google.keys.contains(&("accounts.google.com:oaud".to_owned(), vec!["server".to_owned()])));
        assert_eq!(read(json!({"azp": "stranger"})).unwrap_err(), errors::wrong_audience());
        assert_eq!(read(json!({"aud": "other"})).unwrap_err(), errors::wrong_audience());
    }

    #[test]
    fn time_is_the_clouds() {
        assert!(read(json!({"exp": NOW_S + 1, "nbf": NOW_S + 300})).is_ok());
        let expired = read(json!({"exp": NOW_S})).unwrap_err();
        assert_eq!(expired, errors::token_expired(NOW, NOW_S));
        assert_eq!(
            expired.message,
            format!("Token expired: current date/time {NOW_S} must be before the expiration date/time {NOW_S}")
        );
        for ahead in ["iat", "nbf"] {
            assert_eq!(read(json!({ahead: NOW_S + 301})).unwrap_err().code, "IDPRejectedClaim", "{ahead}");
        }
    }

    #[test]
    fn what_has_to_be_there_is_asked_for() {
        for claim in ["sub", "aud", "exp", "iat"] {
            assert_eq!(read(json!({claim: null})).unwrap_err(), errors::claim_missing(claim));
        }
        assert_eq!(issuer(&claims(json!({"iss": null}))).unwrap_err(), errors::claim_missing("iss"));
    }

    #[test]
    fn tags_and_a_source_identity_come_in_the_token() {
        let tags = json!({"principal_tags": {"team": ["blue"], "bad": 1}, "transitive_tag_keys": ["team"]});
        let told = read(json!({TAGS: tags, SOURCE_IDENTITY: "anna"})).unwrap().told;
        assert_eq!(told.tags, [("team".to_owned(), "blue".to_owned())]);
        assert_eq!((told.transitive, told.source_identity), (vec!["team".to_owned()], Some("anna".to_owned())));
    }
}
