//! A small client of the AWS API, for the commands that work through it: what they may is what the caller may.
//!
//! [`Aws`] signs and sends; [`ec2`], [`ebs`] and [`ecr`] have the few operations that are needed. It speaks to a running cloud on this machine
//! or elsewhere, over plain HTTP.

pub mod ebs;
pub mod ec2;
pub mod ecr;
mod sign;

use crate::{client::Server, command::env, folders::Folders};
use anyhow::{Context, Result, anyhow, bail};
use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use model::Env;
use sign::Signer;
use std::time::Duration;

/// A connection that was left alone for longer may be closed at the other end.
const IDLE: Duration = Duration::from_secs(1);

/// Bytes of an answer that are kept.
const ANSWER: usize = 16 << 20;

/// Somebody who calls a cloud's API.
#[derive(Clone)]
pub struct Aws {
    /// `127.0.0.1:4566`.
    authority: String,
    region: String,
    signer: Signer,
    env: Env,
    client: Client<HttpConnector, Full<Bytes>>,
}

/// A call, before it is signed.
struct Call {
    service: &'static str,
    method: Method,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: Bytes,
}

/// An answer.
struct Answer {
    status: StatusCode,
    body: Bytes,
}

impl Aws {
    /// The caller that the environment names (`AWS_ACCESS_KEY_ID` and its like), else the one of `hillfog env`, at the running cloud.
    ///
    /// # Errors
    /// If no cloud runs.
    pub fn of(folders: &Folders, region: &str) -> Result<Self> {
        let server = Server::expect(folders)?;
        let signer = match Signer::of_environment() {
            Some(signer) => signer,
            None => {
                let key = env::credentials(folders)?;
                Signer { key: key.access_key_id, secret: key.secret_access_key, token: None }
            }
        };
        let client = Client::builder(TokioExecutor::new()).pool_idle_timeout(IDLE).build_http();
        Ok(Self { authority: server.address().to_string(), region: region.into(), signer, env: Env::system(), client })
    }

    /// The clock and the dice.
    pub fn env(&self) -> &Env {
        &self.env
    }

    /// The cloud's address, as it begins image URIs: `127.0.0.1:4566`.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// Sends a call.
    ///
    /// # Errors
    /// The service's own error, with its code.
    async fn send(&self, call: Call) -> Result<Answer> {
        let (service, method) = (call.service, call.method.clone());
        let mut request = Request::builder().method(call.method).uri(format!("http://{}{}", self.authority, call.path));
        for (name, value) in &call.headers {
            request = request.header(*name, value);
        }
        let mut request = request.header("host", &self.authority).body(call.body)?;
        self.signer.sign(&mut request, service, &self.region, self.env.now())?;
        let answer = self.client.request(request.map(Full::new)).await;
        let answer = answer.with_context(|| format!("The cloud at {} doesn't answer", self.authority))?;
        let status = answer.status();
        let body = http_body_util::Limited::new(answer.into_body(), ANSWER).collect().await;
        let body =
            body.map_err(|error| anyhow!("The cloud's answer to a {method} of {service} can't be read: {error}"))?.to_bytes();
        if !status.is_success() {
            bail!(failure(status, &body));
        }
        Ok(Answer { status, body })
    }
}

/// An error in the words of the AWS CLI: code and message.
fn failure(status: StatusCode, body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let json: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let field = |names: &[&str]| names.iter().find_map(|name| json[*name].as_str().map(str::to_owned));
    let code = field(&["__type", "code", "Code", "Reason"]).or_else(|| ec2::element(&text, "Code"));
    let message = field(&["message", "Message"]).or_else(|| ec2::element(&text, "Message"));
    match (code, message) {
        (Some(code), Some(message)) => format!("{message} ({})", code.rsplit('#').next().unwrap_or_default()),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => format!("The cloud answered {status}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_all_protocols_have_code_and_message() {
        let of = |body: &str| failure(StatusCode::BAD_REQUEST, body.as_bytes());
        let xml = "<Response><Errors><Error><Code>InvalidAMIName.Duplicate</Code><Message>It&apos;s there</Message></Error></Errors></Response>";
        assert_eq!(of(xml), "It's there (InvalidAMIName.Duplicate)");
        assert_eq!(of(r#"{"__type":"com.amazonaws#AccessDenied","message":"No"}"#), "No (AccessDenied)");
        assert_eq!(of("gone"), "The cloud answered 400 Bad Request");
    }
}
