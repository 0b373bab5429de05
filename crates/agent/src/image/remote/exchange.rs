//! One request to a registry and its answer: redirects, time limits, small bodies. No credentials are chosen here.

use super::{
    connect::HttpClient,
    endpoint::{redirect, shown},
    failure::{Failure, interrupted, server_message, timed_out, unreachable},
    patience::{Patience, within},
};
use bytes::Bytes;
use http::{
    HeaderValue, Method, Request, StatusCode,
    header::{ACCEPT, AUTHORIZATION, LOCATION, RANGE, USER_AGENT},
};
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use model::Env;
use url::Url;

/// As many as Go's client follows, and so Docker and containerd.
const REDIRECTS: usize = 10;
/// Bytes that are read of an error's body.
const ERROR_BYTES: usize = 64 << 10;

/// What is asked.
#[derive(Clone)]
pub struct Ask {
    /// `GET` or `HEAD`.
    pub method: Method,
    /// Of whom.
    pub url: Url,
    /// The media types that are understood, for a manifest.
    pub accept: Option<&'static str>,
    /// Sent to the address's own origin, never to where that redirects.
    pub authorization: Option<HeaderValue>,
    /// The byte to begin at, if not the first.
    pub from: u64,
}

impl Ask {
    /// Asks for what is at an address.
    pub fn get(url: Url) -> Self {
        Self { method: Method::GET, url, accept: None, authorization: None, from: 0 }
    }

    fn request(&self) -> Result<Request<Empty<Bytes>>, Failure> {
        let agent = concat!("hillfog/", env!("CARGO_PKG_VERSION"));
        let mut request = Request::builder().method(&self.method).uri(self.url.as_str()).header(USER_AGENT, agent);
        if let Some(accept) = self.accept {
            request = request.header(ACCEPT, accept);
        }
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        if self.from > 0 {
            request = request.header(RANGE, format!("bytes={}-", self.from));
        }
        let refused = |error: http::Error| Failure::Refused(format!("{} can't be asked: {error}", shown(&self.url)));
        request.body(Empty::new()).map_err(refused)
    }
}

/// An answer whose body has not been read yet.
pub struct Answer {
    /// What was asked in the end, after redirects.
    pub ask: Ask,
    /// The answer.
    pub response: http::Response<Incoming>,
}

/// A client with its time limits.
pub struct Exchange {
    /// Connections.
    pub client: HttpClient,
    /// Time.
    pub env: Env,
    /// Time limits.
    pub patience: Patience,
}

impl Exchange {
    /// Asks, and goes where it is sent.
    pub async fn ask(&self, mut ask: Ask) -> Result<Answer, Failure> {
        for _ in 0..=REDIRECTS {
            let response = self.once(&ask).await?;
            match location(&response) {
                None => return Ok(Answer { ask, response }),
                Some(location) => {
                    let to = redirect(&ask.url, location)?;
                    if to.origin() != ask.url.origin() {
                        ask.authorization = None;
                    }
                    ask.url = to;
                }
            }
        }
        let why = format!("stopped after {REDIRECTS} redirects");
        Err(Failure::Refused(format!("{} \"{}\": {why}", ask.method, shown(&ask.url))))
    }

    async fn once(&self, ask: &Ask) -> Result<http::Response<Incoming>, Failure> {
        let failed = |why| Failure::Unreachable { method: ask.method.clone(), url: shown(&ask.url), why };
        match within(&self.env, self.patience.answer, self.client.request(ask.request()?)).await {
            Some(Ok(response)) => Ok(response),
            Some(Err(error)) => Err(failed(unreachable(&ask.url, &error))),
            None => Err(failed(timed_out(&ask.url))),
        }
    }

    /// The whole body of an answer, which must not be large.
    pub async fn small_body(&self, answer: Answer, most: usize) -> Result<Vec<u8>, Failure> {
        let Answer { ask, response } = answer;
        let broken = |why: String| Failure::Broken { method: ask.method.clone(), url: shown(&ask.url), why };
        let mut body = response.into_body();
        let read = async {
            let mut bytes = Vec::new();
            while let Some(frame) = body.frame().await {
                let frame = frame.map_err(|error| broken(interrupted(&error)))?;
                bytes.extend_from_slice(frame.data_ref().map_or(&[], |data| &data[..]));
                if bytes.len() > most {
                    let url = shown(&ask.url);
                    return Err(Failure::Refused(format!("the answer of {url} has more than {most} bytes")));
                }
            }
            Ok(bytes)
        };
        let read = within(&self.env, self.patience.silence, read).await;
        read.unwrap_or_else(|| Err(broken("i/o timeout".into())))
    }

    /// The answer, if it is what was asked for.
    pub async fn accepted(&self, answer: Answer) -> Result<Answer, Failure> {
        let (method, url) = (answer.ask.method.clone(), shown(&answer.ask.url));
        match answer.response.status() {
            StatusCode::OK | StatusCode::PARTIAL_CONTENT => Ok(answer),
            StatusCode::NOT_FOUND => Err(Failure::NotFound(url)),
            status => {
                let body = self.small_body(answer, ERROR_BYTES).await.unwrap_or_default();
                Err(Failure::Status { method, url, status, message: server_message(&body) })
            }
        }
    }
}

fn location(response: &http::Response<Incoming>) -> Option<&str> {
    let redirects = [301, 302, 303, 307, 308];
    let header = response.headers().get(LOCATION).filter(|_| redirects.contains(&response.status().as_u16()));
    header.and_then(|value| value.to_str().ok())
}
