//! The Extensions API and the Telemetry API (Lambda developer guide, "Using the Lambda Extensions API to create extensions").

use super::{
    super::{
        desk::{Event, Refusal},
        faults::Fault,
        telemetry::Subscription,
        words::Platform,
    },
    Answer, Api, MOST_SAID, accepted, header_of, read, refused, reset, said,
};
use http::{HeaderValue, Request, Response, StatusCode, header::CONTENT_TYPE};
use http_body_util::Full;
use hyper::body::Incoming;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const NAME: &str = "lambda-extension-name";
const IDENTIFIER: &str = "lambda-extension-identifier";
const EVENT_IDENTIFIER: &str = "lambda-extension-event-identifier";
const FEATURES: &str = "lambda-extension-accept-feature";
const ERROR_TYPE: &str = "lambda-extension-function-error-type";

#[derive(Deserialize)]
struct Registration {
    #[serde(default)]
    events: Vec<String>,
}

impl Api {
    pub(super) async fn register(&self, request: Request<Incoming>) -> Answer {
        let Some(name) = header_of(&request, NAME).map(str::to_owned) else {
            return forbidden(("Extension.InvalidExtensionName", "Empty extension name".into()));
        };
        let with_account = header_of(&request, FEATURES).is_some_and(|it| it.split(',').any(|it| it.trim() == "accountId"));
        let body = read(request.into_body(), MOST_SAID).await.unwrap_or_default();
        let registration: Registration = match serde_json::from_slice(&body) {
            Ok(registration) => registration,
            Err(error) => return forbidden(("InvalidRequestFormat", error.to_string())),
        };
        let events = match events(&registration.events) {
            Ok(events) => events,
            Err(refusal) => return forbidden(refusal),
        };
        let id = Self::new_id();
        if let Err(refusal) = self.desk.change(|state| state.register(&id, &name, events)) {
            return forbidden(refusal);
        }
        let events = registration.events.iter().map(|event| if event == "INVOKE" { "INVOKE" } else { "SHUTDOWN" }).collect();
        self.logs.say(&Platform::Extension { name, events });
        let mut about = json!({
            "functionName": self.environment.name, "functionVersion": self.environment.version,
            "handler": self.environment.handler.as_deref().unwrap_or_default(),
        });
        if with_account {
            about["accountId"] = self.environment.arn.split(':').nth(4).unwrap_or_default().into();
        }
        with_header(said(StatusCode::OK, &about), IDENTIFIER, &id)
    }

    pub(super) async fn event(&self, request: Request<Incoming>) -> Answer {
        let id = match self.identified(&request) {
            Ok(id) => id,
            Err(answer) => return *answer,
        };
        if let Some(notice) = self.desk.change(|state| state.next_for(&id)) {
            return told(notice.text);
        }
        match self.desk.until_reset(|state| state.next_for(&id)).await {
            Some(notice) => told(notice.text),
            None => reset(),
        }
    }

    pub(super) async fn extension_error(&self, request: Request<Incoming>, init: bool) -> Answer {
        if let Err(answer) = self.identified(&request) {
            return *answer;
        }
        let Some(kind) = header_of(&request, ERROR_TYPE).map(str::to_owned) else {
            return forbidden(("Extension.MissingHeader", format!("{ERROR_TYPE} not found")));
        };
        let body = read(request.into_body(), MOST_SAID).await.unwrap_or_default();
        let kind = if init { format!("Extension.InitError.{kind}") } else { format!("Extension.ExitError.{kind}") };
        let body = if body.is_empty() { json!({"errorType": kind}).to_string().into() } else { body };
        self.desk.change(|state| state.failure = Some(Fault::Told(kind, body)));
        accepted()
    }

    pub(super) async fn subscribe(&self, request: Request<Incoming>) -> Answer {
        let id = match self.identified(&request) {
            Ok(id) => id,
            Err(answer) => return *answer,
        };
        if self.desk.with(|state| state.is_closed()) {
            return forbidden(("Telemetry.SubscriptionClosed", "Telemetry API subscription is closed already".into()));
        }
        let body = read(request.into_body(), MOST_SAID).await.unwrap_or_default();
        let wish: Subscription = match serde_json::from_slice(&body) {
            Ok(wish) => wish,
            Err(error) => return refused(StatusCode::BAD_REQUEST, "ValidationError", &error.to_string()),
        };
        if let Some(why) = wish.refused() {
            return refused(StatusCode::BAD_REQUEST, "ValidationError", &why);
        }
        let name = self.desk.with(|state| state.extensions.get(&id).map(|it| it.name.clone())).unwrap_or_default();
        let types = wish.types.iter().map(|it| it.name().to_owned()).collect();
        self.telemetry.subscribe(wish);
        self.logs.say(&Platform::Subscription { name, types });
        said(StatusCode::OK, &Value::from("OK"))
    }

    /// The extension that asks.
    fn identified(&self, request: &Request<Incoming>) -> Result<String, Box<Answer>> {
        let Some(id) = header_of(request, IDENTIFIER) else {
            let message = "Missing Lambda-Extension-Identifier header".to_owned();
            return Err(Box::new(forbidden(("Extension.MissingExtensionIdentifier", message))));
        };
        match self.desk.with(|state| state.extensions.contains_key(id)) {
            true => Ok(id.to_owned()),
            false => Err(Box::new(forbidden(("Extension.UnknownExtensionIdentifier", format!("Unknown extension {id}"))))),
        }
    }
}

fn events(names: &[String]) -> Result<BTreeSet<Event>, Refusal> {
    let one = |name: &String| match name.as_str() {
        "INVOKE" => Ok(Event::Invoke),
        "SHUTDOWN" => Ok(Event::Shutdown),
        _ => Err(("Extension.InvalidEventType", format!("{name}: event is not supported"))),
    };
    names.iter().map(one).collect()
}

fn told(event: bytes::Bytes) -> Answer {
    let mut answer = Response::new(Full::new(event));
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    with_header(answer, EVENT_IDENTIFIER, &Api::new_id())
}

fn with_header(mut answer: Answer, name: &'static str, value: &str) -> Answer {
    if let Ok(value) = HeaderValue::from_str(value) {
        answer.headers_mut().insert(name, value);
    }
    answer
}

fn forbidden((kind, message): Refusal) -> Answer {
    refused(StatusCode::FORBIDDEN, kind, &message)
}
