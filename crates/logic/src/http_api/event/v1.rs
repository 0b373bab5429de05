//! Payload format 1.0.

use super::{
    super::{
        exchange::{Caller, Exchange},
        path,
    },
    encode, resource, texts,
};
use http::HeaderMap;
use serde_json::{Map, Value, json};

pub fn integration(exchange: &Exchange, body: &[u8]) -> Value {
    let encoded = encode(&exchange.headers, body);
    let (headers, many_headers) = single_and_many(header_pairs(&exchange.headers));
    let (query, many_query) = single_and_many(path::query(&exchange.query));
    json!({
        "version": "1.0",
        "resource": resource(exchange),
        "path": exchange.whole_path,
        "httpMethod": exchange.method,
        "headers": headers,
        "multiValueHeaders": many_headers,
        "queryStringParameters": query,
        "multiValueQueryStringParameters": many_query,
        "requestContext": context(exchange),
        "pathParameters": texts(&exchange.parameters),
        "stageVariables": texts(&exchange.variables),
        "body": encoded.as_ref().map(|encoded| &encoded.text),
        "isBase64Encoded": encoded.is_some_and(|encoded| encoded.base64),
    })
}

pub fn authorizer(exchange: &Exchange, route_arn: &str, identity: &[String]) -> Value {
    let identity = Some(identity.join(",")).filter(|text| !text.is_empty());
    let (headers, _) = single_and_many(header_pairs(&exchange.headers));
    let (query, _) = single_and_many(path::query(&exchange.query));
    json!({
        "version": "1.0",
        "type": "REQUEST",
        "methodArn": route_arn,
        "identitySource": identity,
        "authorizationToken": identity,
        "resource": resource(exchange),
        "path": exchange.whole_path,
        "httpMethod": exchange.method,
        "headers": headers,
        "queryStringParameters": query,
        "pathParameters": texts(&exchange.parameters),
        "stageVariables": texts(&exchange.variables),
        "requestContext": context(exchange),
    })
}

fn header_pairs(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    headers.iter().map(|(name, value)| (canonical(name.as_str()), text(value))).collect()
}

/// `User-Agent`: how a client wrote a name isn't kept, and 2.0 alone is known for small letters.
fn canonical(name: &str) -> String {
    let word = |word: &str| word[..1].to_ascii_uppercase() + &word[1..];
    name.split('-').map(|part| if part.is_empty() { String::new() } else { word(part) }).collect::<Vec<_>>().join("-")
}

/// The last value of each name, and all of them; nothing if there are none.
fn single_and_many(pairs: Vec<(String, String)>) -> (Value, Value) {
    if pairs.is_empty() {
        return (Value::Null, Value::Null);
    }
    let (mut single, mut many) = (Map::new(), Map::new());
    for (name, value) in pairs {
        if let Value::Array(values) = many.entry(name.clone()).or_insert_with(|| json!([])) {
            values.push(json!(value));
        }
        single.insert(name, json!(value));
    }
    (Value::Object(single), Value::Object(many))
}

fn context(exchange: &Exchange) -> Value {
    let caller = match &exchange.caller {
        Caller::Iam { access_key, account, user_id, arn } => Some((access_key, account, user_id, arn)),
        _ => None,
    };
    let mut context = json!({
        "accountId": exchange.account,
        "apiId": exchange.api,
        "domainName": exchange.domain,
        "domainPrefix": exchange.context("domainPrefix"),
        "extendedRequestId": exchange.id,
        "httpMethod": exchange.method,
        "identity": {
            "accessKey": caller.map(|caller| caller.0),
            "accountId": caller.map(|caller| caller.1),
            "caller": caller.map(|caller| caller.2),
            "cognitoAuthenticationProvider": null,
            "cognitoAuthenticationType": null,
            "cognitoIdentityId": null,
            "cognitoIdentityPoolId": null,
            "principalOrgId": null,
            "sourceIp": exchange.source_ip,
            "user": caller.map(|caller| caller.2),
            "userAgent": exchange.header("user-agent").unwrap_or_default(),
            "userArn": caller.map(|caller| caller.3),
        },
        "path": exchange.whole_path,
        "protocol": exchange.protocol,
        "requestId": exchange.id,
        "requestTime": exchange.time(),
        "requestTimeEpoch": exchange.at.0,
        "resourceId": exchange.route_key,
        "resourcePath": resource(exchange),
        "stage": exchange.stage,
    });
    if let Some(authorizer) = authorized(&exchange.caller) {
        context["authorizer"] = authorizer;
    }
    context
}

fn authorized(caller: &Caller) -> Option<Value> {
    Some(match caller {
        Caller::Jwt { claims, scopes } => json!({"claims": claims, "scopes": scopes}),
        Caller::Lambda { principal, context } => {
            let mut told = context.clone();
            if let Some(principal) = principal {
                told.insert("principalId".into(), json!(principal));
            }
            Value::Object(told)
        }
        Caller::Unknown | Caller::Iam { .. } => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{super::super::exchange::tests::exchange, *};

    #[test]
    fn an_event_says_all_there_is_to_say() {
        let event = integration(&exchange(), b"");
        assert_eq!((&event["resource"], &event["path"]), (&json!("/pets/{id}"), &json!("/prod/pets/a b")));
        assert_eq!(event["headers"]["Accept"], "b");
        assert_eq!(event["multiValueHeaders"]["Accept"], json!(["a", "b"]));
        assert_eq!(event["headers"]["User-Agent"], "curl/8");
        assert_eq!(event["headers"]["Cookie"], "k=1; l=2");
        assert_eq!(event["queryStringParameters"], json!({"kind": "cat", "x": "&"}));
        assert_eq!(event["multiValueQueryStringParameters"]["kind"], json!(["dog", "cat"]));
        assert_eq!((&event["body"], &event["isBase64Encoded"]), (&Value::Null, &json!(false)));
        assert_eq!(event["requestContext"]["identity"]["sourceIp"], "192.0.2.1");
        assert_eq!(event["requestContext"]["resourcePath"], "/pets/{id}");
    }

    #[test]
    fn a_function_that_let_somebody_through_is_quoted() {
        let mut asked = exchange();
        let context = json!({"level": 3}).as_object().unwrap().clone();
        asked.caller = Caller::Lambda { principal: Some("me".into()), context };
        assert_eq!(integration(&asked, b"")["requestContext"]["authorizer"], json!({"level": 3, "principalId": "me"}));
        let event = authorizer(&asked, "arn:route", &["a".into(), "b".into()]);
        assert_eq!((&event["identitySource"], &event["methodArn"]), (&json!("a,b"), &json!("arn:route")));
    }
}
