//! `PutEvents`.

use super::super::{
    deliver::{self, Accepted, FORWARD},
    errors::{invalid, not_built},
    event::{Event, Happening},
    load,
    patterns::Patterns,
};
use api::events as sdk;
use front::{Answer, Cx, Principal};
use model::{Key, Timestamp, events::EventBus};
use serde_json::Value;
use spine::{Read, Tx};

/// Bytes of a request's entries (EventBridge user guide, "Calculating PutEvents event entry size": 1 MB since January 2026).
const LARGEST: usize = 1 << 20;

/// Bytes that the time of an entry counts for.
const TIME: usize = 14;

/// Why an entry is not accepted: the code and the message.
type Refused = (&'static str, String);

/// Accepts events, each by itself: what one lacks doesn't keep the others back.
pub fn put(cx: &Cx, tx: &mut Tx, patterns: &Patterns, input: &sdk::PutEventsRequest) -> Answer<sdk::PutEventsResponse> {
    refuse(input)?;
    let mut results = Vec::new();
    for entry in &input.entries {
        results.push(match read(cx, entry) {
            Ok(event) => accept(cx, tx, patterns, entry.event_bus_name.as_deref(), &event)?,
            Err((code, message)) => {
                sdk::PutEventsResultEntry { event_id: None, error_code: Some(code.to_owned()), error_message: Some(message) }
            }
        });
    }
    let failed = results.iter().filter(|it| it.error_code.is_some()).count();
    Ok(sdk::PutEventsResponse { failed_entry_count: i32::try_from(failed).ok(), entries: Some(results) })
}

fn refuse(input: &sdk::PutEventsRequest) -> Answer<()> {
    if input.endpoint_id.is_some() {
        return Err(not_built("global endpoints"));
    }
    if input.entries.iter().any(|entry| entry.trace_header.is_some()) {
        return Err(not_built("the parameter TraceHeader of an event"));
    }
    if input.entries.iter().map(size).sum::<usize>() > LARGEST {
        return Err(invalid("Total size of the entries in the request is over the limit."));
    }
    Ok(())
}

fn size(entry: &sdk::PutEventsRequestEntry) -> usize {
    let texts = [&entry.source, &entry.detail_type, &entry.detail];
    let texts = texts.into_iter().flatten().chain(entry.resources.iter().flatten());
    texts.map(String::len).sum::<usize>() + if entry.time.is_some() { TIME } else { 0 }
}

/// The event of an entry.
fn read(cx: &Cx, entry: &sdk::PutEventsRequestEntry) -> Result<Event, Refused> {
    let source = required(&entry.source, "Source")?;
    let detail_type = required(&entry.detail_type, "DetailType")?;
    let detail = required(&entry.detail, "Detail")?;
    if source.starts_with("aws.") && !speaks_for_aws(cx) {
        return Err(("NotAuthorizedForSourceException", "Not authorized for the source.".to_owned()));
    }
    let detail: Option<Value> = serde_json::from_str(detail).ok().filter(Value::is_object);
    let detail = detail.ok_or_else(|| ("MalformedDetail", "Detail is malformed.".to_owned()))?;
    let at = entry.time.map_or(cx.now, |time| Timestamp(time.0));
    let it = Happening {
        source: source.to_owned(),
        detail_type: detail_type.to_owned(),
        resources: entry.resources.clone().unwrap_or_default(),
        detail,
    };
    Ok(Event::new(cx.env.uuid(), (cx.account.as_str(), cx.region.as_str()), at, it))
}

fn required<'a>(given: &'a Option<String>, name: &str) -> Result<&'a str, Refused> {
    let given = given.as_deref().filter(|it| !it.is_empty());
    given.ok_or_else(|| ("InvalidArgument", format!("Parameter {name} is not valid. Reason: {name} is a required argument.")))
}

/// Sources that begin with `aws.` are for AWS's services, and for events that are passed on from one bus to another.
fn speaks_for_aws(cx: &Cx) -> bool {
    matches!(cx.principal, Principal::Service { .. }) || is_forwarded(cx)
}

/// Whether the event comes from another bus: by a call from within, whose session has no key.
fn is_forwarded(cx: &Cx) -> bool {
    let from_within = cx.access_key_id().is_none_or(str::is_empty);
    from_within && matches!(&cx.principal, Principal::AssumedRole { session, .. } if session == FORWARD)
}

/// An event for a bus that isn't there is accepted, and lost.
fn accept(cx: &Cx, tx: &mut Tx, patterns: &Patterns, bus: Option<&str>, event: &Event) -> Answer<sdk::PutEventsResultEntry> {
    let key: Key<EventBus> = load::bus_key(cx, bus)?;
    if key.id == model::events::DEFAULT_BUS || tx.exists(&key)? {
        let it = Accepted { event, forwarded: is_forwarded(cx), at: cx.now };
        deliver::to_rules(&cx.env, tx, patterns, &key, &it)?;
    }
    Ok(sdk::PutEventsResultEntry { event_id: Some(event.id.clone()), error_code: None, error_message: None })
}
