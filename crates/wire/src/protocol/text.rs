//! Scalars as text: what form parameters, XML elements, headers, labels and query strings have in common.

use super::time;
use crate::Value;
use crate::schema::{Kind, TimestampFormat};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::borrow::Cow;

/// Reads a scalar. The error is what was expected.
pub fn read(kind: &Kind, format: TimestampFormat, text: &str) -> Result<Value, &'static str> {
    match kind {
        Kind::String => Ok(Value::Str(text.to_owned())),
        Kind::Boolean => boolean(text).map(Value::Bool).ok_or("Boolean"),
        Kind::Integer => text.trim().parse::<i32>().map(|it| Value::Int(it.into())).or(Err("Integer")),
        Kind::Long => text.trim().parse().map(Value::Int).or(Err("Long")),
        Kind::Float => float(text.trim()).map(Value::Float).ok_or("Double"),
        Kind::Blob => blob(text).ok_or("Blob"),
        Kind::Timestamp(own) => time::parse(text.trim(), own.unwrap_or(format)).map(Value::Time).ok_or("Timestamp"),
        Kind::Document | Kind::List(_) | Kind::Map(_) | Kind::Structure(_) => Err("scalar"),
    }
}

/// Writes a scalar; anything else is empty.
pub fn write(value: &Value, format: TimestampFormat) -> Cow<'_, str> {
    match value {
        Value::Str(text) => text.into(),
        Value::Bool(true) => "true".into(),
        Value::Bool(false) => "false".into(),
        Value::Int(it) => it.to_string().into(),
        Value::Float(it) => print_float(*it).into(),
        Value::Blob(bytes) => STANDARD.encode(bytes).into(),
        Value::Time(at) => time::print(*at, format).into(),
        Value::Null | Value::List(_) | Value::Map(_) | Value::Struct(_) => "".into(),
    }
}

/// The bytes of a base64 text, in which XML may break lines.
pub fn blob(text: &str) -> Option<Value> {
    let packed: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    STANDARD.decode(packed).ok().map(|bytes| Value::Blob(bytes.into()))
}

/// A floating-point number in Smithy's spelling: `NaN`, `Infinity` and `-Infinity`, and no other words.
pub fn float(text: &str) -> Option<f64> {
    match text {
        "NaN" => Some(f64::NAN),
        "Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        _ => text.parse().ok().filter(|it: &f64| it.is_finite()),
    }
}

/// The inverse of [`float`].
pub fn print_float(it: f64) -> String {
    match it {
        _ if it.is_nan() => "NaN".into(),
        f64::INFINITY => "Infinity".into(),
        f64::NEG_INFINITY => "-Infinity".into(),
        _ => it.to_string(),
    }
}

/// The format that a moment has at a place: the member's own, else the shape's, else the protocol's for that place.
pub fn format_of(member: Option<TimestampFormat>, kind: &Kind, default: TimestampFormat) -> TimestampFormat {
    match kind {
        Kind::Timestamp(own) => member.or(*own).unwrap_or(default),
        _ => default,
    }
}

fn boolean(text: &str) -> Option<bool> {
    match text.trim() {
        "true" | "True" | "TRUE" | "1" => Some(true),
        "false" | "False" | "FALSE" | "0" => Some(false),
        _ => None,
    }
}
