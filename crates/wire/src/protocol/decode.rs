//! An operation's input out of a request, whatever the protocol.

use super::query::Reader;
use super::uri::{Pattern, decode};
use super::{Request, bind, cbor, json, route, xml};
use crate::schema::{Kind, Operation, Protocol, Service, Structure};
use crate::{Fault, Value};

/// The input, read by the operation's schema.
pub fn input(service: &Service, protocol: Protocol, operation: &Operation, request: &Request) -> Result<Value, Fault> {
    let Some(structure) = operation.input.and_then(|id| service.shape(id).structure()) else {
        return Ok(Value::empty());
    };
    if structure.members.iter().any(|member| member.event_stream) {
        return Err(Fault::not_implemented(format_args!("{} {}: event streams", service.service_id, operation.name)));
    }
    match protocol {
        Protocol::AwsJson10 | Protocol::AwsJson11 => json::read_structure(service, structure, json::parse(&request.body)?),
        Protocol::RpcV2Cbor => cbor::read_body(service, structure, &request.body),
        Protocol::AwsQuery | Protocol::Ec2Query => query(service, protocol, operation, structure, request),
        Protocol::RestJson | Protocol::RestXml => rest(service, protocol, operation, structure, request),
    }
}

/// A form. Where the operation's URI has labels, as SQS's operations are addressed to the URL of a queue, the path stands for the members
/// that the form doesn't give.
fn query(
    service: &Service,
    protocol: Protocol,
    operation: &Operation,
    structure: &Structure,
    request: &Request,
) -> Result<Value, Fault> {
    let mut value = Reader { service, protocol }.structure(structure, &route::form(request)?, "")?;
    for (label, text) in Pattern::new(operation.uri).labels(&request.path) {
        let member = structure.member(label).filter(|_| value.get(label).is_none());
        if let (Some(member), Value::Struct(members)) = (member, &mut value) {
            let text = decode(&text).ok_or_else(|| Fault::client("MalformedInput", "The path is not valid UTF-8."))?;
            members.push((member.name, Value::Str(text)));
        }
    }
    Ok(value)
}

fn rest(
    service: &Service,
    protocol: Protocol,
    operation: &Operation,
    structure: &Structure,
    request: &Request,
) -> Result<Value, Fault> {
    let mut members = bind::read(service, operation, structure, request)?;
    if let Some(name) = structure.payload {
        let value = payload(service, protocol, structure, name, request)?;
        members.extend((!value.is_null()).then_some((name, value)));
    } else if let Value::Struct(in_body) = body(service, protocol, structure, request)? {
        members.extend(in_body);
    }
    Ok(Value::Struct(members))
}

/// The members of the body, where the body is the input itself.
fn body(service: &Service, protocol: Protocol, structure: &Structure, request: &Request) -> Result<Value, Fault> {
    let in_body = structure.members.iter().any(|member| member.location == crate::schema::Location::Body);
    if !in_body {
        return Ok(Value::empty());
    }
    match protocol {
        Protocol::RestXml => match xml::Element::parse(&request.body)? {
            Some(root) => xml::read_structure(service, structure, &root),
            None => Ok(Value::empty()),
        },
        _ => json::read_structure(service, structure, json::parse(&request.body)?),
    }
}

/// The one member that is the whole body; null where the body is empty.
fn payload(service: &Service, protocol: Protocol, structure: &Structure, name: &str, request: &Request) -> Result<Value, Fault> {
    let Some(member) = structure.member(name).filter(|_| !request.body.is_empty()) else {
        return Ok(Value::Null);
    };
    match (&service.shape(member.shape).kind, protocol) {
        (Kind::Blob, _) => Ok(Value::Blob(request.body.clone())),
        (Kind::String, _) => match std::str::from_utf8(&request.body) {
            Ok(text) => Ok(Value::Str(text.to_owned())),
            Err(_) => Err(Fault::serialization("The request body is not valid UTF-8.")),
        },
        (_, Protocol::RestXml) => match xml::Element::parse(&request.body)? {
            Some(root) => xml::read_member(service, member, &root),
            None => Ok(Value::Null),
        },
        _ => json::read(service, member, json::parse(&request.body)?),
    }
}
