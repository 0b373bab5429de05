//! What the gateway answers by itself (developer guide, "Troubleshooting issues with HTTP APIs").

use front::{Body, body};
use http::{
    HeaderValue, Response, StatusCode,
    header::{CONTENT_TYPE, WWW_AUTHENTICATE},
};
use wire::Fault;

/// Why there is no answer of an integration's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No route, no deployment, or the API's own endpoint is disabled.
    NotFound,
    /// Who asks may not, or there is no such API.
    Forbidden,
    /// Nobody knows who asks; with a challenge, if tokens are wanted.
    Unauthorized(Option<String>),
    /// A token is good, but not for this.
    Insufficient(String),
    /// More requests than are let through.
    TooMany,
    /// The request's body is too large.
    TooLarge,
    /// The request's body didn't come.
    BadRequest,
    /// An integration or an authorizer has failed.
    Internal,
    /// An integration took too long, or couldn't be reached.
    Unavailable,
}

impl Refusal {
    /// The message, and the kind of answer that it is.
    pub fn words(&self) -> (&'static str, &'static str) {
        match self {
            Self::NotFound => ("Not Found", "RESOURCE_NOT_FOUND"),
            Self::Forbidden | Self::Insufficient(_) => ("Forbidden", "ACCESS_DENIED"),
            Self::Unauthorized(_) => ("Unauthorized", "UNAUTHORIZED"),
            Self::TooMany => ("Too Many Requests", "THROTTLED"),
            Self::TooLarge => ("Request Entity Too Large", "REQUEST_TOO_LARGE"),
            Self::BadRequest => ("Bad Request", "BAD_REQUEST_BODY"),
            Self::Internal => ("Internal Server Error", "INTEGRATION_FAILURE"),
            Self::Unavailable => ("Service Unavailable", "INTEGRATION_TIMEOUT"),
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Forbidden | Self::Insufficient(_) => StatusCode::FORBIDDEN,
            Self::Unauthorized(_) => StatusCode::UNAUTHORIZED,
            Self::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::BadRequest => StatusCode::BAD_REQUEST,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The answer.
    pub fn answer(&self, request_id: &str) -> Response<Body> {
        let mut response = Response::new(body::full(format!("{{\"message\":\"{}\"}}", self.words().0)));
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Ok(id) = HeaderValue::from_str(request_id) {
            headers.insert("apigw-requestid", id);
        }
        let (Self::Unauthorized(Some(challenge)) | Self::Insufficient(challenge)) = self else { return response };
        if let Ok(challenge) = HeaderValue::from_str(challenge) {
            headers.insert(WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

impl From<Fault> for Refusal {
    /// The store couldn't be read.
    fn from(fault: Fault) -> Self {
        tracing::error!(%fault, "a request to an API failed");
        Self::Internal
    }
}

impl From<spine::StoreError> for Refusal {
    fn from(error: spine::StoreError) -> Self {
        Fault::from(error).into()
    }
}
