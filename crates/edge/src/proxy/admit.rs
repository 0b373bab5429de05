//! What a request must be like to be looked at at all.
//!
//! The framing of messages (lengths, chunks, line ends) is hyper's to check; a request that could be read in two ways never gets
//! here. Limits: "Quotas for your Application Load Balancers", *HTTP headers*; codes: "Troubleshoot your Application Load
//! Balancers".

use super::{Client, Refusal};
use crate::routes::Door;
use http::{HeaderMap, HeaderName, Method, Request, StatusCode, Version, header};
use hyper::body::Incoming;
use logic::balancer::{entry, forwarded};
use std::net::SocketAddr;

/// A request line, or a single header field, may take so much.
const LINE: usize = 16 * 1024;
/// All header fields together may take so much.
const ALL_FIELDS: usize = 64 * 1024;

/// The parts of a request that rules look at.
pub(super) struct Head {
    /// Without the port.
    pub(super) host: String,
    /// As sent, with the port if there was one.
    pub(super) authority: String,
    pub(super) path: String,
    pub(super) query: Option<String>,
}

impl Head {
    /// Refuses what the real service refuses.
    pub(super) fn admit(request: &Request<Incoming>) -> Result<Self, Refusal> {
        method(request.method())?;
        sizes(request)?;
        circles(request.headers())?;
        let authority = authority(request)?;
        let host = entry::without_port(&authority).to_owned();
        Ok(Self { host, authority, path: request.uri().path().to_owned(), query: request.uri().query().map(str::to_owned) })
    }
}

/// 405: `TRACE` is not supported. `CONNECT` has no place at a load balancer.
fn method(method: &Method) -> Result<(), Refusal> {
    match *method {
        Method::TRACE => refuse(StatusCode::METHOD_NOT_ALLOWED),
        Method::CONNECT => refuse(StatusCode::BAD_REQUEST),
        _ => Ok(()),
    }
}

fn sizes(request: &Request<Incoming>) -> Result<(), Refusal> {
    let target = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
    if target > LINE {
        return refuse(StatusCode::URI_TOO_LONG);
    }
    let field = |(name, value): (&HeaderName, &http::HeaderValue)| name.as_str().len() + value.len() + 4;
    let lengths = || request.headers().iter().map(field);
    match lengths().any(|length| length > LINE) || lengths().sum::<usize>() > ALL_FIELDS {
        true => refuse(StatusCode::BAD_REQUEST),
        false => Ok(()),
    }
}

/// 463: more than 30 addresses in `X-Forwarded-For`.
fn circles(headers: &HeaderMap) -> Result<(), Refusal> {
    let came = joined(headers, "x-forwarded-for");
    match came.is_some_and(|came| forwarded::goes_in_circles(&came)) {
        true => refuse(StatusCode::from_u16(463).unwrap_or(StatusCode::LOOP_DETECTED)),
        false => Ok(()),
    }
}

/// The request's own host (RFC 9112, section 3.2): of the target if it is absolute, else of the one `Host` field, which may only
/// be missing in HTTP/1.0.
fn authority(request: &Request<Incoming>) -> Result<String, Refusal> {
    if let Some(authority) = request.uri().authority() {
        return Ok(authority.as_str().to_owned());
    }
    let mut fields = request.headers().get_all(header::HOST).iter();
    match (fields.next(), fields.next()) {
        (None, _) if request.version() <= Version::HTTP_10 => Ok(String::new()),
        (Some(host), None) => {
            host.to_str().ok().filter(|host| is_host(host)).map(str::to_owned).ok_or(Refusal::Page(StatusCode::BAD_REQUEST))
        }
        _ => refuse(StatusCode::BAD_REQUEST),
    }
}

fn is_host(host: &str) -> bool {
    host.parse::<http::uri::Authority>().is_ok_and(|authority| !authority.as_str().contains('@'))
}

/// A field's values, joined as one.
pub(super) fn joined(headers: &HeaderMap, name: &str) -> Option<String> {
    let values: Vec<&str> = headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect();
    (!values.is_empty()).then(|| values.join(", "))
}

/// What the front says about a request that it hands over.
#[derive(Default)]
pub(super) struct HandedOver {
    /// `x-hillfog-listener-port`.
    pub(super) port: Option<u16>,
    /// `x-hillfog-client`: the client's address and port.
    pub(super) client: Option<SocketAddr>,
}

/// Takes the front's own header fields out of a request. From anybody else they mean nothing, and are taken out all the same.
pub(super) fn handed_over(client: &Client, request: &mut Request<Incoming>) -> HandedOver {
    let mut take = |name: &str| request.headers_mut().remove(name)?.to_str().ok().map(str::to_owned);
    let (port, address) = (take("x-hillfog-listener-port"), take("x-hillfog-client"));
    match client.door {
        Door::Front => {
            HandedOver { port: port.and_then(|port| port.parse().ok()), client: address.and_then(|address| address.parse().ok()) }
        }
        _ => HandedOver::default(),
    }
}

fn refuse<T>(status: StatusCode) -> Result<T, Refusal> {
    Err(Refusal::Page(status))
}
