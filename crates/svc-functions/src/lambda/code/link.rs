//! `Code.Location`: an address under which a zip can be fetched for some minutes by whoever has been told it.
//!
//! Nothing is kept of such an address: it is signed with a key of the cloud's own.

use super::CodeStore;
use async_trait::async_trait;
use aws_lc_rs::hmac::{self, HMAC_SHA256};
use front::{Arrival, Body, Cx, Mount, body, encoded};
use http::{Method, Request, Response, StatusCode, header::CONTENT_TYPE, request::Parts};
use model::{Env, Timestamp};
use spine::{Store, StoreError};
use std::{sync::Arc, time::Duration};

/// For how long an address holds (Lambda API reference, `FunctionCodeLocation`).
const VALID: Duration = Duration::from_secs(600);

/// What its path begins with. No bucket can have that name.
const PREFIX: &str = "/_lambda/code/";

/// An address of a zip.
pub async fn location(cx: &Cx, store: &Store, sha256: &str) -> Result<String, StoreError> {
    let until = cx.now + VALID;
    let signature = sign(store, &cx.env, sha256, until).await?;
    let endpoint = &cx.endpoint;
    Ok(format!("http://{endpoint}{PREFIX}{sha256}?Expires={}&Signature={signature}", until.0))
}

async fn sign(store: &Store, env: &Env, sha256: &str, until: Timestamp) -> Result<String, StoreError> {
    let key = hmac::Key::new(HMAC_SHA256, &encoded::key(store, env).await?.key);
    Ok(hex::encode(hmac::sign(&key, format!("lambda code\n{sha256}\n{}", until.0).as_bytes())))
}

/// Hands out zips to those who have their addresses.
pub struct Downloads {
    store: Store,
    code: Arc<CodeStore>,
}

impl Downloads {
    /// Of these zips.
    pub fn new(store: Store, code: Arc<CodeStore>) -> Self {
        Self { store, code }
    }

    /// The zip that an address is of, if it holds.
    async fn opened<'a>(&self, head: &'a Parts, env: &Env) -> Result<Option<&'a str>, StoreError> {
        let Some(sha256) = head.uri.path().strip_prefix(PREFIX) else { return Ok(None) };
        let query = head.uri.query().unwrap_or_default();
        let parameter = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        let until = parameter("Expires").and_then(|until| until.parse().ok()).map(Timestamp);
        let (Some(until), Some(given)) = (until, parameter("Signature")) else { return Ok(None) };
        let wanted = sign(&self.store, env, sha256, until).await?;
        let same = aws_lc_rs::constant_time::verify_slices_are_equal(wanted.as_bytes(), given.as_bytes()).is_ok();
        Ok((same && env.now() < until).then_some(sha256))
    }
}

#[async_trait]
impl Mount for Downloads {
    fn matches(&self, head: &Parts) -> bool {
        head.uri.path().starts_with(PREFIX)
    }

    async fn serve(&self, request: Request<Body>, arrival: Arrival) -> Response<Body> {
        let (head, _) = request.into_parts();
        let opened = match self.opened(&head, &arrival.env).await {
            Ok(Some(sha256)) if [Method::GET, Method::HEAD].contains(&head.method) => sha256,
            Ok(_) => return plain(StatusCode::FORBIDDEN),
            Err(error) => return failed(&error),
        };
        match self.code.read(opened).await {
            Ok(Some(_)) if head.method == Method::HEAD => plain(StatusCode::OK),
            Ok(Some(bytes)) => {
                let mut response = Response::new(body::streaming(bytes));
                response.headers_mut().insert(CONTENT_TYPE, http::HeaderValue::from_static("application/zip"));
                response
            }
            Ok(None) => plain(StatusCode::NOT_FOUND),
            Err(error) => failed(&error),
        }
    }
}

fn plain(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(body::empty());
    *response.status_mut() = status;
    response
}

fn failed(error: &dyn std::error::Error) -> Response<Body> {
    tracing::error!(%error, "code can't be handed out");
    plain(StatusCode::INTERNAL_SERVER_ERROR)
}
