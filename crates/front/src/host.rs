//! What a `Host` says: a service, a bucket, a registry, a load balancer, or nothing but where the cloud is.

use std::net::IpAddr;

/// The end of a load balancer's name.
const BALANCERS: &str = ".elb.localhost";

/// The host without its port, in lower case.
pub fn name(host: &str) -> String {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => name,
        _ => host,
    };
    name.trim_end_matches('.').to_ascii_lowercase()
}

/// Whether it is the name of a load balancer, `<name>.<region>.elb.localhost`.
pub fn is_balancer(host: &str) -> bool {
    name(host).strip_suffix(BALANCERS).is_some_and(|rest| !rest.is_empty())
}

/// Whether it can only mean this machine, so that no name server can have led a browser here.
pub fn is_loopback(host: &str) -> bool {
    let name = name(host);
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    name == "localhost" || name.ends_with(".localhost") || address.is_ok_and(|address| address.is_loopback())
}

/// The service that a host of the form `<endpoint prefix>.<region>.…` or `<endpoint prefix>.…` addresses.
pub fn service(host: &str) -> Option<&'static wire::Service> {
    let name = name(host);
    let addresses = |service: &&&wire::Service| {
        let rest = name.strip_prefix(service.endpoint_prefix);
        rest.is_some_and(|rest| rest.starts_with('.'))
    };
    // `api.ecr` is longer than, and so goes before, a service that would be called `api`.
    let longest = api::SERVICES.iter().filter(addresses).max_by_key(|service| service.endpoint_prefix.len());
    longest.copied().or_else(|| bucket(&name).and_then(|_| s3()))
}

/// The bucket in a virtual-host-style address: `<bucket>.s3.…` or `<bucket>.s3-…` (Amazon S3 user guide, "Virtual hosting of buckets").
pub fn bucket(host: &str) -> Option<String> {
    let name = name(host);
    let end = [".s3.", ".s3-"].iter().filter_map(|mark| name.find(mark)).min()?;
    (end > 0).then(|| name[..end].to_owned())
}

/// S3, if its API is known.
pub(crate) fn s3() -> Option<&'static wire::Service> {
    api::SERVICES.iter().find(|service| service.id == "s3").copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_loses_its_port_and_its_case() {
        assert_eq!(name("LocalHost:4566"), "localhost");
        assert_eq!(name("[::1]:4566"), "[::1]");
        assert_eq!(name("[::1]"), "[::1]");
        assert_eq!(name("example.com."), "example.com");
    }

    #[test]
    fn balancers_are_known_by_their_suffix() {
        assert!(is_balancer("web-0123456789.us-east-1.elb.localhost:4566"));
        assert!(!is_balancer("elb.localhost"));
        assert!(!is_balancer(".elb.localhost"));
        assert!(!is_balancer("web.elb.localhost.example.com"));
    }

    #[test]
    fn only_names_of_this_machine_are_loopback() {
        for host in ["localhost", "a.localhost:1", "127.0.0.1:4566", "127.1.2.3", "[::1]:80"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["example.com", "localhost.example.com", "10.0.0.1", "127.0.0.1.nip.io", ""] {
            assert!(!is_loopback(host), "{host}");
        }
    }

    #[test]
    fn services_are_addressed_by_their_endpoint_prefix() {
        for (host, id) in [
            ("sts.us-east-1.localhost:4566", "sts"),
            ("api.ecr.eu-west-1.amazonaws.com", "ecr"),
            ("s3.localhost", "s3"),
            ("my.bucket.s3.us-east-1.localhost:4566", "s3"),
            ("bucket.s3-eu-west-1.amazonaws.com", "s3"),
        ] {
            assert_eq!(service(host).map(|service| service.id), Some(id), "{host}");
        }
        assert!(service("localhost:4566").is_none());
        assert_eq!(bucket("my.bucket.s3.localhost").as_deref(), Some("my.bucket"));
        assert_eq!(bucket("s3.localhost"), None);
    }
}
