//! Payload format 2.0.

use super::{
    super::{
        exchange::{Caller, Exchange, joined},
        path,
    },
    encode, texts,
};
use http::{HeaderMap, header::COOKIE};
use serde_json::{Map, Value, json};

pub fn integration(exchange: &Exchange, body: &[u8]) -> Value {
    let mut event = json!({
        "version": "2.0",
        "routeKey": exchange.route_key,
        "rawPath": exchange.whole_path,
        "rawQueryString": exchange.query,
        "headers": headers(&exchange.headers),
        "requestContext": context(exchange),
        "isBase64Encoded": false,
    });
    of_request(&mut event, exchange);
    if let Some(encoded) = encode(&exchange.headers, body) {
        event["body"] = json!(encoded.text);
        event["isBase64Encoded"] = json!(encoded.base64);
    }
    event
}

pub fn authorizer(exchange: &Exchange, route_arn: &str, identity: &[String]) -> Value {
    let mut event = json!({
        "version": "2.0",
        "type": "REQUEST",
        "routeArn": route_arn,
        "identitySource": if identity.is_empty() { Value::Null } else { json!(identity) },
        "routeKey": exchange.route_key,
        "rawPath": exchange.whole_path,
        "rawQueryString": exchange.query,
        "headers": headers(&exchange.headers),
        "requestContext": context(exchange),
    });
    of_request(&mut event, exchange);
    event
}

/// What is left out where there is none of it.
fn of_request(event: &mut Value, exchange: &Exchange) {
    let cookies = cookies(&exchange.headers);
    if !cookies.is_empty() {
        event["cookies"] = json!(cookies);
    }
    let parts = [
        ("queryStringParameters", query(&exchange.query)),
        ("pathParameters", texts(&exchange.parameters)),
        ("stageVariables", texts(&exchange.variables)),
    ];
    for (name, value) in parts {
        if !value.is_null() {
            event[name] = value;
        }
    }
}

fn headers(headers: &HeaderMap) -> Value {
    let names = headers.keys().filter(|name| **name != COOKIE);
    let object: Map<String, Value> = names.map(|name| (name.to_string(), json!(joined(headers, name.as_str())))).collect();
    Value::Object(object)
}

fn cookies(headers: &HeaderMap) -> Vec<String> {
    let values = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let cookies = values.flat_map(|value| value.split(';')).map(str::trim);
    cookies.filter(|cookie| !cookie.is_empty()).map(str::to_owned).collect()
}

/// The values of one name are joined with commas.
fn query(query: &str) -> Value {
    let mut object = Map::new();
    for (name, value) in path::query(query) {
        match object.get_mut(&name) {
            Some(Value::String(values)) => values.extend([",", &value]),
            _ => drop(object.insert(name, Value::String(value))),
        }
    }
    if object.is_empty() { Value::Null } else { Value::Object(object) }
}

fn context(exchange: &Exchange) -> Value {
    let mut context = json!({
        "accountId": exchange.account,
        "apiId": exchange.api,
        "domainName": exchange.domain,
        "domainPrefix": exchange.context("domainPrefix"),
        "http": {
            "method": exchange.method,
            "path": exchange.whole_path,
            "protocol": exchange.protocol,
            "sourceIp": exchange.source_ip,
            "userAgent": exchange.header("user-agent").unwrap_or_default(),
        },
        "requestId": exchange.id,
        "routeKey": exchange.route_key,
        "stage": exchange.stage,
        "time": exchange.time(),
        "timeEpoch": exchange.at.0,
    });
    if let Some(authorizer) = caller(&exchange.caller) {
        context["authorizer"] = authorizer;
    }
    context
}

fn caller(caller: &Caller) -> Option<Value> {
    Some(match caller {
        Caller::Unknown => return None,
        Caller::Jwt { claims, scopes } => json!({"jwt": {"claims": claims, "scopes": scopes}}),
        Caller::Lambda { context, .. } => json!({"lambda": context}),
        Caller::Iam { access_key, account, user_id, arn } => json!({"iam": {
            "accessKey": access_key,
            "accountId": account,
            "callerId": user_id,
            "cognitoIdentity": null,
            "principalOrgId": null,
            "userArn": arn,
            "userId": user_id,
        }}),
    })
}

#[cfg(test)]
mod tests {
    use super::{super::super::exchange::tests::exchange, *};

    #[test]
    fn an_event_says_all_there_is_to_say() {
        let event = integration(&exchange(), b"body");
        assert_eq!((&event["version"], &event["rawPath"]), (&json!("2.0"), &json!("/prod/pets/a b")));
        assert_eq!(event["rawQueryString"], "kind=dog&kind=cat&x=%26");
        assert_eq!(event["queryStringParameters"], json!({"kind": "dog,cat", "x": "&"}));
        assert_eq!(event["headers"], json!({"accept": "a,b", "host": "h:1", "user-agent": "curl/8"}));
        assert_eq!(event["cookies"], json!(["k=1", "l=2"]));
        assert_eq!(event["pathParameters"], json!({"id": "a b"}));
        assert_eq!(event["stageVariables"], json!({"table": "pets"}));
        assert_eq!((&event["body"], &event["isBase64Encoded"]), (&json!("body"), &json!(false)));
        let context = &event["requestContext"];
        assert_eq!(context["http"]["path"], "/prod/pets/a b");
        assert_eq!(
            (&context["time"], &context["timeEpoch"]),
            (&json!("04/Mar/2020:19:03:58 +0000"), &json!(1_583_348_638_390_i64))
        );
        assert_eq!((&context["domainPrefix"], &context["stage"]), (&json!("abcdef1234"), &json!("prod")));
        assert!(context.get("authorizer").is_none());
    }

    #[test]
    fn what_there_is_none_of_is_left_out() {
        let mut bare = exchange();
        (bare.query, bare.headers) = (String::new(), HeaderMap::new());
        bare.parameters.clear();
        bare.variables.clear();
        let event = integration(&bare, b"");
        for member in ["cookies", "queryStringParameters", "pathParameters", "stageVariables", "body"] {
            assert!(event.get(member).is_none(), "{member}");
        }
    }

    #[test]
    fn callers_are_named_in_the_context() {
        let mut asked = exchange();
        asked.caller = Caller::Jwt { claims: [("sub".to_owned(), "me".to_owned())].into(), scopes: Some(vec!["read".into()]) };
        let event = integration(&asked, b"");
        assert_eq!(event["requestContext"]["authorizer"], json!({"jwt": {"claims": {"sub": "me"}, "scopes": ["read"]}}));
    }

    #[test]
    fn authorizers_are_asked_with_the_identity() {
        let event = authorizer(&exchange(), "arn:route", &["one".into()]);
        assert_eq!(
            (&event["type"], &event["identitySource"], &event["routeArn"]),
            (&json!("REQUEST"), &json!(["one"]), &json!("arn:route"))
        );
        assert!(event.get("body").is_none());
    }
}
