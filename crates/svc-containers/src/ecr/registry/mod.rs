//! The OCI distribution protocol (OCI distribution specification 1.1), under `/v2/` of the cloud's own address.
//!
//! Which registry is meant stands in the host (`<account>.dkr.ecr.<region>.…`) or else in the password that the client was given by
//! `GetAuthorizationToken`. As in ECR, a repository has to be created before anything is pushed into it, and blobs are deleted by
//! nobody but the sweeper.
//!
//! A password stands for whoever asked for it. Each request is decided by that principal's policies and the repository's, as the operation
//! of the API is that does the same: see [`permission`].

mod access;
mod blobs;
mod errors;
mod lists;
mod manifests;
mod permission;
mod reply;
mod route;
mod uploads;

use super::Ecr;
use access::{Entry, Who};
use async_trait::async_trait;
use errors::Refusal;
use front::{Arrival, Body, Mount};
use http::{HeaderMap, Method, Request, Response, request::Parts};
use logic::policy::Context;
use model::{AccountId, Key, Region, Timestamp, ecr::Repository};
use route::Route;
use std::sync::Arc;

/// The registry of every account and region.
pub struct Registry {
    ecr: Arc<Ecr>,
}

impl Registry {
    /// Serves these registries.
    pub fn new(ecr: Arc<Ecr>) -> Self {
        Self { ecr }
    }
}

/// A request for one registry, by somebody who is known.
struct Ask<'a> {
    ecr: &'a Ecr,
    account: AccountId,
    region: Region,
    who: Who,
    now: Timestamp,
    /// An id for an upload that the request may begin.
    fresh_id: String,
    method: &'a Method,
    headers: &'a HeaderMap,
    query: route::Query,
}

impl Ask<'_> {
    fn repository(&self, name: &str) -> Key<Repository> {
        Key::new(&self.account, &self.region, name)
    }

    /// Refuses unless the caller may do all of that to a repository.
    fn may(&self, actions: &[&str], name: &str) -> Result<(), Refusal> {
        let Who::Caller(cx) = &self.who else { return Err(errors::only_a_blob()) };
        let resource = [self.repository(name).arn()];
        Ok(actions.iter().try_for_each(|action| cx.authorize(action, &resource, &Context::default()))?)
    }

    /// Whether it is for the blob that its address was given out for.
    fn reads(&self, route: &Route) -> bool {
        let Who::Reader { repository, digest } = &self.who else { return false };
        let wanted = Route::Blob { name: repository.clone(), digest: digest.clone() };
        *route == wanted && [Method::GET, Method::HEAD].contains(self.method)
    }

    /// Tells the trail of calls what came of the request, which is also an operation of the API.
    fn tell(&self, arrival: &Arrival, action: &str, answer: &Answer) {
        let Who::Caller(cx) = &self.who else { return };
        let operation = action.split_once(':').map_or(action, |(_, operation)| operation);
        arrival.tell(cx, operation, &answer.as_ref().map(|_| ()).map_err(Refusal::fault));
    }

    fn header(&self, name: impl http::header::AsHeaderName) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

type Answer = Result<Response<Body>, Refusal>;

/// Whether the request has a signature of AWS's.
fn is_signed(head: &Parts) -> bool {
    let authorization = head.headers.get(http::header::AUTHORIZATION);
    authorization.is_some_and(|value| value.as_bytes().starts_with(b"AWS4-"))
}

#[async_trait]
impl Mount for Registry {
    fn matches(&self, head: &Parts) -> bool {
        let path = head.uri.path();
        // Clients of the registry never sign; what is signed is an operation of AWS at such a path, such as those of API Gateway.
        (path == "/v2" || path.starts_with("/v2/")) && !is_signed(head)
    }

    async fn serve(&self, request: Request<Body>, arrival: Arrival) -> Response<Body> {
        let (head, body) = request.into_parts();
        let answer = self.answer(&head, body, &arrival).await;
        reply::stamp(answer.unwrap_or_else(|refusal| refusal.response()), &arrival.request_id)
    }
}

impl Registry {
    async fn answer(&self, head: &Parts, body: Body, arrival: &Arrival) -> Answer {
        let query = route::Query::read(head.uri.query().unwrap_or_default());
        let now = arrival.env.now();
        let Entry { account, region, who } = access::enter(&self.ecr.store, head, &query, arrival, now)?;
        let fresh_id = arrival.env.uuid();
        let ask =
            Ask { ecr: &self.ecr, account, region, who, now, fresh_id, method: &head.method, headers: &head.headers, query };
        let route = Route::parse(head.uri.path()).ok_or_else(errors::no_route)?;
        match permission::needed(&route, &head.method) {
            Some((name, action)) if !ask.reads(&route) => {
                let answer = match ask.may(&[action], name) {
                    Ok(()) => dispatch(&ask, &route, body).await,
                    Err(refusal) => Err(refusal),
                };
                ask.tell(arrival, action, &answer);
                answer
            }
            _ => dispatch(&ask, &route, body).await,
        }
    }
}

async fn dispatch(ask: &Ask<'_>, route: &Route, body: Body) -> Answer {
    let get = [Method::GET, Method::HEAD].contains(ask.method);
    match (route, ask.method.as_str()) {
        (Route::Base, _) if get => Ok(reply::empty(http::StatusCode::OK)),
        (Route::Catalog, "GET") => lists::catalog(ask),
        (Route::Tags { name }, "GET") => lists::tags(ask, name),
        (Route::Referrers { name, digest }, "GET") => lists::referrers(ask, name, digest),
        (Route::Manifest { name, reference }, _) if get => manifests::get(ask, name, reference).await,
        (Route::Manifest { name, reference }, "PUT") => manifests::put(ask, name, reference, body).await,
        (Route::Manifest { name, reference }, "DELETE") => manifests::delete(ask, name, reference).await,
        (Route::Blob { name, digest }, _) if get => blobs::get(ask, name, digest).await,
        (Route::Uploads { name }, "POST") => uploads::begin(ask, name, body).await,
        (Route::Upload { name, id }, "GET") => uploads::status(ask, name, id).await,
        (Route::Upload { name, id }, "PATCH") => uploads::append(ask, name, id, body).await,
        (Route::Upload { name, id }, "PUT") => uploads::finish(ask, name, id, body).await,
        (Route::Upload { name, id }, "DELETE") => uploads::cancel(ask, name, id).await,
        _ => Err(errors::unsupported()),
    }
}
