//! Which service a request is for: by the scope of its signature, else the target header, the host, the path or the query.

use crate::{api::wire_request, host};
use bytes::Bytes;
use http::request::Parts;
use wire::{Dialect, Fault, Service, sigv4::Scope};

/// What a request says of the service that it is for.
pub(crate) enum Located {
    /// This one.
    At(&'static Service),
    /// One that isn't known, by the name that the request has for it.
    Unknown(String),
    /// Nothing that could name a service.
    Nowhere,
}

/// Finds the service. `scope` is that of the signature, if there is one.
pub(crate) fn locate(head: &Parts, scope: Option<&Scope>) -> Located {
    if let Some(scope) = scope {
        let named = api::SERVICES.iter().copied().filter(|service| service.signing_name == scope.service);
        return choose(head, named.collect()).map_or_else(|| Located::Unknown(scope.service.clone()), Located::At);
    }
    let found = by_target(head).or_else(|| by_host(head)).or_else(|| by_path(head)).or_else(|| by_version(head));
    match (found, target(head)) {
        (Some(service), _) => Located::At(service),
        (None, Some(target)) => Located::Unknown(target.to_owned()),
        (None, None) => Located::Nowhere,
    }
}

/// Several services may sign with one name (`apigateway`, `elasticloadbalancing`): whatever else the request says decides.
fn choose(head: &Parts, named: Vec<&'static Service>) -> Option<&'static Service> {
    let hints = [by_target, by_version, by_path, by_host];
    let hinted = || hints.iter().filter_map(|hint| hint(head)).find(|service| named.iter().any(|one| one.id == service.id));
    match named[..] {
        [] => None,
        [only] => Some(only),
        [first, ..] => hinted().or_else(|| by_operation(head, &named)).or(Some(first)),
    }
}

/// The one of several that has an operation at the path, built or not.
fn by_operation(head: &Parts, named: &[&'static Service]) -> Option<&'static Service> {
    let request = wire_request(head, Bytes::new());
    let has = |service: &&&'static Service| {
        let dialect = Dialect::of(service, &request);
        let known = |fault: Fault| fault.status == 501;
        dialect.protocol.is_rest() && dialect.match_operation(&request).map_or_else(known, |_| true)
    };
    named.iter().find(has).copied()
}

fn by_target(head: &Parts) -> Option<&'static Service> {
    let prefix = target(head)?;
    api::SERVICES.iter().find(|service| service.is_target(prefix)).copied()
}

/// What stands before the operation's name in `X-Amz-Target`.
fn target(head: &Parts) -> Option<&str> {
    Some(head.headers.get("x-amz-target")?.to_str().ok()?.rsplit_once('.')?.0)
}

fn by_host(head: &Parts) -> Option<&'static Service> {
    host::service(host_of(head)?)
}

/// `/service/<name>/operation/<operation>` (Smithy RPC v2 CBOR), or the first segment of a REST API's versioned path.
fn by_path(head: &Parts) -> Option<&'static Service> {
    let mut segments = head.uri.path().trim_start_matches('/').split('/');
    if segments.next()? != "service" {
        return None;
    }
    let name = segments.next()?;
    let name = name.rsplit_once('.').map_or(name, |(_, name)| name);
    api::SERVICES.iter().find(|service| service.is_target(name)).copied()
}

/// The version of a query API, where it is in the query string.
fn by_version(head: &Parts) -> Option<&'static Service> {
    of_version(head.uri.query()?)
}

/// The service of a form: an unsigned request of a query API says nothing in its head.
pub(crate) fn locate_form(form: &[u8]) -> Option<&'static Service> {
    of_version(std::str::from_utf8(form).ok()?)
}

fn of_version(form: &str) -> Option<&'static Service> {
    let version = form.split('&').find_map(|pair| pair.strip_prefix("Version="))?;
    let mut of_version = api::SERVICES.iter().copied().filter(|service| service.api_version == version && is_query(service));
    of_version.next().filter(|_| of_version.next().is_none())
}

fn is_query(service: &Service) -> bool {
    use wire::Protocol::{AwsQuery, Ec2Query};
    service.protocols.iter().any(|protocol| matches!(protocol, AwsQuery | Ec2Query))
}

/// The host that the client asked for: `Host`, or `:authority` in HTTP/2.
pub(crate) fn host_of(head: &Parts) -> Option<&str> {
    let authority = head.uri.authority().map(|authority| authority.as_str());
    authority.or_else(|| head.headers.get(http::header::HOST)?.to_str().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(build: impl FnOnce(http::request::Builder) -> http::request::Builder) -> Parts {
        build(http::Request::builder().header("host", "localhost:4566")).body(()).unwrap().into_parts().0
    }

    fn id(located: Located) -> String {
        match located {
            Located::At(service) => service.id.into(),
            Located::Unknown(name) => format!("?{name}"),
            Located::Nowhere => "-".into(),
        }
    }

    fn scope(service: &str) -> Scope {
        Scope { access_key: "a".into(), date: "20260101".into(), region: "us-east-1".into(), service: service.into() }
    }

    #[test]
    fn the_scope_decides() {
        let plain = head(|request| request.uri("/"));
        assert_eq!(id(locate(&plain, Some(&scope("ecr")))), "ecr");
        assert_eq!(id(locate(&plain, Some(&scope("elasticloadbalancing")))), "elbv2");
        assert_eq!(id(locate(&plain, Some(&scope("nonesuch")))), "?nonesuch");
    }

    #[test]
    fn of_several_services_the_one_with_the_operation_is_meant() {
        let located = |path: &str| id(locate(&head(|request| request.uri(path)), Some(&scope("apigateway"))));
        assert_eq!(
            [located("/v2/apis"), located("/v2/vpclinks"), located("/restapis")],
            ["apigatewayv2", "apigatewayv2", "apigateway"]
        );
    }

    #[test]
    fn unsigned_requests_are_located_by_what_they_say() {
        let target = head(|request| request.header("x-amz-target", "AmazonEC2ContainerRegistry_V20150921.DescribeRegistry"));
        assert_eq!(id(locate(&target, None)), "ecr");
        for prefix in ["com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101", "CloudTrail_20131101"] {
            let target = head(|request| request.header("x-amz-target", format!("{prefix}.DescribeTrails")));
            assert_eq!(id(locate(&target, None)), "cloudtrail", "{prefix}");
        }
        assert_eq!(id(locate(&head(|request| request.header("x-amz-target", "Other.Do")), None)), "?Other");
        assert_eq!(id(locate(&head(|request| request.uri("http://sts.us-east-1.localhost:4566/")), None)), "sts");
        assert_eq!(id(locate(&head(|request| request.uri("/?Action=GetCallerIdentity&Version=2011-06-15")), None)), "sts");
        assert_eq!(id(locate(&head(|request| request.uri("/")), None)), "-");
    }
}
