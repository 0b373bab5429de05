//! From a definition to what an API is made of.

use super::names;
use api::apigatewayv2 as sdk;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What a definition says.
#[derive(Debug, Default)]
pub struct Definition {
    /// `info.title`, which an API that has a name already can do without.
    pub name: Option<String>,
    /// `info.description`.
    pub description: Option<String>,
    /// `info.version`.
    pub version: Option<String>,
    /// The tags that have values.
    pub tags: BTreeMap<String, String>,
    /// What browsers are told.
    pub cors: Option<sdk::Cors>,
    /// The routes.
    pub routes: Vec<RouteDefinition>,
    /// The authorizers, by the name of their security scheme.
    pub authorizers: BTreeMap<String, sdk::UpdateAuthorizerRequest>,
    /// What isn't as it should be, though it does no harm.
    pub warnings: Vec<String>,
}

/// A route of a definition.
#[derive(Debug)]
pub struct RouteDefinition {
    /// Its key.
    pub key: String,
    /// `operationId`.
    pub operation_name: Option<String>,
    /// Where it leads.
    pub integration: Option<sdk::UpdateIntegrationRequest>,
    /// Whom it lets through.
    pub authorized: Authorized,
}

/// Whom a route of a definition lets through.
#[derive(Debug, PartialEq, Eq)]
pub enum Authorized {
    /// Everybody.
    All,
    /// Whom IAM allows.
    Iam,
    /// Whom an authorizer lets through, by the name of its scheme, with scopes.
    By(String, Vec<String>),
}

/// What becomes of the path of the definition's server (API reference, `ImportApi`, *basepath*).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Base {
    /// Nothing.
    Ignore,
    /// Routes begin with it.
    Prepend,
}

const METHODS: [&str; 7] = ["get", "put", "post", "delete", "options", "head", "patch"];

/// Reads a definition; the error says what it lacks.
pub fn read(document: &Value, base: Base) -> Result<Definition, String> {
    let version = document["openapi"].as_str().unwrap_or_default();
    if !version.starts_with("3.0") {
        return Err("Unable to import the definition: it must be OpenAPI 3.0".into());
    }
    let info = &document["info"];
    let mut definition = Definition {
        name: text(&info["title"]),
        description: text(&info["description"]),
        version: text(&info["version"]),
        tags: tags(&document["tags"]),
        cors: document.get(names::CORS).map(cors),
        ..Definition::default()
    };
    for (name, scheme) in object(&document["components"]["securitySchemes"]) {
        if let Some(authorizer) = scheme.get(names::AUTHORIZER) {
            definition.authorizers.insert(name.clone(), authorizer_of(name, authorizer));
        }
    }
    let prefix = if base == Base::Prepend { server_path(document) } else { String::new() };
    for (path, item) in object(&document["paths"]) {
        for (method, operation) in object(item) {
            if let Some(key) = key(&prefix, path, method, operation) {
                let route = route(document, key, operation, &mut definition)?;
                definition.routes.push(route);
            }
        }
    }
    Ok(definition)
}

fn key(prefix: &str, path: &str, method: &str, operation: &Value) -> Option<String> {
    if path == "/$default" && method == names::ANY || operation[names::DEFAULT] == true {
        return Some("$default".into());
    }
    let method = match method {
        names::ANY => "ANY".to_owned(),
        method if METHODS.contains(&method) => method.to_ascii_uppercase(),
        _ => return None,
    };
    Some(format!("{method} {prefix}{path}"))
}

fn route(document: &Value, key: String, operation: &Value, definition: &mut Definition) -> Result<RouteDefinition, String> {
    let integration = operation.get(names::INTEGRATION).map(|given| integration(document, given)).transpose()?;
    if integration.is_none() {
        definition.warnings.push(format!("The route {key} has no integration"));
    }
    let authorized = authorized(document, operation, definition);
    Ok(RouteDefinition { key, operation_name: text(&operation["operationId"]), integration, authorized })
}

/// The operation's own security, else the document's; the first scheme that is an authorizer.
fn authorized(document: &Value, operation: &Value, definition: &mut Definition) -> Authorized {
    if operation[names::AUTH]["type"].as_str() == Some("AWS_IAM") {
        return Authorized::Iam;
    }
    let security = operation.get("security").unwrap_or(&document["security"]);
    let schemes = security.as_array().into_iter().flatten().filter_map(Value::as_object).flatten();
    for (name, scopes) in schemes {
        if definition.authorizers.contains_key(name) {
            return Authorized::By(name.clone(), texts(scopes));
        }
        definition.warnings.push(format!("The security scheme {name} has no authorizer"));
    }
    Authorized::All
}

fn integration(document: &Value, given: &Value) -> Result<sdk::UpdateIntegrationRequest, String> {
    let given = match given["$ref"].as_str().and_then(|at| at.rsplit_once('/')) {
        Some((_, name)) => document["components"]
            .get(names::INTEGRATIONS)
            .and_then(|all| all.get(name))
            .ok_or_else(|| format!("There is no integration {name}"))?,
        None => given,
    };
    let kind = text(&given["type"]).unwrap_or_default().to_ascii_uppercase();
    Ok(sdk::UpdateIntegrationRequest {
        integration_type: Some(sdk::IntegrationType::parse(&kind).ok_or_else(|| format!("Invalid integration type {kind}"))?),
        connection_type: text(&given["connectionType"]).and_then(|kind| sdk::ConnectionType::parse(&kind)),
        connection_id: text(&given["connectionId"]),
        credentials_arn: text(&given["credentials"]),
        description: text(&given["description"]),
        integration_method: text(&given["httpMethod"]),
        integration_subtype: text(&given["integrationSubtype"]),
        integration_uri: text(&given["uri"]),
        payload_format_version: text(&given["payloadFormatVersion"]),
        request_parameters: given.get("requestParameters").map(map),
        response_parameters: given
            .get("responseParameters")
            .map(|of| object(of).map(|(status, of)| (status.clone(), map(of))).collect()),
        timeout_in_millis: given["timeoutInMillis"].as_i64().and_then(|timeout| i32::try_from(timeout).ok()),
        ..sdk::UpdateIntegrationRequest::default()
    })
}

fn authorizer_of(name: &str, given: &Value) -> sdk::UpdateAuthorizerRequest {
    let kind = text(&given["type"]).unwrap_or_default().to_ascii_uppercase();
    let jwt = given
        .get("jwtConfiguration")
        .map(|jwt| sdk::JWTConfiguration { issuer: text(&jwt["issuer"]), audience: jwt.get("audience").map(texts) });
    // Sources of identity stand behind one another in one text.
    let source = text(&given["identitySource"]).unwrap_or_default();
    sdk::UpdateAuthorizerRequest {
        authorizer_credentials_arn: text(&given["authorizerCredentials"]),
        authorizer_payload_format_version: text(&given["authorizerPayloadFormatVersion"]),
        authorizer_result_ttl_in_seconds: given["authorizerResultTtlInSeconds"].as_i64().and_then(|ttl| i32::try_from(ttl).ok()),
        authorizer_type: sdk::AuthorizerType::parse(&kind),
        authorizer_uri: text(&given["authorizerUri"]),
        enable_simple_responses: given["enableSimpleResponses"].as_bool(),
        identity_source: Some(source.split(',').map(str::trim).filter(|one| !one.is_empty()).map(str::to_owned).collect()),
        jwt_configuration: jwt,
        name: Some(name.to_owned()),
        ..sdk::UpdateAuthorizerRequest::default()
    }
}

fn cors(given: &Value) -> sdk::Cors {
    let list = |name: &str| given.get(name).map(texts);
    sdk::Cors {
        allow_credentials: given["allowCredentials"].as_bool(),
        allow_headers: list("allowHeaders"),
        allow_methods: list("allowMethods"),
        allow_origins: list("allowOrigins"),
        expose_headers: list("exposeHeaders"),
        max_age: given["maxAge"].as_i64().and_then(|age| i32::try_from(age).ok()),
    }
}

fn tags(given: &Value) -> BTreeMap<String, String> {
    let tag = |tag: &Value| Some((text(&tag["name"])?, text(tag.get(names::TAG)?)?));
    given.as_array().into_iter().flatten().filter_map(tag).collect()
}

/// The path of the first server, its variables replaced by their defaults.
fn server_path(document: &Value) -> String {
    let server = &document["servers"][0];
    let mut url = text(&server["url"]).unwrap_or_default();
    for (name, variable) in object(&server["variables"]) {
        url = url.replace(&format!("{{{name}}}"), variable["default"].as_str().unwrap_or_default());
    }
    let rest = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
    let path = rest.find('/').map_or("", |at| &rest[at..]);
    path.trim_end_matches('/').to_owned()
}

fn object(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}

/// A text; numbers and truths are texts as well, since YAML takes quotation marks for superfluous.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    }
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().filter_map(text).collect(),
        one => text(one).into_iter().collect(),
    }
}

fn map(value: &Value) -> BTreeMap<String, String> {
    object(value).filter_map(|(name, value)| Some((name.clone(), text(value)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_definition_is_taken_apart() {
        let uri = "arn:aws:lambda:us-east-1:111122223333:function:f";
        let document = json!({
            "openapi": "3.0.1", "info": {"title": "pets", "version": "2"}, "tags": [{"name": "team", names::TAG: "a"}, {"name": "plain"}],
            "servers": [{"url": "https://a.example.com/{basePath}", "variables": {"basePath": {"default": "v1"}}}],
            "components": {
                "securitySchemes": {"tokens": {"type": "oauth2", names::AUTHORIZER: {"type": "jwt", "identitySource": "$request.header.Authorization",
                    "jwtConfiguration": {"issuer": "https://id", "audience": ["web"]}}}},
                names::INTEGRATIONS: {"shared": {"type": "AWS_PROXY", "uri": uri, "payloadFormatVersion": "2.0"}},
            },
            "paths": {
                "/pets/{id}": {"get": {"operationId": "getPet", "security": [{"tokens": ["read"]}], names::INTEGRATION: {"$ref": format!("#/components/{}/shared", names::INTEGRATIONS)}}, "parameters": []},
                "/$default": {names::ANY: {names::DEFAULT: true, names::AUTH: {"type": "AWS_IAM"}, names::INTEGRATION: {"type": "http_proxy", "httpMethod": "ANY", "uri": "http://a"}}},
            },
        });
        let definition = read(&document, Base::Prepend).unwrap();
        assert_eq!((definition.name.as_deref(), definition.tags.len(), definition.warnings.len()), (Some("pets"), 1, 0));
        let keys: Vec<&str> = definition.routes.iter().map(|route| route.key.as_str()).collect();
        assert_eq!(keys, ["$default", "GET /v1/pets/{id}"]);
        assert_eq!(definition.routes[0].authorized, Authorized::Iam);
        assert_eq!(definition.routes[1].authorized, Authorized::By("tokens".into(), vec!["read".into()]));
        assert_eq!(definition.routes[1].integration.as_ref().unwrap().integration_uri.as_deref(), Some(uri));
        assert_eq!(definition.authorizers["tokens"].authorizer_type, Some(sdk::AuthorizerType::Jwt));
        assert!(read(&json!({"swagger": "2.0"}), Base::Ignore).is_err());
    }
}
