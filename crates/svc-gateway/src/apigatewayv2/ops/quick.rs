//! Quick create: an API with one route to one target, and a stage that serves it at once (API reference, `CreateApi`, *Target*).

use super::{
    super::{deploy, errors::bad_request, load},
    integrations, routes,
};
use api::apigatewayv2 as sdk;
use front::{Answer, Cx};
use logic::http_api::{path::DEFAULT_STAGE, route_key, target};
use model::{
    Key,
    apigatewayv2::{HttpApi, Integration, IntegrationKind, IntegrationSpec, PayloadVersion, Route, RouteSpec, Stage, StageSpec},
};
use spine::Tx;

/// Makes the integration, the route and the stage.
pub fn create(
    cx: &Cx,
    tx: &mut Tx,
    api: &Key<HttpApi>,
    target: &str,
    route_key: &Option<String>,
    credentials: &Option<String>,
) -> Answer<()> {
    let integration = integration(cx, target, credentials.clone())?;
    let id = load::fresh_id(cx, 7);
    tx.create(&api.child::<Integration>(&id), &integration)?;
    let key = route_key.as_deref().unwrap_or(route_key::DEFAULT);
    let route = RouteSpec { integration: Some(id), managed: true, ..routes::plain(key)? };
    tx.create(&api.child::<Route>(&load::fresh_id(cx, 7)), &route)?;
    let stage = StageSpec { auto_deploy: true, managed: true, ..super::stages::plain(cx.now) };
    tx.create(&api.child::<Stage>(DEFAULT_STAGE), &stage)?;
    deploy::changed(cx, tx, api)
}

/// Changes what quick create has made (API reference, `UpdateApi`).
pub fn update(cx: &Cx, tx: &mut Tx, api: &Key<HttpApi>, input: &sdk::UpdateApiRequest) -> Answer<()> {
    if input.target.is_none() && input.route_key.is_none() && input.credentials_arn.is_none() {
        return Ok(());
    }
    let none = || bad_request("Target, RouteKey and CredentialsArn can only be changed of an API that quick create has made");
    let found = load::children::<Integration>(tx, api)?.into_iter().find(|(_, it)| it.managed);
    let (id, before) = found.ok_or_else(none)?;
    let credentials = input.credentials_arn.clone().or_else(|| before.credentials.clone());
    let spec = match &input.target {
        Some(target) => integration(cx, target, credentials)?,
        None => IntegrationSpec { credentials, ..IntegrationSpec::clone(&before) },
    };
    integrations::check(cx, &spec)?;
    tx.put_spec(&api.child::<Integration>(&id), &spec)?;
    if let Some(key) = &input.route_key {
        let found = load::children::<Route>(tx, api)?.into_iter().find(|(_, it)| it.managed);
        let (id, before) = found.ok_or_else(none)?;
        routes::unique(tx, api, key, Some(&id))?;
        tx.put_spec(&api.child::<Route>(&id), &RouteSpec { key: key.clone(), ..RouteSpec::clone(&before) })?;
    }
    Ok(())
}

/// A function by its ARN, or an address.
fn integration(cx: &Cx, uri: &str, credentials: Option<String>) -> Answer<IntegrationSpec> {
    let is_function = target::function(uri).is_some();
    let spec = IntegrationSpec {
        kind: if is_function { IntegrationKind::Lambda } else { IntegrationKind::Http },
        method: Some(if is_function { "POST" } else { "ANY" }.into()),
        payload: if is_function { PayloadVersion::V2 } else { PayloadVersion::V1 },
        uri: Some(uri.to_owned()),
        credentials,
        managed: true,
        ..integrations::plain()
    };
    integrations::check(cx, &spec)?;
    Ok(spec)
}
