//! Who answers a request: the edge, the owner's routes, a mount, or an AWS operation.

use crate::{
    Admin, Arrival, Body, Mount, Recorder, Service, admin, api, auth::gate::Gate, host, locate::host_of, proxy, record::Sender,
    touch::Seen,
};
use futures::FutureExt;
use http::{Request, Response, StatusCode};
use model::{AccountId, Env, Region, iam::Principal};
use spine::Store;
use std::{panic::AssertUnwindSafe, path::PathBuf, sync::Arc};
use wire::sigv4::Keys;

/// The largest body of an AWS operation: ECR's largest layer part, 20 MiB, in base64 inside of JSON, and some more.
const LARGEST_BODY: usize = 32 << 20;

/// What API Gateway says in the `Via` header of requests that it passes on to addresses. Clients can't take it away, so that nobody who may
/// make an API is taken for the owner of the cloud's machine.
pub const GATEWAY_VIA: &str = "HTTP/1.1 AmazonAPIGateway";

/// What the owner decides of the front.
#[derive(Clone, Debug)]
pub struct Config {
    /// Whether only this machine can reach the address that it is bound to. The keys of the tutorials are accepted only then.
    pub loopback: bool,
    /// `host:port` for requests that say no host.
    pub endpoint: String,
    /// The region of requests that name none.
    pub region: Region,
    /// Where the edge takes requests to load balancers.
    pub edge_socket: Option<PathBuf>,
}

impl Config {
    /// For a cloud at a loopback address without an edge.
    pub fn loopback(endpoint: impl Into<String>) -> Self {
        let region = Region::parse("us-east-1").expect("a region's name");
        Self { loopback: true, endpoint: endpoint.into(), region, edge_socket: None }
    }
}

/// Where a request came in; an extension of the request. One without it came in at the cloud's address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entrance {
    /// At the cloud's address.
    Address,
    /// From a workload, by way of the edge. Whoever comes here is never taken for the cloud's owner, whatever the address is: the keys
    /// of the tutorials don't count.
    Workloads,
}

/// Everything that answers.
pub struct Front {
    pub(crate) store: Store,
    pub(crate) env: Env,
    pub(crate) config: Config,
    pub(crate) services: Vec<Service>,
    pub(crate) keys: Arc<Keys>,
    pub(crate) seen: Seen,
    pub(crate) gate: Arc<Gate>,
    pub(crate) body_limit: usize,
    pub(crate) recorder: Option<Arc<dyn Recorder>>,
    mounts: Vec<Arc<dyn Mount>>,
    pub(crate) admin: Option<Arc<dyn Admin>>,
}

impl Front {
    /// A front without services: what it knows of AWS it answers with `501`.
    pub fn new(store: Store, env: Env, config: Config) -> Self {
        Self {
            store,
            env,
            config,
            services: Vec::new(),
            keys: Arc::default(),
            seen: Seen::default(),
            gate: Arc::default(),
            body_limit: LARGEST_BODY,
            recorder: None,
            mounts: Vec::new(),
            admin: None,
        }
    }

    /// With a service.
    pub fn service(mut self, service: Service) -> Self {
        if let (Some(facts), Some(gate)) = (service.facts, Arc::get_mut(&mut self.gate)) {
            gate.facts.insert(service.iam_prefix, facts);
            if service.binds_root {
                gate.binds_root.insert(service.iam_prefix);
            }
        }
        self.services.push(service);
        self
    }

    /// With routes of somebody's own.
    pub fn mount(mut self, mount: Arc<dyn Mount>) -> Self {
        self.mounts.push(mount);
        self
    }

    /// With what the owner can ask of the binary.
    pub fn admin(mut self, admin: Arc<dyn Admin>) -> Self {
        self.admin = Some(admin);
        self
    }

    /// With somebody who keeps a trail of the calls.
    pub fn recorder(mut self, recorder: Arc<dyn Recorder>) -> Self {
        self.recorder = Some(recorder);
        self
    }

    /// The services.
    pub fn services(&self) -> &[Service] {
        &self.services
    }

    /// Forgets what it remembers of the store, which has been emptied.
    pub fn forget(&self) {
        self.seen.forget();
        self.gate.compiled.forget();
    }

    /// Answers a request. A panic of whoever answers becomes a 500 and a line in the log.
    pub async fn respond(&self, request: Request<Body>) -> Response<Body> {
        let request_id = self.env.uuid();
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let answer = AssertUnwindSafe(self.dispatch(request, request_id.clone())).catch_unwind().await;
        let response = answer.unwrap_or_else(|_| {
            tracing::error!(%request_id, %method, path, "the request made its handler panic");
            admin::error(StatusCode::INTERNAL_SERVER_ERROR, "InternalFailure")
        });
        tracing::debug!(%request_id, %method, path, status = response.status().as_u16());
        response
    }

    async fn dispatch(&self, request: Request<Body>, request_id: String) -> Response<Body> {
        let (head, body) = request.into_parts();
        if host_of(&head).is_some_and(host::is_balancer) {
            return proxy::forward(self.config.edge_socket.as_deref(), Request::from_parts(head, body)).await;
        }
        if admin::matches(&head) {
            return self.administer(Request::from_parts(head, body)).await;
        }
        if let Some(mount) = self.mounts.iter().find(|mount| mount.matches(&head)) {
            let arrival = self.arrival(request_id, &head);
            return mount.serve(Request::from_parts(head, body), arrival).await;
        }
        api::answer(self, Request::from_parts(head, body), request_id).await
    }

    /// The owner is whoever is on this machine, or whoever has a key of the first account's root.
    async fn administer(&self, request: Request<Body>) -> Response<Body> {
        let health = request.uri().path() == "/_hillfog/health";
        let (head, body) = request.into_parts();
        let local = self.only_from_here(&head) && !admin::is_foreign(&head);
        let request = if local || health {
            Request::from_parts(head, body)
        } else {
            match api::authenticate(self, Request::from_parts(head, body)).await {
                Some((identity, request))
                    if identity.principal == Principal::Root && identity.account.as_str() == AccountId::DEFAULT =>
                {
                    request
                }
                _ => return admin::error(StatusCode::FORBIDDEN, "sign the request with a key of the root of the first account"),
            }
        };
        let resets = request.uri().path() == "/_hillfog/reset";
        let response = admin::serve(self, request).await;
        if resets {
            self.forget();
        }
        response
    }

    fn arrival(&self, request_id: String, head: &http::request::Parts) -> Arrival {
        Arrival {
            request_id,
            endpoint: self.endpoint(head),
            env: self.env.clone(),
            region: self.config.region.clone(),
            loopback: self.only_from_here(head),
            sender: Sender::of(head, ""),
            gate: self.gate.clone(),
            keys: self.keys.clone(),
            recorder: self.recorder.clone(),
        }
    }

    /// Whether only the owner of this machine can have sent the request.
    pub(crate) fn only_from_here(&self, head: &http::request::Parts) -> bool {
        let passed_on = head.headers.get_all(http::header::VIA).iter().any(|via| via.as_bytes() == GATEWAY_VIA.as_bytes());
        self.config.loopback && !passed_on && head.extensions.get::<Entrance>() != Some(&Entrance::Workloads)
    }

    pub(crate) fn endpoint(&self, head: &http::request::Parts) -> String {
        host_of(head).unwrap_or(&self.config.endpoint).to_owned()
    }
}
