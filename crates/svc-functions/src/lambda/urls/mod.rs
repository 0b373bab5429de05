//! Function URLs: HTTP in front of a function (Lambda developer guide, "Creating and managing Lambda function URLs").
//!
//! `<id>.lambda-url.<region>.localhost` is answered here. A request becomes an event in payload format 2.0, as those of HTTP APIs do, and what
//! the function answers becomes the answer: read as a response where the URL is buffered, passed on as it comes where it streams.
//!
//! * `asked`: the request as an event, and who may ask.
//! * `answered`: the function's answer.

mod answered;
mod asked;

use super::{
    errors,
    invoke::{Invoker, LARGEST, Ran},
    names::Named,
    pool::{Call, NotRun},
};
use answered::{closed, failed, message};
use asked::Asked;
use async_trait::async_trait;
use bytes::Bytes;
use front::{Arrival, Body, Mount, body, host};
use http::{HeaderValue, Request, Response, StatusCode, header::HOST, request::Parts};
use logic::http_api::{cors, event};
use model::{
    Key,
    apigatewayv2::{self, PayloadVersion},
    lambda::{Cors, InvokeMode, Url, UrlName, UrlSpec},
};
use spine::{Read, StoreError};
use std::sync::Arc;

/// What stands behind the id in a host.
const LABEL: &str = ".lambda-url.";
/// What ends it.
const END: &str = ".localhost";

/// Answers at the URLs of functions.
pub struct Urls {
    invoker: Arc<Invoker>,
}

/// A URL that was found.
struct Found {
    key: Key<Url>,
    spec: Arc<UrlSpec>,
}

impl Urls {
    /// That invokes functions so.
    pub fn new(invoker: Arc<Invoker>) -> Arc<Self> {
        Arc::new(Self { invoker })
    }

    fn find(&self, head: &Parts) -> Result<Option<Found>, StoreError> {
        let Some((id, region)) = host_of(head).as_deref().and_then(parts).map(|(id, region)| (id.to_owned(), region.to_owned()))
        else {
            return Ok(None);
        };
        let snapshot = self.invoker.store.snapshot();
        let Some(name) = snapshot.spec(&Key::<UrlName>::of_id(&id))?.filter(|name| name.region.as_str() == region) else {
            return Ok(None);
        };
        let key = name.key();
        Ok(snapshot.spec(&key)?.filter(|spec| spec.id == id).map(|spec| Found { key, spec }))
    }

    async fn answer(&self, found: &Found, mut head: Parts, request: Body, arrival: &Arrival) -> Response<Body> {
        let cors = found.spec.cors.as_ref().map(of_http_apis);
        if let Some(cors) = cors.as_ref().filter(|_| cors::is_preflight(&head.method, &head.headers)) {
            let mut response = Response::new(body::empty());
            response.headers_mut().extend(cors::preflight(cors, &head.headers));
            return response;
        }
        let mut response = match body::read(request, LARGEST).await {
            Ok(bytes) => self.invoke(found, &mut head, bytes, arrival).await,
            Err(body::ReadError::TooLarge(_)) => message(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large"),
            Err(_) => message(StatusCode::BAD_REQUEST, "Bad Request"),
        };
        if let Some(cors) = &cors {
            cors::dress(cors, &head.headers, response.headers_mut());
        }
        response
    }

    async fn invoke(&self, found: &Found, head: &mut Parts, bytes: Bytes, arrival: &Arrival) -> Response<Body> {
        let asked = Asked { store: &self.invoker.store, key: &found.key, spec: &found.spec, arrival };
        let caller = match asked.admit(head, &bytes) {
            Ok(caller) => caller,
            Err(_) => return closed(),
        };
        let exchange = asked.exchange(head, caller);
        let event = event::integration(PayloadVersion::V2, &exchange, &bytes);
        let streams = found.spec.mode == InvokeMode::ResponseStream;
        let named = Named { key: found.key.function(), qualifier: found.key.alias().map(str::to_owned) };
        let call = Call::new(named.key, named.qualifier, arrival.request_id.clone(), event.to_string().into());
        let trace = exchange.header("x-amzn-trace-id");
        match self.invoker.run(Call { streams, trace, ..call }).await {
            Ok(Ran { invoked, .. }) if streams => answered::streamed(invoked.answer).await,
            Ok(Ran { invoked, .. }) => answered::buffered(invoked.answer).await,
            Err(NotRun::Throttled(_)) => message(StatusCode::TOO_MANY_REQUESTS, "Rate Exceeded."),
            Err(NotRun::Fault(fault)) if errors::is_not_found(&fault) => message(StatusCode::FORBIDDEN, "Forbidden"),
            Err(NotRun::Fault(fault)) => {
                tracing::debug!(request_id = arrival.request_id, %fault, "a function behind a URL could not be run");
                failed()
            }
        }
    }
}

#[async_trait]
impl Mount for Urls {
    fn matches(&self, head: &Parts) -> bool {
        host_of(head).is_some_and(|host| parts(&host).is_some())
    }

    async fn serve(&self, request: Request<Body>, arrival: Arrival) -> Response<Body> {
        let (head, body) = request.into_parts();
        let mut response = match self.find(&head) {
            Ok(Some(found)) => self.answer(&found, head, body, &arrival).await,
            Ok(None) => message(StatusCode::FORBIDDEN, "Forbidden"),
            Err(error) => {
                tracing::error!(%error, "a function's URL could not be looked up");
                failed()
            }
        };
        if let Ok(id) = HeaderValue::from_str(&arrival.request_id) {
            response.headers_mut().insert("x-amzn-requestid", id);
        }
        response
    }
}

fn host_of(head: &Parts) -> Option<String> {
    let named = head.uri.authority().map(|authority| authority.as_str());
    named.or_else(|| head.headers.get(HOST)?.to_str().ok()).map(host::name)
}

/// The id and the region in the host of a URL.
fn parts(host: &str) -> Option<(&str, &str)> {
    let (id, rest) = host.split_once(LABEL)?;
    let region = rest.strip_suffix(END)?;
    (!id.is_empty() && !id.contains('.') && !region.is_empty()).then_some((id, region))
}

/// The settings as HTTP APIs have them.
fn of_http_apis(cors: &Cors) -> apigatewayv2::Cors {
    let list = |given: &Option<Vec<String>>| given.clone().unwrap_or_default();
    apigatewayv2::Cors {
        allow_credentials: cors.credentials.unwrap_or_default(),
        allow_headers: list(&cors.headers),
        allow_methods: list(&cors.methods),
        allow_origins: list(&cors.origins),
        expose_headers: list(&cors.exposed),
        max_age: cors.max_age.and_then(|age| i32::try_from(age).ok()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_of_urls_have_an_id_and_a_region() {
        assert_eq!(parts("abc.lambda-url.eu-west-1.localhost"), Some(("abc", "eu-west-1")));
        for other in [
            ".lambda-url.eu-west-1.localhost",
            "a.b.lambda-url.eu-west-1.localhost",
            "abc.lambda-url.localhost",
            "lambda.localhost",
        ] {
            assert_eq!(parts(other), None, "{other}");
        }
    }
}
