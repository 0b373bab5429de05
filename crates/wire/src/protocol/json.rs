//! JSON bodies, read and written by schema (awsJson1_0, awsJson1_1, restJson1).

use super::{limits, text, time};
use crate::schema::{Kind, Location, Member, Service, Shape, Structure, TimestampFormat};
use crate::{Fault, Value};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value as Json;

/// Reads a body as JSON. An empty body is an empty object. Nesting beyond 128 levels is refused by the parser.
pub fn parse(body: &[u8]) -> Result<Json, Fault> {
    limits::check(body, b",[{")?;
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Json::Object(Default::default()));
    }
    serde_json::from_slice(body).map_err(|_| Fault::serialization("The request body is not valid JSON."))
}

/// The members of a structure that are in the body.
pub fn read_structure(service: &Service, structure: &Structure, json: Json) -> Result<Value, Fault> {
    let Json::Object(mut object) = json else {
        return Err(unexpected(&json, "a structure"));
    };
    let mut members = Vec::new();
    for member in structure.members.iter().filter(|member| member.location == Location::Body) {
        match object.remove(member.wire_name()) {
            None | Some(Json::Null) => {}
            Some(json) => members.push((member.name, read(service, member, json)?)),
        }
    }
    Ok(Value::Struct(members))
}

/// A value of the member's shape.
pub fn read(service: &Service, member: &Member, json: Json) -> Result<Value, Fault> {
    if json.is_null() {
        return Ok(Value::Null);
    }
    let shape = service.shape(member.shape);
    match (&shape.kind, json) {
        (Kind::Structure(structure), json @ Json::Object(_)) => read_structure(service, structure, json),
        (Kind::List(list), Json::Array(items)) => {
            items.into_iter().map(|item| read(service, &list.member, item)).collect::<Result<_, _>>().map(Value::List)
        }
        (Kind::Map(map), Json::Object(entries)) => {
            let entry = |(key, json)| Ok((key, read(service, &map.value, json)?));
            entries.into_iter().map(entry).collect::<Result<_, _>>().map(Value::Map)
        }
        (Kind::Document, json) => Ok(read_document(json)),
        (Kind::String, Json::String(it)) => Ok(Value::Str(it)),
        (_, json) => read_scalar(shape, member, json),
    }
}

fn read_scalar(shape: &Shape, member: &Member, json: Json) -> Result<Value, Fault> {
    let format = text::format_of(member.timestamp, &shape.kind, TimestampFormat::Unix);
    let value = match (&shape.kind, &json) {
        (Kind::Boolean, Json::Bool(it)) => Some(Value::Bool(*it)),
        (Kind::Integer, Json::Number(_)) => integer(&json).filter(|it| i32::try_from(*it).is_ok()).map(Value::Int),
        (Kind::Long, Json::Number(_)) => integer(&json).map(Value::Int),
        (Kind::Float, Json::Number(it)) => it.as_f64().map(Value::Float),
        (Kind::Float, Json::String(it)) if !it.ends_with(|c: char| c.is_ascii_digit()) => text::float(it).map(Value::Float),
        (Kind::Blob, Json::String(it)) => text::blob(it),
        (Kind::Timestamp(_), Json::Number(it)) if format == TimestampFormat::Unix => {
            it.as_f64().and_then(time::from_seconds).map(Value::Time)
        }
        (Kind::Timestamp(_), Json::String(it)) if format != TimestampFormat::Unix => time::parse(it, format).map(Value::Time),
        _ => None,
    };
    value.ok_or_else(|| unexpected(&json, expected(&shape.kind)))
}

/// A whole number, which a client may have written with a fraction of zero.
fn integer(json: &Json) -> Option<i64> {
    let whole = |it: f64| (it.fract() == 0.0 && it.abs() < 9.0e15).then_some(it as i64);
    json.as_i64().or_else(|| json.as_f64().and_then(whole))
}

fn expected(kind: &Kind) -> &'static str {
    match kind {
        Kind::Boolean => "a Boolean",
        Kind::Integer => "an Integer",
        Kind::Long => "a Long",
        Kind::Float => "a Double",
        Kind::String => "a String",
        Kind::Blob => "a Blob",
        Kind::Timestamp(_) => "a Timestamp",
        Kind::Document => "a Document",
        Kind::List(_) => "a List",
        Kind::Map(_) => "a Map",
        Kind::Structure(_) => "a Structure",
    }
}

/// The wording of AWS's own JSON services.
fn unexpected(json: &Json, expected: &str) -> Fault {
    Fault::serialization(match json {
        Json::Array(_) => "Start of list found where not expected".to_owned(),
        Json::Object(_) => "Start of structure or map found where not expected.".to_owned(),
        Json::String(_) => format!("STRING_VALUE can not be converted to {expected}"),
        Json::Number(_) => format!("NUMBER_VALUE can not be converted to {expected}"),
        Json::Bool(true) => format!("TRUE_VALUE can not be converted to {expected}"),
        Json::Bool(false) => format!("FALSE_VALUE can not be converted to {expected}"),
        Json::Null => format!("NULL_VALUE can not be converted to {expected}"),
    })
}

/// A document, whose objects become maps.
pub fn read_document(json: Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(it) => Value::Bool(it),
        Json::Number(it) => it.as_i64().map(Value::Int).unwrap_or_else(|| Value::Float(it.as_f64().unwrap_or(f64::NAN))),
        Json::String(it) => Value::Str(it),
        Json::Array(items) => Value::List(items.into_iter().map(read_document).collect()),
        Json::Object(entries) => Value::Map(entries.into_iter().map(|(key, json)| (key, read_document(json))).collect()),
    }
}

/// The members of a structure that are in the body, and some text members before them.
pub fn write_structure(service: &Service, structure: Option<&Structure>, value: &Value, first: &[(&str, &str)]) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    out.push(b'{');
    first.iter().for_each(|(name, text)| {
        write_name(&mut out, name);
        write_string(&mut out, text);
    });
    structure.into_iter().for_each(|structure| write_members(&mut out, service, structure, value));
    out.push(b'}');
    out
}

fn write_members(out: &mut Vec<u8>, service: &Service, structure: &Structure, value: &Value) {
    for (member, value) in value.present(structure).filter(|(member, _)| member.location.is_body_of_response()) {
        write_name(out, member.wire_name());
        write(out, service, member, value);
    }
}

/// Writes a value of the member's shape.
pub fn write(out: &mut Vec<u8>, service: &Service, member: &Member, value: &Value) {
    let shape = service.shape(member.shape);
    match (&shape.kind, value) {
        (Kind::Structure(structure), Value::Struct(_)) => {
            out.push(b'{');
            write_members(out, service, structure, value);
            out.push(b'}');
        }
        (Kind::List(list), Value::List(items)) => {
            write_items(out, items, |out, item| write(out, service, &list.member, item));
        }
        (Kind::Map(map), Value::Map(entries)) => {
            out.push(b'{');
            entries.iter().for_each(|(key, value)| {
                write_name(out, key);
                write(out, service, &map.value, value);
            });
            out.push(b'}');
        }
        (Kind::Timestamp(_), Value::Time(at)) => match text::format_of(member.timestamp, &shape.kind, TimestampFormat::Unix) {
            TimestampFormat::Unix => push(out, &time::print(*at, TimestampFormat::Unix)),
            format => write_string(out, &time::print(*at, format)),
        },
        (_, value) => write_document(out, value),
    }
}

/// Writes a value by what it is, without a schema.
pub fn write_document(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Null => push(out, "null"),
        Value::Bool(it) => push(out, if *it { "true" } else { "false" }),
        Value::Int(it) => push(out, &it.to_string()),
        Value::Float(it) if it.is_finite() => push(out, &it.to_string()),
        Value::Float(it) => write_string(out, &text::print_float(*it)),
        Value::Str(it) => write_string(out, it),
        Value::Blob(bytes) => write_string(out, &STANDARD.encode(bytes)),
        Value::Time(at) => push(out, &time::print(*at, TimestampFormat::Unix)),
        Value::List(items) => write_items(out, items, write_document),
        Value::Map(entries) => {
            out.push(b'{');
            entries.iter().for_each(|(key, value)| {
                write_name(out, key);
                write_document(out, value);
            });
            out.push(b'}');
        }
        Value::Struct(members) => {
            out.push(b'{');
            members.iter().for_each(|(key, value)| {
                write_name(out, key);
                write_document(out, value);
            });
            out.push(b'}');
        }
    }
}

fn write_items(out: &mut Vec<u8>, items: &[Value], mut item: impl FnMut(&mut Vec<u8>, &Value)) {
    out.push(b'[');
    for (at, value) in items.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        item(out, value);
    }
    out.push(b']');
}

/// A member's name, with a comma before it unless it is the object's first.
fn write_name(out: &mut Vec<u8>, name: &str) {
    if out.last() != Some(&b'{') {
        out.push(b',');
    }
    write_string(out, name);
    out.push(b':');
}

fn write_string(out: &mut Vec<u8>, text: &str) {
    // Text always has JSON, and memory takes what is written to it.
    let _ = serde_json::to_writer(out, text);
}

fn push(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
}
