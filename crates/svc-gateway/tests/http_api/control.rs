//! The operations: what is made, changed and refused.

use super::cloud::{ACCOUNT, Cloud, function, lambda};
use serde_json::{Value, json};

#[tokio::test]
async fn an_api_is_made_shown_changed_and_deleted() {
    let cloud = Cloud::new();
    let made = cloud.ok("POST", "/apis", json!({"name": "pets", "protocolType": "HTTP", "tags": {"team": "a"}})).await;
    let id = made["apiId"].as_str().unwrap();
    assert_eq!(made["apiEndpoint"], format!("http://{id}.execute-api.us-east-1.localhost:4566"));
    assert_eq!(
        (&made["routeSelectionExpression"], &made["protocolType"]),
        (&json!("$request.method $request.path"), &json!("HTTP"))
    );
    assert_eq!(made["disableExecuteApiEndpoint"], false);
    let path = format!("/apis/{id}");
    let changed = cloud.ok("PATCH", &path, json!({"description": "d", "corsConfiguration": {"allowOrigins": ["*"]}})).await;
    assert_eq!((&changed["description"], &changed["corsConfiguration"]["allowOrigins"]), (&json!("d"), &json!(["*"])));
    assert_eq!(cloud.ok("GET", "/apis", Value::Null).await["items"][0]["apiId"], id);
    cloud.ok("DELETE", &format!("{path}/cors"), Value::Null).await;
    assert!(cloud.ok("GET", &path, Value::Null).await.get("corsConfiguration").is_none());
    cloud.ok("DELETE", &path, Value::Null).await;
    let message = cloud.fails("GET", &path, Value::Null, "NotFoundException").await;
    assert_eq!(message, format!("Invalid API identifier specified {ACCOUNT}:{id}"));
    let other = cloud.bench.account("444455556666");
    assert_eq!(other.rest("apigatewayv2", "GET", "/v2/apis", Value::Null).await.json()["items"], json!([]));
}

#[tokio::test]
async fn what_is_not_built_or_not_right_is_refused() {
    let cloud = Cloud::new();
    for (input, code) in [
        (json!({"name": "a", "protocolType": "WEBSOCKET"}), "NotImplemented"),
        (json!({"name": "a", "protocolType": "HTTP", "ipAddressType": "dualstack"}), "NotImplemented"),
        (json!({"name": "", "protocolType": "HTTP"}), "BadRequestException"),
        (json!({"name": "a", "protocolType": "HTTP", "routeKey": "GET /"}), "BadRequestException"),
        (
            json!({"name": "a", "protocolType": "HTTP", "corsConfiguration": {"allowOrigins": ["*"], "allowCredentials": true}}),
            "BadRequestException",
        ),
    ] {
        cloud.fails("POST", "/apis", input, code).await;
    }
    let api = cloud.api().await;
    let integrations = format!("/apis/{api}/integrations");
    for (input, code) in [
        (json!({"integrationType": "MOCK"}), "BadRequestException"),
        (
            json!({"integrationType": "HTTP_PROXY", "integrationUri": "ftp://a", "integrationMethod": "GET"}),
            "BadRequestException",
        ),
        (json!({"integrationType": "HTTP_PROXY", "integrationUri": "http://a"}), "BadRequestException"),
        (
            json!({"integrationType": "HTTP_PROXY", "integrationUri": "http://a", "integrationMethod": "GET", "connectionType": "VPC_LINK"}),
            "NotImplemented",
        ),
        (json!({"integrationType": "AWS_PROXY", "integrationUri": "hello"}), "BadRequestException"),
        (
            json!({"integrationType": "AWS_PROXY", "integrationUri": function("f"), "payloadFormatVersion": "3.0"}),
            "BadRequestException",
        ),
        (
            json!({"integrationType": "AWS_PROXY", "integrationUri": function("f"), "timeoutInMillis": 30_001}),
            "BadRequestException",
        ),
        (
            json!({"integrationType": "AWS_PROXY", "integrationUri": function("f"), "requestParameters": {"append:header.via": "x"}}),
            "BadRequestException",
        ),
        (json!({"integrationType": "AWS_PROXY", "integrationSubtype": "Kinesis-PutRecord"}), "NotImplemented"),
        (
            json!({"integrationType": "AWS_PROXY", "integrationSubtype": "SQS-SendMessage", "requestParameters": {"QueueUrl": "u"}}),
            "BadRequestException",
        ),
    ] {
        cloud.fails("POST", &integrations, input, code).await;
    }
    let stages = format!("/apis/{api}/stages");
    for input in [
        json!({"stageName": "a b"}),
        json!({"stageName": "a", "accessLogSettings": {"destinationArn": "x", "format": "f"}}),
        json!({"stageName": "a", "defaultRouteSettings": {"loggingLevel": "INFO"}}),
        json!({"stageName": "a", "stageVariables": {"a b": "c"}}),
    ] {
        cloud.fails("POST", &stages, input, "BadRequestException").await;
    }
    cloud.fails("POST", &stages, json!({"stageName": "$default"}), "ConflictException").await;
    cloud.fails("POST", &format!("/apis/{api}/deployments"), json!({}), "BadRequestException").await;
}

#[tokio::test]
async fn routes_are_unique_and_lead_to_what_is_there() {
    let cloud = Cloud::new();
    let api = cloud.api().await;
    let made = cloud.route(&api, "GET /pets/{id}", lambda("hello"), json!({})).await;
    assert_eq!((&made["authorizationType"], &made["apiKeyRequired"]), (&json!("NONE"), &json!(false)));
    let routes = format!("/apis/{api}/routes");
    let taken = cloud.fails("POST", &routes, json!({"routeKey": "GET /pets/{id}"}), "ConflictException").await;
    assert_eq!(taken, "Route with key GET /pets/{id} already exists for this API");
    let clashes = cloud.fails("POST", &routes, json!({"routeKey": "GET /pets/{name}"}), "ConflictException").await;
    assert!(clashes.contains("has a conflicting variable on the same hierarchical level as \"GET /pets/{id}\""), "{clashes}");
    for input in [
        json!({"routeKey": "get /"}),
        json!({"routeKey": "GET /a", "target": "somewhere"}),
        json!({"routeKey": "GET /a", "authorizationType": "JWT"}),
        json!({"routeKey": "GET /a", "authorizationScopes": ["a"]}),
    ] {
        cloud.fails("POST", &routes, input, "BadRequestException").await;
    }
    cloud.fails("POST", &routes, json!({"routeKey": "GET /a", "target": "integrations/none"}), "NotFoundException").await;
    let integration = made["target"].as_str().unwrap();
    let message = cloud.fails("DELETE", &format!("/apis/{api}/{integration}"), Value::Null, "ConflictException").await;
    let id = made["routeId"].as_str().unwrap();
    assert_eq!(message, format!("Cannot delete Integration because it is referenced by the following Routes with Ids: [{id}]"));
    let changed = cloud.ok("PATCH", &format!("{routes}/{id}"), json!({"routeKey": "GET /cats/{id}"})).await;
    assert_eq!((&changed["routeKey"], &changed["target"]), (&json!("GET /cats/{id}"), &made["target"]));
    cloud.ok("DELETE", &format!("{routes}/{id}"), Value::Null).await;
    cloud.ok("DELETE", &format!("/apis/{api}/{integration}"), Value::Null).await;
}

#[tokio::test]
async fn a_stage_keeps_the_settings_of_its_routes() {
    let cloud = Cloud::new();
    let api = cloud.api().await;
    let given = json!({"detailedMetricsEnabled": true, "throttlingBurstLimit": 5, "throttlingRateLimit": 2.5});
    let stage = json!({"stageName": "prod", "defaultRouteSettings": given, "routeSettings": {"GET /": given}});
    let made = cloud.ok("POST", &format!("/apis/{api}/stages"), stage).await;
    assert_eq!((&made["defaultRouteSettings"], &made["routeSettings"]["GET /"]), (&given, &given));
    let change = json!({"defaultRouteSettings": {"throttlingBurstLimit": 6}});
    let changed = cloud.ok("PATCH", &format!("/apis/{api}/stages/prod"), change).await;
    assert_eq!(changed["defaultRouteSettings"]["detailedMetricsEnabled"], true);
    assert_eq!(changed["routeSettings"]["GET /"], given);
}

#[tokio::test]
async fn a_stage_serves_its_deployment() {
    let cloud = Cloud::new();
    let api = cloud.api().await;
    cloud.ok("POST", &format!("/apis/{api}/stages"), json!({"stageName": "prod"})).await;
    cloud.route(&api, "GET /one", lambda("hello"), json!({})).await;
    let deployments = format!("/apis/{api}/deployments");
    let one = cloud.ok("POST", &deployments, json!({"stageName": "prod", "description": "first"})).await;
    assert_eq!((&one["deploymentStatus"], &one["autoDeployed"]), (&json!("DEPLOYED"), &json!(false)));
    cloud.route(&api, "GET /two", lambda("hello"), json!({})).await;
    let status = async |path: &str| cloud.ask(&api, "GET", path).await.status;
    assert_eq!([status("/one").await, status("/two").await], [200, 200], "the default stage is changed at once");
    assert_eq!([status("/prod/one").await, status("/prod/two").await], [200, 404]);
    let automatic = cloud.ok("GET", &deployments, Value::Null).await;
    assert_eq!(automatic["items"].as_array().unwrap().len(), 2, "{automatic}");
    let two = cloud.ok("POST", &deployments, json!({})).await;
    let path = format!("/apis/{api}/stages/prod");
    cloud.ok("PATCH", &path, json!({"deploymentId": two["deploymentId"]})).await;
    assert_eq!(status("/prod/two").await, 200);
    let used = format!("{deployments}/{}", two["deploymentId"].as_str().unwrap());
    cloud.fails("DELETE", &used, Value::Null, "BadRequestException").await;
    cloud.ok("DELETE", &format!("{deployments}/{}", one["deploymentId"].as_str().unwrap()), Value::Null).await;
    cloud.ok("DELETE", &path, Value::Null).await;
    assert_eq!(status("/prod/two").await, 404);
    let default = format!("/apis/{api}/stages/%24default");
    cloud.fails("PATCH", &default, json!({"deploymentId": two["deploymentId"]}), "BadRequestException").await;
}

#[tokio::test]
async fn quick_create_makes_all_that_is_needed() {
    let cloud = Cloud::new();
    let made = cloud.ok("POST", "/apis", json!({"name": "q", "protocolType": "HTTP", "target": function("hello")})).await;
    let api = made["apiId"].as_str().unwrap();
    let reply = cloud.ask(api, "POST", "/what/ever").await;
    assert_eq!((reply.status, reply.text()), (200, "Hello".to_owned()));
    let routes = cloud.ok("GET", &format!("/apis/{api}/routes"), Value::Null).await;
    assert_eq!((&routes["items"][0]["routeKey"], &routes["items"][0]["apiGatewayManaged"]), (&json!("$default"), &json!(true)));
    cloud.ok("PATCH", &format!("/apis/{api}"), json!({"routeKey": "GET /only", "target": function("made")})).await;
    assert_eq!(cloud.ask(api, "POST", "/what/ever").await.status, 404);
    assert_eq!(cloud.ask(api, "GET", "/only").await.status, 201);
}

#[tokio::test]
async fn apis_and_stages_have_tags() {
    let cloud = Cloud::new();
    let api = cloud.api().await;
    for resource in [format!("/apis/{api}"), format!("/apis/{api}/stages/$default")] {
        let arn = format!("arn:aws:apigateway:us-east-1::{resource}");
        let path = format!("/tags/{}", arn.replace(':', "%3A").replace('/', "%2F").replace('$', "%24"));
        cloud.ok("POST", &path, json!({"tags": {"team": "a", "stage": "b"}})).await;
        cloud.ok("DELETE", &format!("{path}?tagKeys=stage"), Value::Null).await;
        assert_eq!(cloud.ok("GET", &path, Value::Null).await["tags"], json!({"team": "a"}), "{resource}");
    }
    cloud.fails("GET", "/tags/arn%3Aaws%3Asqs%3Aus-east-1%3A%3Ax", Value::Null, "BadRequestException").await;
}
