//! Route keys: `GET /pets/{id}`, `ANY /{proxy+}`, `$default` (developer guide, "Create routes for HTTP APIs").

use std::fmt;

/// The methods that routes can be of.
const METHODS: [&str; 8] = ["ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];
/// What catches all requests that no other route does.
pub const DEFAULT: &str = "$default";

/// A route key, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RouteKey {
    /// `$default`.
    Default,
    /// A method and a path.
    Path {
        /// One of HTTP's, or `ANY`.
        method: String,
        /// What is between the slashes.
        segments: Vec<Segment>,
    },
}

/// A piece of a route's path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Segment {
    /// This text.
    Text(String),
    /// `{name}`: any one piece.
    Variable(String),
    /// `{name+}`: all that follows, but not nothing; only at the end.
    Greedy(String),
}

/// Why a text is no route key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAKey {
    /// It isn't `METHOD /path`.
    #[error(
        "The provided route key is not formatted properly for HTTP protocol. Format should be \"<HTTP METHOD> /<RESOURCE PATH>\" or \"$default\""
    )]
    Form,
    /// Its braces aren't those of variables.
    #[error(
        "Resource's path part only allow a-zA-Z0-9._-:, curly braces at the beginning and the end, and a greedy path variable at the end."
    )]
    Variable,
    /// Two of its variables have one name.
    #[error("The provided route key has duplicate path variables.")]
    Twice,
}

impl RouteKey {
    /// Reads a route key.
    pub fn parse(text: &str) -> Result<Self, NotAKey> {
        if text == DEFAULT {
            return Ok(Self::Default);
        }
        let (method, path) = text.split_once(' ').ok_or(NotAKey::Form)?;
        if !METHODS.contains(&method) || !path.starts_with('/') || path.contains([' ', '?', '#']) {
            return Err(NotAKey::Form);
        }
        let segments = segments(path)?;
        let mut names: Vec<&str> = segments.iter().filter_map(Segment::name).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        if names.len() < all {
            return Err(NotAKey::Twice);
        }
        Ok(Self::Path { method: method.to_owned(), segments })
    }

    /// Whether both are of one method and one path but for the names of variables, so that no request could tell them apart.
    pub fn clashes(&self, other: &Self) -> bool {
        let (Self::Path { method: a, segments: left }, Self::Path { method: b, segments: right }) = (self, other) else {
            return self == other;
        };
        a == b && left.len() == right.len() && left.iter().zip(right).all(|(left, right)| left.is_like(right))
    }
}

impl Segment {
    /// The name of a variable.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Text(_) => None,
            Self::Variable(name) | Self::Greedy(name) => Some(name),
        }
    }

    fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Variable(_), Self::Variable(_)) | (Self::Greedy(_), Self::Greedy(_)) => true,
            _ => self == other,
        }
    }
}

fn segments(path: &str) -> Result<Vec<Segment>, NotAKey> {
    let rest = &path[1..];
    if rest.is_empty() {
        return Ok(Vec::new());
    }
    let last = rest.split('/').count() - 1;
    rest.split('/').enumerate().map(|(at, text)| segment(text, at == last)).collect()
}

fn segment(text: &str, last: bool) -> Result<Segment, NotAKey> {
    let Some(inner) = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) else {
        return if text.contains(['{', '}']) { Err(NotAKey::Variable) } else { Ok(Segment::Text(text.to_owned())) };
    };
    let name = inner.strip_suffix('+');
    let (greedy, name) = (name.is_some(), name.unwrap_or(inner));
    let named = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-:".contains(&byte));
    match (named, greedy) {
        (true, false) => Ok(Segment::Variable(name.to_owned())),
        (true, true) if last => Ok(Segment::Greedy(name.to_owned())),
        _ => Err(NotAKey::Variable),
    }
}

impl fmt::Display for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Variable(name) => write!(f, "{{{name}}}"),
            Self::Greedy(name) => write!(f, "{{{name}+}}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_taken_apart() {
        let key = RouteKey::parse("GET /pets/{id}/{rest+}").unwrap();
        let segments = vec![Segment::Text("pets".into()), Segment::Variable("id".into()), Segment::Greedy("rest".into())];
        assert_eq!(key, RouteKey::Path { method: "GET".into(), segments });
        assert_eq!(RouteKey::parse("$default"), Ok(RouteKey::Default));
        assert_eq!(RouteKey::parse("ANY /"), Ok(RouteKey::Path { method: "ANY".into(), segments: vec![] }));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for text in ["", "GET", "GET pets", "get /pets", "TRACE /", "GET /a?b", "GET  /a", "/a", "$connect"] {
            assert_eq!(RouteKey::parse(text), Err(NotAKey::Form), "{text}");
        }
        for text in ["GET /{a", "GET /x{a}", "GET /{a}x", "GET /{}", "GET /{a+}/b", "GET /{a b}", "GET /{+}"] {
            assert!(RouteKey::parse(text).is_err(), "{text}");
        }
        assert_eq!(RouteKey::parse("GET /{a}/{a}"), Err(NotAKey::Twice));
    }

    #[test]
    fn keys_that_no_request_tells_apart_clash() {
        let clash = |a: &str, b: &str| RouteKey::parse(a).unwrap().clashes(&RouteKey::parse(b).unwrap());
        assert!(clash("GET /a/{x}", "GET /a/{y}") && clash("ANY /{a+}", "ANY /{b+}") && clash("$default", "$default"));
        assert!(!clash("GET /a/{x}", "POST /a/{x}") && !clash("GET /a/{x}", "GET /a/{x+}") && !clash("GET /a", "$default"));
    }
}
