//! Who is let through: by functions, by IAM. (Tokens: `tests/clients/test_http_api.py`, and the pure tests of `logic::http_api::jwt`.)

use super::cloud::{Cloud, function, lambda};
use http::Request;
use serde_json::{Value, json};

async fn authorizer(cloud: &Cloud, api: &str, name: &str, more: Value) -> String {
    let uri = format!("arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{}/invocations", function(name));
    let mut input = json!({"name": name, "authorizerType": "REQUEST", "authorizerUri": uri, "authorizerPayloadFormatVersion": "2.0",
        "identitySource": ["$request.header.x-key"]});
    input.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
    cloud.ok("POST", &format!("/apis/{api}/authorizers"), input).await["authorizerId"].as_str().unwrap().to_owned()
}

async fn with_key(cloud: &Cloud, api: &str, path: &str, key: &str) -> front::testing::Reply {
    cloud.ask_with(api, Request::get(path).header("x-key", key), "").await
}

#[tokio::test]
async fn a_function_says_yes_or_no_for_a_while() {
    let cloud = Cloud::new();
    let api = cloud.api().await;
    let id = authorizer(&cloud, &api, "allows", json!({"enableSimpleResponses": true, "authorizerResultTtlInSeconds": 60})).await;
    let custom = json!({"authorizationType": "CUSTOM", "authorizerId": id});
    cloud.route(&api, "GET /a", lambda("echo"), custom).await;
    let nobody = cloud.ask(&api, "GET", "/a").await;
    assert_eq!((nobody.status, nobody.json(), cloud.calls()), (401, json!({"message": "Unauthorized"}), 0));
    let open = with_key(&cloud, &api, "/a", "open").await;
    assert_eq!(open.json()["requestContext"]["authorizer"], json!({"lambda": {"who": "anna", "level": 3}}));
    assert_eq!(cloud.calls(), 2);
    with_key(&cloud, &api, "/a", "open").await;
    assert_eq!(cloud.calls(), 3, "the authorizer wasn't asked again");
    cloud.bench.advance(std::time::Duration::from_secs(60));
    with_key(&cloud, &api, "/a", "open").await;
    assert_eq!(cloud.calls(), 5);
    let shut = with_key(&cloud, &api, "/a", "shut").await;
    assert_eq!((shut.status, shut.json()), (403, json!({"message": "Forbidden"})));
}

#[tokio::test]
async fn every_part_of_an_identity_counts() {
    let cloud = Cloud::new();
    let api = cloud.api().await;
    let parts = json!({"enableSimpleResponses": true, "authorizerResultTtlInSeconds": 60,
        "identitySource": ["$request.header.x-key", "$request.querystring.tenant"]});
    let id = authorizer(&cloud, &api, "allows", parts).await;
    cloud.route(&api, "GET /a", lambda("echo"), json!({"authorizationType": "CUSTOM", "authorizerId": id})).await;
    for path in ["/a", "/a?tenant=", "/a?other=1"] {
        assert_eq!((with_key(&cloud, &api, path, "open").await.status, cloud.calls()), (401, 0), "{path}");
    }
    assert_eq!(cloud.ask(&api, "GET", "/a?tenant=1").await.status, 401);
    let mut called = Vec::new();
    for path in ["/a?tenant=1", "/a?tenant=1", "/a?tenant=2"] {
        assert_eq!(with_key(&cloud, &api, path, "open").await.status, 200);
        called.push(cloud.calls());
    }
    assert_eq!(called, [2, 3, 5], "another tenant is another identity");
}

#[tokio::test]
async fn a_verdict_counts_for_every_route_unless_the_route_is_a_part_of_the_identity() {
    for (more, expected) in [(json!([]), [2, 3]), (json!(["$context.routeKey"]), [2, 4])] {
        let cloud = Cloud::new();
        let api = cloud.api().await;
        let mut sources = vec![json!("$request.header.x-key")];
        sources.extend(more.as_array().unwrap().clone());
        let kept = json!({"enableSimpleResponses": true, "authorizerResultTtlInSeconds": 60, "identitySource": sources});
        let id = authorizer(&cloud, &api, "allows", kept).await;
        let mut called = Vec::new();
        for path in ["/a", "/b"] {
            let custom = json!({"authorizationType": "CUSTOM", "authorizerId": id});
            cloud.route(&api, &format!("GET {path}"), lambda("echo"), custom).await;
        }
        for path in ["/a", "/b"] {
            assert_eq!(with_key(&cloud, &api, path, "open").await.status, 200);
            called.push(cloud.calls());
        }
        assert_eq!(called, expected, "{more}");
    }
}

#[tokio::test]
async fn a_function_answers_with_a_policy() {
    let cloud = Cloud::new();
    let api = cloud.api().await;
    let id = authorizer(&cloud, &api, "policy", json!({"authorizerPayloadFormatVersion": "1.0"})).await;
    let custom = json!({"authorizationType": "CUSTOM", "authorizerId": id});
    cloud.route(&api, "ANY /a", lambda("hello"), custom.clone()).await;
    assert_eq!(with_key(&cloud, &api, "/a", "x").await.status, 200);
    let post = cloud.ask_with(&api, Request::post("/a").header("x-key", "x"), "").await;
    assert_eq!(post.status, 403);
    let failing = authorizer(&cloud, &api, "failing", json!({})).await;
    cloud.route(&api, "GET /b", lambda("hello"), json!({"authorizationType": "CUSTOM", "authorizerId": failing})).await;
    assert_eq!(with_key(&cloud, &api, "/b", "x").await.status, 500);
    let path = format!("/apis/{api}/authorizers/{id}");
    assert!(cloud.fails("DELETE", &path, Value::Null, "ConflictException").await.contains("is referenced in Routes"));
}

#[tokio::test]
async fn iam_lets_through_whom_its_policies_allow() {
    let cloud = Cloud::new();
    let api = cloud.api().await;
    cloud.route(&api, "GET /a", lambda("echo"), json!({"authorizationType": "AWS_IAM"})).await;
    let signed = |account: &str, service: &str| {
        let scope = format!("{account}/20260101/us-east-1/{service}/aws4_request");
        let text = format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=00");
        Request::get("/a").header("authorization", text).header("x-amz-date", "20260101T000000Z")
    };
    let root = cloud.ask_with(&api, signed("111122223333", "execute-api"), "").await;
    let iam = &root.json()["requestContext"]["authorizer"]["iam"];
    assert_eq!((&iam["accountId"], &iam["userArn"]), (&json!("111122223333"), &json!("arn:aws:iam::111122223333:root")));
    let refused = [
        cloud.ask_with(&api, signed("444455556666", "execute-api"), "").await,
        cloud.ask_with(&api, signed("111122223333", "lambda"), "").await,
        cloud.ask(&api, "GET", "/a").await,
    ];
    for reply in refused {
        assert_eq!((reply.status, reply.json()), (403, json!({"message": "Forbidden"})));
    }
}

#[tokio::test]
async fn authorizers_are_checked() {
    let cloud = Cloud::new();
    let api = cloud.api().await;
    let path = format!("/apis/{api}/authorizers");
    let jwt = json!({"issuer": "https://id.example.com", "audience": ["web"]});
    let made = cloud
        .ok("POST", &path, json!({"name": "t", "authorizerType": "JWT", "identitySource": ["$request.header.Authorization"], "jwtConfiguration": jwt}))
        .await;
    assert_eq!((&made["authorizerType"], &made["jwtConfiguration"]), (&json!("JWT"), &jwt));
    for input in [
        json!({"name": "a", "authorizerType": "JWT", "identitySource": ["$request.header.Authorization"]}),
        json!({"name": "a", "authorizerType": "JWT", "identitySource": [], "jwtConfiguration": jwt}),
        json!({"name": "a", "authorizerType": "JWT", "identitySource": ["header"], "jwtConfiguration": jwt}),
        json!({"name": "a", "authorizerType": "REQUEST", "identitySource": [], "authorizerUri": function("f")}),
        json!({"name": "a", "authorizerType": "REQUEST", "identitySource": [], "authorizerPayloadFormatVersion": "2.0"}),
        json!({"name": "a", "authorizerType": "REQUEST", "identitySource": [], "authorizerPayloadFormatVersion": "2.0", "authorizerUri": function("f"), "authorizerResultTtlInSeconds": 10}),
    ] {
        cloud.fails("POST", &path, input, "BadRequestException").await;
    }
    let id = made["authorizerId"].as_str().unwrap();
    let changed = cloud.ok("PATCH", &format!("{path}/{id}"), json!({"name": "u"})).await;
    assert_eq!((&changed["name"], &changed["jwtConfiguration"]), (&json!("u"), &jwt));
    cloud
        .fails(
            "POST",
            &format!("/apis/{api}/routes"),
            json!({"routeKey": "GET /", "authorizationType": "CUSTOM", "authorizerId": id}),
            "BadRequestException",
        )
        .await;
    cloud.ok("DELETE", &format!("{path}/{id}"), Value::Null).await;
    assert_eq!(cloud.ok("GET", &path, Value::Null).await["items"], json!([]));
}
