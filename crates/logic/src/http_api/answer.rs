//! What becomes of a function's answer (developer guide, "Create AWS Lambda proxy integrations for HTTP APIs", *Lambda function response*).

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{CONTENT_TYPE, SET_COOKIE},
};
use model::apigatewayv2::PayloadVersion;
use serde_json::{Map, Value};

/// An answer to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

/// Why a function's answer can't be sent: what `$context.integrationErrorMessage` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("The response from the Lambda function doesn't match the format that API Gateway expects. {0}")]
pub struct Malformed(&'static str);

/// Reads what a function has answered.
pub fn read(version: PayloadVersion, payload: &[u8]) -> Result<Answer, Malformed> {
    let value: Value = serde_json::from_slice(payload).map_err(|_| Malformed("It is no JSON."))?;
    match value {
        Value::Object(answer) if answer.contains_key("statusCode") => structured(&answer),
        _ if version == PayloadVersion::V1 => Err(Malformed("It has no statusCode.")),
        other => Ok(inferred(other)),
    }
}

/// What isn't a response is a body: JSON, or a text as it is.
fn inferred(value: Value) -> Answer {
    let body = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
    Answer { status: 200, headers, body: body.into_bytes() }
}

fn structured(answer: &Map<String, Value>) -> Result<Answer, Malformed> {
    let status = status(&answer["statusCode"]).ok_or(Malformed("Its statusCode is none."))?;
    let mut headers = HeaderMap::new();
    for (name, value) in object(answer, "headers")? {
        put(&mut headers, name, value, false)?;
    }
    for (name, values) in object(answer, "multiValueHeaders")? {
        let values = values.as_array().ok_or(Malformed("Its multiValueHeaders aren't lists."))?;
        headers.remove(name);
        values.iter().try_for_each(|value| put(&mut headers, name, value, true))?;
    }
    for cookie in list(answer, "cookies")? {
        put(&mut headers, SET_COOKIE.as_str(), cookie, true)?;
    }
    headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("text/plain;charset=UTF-8"));
    Ok(Answer { status, headers, body: body(answer)? })
}

/// A number, or a text of one.
fn status(value: &Value) -> Option<u16> {
    let number = value.as_u64().or_else(|| value.as_str()?.parse().ok())?;
    u16::try_from(number).ok().filter(|status| (200..600).contains(status))
}

fn body(answer: &Map<String, Value>) -> Result<Vec<u8>, Malformed> {
    let text = match answer.get("body") {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::String(text)) => text,
        Some(_) => return Err(Malformed("Its body is no text.")),
    };
    match answer.get("isBase64Encoded") {
        Some(Value::Bool(true)) => STANDARD.decode(text).map_err(|_| Malformed("Its body isn't in base64.")),
        _ => Ok(text.clone().into_bytes()),
    }
}

fn object<'a>(answer: &'a Map<String, Value>, name: &str) -> Result<impl Iterator<Item = (&'a String, &'a Value)>, Malformed> {
    match answer.get(name) {
        None | Some(Value::Null) => Ok(None.into_iter().flatten()),
        Some(Value::Object(object)) => Ok(Some(object).into_iter().flatten()),
        Some(_) => Err(Malformed("Its headers are no object.")),
    }
}

fn list<'a>(answer: &'a Map<String, Value>, name: &str) -> Result<&'a [Value], Malformed> {
    match answer.get(name) {
        None | Some(Value::Null) => Ok(&[]),
        Some(Value::Array(list)) => Ok(list),
        Some(_) => Err(Malformed("Its cookies are no list.")),
    }
}

fn put(headers: &mut HeaderMap, name: &str, value: &Value, beside: bool) -> Result<(), Malformed> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(_) | Value::Bool(_) => value.to_string(),
        _ => return Err(Malformed("A header of it is no text.")),
    };
    let name = HeaderName::try_from(name).map_err(|_| Malformed("A header of it has no proper name."))?;
    let value = HeaderValue::try_from(text).map_err(|_| Malformed("A header of it has no proper value."))?;
    if beside {
        headers.append(name, value);
    } else {
        headers.insert(name, value);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn v2(answer: Value) -> Result<Answer, Malformed> {
        read(PayloadVersion::V2, answer.to_string().as_bytes())
    }

    #[test]
    fn what_is_no_response_is_its_body() {
        for (value, body) in
            [(json!("Hello"), "Hello"), (json!({"message": "Hello"}), r#"{"message":"Hello"}"#), (json!([1]), "[1]")]
        {
            let answer = v2(value).unwrap();
            assert_eq!((answer.status, &*answer.body), (200, body.as_bytes()));
            assert_eq!(answer.headers["content-type"], "application/json");
        }
        assert!(read(PayloadVersion::V1, br#""Hello""#).is_err());
        assert!(read(PayloadVersion::V2, b"Hello").is_err());
    }

    #[test]
    fn a_response_says_everything() {
        let answer = v2(json!({
            "statusCode": 201, "headers": {"X-A": "1", "x-n": 7}, "cookies": ["a=1", "b=2"], "body": "aGk=", "isBase64Encoded": true,
        }))
        .unwrap();
        assert_eq!((answer.status, &*answer.body), (201, &b"hi"[..]));
        assert!(answer.headers["x-a"] == "1" && answer.headers["x-n"] == "7");
        assert_eq!(answer.headers.get_all("set-cookie").iter().collect::<Vec<_>>(), ["a=1", "b=2"]);
        assert_eq!(answer.headers["content-type"], "text/plain;charset=UTF-8");
        let many = v2(json!({"statusCode": "204", "headers": {"x-a": "0"}, "multiValueHeaders": {"X-A": ["1", "2"]}})).unwrap();
        assert_eq!((many.status, many.headers.get_all("x-a").iter().count(), many.body.len()), (204, 2, 0));
    }

    #[test]
    fn what_cannot_be_sent_is_malformed() {
        for bad in [
            json!({"statusCode": 99}),
            json!({"statusCode": "ok"}),
            json!({"statusCode": 200, "body": {"a": 1}}),
            json!({"statusCode": 200, "headers": []}),
            json!({"statusCode": 200, "headers": {"a b": "c"}}),
            json!({"statusCode": 200, "headers": {"a": "c\n"}}),
            json!({"statusCode": 200, "body": "!", "isBase64Encoded": true}),
            json!({"statusCode": 200, "cookies": "a=1"}),
        ] {
            assert!(v2(bad.clone()).is_err(), "{bad}");
        }
    }
}
