//! Faults as responses, in each protocol's own form of an error.

use super::encode::{content_type, host_id, stamp};
use super::{Dialect, Response, bind, cbor, json, xml};
use crate::schema::{ErrorTrait, Protocol, Service, Shape, Structure};
use crate::{Fault, Value};
use bytes::Bytes;
use http::HeaderMap;

/// The codes in the query protocol of errors that every service has and no model names (each service's API reference, "Common errors").
const COMMON: &[(&str, &str)] = &[
    ("AccessDeniedException", "AccessDenied"),
    ("ExpiredTokenException", "ExpiredToken"),
    ("IncompleteSignatureException", "IncompleteSignature"),
    ("InvalidSignatureException", "SignatureDoesNotMatch"),
    ("MissingAuthenticationTokenException", "MissingAuthenticationToken"),
    ("UnrecognizedClientException", "InvalidClientTokenId"),
];

/// A fault with what the model knows of it.
struct Error<'a> {
    service: &'a Service,
    fault: &'a Fault,
    shape: Option<&'a Shape>,
    structure: Option<&'a Structure>,
    known: Option<&'a ErrorTrait>,
    members: Value,
}

/// The answer of failure.
pub fn fault(dialect: &Dialect, request_id: &str, fault: &Fault) -> Response {
    let error = Error::of(dialect, fault);
    let protocol = dialect.protocol;
    let mut response = Response { status: error.status(), headers: HeaderMap::new(), body: Bytes::new() };
    stamp(&mut response.headers, protocol, request_id);
    match protocol {
        Protocol::AwsJson10 | Protocol::AwsJson11 => {
            let text = json::write_structure(dialect.service, error.structure, &error.members, &error.first());
            response.fill(content_type(protocol), text);
        }
        Protocol::RpcV2Cbor => {
            let body = cbor::write_body(dialect.service, error.structure, &error.members, &error.first());
            response.fill(content_type(protocol), body);
        }
        Protocol::RestJson => rest_json(dialect, &error, &mut response),
        Protocol::AwsQuery | Protocol::RestXml => {
            let text = wrapped(dialect, &error, request_id);
            headers(dialect, &error, &mut response.headers);
            error.structure.map(|it| bind::write(dialect.service, it, &error.members, &mut response.headers));
            response.fill(content_type(protocol), text);
        }
        Protocol::Ec2Query => response.fill(content_type(protocol), ec2(dialect, &error, request_id)),
    }
    if dialect.service.query_compatible && dialect.query_mode {
        let side = if error.sender() { "Sender" } else { "Receiver" };
        bind::put(&mut response.headers, "x-amzn-query-error", &format!("{};{side}", error.wire_code()));
    }
    response
}

impl<'a> Error<'a> {
    fn of(dialect: &Dialect, fault: &'a Fault) -> Self {
        let found = dialect.service.error(&fault.code);
        let (shape, known) = (found.map(|(shape, _)| shape), found.map(|(_, known)| known));
        let structure = shape.and_then(Shape::structure);
        let mut members = fault.members.clone();
        let message = structure.into_iter().flat_map(|it| it.members).find(|member| member.name.eq_ignore_ascii_case("message"));
        let unsaid = |name: &str| !fault.message.is_empty() && members.iter().all(|(given, _)| *given != name);
        if let Some(member) = message.filter(|member| unsaid(member.name)) {
            members.push((member.name, Value::Str(fault.message.clone())));
        }
        Self { service: dialect.service, fault, shape, structure, known, members: Value::Struct(members) }
    }

    fn status(&self) -> u16 {
        self.known.and_then(|known| known.status).unwrap_or(self.fault.status)
    }

    fn sender(&self) -> bool {
        self.known.map_or(self.fault.sender, |known| known.sender)
    }

    /// The error's name in the model; JSON and CBOR carry it.
    fn name(&self) -> &str {
        self.shape.map_or(&self.fault.code, |shape| shape.name)
    }

    /// The error's code; XML carries it, and the header for clients of the query protocol.
    fn wire_code(&self) -> &str {
        self.known.and_then(|known| known.code).or_else(|| self.common_code()).unwrap_or(self.name())
    }

    /// The code of an error of all services, from one that spoke the query protocol before.
    fn common_code(&self) -> Option<&'static str> {
        let common = COMMON.iter().filter(|_| self.service.query_compatible && self.shape.is_none());
        common.into_iter().find(|(name, _)| *name == self.name()).map(|(_, code)| *code)
    }

    /// Whether the members say the message already.
    fn says_message(&self) -> bool {
        let in_body = |name| self.structure.and_then(|it| it.member(name)).is_some_and(|it| it.location.is_body_of_response());
        ["message", "Message"].into_iter().any(in_body)
    }

    /// The message, where there is one and the members don't say it.
    fn message(&self) -> Option<(&str, &str)> {
        let text = self.fault.message.as_str();
        (!text.is_empty() && !self.says_message()).then_some(("message", text))
    }

    /// The members that the model doesn't know.
    fn extras(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let unknown = |name: &str| self.structure.is_none_or(|it| it.member(name).is_none());
        let members = self.fault.members.iter().filter(move |(name, _)| unknown(name));
        members.filter_map(|(name, value)| Some((*name, value.as_str()?)))
    }

    /// What stands before the members in JSON and CBOR.
    fn first(&self) -> Vec<(&str, &str)> {
        [("__type", self.name())].into_iter().chain(self.message()).collect()
    }
}

fn rest_json(dialect: &Dialect, error: &Error, response: &mut Response) {
    bind::put(&mut response.headers, "x-amzn-errortype", error.name());
    if let Some(structure) = error.structure {
        bind::write(dialect.service, structure, &error.members, &mut response.headers);
    }
    let message: Vec<(&str, &str)> = error.message().into_iter().collect();
    let text = json::write_structure(dialect.service, error.structure, &error.members, &message);
    response.fill(content_type(dialect.protocol), text);
}

/// `ErrorResponse` around `Error`; of services with bare errors (S3), `Error` alone.
fn wrapped(dialect: &Dialect, error: &Error, request_id: &str) -> String {
    let mut writer = xml::Writer::new(dialect.service);
    if dialect.service.bare_errors {
        writer.wrapped("Error", None, |writer| {
            body(writer, error);
            details(writer, error);
            writer.text("RequestId", request_id);
            writer.text("HostId", &host_id(request_id));
        });
        return writer.finish();
    }
    writer.wrapped("ErrorResponse", xml::namespace_of(dialect.service), |writer| {
        writer.wrapped("Error", None, |writer| {
            writer.text("Type", if error.sender() { "Sender" } else { "Receiver" });
            body(writer, error);
        });
        writer.text("RequestId", request_id);
    });
    writer.finish()
}

/// EC2's own form (<https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html>).
fn ec2(dialect: &Dialect, error: &Error, request_id: &str) -> String {
    let mut writer = xml::Writer::new(dialect.service);
    writer.wrapped("Response", None, |writer| {
        writer.wrapped("Errors", None, |writer| writer.wrapped("Error", None, |writer| body(writer, error)));
        writer.text("RequestID", request_id);
    });
    writer.finish()
}

/// What S3 says of an error besides what its model knows: the bucket's name, the key, what was expected.
fn details(writer: &mut xml::Writer, error: &Error) {
    error.extras().filter(|(name, _)| !is_header(name)).for_each(|(name, text)| writer.text(name, text));
}

/// Some of it is in headers.
fn headers(dialect: &Dialect, error: &Error, headers: &mut HeaderMap) {
    let extras = error.extras().filter(|(name, _)| dialect.service.bare_errors && is_header(name));
    extras.for_each(|(name, text)| bind::put(headers, name, text));
}

fn is_header(name: &str) -> bool {
    name.starts_with("x-amz-")
}

fn body(writer: &mut xml::Writer, error: &Error) {
    writer.text("Code", error.wire_code());
    if !error.fault.message.is_empty() {
        writer.text("Message", &error.fault.message);
    }
    for (structure, member) in error.structure.into_iter().flat_map(|it| it.members.iter().map(move |member| (it, member))) {
        let value = error.members.get(member.name).filter(|value| !value.is_null());
        let said = member.name.eq_ignore_ascii_case("message") || !member.location.is_body_of_response();
        if let Some(value) = value.filter(|_| !said && structure.payload.is_none()) {
            writer.member(member.wire_name(), member, value);
        }
    }
}
