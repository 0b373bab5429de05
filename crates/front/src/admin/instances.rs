//! What the owner of the hosts does with instances: EC2 tells of it in advance, as a scheduled event.

use super::{LONGEST_ADVANCE_S, answer, error, json_of};
use crate::{Admin, Body};
use http::{Response, StatusCode};
use model::ec2::EventKind;
use serde::Deserialize;
use std::time::Duration;

/// An event that is to come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedEvent {
    /// `i-…`, in whatever account and region.
    pub instance: String,
    /// What is done.
    pub kind: EventKind,
    /// In so long, by the cloud's clock.
    pub after: Duration,
}

/// What is asked by `POST instances/events`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    instance: String,
    event: String,
    in_seconds: f64,
}

/// `POST instances/events`.
pub(super) async fn schedule(admin: &dyn Admin, body: Body) -> Response<Body> {
    let example = "the body has to be JSON, such as {\"instance\": \"i-0123456789abcdef0\", \"event\": \"retire\", \"in_seconds\": 3600}; \
                   events are reboot, stop and retire";
    let asked = json_of(body, example).await.ok().and_then(|asked| serde_json::from_value::<Asked>(asked).ok());
    let Some(event) = asked.and_then(planned) else { return error(StatusCode::BAD_REQUEST, example) };
    match admin.schedule(event).await {
        Ok(event) => answer(StatusCode::OK, event),
        Err(message) => error(StatusCode::NOT_FOUND, message),
    }
}

fn planned(asked: Asked) -> Option<PlannedEvent> {
    let kind = match asked.event.as_str() {
        "reboot" => EventKind::InstanceReboot,
        "stop" => EventKind::InstanceStop,
        "retire" => EventKind::InstanceRetirement,
        _ => return None,
    };
    let seconds = Some(asked.in_seconds).filter(|seconds| (0.0..=LONGEST_ADVANCE_S).contains(seconds))?;
    Some(PlannedEvent { instance: asked.instance, kind, after: Duration::from_secs_f64(seconds) })
}
