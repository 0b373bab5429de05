//! The Runtime API: the next invocation, and what comes of it (Lambda developer guide, "Using the Lambda runtime API for custom runtimes").

use super::{
    super::{
        desk::{Current, FromFunction, Stage},
        faults::{Fault, MOST_ANSWER},
    },
    Answer, Api, MOST_SAID, Unread, accepted, header_of, read, refused, reset,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode, header::CONTENT_TYPE};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use serde_json::json;
use tokio::sync::mpsc;

const MODE: &str = "lambda-runtime-function-response-mode";
const ERROR_TYPE: &str = "lambda-runtime-function-error-type";
/// In a trailer, in base64.
const ERROR_BODY: &str = "lambda-runtime-function-error-body";
/// The most that a function may stream (Lambda quotas: 200 MB).
const MOST_STREAMED: usize = 200 << 20;

impl Api {
    /// Waits for an invocation. Who asks again without an answer is told of the same one.
    pub(super) async fn next(&self) -> Answer {
        self.desk.change(|state| {
            if matches!(state.stage, Some(Stage::Started | Stage::ResponseSent)) {
                state.stage = Some(Stage::Ready);
            }
        });
        let event = self.desk.until_reset(|state| {
            let current = state.current.as_ref()?;
            if !matches!(state.stage, Some(Stage::Ready | Stage::Running)) {
                return None;
            }
            let event = event(current);
            state.stage = Some(Stage::Running);
            Some(event)
        });
        event.await.unwrap_or_else(reset)
    }

    /// Takes an answer, at once or as it comes.
    pub(super) async fn response(&self, id: &str, request: Request<Incoming>) -> Answer {
        let mode = header_of(&request, MODE).map(str::to_owned);
        let streams = match mode.as_deref() {
            None => false,
            Some("streaming") => true,
            Some(_) => {
                return refused(StatusCode::BAD_REQUEST, "InvalidFunctionResponseMode", "Invalid function response mode");
            }
        };
        let (answers, wanted) = match self.begin(id, Stage::InvocationResponse) {
            Ok(begun) => begun,
            Err(answer) => return *answer,
        };
        let content_type = header_of(&request, CONTENT_TYPE.as_str()).map(str::to_owned);
        let answer = match streams && wanted {
            true => stream(request.into_body(), content_type, &answers).await,
            false => whole(request.into_body(), content_type, &answers).await,
        };
        self.end();
        answer
    }

    /// Takes what went wrong.
    pub(super) async fn error(&self, id: &str, request: Request<Incoming>) -> Answer {
        let (answers, _) = match self.begin(id, Stage::InvocationErrorResponse) {
            Ok(begun) => begun,
            Err(answer) => return *answer,
        };
        let told = told(request).await;
        let _ = answers.send(FromFunction::Fails(told)).await;
        self.end();
        accepted()
    }

    /// The runtime can't be initialized.
    pub(super) async fn init_error(&self, request: Request<Incoming>) -> Answer {
        let stage = self.desk.with(|state| state.stage);
        if stage != Some(Stage::Started) {
            return not_from(stage, Stage::InitError);
        }
        let told = told(request).await;
        self.desk.change(|state| {
            state.stage = Some(Stage::InitError);
            state.failure = Some(told);
        });
        accepted()
    }

    /// Whether an answer to this request may come now, where it goes, and whether it may be a stream.
    fn begin(&self, id: &str, to: Stage) -> Result<(mpsc::Sender<FromFunction>, bool), Box<Answer>> {
        self.desk.with(|state| {
            if state.stage != Some(Stage::Running) {
                return Err(Box::new(not_from(state.stage, to)));
            }
            match &state.current {
                Some(current) if current.head.request_id == id => {
                    state.stage = Some(to);
                    Ok((current.answers.clone(), current.head.streams))
                }
                _ => Err(Box::new(refused(StatusCode::BAD_REQUEST, "InvalidRequestID", "Invalid request ID"))),
            }
        })
    }

    /// The answer has come. (A reset may have been faster.)
    fn end(&self) {
        self.desk.change(|state| {
            if matches!(state.stage, Some(Stage::InvocationResponse | Stage::InvocationErrorResponse)) {
                state.stage = Some(Stage::ResponseSent);
                state.current = None;
            }
        });
    }
}

fn not_from(stage: Option<Stage>, to: Stage) -> Answer {
    let from = stage.map_or("Stopped".to_owned(), |stage| format!("{stage:?}"));
    let message = format!("State transition from {from} to {to:?} failed for runtime. Error: State transition is not allowed");
    refused(StatusCode::FORBIDDEN, "InvalidStateTransition", &message)
}

/// An event as the runtime gets it.
fn event(current: &Current) -> Answer {
    let head = &current.head;
    let mut answer = Response::new(Full::new(current.payload.clone()));
    let deadline = current.deadline.0.to_string();
    let headers = [
        ("content-type", Some("application/json")),
        ("lambda-runtime-aws-request-id", Some(head.request_id.as_str())),
        ("lambda-runtime-deadline-ms", Some(deadline.as_str())),
        ("lambda-runtime-invoked-function-arn", Some(head.invoked_arn.as_str())),
        ("lambda-runtime-trace-id", Some(head.trace_id.as_str())),
        ("lambda-runtime-client-context", head.client_context.as_deref()),
        ("lambda-runtime-cognito-identity", head.cognito_identity.as_deref()),
    ];
    for (name, value) in headers.into_iter().filter_map(|(name, value)| Some((name, value.filter(|it| !it.is_empty())?))) {
        if let Ok(value) = value.parse() {
            answer.headers_mut().insert(name, value);
        }
    }
    answer
}

/// What a runtime or an extension says of an error.
async fn told(request: Request<Incoming>) -> Fault {
    let kind = header_of(&request, ERROR_TYPE).map(str::to_owned);
    match read(request.into_body(), MOST_SAID).await {
        Err(Unread::TooLarge) => Fault::TooLarge,
        Err(Unread::Truncated) => Fault::Truncated,
        Ok(body) => {
            let named = || serde_json::from_slice::<serde_json::Value>(&body).ok()?["errorType"].as_str().map(str::to_owned);
            let kind = kind.or_else(named).unwrap_or_else(|| "Runtime.Unknown".to_owned());
            Fault::Told(kind, body)
        }
    }
}

async fn whole(body: Incoming, content_type: Option<String>, answers: &mpsc::Sender<FromFunction>) -> Answer {
    let (answered, answer) = match read(body, MOST_ANSWER).await {
        Ok(payload) => (FromFunction::Whole { payload, content_type }, accepted()),
        Err(Unread::TooLarge) => (FromFunction::Fails(Fault::TooLarge), too_large()),
        Err(Unread::Truncated) => (FromFunction::Fails(Fault::Truncated), truncated()),
    };
    let _ = answers.send(answered).await;
    answer
}

fn too_large() -> Answer {
    let message = format!("Exceeded maximum allowed payload size ({MOST_ANSWER} bytes).");
    refused(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", &message)
}

fn truncated() -> Answer {
    refused(StatusCode::BAD_REQUEST, "TruncatedHTTPRequest", "HTTP request detected as truncated")
}

/// Passes an answer on as it comes. What the caller doesn't take, the function has to wait for.
async fn stream(mut body: Incoming, content_type: Option<String>, answers: &mpsc::Sender<FromFunction>) -> Answer {
    let mut length = 0;
    let _ = answers.send(FromFunction::Begins { content_type }).await;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else {
            let _ = answers.send(FromFunction::Fails(Fault::Truncated)).await;
            return truncated();
        };
        match frame.into_data() {
            Ok(data) => {
                length += data.len();
                if length > MOST_STREAMED {
                    let _ = answers.send(FromFunction::Fails(Fault::TooLarge)).await;
                    return too_large();
                }
                let _ = answers.send(FromFunction::Data(data)).await;
            }
            Err(frame) => {
                if let Some(fault) = frame.trailers_ref().and_then(failed_at_last) {
                    let _ = answers.send(FromFunction::Fails(fault)).await;
                    return accepted();
                }
            }
        }
    }
    let _ = answers.send(FromFunction::Ends).await;
    accepted()
}

/// A handler that fails in the midst of its answer says so in trailers.
fn failed_at_last(trailers: &HeaderMap) -> Option<Fault> {
    let kind = trailers.get(ERROR_TYPE)?.to_str().ok()?.to_owned();
    let body = trailers.get(ERROR_BODY).and_then(|body| BASE64_STANDARD.decode(body.as_bytes()).ok());
    let body = body.map_or_else(|| Bytes::from(json!({"errorType": kind}).to_string()), Bytes::from);
    Some(Fault::Told(kind, body))
}
