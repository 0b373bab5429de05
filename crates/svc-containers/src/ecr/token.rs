//! The passwords of a registry: for whom they are, and until when, signed with a key of the cloud's own.
//!
//! Nothing is kept of a password, so that it costs nothing to issue one and it holds over a restart. What its holder may do with it is
//! decided at each request, by the policies of then. An access key that is deleted or made inactive takes its passwords with it; the end
//! of a session does not.

use aws_lc_rs::hmac::{self, HMAC_SHA256};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use model::{AccountId, Region, Timestamp};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// For how long a password holds (Amazon ECR API reference, `GetAuthorizationToken`).
pub const VALID: Duration = Duration::from_secs(12 * 3600);

/// The user name that goes with each password.
pub const USER: &str = "AWS";

/// What a password says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pass {
    /// The account of the registry that is meant where the address names none.
    pub registry: AccountId,
    /// The region of that registry.
    pub region: Region,
    /// From then on it opens nothing.
    pub expires_at: Timestamp,
    /// What it opens.
    pub opens: Opens,
}

/// What a password opens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Opens {
    /// What the holder of an access key may do.
    Key(String),
    /// What the account's root may do.
    Root(AccountId),
    /// One blob of one repository, for reading: `GetDownloadUrlForLayer` has decided already.
    Blob {
        /// The repository's name.
        repository: String,
        /// The blob's digest.
        digest: String,
    },
}

impl Pass {
    /// The password.
    pub fn seal(&self, secret: &str) -> String {
        let body = serde_json::to_vec(self).unwrap_or_default();
        let tag = hmac::sign(&key(secret), &body);
        format!("{}.{}", URL_SAFE_NO_PAD.encode(&body), URL_SAFE_NO_PAD.encode(tag))
    }

    /// What a password says, if it was sealed with the secret and still holds.
    pub fn open(password: &str, secret: &str, now: Timestamp) -> Option<Self> {
        let (body, tag) = password.split_once('.')?;
        let (body, tag) = (URL_SAFE_NO_PAD.decode(body).ok()?, URL_SAFE_NO_PAD.decode(tag).ok()?);
        hmac::verify(&key(secret), &body, &tag).ok()?;
        let pass: Pass = serde_json::from_slice(&body).ok()?;
        (now < pass.expires_at).then_some(pass)
    }
}

fn key(secret: &str) -> hmac::Key {
    hmac::Key::new(HMAC_SHA256, secret.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_holds_until_it_expires_and_for_nobody_elses_key() {
        let pass = Pass {
            registry: AccountId::parse("111122223333").unwrap(),
            region: Region::parse("eu-west-1").unwrap(),
            expires_at: Timestamp(1000),
            opens: Opens::Key("AKIAEXAMPLE".into()),
        };
        let password = pass.seal("secret");
        assert_eq!(Pass::open(&password, "secret", Timestamp(999)), Some(pass));
        assert_eq!(Pass::open(&password, "secret", Timestamp(1000)), None);
        assert_eq!(Pass::open(&password, "other", Timestamp(0)), None);
        for wrong in ["", ".", "a.b", &password[1..], &password[..password.len() - 1]] {
            assert_eq!(Pass::open(wrong, "secret", Timestamp(0)), None, "{wrong}");
        }
    }
}
