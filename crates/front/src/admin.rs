//! `/_hillfog/…`: what the cloud's owner asks of it, and no AWS API has a word for.
//!
//! | | |
//! |---|---|
//! | `GET /_hillfog/health` | `{"status":"ok"}` as soon as requests are answered |
//! | `GET /_hillfog/status` | what runs, and what this host can't do |
//! | `POST /_hillfog/reset` | empties the cloud |
//! | `POST /_hillfog/clock` | `{"advance_seconds": 3600}` moves the cloud's clock forward |
//! | `POST /_hillfog/keys` | `{"account": "123456789012"}` issues an access key of the account's root |
//! | `POST /_hillfog/instances/events` | `{"instance": "i-…", "event": "retire", "in_seconds": 3600}` schedules a `reboot`, a `stop` or a retirement |
//! | `GET /_hillfog/iam/observed?principal=ARN` | the least policy that covers what the principal was allowed; `&since_seconds=3600` of late |
//! | `POST /_hillfog/iam/decide` | `{"principal": ARN, "action": "ecs:RunTask", "resource": ARN}` says what would be decided, and why |

mod iam;
mod instances;

pub use instances::PlannedEvent;

use crate::{Body, Front, auth::credentials::Issued, body, host, locate::host_of};
use async_trait::async_trait;
use http::{Method, Request, Response, StatusCode, header, request::Parts};
use model::{AccountId, Arn};
use serde_json::{Value, json};
use std::time::Duration;

/// What every path here begins with.
pub const PREFIX: &str = "/_hillfog/";

/// The longest step by which the clock is moved: about a hundred years.
const LONGEST_ADVANCE_S: f64 = 3.2e9;
const LARGEST_BODY: usize = 64 * 1024;

/// What only the binary can do.
#[async_trait]
pub trait Admin: Send + Sync + 'static {
    /// Stops everything that runs and deletes everything that is kept. The words of an error are for the owner.
    async fn reset(&self) -> Result<(), String>;
    /// What runs, and what this host can't do.
    async fn status(&self) -> Value;
    /// Moves the cloud's clock forward.
    async fn advance(&self, by: Duration) -> Result<(), String>;
    /// Issues an access key that acts as the account's root.
    async fn issue_key(&self, account: &AccountId) -> Result<Issued, String>;
    /// Schedules an event for an instance. The words of an error say why it can't be.
    async fn schedule(&self, event: PlannedEvent) -> Result<Value, String>;
    /// The least policy that covers what the principal was allowed, lately or as far back as is known.
    async fn observed(&self, principal: &Arn, lately: Option<Duration>) -> Result<Value, String>;
}

/// Whether the request is one of the owner's.
pub(crate) fn matches(head: &Parts) -> bool {
    head.uri.path().starts_with(PREFIX)
}

/// Whether a browser has been led here by somebody else's page: its requests carry the page's origin, or a host name that somebody
/// else's name server has made mean this machine.
pub(crate) fn is_foreign(head: &Parts) -> bool {
    let origin = head.headers.get(header::ORIGIN).map(|origin| origin.to_str().unwrap_or_default());
    let origin_host = |origin: &str| origin.split_once("://").map(|(_, host)| host.to_owned()).unwrap_or_default();
    let strange_origin = origin.is_some_and(|origin| !host::is_loopback(&origin_host(origin)));
    let cross_site = head.headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site");
    strange_origin || cross_site || !host_of(head).is_some_and(host::is_loopback)
}

/// Answers a request that is known to be the owner's.
pub(crate) async fn serve(front: &Front, request: Request<Body>) -> Response<Body> {
    let (head, body) = request.into_parts();
    let action = head.uri.path().trim_start_matches(PREFIX);
    match (action, &head.method, front.admin.as_deref()) {
        ("health", &Method::GET, _) => answer(StatusCode::OK, json!({"status": "ok"})),
        ("status", &Method::GET, Some(admin)) => answer(StatusCode::OK, admin.status().await),
        ("reset", &Method::POST, Some(admin)) => outcome(admin.reset().await),
        ("clock", &Method::POST, Some(admin)) => match advance_of(body).await {
            Ok(by) => outcome(admin.advance(by).await),
            Err(message) => error(StatusCode::BAD_REQUEST, message),
        },
        ("keys", &Method::POST, Some(admin)) => match account_of(body).await {
            Ok(account) => key(admin.issue_key(&account).await),
            Err(message) => error(StatusCode::BAD_REQUEST, message),
        },
        ("instances/events", &Method::POST, Some(admin)) => instances::schedule(admin, body).await,
        ("iam/observed", &Method::GET, _) => iam::observed(front, &head).await,
        ("iam/decide", &Method::POST, _) => iam::decide(front, body).await,
        ("health" | "status" | "reset" | "clock" | "keys" | "instances/events" | "iam/observed" | "iam/decide", _, Some(_)) => {
            let message =
                "use GET for health, status and iam/observed, POST for reset, clock, keys, instances/events and iam/decide";
            error(StatusCode::METHOD_NOT_ALLOWED, message)
        }
        _ => error(
            StatusCode::NOT_FOUND,
            "there are health, status, reset, clock, keys, instances/events, iam/observed and iam/decide",
        ),
    }
}

async fn json_of(body: Body, example: &'static str) -> Result<Value, &'static str> {
    let bytes = body::read(body, LARGEST_BODY).await.map_err(|_| "the body could not be read")?;
    serde_json::from_slice(&bytes).map_err(|_| example)
}

async fn account_of(body: Body) -> Result<AccountId, &'static str> {
    let example = "the body has to be JSON with a 12-digit account id, such as {\"account\": \"123456789012\"}";
    let wanted = json_of(body, example).await?;
    wanted["account"].as_str().and_then(|account| AccountId::parse(account).ok()).ok_or(example)
}

fn key(issued: Result<Issued, String>) -> Response<Body> {
    match issued {
        Ok(key) => {
            answer(StatusCode::OK, json!({"access_key_id": key.access_key_id, "secret_access_key": key.secret_access_key}))
        }
        Err(message) => error(StatusCode::INTERNAL_SERVER_ERROR, message),
    }
}

async fn advance_of(body: Body) -> Result<Duration, &'static str> {
    let wanted = json_of(body, "the body has to be JSON, such as {\"advance_seconds\": 3600}").await?;
    let seconds = wanted.get("advance_seconds").and_then(Value::as_f64);
    let seconds = seconds.filter(|seconds| (0.0..=LONGEST_ADVANCE_S).contains(seconds));
    seconds
        .map(Duration::from_secs_f64)
        .ok_or("`advance_seconds` has to be a number that isn't negative: the clock goes forward only")
}

fn outcome(result: Result<(), String>) -> Response<Body> {
    match result {
        Ok(()) => answer(StatusCode::OK, json!({"status": "ok"})),
        Err(message) => error(StatusCode::INTERNAL_SERVER_ERROR, message),
    }
}

pub(crate) fn error(status: StatusCode, message: impl Into<String>) -> Response<Body> {
    answer(status, json!({"error": message.into()}))
}

fn answer(status: StatusCode, value: Value) -> Response<Body> {
    let mut response = Response::new(body::full(value.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    response
}
