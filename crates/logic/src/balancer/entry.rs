//! For which load balancer a request at the host's loopback address is, where several share a port.
//!
//! The real service has an address for each load balancer. Here the `Host` decides: the balancer's DNS name; else a balancer with
//! a rule for that host; else the only one there is.

use crate::route_match::Pattern;

/// A load balancer that listens at the port.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    /// Its DNS name, lower case.
    pub dns_name: &'a str,
    /// The patterns of all `host-header` conditions of its listener's rules.
    pub host_patterns: &'a [Pattern],
}

/// The index of the load balancer that `host` (with or without a port) names. None if it can't be told.
pub fn choose<'a>(candidates: impl ExactSizeIterator<Item = Candidate<'a>> + Clone, host: &str) -> Option<usize> {
    let host = without_port(host).trim_end_matches('.');
    let named = candidates.clone().position(|candidate| candidate.dns_name.eq_ignore_ascii_case(host));
    let by_rule = || candidates.clone().position(|candidate| candidate.host_patterns.iter().any(|pattern| pattern.matches(host)));
    let only = || (candidates.len() == 1).then_some(0);
    named.or_else(by_rule).or_else(only)
}

/// The host of a `Host` field or an authority; an IPv6 address keeps its brackets.
pub fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && (!name.contains(':') || name.ends_with(']')) => {
            name
        }
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::route_match::Case;

    #[test]
    fn hosts_without_ports() {
        for (host, name) in [("a:80", "a"), ("a", "a"), ("[::1]:80", "[::1]"), ("[::1]", "[::1]"), ("a:b", "a:b"), ("a:", "a")] {
            assert_eq!(without_port(host), name);
        }
    }

    #[test]
    fn choices() {
        let shop = [Pattern::new("*.shop.test", Case::Insensitive)];
        let two = [
            Candidate { dns_name: "one.elb.localhost", host_patterns: &[] },
            Candidate { dns_name: "two.elb.localhost", host_patterns: &shop },
        ];
        let chosen = |host| choose(two.iter().copied(), host);
        assert_eq!(chosen("ONE.elb.localhost:4566"), Some(0));
        assert_eq!(chosen("two.elb.localhost."), Some(1));
        assert_eq!(chosen("a.Shop.test:80"), Some(1));
        assert_eq!(chosen("127.0.0.1"), None);
        assert_eq!(choose(two[..1].iter().copied(), "127.0.0.1"), Some(0));
        assert_eq!(choose(two[..0].iter().copied(), "one.elb.localhost"), None);
    }
}
