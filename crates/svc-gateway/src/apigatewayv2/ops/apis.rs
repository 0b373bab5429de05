//! `CreateApi`, `GetApi`, `GetApis`, `UpdateApi`, `DeleteApi`, `DeleteCorsConfiguration`.

use super::{
    super::{
        deploy,
        errors::{self, bad_request, not_built},
        load,
        page::page,
        views::{self, Of},
    },
    quick, refuse, text,
};
use api::apigatewayv2 as sdk;
use front::{Answer, Cx, records};
use model::{
    Key,
    apigatewayv2::{
        Authorizer, Cors, Deployment, HttpApi, HttpApiPlace, HttpApiPlaceSpec, HttpApiSpec, Integration, Route, Stage,
    },
};
use spine::Tx;
use std::collections::BTreeMap;

/// Of an account in a region (developer guide, "Quotas for HTTP APIs").
const MOST: usize = 600;
/// Of an API (the same).
const MOST_TAGS: usize = 50;

pub fn create(cx: &Cx, tx: &mut Tx, input: &sdk::CreateApiRequest) -> Answer<sdk::CreateApiResponse> {
    if input.protocol_type != sdk::ProtocolType::Http {
        return Err(not_built("WebSocket APIs"));
    }
    unused(&input.api_key_selection_expression, &input.route_selection_expression, input.disable_schema_validation)?;
    refuse("IpAddressType", &input.ip_address_type, Some(sdk::IpAddressType::Ipv4))?;
    if input.target.is_none() && (input.route_key.is_some() || input.credentials_arn.is_some()) {
        return Err(bad_request("RouteKey and CredentialsArn are only valid together with Target"));
    }
    let spec = HttpApiSpec {
        name: named(&input.name)?,
        description: text(&input.description, None),
        version: text(&input.version, None),
        cors: input.cors_configuration.as_ref().map(cors).transpose()?,
        endpoint_disabled: input.disable_execute_api_endpoint.unwrap_or(false),
        tags: tags(input.tags.clone())?,
        created: cx.now,
        import_info: Vec::new(),
        warnings: Vec::new(),
    };
    let key = add(cx, tx, &spec)?;
    if let Some(target) = &input.target {
        quick::create(cx, tx, &key, target, &input.route_key, &input.credentials_arn)?;
    }
    Ok(Of(views::api(cx, &key.id, &spec)).into())
}

/// Writes a new API down under an id of its own.
pub fn add(cx: &Cx, tx: &mut Tx, spec: &HttpApiSpec) -> Answer<Key<HttpApi>> {
    if records::all::<HttpApi>(cx, tx)?.len() >= MOST {
        return Err(errors::too_many_apis());
    }
    let key = records::key::<HttpApi>(cx, load::fresh_id(cx, 10));
    tx.create(&key, spec)?;
    let place = HttpApiPlaceSpec { account: cx.account.clone(), region: cx.region.clone() };
    tx.create(&Key::<HttpApiPlace>::of_api(&key.id), &place)?;
    Ok(key)
}

pub fn get(cx: &Cx, tx: &mut Tx, input: &sdk::GetApiRequest) -> Answer<sdk::GetApiResponse> {
    let (key, spec) = load::api(cx, tx, &input.api_id)?;
    Ok(Of(views::api(cx, &key.id, &spec)).into())
}

pub fn list(cx: &Cx, tx: &mut Tx, input: &sdk::GetApisRequest) -> Answer<sdk::GetApisResponse> {
    let (shown, next_token) = page(records::all::<HttpApi>(cx, tx)?, input.max_results.as_deref(), input.next_token.as_deref())?;
    let items = shown.iter().map(|(id, spec)| views::api(cx, id, spec)).collect();
    Ok(sdk::GetApisResponse { items: Some(items), next_token })
}

pub fn update(cx: &Cx, tx: &mut Tx, input: &sdk::UpdateApiRequest) -> Answer<sdk::UpdateApiResponse> {
    unused(&input.api_key_selection_expression, &input.route_selection_expression, input.disable_schema_validation)?;
    refuse("IpAddressType", &input.ip_address_type, Some(sdk::IpAddressType::Ipv4))?;
    let (key, before) = load::api(cx, tx, &input.api_id)?;
    let spec = HttpApiSpec {
        name: input.name.as_deref().map_or_else(|| Ok(before.name.clone()), named)?,
        description: text(&input.description, before.description.clone()),
        version: text(&input.version, before.version.clone()),
        cors: input.cors_configuration.as_ref().map(cors).transpose()?.or_else(|| before.cors.clone()),
        endpoint_disabled: input.disable_execute_api_endpoint.unwrap_or(before.endpoint_disabled),
        ..HttpApiSpec::clone(&before)
    };
    tx.put_spec(&key, &spec)?;
    quick::update(cx, tx, &key, input)?;
    deploy::changed(cx, tx, &key)?;
    Ok(Of(views::api(cx, &key.id, &spec)).into())
}

pub fn delete(cx: &Cx, tx: &mut Tx, input: &sdk::DeleteApiRequest) -> Answer<()> {
    let (key, _) = load::api(cx, tx, &input.api_id)?;
    clear(tx, &key)?;
    for (name, _) in load::children::<Stage>(tx, &key)? {
        tx.delete(&key.child::<Stage>(&name))?;
    }
    for (id, _) in load::children::<Deployment>(tx, &key)? {
        tx.delete(&key.child::<Deployment>(&id))?;
    }
    tx.delete(&Key::<HttpApiPlace>::of_api(&key.id))?;
    tx.delete(&key)?;
    Ok(())
}

/// Takes away the routes, integrations and authorizers of an API.
pub fn clear(tx: &mut Tx, key: &Key<HttpApi>) -> Answer<()> {
    for (id, _) in load::children::<Route>(tx, key)? {
        tx.delete(&key.child::<Route>(&id))?;
    }
    for (id, _) in load::children::<Integration>(tx, key)? {
        tx.delete(&key.child::<Integration>(&id))?;
    }
    for (id, _) in load::children::<Authorizer>(tx, key)? {
        tx.delete(&key.child::<Authorizer>(&id))?;
    }
    Ok(())
}

pub fn delete_cors(cx: &Cx, tx: &mut Tx, input: &sdk::DeleteCorsConfigurationRequest) -> Answer<()> {
    let (key, _) = load::api(cx, tx, &input.api_id)?;
    tx.update_spec(&key, |spec| spec.cors = None)?;
    deploy::changed(cx, tx, &key)
}

/// What only WebSocket APIs use, or has one value alone.
fn unused(key_selection: &Option<String>, route_selection: &Option<String>, no_validation: Option<bool>) -> Answer<()> {
    refuse("ApiKeySelectionExpression", key_selection, Some(views::KEY_SELECTION.to_owned()))?;
    refuse("DisableSchemaValidation", &no_validation, Some(false))?;
    let only = [views::ROUTE_SELECTION, "${request.method} ${request.path}"];
    match route_selection {
        Some(text) if !only.contains(&text.as_str()) => Err(bad_request("Invalid route selection expression specified")),
        _ => Ok(()),
    }
}

fn named(name: &str) -> Answer<String> {
    let fine = (1..=128).contains(&name.chars().count());
    fine.then(|| name.to_owned()).ok_or_else(|| bad_request("Invalid API name specified"))
}

/// Tags as they may be.
pub fn tags(given: Option<BTreeMap<String, String>>) -> Answer<BTreeMap<String, String>> {
    let tags = given.unwrap_or_default();
    let fine = |(key, value): (&String, &String)| (1..=128).contains(&key.chars().count()) && value.chars().count() <= 256;
    if tags.len() > MOST_TAGS || !tags.iter().all(fine) {
        return Err(bad_request("Invalid tags specified"));
    }
    Ok(tags)
}

/// What browsers are to be told, as it may be.
pub fn cors(given: &sdk::Cors) -> Answer<Cors> {
    let list = |list: &Option<Vec<String>>| list.clone().unwrap_or_default();
    let cors = Cors {
        allow_credentials: given.allow_credentials.unwrap_or(false),
        allow_headers: list(&given.allow_headers),
        allow_methods: list(&given.allow_methods),
        allow_origins: list(&given.allow_origins),
        expose_headers: list(&given.expose_headers),
        max_age: given.max_age,
    };
    if cors.allow_credentials && cors.allow_origins.iter().any(|origin| origin == "*") {
        return Err(bad_request("Allow credentials cannot be set to true when the allow origin is *"));
    }
    let origin = |text: &String| text == "*" || text.contains("://") && text.matches('*').count() <= 1;
    if !cors.allow_origins.iter().all(origin) {
        return Err(bad_request("Invalid format for origin. Origins must have a scheme, such as https://"));
    }
    let methods = ["*", "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
    if !cors.allow_methods.iter().all(|method| methods.contains(&method.as_str())) {
        return Err(bad_request("Invalid method specified in allow methods"));
    }
    if cors.max_age.is_some_and(|age| !(-1..=86_400).contains(&age)) {
        return Err(bad_request("Max age must be between -1 and 86400"));
    }
    Ok(cors)
}
