//! What is written into messages, and taken out of them, on their way.
//!
//! Spec: RFC 9110, section 7.6.1 (fields that end at the next hop); "HTTP headers and Application Load Balancers".

use super::{Client, admit::Head, admit::joined};
use crate::routes::{Door, Listener};
use agent_proto::edge::ForwardedFor;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use logic::balancer::forwarded::{self, Mode};
use std::net::SocketAddr;

/// Fields that are about one connection only. `Expect` is among them because the load balancer answers it itself.
const HOP_BY_HOP: [HeaderName; 8] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::TE,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::EXPECT,
    HeaderName::from_static("http2-settings"),
];

/// `http` or `https`.
pub(super) fn scheme(listener: &Listener) -> &'static str {
    if listener.tls.is_some() { "https" } else { "http" }
}

/// Takes out what is about the client's connection only, and what `Connection` names.
pub(super) fn strip_hop_by_hop(headers: &mut HeaderMap) {
    let named = joined(headers, "connection").unwrap_or_default();
    for name in named.split(',').filter_map(|name| name.trim().parse::<HeaderName>().ok()) {
        // What frames a message or says whom it is for can't be made to vanish by naming it (request smuggling).
        if ![header::HOST, header::CONTENT_LENGTH].contains(&name) && !name.as_str().starts_with("x-forwarded-") {
            headers.remove(name);
        }
    }
    for name in HOP_BY_HOP {
        headers.remove(name);
    }
}

/// WebSocket, if the client wants to change to it (RFC 9110, section 7.8). No other protocol is passed through: by `h2c` a client
/// could speak to a target past all rules.
pub(super) fn upgrade(headers: &HeaderMap) -> Option<HeaderValue> {
    let wanted = joined(headers, "connection")?.split(',').any(|option| option.trim().eq_ignore_ascii_case("upgrade"));
    let websocket = |protocol: &&HeaderValue| protocol.as_bytes().eq_ignore_ascii_case(b"websocket");
    headers.get(header::UPGRADE).filter(|_| wanted).filter(websocket).cloned()
}

/// The client takes trailers; gRPC servers insist on it (RFC 9110, section 10.1.4).
pub(super) fn takes_trailers(headers: &HeaderMap) -> bool {
    joined(headers, "te").is_some_and(|te| te.split(',').any(|part| part.trim().eq_ignore_ascii_case("trailers")))
}

/// Rewrites a request's fields for the target.
pub(super) fn for_target(headers: &mut HeaderMap, client: &Client, listener: &Listener, head: &Head, source: SocketAddr) {
    let upgrade = upgrade(headers);
    strip_hop_by_hop(headers);
    if let Some(upgrade) = upgrade {
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(header::UPGRADE, upgrade);
    }
    if listener.balancer.attributes.drop_invalid_headers {
        drop_invalid(headers);
    }
    join_cookies(headers);
    host(headers, client, listener, head);
    forwarded_fields(headers, listener, source);
    trace(headers, client);
}

/// `routing.http.drop_invalid_header_fields.enabled`: a valid name matches `[-A-Za-z0-9]+`.
fn drop_invalid(headers: &mut HeaderMap) {
    let valid = |name: &HeaderName| name.as_str().bytes().all(|byte| byte == b'-' || byte.is_ascii_alphanumeric());
    let invalid: Vec<HeaderName> = headers.keys().filter(|name| !valid(name)).cloned().collect();
    for name in invalid {
        headers.remove(name);
    }
}

/// HTTP/2 may send cookies in several fields; HTTP/1.1 wants one (RFC 9113, section 8.2.3).
fn join_cookies(headers: &mut HeaderMap) {
    if headers.get_all(header::COOKIE).iter().nth(1).is_some() {
        let all: Vec<&[u8]> = headers.get_all(header::COOKIE).iter().map(HeaderValue::as_bytes).collect();
        if let Ok(one) = HeaderValue::from_bytes(&all.join(&b"; "[..])) {
            headers.insert(header::COOKIE, one);
        }
    }
}

/// Unless the host header is to be preserved, the listener's port is added to it where it isn't the scheme's own
/// (*Host header preservation*). Behind the front the client's port is another, and stays.
fn host(headers: &mut HeaderMap, client: &Client, listener: &Listener, head: &Head) {
    let default_port = if listener.tls.is_some() { 443 } else { 80 };
    let add = !listener.balancer.attributes.preserve_host
        && listener.port != default_port
        && head.authority == head.host
        && client.door != Door::Front;
    let host = if add { format!("{}:{}", head.host, listener.port) } else { head.authority.clone() };
    if let Ok(value) = HeaderValue::try_from(host) {
        headers.insert(header::HOST, value);
    }
}

fn forwarded_fields(headers: &mut HeaderMap, listener: &Listener, source: SocketAddr) {
    let attributes = &listener.balancer.attributes;
    let mode = match attributes.forwarded_for {
        ForwardedFor::Append => Mode::Append,
        ForwardedFor::Preserve => Mode::Preserve,
        ForwardedFor::Remove => Mode::Remove,
    };
    let came = joined(headers, "x-forwarded-for");
    let value = forwarded::forwarded_for(came.as_deref(), source, mode, attributes.forwarded_client_port);
    set(headers, "x-forwarded-for", value);
    set(headers, "x-forwarded-proto", Some(scheme(listener).into()));
    set(headers, "x-forwarded-port", Some(listener.port.to_string()));
}

fn trace(headers: &mut HeaderMap, client: &Client) {
    let came = joined(headers, "x-amzn-trace-id");
    let id = forwarded::trace_id(came.as_deref(), client.shared.env.now().0 / 1000, client.shared.env.bytes());
    set(headers, "x-amzn-trace-id", Some(id));
}

fn set(headers: &mut HeaderMap, name: &'static str, value: Option<String>) {
    match value.and_then(|value| HeaderValue::try_from(value).ok()) {
        Some(value) => drop(headers.insert(name, value)),
        None => drop(headers.remove(name)),
    }
}
