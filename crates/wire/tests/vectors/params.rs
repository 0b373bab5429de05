//! The vectors' own notation of values, by schema: moments are seconds, blobs are text, odd numbers are words.

use serde_json::Value as Json;
use wire::schema::{Kind, Service, ShapeId};
use wire::{Time, Value};

/// The value of a shape.
pub fn value(service: &Service, shape: ShapeId, json: &Json) -> Value {
    if json.is_null() {
        return Value::Null;
    }
    match &service.shape(shape).kind {
        Kind::Boolean => Value::Bool(json.as_bool().expect("a boolean")),
        Kind::Integer | Kind::Long => Value::Int(json.as_i64().expect("a whole number")),
        Kind::Float => Value::Float(float(json)),
        Kind::String => Value::Str(json.as_str().expect("a string").to_owned()),
        Kind::Blob => Value::Blob(json.as_str().expect("a blob").to_owned().into()),
        Kind::Timestamp(_) => Value::Time(Time((json.as_f64().expect("a moment") * 1000.0).round() as i64)),
        Kind::Document => document(json),
        Kind::List(list) => {
            Value::List(json.as_array().expect("a list").iter().map(|item| value(service, list.member.shape, item)).collect())
        }
        Kind::Map(map) => {
            let entry = |(key, item): (&String, &Json)| (key.clone(), value(service, map.value.shape, item));
            Value::Map(json.as_object().expect("a map").iter().map(entry).collect())
        }
        Kind::Structure(structure) => {
            let known = structure.members.iter().filter(|member| !json[member.name].is_null());
            Value::Struct(known.map(|member| (member.name, value(service, member.shape, &json[member.name]))).collect())
        }
    }
}

fn float(json: &Json) -> f64 {
    match json.as_str() {
        None => json.as_f64().expect("a number"),
        Some("NaN") => f64::NAN,
        Some("Infinity") => f64::INFINITY,
        Some("-Infinity") => f64::NEG_INFINITY,
        Some(other) => panic!("not a number: {other}"),
    }
}

fn document(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(it) => Value::Bool(*it),
        Json::Number(it) => it.as_i64().map(Value::Int).unwrap_or_else(|| Value::Float(it.as_f64().expect("a number"))),
        Json::String(it) => Value::Str(it.clone()),
        Json::Array(items) => Value::List(items.iter().map(document).collect()),
        Json::Object(entries) => Value::Map(entries.iter().map(|(key, it)| (key.clone(), document(it))).collect()),
    }
}

/// Two values mean the same: members in any order, null members as if not there, NaN equal to itself.
pub fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Float(a), Value::Float(b)) => a == b || (a.is_nan() && b.is_nan()),
        (Value::List(a), Value::List(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Map(a), Value::Map(b)) => a.len() == b.len() && a.iter().all(|(key, it)| b.get(key).is_some_and(|b| same(it, b))),
        (Value::Struct(members), Value::Struct(others)) => {
            let null = Value::Null;
            let covers = |x: &[(&str, Value)], y: &Value| x.iter().all(|(name, it)| same(it, y.get(name).unwrap_or(&null)));
            covers(members, b) && covers(others, a)
        }
        _ => a == b,
    }
}
