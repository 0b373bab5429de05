//! What browsers do that is no operation: preflights (`OPTIONS`), which nobody signs, and forms that upload a file, whose policy is signed
//! in the form.

mod cors;
mod post;

pub use cors::dress;

use super::{Storage, facts};
use async_trait::async_trait;
use front::{Arrival, Body, Mount, body};
use http::{Method, Request, Response, header, request::Parts};
use std::sync::Arc;

/// Answers browsers.
pub struct Browser(Arc<Storage>);

impl Browser {
    /// One for the buckets of that storage.
    pub fn new(s3: &Arc<Storage>) -> Self {
        Self(s3.clone())
    }
}

/// The head as S3's operations see it: with the bucket as the first segment of the path.
fn request(head: &Parts) -> wire::Request {
    let host = head.headers.get(header::HOST).and_then(|value| value.to_str().ok()).and_then(front::host::bucket);
    let path = head.uri.path();
    wire::Request {
        method: head.method.clone(),
        path: host.map_or_else(|| path.to_owned(), |bucket| format!("/{bucket}{path}")),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: head.headers.clone(),
        body: wire::Bytes::new(),
    }
}

#[async_trait]
impl Mount for Browser {
    fn matches(&self, head: &Parts) -> bool {
        let content = head.headers.get(header::CONTENT_TYPE).map(|value| value.as_bytes()).unwrap_or_default();
        let preflight = head.method == Method::OPTIONS && head.headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
        let form = head.method == Method::POST && content.starts_with(b"multipart/form-data");
        (preflight || form) && facts::unsigned(&self.0.store.snapshot(), &request(head)).is_some()
    }

    async fn serve(&self, asked: Request<Body>, arrival: Arrival) -> Response<Body> {
        let (head, content) = asked.into_parts();
        let request = request(&head);
        let request_id = arrival.request_id.clone();
        let answered = match head.method {
            Method::OPTIONS => cors::preflight(&self.0.store.snapshot(), &request),
            _ => post::upload(&self.0, &request, content, &arrival).await,
        };
        let mut response = answered.unwrap_or_else(|fault| {
            let dialect = wire::Dialect::of(&api::s3::SERVICE, &request);
            let answer = dialect.encode_fault(&request_id, &fault);
            let mut response = Response::new(body::full(answer.body));
            *response.status_mut() = http::StatusCode::from_u16(answer.status).unwrap_or(http::StatusCode::BAD_REQUEST);
            *response.headers_mut() = answer.headers;
            response
        });
        if head.method == Method::POST {
            dress(&self.0.store.snapshot(), &request, response.headers_mut());
        }
        response
    }
}
