//! What the head of a request says: which API it is for, and what the gateway adds to it.

use super::served::Served;
use front::{Arrival, host};
use http::{HeaderMap, HeaderName, HeaderValue, header::HOST, request::Parts};
use logic::http_api::{
    exchange::{Caller, Exchange},
    path,
};

/// What follows an API's id in its host's name, and what ends it.
const MARK: &str = ".execute-api.";
const END: &str = ".localhost";

/// The API that a request is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its id.
    pub api: String,
    /// Where it is said to be.
    pub region: String,
    /// The host without a port.
    pub domain: String,
}

/// The API whose host's name a request has, if it has one's.
pub fn target(head: &Parts) -> Option<Target> {
    let named = head.uri.authority().map(|authority| authority.as_str());
    let named = named.or_else(|| head.headers.get(HOST)?.to_str().ok())?;
    if !named.contains(MARK) {
        return None;
    }
    let domain = host::name(named);
    let (api, rest) = domain.split_once(MARK)?;
    let region = rest.strip_suffix(END)?;
    let fine = !api.is_empty() && !api.contains('.') && !region.is_empty() && !region.contains('.');
    fine.then(|| Target { api: api.to_owned(), region: region.to_owned(), domain: domain.clone() })
}

/// The request as the API sees it.
pub fn exchange(head: &Parts, arrival: &Arrival, served: &Served, target: &Target) -> Exchange {
    let source_ip = arrival.source().map_or_else(|| "127.0.0.1".to_owned(), |address| address.to_string());
    Exchange {
        account: served.key.account.to_string(),
        region: target.region.clone(),
        api: target.api.clone(),
        stage: served.name.clone(),
        domain: target.domain.clone(),
        id: arrival.request_id.clone(),
        at: arrival.env.now(),
        headers: completed(head, arrival, &source_ip),
        source_ip,
        protocol: format!("{:?}", head.version),
        method: head.method.to_string(),
        whole_path: path::decoded(head.uri.path()),
        path: served.path.clone(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        route_key: String::new(),
        parameters: Default::default(),
        variables: served.stage.variables.clone(),
        caller: Caller::Unknown,
    }
}

/// The headers with those that tell how the request came.
fn completed(head: &Parts, arrival: &Arrival, source_ip: &str) -> HeaderMap {
    let mut headers = head.headers.clone();
    let port = arrival.endpoint.rsplit_once(':').map_or("80", |(_, port)| port);
    let before = headers.get("x-forwarded-for").and_then(|value| value.to_str().ok());
    let forwarded = before.map_or_else(|| source_ip.to_owned(), |before| format!("{before}, {source_ip}"));
    let trace = headers.get("x-amzn-trace-id").and_then(|value| value.to_str().ok().map(str::to_owned));
    let seconds = arrival.env.now().0.div_euclid(1000);
    let trace = trace.unwrap_or_else(|| format!("Root=1-{seconds:08x}-{}", arrival.env.hex(24)));
    let set = [
        ("x-forwarded-for", forwarded),
        ("x-forwarded-port", port.to_owned()),
        ("x-forwarded-proto", "http".to_owned()),
        ("x-amzn-trace-id", trace),
    ];
    for (name, value) in set {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    if let Some(authority) = head.uri.authority().and_then(|authority| HeaderValue::from_str(authority.as_str()).ok()) {
        headers.entry(HOST).or_insert(authority);
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(host: &str) -> Option<Target> {
        let (head, ()) = http::Request::builder().uri("/x").header("host", host).body(()).unwrap().into_parts();
        target(&head)
    }

    #[test]
    fn apis_are_known_by_their_hosts() {
        let target = of("Abc123.execute-api.eu-west-1.localhost:4566").unwrap();
        assert_eq!((&*target.api, &*target.region), ("abc123", "eu-west-1"));
        assert_eq!(target.domain, "abc123.execute-api.eu-west-1.localhost");
        for other in [
            "localhost:4566",
            "a.execute-api.localhost",
            "a.b.execute-api.r.localhost",
            ".execute-api.r.localhost",
            "a.execute-api.r.example.com",
        ] {
            assert_eq!(of(other), None, "{other}");
        }
    }
}
