//! From an API to its definition.

use super::names;
use crate::apigatewayv2::views;
use api::apigatewayv2 as sdk;
use logic::http_api::route_key::{DEFAULT, RouteKey, Segment};
use model::apigatewayv2::{Authorization, AuthorizerKind, AuthorizerSpec, Deployed, HttpApiSpec, IntegrationSpec};
use serde_json::{Map, Value, json};

/// The definition of an API at that address; without extensions if they aren't wanted.
pub fn write(api: &HttpApiSpec, endpoint: &str, deployed: &Deployed, extensions: bool) -> Value {
    let mut document = json!({
        "openapi": "3.0.1",
        "info": {"title": api.name, "version": api.version.clone().unwrap_or_else(|| "1.0".into())},
        "servers": [{"url": endpoint}],
        "paths": paths(deployed, extensions),
    });
    if let Some(description) = &api.description {
        document["info"]["description"] = json!(description);
    }
    if !api.tags.is_empty() {
        document["tags"] = api.tags.iter().map(|(name, value)| json!({"name": name, names::TAG: value})).collect();
    }
    if extensions {
        let schemes: Map<String, Value> = deployed.authorizers.values().map(|spec| (spec.name.clone(), scheme(spec))).collect();
        if !schemes.is_empty() {
            document["components"] = json!({"securitySchemes": schemes});
        }
        if let Some(cors) = &deployed.cors {
            document[names::CORS] = json!({"allowOrigins": cors.allow_origins, "allowMethods": cors.allow_methods, "allowHeaders": cors.allow_headers,
                "exposeHeaders": cors.expose_headers, "allowCredentials": cors.allow_credentials, "maxAge": cors.max_age});
        }
        document[names::VERSION] = json!("1.0");
    }
    document
}

fn paths(deployed: &Deployed, extensions: bool) -> Value {
    let mut paths = json!({});
    for route in deployed.routes.values() {
        let (method, path) = route.key.split_once(' ').unwrap_or(("ANY", "/$default"));
        let method = if method == "ANY" { names::ANY.to_owned() } else { method.to_ascii_lowercase() };
        let mut operation = json!({"responses": {"default": {"description": format!("Default response for {}", route.key)}}});
        if let Some(name) = &route.operation_name {
            operation["operationId"] = json!(name);
        }
        let parameters = parameters(&route.key);
        if !parameters.is_empty() {
            operation["parameters"] = json!(parameters);
        }
        if extensions {
            if route.key == DEFAULT {
                operation[names::DEFAULT] = json!(true);
            }
            let integration = route.integration.as_ref().and_then(|id| deployed.integrations.get(id));
            if let Some(integration) = integration {
                operation[names::INTEGRATION] = of_integration(integration);
            }
            match &route.authorization {
                Authorization::None => {}
                Authorization::Iam => operation[names::AUTH] = json!({"type": "AWS_IAM"}),
                Authorization::Jwt(id) | Authorization::Custom(id) => {
                    let name = deployed.authorizers.get(id).map_or(id.as_str(), |spec| spec.name.as_str());
                    operation["security"] = json!([{name: route.scopes}]);
                }
            }
        }
        paths[path][method] = operation;
    }
    paths
}

fn parameters(key: &str) -> Vec<Value> {
    let Ok(RouteKey::Path { segments, .. }) = RouteKey::parse(key) else { return Vec::new() };
    let names = segments.iter().filter_map(Segment::name);
    names.map(|name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}})).collect()
}

fn of_integration(spec: &IntegrationSpec) -> Value {
    let shown = views::integration("", spec);
    let mut object = json!({
        "type": shown.integration_type.unwrap_or(sdk::IntegrationType::HttpProxy).as_str(),
        "connectionType": "INTERNET",
        "payloadFormatVersion": spec.payload.as_str(),
        "timeoutInMillis": spec.timeout_ms,
    });
    let given = [
        ("uri", json!(spec.uri)),
        ("httpMethod", json!(spec.method)),
        ("credentials", json!(spec.credentials)),
        ("description", json!(spec.description)),
        ("integrationSubtype", json!(shown.integration_subtype)),
        ("requestParameters", json!(shown.request_parameters)),
        ("responseParameters", json!(shown.response_parameters)),
    ];
    for (name, value) in given {
        if !value.is_null() {
            object[name] = value;
        }
    }
    object
}

fn scheme(spec: &AuthorizerSpec) -> Value {
    let source = spec.identity_source.join(", ");
    match &spec.kind {
        AuthorizerKind::Jwt { issuer, audience } => json!({"type": "oauth2", "flows": {}, names::AUTHORIZER: {
            "type": "jwt", "identitySource": source, "jwtConfiguration": {"issuer": issuer, "audience": audience},
        }}),
        AuthorizerKind::Request { uri, credentials, payload, simple, ttl } => {
            let mut authorizer = json!({"type": "request", "identitySource": source, "authorizerUri": uri,
                "authorizerPayloadFormatVersion": payload.as_str(), "enableSimpleResponses": simple, "authorizerResultTtlInSeconds": ttl});
            if let Some(role) = credentials {
                authorizer["authorizerCredentials"] = json!(role);
            }
            let header = spec.identity_source.first().map(|first| first.trim_start_matches("$request.header.").to_owned());
            json!({"type": "apiKey", "in": "header", "name": header.unwrap_or_default(), names::AUTHORIZER: authorizer})
        }
    }
}
