//! An operation's output as a response, whatever the protocol.

use super::{Response, bind, cbor, json, text, xml};
use crate::Value;
use crate::schema::{Kind, Operation, Protocol, Service, Shape, Structure, TimestampFormat};
use aws_lc_rs::digest;
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::HeaderMap;

/// The answer of success.
pub fn output(service: &Service, protocol: Protocol, operation: &Operation, request_id: &str, value: &Value) -> Response {
    let mut response = Response { status: operation.status, headers: HeaderMap::new(), body: Bytes::new() };
    let shape = operation.output.map(|id| service.shape(id));
    let structure = shape.and_then(Shape::structure);
    stamp(&mut response.headers, protocol, request_id);
    match protocol {
        Protocol::AwsJson10 | Protocol::AwsJson11 => {
            let text = json::write_structure(service, structure, value, &[]);
            response.fill(content_type(protocol), text);
        }
        Protocol::RpcV2Cbor if structure.is_none() => {}
        Protocol::RpcV2Cbor => response.fill(content_type(protocol), cbor::write_body(service, structure, value, &[])),
        Protocol::AwsQuery => response.fill(content_type(protocol), query(service, operation, structure, request_id, value)),
        Protocol::Ec2Query => response.fill(content_type(protocol), ec2(service, operation, structure, request_id, value)),
        Protocol::RestJson | Protocol::RestXml => {
            if let Some((shape, structure)) = shape.zip(structure) {
                rest(service, protocol, shape, structure, value, &mut response);
            } else if protocol == Protocol::RestJson {
                response.fill(content_type(protocol), "{}");
            }
        }
    }
    response
}

/// The headers that every answer of a protocol has.
pub fn stamp(headers: &mut HeaderMap, protocol: Protocol, request_id: &str) {
    let name = if protocol == Protocol::RestXml { "x-amz-request-id" } else { "x-amzn-requestid" };
    bind::put(headers, name, request_id);
    if protocol == Protocol::RestXml {
        bind::put(headers, "x-amz-id-2", &host_id(request_id));
    }
    if protocol == Protocol::RpcV2Cbor {
        bind::put(headers, "smithy-protocol", "rpc-v2-cbor");
    }
}

/// The second name of a request, by which S3's support finds it: opaque, and longer than the first.
pub fn host_id(request_id: &str) -> String {
    STANDARD.encode(digest::digest(&digest::SHA256, request_id.as_bytes()))
}

/// The type of a body in the protocol.
pub fn content_type(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::AwsJson10 => "application/x-amz-json-1.0",
        Protocol::AwsJson11 => "application/x-amz-json-1.1",
        Protocol::RestJson => "application/json",
        Protocol::RpcV2Cbor => "application/cbor",
        Protocol::AwsQuery => "text/xml",
        Protocol::Ec2Query => "text/xml;charset=UTF-8",
        Protocol::RestXml => "application/xml",
    }
}

impl Response {
    /// Sets the body, and its type unless a header of the output has set one.
    pub(super) fn fill(&mut self, content_type: &str, body: impl Into<Bytes>) {
        if !self.headers.contains_key("content-type") {
            bind::put(&mut self.headers, "content-type", content_type);
        }
        self.body = body.into();
    }
}

fn query(service: &Service, operation: &Operation, structure: Option<&Structure>, request_id: &str, value: &Value) -> String {
    let result = match operation.result_wrapper {
        "" => format!("{}Result", operation.name),
        wrapper => wrapper.to_owned(),
    };
    let mut writer = xml::Writer::new(service);
    writer.wrapped(&format!("{}Response", operation.name), xml::namespace_of(service), |writer| {
        if let Some(structure) = structure {
            writer.wrapped(&result, None, |writer| writer.members(structure, value));
        }
        writer.wrapped("ResponseMetadata", None, |writer| writer.text("RequestId", request_id));
    });
    writer.finish()
}

fn ec2(service: &Service, operation: &Operation, structure: Option<&Structure>, request_id: &str, value: &Value) -> String {
    let mut writer = xml::Writer::new(service);
    writer.wrapped(&format!("{}Response", operation.name), xml::namespace_of(service), |writer| {
        writer.text("requestId", request_id);
        if let Some(structure) = structure {
            writer.members(structure, value);
        }
    });
    writer.finish()
}

/// Headers, status and body of a REST operation's output.
fn rest(service: &Service, protocol: Protocol, shape: &Shape, structure: &Structure, value: &Value, response: &mut Response) {
    response.status = bind::write(service, structure, value, &mut response.headers).unwrap_or(response.status);
    let in_body = structure.members.iter().any(|member| member.location.is_body_of_response());
    match (structure.payload, protocol) {
        (Some(name), _) => payload(service, protocol, structure, name, value, response),
        (None, Protocol::RestXml) if !in_body => {}
        (None, Protocol::RestXml) => {
            let mut writer = xml::Writer::new(service);
            let name = structure.wire.unwrap_or(shape.name);
            let namespace = structure.namespace.or(xml::namespace_of(service));
            match structure.members {
                [only] if only.wire_name() == name => {
                    writer.root_text(name, namespace, value.get(only.name).and_then(Value::as_str))
                }
                _ => writer.root(name, namespace, structure, value),
            }
            response.fill(content_type(protocol), writer.finish());
        }
        (None, _) => response.fill(content_type(protocol), json::write_structure(service, Some(structure), value, &[])),
    }
}

fn payload(service: &Service, protocol: Protocol, structure: &Structure, name: &str, value: &Value, response: &mut Response) {
    let Some((member, value)) = structure.member(name).zip(value.get(name).filter(|value| !value.is_null())) else {
        return;
    };
    let shape = service.shape(member.shape);
    match (&shape.kind, value) {
        (Kind::Blob, Value::Blob(bytes)) => response.fill("application/octet-stream", bytes.clone()),
        (Kind::String, _) => response.fill("text/plain", text::write(value, TimestampFormat::Iso8601).into_owned()),
        (kind, _) if protocol == Protocol::RestXml => {
            let own = if let Kind::Structure(structure) = kind { structure.wire } else { None };
            let renamed = member.wire.filter(|wire| *wire != member.name);
            let mut writer = xml::Writer::new(service);
            writer.member(renamed.or(own).unwrap_or(shape.name), member, value);
            response.fill(content_type(protocol), writer.finish());
        }
        _ => {
            let mut out = Vec::new();
            json::write(&mut out, service, member, value);
            response.fill(content_type(protocol), out);
        }
    }
}
