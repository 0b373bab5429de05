//! `CreateAuthorizer`, `GetAuthorizer`, `GetAuthorizers`, `UpdateAuthorizer`, `DeleteAuthorizer`.

use super::{
    super::{
        deploy,
        errors::{self, bad_request},
        load,
        views::{self, Of},
    },
    integrations::pass_role,
    place_for, refuse, text,
};
use api::apigatewayv2 as sdk;
use front::{Answer, Cx};
use logic::http_api::{identity, target};
use model::{
    Key,
    apigatewayv2::{Authorizer, AuthorizerKind, AuthorizerSpec, HttpApi, PayloadVersion, Route},
};
use spine::Tx;
use std::sync::Arc;

/// Of an API (developer guide, "Quotas for HTTP APIs"); what an error calls them.
const MOST: (&str, usize) = ("Authorizers", 10);
/// How long a function's answer may count, in seconds.
const TTLS: std::ops::RangeInclusive<i32> = 0..=3600;

pub fn create(cx: &Cx, tx: &mut Tx, input: &sdk::CreateAuthorizerRequest) -> Answer<sdk::CreateAuthorizerResponse> {
    let (api, _) = load::api(cx, tx, &input.api_id)?;
    let change = sdk::UpdateAuthorizerRequest {
        api_id: input.api_id.clone(),
        authorizer_credentials_arn: input.authorizer_credentials_arn.clone(),
        authorizer_id: String::new(),
        authorizer_payload_format_version: input.authorizer_payload_format_version.clone(),
        authorizer_result_ttl_in_seconds: input.authorizer_result_ttl_in_seconds,
        authorizer_type: Some(input.authorizer_type),
        authorizer_uri: input.authorizer_uri.clone(),
        enable_simple_responses: input.enable_simple_responses,
        identity_source: Some(input.identity_source.clone()),
        identity_validation_expression: input.identity_validation_expression.clone(),
        jwt_configuration: input.jwt_configuration.clone(),
        name: Some(input.name.clone()),
    };
    let spec = changed(cx, None, &change)?;
    unique(tx, &api, &spec.name, None)?;
    place_for::<Authorizer>(cx, tx, &api.id, MOST)?;
    let id = load::fresh_id(cx, 6);
    tx.create(&api.child::<Authorizer>(&id), &spec)?;
    deploy::changed(cx, tx, &api)?;
    Ok(Of(views::authorizer(&id, &spec)).into())
}

pub fn get(cx: &Cx, tx: &mut Tx, input: &sdk::GetAuthorizerRequest) -> Answer<sdk::GetAuthorizerResponse> {
    let (_, spec) = find(cx, tx, &input.api_id, &input.authorizer_id)?;
    Ok(Of(views::authorizer(&input.authorizer_id, &spec)).into())
}

pub fn list(cx: &Cx, tx: &mut Tx, input: &sdk::GetAuthorizersRequest) -> Answer<sdk::GetAuthorizersResponse> {
    let (max, token) = (input.max_results.as_deref(), input.next_token.as_deref());
    let (shown, next_token) = load::listed::<Authorizer>(cx, tx, &input.api_id, max, token)?;
    let items = shown.iter().map(|(id, spec)| views::authorizer(id, spec)).collect();
    Ok(sdk::GetAuthorizersResponse { items: Some(items), next_token })
}

pub fn update(cx: &Cx, tx: &mut Tx, input: &sdk::UpdateAuthorizerRequest) -> Answer<sdk::UpdateAuthorizerResponse> {
    let (key, before) = find(cx, tx, &input.api_id, &input.authorizer_id)?;
    let (api, _) = load::api(cx, tx, &input.api_id)?;
    let spec = changed(cx, Some(&before), input)?;
    unique(tx, &api, &spec.name, Some(&input.authorizer_id))?;
    tx.put_spec(&key, &spec)?;
    deploy::changed(cx, tx, &api)?;
    Ok(Of(views::authorizer(&input.authorizer_id, &spec)).into())
}

pub fn delete(cx: &Cx, tx: &mut Tx, input: &sdk::DeleteAuthorizerRequest) -> Answer<()> {
    let (key, _) = find(cx, tx, &input.api_id, &input.authorizer_id)?;
    let (api, _) = load::api(cx, tx, &input.api_id)?;
    let asks = |route: &model::apigatewayv2::RouteSpec| route.authorization.authorizer() == Some(&*input.authorizer_id);
    let routes: Vec<String> =
        load::children::<Route>(tx, &api)?.into_iter().filter(|(_, route)| asks(route)).map(|(id, _)| id).collect();
    if !routes.is_empty() {
        return Err(errors::authorizer_in_use(&input.authorizer_id, &routes));
    }
    tx.delete(&key)?;
    deploy::changed(cx, tx, &api)
}

fn find(cx: &Cx, tx: &Tx, api: &str, id: &str) -> Answer<(Key<Authorizer>, Arc<AuthorizerSpec>)> {
    load::child::<Authorizer>(cx, tx, (api, id), "Authorizer")
}

fn unique(tx: &Tx, api: &Key<HttpApi>, name: &str, own: Option<&str>) -> Answer<()> {
    let taken = |(id, other): &(String, Arc<AuthorizerSpec>)| other.name == name && own != Some(id.as_str());
    match load::children::<Authorizer>(tx, api)?.iter().any(taken) {
        true => Err(errors::conflict(format!("Authorizer name must be unique. Authorizer {name} already exists in this API."))),
        false => Ok(()),
    }
}

/// The authorizer as it is to be.
pub fn changed(cx: &Cx, before: Option<&AuthorizerSpec>, input: &sdk::UpdateAuthorizerRequest) -> Answer<AuthorizerSpec> {
    refuse("IdentityValidationExpression", &input.identity_validation_expression, Some(String::new()))?;
    let name = text(&input.name, before.map(|before| before.name.clone()));
    let name = name.filter(|name| name.chars().count() <= 128).ok_or_else(|| bad_request("Invalid authorizer name specified"))?;
    let before_kind = before.map(|before| &before.kind);
    let is_jwt = match (input.authorizer_type, before_kind) {
        (Some(kind), _) => kind == sdk::AuthorizerType::Jwt,
        (None, kind) => matches!(kind, Some(AuthorizerKind::Jwt { .. })),
    };
    let kind = if is_jwt { jwt(before_kind, input)? } else { request(cx, before_kind, input)? };
    let given = input.identity_source.clone().or_else(|| before.map(|before| before.identity_source.clone()));
    let identity_source = given.unwrap_or_default();
    let most = if is_jwt { 1..=1 } else { 0..=10 };
    if !most.contains(&identity_source.len()) || !identity_source.iter().all(|source| identity::is_source(source)) {
        return Err(bad_request("Invalid identity source specified"));
    }
    if let AuthorizerKind::Request { ttl: 1.., .. } = kind
        && identity_source.is_empty()
    {
        return Err(bad_request("Identity source must be specified if caching is enabled"));
    }
    Ok(AuthorizerSpec { name, identity_source, kind })
}

fn jwt(before: Option<&AuthorizerKind>, input: &sdk::UpdateAuthorizerRequest) -> Answer<AuthorizerKind> {
    if input.authorizer_uri.is_some() || input.authorizer_credentials_arn.is_some() {
        return Err(bad_request("AuthorizerUri and AuthorizerCredentialsArn are not valid for JWT authorizers"));
    }
    let (old_issuer, old_audience) = match before {
        Some(AuthorizerKind::Jwt { issuer, audience }) => (Some(issuer.clone()), Some(audience.clone())),
        _ => (None, None),
    };
    let given = input.jwt_configuration.clone().unwrap_or_default();
    let issuer = given.issuer.or(old_issuer).filter(|url| url.starts_with("https://") || url.starts_with("http://"));
    let audience = given.audience.or(old_audience).filter(|audience| !audience.is_empty());
    match (issuer, audience) {
        (Some(issuer), Some(audience)) => Ok(AuthorizerKind::Jwt { issuer, audience }),
        (None, _) => Err(bad_request("JWT authorizers need the URL of an issuer in JwtConfiguration")),
        (_, None) => Err(bad_request("JWT authorizers need an audience in JwtConfiguration")),
    }
}

fn request(cx: &Cx, before: Option<&AuthorizerKind>, input: &sdk::UpdateAuthorizerRequest) -> Answer<AuthorizerKind> {
    if input.jwt_configuration.is_some() {
        return Err(bad_request("JwtConfiguration is only valid for JWT authorizers"));
    }
    let (old_uri, old_credentials, old_payload, old_simple, old_ttl) = match before {
        Some(AuthorizerKind::Request { uri, credentials, payload, simple, ttl }) => {
            (Some(uri.clone()), credentials.clone(), Some(*payload), *simple, *ttl)
        }
        _ => (None, None, None, false, 0),
    };
    let uri =
        text(&input.authorizer_uri, old_uri).filter(|uri| uri.contains("${stageVariables.") || target::function(uri).is_some());
    let payload = match input.authorizer_payload_format_version.as_deref() {
        Some(version) => PayloadVersion::parse(version),
        None => old_payload,
    };
    let payload =
        payload.ok_or_else(|| bad_request("AuthorizerPayloadFormatVersion is a required parameter for REQUEST authorizers"))?;
    let simple = input.enable_simple_responses.unwrap_or(old_simple);
    if simple && payload == PayloadVersion::V1 {
        return Err(bad_request("EnableSimpleResponses is only supported for AuthorizerPayloadFormatVersion 2.0"));
    }
    let ttl = input.authorizer_result_ttl_in_seconds.unwrap_or(i32::try_from(old_ttl).unwrap_or_default());
    if !TTLS.contains(&ttl) {
        return Err(bad_request("AuthorizerResultTtlInSeconds must be between 0 and 3600"));
    }
    let credentials = text(&input.authorizer_credentials_arn, old_credentials);
    if let Some(role) = &credentials {
        pass_role(cx, role)?;
    }
    let uri = uri.ok_or_else(|| bad_request("Invalid Authorizer URI specified"))?;
    Ok(AuthorizerKind::Request { uri, credentials, payload, simple, ttl: ttl.unsigned_abs() })
}
