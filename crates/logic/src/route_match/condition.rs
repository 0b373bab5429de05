//! The condition types of listener rules.

use super::Pattern;
use http::HeaderMap;
use std::net::{IpAddr, Ipv4Addr};

/// What a rule's condition looks at.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// As sent: methods are case-sensitive.
    pub method: &'a str,
    /// The host of `Host` or `:authority`, without the port.
    pub host: &'a str,
    /// As sent, without the query.
    pub path: &'a str,
    /// Without the `?`.
    pub query: Option<&'a str>,
    /// The other end of the connection; `X-Forwarded-For` has no say in it.
    pub source: IpAddr,
    /// All header fields.
    pub headers: &'a HeaderMap,
}

/// An IPv4 network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    base: u32,
    mask: u32,
}

impl Network {
    /// A network in CIDR notation; more than 32 bits count as 32.
    pub fn new(address: Ipv4Addr, prefix: u8) -> Self {
        let mask = u32::MAX.checked_shl(32 - u32::from(prefix.min(32))).unwrap_or(0);
        Self { base: address.to_bits() & mask, mask }
    }

    /// Whether the address is in the network. An IPv4 address mapped into IPv6 counts as the IPv4 address.
    pub fn contains(&self, address: IpAddr) -> bool {
        match address.to_canonical() {
            IpAddr::V4(address) => address.to_bits() & self.mask == self.base,
            IpAddr::V6(_) => false,
        }
    }
}

/// What a request must be like. Where several values are given, one must match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// `host-header`: case-insensitive.
    HostHeader(Vec<Pattern>),
    /// `path-pattern`: case-sensitive.
    PathPattern(Vec<Pattern>),
    /// `http-header`: any field of this (lower-case) name has one of these values; case-insensitive.
    HttpHeader {
        /// Lower case.
        name: String,
        /// One of these.
        values: Vec<Pattern>,
    },
    /// `http-request-method`: case-sensitive, no wildcards.
    HttpRequestMethod(Vec<String>),
    /// `query-string`: any parameter is one of these pairs; a missing key matches any.
    QueryString(Vec<(Option<Pattern>, Pattern)>),
    /// `source-ip`.
    SourceIp(Vec<Network>),
}

impl Condition {
    /// Whether the request is like this.
    pub fn holds(&self, request: &Request<'_>) -> bool {
        match self {
            Self::HostHeader(patterns) => any(patterns, request.host),
            Self::PathPattern(patterns) => any(patterns, request.path),
            Self::HttpHeader { name, values } => {
                request.headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).any(|value| any(values, value))
            }
            Self::HttpRequestMethod(methods) => methods.iter().any(|method| method == request.method),
            Self::QueryString(pairs) => parameters(request.query).any(|parameter| pairs.iter().any(|pair| same(pair, parameter))),
            Self::SourceIp(networks) => networks.iter().any(|network| network.contains(request.source)),
        }
    }
}

fn any(patterns: &[Pattern], text: &str) -> bool {
    patterns.iter().any(|pattern| pattern.matches(text))
}

fn parameters(query: Option<&str>) -> impl Iterator<Item = (&str, &str)> {
    let parts = query.unwrap_or_default().split('&').filter(|part| !part.is_empty());
    parts.map(|part| part.split_once('=').unwrap_or((part, "")))
}

fn same(wanted: &(Option<Pattern>, Pattern), parameter: (&str, &str)) -> bool {
    wanted.0.as_ref().is_none_or(|key| key.matches(parameter.0)) && wanted.1.matches(parameter.1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::route_match::Case;

    fn patterns(texts: &[&str], case: Case) -> Vec<Pattern> {
        texts.iter().map(|text| Pattern::with_escapes(text, case)).collect()
    }

    fn check(condition: &Condition, change: impl FnOnce(&mut Request<'_>, &mut HeaderMap)) -> bool {
        let mut headers = HeaderMap::new();
        let nothing = HeaderMap::new();
        let mut request = Request {
            method: "GET",
            host: "www.example.com",
            path: "/",
            query: None,
            source: IpAddr::from([10, 0, 0, 7]),
            headers: &nothing,
        };
        change(&mut request, &mut headers);
        condition.holds(&Request { headers: &headers, ..request })
    }

    #[test]
    fn hosts_ignore_case_and_paths_do_not() {
        let host = Condition::HostHeader(patterns(&["*.EXAMPLE.com"], Case::Insensitive));
        assert!(check(&host, |r, _| r.host = "WWW.example.COM"));
        assert!(!check(&host, |r, _| r.host = "example.com"));
        let path = Condition::PathPattern(patterns(&["/api/*", "/v?"], Case::Sensitive));
        assert!(check(&path, |r, _| r.path = "/api/x"));
        assert!(check(&path, |r, _| r.path = "/v2"));
        assert!(!check(&path, |r, _| r.path = "/API/x"));
    }

    #[test]
    fn a_header_may_come_more_than_once() {
        let condition = Condition::HttpHeader { name: "x-kind".into(), values: patterns(&["*beta*"], Case::Insensitive) };
        assert!(check(&condition, |_, h| {
            h.append("x-kind", "stable".parse().unwrap());
            h.append("X-Kind", "my-Beta-2".parse().unwrap());
        }));
        assert!(!check(&condition, |_, _| ()));
    }

    #[test]
    fn methods_are_exact() {
        let condition = Condition::HttpRequestMethod(vec!["PUT".into(), "get".into()]);
        assert!(check(&condition, |r, _| r.method = "PUT"));
        assert!(!check(&condition, |r, _| r.method = "GET"));
    }

    #[test]
    fn query_pairs() {
        let pair = |key: Option<&str>, value: &str| {
            (key.map(|key| Pattern::with_escapes(key, Case::Insensitive)), Pattern::with_escapes(value, Case::Insensitive))
        };
        let condition = Condition::QueryString(vec![pair(Some("version"), "v1"), pair(None, "*example*")]);
        for query in ["version=V1", "a=b&Version=v1", "x=an-example-y", "=example"] {
            assert!(check(&condition, |r, _| r.query = Some(query)), "{query}");
        }
        for query in ["version=v2", "version", "", "example=1"] {
            assert!(!check(&condition, |r, _| r.query = Some(query)), "{query}");
        }
        let escaped = Condition::QueryString(vec![pair(Some("q"), r"what\?")]);
        assert!(check(&escaped, |r, _| r.query = Some("q=what?")));
        assert!(!check(&escaped, |r, _| r.query = Some("q=whats")));
    }

    #[test]
    fn networks() {
        let condition =
            Condition::SourceIp(vec![Network::new([10, 0, 0, 9].into(), 24), Network::new([192, 168, 1, 1].into(), 32)]);
        for (address, inside) in
            [("10.0.0.255", true), ("10.0.1.0", false), ("192.168.1.1", true), ("::ffff:10.0.0.1", true), ("::1", false)]
        {
            assert_eq!(check(&condition, |r, _| r.source = address.parse().unwrap()), inside, "{address}");
        }
        assert!(Network::new([1, 2, 3, 4].into(), 0).contains([9, 9, 9, 9].into()));
    }

    #[test]
    fn all_conditions_of_a_rule_must_hold_and_the_first_rule_wins() {
        let get = Condition::HttpRequestMethod(vec!["GET".into()]);
        let path = Condition::PathPattern(patterns(&["/a*"], Case::Sensitive));
        let rules = [("both", vec![get.clone(), path]), ("get", vec![get]), ("default", vec![])];
        let headers = HeaderMap::new();
        let request =
            |method, path| Request { method, host: "h", path, query: None, source: [127, 0, 0, 1].into(), headers: &headers };
        let found = |method, path| crate::route_match::first(&rules, |rule| &rule.1, &request(method, path)).map(|rule| rule.0);
        assert_eq!(found("GET", "/abc"), Some("both"));
        assert_eq!(found("GET", "/b"), Some("get"));
        assert_eq!(found("PUT", "/abc"), Some("default"));
    }
}
