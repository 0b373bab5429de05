//! An instance's scheduled events as its metadata shows them (EC2 user guide, "View scheduled events that affect your EC2 instances"). Pure.

use model::{
    Timestamp,
    ec2::{EventKind, InstanceSpec, ScheduledEvent},
};
use serde::Serialize;

/// `events/maintenance/scheduled`: what is still to be done with it.
pub fn scheduled(spec: &InstanceSpec, done: &[String]) -> String {
    list(
        spec.events
            .iter()
            .filter(|event| !done.contains(&event.id))
            .map(|event| Shown::of(event, event.description.clone(), "active")),
    )
}

/// `events/maintenance/history`: what was done with it.
pub fn history(spec: &InstanceSpec, done: &[String]) -> String {
    let over = spec.events.iter().filter(|event| done.contains(&event.id));
    list(over.map(|event| Shown::of(event, format!("[Completed] {}", event.description), "completed")))
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Shown<'a> {
    not_before: String,
    code: EventKind,
    description: String,
    event_id: &'a str,
    not_after: String,
    state: &'static str,
}

impl<'a> Shown<'a> {
    fn of(event: &'a ScheduledEvent, description: String, state: &'static str) -> Self {
        Self {
            not_before: moment(event.not_before),
            // Records spell the kinds as the API does.
            code: event.kind,
            description,
            event_id: &event.id,
            not_after: moment(event.not_after),
            state,
        }
    }
}

/// Such as `21 Jan 2019 09:00:43 GMT`.
fn moment(at: Timestamp) -> String {
    let at = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
    at.strftime("%d %b %Y %H:%M:%S GMT").to_string()
}

fn list<'a>(events: impl Iterator<Item = Shown<'a>>) -> String {
    serde_json::to_string_pretty(&events.collect::<Vec<_>>()).unwrap_or_default()
}
