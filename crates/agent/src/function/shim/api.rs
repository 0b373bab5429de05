//! What listens at `127.0.0.1:9001`: the Runtime API (2018-06-01), the Extensions API (2020-01-01) and the Telemetry API (2022-07-01).
//!
//! Those who ask are the user's programs: whatever they send is answered or refused, and none of it ends the shim.

mod extensions;
mod runtime;

use super::{desk::Desk, logs::Logs, telemetry::Telemetry};
use agent_proto::function::Environment;
use bytes::{Bytes, BytesMut};
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::rt::{TokioIo, TokioTimer};
use model::Env;
use serde_json::{Value, json};
use std::{convert::Infallible, rc::Rc, sync::Arc};
use tokio::{net::TcpListener, sync::Semaphore};

/// What is answered.
type Answer = Response<Full<Bytes>>;

/// The largest body that is read but for answers: errors and registrations.
const MOST_SAID: usize = 1 << 20;
/// Connections at once: the shim's memory isn't the function's.
const CONNECTIONS: usize = 128;
/// The longest head of a request.
const HEAD: usize = 64 << 10;

/// Who answers.
pub struct Api {
    /// The state.
    pub desk: Desk,
    /// Who listens to telemetry.
    pub telemetry: Telemetry,
    /// What it is.
    pub environment: Environment,
    /// The log, for what registrations leave there.
    pub logs: Logs,
}

impl Api {
    /// Answers at the listener for as long as the environment lives.
    pub async fn serve(self: Rc<Self>, listener: Rc<TcpListener>) {
        let room = Arc::new(Semaphore::new(CONNECTIONS));
        loop {
            let Ok(place) = room.clone().acquire_owned().await else { return };
            let Ok((stream, _)) = listener.accept().await else {
                // Too many connections: some have to be closed first.
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
                continue;
            };
            let _ = stream.set_nodelay(true);
            let api = self.clone();
            let service = hyper::service::service_fn(move |request| {
                let api = api.clone();
                async move { Ok::<_, Infallible>(api.answer(request).await) }
            });
            let mut builder = hyper::server::conn::http1::Builder::new();
            builder.timer(TokioTimer::new()).max_buf_size(HEAD);
            let connection = builder.serve_connection(TokioIo::new(stream), service);
            tokio::task::spawn_local(async move {
                let _place = place;
                connection.await
            });
        }
    }

    async fn answer(&self, request: Request<Incoming>) -> Answer {
        let path = request.uri().path().to_owned();
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        match (request.method(), parts.as_slice()) {
            (&Method::GET, ["2018-06-01", "runtime", "invocation", "next"]) => self.next().await,
            (&Method::POST, ["2018-06-01", "runtime", "invocation", id, "response"]) => self.response(id, request).await,
            (&Method::POST, ["2018-06-01", "runtime", "invocation", id, "error"]) => self.error(id, request).await,
            (&Method::POST, ["2018-06-01", "runtime", "init", "error"]) => self.init_error(request).await,
            (&Method::POST, ["2020-01-01", "extension", "register"]) => self.register(request).await,
            (&Method::GET, ["2020-01-01", "extension", "event", "next"]) => self.event(request).await,
            (&Method::POST, ["2020-01-01", "extension", "init", "error"]) => self.extension_error(request, true).await,
            (&Method::POST, ["2020-01-01", "extension", "exit", "error"]) => self.extension_error(request, false).await,
            (&Method::PUT, ["2022-07-01", "telemetry"]) => self.subscribe(request).await,
            (&Method::PUT, ["2020-08-15", "logs"]) => {
                refused(StatusCode::ACCEPTED, "Logs.NotSupported", "Logs API is not supported")
            }
            _ => plain(StatusCode::NOT_FOUND, "404 page not found\n"),
        }
    }

    /// An identifier that nobody else has.
    fn new_id() -> String {
        Env::system().uuid()
    }
}

fn plain(status: StatusCode, text: &'static str) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from_static(text.as_bytes())));
    *answer.status_mut() = status;
    answer
}

fn said(status: StatusCode, what: &Value) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from(what.to_string())));
    *answer.status_mut() = status;
    answer.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    answer
}

fn accepted() -> Answer {
    said(StatusCode::ACCEPTED, &json!({"status": "OK"}))
}

fn refused(status: StatusCode, kind: &str, message: &str) -> Answer {
    said(status, &json!({"errorMessage": message, "errorType": kind}))
}

/// To whoever asked before all processes were ended.
fn reset() -> Answer {
    refused(StatusCode::FORBIDDEN, "InvalidStateTransition", "The environment was reset")
}

fn header_of<'a>(request: &'a Request<Incoming>, name: &str) -> Option<&'a str> {
    request.headers().get(name).and_then(|value| value.to_str().ok()).filter(|value| !value.is_empty())
}

/// How a body could not be read.
#[derive(Debug, PartialEq, Eq)]
enum Unread {
    TooLarge,
    Truncated,
}

async fn read(body: Incoming, most: usize) -> Result<Bytes, Unread> {
    let mut body = body;
    let mut bytes = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| Unread::Truncated)?.into_data() else { continue };
        if bytes.len() + data.len() > most {
            return Err(Unread::TooLarge);
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes.freeze())
}
