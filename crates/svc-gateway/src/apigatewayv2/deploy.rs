//! Deployments: what is served is a snapshot of the API, which stages with `AutoDeploy` get anew with each change.

use super::{errors, load};
use front::{Answer, Cx};
use model::{
    Key,
    apigatewayv2::{Authorizer, Deployed, Deployment, DeploymentSpec, HttpApi, Integration, Route, Stage, StageSpec},
};
use spine::{Read, Tx};
use std::{collections::BTreeMap, sync::Arc};

/// What a deployment says of itself that nobody has asked for.
const AUTOMATIC: &str = "Automatic deployment triggered by changes to the Api configuration";

/// Deploys the API as it is now; the id of the deployment. An API without routes has nothing to serve.
pub fn deploy(
    cx: &Cx,
    tx: &mut Tx,
    api: &Key<HttpApi>,
    description: Option<String>,
    auto: bool,
) -> Answer<(String, DeploymentSpec)> {
    let snapshot = snapshot(cx, tx, api)?;
    if snapshot.routes.is_empty() && !auto {
        return Err(errors::nothing_to_deploy());
    }
    let id = load::fresh_id(cx, 6);
    let spec = DeploymentSpec { description, auto, created: cx.now, snapshot };
    tx.create(&api.child::<Deployment>(&id), &spec)?;
    Ok((id, spec))
}

/// After a change of the API: every stage that wants so serves it at once. Deployments that nobody asked for go when nothing serves them
/// any more.
pub fn changed(cx: &Cx, tx: &mut Tx, api: &Key<HttpApi>) -> Answer<()> {
    let stages = load::children::<Stage>(tx, api)?;
    let automatic: Vec<_> = stages.into_iter().filter(|(_, stage)| stage.auto_deploy).collect();
    let served = automatic.iter().any(|(_, stage)| stage.deployment.is_some());
    if automatic.is_empty() || !(served || has_routes(tx, api)?) {
        return Ok(());
    }
    let (id, _) = deploy(cx, tx, api, Some(AUTOMATIC.into()), true)?;
    for (name, stage) in automatic {
        let spec = StageSpec { deployment: Some(id.clone()), updated: cx.now, ..StageSpec::clone(&stage) };
        tx.put_spec(&api.child::<Stage>(&name), &spec)?;
    }
    sweep(tx, api)
}

/// Takes away the automatic deployments that no stage serves.
pub fn sweep(tx: &mut Tx, api: &Key<HttpApi>) -> Answer<()> {
    let stages = load::children::<Stage>(tx, api)?;
    let used = |id: &String| stages.iter().any(|(_, stage)| stage.deployment.as_ref() == Some(id));
    for (id, deployment) in load::children::<Deployment>(tx, api)? {
        if deployment.auto && !used(&id) {
            tx.delete(&api.child::<Deployment>(&id))?;
        }
    }
    Ok(())
}

/// Whether the API has anything to serve.
pub fn has_routes(read: &impl Read, api: &Key<HttpApi>) -> Answer<bool> {
    Ok(!load::children::<Route>(read, api)?.is_empty())
}

/// The API as it is now.
pub fn snapshot(cx: &Cx, tx: &Tx, api: &Key<HttpApi>) -> Answer<Deployed> {
    let (_, spec) = load::api(cx, tx, &api.id)?;
    Ok(Deployed {
        cors: spec.cors.clone(),
        endpoint_disabled: spec.endpoint_disabled,
        routes: owned(load::children::<Route>(tx, api)?),
        integrations: owned(load::children::<Integration>(tx, api)?),
        authorizers: owned(load::children::<Authorizer>(tx, api)?),
    })
}

fn owned<T: Clone>(found: Vec<(String, Arc<T>)>) -> BTreeMap<String, T> {
    found.into_iter().map(|(id, spec)| (id, T::clone(&spec))).collect()
}
