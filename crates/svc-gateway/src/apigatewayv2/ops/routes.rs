//! `CreateRoute`, `GetRoute`, `GetRoutes`, `UpdateRoute`, `DeleteRoute`.

use super::{
    super::{
        deploy,
        errors::{self, bad_request},
        load,
        views::{self, Of},
    },
    place_for, refuse, text,
};
use api::apigatewayv2 as sdk;
use front::{Answer, Cx};
use logic::http_api::route_key::RouteKey;
use model::{
    Key,
    apigatewayv2::{Authorization, Authorizer, AuthorizerKind, HttpApi, Integration, Route, RouteSpec},
};
use spine::{Read, Tx};

/// Of an API (developer guide, "Quotas for HTTP APIs"); what an error calls them.
const MOST: (&str, usize) = ("Routes", 300);

pub fn create(cx: &Cx, tx: &mut Tx, input: &sdk::CreateRouteRequest) -> Answer<sdk::CreateRouteResult> {
    let (api, _) = load::api(cx, tx, &input.api_id)?;
    let change = sdk::UpdateRouteRequest {
        api_id: input.api_id.clone(),
        api_key_required: input.api_key_required,
        authorization_scopes: input.authorization_scopes.clone(),
        authorization_type: input.authorization_type,
        authorizer_id: input.authorizer_id.clone(),
        model_selection_expression: input.model_selection_expression.clone(),
        operation_name: input.operation_name.clone(),
        request_models: input.request_models.clone(),
        request_parameters: input.request_parameters.clone(),
        route_id: String::new(),
        route_key: Some(input.route_key.clone()),
        route_response_selection_expression: input.route_response_selection_expression.clone(),
        target: input.target.clone(),
    };
    let spec = changed(tx, &api, plain(&input.route_key)?, &change)?;
    unique(tx, &api, &spec.key, None)?;
    place_for::<Route>(cx, tx, &api.id, MOST)?;
    let id = load::fresh_id(cx, 7);
    tx.create(&api.child::<Route>(&id), &spec)?;
    deploy::changed(cx, tx, &api)?;
    Ok(Of(views::route(&id, &spec)).into())
}

pub fn get(cx: &Cx, tx: &mut Tx, input: &sdk::GetRouteRequest) -> Answer<sdk::GetRouteResult> {
    let (_, spec) = find(cx, tx, &input.api_id, &input.route_id)?;
    Ok(Of(views::route(&input.route_id, &spec)).into())
}

pub fn list(cx: &Cx, tx: &mut Tx, input: &sdk::GetRoutesRequest) -> Answer<sdk::GetRoutesResponse> {
    let (max, token) = (input.max_results.as_deref(), input.next_token.as_deref());
    let (shown, next_token) = load::listed::<Route>(cx, tx, &input.api_id, max, token)?;
    let items = shown.iter().map(|(id, spec)| views::route(id, spec)).collect();
    Ok(sdk::GetRoutesResponse { items: Some(items), next_token })
}

pub fn update(cx: &Cx, tx: &mut Tx, input: &sdk::UpdateRouteRequest) -> Answer<sdk::UpdateRouteResult> {
    let (key, before) = find(cx, tx, &input.api_id, &input.route_id)?;
    let (api, _) = load::api(cx, tx, &input.api_id)?;
    if before.managed && input.route_key.as_ref().is_some_and(|key| *key != before.key) {
        return Err(bad_request("The route key of a route that is managed by API Gateway can't be changed"));
    }
    let spec = changed(tx, &api, RouteSpec::clone(&before), input)?;
    unique(tx, &api, &spec.key, Some(&input.route_id))?;
    tx.put_spec(&key, &spec)?;
    deploy::changed(cx, tx, &api)?;
    Ok(Of(views::route(&input.route_id, &spec)).into())
}

pub fn delete(cx: &Cx, tx: &mut Tx, input: &sdk::DeleteRouteRequest) -> Answer<()> {
    let (key, _) = find(cx, tx, &input.api_id, &input.route_id)?;
    let (api, _) = load::api(cx, tx, &input.api_id)?;
    tx.delete(&key)?;
    deploy::changed(cx, tx, &api)
}

fn find(cx: &Cx, tx: &Tx, api: &str, id: &str) -> Answer<(Key<Route>, std::sync::Arc<RouteSpec>)> {
    load::child::<Route>(cx, tx, (api, id), "Route")
}

/// A route that leads nowhere and lets everybody through.
pub fn plain(key: &str) -> Answer<RouteSpec> {
    RouteKey::parse(key).map_err(|why| bad_request(why.to_string()))?;
    Ok(RouteSpec {
        key: key.to_owned(),
        integration: None,
        authorization: Authorization::None,
        scopes: Vec::new(),
        operation_name: None,
        managed: false,
    })
}

/// Refuses a key that another route has, or that only the names of its variables tell from another's.
pub fn unique(tx: &Tx, api: &Key<HttpApi>, key: &str, own: Option<&str>) -> Answer<()> {
    let parsed = RouteKey::parse(key).map_err(|why| bad_request(why.to_string()))?;
    for (id, other) in load::children::<Route>(tx, api)? {
        if own == Some(id.as_str()) {
            continue;
        }
        if other.key == key {
            return Err(errors::route_exists(key));
        }
        if RouteKey::parse(&other.key).is_ok_and(|other| other.clashes(&parsed)) {
            return Err(errors::route_clashes(key, &other.key));
        }
    }
    Ok(())
}

/// The route as it is to be.
fn changed(tx: &Tx, api: &Key<HttpApi>, before: RouteSpec, input: &sdk::UpdateRouteRequest) -> Answer<RouteSpec> {
    // All of these are of WebSocket APIs.
    refuse("ApiKeyRequired", &input.api_key_required, Some(false))?;
    refuse("ModelSelectionExpression", &input.model_selection_expression, None)?;
    refuse("RequestModels", &input.request_models, Some(Default::default()))?;
    refuse("RequestParameters", &input.request_parameters, Some(Default::default()))?;
    refuse("RouteResponseSelectionExpression", &input.route_response_selection_expression, None)?;
    let key = input.route_key.clone().unwrap_or_else(|| before.key.clone());
    let authorization = authorization(tx, api, &before, input)?;
    let given = input.authorization_scopes.clone();
    if !matches!(authorization, Authorization::Jwt(_)) && given.as_ref().is_some_and(|scopes| !scopes.is_empty()) {
        return Err(errors::scopes_without_tokens());
    }
    let scopes = given.unwrap_or(before.scopes);
    Ok(RouteSpec {
        integration: integration(tx, api, &input.target, before.integration)?,
        scopes: if matches!(authorization, Authorization::Jwt(_)) { scopes } else { Vec::new() },
        operation_name: text(&input.operation_name, before.operation_name),
        managed: before.managed,
        authorization,
        key,
    })
}

/// `integrations/<id>`.
fn integration(tx: &Tx, api: &Key<HttpApi>, target: &Option<String>, before: Option<String>) -> Answer<Option<String>> {
    let Some(target) = target.as_deref() else { return Ok(before) };
    if target.is_empty() {
        return Ok(None);
    }
    let id =
        target.strip_prefix("integrations/").ok_or_else(|| bad_request("Invalid target specified. Must be integrations/<id>"))?;
    match tx.exists(&api.child::<Integration>(id))? {
        true => Ok(Some(id.to_owned())),
        false => Err(errors::none("Integration", id)),
    }
}

fn authorization(tx: &Tx, api: &Key<HttpApi>, before: &RouteSpec, input: &sdk::UpdateRouteRequest) -> Answer<Authorization> {
    use sdk::AuthorizationType as Type;
    let kind = match (input.authorization_type, &before.authorization) {
        (Some(kind), _) => kind,
        (None, Authorization::None) => Type::None,
        (None, Authorization::Iam) => Type::AwsIam,
        (None, Authorization::Jwt(_)) => Type::Jwt,
        (None, Authorization::Custom(_)) => Type::Custom,
    };
    let authorizer = || {
        let named = input.authorizer_id.as_deref().filter(|id| !id.is_empty());
        let id = named.or_else(|| before.authorization.authorizer())?;
        let spec = tx.spec(&api.child::<Authorizer>(id)).ok().flatten()?;
        let is_jwt = matches!(spec.kind, AuthorizerKind::Jwt { .. });
        (is_jwt == (kind == Type::Jwt)).then(|| id.to_owned())
    };
    match kind {
        Type::None => Ok(Authorization::None),
        Type::AwsIam => Ok(Authorization::Iam),
        Type::Jwt => authorizer().map(Authorization::Jwt).ok_or_else(|| errors::bad_authorizer(kind.as_str())),
        Type::Custom => authorizer().map(Authorization::Custom).ok_or_else(|| errors::bad_authorizer(kind.as_str())),
    }
}
