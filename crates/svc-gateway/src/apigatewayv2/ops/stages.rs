//! `CreateStage`, `GetStage`, `GetStages`, `UpdateStage`, `DeleteStage`, `DeleteAccessLogSettings`, `DeleteRouteSettings`.

use super::{
    super::{
        deploy,
        errors::{self, bad_request, not_built},
        load,
        views::{self, Of},
    },
    apis, place_for, refuse, text,
};
use api::apigatewayv2 as sdk;
use front::{Answer, Cx};
use logic::http_api::{path::DEFAULT_STAGE, route_key::RouteKey};
use model::{
    Arn, Key, Timestamp,
    apigatewayv2::{AccessLog, Deployment, HttpApi, RouteSettings, Stage, StageSpec},
};
use spine::{Read, Tx};
use std::{collections::BTreeMap, sync::Arc};

/// Of an API (developer guide, "Quotas for HTTP APIs"); what an error calls them.
const MOST: (&str, usize) = ("Stages", 10);

pub fn create(cx: &Cx, tx: &mut Tx, input: &sdk::CreateStageRequest) -> Answer<sdk::CreateStageResponse> {
    let (api, _) = load::api(cx, tx, &input.api_id)?;
    check_name(&input.stage_name)?;
    let key = api.child::<Stage>(&input.stage_name);
    if tx.exists(&key)? {
        return Err(errors::stage_exists());
    }
    place_for::<Stage>(cx, tx, &api.id, MOST)?;
    let change = sdk::UpdateStageRequest {
        access_log_settings: input.access_log_settings.clone(),
        api_id: input.api_id.clone(),
        auto_deploy: input.auto_deploy,
        client_certificate_id: input.client_certificate_id.clone(),
        default_route_settings: input.default_route_settings.clone(),
        deployment_id: input.deployment_id.clone(),
        description: input.description.clone(),
        route_settings: input.route_settings.clone(),
        stage_name: input.stage_name.clone(),
        stage_variables: input.stage_variables.clone(),
    };
    let spec = StageSpec { tags: apis::tags(input.tags.clone())?, ..plain(cx.now) };
    let spec = changed(cx, tx, &api, spec, &change)?;
    tx.create(&key, &spec)?;
    if spec.auto_deploy {
        deploy::changed(cx, tx, &api)?;
    }
    answer(cx, tx, &input.api_id, &input.stage_name)
}

pub fn get(cx: &Cx, tx: &mut Tx, input: &sdk::GetStageRequest) -> Answer<sdk::GetStageResponse> {
    answer(cx, tx, &input.api_id, &input.stage_name)
}

pub fn list(cx: &Cx, tx: &mut Tx, input: &sdk::GetStagesRequest) -> Answer<sdk::GetStagesResponse> {
    let (max, token) = (input.max_results.as_deref(), input.next_token.as_deref());
    let (shown, next_token) = load::listed::<Stage>(cx, tx, &input.api_id, max, token)?;
    let items = shown.iter().map(|(name, spec)| views::stage(name, spec)).collect();
    Ok(sdk::GetStagesResponse { items: Some(items), next_token })
}

pub fn update(cx: &Cx, tx: &mut Tx, input: &sdk::UpdateStageRequest) -> Answer<sdk::UpdateStageResponse> {
    let (key, before) = find(cx, tx, &input.api_id, &input.stage_name)?;
    let (api, _) = load::api(cx, tx, &input.api_id)?;
    let spec = changed(cx, tx, &api, StageSpec::clone(&before), input)?;
    tx.put_spec(&key, &StageSpec { updated: cx.now, ..spec.clone() })?;
    if spec.auto_deploy && !before.auto_deploy {
        deploy::changed(cx, tx, &api)?;
    }
    deploy::sweep(tx, &api)?;
    answer(cx, tx, &input.api_id, &input.stage_name)
}

pub fn delete(cx: &Cx, tx: &mut Tx, input: &sdk::DeleteStageRequest) -> Answer<()> {
    let (key, _) = find(cx, tx, &input.api_id, &input.stage_name)?;
    let (api, _) = load::api(cx, tx, &input.api_id)?;
    tx.delete(&key)?;
    deploy::sweep(tx, &api)
}

pub fn delete_access_log(cx: &Cx, tx: &mut Tx, input: &sdk::DeleteAccessLogSettingsRequest) -> Answer<()> {
    let (key, _) = find(cx, tx, &input.api_id, &input.stage_name)?;
    Ok(tx.update_spec(&key, |stage| (stage.access_log, stage.updated) = (None, cx.now))?)
}

pub fn delete_route_settings(cx: &Cx, tx: &mut Tx, input: &sdk::DeleteRouteSettingsRequest) -> Answer<()> {
    let (key, stage) = find(cx, tx, &input.api_id, &input.stage_name)?;
    if !stage.route_settings.contains_key(&input.route_key) {
        return Err(errors::no_route_settings(&input.route_key));
    }
    tx.update_spec(&key, |stage| {
        stage.route_settings.remove(&input.route_key);
        stage.updated = cx.now;
    })?;
    Ok(())
}

fn find(cx: &Cx, tx: &Tx, api: &str, name: &str) -> Answer<(Key<Stage>, Arc<StageSpec>)> {
    load::child::<Stage>(cx, tx, (api, name), "stage")
}

fn answer<T: From<Of<sdk::Stage>>>(cx: &Cx, tx: &Tx, api: &str, name: &str) -> Answer<T> {
    let (_, spec) = find(cx, tx, api, name)?;
    Ok(Of(views::stage(name, &spec)).into())
}

/// A stage that serves nothing.
pub fn plain(now: Timestamp) -> StageSpec {
    StageSpec {
        auto_deploy: false,
        deployment: None,
        description: None,
        variables: BTreeMap::new(),
        default_settings: RouteSettings::default(),
        route_settings: BTreeMap::new(),
        access_log: None,
        tags: BTreeMap::new(),
        created: now,
        updated: now,
        managed: false,
    }
}

fn check_name(name: &str) -> Answer<()> {
    let fine = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if name == DEFAULT_STAGE || (1..=128).contains(&name.len()) && name.bytes().all(fine) {
        return Ok(());
    }
    Err(bad_request("Stage name only allows a-zA-Z0-9_- or $default"))
}

/// The stage as it is to be.
fn changed(cx: &Cx, tx: &Tx, api: &Key<HttpApi>, before: StageSpec, input: &sdk::UpdateStageRequest) -> Answer<StageSpec> {
    refuse("ClientCertificateId", &input.client_certificate_id, None)?;
    let auto_deploy = input.auto_deploy.unwrap_or(before.auto_deploy);
    let deployment = text(&input.deployment_id, None);
    if auto_deploy && deployment.is_some() && deployment != before.deployment {
        return Err(bad_request("Deployment ID cannot be set by the user for a stage with AutoDeploy enabled"));
    }
    if let Some(id) = &deployment
        && !tx.exists(&api.child::<Deployment>(id))?
    {
        return Err(errors::none("deployment", id));
    }
    let mut route_settings = before.route_settings;
    for (key, given) in input.route_settings.iter().flatten() {
        RouteKey::parse(key).map_err(|why| bad_request(why.to_string()))?;
        let before = route_settings.get(key).copied().unwrap_or_default();
        route_settings.insert(key.clone(), settings(before, given)?);
    }
    let mut variables = before.variables;
    for (name, value) in input.stage_variables.iter().flatten() {
        set_variable(&mut variables, name, value)?;
    }
    let default_settings =
        input.default_route_settings.as_ref().map(|given| settings(before.default_settings, given)).transpose()?;
    let access_log =
        input.access_log_settings.as_ref().map(|given| access_log(cx, before.access_log.as_ref(), given)).transpose()?;
    Ok(StageSpec {
        auto_deploy,
        deployment: deployment.or(before.deployment),
        description: text(&input.description, before.description),
        default_settings: default_settings.unwrap_or(before.default_settings),
        access_log: access_log.or(before.access_log),
        variables,
        route_settings,
        ..plain(before.updated)
    })
    .map(|spec| StageSpec { tags: before.tags, created: before.created, managed: before.managed, ..spec })
}

/// Names are of letters, digits and underscores; an empty value takes a variable away.
fn set_variable(variables: &mut BTreeMap<String, String>, name: &str, value: &str) -> Answer<()> {
    let named = (1..=64).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let fine = |c: char| c.is_ascii_alphanumeric() || "-._~:/?#&=,".contains(c);
    if !named || value.len() > 512 || !value.chars().all(fine) {
        return Err(bad_request("Invalid stage variable specified"));
    }
    match value {
        "" => drop(variables.remove(name)),
        value => drop(variables.insert(name.to_owned(), value.to_owned())),
    }
    Ok(())
}

fn settings(before: RouteSettings, given: &sdk::RouteSettings) -> Answer<RouteSettings> {
    let logs = given.data_trace_enabled == Some(true) || given.logging_level.is_some_and(|level| level != sdk::LoggingLevel::Off);
    if logs {
        return Err(bad_request("Execution logs are not supported on protocolType HTTP"));
    }
    let settings = RouteSettings {
        burst: given.throttling_burst_limit.or(before.burst),
        rate: given.throttling_rate_limit.or(before.rate),
        detailed_metrics: given.detailed_metrics_enabled.unwrap_or(before.detailed_metrics),
    };
    if settings.burst.is_some_and(|burst| burst < 0) || settings.rate.is_some_and(|rate| rate < 0.0 || !rate.is_finite()) {
        return Err(bad_request("Invalid throttling settings specified"));
    }
    Ok(settings)
}

fn access_log(cx: &Cx, before: Option<&AccessLog>, given: &sdk::AccessLogSettings) -> Answer<AccessLog> {
    let missing = |what| bad_request(format!("The {what} of the access log settings must be specified"));
    let destination = given.destination_arn.clone().or_else(|| before.map(|log| log.destination.clone()));
    let destination = destination.ok_or_else(|| missing("destination ARN"))?;
    let format = given.format.clone().or_else(|| before.map(|log| log.format.clone())).ok_or_else(|| missing("format"))?;
    let arn: Arn = destination.parse().map_err(|_| errors::bad_arn())?;
    if arn.service == "firehose" {
        return Err(not_built("access logs to Firehose"));
    }
    let ours = arn.account == cx.account.as_str() && arn.region == cx.region.as_str();
    if arn.service != "logs" || !arn.resource.starts_with("log-group:") || !ours {
        return Err(errors::bad_arn());
    }
    if format.trim().is_empty() || format.contains(['\n', '\r']) {
        return Err(bad_request("Access Log format must be single line and not empty"));
    }
    Ok(AccessLog { destination, format })
}
