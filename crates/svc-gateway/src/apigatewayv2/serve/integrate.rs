//! Integrations: the request as it is changed for them, their answer as it is changed for the client, and how long they may take.

use super::{Journey, LARGEST, functions, http_proxy, millis, refusal::Refusal, served::Integration, services};
use bytes::Bytes;
use front::{
    Body,
    body::{self, ReadError},
};
use http::{HeaderMap, Response, StatusCode, header, request::Parts};
use http_body::Body as _;
use logic::http_api::{answer::Answer, exchange::Exchange, mapping};
use model::apigatewayv2::{Authorization, IntegrationKind, RouteSpec};
use std::time::Duration;

/// The body of a request, which streams through to an address where nobody has to look into it.
pub enum Asked {
    /// All of it.
    Whole(Bytes),
    /// As it comes.
    Streaming(Body),
}

impl Asked {
    /// What is there to be looked at.
    pub fn bytes(&self) -> Bytes {
        match self {
            Self::Whole(bytes) => bytes.clone(),
            Self::Streaming(_) => Bytes::new(),
        }
    }
}

/// An answer to be sent.
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Body,
}

/// What went wrong with an integration.
pub struct Failure {
    /// What the client is told.
    pub refusal: Refusal,
    /// What the access log is told.
    pub message: String,
}

impl Failure {
    /// An integration that has failed.
    pub fn internal(message: impl Into<String>) -> Self {
        Self { refusal: Refusal::Internal, message: message.into() }
    }

    /// An integration that can't be reached, or takes too long.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self { refusal: Refusal::Unavailable, message: message.into() }
    }
}

impl Reply {
    /// An answer without a body.
    pub fn empty(status: StatusCode, headers: HeaderMap) -> Self {
        Self { status, headers, body: body::empty() }
    }

    /// Of what a function has answered. How long a body is, is the connection's to say.
    pub fn of(answer: Answer) -> Self {
        let mut headers = answer.headers;
        strip(&mut headers);
        headers.remove(header::CONTENT_LENGTH);
        let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self { status, headers, body: body::full(answer.body) }
    }

    /// As HTTP has it.
    pub fn response(self) -> Response<Body> {
        let mut response = Response::new(self.body);
        (*response.status_mut(), *response.headers_mut()) = (self.status, self.headers);
        response
    }
}

/// Takes away what is said between two ends of one connection alone (RFC 9110, section 7.6.1).
pub fn strip(headers: &mut HeaderMap) {
    let named =
        headers.get_all(header::CONNECTION).iter().filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(','));
    let named: Vec<String> = named.map(|name| name.trim().to_ascii_lowercase()).filter(|name| !name.is_empty()).collect();
    let always = [
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    ];
    for name in named.iter().map(String::as_str).chain(always) {
        headers.remove(name);
    }
}

impl Journey<'_> {
    /// The request's body, as whole as the route needs it.
    pub async fn take_body(&self, head: &Parts, body: Body, route: &RouteSpec) -> Result<Asked, Refusal> {
        let integration = route.integration.as_ref().and_then(|id| self.served.integration(id));
        let streams = integration.is_some_and(|integration| {
            let looked_into = integration.mappings.request.iter().any(mapping::Mapping::reads_body);
            integration.spec.kind == IntegrationKind::Http && !looked_into && route.authorization != Authorization::Iam
        });
        if body.size_hint().lower() > LARGEST as u64 || stated(&head.headers) > LARGEST as u64 {
            return Err(Refusal::TooLarge);
        }
        if streams {
            return Ok(Asked::Streaming(body));
        }
        match body::read(body, LARGEST).await {
            Ok(bytes) => Ok(Asked::Whole(bytes)),
            Err(ReadError::TooLarge(_)) => Err(Refusal::TooLarge),
            Err(_) => Err(Refusal::BadRequest),
        }
    }

    /// Asks the integration.
    pub async fn integrate(&mut self, integration: Integration<'_>, body: Asked) -> Result<Reply, Refusal> {
        let (spec, bytes) = (integration.spec, body.bytes());
        let (changed, target) = changed(&self.exchange, integration, &bytes);
        let begun = self.arrival.env.now();
        let deadline = self.arrival.env.sleep(Duration::from_millis(spec.timeout_ms.into()));
        let asking = async {
            match &spec.kind {
                IntegrationKind::Lambda => functions::integration(self, spec, &changed, &bytes).await,
                IntegrationKind::Service(subtype) => services::integration(self, spec, subtype, &bytes).await,
                IntegrationKind::Http => http_proxy::integration(self.gateway, spec, (&changed, target), body).await,
            }
        };
        let answered = tokio::select! {
            answered = asking => answered,
            () = deadline => Err(Failure::unavailable("The integration did not answer in time.")),
        };
        self.outcome.integration_latency = Some(millis(self.arrival.env.now(), begun));
        match answered {
            Ok((reply, invocation)) => {
                self.outcome.integration_status = Some(reply.status.as_u16());
                self.outcome.invocation_status = invocation;
                self.map_answer(integration, reply).await
            }
            Err(failure) => {
                self.outcome.integration_error = Some(failure.message);
                Err(failure.refusal)
            }
        }
    }

    async fn map_answer(&self, integration: Integration<'_>, mut reply: Reply) -> Result<Reply, Refusal> {
        let Some(mappings) = integration.mappings.answers.get(&reply.status.as_u16()) else { return Ok(reply) };
        let mut bytes = Bytes::new();
        if mappings.iter().any(mapping::Mapping::reads_body) {
            bytes = body::read(reply.body, LARGEST).await.map_err(|_| Refusal::Internal)?;
            reply.body = body::full(bytes.clone());
        }
        let mut status = reply.status.as_u16();
        mapping::map_answer(mappings, &self.exchange, (&mut status, &mut reply.headers), &bytes);
        reply.status = StatusCode::from_u16(status).unwrap_or(reply.status);
        Ok(reply)
    }
}

/// What the integration gets to see, and the path that it is asked for, if that was changed.
fn changed(exchange: &Exchange, integration: Integration<'_>, body: &[u8]) -> (Exchange, Option<String>) {
    let mut seen = exchange.clone();
    if integration.mappings.request.is_empty() {
        return (seen, None);
    }
    let changes = mapping::map_request(&integration.mappings.request, exchange, body);
    seen.headers = changes.headers;
    seen.query = changes.query.unwrap_or(seen.query);
    if let Some(path) = &changes.path {
        seen.whole_path.clone_from(path);
    }
    (seen, changes.path)
}

fn stated(headers: &HeaderMap) -> u64 {
    let length = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    length.unwrap_or(0)
}
