//! LookupEvents: the event history, the newest first.

use super::super::{
    errors,
    retention::KEPT,
    store::{Entry, Place, TrailStore},
};
use api::cloudtrail::{self as sdk, LookupAttributeKey};
use front::{Answer, Cx};
use model::Timestamp;
use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};
use wire::{Fault, Time};

/// The most events of a page, and as many as it has where nobody says.
const MOST_RESULTS: usize = 50;
/// How many events a page looks at; one that found less than it may show says where to go on.
const MOST_LOOKED_AT: usize = 20_000;

/// What is looked for.
struct Search {
    place: String,
    from: Timestamp,
    before: Place,
    attribute: Option<(LookupAttributeKey, String)>,
    most: usize,
    /// Stands for the request's parameters in the token of the next page.
    parameters: u64,
}

pub(in super::super) async fn events(
    cx: Cx,
    events: Arc<TrailStore>,
    input: sdk::LookupEventsRequest,
) -> Answer<sdk::LookupEventsResponse> {
    let search = search(&cx, &input)?;
    // No trail can have Insights enabled, so there are none of its events.
    if input.event_category.is_some() {
        return Ok(sdk::LookupEventsResponse { events: Some(Vec::new()), next_token: None });
    }
    let found = tokio::task::spawn_blocking(move || find(&events, &search)).await;
    let (found, next_token) = found.map_err(Fault::internal)??;
    Ok(sdk::LookupEventsResponse { events: Some(found), next_token })
}

fn search(cx: &Cx, input: &sdk::LookupEventsRequest) -> Answer<Search> {
    // The model bounds it to 1 to 50.
    let most = input.max_results.and_then(|most| usize::try_from(most).ok()).unwrap_or(MOST_RESULTS);
    if let (Some(start), Some(end)) = (input.start_time, input.end_time)
        && start > end
    {
        return Err(errors::invalid_time_range());
    }
    let attribute = attribute(input.lookup_attributes.as_deref().unwrap_or_default())?;
    let parameters = digest(input);
    let from = input.start_time.map_or(0, |start| start.0).max((cx.now - KEPT).0);
    let before = match &input.next_token {
        Some(token) => parse_token(token, parameters).ok_or_else(errors::invalid_token)?,
        None => Place::before(input.end_time.map_or(Timestamp(i64::MAX), end_of_second)),
    };
    Ok(Search { place: format!("{}/{}", cx.account, cx.region), from: Timestamp(from), before, attribute, most, parameters })
}

/// Events show their time to the second, and the one that the end names is included.
fn end_of_second(end: Time) -> Timestamp {
    Timestamp(end.0.div_euclid(1000).saturating_add(1).saturating_mul(1000))
}

fn attribute(attributes: &[sdk::LookupAttribute]) -> Answer<Option<(LookupAttributeKey, String)>> {
    match attributes {
        [] => Ok(None),
        [only] => {
            let is_bool = matches!(&*only.attribute_value, "true" | "false");
            if only.attribute_key == LookupAttributeKey::ReadOnly && !is_bool {
                return Err(errors::invalid_attributes("The value of the lookup attribute ReadOnly must be true or false."));
            }
            Ok(Some((only.attribute_key, only.attribute_value.clone())))
        }
        _ => Err(errors::invalid_attributes("Only one lookup attribute can be specified.")),
    }
}

fn find(events: &TrailStore, search: &Search) -> Answer<(Vec<sdk::Event>, Option<String>)> {
    let failed = |error| errors::store(&error);
    let mut found = Vec::new();
    for (looked_at, entry) in events.newest_first(&search.place, search.from, &search.before).map_err(failed)?.enumerate() {
        let (place, entry) = entry.map_err(failed)?;
        if search.attribute.as_ref().is_none_or(|(key, value)| has(&entry, *key, value)) {
            found.push(shown(entry));
        }
        if found.len() == search.most || looked_at + 1 == MOST_LOOKED_AT {
            return Ok((found, Some(token(&place, search.parameters))));
        }
    }
    Ok((found, None))
}

fn has(entry: &Entry, key: LookupAttributeKey, value: &str) -> bool {
    match key {
        LookupAttributeKey::EventId => entry.id == value,
        LookupAttributeKey::EventName => entry.name == value,
        LookupAttributeKey::ReadOnly => entry.read_only.to_string() == value,
        LookupAttributeKey::Username => entry.user_name == value,
        LookupAttributeKey::ResourceType => entry.resources.iter().any(|(kind, _)| kind == value),
        LookupAttributeKey::ResourceName => entry.resources.iter().any(|(_, name)| name == value),
        LookupAttributeKey::EventSource => entry.source == value,
        LookupAttributeKey::AccessKeyId => entry.access_key_id == value,
    }
}

fn shown(entry: Entry) -> sdk::Event {
    let resource = |(kind, name)| sdk::Resource { resource_type: Some(kind), resource_name: Some(name) };
    sdk::Event {
        event_id: Some(entry.id),
        event_name: Some(entry.name),
        read_only: Some(entry.read_only.to_string()),
        access_key_id: Some(entry.access_key_id),
        event_time: Some(Time(entry.at.0.div_euclid(1000) * 1000)),
        event_source: Some(entry.source),
        username: Some(entry.user_name),
        resources: Some(entry.resources.into_iter().map(resource).collect()),
        cloud_trail_event: Some(entry.event),
    }
}

/// What a request looks for, in a number: a token is of no use to another request.
fn digest(input: &sdk::LookupEventsRequest) -> u64 {
    let mut hasher = DefaultHasher::new();
    let attributes = input.lookup_attributes.as_deref().unwrap_or_default();
    let attributes: Vec<_> = attributes.iter().map(|attribute| (attribute.attribute_key, &attribute.attribute_value)).collect();
    (attributes, input.start_time, input.end_time).hash(&mut hasher);
    hasher.finish()
}

fn token(place: &Place, parameters: u64) -> String {
    format!("{:016x}{:016x}{parameters:016x}{}", place.at, place.number, place.id)
}

fn parse_token(token: &str, parameters: u64) -> Option<Place> {
    let digits = |at: usize| u64::from_str_radix(token.get(at..at + 16)?, 16).ok();
    let place = Place { at: i64::try_from(digits(0)?).ok()?, number: digits(16)?, id: token.get(48..)?.to_owned() };
    (digits(32)? == parameters).then_some(place)
}
