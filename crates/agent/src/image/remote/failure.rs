//! Why a registry gives nothing, in the words that ECS passes on from containerd.

use http::{Method, StatusCode};
use std::{error::Error, io};
use url::Url;

/// One request, or one answer, that failed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The registry was not reached, or fell silent before it answered.
    #[error("failed to do request: {} \"{url}\": {why}", title(method))]
    Unreachable {
        /// What was asked.
        method: Method,
        /// Of whom, as errors show it.
        url: String,
        /// The reason.
        why: String,
    },
    /// The answer broke off.
    #[error("{} \"{url}\": {why}", title(method))]
    Broken {
        /// What was asked.
        method: Method,
        /// Of whom, as errors show it.
        url: String,
        /// The reason.
        why: String,
    },
    /// The answer is none that says more than its status.
    #[error("{}", unexpected(method, url, *status, message.as_deref()))]
    Status {
        /// What was asked.
        method: Method,
        /// Of whom, as errors show it.
        url: String,
        /// The answer.
        status: StatusCode,
        /// What the registry says about it, if anything.
        message: Option<String>,
    },
    /// There is no such manifest or blob.
    #[error("content at {0} not found")]
    NotFound(String),
    /// The registry wants other credentials, or some.
    #[error("pull access denied, repository does not exist or may require authorization: {0}")]
    Denied(String),
    /// No token is to be had.
    #[error("failed to authorize: failed to fetch {} token: {why}", if *anonymous { "anonymous" } else { "oauth" })]
    Token {
        /// Whether it was asked for without credentials.
        anonymous: bool,
        /// The reason.
        why: Box<Failure>,
    },
    /// What the registry wants is not done.
    #[error("{0}")]
    Refused(String),
}

impl Failure {
    /// Whether the same request may succeed in a few seconds.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Broken { .. } => true,
            Self::Status { status, .. } => {
                status.is_server_error() || matches!(*status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT)
            }
            Self::Token { why, .. } => why.is_passing(),
            Self::NotFound(_) | Self::Denied(_) | Self::Refused(_) => false,
        }
    }
}

/// A method as Go's HTTP client writes it: `Head`.
fn title(method: &Method) -> String {
    let lower = method.as_str().to_ascii_lowercase();
    lower[..1].to_ascii_uppercase() + &lower[1..]
}

fn unexpected(method: &Method, url: &str, status: StatusCode, message: Option<&str>) -> String {
    match (method, message) {
        (&Method::HEAD, _) => format!("unexpected status from HEAD request to {url}: {status}"),
        (_, None) => format!("unexpected status code {url}: {status}"),
        (_, Some(message)) => format!("unexpected status code {url}: {status} - Server message: {message}"),
    }
}

/// Why a host was not reached: what the connection's errors come down to.
pub fn unreachable(url: &Url, error: &(dyn Error + 'static)) -> String {
    let host = url.host_str().unwrap_or_default();
    let port = url.port_or_known_default().unwrap_or_default();
    let cause = causes(error).last().unwrap_or(error);
    // The connector's own type is private, its text isn't.
    if causes(error).any(|error| error.to_string() == "dns error") {
        return format!("dial tcp: lookup {host}: {cause}");
    }
    match cause.downcast_ref::<io::Error>().map(io::Error::kind) {
        Some(io::ErrorKind::ConnectionRefused) => format!("dial tcp {host}:{port}: connect: connection refused"),
        Some(io::ErrorKind::NetworkUnreachable) => format!("dial tcp {host}:{port}: connect: network is unreachable"),
        Some(io::ErrorKind::HostUnreachable) => format!("dial tcp {host}:{port}: connect: no route to host"),
        Some(io::ErrorKind::TimedOut) => timed_out(url),
        _ => interrupted(error),
    }
}

/// Why an answer broke off.
pub fn interrupted(error: &(dyn Error + 'static)) -> String {
    let cause = causes(error).last().unwrap_or(error);
    let incomplete = cause.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_incomplete_message);
    match cause.downcast_ref::<io::Error>().map(io::Error::kind) {
        Some(io::ErrorKind::UnexpectedEof) => "unexpected EOF".into(),
        Some(io::ErrorKind::ConnectionReset) => "read: connection reset by peer".into(),
        _ if incomplete => "unexpected EOF".into(),
        _ => cause.to_string(),
    }
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| (*error).source())
}

/// Why nothing was heard of a host.
pub fn timed_out(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    format!("dial tcp {host}:{}: i/o timeout", url.port_or_known_default().unwrap_or_default())
}

/// What a registry says in the body of an error (OCI distribution specification, "Error Codes"), made harmless.
pub fn server_message(body: &[u8]) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Body {
        errors: Vec<Item>,
    }
    #[derive(serde::Deserialize)]
    struct Item {
        #[serde(default)]
        code: String,
        #[serde(default)]
        message: String,
    }
    let body: Body = serde_json::from_slice(body).ok()?;
    let Item { code, message } = body.errors.into_iter().next()?;
    let text = format!("{}: {message}", code.to_ascii_lowercase().replace('_', ""));
    Some(text.chars().filter(|c| !c.is_control()).take(LONGEST_MESSAGE).collect())
}

/// Characters of a registry's message that are passed on.
const LONGEST_MESSAGE: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    fn url() -> Url {
        Url::parse("https://r.example/v2/a/manifests/v1").unwrap()
    }

    fn status(method: Method, status: u16, message: Option<&str>) -> Failure {
        let status = StatusCode::from_u16(status).unwrap();
        Failure::Status { method, url: url().into(), status, message: message.map(str::to_owned) }
    }

    #[test]
    fn failures_are_worded_as_containerd_words_them() {
        let head = "unexpected status from HEAD request to https://r.example/v2/a/manifests/v1: 403 Forbidden";
        assert_eq!(status(Method::HEAD, 403, None).to_string(), head);
        let get = "unexpected status code https://r.example/v2/a/manifests/v1: 429 Too Many Requests - Server message: toomanyrequests: x";
        assert_eq!(status(Method::GET, 429, Some("toomanyrequests: x")).to_string(), get);
        let failure = Failure::Unreachable { method: Method::HEAD, url: url().into(), why: timed_out(&url()) };
        let text = "failed to do request: Head \"https://r.example/v2/a/manifests/v1\": dial tcp r.example:443: i/o timeout";
        assert_eq!(failure.to_string(), text);
    }

    #[test]
    fn only_what_may_pass_is_tried_again() {
        for (code, passing) in [(429, true), (408, true), (500, true), (503, true), (400, false), (403, false), (302, false)] {
            assert_eq!(status(Method::GET, code, None).is_passing(), passing, "{code}");
        }
        assert!(!Failure::NotFound(url().into()).is_passing());
    }

    #[test]
    fn messages_are_cut_and_cleaned() {
        let body = br#"{"errors":[{"code":"TOOMANYREQUESTS","message":"slow\ndown"},{}]}"#;
        assert_eq!(server_message(body).unwrap(), "toomanyrequests: slowdown");
        let long = format!(r#"{{"errors":[{{"code":"X","message":"{}"}}]}}"#, "y".repeat(100_000));
        assert_eq!(server_message(long.as_bytes()).unwrap().len(), LONGEST_MESSAGE);
        for body in ["", "<html>", "{}", r#"{"errors":[]}"#, r#"{"errors":{}}"#] {
            assert_eq!(server_message(body.as_bytes()), None, "{body}");
        }
    }
}
