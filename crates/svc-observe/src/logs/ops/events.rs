//! Putting, getting and filtering events.

use super::{
    super::{
        store::{EVENT_OVERHEAD, Event, Kept, LogStore, LogStoreError, Place},
        views::{self, parse_place, place_digits},
    },
    Answer, Logs, blocking, errors, group, group_name, stream,
};
use api::logs as sdk;
use front::Cx;
use logic::log_pattern::LogPattern;
use model::{
    Timestamp,
    logs::{LogGroupSpec, LogStream, LogStreamSpec, stream_id},
};
use spine::{Read, Scope};
use std::{cmp::Reverse, collections::BinaryHeap, ops::Bound, sync::Arc, time::Duration};
use wire::Fault;

/// Of a batch's messages with [`EVENT_OVERHEAD`] for each (API reference, `PutLogEvents`).
const MOST_BATCH_BYTES: usize = 1_048_576;
/// Of one event with its overhead.
const MOST_EVENT_BYTES: usize = 1_048_576;
/// Between a batch's first and last event.
const MOST_BATCH_SPAN: Duration = Duration::from_secs(24 * 3600);
/// Events may lie so far in the future, and so far in the past.
const MOST_AHEAD: Duration = Duration::from_secs(2 * 3600);
const MOST_BEHIND: Duration = Duration::from_secs(14 * 24 * 3600);

/// Of a page of events.
const PAGE_EVENTS: usize = 10_000;
const PAGE_BYTES: usize = 1 << 20;
/// Of what one call of `FilterLogEvents` looks through.
const SEARCH_BYTES: usize = 16 << 20;

pub async fn put(cx: Cx, logs: Arc<Logs>, input: sdk::PutLogEventsRequest) -> Answer<sdk::PutLogEventsResponse> {
    if input.entity.is_some() {
        return Err(errors::not_built("entity"));
    }
    let events: Vec<Event> = input
        .log_events
        .into_iter()
        .map(|event| Event { timestamp: Timestamp(event.timestamp), message: event.message })
        .collect();
    check_batch(&events)?;
    let snapshot = logs.store.snapshot();
    let group = group(&snapshot, &cx, &input.log_group_name)?;
    let stream = stream(&snapshot, &cx, &input.log_group_name, &input.log_stream_name)?;
    let (accepted, rejected) = accept(events, &group, cx.now);
    let now = cx.now;
    blocking(logs, move |logs| logs.events.append(&stream.uid, &accepted, now)).await?;
    Ok(sdk::PutLogEventsResponse {
        // Sequence tokens are no longer asked for, but SDKs of before 2023 pass on what they get.
        next_sequence_token: Some(cx.env.digits(56)),
        rejected_log_events_info: rejected,
        rejected_entity_info: None,
    })
}

/// Refuses a batch that CloudWatch Logs would refuse as a whole.
fn check_batch(events: &[Event]) -> Result<(), Fault> {
    let size = |event: &Event| event.message.len() + EVENT_OVERHEAD;
    if events.iter().any(|event| size(event) > MOST_EVENT_BYTES) {
        return Err(errors::invalid(format!("Log event too large: at most {MOST_EVENT_BYTES} bytes are allowed.")));
    }
    if events.iter().map(size).sum::<usize>() > MOST_BATCH_BYTES {
        return Err(errors::invalid("Upload too large: the batch exceeds the limit of 1048576 bytes."));
    }
    if events.iter().any(|event| event.timestamp.0 < 0) {
        return Err(errors::invalid("Log event timestamps can't be negative."));
    }
    if !events.is_sorted_by_key(|event| event.timestamp) {
        return Err(errors::invalid("Log events in a single PutLogEvents request must be in chronological order."));
    }
    let span = events.first().zip(events.last()).map(|(first, last)| last.timestamp.since(first.timestamp));
    if span > Some(MOST_BATCH_SPAN) {
        return Err(errors::invalid("The batch of log events in a single PutLogEvents request cannot span more than 24 hours."));
    }
    Ok(())
}

/// Leaves out the events that are too old, too new or past the group's retention, and says where they ended and began.
fn accept(events: Vec<Event>, group: &LogGroupSpec, now: Timestamp) -> (Vec<Event>, Option<sdk::RejectedLogEventsInfo>) {
    let too_old = events.partition_point(|event| event.timestamp < now - MOST_BEHIND);
    let kept_since = group.retention_days.map(|days| now - Duration::from_secs(u64::from(days) * 86_400));
    let expired = events.partition_point(|event| Some(event.timestamp) < kept_since);
    let too_new = events.partition_point(|event| event.timestamp <= now + MOST_AHEAD);
    let index = |at: usize| (at > 0).then_some(at as i32);
    let rejected = sdk::RejectedLogEventsInfo {
        too_new_log_event_start_index: (too_new < events.len()).then_some(too_new as i32),
        too_old_log_event_end_index: index(too_old),
        expired_log_event_end_index: index(expired),
    };
    let any = too_new < events.len() || too_old > 0 || expired > 0;
    let first = too_old.max(expired);
    let accepted = events.into_iter().take(too_new).skip(first).collect();
    (accepted, any.then_some(rejected))
}

/// Where a page of `GetLogEvents` goes on.
enum Token {
    /// Behind this place, towards the later.
    Forward(Place),
    /// Before this place, towards the earlier.
    Backward(Place),
}

impl Token {
    fn parse(text: &str) -> Result<Self, Fault> {
        let digits = |prefix: &str| text.strip_prefix(prefix)?.strip_suffix("/s").and_then(parse_place);
        let forward = digits("f/").map(Token::Forward);
        forward.or_else(|| digits("b/").map(Token::Backward)).ok_or_else(errors::invalid_token)
    }
    fn forward(place: Place) -> String {
        format!("f/{}/s", place_digits(place))
    }
    fn backward(place: Place) -> String {
        format!("b/{}/s", place_digits(place))
    }
}

pub async fn get(cx: Cx, logs: Arc<Logs>, input: sdk::GetLogEventsRequest) -> Answer<sdk::GetLogEventsResponse> {
    let token = input.next_token.as_deref().map(Token::parse).transpose()?;
    let group_name = group_name(&cx, &input.log_group_name, &input.log_group_identifier)?;
    let snapshot = logs.store.snapshot();
    group(&snapshot, &cx, &group_name)?;
    let stream = stream(&snapshot, &cx, &group_name, &input.log_stream_name)?;
    let (start, end) = (at_start(input.start_time), before_end(input.end_time));
    let limit = input.limit.map_or(PAGE_EVENTS, |limit| limit as usize);
    let from_head = input.start_from_head.unwrap_or(false);
    blocking(logs, move |logs| {
        let read = |from, to| logs.events.read(&stream.uid, from, to);
        let events = match token {
            Some(Token::Forward(place)) => take(read(later(start, Bound::Excluded(place)), end)?, limit)?,
            None if from_head => take(read(start, end)?, limit)?,
            Some(Token::Backward(place)) => take_back(read(start, earlier(end, Bound::Excluded(place)))?, limit)?,
            None => take_back(read(start, end)?, limit)?,
        };
        let here = match token {
            Some(Token::Forward(place) | Token::Backward(place)) => place,
            None if from_head => Place::FIRST,
            None => Place::LAST,
        };
        let first = events.first().map_or(here, |event| event.place);
        let last = events.last().map_or(here, |event| event.place);
        Ok(sdk::GetLogEventsResponse {
            events: Some(events.into_iter().map(views::output_event).collect()),
            next_forward_token: Some(Token::forward(last)),
            next_backward_token: Some(Token::backward(first)),
        })
    })
    .await
}

/// The window's start: `startTime` is in it.
fn at_start(time: Option<i64>) -> Bound<Place> {
    Bound::Included(Place { timestamp: time.unwrap_or(0).max(0), number: 0 })
}

/// The window's end: `endTime` is not in it.
fn before_end(time: Option<i64>) -> Bound<Place> {
    time.map_or(Bound::Unbounded, |time| Bound::Excluded(Place { timestamp: time.max(0), number: 0 }))
}

fn place_of(bound: Bound<Place>) -> Option<Place> {
    match bound {
        Bound::Included(place) | Bound::Excluded(place) => Some(place),
        Bound::Unbounded => None,
    }
}

fn later(a: Bound<Place>, b: Bound<Place>) -> Bound<Place> {
    if place_of(a) > place_of(b) { a } else { b }
}

fn earlier(a: Bound<Place>, b: Bound<Place>) -> Bound<Place> {
    match (place_of(a), place_of(b)) {
        (Some(end), Some(other)) if end < other => a,
        _ => b,
    }
}

/// A page from the front of what is there: at most `limit` events, and not more than fits into an answer.
fn take(events: impl Iterator<Item = Result<Kept, LogStoreError>>, limit: usize) -> Result<Vec<Kept>, LogStoreError> {
    let mut bytes = 0;
    let fits = |event: &Result<Kept, LogStoreError>| {
        bytes += event.as_ref().map_or(0, |event| event.message.len() + EVENT_OVERHEAD);
        bytes <= PAGE_BYTES
    };
    events.take(limit).take_while(fits).collect()
}

/// A page from the back, in order.
fn take_back(
    events: impl DoubleEndedIterator<Item = Result<Kept, LogStoreError>>,
    limit: usize,
) -> Result<Vec<Kept>, LogStoreError> {
    let mut page = take(events.rev(), limit)?;
    page.reverse();
    Ok(page)
}

pub async fn filter(cx: Cx, logs: Arc<Logs>, input: sdk::FilterLogEventsRequest) -> Answer<sdk::FilterLogEventsResponse> {
    if input.start_from_head == Some(false) {
        return Err(errors::not_built("startFromHead=false"));
    }
    if input.log_stream_names.is_some() && input.log_stream_name_prefix.is_some() {
        return Err(errors::invalid("logStreamNames and logStreamNamePrefix are mutually exclusive parameters."));
    }
    let pattern = LogPattern::parse(input.filter_pattern.as_deref().unwrap_or_default());
    let pattern = pattern.map_err(|invalid| errors::invalid(invalid.0))?;
    let after = input.next_token.as_deref().map(|token| parse_cursor(token).ok_or_else(errors::invalid_token)).transpose()?;
    let group_name = group_name(&cx, &input.log_group_name, &input.log_group_identifier)?;
    let snapshot = logs.store.snapshot();
    group(&snapshot, &cx, &group_name)?;
    let streams = match input.log_stream_names {
        Some(names) => names
            .into_iter()
            .map(|name| Ok((name.clone(), stream(&snapshot, &cx, &group_name, &name)?)))
            .collect::<Answer<Vec<_>>>()?,
        None => streams_with_prefix(&snapshot, &cx, &group_name, input.log_stream_name_prefix.as_deref().unwrap_or_default())?,
    };
    let search = Search {
        streams,
        window: (at_start(input.start_time), before_end(input.end_time)),
        after,
        pattern,
        limit: input.limit.map_or(PAGE_EVENTS, |limit| limit as usize),
    };
    blocking(logs, move |logs| search.run(&logs.events)).await
}

fn streams_with_prefix(read: &impl Read, cx: &Cx, group: &str, prefix: &str) -> Answer<Vec<(String, Arc<LogStreamSpec>)>> {
    let streams = read.specs::<LogStream>(Scope::Prefix(&cx.account, &cx.region, &stream_id(group, prefix)))?;
    Ok(streams.into_iter().map(|(key, spec)| (key.id[group.len() + 1..].to_owned(), spec)).collect())
}

/// The last event that a page of `FilterLogEvents` has looked at: its place, and its stream's uid.
type Cursor = (Place, String);

fn parse_cursor(token: &str) -> Option<Cursor> {
    let (digits, stream) = token.split_once('.')?;
    Some((parse_place(digits)?, stream.to_owned()))
}

/// A look through several streams at once, in the order of time.
struct Search {
    streams: Vec<(String, Arc<LogStreamSpec>)>,
    window: (Bound<Place>, Bound<Place>),
    after: Option<Cursor>,
    pattern: LogPattern,
    limit: usize,
}

impl Search {
    fn run(&self, store: &LogStore) -> Result<sdk::FilterLogEventsResponse, LogStoreError> {
        let mut readers: Vec<_> =
            self.streams.iter().map(|(_, spec)| self.reader(store, &spec.uid)).collect::<Result<_, LogStoreError>>()?;
        // The next event of each stream; the streams' uids break ties, so that a cursor is one point in a total order.
        let mut heads = BinaryHeap::new();
        let mut fill = |heads: &mut BinaryHeap<_>, at: usize| -> Result<(), LogStoreError> {
            if let Some(event) = readers[at].next().transpose()? {
                heads.push(Reverse((event.place, self.streams[at].1.uid.clone(), at, Unordered(event))));
            }
            Ok(())
        };
        for at in 0..self.streams.len() {
            fill(&mut heads, at)?;
        }
        let (mut found, mut found_bytes, mut searched_bytes) = (Vec::new(), 0, 0);
        let mut last = None;
        while let Some(Reverse((place, uid, at, Unordered(event)))) = heads.pop() {
            searched_bytes += event.message.len() + EVENT_OVERHEAD;
            let hit = self.pattern.matches(&event.message);
            let full = hit && (found.len() == self.limit || found_bytes + event.message.len() > PAGE_BYTES && !found.is_empty());
            if full || searched_bytes > SEARCH_BYTES && last.is_some() {
                let next_token = last.map(|(place, uid): Cursor| format!("{}.{uid}", place_digits(place)));
                return Ok(answer(found, next_token));
            }
            if hit {
                found_bytes += event.message.len() + EVENT_OVERHEAD;
                found.push(views::filtered_event(&self.streams[at].0, event));
            }
            last = Some((place, uid));
            fill(&mut heads, at)?;
        }
        Ok(answer(found, None))
    }

    /// A stream's events in the window, behind the cursor.
    fn reader<'a>(
        &self,
        store: &'a LogStore,
        uid: &str,
    ) -> Result<impl Iterator<Item = Result<Kept, LogStoreError>> + use<'a>, LogStoreError> {
        let (start, end) = self.window;
        let start = match &self.after {
            None => start,
            // At the cursor's own place, streams up to the cursor's have been looked at.
            Some((place, stream)) if uid <= stream.as_str() => later(start, Bound::Excluded(*place)),
            Some((place, _)) => later(start, Bound::Included(*place)),
        };
        store.read(uid, start, end)
    }
}

/// Rides along in a heap without a say in its order.
struct Unordered(Kept);
impl PartialEq for Unordered {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
impl Eq for Unordered {}
impl PartialOrd for Unordered {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Unordered {
    fn cmp(&self, _: &Self) -> std::cmp::Ordering {
        std::cmp::Ordering::Equal
    }
}

fn answer(events: Vec<sdk::FilteredLogEvent>, next_token: Option<String>) -> sdk::FilterLogEventsResponse {
    // AWS has left the list of searched streams empty since 2019 (API reference, `FilterLogEvents`).
    sdk::FilterLogEventsResponse { events: Some(events), searched_log_streams: Some(Vec::new()), next_token }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(retention_days: Option<u32>) -> LogGroupSpec {
        LogGroupSpec {
            uid: String::new(),
            created: Timestamp(0),
            retention_days,
            deletion_protected: false,
            tags: Default::default(),
        }
    }

    fn at(now: Timestamp, hours: i64) -> Event {
        Event { timestamp: Timestamp(now.0 + hours * 3_600_000), message: "m".into() }
    }

    #[test]
    fn leaves_out_what_is_too_old_or_too_new() {
        let now = Timestamp(100 * 86_400_000);
        let events = vec![at(now, -24 * 15), at(now, -24), at(now, 0), at(now, 3)];
        let (accepted, rejected) = accept(events.clone(), &group(None), now);
        assert_eq!(accepted, events[1..3]);
        let rejected = rejected.unwrap();
        assert_eq!((rejected.too_old_log_event_end_index, rejected.too_new_log_event_start_index), (Some(1), Some(3)));
        let (accepted, rejected) = accept(vec![at(now, -25), at(now, -1)], &group(Some(1)), now);
        assert_eq!(accepted, [at(now, -1)]);
        assert_eq!(rejected.unwrap().expired_log_event_end_index, Some(1));
        assert!(accept(vec![at(now, 0)], &group(None), now).1.is_none());
    }

    #[test]
    fn refuses_batches_that_are_out_of_order_or_too_long() {
        let now = Timestamp(0);
        assert!(check_batch(&[at(now, 1), at(now, 0)]).is_err());
        assert!(check_batch(&[at(now, 0), at(now, 25)]).is_err());
        assert!(check_batch(&[Event { timestamp: now, message: "m".repeat(MOST_EVENT_BYTES) }]).is_err());
        assert!(check_batch(&[at(now, 0), at(now, 24)]).is_ok());
    }

    #[test]
    fn tokens_round_trip() {
        let place = Place { timestamp: 12, number: 7 };
        assert!(matches!(Token::parse(&Token::forward(place)), Ok(Token::Forward(p)) if p == place));
        assert!(matches!(Token::parse(&Token::backward(Place::LAST)), Ok(Token::Backward(p)) if p == Place::LAST));
        assert!(Token::parse("f/1/s").is_err());
        assert!(Token::parse("").is_err());
    }
}
