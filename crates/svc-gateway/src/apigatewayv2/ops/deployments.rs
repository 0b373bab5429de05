//! `CreateDeployment`, `GetDeployment`, `GetDeployments`, `UpdateDeployment`, `DeleteDeployment`.

use super::{
    super::{
        deploy,
        errors::{self, bad_request},
        load,
        views::{self, Of},
    },
    text,
};
use api::apigatewayv2 as sdk;
use front::{Answer, Cx};
use model::{
    Key,
    apigatewayv2::{Deployment, DeploymentSpec, Stage},
};
use spine::{Read, Tx};
use std::sync::Arc;

pub fn create(cx: &Cx, tx: &mut Tx, input: &sdk::CreateDeploymentRequest) -> Answer<sdk::CreateDeploymentResponse> {
    let (api, _) = load::api(cx, tx, &input.api_id)?;
    let stage = text(&input.stage_name, None);
    if let Some(name) = &stage {
        let found = tx.spec(&api.child::<Stage>(name))?.ok_or_else(|| errors::none("stage", name))?;
        if found.auto_deploy {
            return Err(bad_request("Deployment ID cannot be set by the user for a stage with AutoDeploy enabled"));
        }
    }
    let (id, spec) = deploy::deploy(cx, tx, &api, text(&input.description, None), false)?;
    if let Some(name) = &stage {
        tx.update_spec(&api.child::<Stage>(name), |stage| (stage.deployment, stage.updated) = (Some(id.clone()), cx.now))?;
        deploy::sweep(tx, &api)?;
    }
    Ok(Of(views::deployment(&id, &spec)).into())
}

pub fn get(cx: &Cx, tx: &mut Tx, input: &sdk::GetDeploymentRequest) -> Answer<sdk::GetDeploymentResponse> {
    let (_, spec) = find(cx, tx, &input.api_id, &input.deployment_id)?;
    Ok(Of(views::deployment(&input.deployment_id, &spec)).into())
}

pub fn list(cx: &Cx, tx: &mut Tx, input: &sdk::GetDeploymentsRequest) -> Answer<sdk::GetDeploymentsResponse> {
    let (max, token) = (input.max_results.as_deref(), input.next_token.as_deref());
    let (shown, next_token) = load::listed::<Deployment>(cx, tx, &input.api_id, max, token)?;
    let items = shown.iter().map(|(id, spec)| views::deployment(id, spec)).collect();
    Ok(sdk::GetDeploymentsResponse { items: Some(items), next_token })
}

pub fn update(cx: &Cx, tx: &mut Tx, input: &sdk::UpdateDeploymentRequest) -> Answer<sdk::UpdateDeploymentResponse> {
    let (key, before) = find(cx, tx, &input.api_id, &input.deployment_id)?;
    let before = DeploymentSpec::clone(&before);
    let spec = DeploymentSpec { description: text(&input.description, before.description.clone()), ..before };
    tx.put_spec(&key, &spec)?;
    Ok(Of(views::deployment(&input.deployment_id, &spec)).into())
}

pub fn delete(cx: &Cx, tx: &mut Tx, input: &sdk::DeleteDeploymentRequest) -> Answer<()> {
    let (key, _) = find(cx, tx, &input.api_id, &input.deployment_id)?;
    let (api, _) = load::api(cx, tx, &input.api_id)?;
    let served = |stage: &model::apigatewayv2::StageSpec| stage.deployment.as_deref() == Some(&*input.deployment_id);
    if load::children::<Stage>(tx, &api)?.iter().any(|(_, stage)| served(stage)) {
        return Err(errors::deployment_in_use());
    }
    Ok(tx.delete(&key)?)
}

fn find(cx: &Cx, tx: &Tx, api: &str, id: &str) -> Answer<(Key<Deployment>, Arc<DeploymentSpec>)> {
    load::child::<Deployment>(cx, tx, (api, id), "deployment")
}
