//! A request's body as text in JSON.

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderMap, header::CONTENT_ENCODING, header::CONTENT_TYPE};

/// A body, in base64 where it isn't text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    /// `body`.
    pub text: String,
    /// `isBase64Encoded`.
    pub base64: bool,
}

/// The body as events carry it: `text/*`, JSON, XML and JavaScript are text, as is what says nothing of itself; all else, such as forms, is in
/// base64. Nothing where there is no body.
pub fn encode(headers: &HeaderMap, body: &[u8]) -> Option<Encoded> {
    if body.is_empty() {
        return None;
    }
    let text = std::str::from_utf8(body).ok().filter(|_| is_text(headers));
    Some(match text {
        Some(text) => Encoded { text: text.to_owned(), base64: false },
        None => Encoded { text: STANDARD.encode(body), base64: true },
    })
}

fn is_text(headers: &HeaderMap) -> bool {
    if headers.get(CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
        return false;
    }
    let Some(kind) = headers.get(CONTENT_TYPE) else { return true };
    let kind = kind.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let named = ["application/json", "application/javascript", "application/xml"].contains(&kind.as_str());
    named || kind.starts_with("text/") || kind.ends_with("+json") || kind.ends_with("+xml")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text() {
        for (kind, body, base64) in [
            ("application/json", &b"{}"[..], false),
            ("text/plain; charset=utf-8", b"x", false),
            ("application/problem+json", b"{}", false),
            ("application/x-www-form-urlencoded", b"a=1", true),
            ("image/png", b"x", true),
            ("text/plain", b"\xff", true),
        ] {
            let headers = HeaderMap::from_iter([(CONTENT_TYPE, kind.parse().unwrap())]);
            assert_eq!(encode(&headers, body).unwrap().base64, base64, "{kind}");
        }
        assert!(!encode(&HeaderMap::new(), b"x").unwrap().base64);
        assert_eq!(encode(&HeaderMap::new(), b""), None);
        let gzip = HeaderMap::from_iter([(CONTENT_ENCODING, "gzip".parse().unwrap())]);
        assert_eq!(encode(&gzip, b"x").unwrap(), Encoded { text: "eA==".into(), base64: true });
    }
}
