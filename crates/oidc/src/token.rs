//! A JSON Web Token in its compact form, taken apart.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

/// A token, of which nothing is known to be true.
pub struct Token<'a> {
    /// `alg`: how it is signed.
    pub algorithm: String,
    /// `kid`: which of the provider's keys signed it.
    pub key_id: Option<String>,
    /// What it says.
    pub claims: Map<String, Value>,
    /// What the signature is of.
    pub signed: &'a [u8],
    /// The signature.
    pub signature: Vec<u8>,
}

impl<'a> Token<'a> {
    /// Takes a token apart; `None` if it is none. A token with critical header parameters (RFC 7515, section 4.1.11) is none either, since
    /// none of them is understood.
    pub fn parse(text: &'a str) -> Option<Self> {
        let (signed, signature) = text.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let (header, claims) = (object(header)?, object(claims)?);
        if header.contains_key("crit") {
            return None;
        }
        Some(Self {
            algorithm: header.get("alg")?.as_str()?.to_owned(),
            key_id: header.get("kid").and_then(Value::as_str).map(str::to_owned),
            claims,
            signed: signed.as_bytes(),
            signature: URL_SAFE_NO_PAD.decode(signature).ok()?,
        })
    }
}

fn object(part: &str) -> Option<Map<String, Value>> {
    match serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()? {
        Value::Object(object) => Some(object),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(json: &str) -> String {
        URL_SAFE_NO_PAD.encode(json)
    }

    #[test]
    fn a_token_has_three_parts() {
        let text = format!("{}.{}.{}", part(r#"{"alg":"RS256","kid":"1"}"#), part(r#"{"sub":"me"}"#), part("signature"));
        let token = Token::parse(&text).unwrap();
        assert_eq!((token.algorithm.as_str(), token.key_id.as_deref()), ("RS256", Some("1")));
        assert_eq!((token.claims["sub"].as_str(), &*token.signature), (Some("me"), &b"signature"[..]));
        assert_eq!(token.signed, &text.as_bytes()[..text.rfind('.').unwrap()]);
    }

    #[test]
    fn what_is_no_token_is_none() {
        let good = part(r#"{"alg":"RS256"}"#);
        for bad in [
            String::new(),
            "..".into(),
            "a.b.c".into(),
            format!("{good}.{}", part("{}")),
            format!("{good}.{}.!", part("{}")),
            format!("{good}.{}.", part("[]")),
            format!("{}.{}.", part("{}"), part("{}")),
            format!("{good}.{}.a.b", part("{}")),
            format!("{}.{}.", part(r#"{"alg":"RS256","crit":["exp"]}"#), part("{}")),
        ] {
            assert!(Token::parse(&bad).is_none(), "{bad}");
        }
    }
}
