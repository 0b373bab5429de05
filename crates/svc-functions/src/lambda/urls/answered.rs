//! What a function answers at its URL, as an answer of HTTP (Lambda developer guide, "Response payload format"; "Response streaming for Lambda
//! functions").

use crate::lambda::invoke::{Step, Steps, whole};
use agent_proto::function::Answer as Outcome;
use bytes::{Bytes, BytesMut};
use front::{Body, body};
use futures::{Stream, stream};
use http::{
    HeaderMap, HeaderName, HeaderValue, Response, StatusCode,
    header::{CONTENT_TYPE, SET_COOKIE},
};
use logic::http_api::answer;
use model::apigatewayv2::PayloadVersion;
use serde_json::{Map, Value, json};

/// A stream of this type begins with what stands before its body: JSON, and this.
const WITH_PRELUDE: &str = "application/vnd.awslambda.http-integration-response";
const DELIMITER: [u8; 8] = [0; 8];
/// The most that may stand before a body.
const LARGEST_PRELUDE: usize = 1 << 20;

/// The answer of a URL that waits for all of it.
pub async fn buffered(outcome: Outcome) -> Response<Body> {
    let (payload, is_error) = whole(outcome).await;
    if is_error {
        return failed();
    }
    let Ok(read) = answer::read(PayloadVersion::V2, &payload) else { return failed() };
    let mut response = Response::new(body::full(read.body));
    *response.status_mut() = StatusCode::from_u16(read.status).unwrap_or(StatusCode::BAD_GATEWAY);
    *response.headers_mut() = read.headers;
    if !names_its_type(&payload) {
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    response
}

/// Whether the function says of which type its answer is; URLs take JSON for it, other than HTTP APIs.
fn names_its_type(payload: &[u8]) -> bool {
    let answer: Option<Map<String, Value>> = serde_json::from_slice(payload).ok();
    let headers = answer.as_ref().and_then(|answer| answer.get("headers")?.as_object());
    headers.is_some_and(|headers| headers.keys().any(|name| name.eq_ignore_ascii_case(CONTENT_TYPE.as_str())))
}

/// The answer of a URL that passes it on as it comes.
pub async fn streamed(outcome: Outcome) -> Response<Body> {
    let content_type = match &outcome {
        Outcome::Failed(_) => return failed(),
        Outcome::Whole(_) => None,
        Outcome::Pieces { content_type, .. } => content_type.clone(),
    };
    let mut steps = Steps::of(outcome);
    if content_type.as_deref() == Some(WITH_PRELUDE) {
        return match prelude(&mut steps).await {
            Some((prelude, rest)) => with_prelude(&prelude, steps.before(rest)),
            None => failed(),
        };
    }
    // As long as nothing is sent, a failure can be answered as one.
    let first = match steps.next().await {
        Step::Data(bytes) => bytes,
        Step::Failed(_) => return failed(),
        Step::End => return Response::new(body::empty()),
    };
    let content_type = content_type.and_then(|it| HeaderValue::from_str(&it).ok());
    let mut response = Response::new(body::streaming(bytes_of(steps.before(first))));
    let unknown = HeaderValue::from_static("application/octet-stream");
    response.headers_mut().insert(CONTENT_TYPE, content_type.unwrap_or(unknown));
    response
}

/// What stands before the body, and what has come of the body meanwhile.
async fn prelude(steps: &mut Steps) -> Option<(Map<String, Value>, Bytes)> {
    let mut read = BytesMut::new();
    while read.len() < LARGEST_PRELUDE {
        if let Some(at) = read.windows(DELIMITER.len()).position(|window| window == DELIMITER) {
            let rest = read.split_off(at + DELIMITER.len()).freeze();
            return Some((serde_json::from_slice(&read[..at]).ok()?, rest));
        }
        match steps.next().await {
            Step::Data(bytes) => read.extend_from_slice(&bytes),
            Step::Failed(_) | Step::End => return None,
        }
    }
    None
}

fn with_prelude(prelude: &Map<String, Value>, steps: Steps) -> Response<Body> {
    let status = prelude.get("statusCode").map_or(Some(200), Value::as_u64);
    let status = status.and_then(|status| StatusCode::from_u16(u16::try_from(status).ok()?).ok());
    let (Some(status), Some(headers)) = (status, headers(prelude)) else { return failed() };
    let mut response = Response::new(body::streaming(bytes_of(steps)));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response.headers_mut().entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("application/octet-stream"));
    response
}

/// The headers and the cookies; none if they can't be such.
fn headers(prelude: &Map<String, Value>) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    for (name, value) in prelude.get("headers").and_then(Value::as_object).into_iter().flatten() {
        headers.append(HeaderName::from_bytes(name.as_bytes()).ok()?, HeaderValue::from_str(&text(value)).ok()?);
    }
    for cookie in prelude.get("cookies").and_then(Value::as_array).into_iter().flatten() {
        headers.append(SET_COOKIE, HeaderValue::from_str(&text(cookie)).ok()?);
    }
    Some(headers)
}

/// A function that fails in the midst of its answer.
#[derive(Debug, thiserror::Error)]
#[error("the function has failed: {0}")]
struct Broken(String);

/// The bytes of an answer. A failure in the midst of it breaks the connection: that is all that can be said to a client which has begun to read.
fn bytes_of(steps: Steps) -> impl Stream<Item = Result<Bytes, Broken>> + Send {
    stream::unfold(Some(steps), |steps| async move {
        let mut steps = steps?;
        match steps.next().await {
            Step::Data(bytes) => Some((Ok(bytes), Some(steps))),
            Step::Failed(error) => Some((Err(Broken(error.kind)), None)),
            Step::End => None,
        }
    })
}

/// What a client gets that can't be told what went wrong.
pub fn failed() -> Response<Body> {
    let mut response = Response::new(body::full("Internal Server Error"));
    *response.status_mut() = StatusCode::BAD_GATEWAY;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// The refusal of whoever the function's policy doesn't let in. A policy that lets everybody use the URL has to let them invoke the function
/// by it as well, which most that are refused have forgotten: so Lambda says where to read.
pub fn closed() -> Response<Body> {
    const WHERE: &str = "https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html";
    let text = format!("Forbidden. For troubleshooting Function URL authorization issues, see: {WHERE}");
    let mut response = message(StatusCode::FORBIDDEN, &text);
    response.headers_mut().insert("x-amzn-errortype", HeaderValue::from_static("AccessDeniedException"));
    response
}

/// A refusal, as URLs word it.
pub fn message(status: StatusCode, text: &str) -> Response<Body> {
    let mut response = Response::new(body::full(json!({"Message": text}).to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
