//! The codecs by themselves, for a test that compares them with another implementation's (`tests/clients/test_codecs.py`): a line of
//! JSON in, a line of JSON out.
//!
//! | in, with the `service` | out |
//! |---|---|
//! | `read`: a request | `operation` and `value`, or a `fault` |
//! | `operation` and `write`: its output | a response |
//! | `refuse`: an error's code, `message` | a response |
//!
//! Blobs are written as `{"$blob": base64}`, moments as `{"$time": milliseconds}`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value as Json, json};
use std::io::{BufRead, Write};
use wire::schema::{Kind, Service, ShapeId};
use wire::{Dialect, Fault, Request, Response, Time, Value};

fn main() -> std::io::Result<()> {
    for line in std::io::stdin().lock().lines() {
        let question: Json = serde_json::from_str(&line?)?;
        let mut out = std::io::stdout().lock();
        writeln!(out, "{}", answer(&question))?;
        out.flush()?;
    }
    Ok(())
}

fn answer(question: &Json) -> Json {
    let service = api::service(text(&question["service"])).expect("a known service");
    let dialect = Dialect { service, protocol: service.protocols[0], query_mode: false };
    if question["read"].is_object() {
        return read(service, &question["read"]);
    }
    if question["refuse"].is_string() {
        let fault = Fault::client(text(&question["refuse"]).to_owned(), text(&question["message"]));
        return response(dialect.encode_fault("request-1", &fault));
    }
    let operation = service.operation(text(&question["operation"])).expect("a built operation");
    let output = operation.output.map(|shape| value(service, shape, &question["write"])).unwrap_or_default();
    response(dialect.encode(operation, "request-1", &output))
}

fn read(service: &'static Service, json: &Json) -> Json {
    let headers = json["headers"].as_object().expect("headers").iter().map(|(name, value)| {
        let name: HeaderName = name.parse().expect("a header's name");
        (name, HeaderValue::from_str(text(value)).expect("a header's value"))
    });
    let request = Request {
        method: text(&json["method"]).parse().expect("a method"),
        path: text(&json["path"]).into(),
        query: text(&json["query"]).into(),
        headers: headers.collect::<HeaderMap>(),
        body: blob(&json["body"]).into(),
    };
    let dialect = Dialect::of(service, &request);
    let read = dialect.match_operation(&request).and_then(|operation| Ok((operation, dialect.decode(operation, &request)?)));
    match read {
        Ok((operation, value)) => json!({"operation": operation.name, "value": notation(&value)}),
        Err(fault) => json!({"fault": fault.to_string()}),
    }
}

fn response(response: Response) -> Json {
    let header = |(name, value): (&HeaderName, &HeaderValue)| (name.to_string(), json!(value.to_str().unwrap_or_default()));
    let headers: Map<String, Json> = response.headers.iter().map(header).collect();
    json!({"status": response.status, "headers": headers, "body": STANDARD.encode(&response.body)})
}

fn text(json: &Json) -> &str {
    json.as_str().expect("text")
}

fn blob(json: &Json) -> Vec<u8> {
    STANDARD.decode(text(json)).expect("base64")
}

/// A value in the notation of the lines.
fn notation(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(it) => json!(it),
        Value::Int(it) => json!(it),
        Value::Float(it) => json!(it),
        Value::Str(it) => json!(it),
        Value::Blob(it) => json!({"$blob": STANDARD.encode(it)}),
        Value::Time(it) => json!({"$time": it.0}),
        Value::List(items) => items.iter().map(notation).collect(),
        Value::Map(entries) => entries.iter().map(|(key, it)| (key.clone(), notation(it))).collect(),
        Value::Struct(members) => members.iter().map(|(name, it)| ((*name).to_owned(), notation(it))).collect(),
    }
}

/// A value of a shape out of the notation of the lines.
fn value(service: &Service, shape: ShapeId, json: &Json) -> Value {
    match &service.shape(shape).kind {
        _ if json.is_null() => Value::Null,
        Kind::Boolean => Value::Bool(json.as_bool().expect("a boolean")),
        Kind::Integer | Kind::Long => Value::Int(json.as_i64().expect("a whole number")),
        Kind::Float => Value::Float(json.as_f64().expect("a number")),
        Kind::String => Value::Str(text(json).to_owned()),
        Kind::Blob => Value::Blob(blob(&json["$blob"]).into()),
        Kind::Timestamp(_) => Value::Time(Time(json["$time"].as_i64().expect("milliseconds"))),
        Kind::Document => document(json),
        Kind::List(list) => {
            Value::List(json.as_array().expect("a list").iter().map(|it| value(service, list.member.shape, it)).collect())
        }
        Kind::Map(map) => {
            let entries = json.as_object().expect("a map").iter();
            Value::Map(entries.map(|(key, it)| (key.clone(), value(service, map.value.shape, it))).collect())
        }
        Kind::Structure(structure) => {
            let members = structure.members.iter().map(|it| (it.name, value(service, it.shape, &json[it.name])));
            Value::Struct(members.filter(|(_, value)| !value.is_null()).collect())
        }
    }
}

fn document(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(it) => Value::Bool(*it),
        Json::Number(it) => it.as_i64().map_or_else(|| Value::Float(it.as_f64().expect("a number")), Value::Int),
        Json::String(it) => Value::Str(it.clone()),
        Json::Array(items) => Value::List(items.iter().map(document).collect()),
        Json::Object(entries) => Value::Map(entries.iter().map(|(key, it)| (key.clone(), document(it))).collect()),
    }
}
