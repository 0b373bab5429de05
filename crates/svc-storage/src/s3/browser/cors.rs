//! Cross-origin resource sharing (Amazon S3 user guide, "Using cross-origin resource sharing (CORS)").

use crate::s3::{errors, settings};
use api::s3 as sdk;
use front::{Body, body};
use http::{HeaderMap, HeaderName, HeaderValue, Response, header};
use model::s3::{self as records, Bucket, setting};
use spine::{Read, Snapshot};
use wire::{Fault, Value};

/// What a browser asks.
struct Asked<'a> {
    origin: &'a str,
    method: &'a str,
    headers: Vec<&'a str>,
}

/// A rule that allows what is asked, and the origin that matched.
fn allowing<'a>(rules: &'a [sdk::CORSRule], asked: &Asked<'_>) -> Option<(&'a sdk::CORSRule, &'a str)> {
    rules.iter().find_map(|rule| {
        let origin = rule.allowed_origins.iter().find(|pattern| fits(pattern, asked.origin))?;
        let method = rule.allowed_methods.iter().any(|method| method == asked.method);
        let allowed = |name: &&str| {
            rule.allowed_headers.iter().flatten().any(|pattern| fits(&pattern.to_ascii_lowercase(), &name.to_ascii_lowercase()))
        };
        (method && asked.headers.iter().all(allowed)).then_some((rule, origin.as_str()))
    })
}

/// Whether a pattern with at most one `*` fits.
fn fits(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((begin, end)) => text.len() >= begin.len() + end.len() && text.starts_with(begin) && text.ends_with(end),
    }
}

fn rules(read: &Snapshot, request: &wire::Request) -> Option<Vec<sdk::CORSRule>> {
    let name = request.path.trim_start_matches('/').split('/').next()?;
    let bucket = read.spec(&records::key::<Bucket>(name)).ok().flatten().filter(|_| !name.is_empty())?;
    settings::get(&bucket, setting::CORS).ok()?
}

fn text<'a>(request: &'a wire::Request, name: &str) -> Option<&'a str> {
    request.headers.get(name).and_then(|value| value.to_str().ok())
}

/// Answers a preflight.
///
/// # Errors
/// `AccessForbidden` where no rule allows what is asked.
pub fn preflight(read: &Snapshot, request: &wire::Request) -> Result<Response<Body>, Fault> {
    let missing = |name: &str| errors::invalid_request(format!("Insufficient information. {name} request header needed."));
    let asked = Asked {
        origin: text(request, "origin").ok_or_else(|| missing("Origin"))?,
        method: text(request, "access-control-request-method").ok_or_else(|| missing("Access-Control-Request-Method"))?,
        headers: listed(text(request, "access-control-request-headers")),
    };
    let forbidden = |message: &str| {
        let fault = Fault::client("AccessForbidden", message).status(403);
        fault.with("Method", Value::Str(asked.method.into())).with("ResourceType", Value::Str("OBJECT".into()))
    };
    let rules = rules(read, request).ok_or_else(|| forbidden("CORSResponse: CORS is not enabled for this bucket."))?;
    let found = allowing(&rules, &asked);
    let (rule, origin) = found.ok_or_else(|| {
        forbidden("CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, request method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's CORS spec.")
    })?;
    let mut response = Response::new(body::empty());
    let headers = response.headers_mut();
    allow(headers, rule, origin, asked.origin);
    if !asked.headers.is_empty() {
        put(headers, header::ACCESS_CONTROL_ALLOW_HEADERS, &asked.headers.join(", ").to_ascii_lowercase());
    }
    Ok(response)
}

fn listed(text: Option<&str>) -> Vec<&str> {
    text.unwrap_or_default().split(',').map(str::trim).filter(|name| !name.is_empty()).collect()
}

/// Adds to an answer what tells a browser that its script may read it.
pub fn dress(read: &Snapshot, request: &wire::Request, headers: &mut HeaderMap) {
    let Some(origin) = text(request, "origin") else { return };
    let Some(rules) = rules(read, request) else { return };
    let asked = Asked { origin, method: request.method.as_str(), headers: Vec::new() };
    if let Some((rule, pattern)) = allowing(&rules, &asked) {
        allow(headers, rule, pattern, origin);
    }
}

fn allow(headers: &mut HeaderMap, rule: &sdk::CORSRule, pattern: &str, origin: &str) {
    put(headers, header::ACCESS_CONTROL_ALLOW_ORIGIN, if pattern == "*" { "*" } else { origin });
    put(headers, header::ACCESS_CONTROL_ALLOW_METHODS, &rule.allowed_methods.join(", "));
    if let Some(exposed) = rule.expose_headers.as_ref().filter(|names| !names.is_empty()) {
        put(headers, header::ACCESS_CONTROL_EXPOSE_HEADERS, &exposed.join(", "));
    }
    if let Some(seconds) = rule.max_age_seconds {
        put(headers, header::ACCESS_CONTROL_MAX_AGE, &seconds.to_string());
    }
    if pattern != "*" {
        put(headers, header::ACCESS_CONTROL_ALLOW_CREDENTIALS, "true");
    }
    put(headers, header::VARY, "Origin, Access-Control-Request-Headers, Access-Control-Request-Method");
}

fn put(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_star_stands_for_any_text() {
        assert!(fits("*", "https://a") && fits("https://*.example", "https://x.example") && fits("a", "a"));
        assert!(!fits("https://*.example", "https://.exampl") && !fits("ab*ba", "aba"));
    }
}
