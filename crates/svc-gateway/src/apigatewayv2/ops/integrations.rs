//! `CreateIntegration`, `GetIntegration`, `GetIntegrations`, `UpdateIntegration`, `DeleteIntegration`.

use super::{
    super::{
        deploy,
        errors::{self, bad_request, not_built},
        load,
        views::{self, Of},
    },
    place_for, refuse, text,
};
use crate::apigatewayv2::subtypes;
use api::apigatewayv2 as sdk;
use front::{Answer, Cx};
use logic::{
    http_api::{mapping, target},
    policy::Context,
};
use model::{
    Arn, Key,
    apigatewayv2::{Integration, IntegrationKind, IntegrationSpec, PayloadVersion, Route},
};
use spine::Tx;
use std::sync::Arc;

/// Of an API (developer guide, "Quotas for HTTP APIs"); what an error calls them.
const MOST: (&str, usize) = ("Integrations", 300);
/// How long an integration may take, in milliseconds.
const TIMEOUTS: std::ops::RangeInclusive<i32> = 50..=30_000;
const METHODS: [&str; 8] = ["ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];
/// As which role functions are called: the caller's own.
const CALLERS_OWN: &str = "arn:aws:iam::*:user/*";

pub fn create(cx: &Cx, tx: &mut Tx, input: &sdk::CreateIntegrationRequest) -> Answer<sdk::CreateIntegrationResult> {
    let (api, _) = load::api(cx, tx, &input.api_id)?;
    let change = sdk::UpdateIntegrationRequest {
        api_id: input.api_id.clone(),
        connection_id: input.connection_id.clone(),
        connection_type: input.connection_type,
        content_handling_strategy: input.content_handling_strategy,
        credentials_arn: input.credentials_arn.clone(),
        description: input.description.clone(),
        integration_id: String::new(),
        integration_method: input.integration_method.clone(),
        integration_subtype: input.integration_subtype.clone(),
        integration_type: Some(input.integration_type),
        integration_uri: input.integration_uri.clone(),
        passthrough_behavior: input.passthrough_behavior,
        payload_format_version: input.payload_format_version.clone(),
        request_parameters: input.request_parameters.clone(),
        request_templates: input.request_templates.clone(),
        response_parameters: input.response_parameters.clone(),
        template_selection_expression: input.template_selection_expression.clone(),
        timeout_in_millis: input.timeout_in_millis,
        tls_config: input.tls_config.clone(),
    };
    let spec = changed(cx, plain(), &change)?;
    place_for::<Integration>(cx, tx, &api.id, MOST)?;
    let id = load::fresh_id(cx, 7);
    tx.create(&api.child::<Integration>(&id), &spec)?;
    deploy::changed(cx, tx, &api)?;
    Ok(Of(views::integration(&id, &spec)).into())
}

pub fn get(cx: &Cx, tx: &mut Tx, input: &sdk::GetIntegrationRequest) -> Answer<sdk::GetIntegrationResult> {
    let (_, spec) = find(cx, tx, &input.api_id, &input.integration_id)?;
    Ok(Of(views::integration(&input.integration_id, &spec)).into())
}

pub fn list(cx: &Cx, tx: &mut Tx, input: &sdk::GetIntegrationsRequest) -> Answer<sdk::GetIntegrationsResponse> {
    let (max, token) = (input.max_results.as_deref(), input.next_token.as_deref());
    let (shown, next_token) = load::listed::<Integration>(cx, tx, &input.api_id, max, token)?;
    let items = shown.iter().map(|(id, spec)| views::integration(id, spec)).collect();
    Ok(sdk::GetIntegrationsResponse { items: Some(items), next_token })
}

pub fn update(cx: &Cx, tx: &mut Tx, input: &sdk::UpdateIntegrationRequest) -> Answer<sdk::UpdateIntegrationResult> {
    let (key, before) = find(cx, tx, &input.api_id, &input.integration_id)?;
    let (api, _) = load::api(cx, tx, &input.api_id)?;
    let spec = changed(cx, IntegrationSpec::clone(&before), input)?;
    tx.put_spec(&key, &spec)?;
    deploy::changed(cx, tx, &api)?;
    Ok(Of(views::integration(&input.integration_id, &spec)).into())
}

pub fn delete(cx: &Cx, tx: &mut Tx, input: &sdk::DeleteIntegrationRequest) -> Answer<()> {
    let (key, spec) = find(cx, tx, &input.api_id, &input.integration_id)?;
    let (api, _) = load::api(cx, tx, &input.api_id)?;
    if spec.managed {
        return Err(bad_request("An integration that is managed by API Gateway can't be deleted"));
    }
    let leads_here = |route: &model::apigatewayv2::RouteSpec| route.integration.as_deref() == Some(&*input.integration_id);
    let routes: Vec<String> =
        load::children::<Route>(tx, &api)?.into_iter().filter(|(_, route)| leads_here(route)).map(|(id, _)| id).collect();
    if !routes.is_empty() {
        return Err(errors::integration_in_use(&routes));
    }
    tx.delete(&key)?;
    deploy::changed(cx, tx, &api)
}

fn find(cx: &Cx, tx: &Tx, api: &str, id: &str) -> Answer<(Key<Integration>, Arc<IntegrationSpec>)> {
    load::child::<Integration>(cx, tx, (api, id), "Integration")
}

/// An integration of which nothing was said.
pub fn plain() -> IntegrationSpec {
    IntegrationSpec {
        kind: IntegrationKind::Http,
        uri: None,
        method: None,
        payload: PayloadVersion::V1,
        credentials: None,
        description: None,
        request_parameters: Default::default(),
        response_parameters: Default::default(),
        timeout_ms: 30_000,
        managed: false,
    }
}

/// The integration as it is to be.
pub fn changed(cx: &Cx, before: IntegrationSpec, input: &sdk::UpdateIntegrationRequest) -> Answer<IntegrationSpec> {
    unused(input)?;
    let kind = kind(&before.kind, input)?;
    let usual = if kind == IntegrationKind::Lambda { Some("POST".to_owned()) } else { None };
    let payload = match input.payload_format_version.as_deref() {
        Some(text) => PayloadVersion::parse(text).ok_or_else(|| bad_request("Invalid payload format version specified"))?,
        None => before.payload,
    };
    let timeout = input.timeout_in_millis.filter(|timeout| *timeout != 0).unwrap_or(before.timeout_ms as i32);
    if !TIMEOUTS.contains(&timeout) {
        return Err(bad_request("Timeout should be between 50 ms and 30000 ms"));
    }
    let mut spec = IntegrationSpec {
        uri: text(&input.integration_uri, before.uri),
        method: text(&input.integration_method, before.method).or(usual),
        credentials: text(&input.credentials_arn, before.credentials),
        description: text(&input.description, before.description),
        request_parameters: before.request_parameters,
        response_parameters: before.response_parameters,
        timeout_ms: timeout.unsigned_abs(),
        managed: before.managed,
        payload,
        kind,
    };
    // An empty value takes a parameter away; what isn't named stays (API reference, `UpdateIntegration`).
    merge(&mut spec.request_parameters, input.request_parameters.clone().unwrap_or_default(), String::is_empty);
    merge(&mut spec.response_parameters, input.response_parameters.clone().unwrap_or_default(), |of| of.is_empty());
    check(cx, &spec)?;
    Ok(spec)
}

fn merge<V>(
    into: &mut std::collections::BTreeMap<String, V>,
    given: std::collections::BTreeMap<String, V>,
    gone: impl Fn(&V) -> bool,
) {
    for (key, value) in given {
        if gone(&value) {
            into.remove(&key);
        } else {
            into.insert(key, value);
        }
    }
}

fn kind(before: &IntegrationKind, input: &sdk::UpdateIntegrationRequest) -> Answer<IntegrationKind> {
    use sdk::IntegrationType as Type;
    match (input.integration_type, &input.integration_subtype) {
        (None, None) => Ok(before.clone()),
        (Some(Type::HttpProxy), None) => Ok(IntegrationKind::Http),
        (Some(Type::AwsProxy) | None, Some(subtype)) => {
            subtypes::find(subtype)?;
            Ok(IntegrationKind::Service(subtype.clone()))
        }
        (Some(Type::AwsProxy), None) => Ok(match before {
            IntegrationKind::Service(_) => before.clone(),
            _ => IntegrationKind::Lambda,
        }),
        (Some(Type::HttpProxy), Some(_)) => Err(bad_request("IntegrationSubtype is only valid for AWS_PROXY integrations")),
        (Some(other), _) => Err(bad_request(format!("Integration type {} is not supported for HTTP APIs", other.as_str()))),
    }
}

/// What is of WebSocket APIs, or isn't built.
fn unused(input: &sdk::UpdateIntegrationRequest) -> Answer<()> {
    refuse("ConnectionType VPC_LINK", &input.connection_type, Some(sdk::ConnectionType::Internet))?;
    refuse("ConnectionId", &input.connection_id, Some(String::new()))?;
    refuse("ContentHandlingStrategy", &input.content_handling_strategy, None)?;
    refuse("PassthroughBehavior", &input.passthrough_behavior, Some(sdk::PassthroughBehavior::WhenNoMatch))?;
    refuse("RequestTemplates", &input.request_templates, Some(Default::default()))?;
    refuse("TemplateSelectionExpression", &input.template_selection_expression, None)?;
    refuse("TlsConfig", &input.tls_config, None)
}

/// Whether an integration can be what it is to be, and the caller may pass its role.
pub fn check(cx: &Cx, spec: &IntegrationSpec) -> Answer<()> {
    match &spec.kind {
        IntegrationKind::Http => check_http(spec)?,
        IntegrationKind::Lambda => check_function(spec)?,
        IntegrationKind::Service(subtype) => subtypes::check(subtypes::find(subtype)?, spec)?,
    }
    if !matches!(spec.kind, IntegrationKind::Service(_)) {
        mapping::of_request(&spec.request_parameters).map_err(|why| bad_request(why.to_string()))?;
    }
    mapping::of_answers(&spec.response_parameters).map_err(|why| bad_request(why.to_string()))?;
    spec.credentials.as_deref().map_or(Ok(()), |role| pass_role(cx, role))
}

fn check_http(spec: &IntegrationSpec) -> Answer<()> {
    if spec.payload != PayloadVersion::V1 {
        return Err(bad_request("PayloadFormatVersion 2.0 is only valid for integrations with Lambda functions"));
    }
    let uri = spec.uri.as_deref().unwrap_or_default();
    if !(uri.starts_with("http://") || uri.starts_with("https://")) || uri.chars().any(char::is_whitespace) {
        return Err(bad_request("Invalid HTTP endpoint specified for URI"));
    }
    match spec.method.as_deref() {
        Some(method) if METHODS.contains(&method) => Ok(()),
        _ => Err(bad_request("HttpMethod must be specified for HTTP_PROXY integrations")),
    }?;
    spec.credentials.as_ref().map_or(Ok(()), |_| Err(not_built("CredentialsArn of HTTP_PROXY integrations")))
}

fn check_function(spec: &IntegrationSpec) -> Answer<()> {
    let uri = spec.uri.as_deref().unwrap_or_default();
    // What stage variables make of it is known when a request comes.
    let named = uri.contains("${stageVariables.") || target::function(uri).is_some();
    if !named {
        return Err(bad_request("Invalid function ARN or invalid uri"));
    }
    Ok(())
}

/// Whether the caller may give a role to API Gateway.
pub fn pass_role(cx: &Cx, role: &str) -> Answer<()> {
    if role == CALLERS_OWN {
        return Err(not_built("calling integrations as the caller"));
    }
    let arn: Arn = role.parse().map_err(|_| errors::bad_arn())?;
    if arn.service != "iam" || !arn.resource.starts_with("role/") {
        return Err(errors::bad_arn());
    }
    cx.authorize("iam:PassRole", &[arn], &Context::new().with("iam:PassedToService", "apigateway.amazonaws.com"))
}
