//! Definitions in OpenAPI: an API is made of one, and becomes one.

use super::cloud::{Cloud, function};
use serde_json::{Value, json};

fn definition() -> String {
    format!(
        "openapi: 3.0.1
info: {{title: pets, version: '2.0'}}
x-amazon-apigateway-cors: {{allowOrigins: ['*']}}
components:
  securitySchemes:
    tokens:
      type: oauth2
      x-amazon-apigateway-authorizer:
        type: jwt
        identitySource: $request.header.Authorization
        jwtConfiguration: {{issuer: 'https://id.example.com', audience: [web]}}
paths:
  /hello:
    get:
      operationId: hello
      x-amazon-apigateway-integration: {{type: AWS_PROXY, uri: '{hello}', payloadFormatVersion: '2.0'}}
  /secret/{{id}}:
    x-amazon-apigateway-any-method:
      security: [{{tokens: [read]}}]
      x-amazon-apigateway-integration: {{type: AWS_PROXY, uri: '{hello}', payloadFormatVersion: '2.0'}}
  /nowhere:
    get: {{}}
",
        hello = function("hello")
    )
}

#[tokio::test]
async fn an_api_is_made_of_a_definition_and_becomes_one() {
    let cloud = Cloud::new();
    let message = cloud.fails("PUT", "/apis?failOnWarnings=true", json!({"body": definition()}), "BadRequestException").await;
    assert!(message.contains("GET /nowhere"), "{message}");
    let made = cloud.ok("PUT", "/apis", json!({"body": definition()})).await;
    let api = made["apiId"].as_str().unwrap();
    assert_eq!((&made["name"], &made["version"]), (&json!("pets"), &json!("2.0")));
    assert_eq!(made["warnings"], json!(["The route GET /nowhere has no integration"]));
    cloud.ok("POST", &format!("/apis/{api}/stages"), json!({"stageName": "$default", "autoDeploy": true})).await;
    assert_eq!(cloud.ask(api, "GET", "/hello").await.text(), "Hello");
    let refused = cloud.ask(api, "GET", "/secret/1").await;
    assert_eq!((refused.status, refused.headers["www-authenticate"].to_str().unwrap()), (401, "Bearer"));

    let exported = cloud.call("GET", &format!("/apis/{api}/exports/OAS30?outputType=JSON"), Value::Null).await;
    let document = exported.json();
    assert_eq!(document["info"], json!({"title": "pets", "version": "2.0"}), "{}", exported.text());
    assert_eq!(document["paths"]["/hello"]["get"]["operationId"], "hello");
    assert_eq!(document["paths"]["/secret/{id}"]["x-amazon-apigateway-any-method"]["security"], json!([{"tokens": ["read"]}]));
    let again = cloud.ok("PUT", &format!("/apis/{api}"), json!({"body": document.to_string()})).await;
    assert_eq!((&again["apiId"], &again["corsConfiguration"]["allowOrigins"]), (&json!(api), &json!(["*"])));
    assert_eq!(cloud.ask(api, "GET", "/hello").await.text(), "Hello");
    let untitled = definition().replace("title: pets, ", "");
    cloud.fails("PUT", "/apis", json!({"body": untitled}), "BadRequestException").await;
    let again = cloud.ok("PUT", &format!("/apis/{api}"), json!({"body": untitled})).await;
    assert_eq!(again["name"], "pets", "an API that has a name keeps it");
    let plain =
        cloud.call("GET", &format!("/apis/{api}/exports/OAS30?outputType=JSON&includeExtensions=false"), Value::Null).await;
    assert!(!plain.text().contains("x-amazon-apigateway-integration"));
    for (path, code) in [("OAS20?outputType=JSON", "BadRequestException"), ("OAS30?outputType=YAML", "NotImplemented")] {
        cloud.fails("GET", &format!("/apis/{api}/exports/{path}"), Value::Null, code).await;
    }
    cloud.fails("PUT", "/apis", json!({"body": "{"}), "BadRequestException").await;
    cloud.fails("PUT", "/apis", json!({"body": "{\"swagger\": \"2.0\"}"}), "BadRequestException").await;
}
