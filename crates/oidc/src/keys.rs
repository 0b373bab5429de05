//! A provider's set of keys (RFC 7517), and whether one of them signed a token (RFC 7518, sections 3.3 and 3.4).

use crate::token::Token;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED, EcdsaVerificationAlgorithm,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RsaParameters, RsaPublicKeyComponents,
    UnparsedPublicKey,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;

/// The most keys of a set that are looked at (IAM user guide: a provider's key set may have 100 RSA and 100 EC keys).
const MOST_KEYS: usize = 200;

/// The keys of a provider.
#[derive(Debug, Deserialize)]
pub struct KeySet {
    keys: Vec<Jwk>,
}

/// A key as it is published; those of other kinds are never chosen.
#[derive(Debug, Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    r#use: Option<String>,
    alg: Option<String>,
    n: Option<String>,
    e: Option<String>,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

/// Why a signature doesn't count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotVerified {
    /// The algorithm is none of those that IAM takes: RS256, RS384, RS512, ES256, ES384, ES512.
    Algorithm,
    /// The set has no key for the token.
    NoKey,
    /// It isn't a signature of what the token says.
    Wrong,
}

/// One of the algorithms that IAM takes (IAM user guide, "Create an OpenID Connect (OIDC) identity provider in IAM").
enum Algorithm {
    Rsa(&'static RsaParameters),
    /// With the curve's name and the length of a coordinate.
    Ec(&'static EcdsaVerificationAlgorithm, &'static str, usize),
}

impl Algorithm {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "RS256" => Algorithm::Rsa(&RSA_PKCS1_2048_8192_SHA256),
            "RS384" => Algorithm::Rsa(&RSA_PKCS1_2048_8192_SHA384),
            "RS512" => Algorithm::Rsa(&RSA_PKCS1_2048_8192_SHA512),
            "ES256" => Algorithm::Ec(&ECDSA_P256_SHA256_FIXED, "P-256", 32),
            "ES384" => Algorithm::Ec(&ECDSA_P384_SHA384_FIXED, "P-384", 48),
            "ES512" => Algorithm::Ec(&ECDSA_P521_SHA512_FIXED, "P-521", 66),
            _ => return None,
        })
    }
}

impl KeySet {
    /// Reads a set; `None` if it is none.
    pub fn parse(json: &[u8]) -> Option<Self> {
        serde_json::from_slice::<Self>(json).ok().filter(|set| set.keys.len() <= MOST_KEYS)
    }

    /// Whether one of the keys signed the token.
    pub fn verify(&self, token: &Token<'_>) -> Result<(), NotVerified> {
        let algorithm = Algorithm::named(&token.algorithm).ok_or(NotVerified::Algorithm)?;
        let mut answer = Err(NotVerified::NoKey);
        for key in self.keys.iter().filter(|key| key.is_for(token)) {
            match key.verified(&algorithm, token) {
                Some(true) => return Ok(()),
                Some(false) => answer = Err(NotVerified::Wrong),
                None => {}
            }
        }
        answer
    }
}

impl Jwk {
    /// Whether it says of itself that it may have signed the token.
    fn is_for(&self, token: &Token<'_>) -> bool {
        let named = token.key_id.is_none() || self.kid == token.key_id;
        let signs = self.r#use.as_deref().is_none_or(|it| it == "sig");
        named && signs && self.alg.as_deref().is_none_or(|it| it == token.algorithm)
    }

    /// Whether the key signed the token; `None` if it is another kind of key.
    fn verified(&self, algorithm: &Algorithm, token: &Token<'_>) -> Option<bool> {
        let (message, signature) = (token.signed, &*token.signature);
        match algorithm {
            Algorithm::Rsa(parameters) if self.kty == "RSA" => {
                let components = RsaPublicKeyComponents { n: number(&self.n)?, e: number(&self.e)? };
                Some(components.verify(parameters, message, signature).is_ok())
            }
            Algorithm::Ec(algorithm, curve, length) if self.kty == "EC" && self.crv.as_deref() == Some(*curve) => {
                let point = [&[4][..], &padded(&self.x, *length)?, &padded(&self.y, *length)?].concat();
                Some(UnparsedPublicKey::new(*algorithm, point).verify(message, signature).is_ok())
            }
            _ => None,
        }
    }
}

/// A number without leading zeros.
fn number(text: &Option<String>) -> Option<Vec<u8>> {
    let bytes = URL_SAFE_NO_PAD.decode(text.as_deref()?).ok()?;
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    Some(bytes[zeros..].to_vec()).filter(|bytes| !bytes.is_empty())
}

/// A number with as many leading zeros as it needs to be that long.
fn padded(text: &Option<String>, length: usize) -> Option<Vec<u8>> {
    let bytes = number(text)?;
    let zeros = length.checked_sub(bytes.len())?;
    Some([vec![0; zeros], bytes].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::{
        rand::SystemRandom,
        rsa::{KeySize, PublicKeyComponents},
        signature::{
            ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm, KeyPair,
            RSA_PKCS1_SHA256, RsaKeyPair,
        },
    };
    use serde_json::{Value, json};

    fn encoded(bytes: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode(bytes)
    }

    fn unsigned(algorithm: &str, key_id: &str) -> String {
        let header = json!({"alg": algorithm, "kid": key_id}).to_string();
        format!("{}.{}", encoded(header.as_bytes()), encoded(br#"{"sub":"me"}"#))
    }

    fn set(keys: &[&Value]) -> KeySet {
        KeySet::parse(json!({"keys": keys}).to_string().as_bytes()).unwrap()
    }

    fn rsa(pair: &RsaKeyPair, key_id: &str) -> Value {
        let parts = PublicKeyComponents::<Vec<u8>>::from(pair.public_key());
        json!({"kty": "RSA", "kid": key_id, "use": "sig", "n": encoded(&parts.n), "e": encoded(&parts.e)})
    }

    fn sign_rsa(pair: &RsaKeyPair, key_id: &str) -> String {
        let unsigned = unsigned("RS256", key_id);
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), unsigned.as_bytes(), &mut signature).unwrap();
        format!("{unsigned}.{}", encoded(&signature))
    }

    fn ec(algorithm: &'static EcdsaSigningAlgorithm, curve: &str, name: &str) -> (Value, String) {
        let pair = EcdsaKeyPair::generate(algorithm).unwrap();
        let point = &pair.public_key().as_ref()[1..];
        let (x, y) = point.split_at(point.len() / 2);
        let unsigned = unsigned(name, "e");
        let signature = pair.sign(&SystemRandom::new(), unsigned.as_bytes()).unwrap();
        let key = json!({"kty": "EC", "kid": "e", "crv": curve, "x": encoded(x), "y": encoded(y)});
        (key, format!("{unsigned}.{}", encoded(signature.as_ref())))
    }

    fn verify(set: &KeySet, token: &str) -> Result<(), NotVerified> {
        set.verify(&Token::parse(token).unwrap())
    }

    #[test]
    fn the_key_that_signed_verifies_and_no_other_does() {
        let (ours, theirs) = (RsaKeyPair::generate(KeySize::Rsa2048).unwrap(), RsaKeyPair::generate(KeySize::Rsa2048).unwrap());
        let both = set(&[&rsa(&theirs, "2"), &rsa(&ours, "1")]);
        let token = sign_rsa(&ours, "1");
        assert_eq!(verify(&both, &token), Ok(()));
        assert_eq!(verify(&both, &sign_rsa(&ours, "2")), Err(NotVerified::Wrong));
        assert_eq!(verify(&both, &sign_rsa(&ours, "3")), Err(NotVerified::NoKey));
        let (head, _) = token.rsplit_once('.').unwrap();
        assert_eq!(verify(&both, &format!("{head}.")), Err(NotVerified::Wrong));
    }

    #[test]
    fn elliptic_curves_verify_too() {
        for (algorithm, curve, name) in
            [(&ECDSA_P256_SHA256_FIXED_SIGNING, "P-256", "ES256"), (&ECDSA_P521_SHA512_FIXED_SIGNING, "P-521", "ES512")]
        {
            let (key, token) = ec(algorithm, curve, name);
            assert_eq!(verify(&set(&[&key]), &token), Ok(()), "{name}");
            let (other, _) = ec(algorithm, curve, name);
            assert_eq!(verify(&set(&[&other]), &token), Err(NotVerified::Wrong), "{name}");
        }
    }

    #[test]
    fn a_key_is_used_for_what_it_is_only() {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let token = sign_rsa(&pair, "1");
        for (member, value) in [("use", "enc"), ("alg", "RS512"), ("kty", "EC"), ("n", "!")] {
            let mut key = rsa(&pair, "1");
            key[member] = value.into();
            assert_eq!(verify(&set(&[&key]), &token), Err(NotVerified::NoKey), "{member}");
        }
        for algorithm in ["none", "HS256", "PS256"] {
            let token = format!("{}.", unsigned(algorithm, "1"));
            assert_eq!(verify(&set(&[&rsa(&pair, "1")]), &token), Err(NotVerified::Algorithm), "{algorithm}");
        }
        assert!(KeySet::parse(b"{}").is_none() && KeySet::parse(b"[]").is_none());
    }
}
