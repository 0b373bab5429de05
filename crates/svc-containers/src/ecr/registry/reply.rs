//! Answers, and the headers that they have in common.

use front::{Body, body};
use http::{HeaderName, HeaderValue, Response, StatusCode, header};

pub const CONTENT_DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");
pub const UPLOAD_ID: HeaderName = HeaderName::from_static("docker-upload-uuid");
pub const SUBJECT: HeaderName = HeaderName::from_static("oci-subject");
pub const FILTERS: HeaderName = HeaderName::from_static("oci-filters-applied");

/// An answer without a body.
pub fn empty(status: StatusCode) -> Response<Body> {
    with(status, body::empty())
}

/// An answer with a body.
pub fn with(status: StatusCode, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response
}

/// An answer in JSON of some media type.
pub fn json(status: StatusCode, media_type: &str, text: impl Into<bytes::Bytes>) -> Response<Body> {
    set(with(status, body::full(text)), header::CONTENT_TYPE, media_type)
}

/// The answer with a header; one that can't be a header's value is left out.
pub fn set(mut response: Response<Body>, name: HeaderName, value: impl AsRef<str>) -> Response<Body> {
    if let Ok(value) = HeaderValue::from_str(value.as_ref()) {
        response.headers_mut().insert(name, value);
    }
    response
}

/// The headers that every answer has.
pub fn stamp(response: Response<Body>, request_id: &str) -> Response<Body> {
    let response = set(response, HeaderName::from_static("docker-distribution-api-version"), "registry/2.0");
    set(response, HeaderName::from_static("x-amzn-requestid"), request_id)
}

/// How much of an upload has come, as `Range` has it: the last byte is included, and nothing is `0-0` by custom.
pub fn upload_range(received: u64) -> String {
    format!("0-{}", received.saturating_sub(1))
}
