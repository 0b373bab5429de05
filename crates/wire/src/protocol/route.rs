//! Which operation a request means.

use super::query::Form;
use super::uri::{self, Pattern};
use super::{Dialect, Request};
use crate::Fault;
use crate::schema::{Location, Operation, Protocol, Service};

/// The protocol of a request to a service that speaks several; the preferred one where the request doesn't show.
pub fn protocol(service: &Service, request: &Request) -> Protocol {
    let header = |name| request.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let content = header("content-type");
    let shown: &[Protocol] = if header("smithy-protocol") == "rpc-v2-cbor" {
        &[Protocol::RpcV2Cbor]
    } else if request.headers.contains_key("x-amz-target") {
        &[Protocol::AwsJson10, Protocol::AwsJson11]
    } else if content.starts_with("application/x-www-form-urlencoded") || request.query.contains("Action=") {
        &[Protocol::AwsQuery, Protocol::Ec2Query]
    } else {
        &[]
    };
    service.protocols.iter().copied().find(|it| shown.contains(it)).unwrap_or(service.protocols[0])
}

/// The operation, or why there is none.
pub fn operation(dialect: &Dialect, request: &Request) -> Result<&'static Operation, Fault> {
    let service = dialect.service;
    match dialect.protocol {
        Protocol::AwsJson10 | Protocol::AwsJson11 => named(service, &target(service, request)?, || unknown(400)),
        Protocol::RpcV2Cbor => named(service, rpc_path(service, request)?, || unknown(404)),
        Protocol::AwsQuery | Protocol::Ec2Query => action(dialect, request),
        Protocol::RestJson | Protocol::RestXml => routed(service, request),
    }
}

fn unknown(status: u16) -> Fault {
    Fault::client("UnknownOperationException", "The operation is not known to the service.").status(status)
}

fn not_built(service: &Service, name: &str) -> Fault {
    Fault::not_implemented(format_args!("{} {name}", service.service_id))
}

fn named(service: &'static Service, name: &str, unknown: impl Fn() -> Fault) -> Result<&'static Operation, Fault> {
    let known = || service.unbuilt.iter().find(|other| other.0 == name);
    let missing = || known().map_or_else(&unknown, |other| not_built(service, other.0));
    service.operation(name).ok_or_else(missing)
}

/// The operation in `X-Amz-Target: <prefix>.<operation>`.
fn target(service: &Service, request: &Request) -> Result<String, Fault> {
    let header = request.headers.get("x-amz-target").and_then(|value| value.to_str().ok());
    let (prefix, name) = header.and_then(|target| target.rsplit_once('.')).ok_or_else(|| unknown(400))?;
    if service.is_target(prefix) { Ok(name.to_owned()) } else { Err(unknown(400)) }
}

/// The operation in `/service/<service>/operation/<operation>`, which may stand behind a prefix.
fn rpc_path<'r>(service: &Service, request: &'r Request) -> Result<&'r str, Fault> {
    let mut steps = request.path.rsplit('/');
    match (steps.next(), steps.next(), steps.next(), steps.next()) {
        (Some(name), Some("operation"), Some(prefix), Some("service")) if service.is_target(prefix) => Ok(name),
        _ => Err(unknown(404)),
    }
}

/// The form of a query request: the body, or the query string where there is no body.
pub fn form(request: &Request) -> Result<Form, Fault> {
    let body = std::str::from_utf8(&request.body).map_err(|_| Fault::client("MalformedInput", "The form is not valid UTF-8."))?;
    Form::parse(if body.trim().is_empty() { &request.query } else { body.trim_end() })
}

fn action(dialect: &Dialect, request: &Request) -> Result<&'static Operation, Fault> {
    let service = dialect.service;
    let form = form(request)?;
    let missing = || Fault::client("MissingAction", "The request is missing an action or a required parameter.");
    let name = form.text("Action").filter(|name| !name.is_empty()).ok_or_else(missing)?;
    let version = form.text("Version").unwrap_or(service.api_version);
    let shown: String = name.chars().take(128).collect();
    let unknown = || match dialect.protocol {
        Protocol::Ec2Query => Fault::client("InvalidAction", format!("The action {shown} is not valid for this web service.")),
        _ => Fault::client("InvalidAction", format!("Could not find operation {shown} for version {version}")),
    };
    // EC2 takes the versions of its past; elsewhere another version may be another service at the same address.
    if dialect.protocol == Protocol::AwsQuery && version != service.api_version {
        return Err(unknown());
    }
    named(service, name, unknown)
}

/// The closest of the patterns that fit. Where two fit as closely, the one whose required parameters and headers are there, then
/// the first by name; a built one before one that isn't.
fn routed(service: &'static Service, request: &Request) -> Result<&'static Operation, Fault> {
    let parameters = uri::parameters(&request.query).ok_or_else(|| unknown(404))?;
    let fit = |method: &str, uri: &str| match request.method == *method {
        true => Pattern::new(uri).fit(&request.path, &parameters),
        false => None,
    };
    let built = service.operations.iter().rev().filter_map(|operation| {
        let rank = (fit(operation.method, operation.uri)?, bound(service, operation, request, &parameters));
        Some((rank, operation))
    });
    let others = service.unbuilt.iter().rev().filter_map(|other| Some((fit(other.1, other.2)?, other)));
    let built = built.max_by(|(a, _), (b, _)| a.cmp(b));
    match (built, others.max_by(|(a, _), (b, _)| a.cmp(b))) {
        (Some(((fit, _), operation)), Some((other, _))) if fit >= other => Ok(operation),
        (Some((_, operation)), None) => Ok(operation),
        (_, Some((_, unbuilt))) => Err(not_built(service, unbuilt.0)),
        (None, None) => Err(unknown(404)),
    }
}

/// One more than the number of required parameters and headers, all of which the request has; 0 where it lacks one.
fn bound(service: &Service, operation: &Operation, request: &Request, parameters: &[(String, String)]) -> usize {
    let structure = operation.input.and_then(|id| service.shape(id).structure());
    let required = structure.into_iter().flat_map(|it| it.members).filter(|member| member.required);
    let there = required.filter_map(|member| match member.location {
        Location::Query => Some(parameters.iter().any(|(name, _)| name == member.wire_name())),
        Location::Header => Some(request.headers.contains_key(member.wire_name())),
        _ => None,
    });
    there.map(|there| there.then_some(1)).sum::<Option<usize>>().map_or(0, |required| required + 1)
}
