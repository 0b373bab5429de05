//! Where a registry is reached.

use front::Cx;
use logic::image_reference::ecr_host;
use model::AccountId;
use std::net::IpAddr;

/// `host:port` of an account's registry in the request's region, as the client reaches it.
///
/// At the cloud's own address everybody finds the registry that their password is for. The registry of another account has a name of its
/// own, `<account>.dkr.ecr.<region>.localhost`, which can only be reached by who is at the cloud's machine.
pub fn of(cx: &Cx, registry: &AccountId) -> String {
    let named = |domain: &str| format!("{registry}.dkr.ecr.{}.{domain}", cx.region);
    let own = || cx.endpoint.clone();
    if ecr_host(&cx.endpoint).is_some() {
        return cx.endpoint.splitn(5, '.').nth(4).map_or_else(own, named);
    }
    match port_at_loopback(&cx.endpoint) {
        Some(port) if *registry != cx.account => named(&format!("localhost{port}")),
        _ => own(),
    }
}

/// The port with its colon, if the address is of a loopback host.
fn port_at_loopback(endpoint: &str) -> Option<&str> {
    let end = endpoint.rfind(':').filter(|at| !endpoint[*at..].contains(']')).unwrap_or(endpoint.len());
    let (host, port) = endpoint.split_at(end);
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    (host == "localhost" || address.is_ok_and(|address| address.is_loopback())).then_some(port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_hosts_are_known_with_and_without_a_port() {
        for (endpoint, port) in [
            ("localhost:4566", Some(":4566")),
            ("localhost", Some("")),
            ("127.0.0.1:80", Some(":80")),
            ("[::1]:80", Some(":80")),
            ("[::1]", Some("")),
            ("cloud.example.com:4566", None),
            ("10.0.0.1:4566", None),
        ] {
            assert_eq!(port_at_loopback(endpoint), port, "{endpoint}");
        }
    }
}
