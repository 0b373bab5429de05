//! Cross-origin resource sharing: what browsers are told (developer guide, "Configure CORS for HTTP APIs"; Fetch standard, "CORS protocol").

use http::{
    HeaderMap, HeaderName, HeaderValue, Method,
    header::{
        ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
        ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD,
        ORIGIN,
    },
};
use model::apigatewayv2::Cors;

/// Whether a browser asks beforehand what it may ask.
pub fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    method == Method::OPTIONS && headers.contains_key(ORIGIN) && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

/// The headers of the answer to a preflight request; none for an origin that isn't allowed.
pub fn preflight(cors: &Cors, headers: &HeaderMap) -> HeaderMap {
    let mut answer = HeaderMap::new();
    let Some(origin) = allowed_origin(cors, headers) else { return answer };
    answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    list(&mut answer, ACCESS_CONTROL_ALLOW_METHODS, &cors.allow_methods);
    list(&mut answer, ACCESS_CONTROL_ALLOW_HEADERS, &cors.allow_headers);
    credentials(&mut answer, cors);
    if let Some(age) = cors.max_age {
        answer.insert(ACCESS_CONTROL_MAX_AGE, age.into());
    }
    answer
}

/// Sets the headers of an answer to a request from a page. What the integration says of this counts for nothing.
pub fn dress(cors: &Cors, request: &HeaderMap, answer: &mut HeaderMap) {
    let of_cors: Vec<HeaderName> = answer.keys().filter(|name| name.as_str().starts_with("access-control-")).cloned().collect();
    of_cors.iter().for_each(|name| drop(answer.remove(name)));
    let Some(origin) = allowed_origin(cors, request) else { return };
    answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    list(answer, ACCESS_CONTROL_EXPOSE_HEADERS, &cors.expose_headers);
    credentials(answer, cors);
}

fn credentials(answer: &mut HeaderMap, cors: &Cors) {
    if cors.allow_credentials {
        answer.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    }
}

fn list(answer: &mut HeaderMap, name: HeaderName, values: &[String]) {
    if let Some(value) = HeaderValue::try_from(values.join(",")).ok().filter(|_| !values.is_empty()) {
        answer.insert(name, value);
    }
}

/// What `Access-Control-Allow-Origin` says to the request, if its origin is allowed.
fn allowed_origin(cors: &Cors, headers: &HeaderMap) -> Option<HeaderValue> {
    let origin = headers.get(ORIGIN)?;
    let text = origin.to_str().ok()?;
    let everybody = cors.allow_origins.iter().any(|allowed| allowed == "*");
    match everybody {
        true => Some(HeaderValue::from_static("*")),
        false => cors.allow_origins.iter().any(|allowed| covers(allowed, text)).then(|| origin.clone()),
    }
}

/// Whether an allowed origin is this one: `https://*` and `https://*.example.com` stand for many.
fn covers(allowed: &str, origin: &str) -> bool {
    match allowed.split_once('*') {
        None => allowed.eq_ignore_ascii_case(origin),
        Some((before, behind)) => {
            let middle = origin.strip_prefix(before).and_then(|rest| rest.strip_suffix(behind));
            middle.is_some_and(|middle| !middle.is_empty())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cors(origins: &[&str]) -> Cors {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        Cors {
            allow_origins: texts(origins),
            allow_methods: texts(&["GET", "POST"]),
            allow_headers: texts(&["content-type"]),
            expose_headers: texts(&["date"]),
            max_age: Some(300),
            allow_credentials: false,
        }
    }

    fn from(origin: &str) -> HeaderMap {
        [(ORIGIN, origin), (ACCESS_CONTROL_REQUEST_METHOD, "GET")]
            .map(|(name, value)| (name, value.parse().unwrap()))
            .into_iter()
            .collect()
    }

    #[test]
    fn preflights_are_known() {
        assert!(is_preflight(&Method::OPTIONS, &from("https://a")));
        assert!(!is_preflight(&Method::GET, &from("https://a")) && !is_preflight(&Method::OPTIONS, &HeaderMap::new()));
    }

    #[test]
    fn an_allowed_origin_is_told_what_it_may() {
        let answer = preflight(&cors(&["https://a.example.com"]), &from("https://a.example.com"));
        assert_eq!(answer["access-control-allow-origin"], "https://a.example.com");
        assert_eq!(answer["access-control-allow-methods"], "GET,POST");
        assert_eq!(answer["access-control-allow-headers"], "content-type");
        assert_eq!(answer["access-control-max-age"], "300");
        assert!(preflight(&cors(&["https://a.example.com"]), &from("https://b.example.com")).is_empty());
        assert_eq!(preflight(&cors(&["*"]), &from("https://b"))["access-control-allow-origin"], "*");
    }

    #[test]
    fn origins_may_have_a_star() {
        for (allowed, origin, covered) in [
            ("https://*", "https://a.b", true),
            ("https://*", "http://a.b", false),
            ("https://*.a.com", "https://x.a.com", true),
            ("https://*.a.com", "https://a.com", false),
            ("https://a.com", "https://A.com", true),
        ] {
            assert_eq!(covers(allowed, origin), covered, "{allowed} {origin}");
        }
    }

    #[test]
    fn the_integration_has_no_say() {
        let mut answer: HeaderMap = [("access-control-allow-origin", "*"), ("access-control-max-age", "1"), ("x", "y")]
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .into_iter()
            .collect();
        let ours = Cors { allow_credentials: true, ..cors(&["https://a"]) };
        dress(&ours, &from("https://a"), &mut answer);
        assert_eq!(answer["access-control-allow-origin"], "https://a");
        assert_eq!(answer["access-control-expose-headers"], "date");
        assert_eq!(answer["access-control-allow-credentials"], "true");
        assert!(!answer.contains_key("access-control-max-age") && answer.contains_key("x"));
    }
}
