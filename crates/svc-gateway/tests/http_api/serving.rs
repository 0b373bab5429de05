//! Requests to an API, answered by functions.

use super::cloud::{ACCOUNT, Cloud, lambda};
use http::Request;
use serde_json::{Value, json};

#[tokio::test]
async fn a_function_is_told_of_the_request() {
    let cloud = Cloud::new();
    let api = cloud.api().await;
    cloud
        .ok(
            "POST",
            &format!("/apis/{api}/stages"),
            json!({"stageName": "prod", "autoDeploy": true, "stageVariables": {"a": "b"}}),
        )
        .await;
    cloud.route(&api, "POST /pets/{id}", lambda("echo"), json!({})).await;
    let request = Request::builder().method("POST").uri("/prod/pets/a%20b?x=1&x=2").header("content-type", "application/json");
    let reply = cloud.ask_with(&api, request.header("user-agent", "test"), "{}").await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let event = reply.json();
    assert_eq!((&event["version"], &event["routeKey"]), (&json!("2.0"), &json!("POST /pets/{id}")));
    assert_eq!((&event["rawPath"], &event["pathParameters"]), (&json!("/prod/pets/a b"), &json!({"id": "a b"})));
    assert_eq!((&event["body"], &event["stageVariables"]), (&json!("{}"), &json!({"a": "b"})));
    assert_eq!(event["queryStringParameters"], json!({"x": "1,2"}));
    let context = &event["requestContext"];
    assert_eq!((&context["accountId"], &context["apiId"], &context["stage"]), (&json!(ACCOUNT), &json!(api), &json!("prod")));
    assert_eq!(context["domainName"], format!("{api}.execute-api.us-east-1.localhost"));
    assert_eq!(context["requestId"], reply.headers["apigw-requestid"].to_str().unwrap());
    assert_eq!((&event["headers"]["x-forwarded-proto"], &event["headers"]["x-forwarded-port"]), (&json!("http"), &json!("4566")));
    assert!(event["headers"]["x-amzn-trace-id"].as_str().unwrap().starts_with("Root=1-"));
}

#[tokio::test]
async fn the_older_format_is_told_as_well() {
    let cloud = Cloud::new();
    let api = cloud.api().await;
    let integration = json!({"integrationType": "AWS_PROXY", "integrationUri": super::cloud::function("echo")});
    cloud.route(&api, "ANY /{proxy+}", integration, json!({})).await;
    let request = Request::get("/a/b?x=1&y=&x=2").header("x-many", "one").header("x-many", "two");
    let event = cloud.ask_with(&api, request, "").await.json();
    assert_eq!((&event["headers"]["X-Many"], &event["multiValueHeaders"]["X-Many"]), (&json!("two"), &json!(["one", "two"])));
    assert_eq!(event["queryStringParameters"], json!({"x": "2", "y": ""}));
    assert_eq!(event["multiValueQueryStringParameters"], json!({"x": ["1", "2"], "y": [""]}));
    assert_eq!((&event["version"], &event["resource"], &event["path"]), (&json!("1.0"), &json!("/{proxy+}"), &json!("/a/b")));
    assert_eq!((&event["httpMethod"], &event["pathParameters"]), (&json!("GET"), &json!({"proxy": "a/b"})));
}

#[tokio::test]
async fn what_fails_is_answered_by_the_gateway() {
    let cloud = Cloud::new();
    let api = cloud.api().await;
    for name in ["wrong", "failing", "throttled", "slow", "forbidden"] {
        cloud.route(&api, &format!("GET /{name}"), lambda(name), json!({})).await;
    }
    for (path, status, message) in [
        ("/nowhere", 404, "Not Found"),
        ("/wrong", 500, "Internal Server Error"),
        ("/failing", 500, "Internal Server Error"),
        ("/forbidden", 500, "Internal Server Error"),
        ("/throttled", 503, "Service Unavailable"),
    ] {
        let reply = cloud.ask(&api, "GET", path).await;
        assert_eq!((reply.status, reply.json()), (status, json!({"message": message})), "{path}");
    }
    let late = cloud.ask_in_vain(&api, "/slow").await;
    assert_eq!((late.status, late.json()), (503, json!({"message": "Service Unavailable"})));
    assert_eq!(cloud.ask("nonesuch00", "GET", "/").await.status, 403);
    cloud.ok("PATCH", &format!("/apis/{api}"), json!({"disableExecuteApiEndpoint": true})).await;
    assert_eq!(cloud.ask(&api, "GET", "/throttled").await.status, 404);
}

#[tokio::test]
async fn browsers_are_told_what_they_may() {
    let cloud = Cloud::new();
    let api = cloud.api().await;
    let cors = json!({"allowOrigins": ["https://a.example.com"], "allowMethods": ["GET"], "allowHeaders": ["x-a"], "maxAge": 60});
    cloud.ok("PATCH", &format!("/apis/{api}"), json!({"corsConfiguration": cors})).await;
    cloud.route(&api, "GET /made", lambda("made"), json!({})).await;
    let from = |method: &str, origin: &str| {
        let request = Request::builder().method(method).uri("/made").header("origin", origin);
        request.header("access-control-request-method", "GET")
    };
    let preflight = cloud.ask_with(&api, from("OPTIONS", "https://a.example.com"), "").await;
    assert_eq!(preflight.status, 204);
    assert_eq!(preflight.headers["access-control-allow-origin"], "https://a.example.com");
    assert_eq!(preflight.headers["access-control-allow-methods"], "GET");
    assert_eq!(preflight.headers["access-control-max-age"], "60");
    let stranger = cloud.ask_with(&api, from("OPTIONS", "https://b.example.com"), "").await;
    assert!(stranger.status == 204 && !stranger.headers.contains_key("access-control-allow-origin"));
    let page = cloud.ask_with(&api, from("GET", "https://a.example.com"), "").await;
    assert_eq!((page.status, page.headers["access-control-allow-origin"].to_str().unwrap()), (201, "https://a.example.com"));
    let none = cloud.ask(&api, "GET", "/made").await;
    assert!(!none.headers.contains_key("access-control-allow-origin"), "what the function says doesn't count");
}

#[tokio::test]
async fn more_than_a_stage_lets_through_is_too_much() {
    let cloud = Cloud::new();
    let api = cloud.api().await;
    cloud.route(&api, "GET /a", lambda("hello"), json!({})).await;
    cloud.route(&api, "GET /b", lambda("hello"), json!({})).await;
    let stage = format!("/apis/{api}/stages/%24default");
    let settings = json!({"defaultRouteSettings": {"throttlingBurstLimit": 2, "throttlingRateLimit": 1.0},
        "routeSettings": {"GET /b": {"throttlingBurstLimit": 1, "throttlingRateLimit": 0.0}}});
    cloud.ok("PATCH", &stage, settings).await;
    let mut got = Vec::new();
    for path in ["/a", "/a", "/a", "/b", "/b"] {
        got.push(cloud.ask(&api, "GET", path).await.status);
    }
    assert_eq!(got, [200, 200, 429, 200, 429]);
    cloud.bench.advance(std::time::Duration::from_secs(1));
    assert_eq!(cloud.ask(&api, "GET", "/a").await.status, 200);
    assert_eq!(cloud.ask(&api, "GET", "/b").await.json(), json!({"message": "Too Many Requests"}));
    cloud.ok("DELETE", &format!("{stage}/routesettings/GET%20%2Fb"), Value::Null).await;
    cloud.bench.advance(std::time::Duration::from_secs(1));
    assert_eq!(cloud.ask(&api, "GET", "/b").await.status, 200);
}

#[tokio::test]
async fn requests_and_answers_are_mapped() {
    let cloud = Cloud::new();
    let api = cloud.api().await;
    let mut echo = lambda("echo");
    echo["requestParameters"] =
        json!({"overwrite:header.x-who": "$request.querystring.who", "append:querystring.v": "2", "overwrite:path": "/new"});
    cloud.route(&api, "GET /echo", echo, json!({})).await;
    let event = cloud.ask(&api, "GET", "/echo?who=me").await.json();
    assert_eq!((&event["headers"]["x-who"], &event["rawQueryString"]), (&json!("me"), &json!("who=me&v=2")));
    let mut made = lambda("made");
    made["responseParameters"] =
        json!({"201": {"overwrite:statuscode": "202", "append:header.x-id": "$response.body.id", "remove:header.x-made": "''"}});
    cloud.route(&api, "GET /made", made, json!({})).await;
    let reply = cloud.ask(&api, "GET", "/made").await;
    assert_eq!((reply.status, reply.headers["x-id"].to_str().unwrap(), reply.text()), (202, "7", "{\"id\": 7}".to_owned()));
    assert!(!reply.headers.contains_key("x-made"));
}

#[tokio::test]
async fn requests_are_written_down() {
    let cloud = Cloud::new();
    let api = cloud.api().await;
    cloud.route(&api, "GET /made", lambda("made"), json!({})).await;
    cloud.route(&api, "GET /failing", lambda("failing"), json!({})).await;
    let format = "$context.httpMethod $context.routeKey $context.status $context.responseLength $context.integrationStatus $context.integrationErrorMessage";
    let group = format!("arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/api/pets");
    let settings = json!({"accessLogSettings": {"destinationArn": group, "format": format}});
    cloud.ok("PATCH", &format!("/apis/{api}/stages/%24default"), settings).await;
    for path in ["/made", "/failing", "/nowhere"] {
        cloud.ask(&api, "GET", path).await;
    }
    let lines = cloud.lines(3).await;
    assert!(lines.iter().all(|line| line[0] == "/api/pets"), "{lines:?}");
    let texts: Vec<&str> = lines.iter().map(|line| line[2].as_str()).collect();
    assert_eq!(texts[0], "GET GET /made 201 9 201 -");
    assert!(
        texts[1].starts_with("GET GET /failing 500 35 - The Lambda function returned the following error: Unhandled."),
        "{texts:?}"
    );
    assert_eq!(texts[2], "GET - 404 23 - -");
    cloud.ok("DELETE", &format!("/apis/{api}/stages/%24default/accesslogsettings"), Value::Null).await;
    cloud.ask(&api, "GET", "/made").await;
    assert_eq!(cloud.lines(3).await.len(), 3);
}
