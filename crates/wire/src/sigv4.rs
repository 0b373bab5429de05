//! AWS Signature Version 4: whether a request was signed with a key's secret, and when (IAM user guide, "AWS Signature Version 4
//! for API requests"; for S3's variations, Amazon S3 API reference, "Authenticating requests").
//!
//! [`Claim::read`] says who claims to have signed and what the claim covers; the caller looks up that key's secret, and
//! [`Claim::verify`] decides. Nothing here knows which keys exist, reads a clock, or words an answer to a client: a [`Refusal`] says
//! what is wrong, and whoever knows the service words it.

mod canonical;
mod claim;
mod key;
mod refusal;
mod scope;
#[cfg(test)]
mod tests;

pub use claim::{Claim, Form, Payload, basic_format};
pub use key::{Keys, SigningKey};
pub use refusal::Refusal;
pub use scope::Scope;

use crate::Time;
use aws_lc_rs::digest;
use http::HeaderMap;

/// How far the clock of a signer may be from ours, either way: 15 minutes, in milliseconds.
pub const SKEW_MS: i64 = 15 * 60 * 1000;

/// The longest that a presigned address may be valid: seven days, in seconds.
pub const LONGEST_EXPIRY_S: i64 = 7 * 24 * 3600;

/// The part of a request that precedes its body, as it was sent.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// The method, such as `POST`.
    pub method: &'a str,
    /// The path, percent-encoding included.
    pub path: &'a str,
    /// The query string without `?`.
    pub query: &'a str,
    /// The headers; over HTTP/2, `host` is made from `:authority`.
    pub headers: &'a HeaderMap,
}

/// How a service wants the canonical request made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Style {
    /// The path is normalised and its encoding encoded once more; every service but S3.
    Common,
    /// The path is taken as it is, the hash of the payload is in a header, and no `x-amz-` header may be left unsigned.
    S3,
}

/// The hex SHA-256 of a body, as it stands in a canonical request.
pub fn body_hash(body: &[u8]) -> String {
    hex::encode(digest::digest(&digest::SHA256, body))
}

impl Claim {
    /// Decides whether the request was signed with `secret`. `body` is the whole body, where the claim covers it as a whole
    /// ([`Claim::covers_body`]); else it is not looked at.
    ///
    /// What comes back signs and verifies the chunks of a streamed body ([`crate::body`]).
    pub fn verify(
        &self,
        head: Head<'_>,
        body: &[u8],
        secret: &str,
        style: Style,
        now: Time,
        keys: &Keys,
    ) -> Result<SigningKey, Refusal> {
        self.check_time(now)?;
        let payload = self.payload_hash(body)?;
        self.verify_payload(head, &payload, secret, style, keys)
    }

    /// As [`Claim::verify`], before the body has come: what the claim says of it is taken as it is said, and has to be held against the
    /// body by whoever reads it. A claim that says nothing ([`Payload::Unstated`]) can't be verified so.
    pub fn verify_head(&self, head: Head<'_>, secret: &str, style: Style, now: Time, keys: &Keys) -> Result<SigningKey, Refusal> {
        self.check_time(now)?;
        self.verify_payload(head, self.payload.as_str(), secret, style, keys)
    }

    fn verify_payload(
        &self,
        head: Head<'_>,
        payload: &str,
        secret: &str,
        style: Style,
        keys: &Keys,
    ) -> Result<SigningKey, Refusal> {
        let canonical = canonical::request(self, head, payload, style)?;
        let to_sign = canonical::string_to_sign(self, &canonical);
        let key = keys.derive(secret, &self.scope);
        if key.verifies(to_sign.as_bytes(), &self.signature) {
            return Ok(key);
        }
        Err(Refusal::Mismatch { canonical_request: canonical, string_to_sign: to_sign })
    }

    fn check_time(&self, now: Time) -> Result<(), Refusal> {
        let skewed = || Refusal::Skewed { signed: self.at, now };
        match self.form {
            Form::Header if (self.at.0 - now.0).abs() > SKEW_MS => Err(skewed()),
            Form::Presigned { .. } if self.at.0 - now.0 > SKEW_MS => Err(skewed()),
            Form::Presigned { expires_s } if now.0 > self.at.0 + expires_s * 1000 => {
                Err(Refusal::Expired { at: self.at, expires_s })
            }
            _ => Ok(()),
        }
    }

    /// The last line of the canonical request.
    fn payload_hash(&self, body: &[u8]) -> Result<String, Refusal> {
        match &self.payload {
            Payload::Unstated => Ok(body_hash(body)),
            Payload::Hash(stated) if *stated == body_hash(body) => Ok(stated.clone()),
            Payload::Hash(stated) => Err(Refusal::PayloadMismatch { stated: stated.clone(), found: body_hash(body) }),
            other => Ok(other.as_str().to_owned()),
        }
    }
}
