//! HTTP bindings: the members of REST operations that are in labels, query strings, headers and the status
//! (<https://smithy.io/2.0/spec/http-bindings.html>).

use super::uri::{self, Pattern};
use super::{Request, text};
use crate::schema::{Kind, Location, Member, Operation, Service, Structure, TimestampFormat};
use crate::{Fault, Value};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue};
use std::collections::BTreeMap;

/// The members of the input that aren't in the body.
pub fn read(
    service: &Service,
    operation: &Operation,
    structure: &Structure,
    request: &Request,
) -> Result<Vec<(&'static str, Value)>, Fault> {
    let labels = Pattern::new(operation.uri).labels(&request.path);
    let parameters =
        uri::parameters(&request.query).ok_or_else(|| Fault::serialization("The query string is not valid UTF-8."))?;
    let mut members = Vec::new();
    for member in structure.members {
        let name = member.wire_name();
        let value = match member.location {
            Location::Body | Location::Status => None,
            Location::Uri => read_label(service, member, &labels)?,
            Location::Query => read_query(service, member, &parameters)?,
            Location::Header => read_header(service, member, &request.headers)?,
            Location::Headers => Some(read_headers(name, &request.headers)).filter(|it| *it != Value::Map(BTreeMap::new())),
        };
        members.extend(value.map(|value| (member.name, value)));
    }
    Ok(members)
}

fn read_label(service: &Service, member: &Member, labels: &[(&str, String)]) -> Result<Option<Value>, Fault> {
    let found = labels.iter().find(|(label, _)| *label == member.wire_name());
    let raw = found.map(|(_, raw)| uri::decode(raw).ok_or_else(|| wrong(member, "String"))).transpose()?;
    raw.map(|text| scalar(service, member, TimestampFormat::Iso8601, &text)).transpose()
}

fn read_query(service: &Service, member: &Member, parameters: &[(String, String)]) -> Result<Option<Value>, Fault> {
    let given: Vec<&str> =
        parameters.iter().filter(|(name, _)| name == member.wire_name()).map(|(_, value)| value.as_str()).collect();
    match &service.shape(member.shape).kind {
        Kind::List(_) if given.is_empty() => Ok(None),
        Kind::List(list) => {
            let item = |text: &&str| scalar(service, &list.member, TimestampFormat::Iso8601, text);
            given.iter().map(item).collect::<Result<_, _>>().map(|items| Some(Value::List(items)))
        }
        Kind::Map(map) => {
            let lists = matches!(service.shape(map.value.shape).kind, Kind::List(_));
            let entries = collect(parameters, lists);
            Ok(Some(entries).filter(|entries| *entries != Value::Map(BTreeMap::new())))
        }
        _ => given.first().map(|text| scalar(service, member, TimestampFormat::Iso8601, text)).transpose(),
    }
}

/// A map of all parameters, those that other members take included: to the first value of each name, or to the list of all.
fn collect(parameters: &[(String, String)], lists: bool) -> Value {
    let mut found: BTreeMap<String, Value> = BTreeMap::new();
    for (name, value) in parameters {
        let text = Value::Str(value.clone());
        match found.get_mut(name) {
            Some(Value::List(items)) => items.push(text),
            Some(_) => {}
            None => drop(found.insert(name.clone(), if lists { Value::List(vec![text]) } else { text })),
        }
    }
    Value::Map(found)
}

fn read_header(service: &Service, member: &Member, headers: &HeaderMap) -> Result<Option<Value>, Fault> {
    let name = member.wire_name().to_ascii_lowercase();
    let given: Vec<&str> = headers.get_all(&name).iter().filter_map(|value| std::str::from_utf8(value.as_bytes()).ok()).collect();
    if given.is_empty() {
        return Ok(None);
    }
    let joined = given.join(",");
    let Kind::List(list) = &service.shape(member.shape).kind else {
        return scalar(service, member, TimestampFormat::Http, &joined).map(Some);
    };
    let item_kind = &service.shape(list.member.shape).kind;
    let dates = text::format_of(list.member.timestamp, item_kind, TimestampFormat::Http) == TimestampFormat::Http
        && matches!(item_kind, Kind::Timestamp(_));
    let items = if joined.trim().is_empty() { Vec::new() } else { split_list(&joined, dates) };
    let items = items.iter().map(|item| scalar(service, &list.member, TimestampFormat::Http, item));
    items.collect::<Result<_, _>>().map(|items| Some(Value::List(items)))
}

/// The elements of a header's list: apart by commas, quoted where they hold commas themselves. An HTTP date holds one comma.
fn split_list(text: &str, dates: bool) -> Vec<String> {
    let mut items = vec![String::new()];
    let (mut quoted, mut escaped, mut commas) = (false, false, 0);
    for letter in text.chars() {
        let Some(item) = items.last_mut() else { break };
        match letter {
            _ if escaped => {
                item.push(letter);
                escaped = false;
            }
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ',' if !quoted && dates && commas % 2 == 0 => {
                item.push(letter);
                commas += 1;
            }
            ',' if !quoted => {
                items.push(String::new());
                commas += 1;
            }
            _ => item.push(letter),
        }
    }
    items.iter().map(|item| item.trim().to_owned()).collect()
}

/// All headers that begin with the prefix, by the rest of their names.
fn read_headers(prefix: &str, headers: &HeaderMap) -> Value {
    let prefix = prefix.to_ascii_lowercase();
    let entry = |(name, value): (&HeaderName, &HeaderValue)| {
        let key = name.as_str().strip_prefix(&prefix)?.to_owned();
        Some((key, Value::Str(std::str::from_utf8(value.as_bytes()).ok()?.to_owned())))
    };
    Value::Map(headers.iter().filter_map(entry).collect())
}

fn scalar(service: &Service, member: &Member, default: TimestampFormat, text: &str) -> Result<Value, Fault> {
    let kind = &service.shape(member.shape).kind;
    if member.json_value {
        let json = STANDARD.decode(text).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        return json.map(Value::Str).ok_or_else(|| wrong(member, "JSON"));
    }
    text::read(kind, text::format_of(member.timestamp, kind, default), text).map_err(|expected| wrong(member, expected))
}

fn wrong(member: &Member, expected: &str) -> Fault {
    Fault::serialization(format!("The value of {} is not a valid {expected}.", member.wire_name()))
}

/// Puts the members that are in headers into them; answers the status that a member asks for.
pub fn write(service: &Service, structure: &Structure, value: &Value, headers: &mut HeaderMap) -> Option<u16> {
    let mut status = None;
    for member in structure.members {
        match (member.location, value.get(member.name)) {
            (Location::Header, Some(value)) => {
                let text = print(service, member, value);
                text.into_iter().for_each(|text| put(headers, member.wire_name(), &text));
            }
            (Location::Headers, Some(Value::Map(entries))) => {
                let name = |key: &String| format!("{}{key}", member.wire_name());
                entries.iter().for_each(|(key, value)| put(headers, &name(key), value.as_str().unwrap_or_default()));
            }
            (Location::Status, Some(Value::Int(code))) => status = u16::try_from(*code).ok(),
            _ => {}
        }
    }
    status
}

/// Sets a header; what can't be one is left out.
pub fn put(headers: &mut HeaderMap, name: &str, value: &str) {
    if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_bytes(value.as_bytes())) {
        headers.insert(name, value);
    }
}

/// A header's text; none for what isn't sent.
fn print(service: &Service, member: &Member, value: &Value) -> Option<String> {
    let kind = &service.shape(member.shape).kind;
    match (kind, value) {
        (_, Value::Null) => None,
        (Kind::List(_), Value::List(items)) if items.is_empty() => None,
        (Kind::List(list), Value::List(items)) => {
            let strings = matches!(service.shape(list.member.shape).kind, Kind::String);
            let item = |text: String| if strings { quote(text) } else { text };
            let texts = items.iter().filter_map(|value| print(service, &list.member, value).map(item));
            Some(texts.collect::<Vec<_>>().join(", "))
        }
        _ if member.json_value => value.as_str().map(|json| STANDARD.encode(json)),
        _ => Some(text::write(value, text::format_of(member.timestamp, kind, TimestampFormat::Http)).into_owned()),
    }
}

fn quote(text: String) -> String {
    match text.contains([',', '"']) {
        true => format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")),
        false => text,
    }
}
