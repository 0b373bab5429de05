//! The data plane: requests to `<id>.execute-api.<region>.localhost`.
//!
//! ```text
//! host ─► API ─► stage ─► its deployment ─► preflight? ─► route ─► throttle ─► authorize ─► map ─► integration ─► map ─► CORS
//! ```
//!
//! Nothing is written on the way: what is served is read from the store's snapshot and put in order once per deployment
//! ([`served`]); lines of the access log are handed over behind the answer ([`log`]).

mod admit;
mod buckets;
mod functions;
mod head;
mod http_proxy;
mod integrate;
mod log;
mod refusal;
mod roads;
mod served;
mod services;
mod watched;

use self::{
    head::Target,
    integrate::Reply,
    log::AccessLogs,
    refusal::Refusal,
    served::{Served, Serves},
};
use async_trait::async_trait;
use front::{Arrival, Body, Mount, body, calls::Calls};
use http::{Request, Response, StatusCode, request::Parts};
use http_body::Body as _;
use logic::http_api::{access_log::Outcome, cors, exchange::Exchange};
use model::{Env, Timestamp, apigatewayv2::Authorization};
use spine::Store;
use std::sync::Arc;

/// The largest body of a request, and of a function's answer (developer guide, "Quotas for HTTP APIs"): 10 MB.
pub const LARGEST: usize = 10 << 20;

/// Serves HTTP APIs.
pub struct Gateway {
    store: Store,
    calls: Calls,
    tokens: oidc::Providers,
    roads: roads::Roads,
    serves: Serves,
    buckets: buckets::Buckets,
    verdicts: admit::Verdicts,
    log: AccessLogs,
}

impl Gateway {
    /// A gateway that calls functions and services by `calls`. Issuers of tokens on the loopback interface may be asked without TLS, if
    /// `plain_on_loopback`.
    pub fn new(store: Store, env: Env, calls: Calls, plain_on_loopback: bool) -> Arc<Self> {
        Arc::new(Self {
            log: AccessLogs::new(env, calls.clone()),
            tokens: oidc::Providers::new(plain_on_loopback),
            roads: roads::Roads::default(),
            serves: Serves::default(),
            buckets: buckets::Buckets::default(),
            verdicts: admit::Verdicts::default(),
            store,
            calls,
        })
    }
}

/// A request on its way, and what is known of it by now.
struct Journey<'a> {
    gateway: &'a Gateway,
    arrival: &'a Arrival,
    served: &'a Served,
    exchange: Exchange,
    outcome: Outcome,
}

#[async_trait]
impl Mount for Gateway {
    fn matches(&self, head: &Parts) -> bool {
        head::target(head).is_some()
    }

    async fn serve(&self, request: Request<Body>, arrival: Arrival) -> Response<Body> {
        let (head, body) = request.into_parts();
        match head::target(&head) {
            Some(target) => self.answer(&target, head, body, &arrival).await,
            None => Refusal::Forbidden.answer(&arrival.request_id),
        }
    }
}

impl Gateway {
    async fn answer(&self, target: &Target, head: Parts, body: Body, arrival: &Arrival) -> Response<Body> {
        let served = match self.serves.find(&self.store.snapshot(), target, head.uri.path()) {
            Ok(Some(served)) => served,
            Ok(None) => return Refusal::Forbidden.answer(&arrival.request_id),
            Err(refusal) => return refusal.answer(&arrival.request_id),
        };
        let exchange = head::exchange(&head, arrival, &served, target);
        let mut journey = Journey { gateway: self, arrival, served: &served, exchange, outcome: Outcome::default() };
        let mut response = match journey.go(&head, body).await {
            Ok(reply) => reply.response(),
            Err(refusal) => {
                journey.outcome.refusal = Some(refusal.words());
                refusal.answer(&arrival.request_id)
            }
        };
        journey.dress(&head, &mut response);
        journey.written_down(response)
    }
}

impl Journey<'_> {
    /// The way through the API.
    async fn go(&mut self, head: &Parts, body: Body) -> Result<Reply, Refusal> {
        let served = self.served;
        let deployed = served.deployed();
        if deployed.endpoint_disabled {
            return Err(Refusal::NotFound);
        }
        let preflight = deployed.cors.as_ref().filter(|_| cors::is_preflight(&head.method, &head.headers));
        let matched = served.route(&self.exchange.method);
        let route = matched.as_ref().and_then(|matched| deployed.routes.get(matched.route));
        if let (Some(route), Some(matched)) = (route, matched) {
            self.exchange.route_key = route.key.clone();
            self.exchange.parameters = matched.parameters;
        }
        // A route of its own for `OPTIONS` that asks who it is asks that of browsers as well.
        if let Some(cors) = preflight
            && route.is_none_or(|route| route.authorization == Authorization::None)
        {
            return Ok(Reply::empty(StatusCode::NO_CONTENT, cors::preflight(cors, &head.headers)));
        }
        let route = route.ok_or(Refusal::NotFound)?;
        self.gateway.buckets.take(served, &route.key, self.exchange.at)?;
        let body = self.take_body(head, body, route).await?;
        self.admit(head, route, &body.bytes()).await?;
        if let Some(cors) = preflight {
            return Ok(Reply::empty(StatusCode::NO_CONTENT, cors::preflight(cors, &head.headers)));
        }
        let integration = route.integration.as_ref().and_then(|id| served.integration(id)).ok_or(Refusal::Internal)?;
        self.integrate(integration, body).await
    }

    /// What the gateway says in every answer.
    fn dress(&self, head: &Parts, response: &mut Response<Body>) {
        if let Some(cors) = &self.served.deployed().cors
            && !cors::is_preflight(&head.method, &head.headers)
        {
            cors::dress(cors, &head.headers, response.headers_mut());
        }
        if let Ok(id) = self.arrival.request_id.parse() {
            response.headers_mut().entry("apigw-requestid").or_insert(id);
        }
        if head.method == http::Method::HEAD {
            *response.body_mut() = body::empty();
        }
    }

    /// The answer, of which a line is written when its last byte has gone.
    fn written_down(mut self, response: Response<Body>) -> Response<Body> {
        let Some(log) = &self.served.stage.access_log else { return response };
        self.outcome.status = response.status().as_u16();
        self.outcome.latency = millis(self.arrival.env.now(), self.exchange.at);
        let known = response.body().size_hint().exact();
        let (handle, destination, format) = (self.gateway.log.clone(), log.destination.clone(), log.format.clone());
        let (exchange, mut outcome) = (self.exchange, self.outcome);
        let mut end = move |length: u64| {
            outcome.length = length;
            handle.write(&destination, &exchange, logic::http_api::access_log::line(&format, &exchange, &outcome));
        };
        match known {
            Some(length) => {
                end(length);
                response
            }
            None => response.map(|body| watched::Watched::new(body, end).boxed()),
        }
    }
}

/// From one moment to another, in milliseconds.
fn millis(now: Timestamp, since: Timestamp) -> u64 {
    u64::try_from(now.since(since).as_millis()).unwrap_or(u64::MAX)
}
