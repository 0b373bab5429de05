//! What is served: a stage's deployment, its routes in a tree and its mappings read. Deployments never change, so that this is done once
//! for each.

use super::{head::Target, refusal::Refusal};
use logic::http_api::{
    mapping::{self, Mapping},
    path,
    router::{Matched, Router},
};
use model::{
    Key,
    apigatewayv2::{Deployed, Deployment, DeploymentSpec, HttpApi, HttpApiPlace, IntegrationSpec, Stage, StageSpec},
};
use spine::{Read, Snapshot};
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

/// The most deployments that are kept in order. A full memory is emptied: it fills again at once with what is in use.
const MOST: usize = 1024;

/// What serves a request.
pub struct Served {
    /// The API.
    pub key: Key<HttpApi>,
    /// The stage's name.
    pub name: String,
    /// The stage.
    pub stage: Arc<StageSpec>,
    /// The path without the stage, as it was sent.
    pub path: String,
    compiled: Arc<Compiled>,
}

/// A deployment, put in order.
struct Compiled {
    spec: Arc<DeploymentSpec>,
    router: Router,
    mappings: HashMap<String, Mappings>,
}

/// An integration's mappings.
#[derive(Default)]
pub struct Mappings {
    /// Of requests.
    pub request: Vec<Mapping>,
    /// Of answers, by their status.
    pub answers: BTreeMap<u16, Vec<Mapping>>,
}

/// An integration as it is served.
#[derive(Clone, Copy)]
pub struct Integration<'a> {
    /// What it is.
    pub spec: &'a IntegrationSpec,
    /// What it changes.
    pub mappings: &'a Mappings,
}

/// The deployments that were served lately.
#[derive(Default)]
pub struct Serves(Mutex<HashMap<Key<Deployment>, Arc<Compiled>>>);

impl Served {
    /// The API as it was deployed.
    pub fn deployed(&self) -> &Deployed {
        &self.compiled.spec.snapshot
    }

    /// The route for a request, by its id, with the values of its variables.
    pub fn route(&self, method: &str) -> Option<Matched<'_>> {
        self.compiled.router.find(method, &self.path)
    }

    /// An integration of the deployment.
    pub fn integration(&self, id: &str) -> Option<Integration<'_>> {
        Some(Integration { spec: self.deployed().integrations.get(id)?, mappings: self.compiled.mappings.get(id)? })
    }
}

impl Serves {
    /// What serves a request for a path; none if there is no such API.
    pub fn find(&self, snapshot: &Snapshot, target: &Target, path: &str) -> Result<Option<Served>, Refusal> {
        let place = snapshot.spec(&Key::<HttpApiPlace>::of_api(&target.api))?;
        let Some(place) = place.filter(|place| place.region.as_str() == target.region) else { return Ok(None) };
        let key = Key::<HttpApi>::new(&place.account, &place.region, &*target.api);
        let exists = |name: &str| snapshot.exists(&key.child::<Stage>(name)).unwrap_or(false);
        let (name, rest) = path::stage(path, exists).ok_or(Refusal::NotFound)?;
        let stage = snapshot.spec(&key.child::<Stage>(&name))?.ok_or(Refusal::NotFound)?;
        let deployment = stage.deployment.as_deref().ok_or(Refusal::NotFound)?;
        let compiled = self.compiled(snapshot, key.child::<Deployment>(deployment))?;
        Ok(Some(Served { path: rest.to_owned(), key, name, stage, compiled }))
    }

    fn compiled(&self, snapshot: &Snapshot, key: Key<Deployment>) -> Result<Arc<Compiled>, Refusal> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(compiled) = known.get(&key) {
            return Ok(compiled.clone());
        }
        let spec = snapshot.spec(&key)?.ok_or(Refusal::NotFound)?;
        if known.len() >= MOST {
            known.clear();
        }
        let compiled = Arc::new(Compiled::new(spec));
        known.insert(key, compiled.clone());
        Ok(compiled)
    }
}

impl Compiled {
    fn new(spec: Arc<DeploymentSpec>) -> Self {
        let router = Router::new(spec.snapshot.routes.iter().map(|(id, route)| (id.as_str(), route.key.as_str())));
        let mappings = spec.snapshot.integrations.iter().map(|(id, spec)| (id.clone(), Mappings::of(spec))).collect();
        Self { spec, router, mappings }
    }
}

impl Mappings {
    /// Those of an integration. They were checked when they were written.
    fn of(spec: &IntegrationSpec) -> Self {
        Self {
            request: mapping::of_request(&spec.request_parameters).unwrap_or_default(),
            answers: mapping::of_answers(&spec.response_parameters).unwrap_or_default(),
        }
    }
}
