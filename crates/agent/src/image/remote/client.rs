//! One request to a registry: with what it wants to know about us, and after its redirections.

use super::auth::{Challenge, Credentials, bearer};
use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri,
    header::{AUTHORIZATION, LOCATION, USER_AGENT, WWW_AUTHENTICATE},
};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client as HyperClient, connect::HttpConnector},
    rt::TokioExecutor,
};
use model::Env;
use serde::Deserialize;
use std::{sync::OnceLock, time::Duration};

const REDIRECTIONS: usize = 5;
/// A registry that takes longer to begin its answer has failed.
const TIMEOUT: Duration = Duration::from_secs(30);
const TOKEN_BYTES: usize = 1 << 20;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The registry's answer is not what was asked for.
    #[error("unexpected status code {0}")]
    Status(StatusCode),
    /// There was none, or it can't be understood.
    #[error("{0}")]
    Other(String),
}

type Http = HyperClient<HttpsConnector<HttpConnector>, Empty<Bytes>>;

/// Keeps connections.
pub struct Client {
    /// Made for the first request: reading a machine's certificate authorities takes a while.
    http: OnceLock<Result<Http, String>>,
    env: Env,
}

impl Client {
    /// Trusts the host's certificate authorities.
    pub fn new(env: Env) -> Self {
        Self { http: OnceLock::new(), env }
    }

    fn http(&self) -> Result<&Http, Failure> {
        let made = self.http.get_or_init(|| {
            let provider = rustls::crypto::aws_lc_rs::default_provider();
            let builder = HttpsConnectorBuilder::new().with_provider_and_native_roots(provider);
            let connector = builder.map_err(|error| format!("no certificate authorities: {error}"))?.https_or_http().enable_http1().build();
            Ok(HyperClient::builder(TokioExecutor::new()).build(connector))
        });
        made.as_ref().map_err(|error| Failure::Other(error.clone()))
    }

    /// Sends a request that has no body, and gives its successful answer.
    pub async fn send(&self, method: Method, uri: Uri, headers: HeaderMap, who: &Credentials) -> Result<Response<Incoming>, Failure> {
        let answer = self.follow(&method, uri.clone(), &headers, who.header()).await?;
        if answer.status() != StatusCode::UNAUTHORIZED {
            return succeeded(answer);
        }
        let header = self.meet(&answer, who).await?.ok_or(Failure::Status(StatusCode::UNAUTHORIZED))?;
        who.set(header.clone());
        succeeded(self.follow(&method, uri, &headers, Some(header)).await?)
    }

    /// What to say to a registry's challenges, the first that can be met.
    async fn meet(&self, answer: &Response<Incoming>, who: &Credentials) -> Result<Option<HeaderValue>, Failure> {
        let challenges = answer.headers().get_all(WWW_AUTHENTICATE).iter().filter_map(|value| who.challenge(value.to_str().ok()?));
        for challenge in challenges {
            match challenge {
                Challenge::Bearer(address) => return self.token(&address, who).await.map(Some),
                Challenge::Basic => {
                    if let Some(header) = who.basic() {
                        return Ok(Some(header));
                    }
                }
            }
        }
        Ok(None)
    }

    async fn token(&self, address: &str, who: &Credentials) -> Result<HeaderValue, Failure> {
        #[derive(Deserialize)]
        struct Token {
            token: Option<String>,
            access_token: Option<String>,
        }
        let uri = address.parse().map_err(|_| Failure::Other(format!("{address} is no address of a token server")))?;
        let answer = succeeded(self.follow(&Method::GET, uri, &HeaderMap::new(), who.basic()).await?)?;
        let body = Limited::new(answer.into_body(), TOKEN_BYTES).collect().await.map_err(other)?.to_bytes();
        let token: Token = serde_json::from_slice(&body).map_err(other)?;
        let header = token.token.or(token.access_token).and_then(|token| bearer(&token));
        header.ok_or_else(|| Failure::Other("the token server gave no token".into()))
    }

    async fn follow(&self, method: &Method, uri: Uri, headers: &HeaderMap, who: Option<HeaderValue>) -> Result<Response<Incoming>, Failure> {
        let first = uri.clone();
        let mut uri = uri;
        for _ in 0..=REDIRECTIONS {
            // What is meant for the registry is nobody else's business.
            let who = who.clone().filter(|_| uri.authority() == first.authority() && uri.scheme() == first.scheme());
            let answer = self.once(method, &uri, headers, who).await?;
            if !answer.status().is_redirection() {
                return Ok(answer);
            }
            uri = redirected(&uri, &answer)?;
            if first.scheme_str() == Some("https") && uri.scheme_str() != Some("https") {
                return Err(Failure::Other("the registry leads away from TLS".into()));
            }
        }
        Err(Failure::Other("too many redirections".into()))
    }

    async fn once(&self, method: &Method, uri: &Uri, headers: &HeaderMap, who: Option<HeaderValue>) -> Result<Response<Incoming>, Failure> {
        let mut request = Request::new(Empty::new());
        *request.method_mut() = method.clone();
        *request.uri_mut() = uri.clone();
        *request.headers_mut() = headers.clone();
        request.headers_mut().insert(USER_AGENT, HeaderValue::from_static("hillfog"));
        request.headers_mut().extend(who.map(|who| (AUTHORIZATION, who)));
        let http = self.http()?;
        let host = uri.authority().map(ToString::to_string).unwrap_or_default();
        tokio::select! {
            answer = http.request(request) => answer.map_err(|error| Failure::Other(format!("failed to do request to {host}: {}", whole(&error)))),
            () = self.env.sleep(TIMEOUT) => Err(Failure::Other(format!("failed to do request to {host}: no answer in time"))),
        }
    }
}

fn succeeded(answer: Response<Incoming>) -> Result<Response<Incoming>, Failure> {
    match answer.status() {
        status if status.is_success() => Ok(answer),
        status => Err(Failure::Status(status)),
    }
}

/// An address that may be relative to the one before.
fn redirected(from: &Uri, answer: &Response<Incoming>) -> Result<Uri, Failure> {
    let nowhere = || Failure::Other("a redirection to nowhere".into());
    let location = answer.headers().get(LOCATION).and_then(|value| value.to_str().ok()).ok_or_else(nowhere)?;
    let address = match location.starts_with('/') && !location.starts_with("//") {
        true => format!("{}://{}{location}", from.scheme_str().unwrap_or("https"), from.authority().ok_or_else(nowhere)?),
        false => location.to_owned(),
    };
    address.parse().map_err(|_| nowhere())
}

fn other(error: impl std::fmt::Display) -> Failure {
    Failure::Other(error.to_string())
}

/// An error with its causes: the first alone says "client error".
fn whole(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    std::iter::once(error.to_string()).chain(causes.map(ToString::to_string)).collect::<Vec<_>>().join(": ")
}
