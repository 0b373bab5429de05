//! What an operation answers that is more than its output: a body that streams, another status, headers of its own.

use crate::Body;
use http::{HeaderMap, HeaderName, HeaderValue};

/// An answer of a streaming operation.
pub struct Streamed<T> {
    /// The members; those that are headers are sent as such.
    pub output: T,
    /// The body, if it isn't that of the output. How long it is, a member says (`Content-Length`), or nothing does.
    pub body: Option<Body>,
    /// The status, where it isn't the operation's: 206, 304.
    pub status: Option<u16>,
    /// Headers besides; they stand before those of the output.
    pub headers: HeaderMap,
}

impl<T> From<T> for Streamed<T> {
    fn from(output: T) -> Self {
        Self { output, body: None, status: None, headers: HeaderMap::new() }
    }
}

impl<T> Streamed<T> {
    /// With a body.
    pub fn body(self, body: Body) -> Self {
        Self { body: Some(body), ..self }
    }

    /// With another status than the operation's.
    pub fn status(self, status: u16) -> Self {
        Self { status: Some(status), ..self }
    }

    /// With a header; one that can't be sent is left out.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_bytes(value.as_bytes())) {
            self.headers.insert(name, value);
        }
        self
    }

    pub(crate) fn map<U>(self, f: impl FnOnce(T) -> U) -> Streamed<U> {
        Streamed { output: f(self.output), body: self.body, status: self.status, headers: self.headers }
    }
}
