//! Signing calls (IAM user guide, "Create a signed AWS API request").

use anyhow::{Result, anyhow};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request};
use model::Timestamp;
use wire::{
    Time,
    sigv4::{Scope, SigningKey, basic_format, body_hash},
};

/// An access key.
#[derive(Clone)]
pub struct Signer {
    /// Its id.
    pub key: String,
    /// Its secret.
    pub secret: String,
    /// The session that it belongs to.
    pub token: Option<String>,
}

impl Signer {
    /// The key that the environment names, as for the AWS CLI.
    pub fn of_environment() -> Option<Self> {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let (key, secret) = (variable("AWS_ACCESS_KEY_ID")?, variable("AWS_SECRET_ACCESS_KEY")?);
        Some(Self { key, secret, token: variable("AWS_SESSION_TOKEN") })
    }

    /// Signs a request whose path needs no encoding and that has no query. All its headers are signed.
    pub fn sign(&self, request: &mut Request<Bytes>, service: &str, region: &str, now: Timestamp) -> Result<()> {
        let date = basic_format(Time(now.0));
        insert(request, "x-amz-date", &date)?;
        if let Some(token) = &self.token {
            insert(request, "x-amz-security-token", token)?;
        }
        let credential = format!("{}/{}/{region}/{service}/aws4_request", self.key, &date[..8]);
        let scope = Scope::parse(&credential).map_err(|_| anyhow!("The region {region} or the key's id is malformed"))?;
        let mut lines: Vec<(&str, &str)> = Vec::new();
        for (name, value) in request.headers() {
            lines.push((name.as_str(), value.to_str()?.trim()));
        }
        lines.sort_unstable();
        let names = lines.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
        let headers: String = lines.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
        let (method, path, body) = (request.method(), request.uri().path(), body_hash(request.body()));
        let canonical = format!("{method}\n{path}\n\n{headers}\n{names}\n{body}");
        let text = format!("AWS4-HMAC-SHA256\n{date}\n{}\n{}", scope.without_key(), body_hash(canonical.as_bytes()));
        let signature = SigningKey::derive(&self.secret, &scope).sign(text.as_bytes());
        let claim = format!("AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names}, Signature={signature}");
        insert(request, "authorization", &claim)
    }
}

fn insert(request: &mut Request<Bytes>, name: &'static str, value: &str) -> Result<()> {
    request.headers_mut().insert(HeaderName::from_static(name), HeaderValue::try_from(value)?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::sigv4::{Claim, Head, Keys, Style};

    #[test]
    fn what_is_signed_here_is_verified_there() {
        let signer = Signer { key: "AKIAIOSFODNN7EXAMPLE".into(), secret: "secret".into(), token: Some("token".into()) };
        let request = Request::put("http://localhost:4566/snapshots/snap-1/blocks/7").header("host", "localhost:4566");
        let mut request = request.header("x-amz-data-length", "524288").body(Bytes::from_static(b"block")).unwrap();
        signer.sign(&mut request, "ebs", "eu-west-1", Timestamp(1_800_000_000_000)).unwrap();
        let head = Head { method: "PUT", path: request.uri().path(), query: "", headers: request.headers() };
        let claim = Claim::read(head).unwrap().unwrap();
        let verify = |secret: &str, body: &[u8]| {
            claim.verify(head, body, secret, Style::Common, Time(1_800_000_000_000), &Keys::default()).is_ok()
        };
        assert!(verify("secret", b"block"));
        assert!(!verify("other", b"block"));
        assert!(!verify("secret", b"other"));
    }
}
