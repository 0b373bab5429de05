//! From records and summaries to what the API shows.

use super::{
    arns,
    store::{Kept, Place, Summary},
};
use api::logs as sdk;
use front::Cx;
use model::logs::{LogGroupSpec, LogStreamSpec, ResourcePolicySpec};

pub(super) fn group(cx: &Cx, name: &str, spec: &LogGroupSpec, stored_bytes: u64) -> sdk::LogGroup {
    let arn = arns::group(cx, name).to_string();
    sdk::LogGroup {
        log_group_name: Some(name.into()),
        creation_time: Some(spec.created.0),
        retention_in_days: spec.retention_days.map(|days| days as i32),
        metric_filter_count: Some(0),
        arn: Some(format!("{arn}:*")),
        log_group_arn: Some(arn),
        stored_bytes: Some(stored_bytes as i64),
        log_group_class: Some(sdk::LogGroupClass::Standard),
        deletion_protection_enabled: Some(spec.deletion_protected),
        ..Default::default()
    }
}

pub(super) fn stream(cx: &Cx, group: &str, name: &str, spec: &LogStreamSpec, summary: &Summary) -> sdk::LogStream {
    sdk::LogStream {
        log_stream_name: Some(name.into()),
        creation_time: Some(spec.created.0),
        first_event_timestamp: summary.first.map(|time| time.0),
        last_event_timestamp: summary.last.map(|time| time.0),
        last_ingestion_time: summary.last_ingestion.map(|time| time.0),
        upload_sequence_token: None,
        arn: Some(arns::stream(cx, group, name).to_string()),
        // AWS has shown 0 for single streams since 2019 (API reference, `LogStream`, `storedBytes`).
        stored_bytes: Some(0),
    }
}

pub(super) fn resource_policy(name: &str, spec: &ResourcePolicySpec) -> sdk::ResourcePolicy {
    sdk::ResourcePolicy {
        policy_name: Some(name.into()),
        policy_document: Some(spec.document.clone()),
        last_updated_time: Some(spec.updated.0),
        policy_scope: Some(sdk::PolicyScope::Account),
        resource_arn: None,
        revision_id: None,
    }
}

pub(super) fn output_event(event: Kept) -> sdk::OutputLogEvent {
    sdk::OutputLogEvent {
        timestamp: Some(event.place.timestamp),
        message: Some(event.message),
        ingestion_time: Some(event.ingested.0),
    }
}

pub(super) fn filtered_event(stream: &str, event: Kept) -> sdk::FilteredLogEvent {
    sdk::FilteredLogEvent {
        log_stream_name: Some(stream.into()),
        timestamp: Some(event.place.timestamp),
        message: Some(event.message),
        ingestion_time: Some(event.ingested.0),
        event_id: Some(place_digits(event.place)),
    }
}

/// A place as 56 digits, the form of AWS's event ids and tokens; they order as places do.
pub(super) fn place_digits(place: Place) -> String {
    format!("{:020}{:036}", place.timestamp, place.number)
}

/// The place that 56 digits mean.
pub(super) fn parse_place(digits: &str) -> Option<Place> {
    let (timestamp, number) = digits.split_at_checked(20)?;
    let is_place = digits.len() == 56 && digits.bytes().all(|digit| digit.is_ascii_digit());
    is_place.then_some(Place { timestamp: timestamp.parse().ok()?, number: number.parse().ok()? })
}
