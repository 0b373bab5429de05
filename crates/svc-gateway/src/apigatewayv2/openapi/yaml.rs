//! A definition's text: JSON, or YAML.

use saphyr::{LoadableYamlNode, Scalar, Yaml};
use saphyr_parser::{Event, Parser};
use serde_json::{Map, Number, Value};

/// Reads a text as JSON, else as YAML. Aliases of YAML are not taken: a few of them can make a tree of any size.
pub fn parse(text: &str) -> Result<Value, String> {
    if text.trim_start().starts_with('{') {
        return serde_json::from_str(text).map_err(|error| error.to_string());
    }
    for event in Parser::new_from_str(text) {
        if let (Event::Alias(_), _) = event.map_err(|error| error.to_string())? {
            return Err("aliases are not supported".into());
        }
    }
    let documents = Yaml::load_from_str(text).map_err(|error| error.to_string())?;
    Ok(documents.first().map(value).unwrap_or_default())
}

fn value(yaml: &Yaml<'_>) -> Value {
    match yaml {
        Yaml::Value(scalar) => of_scalar(scalar),
        Yaml::Sequence(items) => items.iter().map(value).collect(),
        Yaml::Mapping(members) => {
            Value::Object(members.iter().map(|(name, member)| (key(name), value(member))).collect::<Map<_, _>>())
        }
        Yaml::Tagged(_, inner) => value(inner),
        _ => Value::Null,
    }
}

fn of_scalar(scalar: &Scalar<'_>) -> Value {
    match scalar {
        Scalar::Null => Value::Null,
        Scalar::Boolean(truth) => Value::Bool(*truth),
        Scalar::Integer(number) => Value::from(*number),
        Scalar::FloatingPoint(number) => Number::from_f64(number.into_inner()).map_or(Value::Null, Value::Number),
        Scalar::String(text) => Value::String(text.clone().into_owned()),
    }
}

/// Keys are texts in JSON: the statuses of answers are numbers in YAML.
fn key(yaml: &Yaml<'_>) -> String {
    match value(yaml) {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn yaml_becomes_json() {
        let text = "info: {title: a, version: '1.0'}\npaths:\n  /x:\n    get:\n      responses:\n        200: {ok: true}\n      n: [1, 2.5, ~]\n";
        let expected = json!({"info": {"title": "a", "version": "1.0"},
            "paths": {"/x": {"get": {"responses": {"200": {"ok": true}}, "n": [1, 2.5, null]}}}});
        assert_eq!(parse(text), Ok(expected));
        assert_eq!(parse(" {\"a\": 1}"), Ok(json!({"a": 1})));
        assert!(parse("a: &x 1\nb: *x\n").is_err() && parse("{").is_err() && parse("a: [").is_err());
    }
}
