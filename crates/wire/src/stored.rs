//! Values as text, to be kept in records and read back: what a request said that is to be said again later (a launch template).
//!
//! It is JSON. Structures and maps become objects, and are read back as maps, from which plain structures are made as well; what JSON has no
//! word for is an object with one member: `{"$time": milliseconds}`, `{"$blob": base64}`.

use crate::{Fault, Time, Value};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value as Json, json};

const TIME: &str = "$time";
const BLOB: &str = "$blob";

/// A value as text.
pub fn to_text(value: &Value) -> String {
    to_json(value).to_string()
}

/// The value of a text.
///
/// # Errors
/// A serialization fault if the text is not one that [`to_text`] has made.
pub fn from_text(text: &str) -> Result<Value, Fault> {
    let json = serde_json::from_str(text).map_err(|error| Fault::serialization(format!("a kept value: {error}")))?;
    from_json(json)
}

fn to_json(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(it) => json!(it),
        Value::Int(it) => json!(it),
        Value::Float(it) => json!(it),
        Value::Str(it) => json!(it),
        Value::Blob(it) => json!({ BLOB: STANDARD.encode(it) }),
        Value::Time(it) => json!({ TIME: it.0 }),
        Value::List(items) => items.iter().map(to_json).collect(),
        Value::Map(members) => Json::Object(members.iter().map(|(name, value)| (name.clone(), to_json(value))).collect()),
        Value::Struct(members) => {
            Json::Object(members.iter().map(|(name, value)| ((*name).to_owned(), to_json(value))).collect())
        }
    }
}

fn from_json(json: Json) -> Result<Value, Fault> {
    Ok(match json {
        Json::Null => Value::Null,
        Json::Bool(it) => Value::Bool(it),
        Json::Number(it) => it.as_i64().map_or_else(|| Value::Float(it.as_f64().unwrap_or_default()), Value::Int),
        Json::String(it) => Value::Str(it),
        Json::Array(items) => Value::List(items.into_iter().map(from_json).collect::<Result<_, _>>()?),
        Json::Object(members) => object(members)?,
    })
}

fn object(members: Map<String, Json>) -> Result<Value, Fault> {
    if let Some(moment) = members.get(TIME).and_then(Json::as_i64) {
        return Ok(Value::Time(Time(moment)));
    }
    if let Some(text) = members.get(BLOB).and_then(Json::as_str) {
        let bytes = STANDARD.decode(text).map_err(|error| Fault::serialization(format!("a kept value: {error}")))?;
        return Ok(Value::Blob(bytes.into()));
    }
    let members = members.into_iter().map(|(name, json)| Ok((name, from_json(json)?)));
    Ok(Value::Map(members.collect::<Result<_, Fault>>()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FromValue, Members};

    #[test]
    fn what_was_kept_is_read_back() {
        let inner = Value::structure([("At", Value::Time(Time(5))), ("Bytes", Value::Blob("ab".into()))]);
        let value = Value::structure([
            ("Name", Value::Str("a".into())),
            ("Count", Value::Int(-3)),
            ("Share", Value::Float(0.5)),
            ("On", Value::Bool(true)),
            ("Items", Value::List(vec![inner])),
        ]);
        let mut read = Members::of(from_text(&to_text(&value)).unwrap()).unwrap();
        assert_eq!(read.take::<String>("Name").unwrap(), "a");
        assert_eq!(read.take::<i32>("Count").unwrap(), -3);
        assert_eq!(read.take::<f64>("Share").unwrap(), 0.5);
        assert!(read.take::<bool>("On").unwrap());
        let items: Vec<Value> = read.take("Items").unwrap();
        let mut inner = Members::of(items[0].clone()).unwrap();
        assert_eq!(Time::from_value(inner.take("At").unwrap()).unwrap(), Time(5));
        assert_eq!(inner.take::<bytes::Bytes>("Bytes").unwrap(), "ab");
    }

    #[test]
    fn what_is_no_kept_value_is_refused() {
        assert!(from_text("{").is_err());
        assert!(from_text(r#"{"$blob": "%"}"#).is_err());
    }
}
